package notice

import (
	"context"
	"database/sql/driver"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"assay/models"
	"assay/models/access"
	"assay/models/programme"
)

// Choices is how somebody wants to be told of which kind, where they said so.
type Choices map[Kind]Mode

func (c Choices) mode(k Kind, role access.Role) Mode {
	if m, ok := c[k]; ok {
		return m
	}
	return k.Mode(role)
}

// Value writes JSON, "" for no choice.
func (c Choices) Value() (driver.Value, error) {
	if len(c) == 0 {
		return "", nil
	}
	b, err := json.Marshal(map[Kind]Mode(c))
	return string(b), err
}

// Scan reads what Value wrote.
func (c *Choices) Scan(src any) error {
	var b []byte
	switch src := src.(type) {
	case nil:
	case string:
		b = []byte(src)
	case []byte:
		b = src
	default:
		return fmt.Errorf("notice: cannot read choices from %T", src)
	}
	*c = nil
	if len(b) == 0 {
		return nil
	}
	return json.Unmarshal(b, (*map[Kind]Mode)(c))
}

// GormDataType keeps GORM from reading a map as an association.
func (Choices) GormDataType() string { return "text" }

// A Preference is how one person wants to be told.
type Preference struct {
	PersonID int64 `gorm:"primaryKey;autoIncrement:false"`
	Zone     string
	Choices  Choices
}

// TableName is where preferences live.
func (Preference) TableName() string { return "notice_preferences" }

// WhyUnlogged says why changing one leaves no leaf.
func (Preference) WhyUnlogged() string {
	return "how somebody wants to be reminded is their own affair, and an auditor, who can write nothing, chooses too"
}

// Mode is how the person, who has this role, is told of k.
func (p Preference) Mode(k Kind, role access.Role) Mode { return p.Choices.mode(k, role) }

// PreferenceOf reads how a person wants to be told.
func PreferenceOf(ctx context.Context, tx *models.Tx, person int64) (Preference, error) {
	list, err := models.Rows[Preference](tx).Where("person_id = ?", person).Find(ctx)
	if err != nil || len(list) == 0 {
		return Preference{PersonID: person}, err
	}
	return list[0], nil
}

// Prefer keeps how a person wants to be told. It refuses a zone that is none and a mode
// that does not exist; kinds that the person cannot get are left out.
func Prefer(ctx context.Context, tx *models.Tx, a access.Actor, zone string, choices Choices) error {
	if _, err := time.LoadLocation(zone); err != nil || zone == "Local" {
		return models.Invalid(map[string]string{"zone": "Choose a time zone by its IANA name, such as Europe/Berlin."})
	}
	p := Preference{PersonID: a.ID, Zone: zone, Choices: Choices{}}
	for _, k := range For(a) {
		m, said := choices[k]
		if said && !slices.Contains(k.Modes(), m) {
			return models.Invalid(map[string]string{string(k): "Choose one of those listed."})
		}
		if said && m != k.Mode(a.Role) {
			p.Choices[k] = m
		}
	}
	n, err := models.Change(ctx, tx, p, models.Columns{"Zone", "Choices"}, "person_id = ?", a.ID)
	if err == nil && n == 0 {
		err = models.Put(ctx, tx, &p)
	}
	return err
}

// zoneOf is the zone of a reader: their own, else the company's.
func zoneOf(zone string, company programme.Programme) *time.Location {
	if zone != "" {
		if l, err := time.LoadLocation(zone); err == nil {
			return l
		}
	}
	return company.Location()
}
