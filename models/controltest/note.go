package controltest

import (
	"context"
	"slices"
	"strings"

	"assay/models"
	"assay/models/engagement"
)

// A Jotting is a note as a form sends it: beside a cell, an item or, without either, a test.
type Jotting struct {
	ItemID int64
	Letter string
	Text   string
}

// Jot keeps notes, each in place of the auditors' private note there, and returns how many
// changed. An empty text removes it. A note that a compliance manager brings in is shared:
// they have read it.
func Jot(ctx context.Context, tx *models.Tx, id, auditor int64, notes []Jotting) (changed int, err error) {
	items := make([]int64, len(notes))
	for i, n := range notes {
		items[i] = n.ItemID
	}
	p, by, err := takeItems(ctx, tx, id, 0, auditor, toTest, items)
	if err != nil {
		return 0, err
	}
	for _, n := range notes {
		if n.ItemID != 0 && p.index(n.ItemID) < 0 {
			return 0, refuse("item", "This item is not in the sample of "+p.Code()+".")
		}
		ok, err := p.note(ctx, tx, by, n.ItemID, n.Letter, n.Text)
		if err != nil {
			return 0, err
		}
		if ok {
			changed++
		}
	}
	return changed, nil
}

func (p *Paper) note(ctx context.Context, tx *models.Tx, by engagement.Authority, item int64, letter, text string) (bool, error) {
	text = strings.TrimSpace(text)
	notes := p.NotesOf(item, letter)
	if slices.ContainsFunc(notes, func(n Note) bool { return n.Text == text }) {
		return false, nil
	}
	i := slices.IndexFunc(notes, func(n Note) bool { return n.SharedAt == nil })
	if by.Imported() || i < 0 {
		if text == "" {
			return false, nil
		}
		n := Note{TestID: p.ID, EngagementID: p.EngagementID, Slug: p.Slug, ItemID: item, Letter: letter, Text: text, AuditorID: by.Auditor, EnteredBy: by.By, WrittenAt: tx.Now}
		if by.Imported() {
			n.SharedBy, n.SharedAt = &by.Auditor, &tx.Now
		}
		return true, models.Insert(ctx, tx, &n, "test.note")
	}
	n := notes[i]
	if text == "" {
		return true, models.Delete(ctx, tx, &n, "test.unnote")
	}
	n.Text, n.AuditorID, n.EnteredBy, n.WrittenAt = text, by.Auditor, by.By, tx.Now
	return true, models.Update(ctx, tx, &n, models.Columns{"Text", "AuditorID", "EnteredBy", "WrittenAt"}, "test.note")
}

// ShareNote shows one note to the company. From then on it never changes.
func ShareNote(ctx context.Context, tx *models.Tx, id, note, auditor int64) error {
	p, by, err := takeItems(ctx, tx, id, 0, auditor, toShare, []int64{}) // no item
	if err != nil {
		return err
	}
	i := slices.IndexFunc(p.Notes, func(n Note) bool { return n.ID == note })
	switch {
	case i < 0:
		return models.NotFound("Note")
	case p.Notes[i].SharedAt != nil:
		return models.Conflict("This note is shared already.")
	case p.SharedAt == nil:
		return models.Conflict("Share the test first. A note beside what nobody sees says nothing.")
	}
	n := p.Notes[i]
	n.SharedBy, n.SharedAt = &by.Auditor, &tx.Now
	return models.Update(ctx, tx, &n, models.Columns{"SharedBy", "SharedAt"}, "test.share_note")
}
