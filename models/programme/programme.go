// Package programme is the company itself: its name, the zone its days are counted
// in, and the trust services categories it is examined for. There is one.
package programme

import (
	"context"
	"slices"
	"strings"
	"time"

	"assay/models"
	"assay/models/framework"
)

// A Programme is the one row that says whose portal this is.
type Programme struct {
	models.Meta
	Company    string
	Zone       string // IANA; civil dates of controls are days in it
	Categories models.List[string]
	SetUpBy    int64
	SetUpAt    time.Time
}

// TableName is where the programme lives.
func (Programme) TableName() string { return "programme" }

// Path is the address of p.
func (Programme) Path() string { return "setup" }

// Covers reports whether the trust services category is in use.
func (p Programme) Covers(category string) bool { return slices.Contains(p.Categories, category) }

// Ready reports whether set-up is done.
func (p Programme) Ready() bool { return p.ID != 0 }

// Location is the zone of p, UTC before set-up.
func (p Programme) Location() *time.Location {
	zone, err := time.LoadLocation(p.Zone)
	if err != nil {
		return time.UTC
	}
	return zone
}

// Current reads the programme. Before set-up it is the zero one, which is not Ready.
func Current(ctx context.Context, tx *models.Tx) (Programme, error) {
	return Keep.Get(ctx, tx)
}

// Keep is how the programme is kept.
var Keep = models.Keeping[Programme, Programme]{
	Key: currentKey{},
	Ask: func(tx *models.Tx, rows *[]Programme) models.Reading {
		return models.Into(models.Rows[Programme](tx).Where("id = 1"), rows)
	},
	Value: func(rows []Programme) Programme { return append(rows, Programme{})[0] },
}

type currentKey struct{}

// Today is the civil date at tx.Now where the company is.
func Today(ctx context.Context, tx *models.Tx) (models.Date, error) {
	p, err := Current(ctx, tx)
	return models.DateOf(tx.Now, p.Location()), err
}

// Zone is the zone in which the company counts its days.
func Zone(ctx context.Context, tx *models.Tx) (*time.Location, error) {
	p, err := Current(ctx, tx)
	return p.Location(), err
}

// SetUp makes the programme. Security is among the categories whether named or not.
// It refuses an empty name, an unknown zone or category, and a second time.
func SetUp(ctx context.Context, tx *models.Tx, company, zone string, categories []string) (Programme, error) {
	p, err := Current(ctx, tx)
	if err != nil {
		return p, err
	}
	if p.Ready() {
		return p, models.Conflict("Assay is already set up for " + p.Company + ".")
	}
	p = Programme{Meta: models.Meta{ID: 1}, SetUpBy: tx.Actor.ID, SetUpAt: tx.Now}
	if err := p.fill(company, zone, categories); err != nil {
		return p, err
	}
	err = models.Insert(ctx, tx, &p, "programme.set_up", p.note())
	if models.Duplicate(err) {
		err = models.Conflict("Someone else has just set Assay up.")
	}
	return p, err
}

// Change gives the programme another name, zone or set of categories, with the
// refusals of SetUp. Controls taken into use for a category that is dropped stay:
// retiring one is a decision with a reason of its own.
func Change(ctx context.Context, tx *models.Tx, p *Programme, company, zone string, categories []string) error {
	if !p.Ready() {
		return models.NotFound("Programme")
	}
	if err := p.fill(company, zone, categories); err != nil {
		return err
	}
	return models.Update(ctx, tx, p, models.Columns{"Company", "Zone", "Categories"}, "programme.change", p.note())
}

func (p Programme) note() models.Note {
	return models.Note{"company": p.Company, "zone": p.Zone, "categories": strings.Join(p.Categories, ", ")}
}

func (p *Programme) fill(company, zone string, categories []string) error {
	wrong := map[string]string{}
	p.Company = strings.TrimSpace(company)
	if p.Company == "" {
		wrong["company"] = "Enter the name of the company."
	}
	p.Zone = strings.TrimSpace(zone)
	if _, err := time.LoadLocation(p.Zone); err != nil || p.Zone == "" || p.Zone == "Local" {
		wrong["zone"] = "Choose a time zone by its IANA name, such as Europe/Berlin."
	}
	known := framework.Categories()
	p.Categories = nil
	for _, c := range known {
		if c.ID == framework.Security || slices.Contains(categories, c.ID) {
			p.Categories = append(p.Categories, c.ID)
		}
	}
	for _, id := range categories {
		if !slices.ContainsFunc(known, func(c framework.Category) bool { return c.ID == id }) {
			wrong["categories"] = "There is no trust services category called " + id + "."
		}
	}
	if len(wrong) > 0 {
		return models.Invalid(wrong)
	}
	return nil
}
