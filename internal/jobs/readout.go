package jobs

import (
	"context"
	"fmt"
	"strings"

	"assay/internal/mail"
	"assay/internal/readout"
	"assay/models"
	"assay/models/access"
	"assay/models/notice"
	"assay/models/people"
	"assay/models/readiness"
	"assay/templates/mails"
)

// readout mails one person where the period stands, as a page to print. It is read as
// that person, and asks again whether they want it and may see it.
func (p Post) readout(ctx context.Context, r *Run) error {
	var letter notice.Letter
	if err := r.Job.Read(&letter); err != nil {
		return err
	}
	reader, err := readoutReader(ctx, r.DB, letter.Person)
	if err != nil || reader.ID == 0 {
		r.Said = "not sent: the reader does not want it, or may not see it, any more"
		return err
	}
	var d readiness.Readout
	err = r.DB.Read(ctx, reader.Actor(), func(tx *models.Tx) (err error) {
		d, err = readiness.ReadoutOf(ctx, tx, "")
		return err
	})
	if err != nil {
		return err
	}
	if d.Total() == 0 {
		r.Said = "not sent: no control is in effect"
		return nil
	}
	d.Discreet = true
	pdf, err := readout.PDF(d)
	if err != nil {
		return err
	}
	name := "readout-" + string(d.Frame.Today.Date()) + ".pdf"
	return p.send(ctx, r, reader, weekly(d, p.BaseURL), mail.File{Name: name, Type: "application/pdf", Bytes: pdf})
}

// readoutReader is the person, or nobody when they are not to get it.
func readoutReader(ctx context.Context, db *models.DB, id int64) (reader people.Person, err error) {
	err = db.Read(ctx, access.Clock, func(tx *models.Tx) error {
		p, err := people.ByID(ctx, tx, id)
		if err != nil {
			return err
		}
		if wants, err := notice.WantsReadout(ctx, tx, p); err != nil || !wants {
			return err
		}
		reader = p
		return nil
	})
	return reader, err
}

// weekly is the mail around the page: its counts, for who opens no file on a phone.
func weekly(d readiness.Readout, base string) mails.Mail {
	m := mails.Mail{
		Subject: fmt.Sprintf("Readout, week %d: %s", d.Week(), strings.TrimSuffix(d.Opening(), ".")),
		Opening: d.Opening(),
		Button:  mails.Link{Label: "Open the readout", Href: base + "/readout"},
		Why:     "You get this mail every Monday because you may see the readout and did not switch it off.",
	}
	if w := readiness.Join(d.Worries()); w != "" {
		m.Opening += " " + w + "."
	}
	g := mails.Group{Title: "The readout is attached as a page to print."}
	for _, f := range d.Figures() {
		g.Items = append(g.Items, mails.Item{Text: fmt.Sprintf("%s: %s, %s", f.Label, f.Number, f.Of)})
	}
	if line := d.Coverage(); line != "" {
		g.Items = append(g.Items, mails.Item{Text: line})
	}
	for _, line := range d.Missing() {
		g.Items = append(g.Items, mails.Item{Text: line})
	}
	m.Groups = []mails.Group{g}
	return m
}
