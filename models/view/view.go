// Package view is the lists people come back to: a filter and an order under a name
// of their own. It knows nothing of what the lists hold.
package view

import (
	"context"
	"strings"

	"assay/models"
	"assay/models/access"
)

// A View is one saved list of one person.
type View struct {
	models.Meta
	PersonID int64
	Noun     string // the list it is a view of, "controls"
	Name     string
	Query    string // of its address, without the question mark
}

// TableName is where views live.
func (View) TableName() string { return "saved_views" }

// Path is the address of v, which is the list itself.
func (v View) Path() string { return v.Noun + "?" + v.Query }

// VisibleTo shows everyone their own.
func (View) VisibleTo(a access.Actor) (string, []any) {
	return "saved_views.person_id = ?", []any{a.ID}
}

// most is how many views of one list a person can keep: tabs, not an archive.
const most = 12

// Of is the actor's views of a list, by name.
func Of(ctx context.Context, tx *models.Tx, noun string) ([]View, error) {
	return models.Keeping[View, []View]{
		Key: ofKey(noun),
		Ask: func(tx *models.Tx, rows *[]View) models.Reading {
			return models.Into(models.Rows[View](tx).Where("noun = ?", noun).Order("name").Limit(most), rows)
		},
		Value: func(rows []View) []View { return rows }, Scopes: []models.Scoped{View{}},
	}.Get(ctx, tx)
}

type ofKey string

// Save keeps query under name; a view of that name is replaced. It refuses an empty
// name and a thirteenth view.
func Save(ctx context.Context, tx *models.Tx, noun, name, query string) (View, error) {
	v := View{PersonID: tx.Actor.ID, Noun: noun, Name: strings.TrimSpace(name), Query: query}
	if v.Name == "" || len(v.Name) > 60 {
		return v, models.Invalid(map[string]string{"name": "Give the view a name of at most 60 characters."})
	}
	have, err := Of(ctx, tx, noun)
	if err != nil {
		return v, err
	}
	for _, h := range have {
		if h.Name == v.Name {
			h.Query = query
			return h, models.Update(ctx, tx, &h, models.Columns{"Query"}, "view.save")
		}
	}
	if len(have) >= most {
		return v, models.Invalid(map[string]string{"name": "You have 12 views of this list. Remove one first."})
	}
	return v, models.Insert(ctx, tx, &v, "view.save", models.Note{"name": v.Name})
}

// Remove forgets one of the actor's views; someone else's is not found.
func Remove(ctx context.Context, tx *models.Tx, id int64) error {
	v, err := models.Rows[View](tx).Where("id = ?", id).Take(ctx)
	if err != nil {
		return models.One0(err, "View")
	}
	return models.Delete(ctx, tx, &v, "view.remove", models.Note{"name": v.Name})
}
