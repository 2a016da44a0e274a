package jobs

import (
	"context"
	"fmt"

	"assay/models"
	"assay/models/access"
	"assay/models/people"
	"assay/models/reminder"
	"assay/templates/mails"
)

// Chasing is the mail that a letter becomes: what is looked at before it is sent, and what
// is sent.
func (p Post) Chasing(l reminder.Letter, reader people.Person) mails.Mail {
	m := mails.Mail{
		Subject: fmt.Sprintf("%d tasks wait for you in Assay", len(l.Items)),
		Opening: "Your compliance team asks for this. If somebody else should do it, hand it over; if something is unclear, ask on the page of the task.",
		Button:  mails.Link{Label: "Open my tasks", Href: p.BaseURL + "/tasks"},
		Why:     "You get this mail because a compliance manager chose these tasks of yours.",
	}
	if len(l.Items) == 1 {
		m.Subject = fmt.Sprintf("A task waits for you in Assay: %s, %s", l.Items[0].Code, l.Items[0].Window)
		m.Button = mails.Link{Label: "Open the task", Href: p.BaseURL + "/" + l.Items[0].About}
	}
	var g mails.Group
	for _, i := range l.Items {
		g.Items = append(g.Items, item(p.BaseURL, i.About, i.Sentence))
	}
	m.Groups = []mails.Group{g}
	return p.addressed(m, reader)
}

// chase mails a letter as it was looked at, whatever was done since.
func (p Post) chase(ctx context.Context, r *Run) error {
	var letter reminder.Letter
	if err := r.Job.Read(&letter); err != nil {
		return err
	}
	var reader people.Person
	err := r.DB.Read(ctx, access.Clock, func(tx *models.Tx) (err error) {
		reader, err = addressee(ctx, tx, letter.Person)
		return err
	})
	if err != nil {
		return err
	}
	if reader.ID == 0 {
		r.Said = "not sent: the reader may not be mailed any more"
		return nil
	}
	return p.send(ctx, r, reader, p.Chasing(letter, reader))
}
