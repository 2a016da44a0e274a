// Package webhook is other systems that are told what happens: which, of what, and how
// that went. It reads the log, so a verb of any noun is told without knowing of it.
package webhook

import (
	"context"
	"fmt"
	"slices"
	"time"

	"assay/models"
)

// A Hook is an address that is told of some kinds of event.
type Hook struct {
	models.Meta
	UID       string `gorm:"column:uid"`
	Name      string
	Host      string
	URL       string `gorm:"column:url"` // sealed: who has the address of a chat can write to it
	Format    Format
	Events    models.List[string] // types
	Secret    string              // sealed: what the table holds alone signs nothing
	Status    Status
	FromSeq   int64
	CreatedBy int64
	CreatedAt time.Time
}

// TableName is where webhooks live.
func (Hook) TableName() string { return "webhooks" }

// Path is the address of h.
func (h Hook) Path() string { return fmt.Sprintf("settings/webhooks/%d", h.ID) }

// A Format is what the body of a message looks like.
type Format string

// The formats.
const (
	Standard Format = "standard" // the payload that Standard Webhooks recommends
	Chat     Format = "chat"     // {"text": …}, which Slack, Teams and Mattermost show
)

// Formats lists them.
var Formats = []Format{Standard, Chat}

// Label is f in words.
func (f Format) Label() string {
	return map[Format]string{Standard: "Event as JSON (Standard Webhooks)", Chat: "A line for a chat ({\"text\": …})"}[f]
}

// A Status says whether a webhook is told anything: on ⇄ off.
type Status string

// The states.
const (
	On  Status = "on"
	Off Status = "off"
)

// Fields are what somebody says of a webhook. URL is sealed; Host is what is shown of it.
type Fields struct {
	Name, Host, URL string
	Format          Format
	Events          []string
}

// check refuses what cannot be told. Whether the address may be called, its caller knows.
func (f Fields) check() error {
	bad := map[string]string{}
	if f.Name == "" {
		bad["name"] = "Give it a name, such as the channel it leads to."
	}
	if f.URL == "" || f.Host == "" {
		bad["url"] = "Enter the address that is called."
	}
	if !slices.Contains(Formats, f.Format) {
		bad["format"] = "Choose what it is sent."
	}
	if len(f.Events) == 0 {
		bad["events"] = "Choose at least one kind of event."
	}
	for _, t := range f.Events {
		if _, ok := eventOf(t); !ok {
			bad["events"] = "There is no kind of event called " + t + "."
		}
	}
	if len(bad) > 0 {
		return models.Invalid(bad)
	}
	return nil
}

// Create adds a webhook that is told what happens from now on. uid names it and the form
// it was made with: sent twice, the second is a Conflict. secret is sealed for uid.
func Create(ctx context.Context, tx *models.Tx, f Fields, uid, secret string) (Hook, error) {
	if err := f.check(); err != nil {
		return Hook{}, err
	}
	size, err := tx.LogSize(ctx)
	if err != nil {
		return Hook{}, err
	}
	h := Hook{
		UID: uid, Name: f.Name, Host: f.Host, URL: f.URL, Format: f.Format, Events: f.Events, Secret: secret, Status: On,
		FromSeq: size, CreatedBy: tx.Actor.ID, CreatedAt: tx.Now,
	}
	err = models.Insert(ctx, tx, &h, "webhook.create", models.Note{"name": h.Name})
	if models.Duplicate(err) {
		err = models.Conflict("This webhook was added already. Its secret was shown then and is shown no more; make a new one if it is lost.")
	}
	return h, err
}

// Change gives h another name, format, other events and, unless f names none, another
// address.
func Change(ctx context.Context, tx *models.Tx, h *Hook, f Fields) error {
	if f.URL == "" {
		f.Host, f.URL = h.Host, h.URL
	}
	if err := f.check(); err != nil {
		return err
	}
	h.Name, h.Host, h.URL, h.Format, h.Events = f.Name, f.Host, f.URL, f.Format, f.Events
	return models.Update(ctx, tx, h, models.Columns{"Name", "Host", "URL", "Format", "Events"}, "webhook.change", models.Note{"name": h.Name})
}

// Resecret gives h another secret, sealed for its uid. What was signed with the old one
// and is tried again is signed with the new one.
func Resecret(ctx context.Context, tx *models.Tx, h *Hook, secret string) error {
	h.Secret = secret
	return models.Update(ctx, tx, h, models.Columns{"Secret"}, "webhook.secret")
}

// Switch turns h on or off. What happened while it was off is not told later.
func Switch(ctx context.Context, tx *models.Tx, h *Hook, to Status) error {
	if h.Status == to {
		return models.Conflict("This webhook is " + string(to) + " already.")
	}
	size, err := tx.LogSize(ctx)
	if err != nil {
		return err
	}
	h.Status, h.FromSeq = to, size
	return models.Update(ctx, tx, h, models.Columns{"Status", "FromSeq"}, "webhook.switch", models.Note{"to": string(to)})
}

// ByID finds one webhook.
func ByID(ctx context.Context, tx *models.Tx, id int64) (Hook, error) {
	h, err := models.Rows[Hook](tx).Where("id = ?", id).Take(ctx)
	return models.One(h, err, "Webhook")
}

// List reads all webhooks, by name. An installation has a handful.
func List(ctx context.Context, tx *models.Tx) ([]Hook, error) {
	return models.Rows[Hook](tx).Order("name, id").Limit(200).Find(ctx)
}
