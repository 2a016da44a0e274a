package jobs

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"assay/internal/mail"
	"assay/models"
	"assay/models/access"
	"assay/models/engagement"
	"assay/models/job"
	"assay/models/notice"
	"assay/models/people"
	"assay/models/reminder"
	"assay/templates/mails"
)

// A Post is how mail leaves the house.
type Post struct {
	Sender  *mail.Sender
	BaseURL string // links of mails begin with it
}

// Mail is the work of an installation that has a mail server.
func Mail(p Post) []Work {
	return []Work{
		{Kind: "notice.now", Label: "Gather what is mailed at once", Next: After(Every), Do: gather(notice.AnyNow, notice.PostNow)},
		{Kind: "notice.digest", Label: "Gather the mails of the morning", Next: After(15 * time.Minute), Do: gather(notice.AnyDigest, notice.PostDigests)},
		{Kind: "notice.readout", Label: "Gather the readouts of Monday", Next: After(quarter), Do: told(notice.AnyReadout, notice.PostReadouts)},
		{Kind: notice.ReadoutKind, Label: "Mail the readout", Do: p.readout},
		{Kind: notice.MailKind, Label: "Mail notices", Do: p.notices},
		{Kind: reminder.ChaseKind, Label: "Mail what a manager asks for", Do: p.chase},
		{Kind: TestMail, Label: "Send a test mail", Do: p.test, Attempts: 1},
	}
}

// gather turns waiting notices into jobs that mail them.
func gather(any look, post func(context.Context, *models.Tx, notice.Reach) (int, error)) func(context.Context, *Run) error {
	return func(ctx context.Context, r *Run) error {
		if found, err := any.found(ctx, r); err != nil || !found {
			return err
		}
		return r.Bookkeep(ctx, func(ctx context.Context, tx *models.Tx) error {
			n, err := post(ctx, tx, admitted)
			r.Said = fmt.Sprintf("%d mails", n)
			return err
		})
	}
}

// admitted reports whether an auditor may look into any engagement now.
func admitted(ctx context.Context, tx *models.Tx, person int64) (bool, error) {
	open, err := engagement.OpenFor(ctx, tx, person)
	return len(open) > 0, err
}

// notices mails one person what was gathered for them, but for what they have read
// meanwhile. It asks again whether they may be mailed: between gathering and an attempt
// that succeeds may lie a day.
func (p Post) notices(ctx context.Context, r *Run) error {
	var letter notice.Letter
	if err := r.Job.Read(&letter); err != nil {
		return err
	}
	var reader people.Person
	var told []notice.Notice
	err := r.DB.Read(ctx, access.Clock, func(tx *models.Tx) (err error) {
		if reader, err = addressee(ctx, tx, letter.Person); err != nil || reader.ID == 0 {
			return err
		}
		told, err = stillTrue(ctx, tx, r.Job.Key)
		return err
	})
	switch {
	case err != nil:
		return err
	case reader.ID == 0:
		r.Said = "not sent: the reader may not be mailed any more"
		return nil
	case len(told) == 0:
		r.Said = "not sent: all of it was read or done"
		return nil
	}
	return p.send(ctx, r, reader, digest(told, p.BaseURL))
}

// stillTrue reads the notices that a mail tells, but for tasks that were done since.
func stillTrue(ctx context.Context, tx *models.Tx, key string) ([]notice.Notice, error) {
	told, err := notice.Told(ctx, tx, key)
	if err != nil {
		return nil, err
	}
	var abouts []string
	for _, n := range told {
		if n.Kind.Passes() {
			abouts = append(abouts, n.About)
		}
	}
	if len(abouts) == 0 {
		return told, nil
	}
	open, err := reminder.Open(ctx, tx, abouts)
	return slices.DeleteFunc(told, func(n notice.Notice) bool { return n.Kind.Passes() && !open[n.About] }), err
}

// addressee is the person, or nobody when they may not be mailed.
func addressee(ctx context.Context, tx *models.Tx, id int64) (people.Person, error) {
	p, err := people.ByID(ctx, tx, id)
	if err != nil || p.Status == people.Deactivated || p.Role == "" && p.Status == people.Active {
		return people.Person{}, err
	}
	if p.Role == access.Auditor {
		if ok, err := admitted(ctx, tx, id); err != nil || !ok {
			return people.Person{}, err
		}
	}
	return p, nil
}

// addressed adds to m what it says of its reader.
func (p Post) addressed(m mails.Mail, reader people.Person) mails.Mail {
	m.Reader, m.Preferences = reader.Name, p.BaseURL+"/account/notifications"
	return m
}

// send hands m to the mail server for reader.
func (p Post) send(ctx context.Context, r *Run, reader people.Person, m mails.Mail, attached ...mail.File) error {
	m = p.addressed(m, reader)
	html, err := m.HTML()
	if err != nil {
		return err
	}
	err = p.Sender.Send(ctx, mail.Message{
		ToName: reader.Name, To: reader.Email, Subject: m.Subject, Text: m.Text(), HTML: html,
		ID: messageID(r.Job), Preferences: m.Preferences, Attached: attached,
	})
	if errors.Is(err, mail.ErrNoSuchAddress) {
		return Hopeless(err)
	}
	if err == nil {
		r.Said = "sent to " + reader.Email
	}
	return err
}

// messageID is the same for every attempt at one job, and for no other job.
func messageID(j job.Job) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\n%s\n%d\n%s", j.Kind, j.Key, j.ID, j.CreatedAt.UTC().Format(time.RFC3339Nano)))
	return "job-" + hex.EncodeToString(sum[:12])
}

// shown is how much of one kind stands in a mail.
const shown = 15

// digest is the mail that tells these notices, by kind in the order of the preferences.
func digest(told []notice.Notice, base string) mails.Mail {
	m := mails.Mail{
		Subject: fmt.Sprintf("%d things to know in Assay", len(told)), Opening: "This came for you in Assay.",
		Button: mails.Link{Label: "See all notices", Href: base + "/notices"},
		Why:    "You get this mail because of what you own, wrote or were asked in Assay.",
	}
	if len(told) == 1 {
		m.Subject = strings.TrimSuffix(told[0].Sentence, ".")
		m.Button = mails.Link{Label: "Open it", Href: base + "/" + told[0].About}
	}
	for _, k := range notice.Kinds() {
		var g mails.Group
		n := 0
		for _, t := range told {
			if t.Kind != k {
				continue
			}
			if n++; n <= shown {
				g.Items = append(g.Items, item(base, t.About, t.Sentence))
			}
		}
		if n > shown {
			g.More = fmt.Sprintf("And %d more.", n-shown)
		}
		if n > 0 {
			g.Title = k.Label()
			m.Groups = append(m.Groups, g)
		}
	}
	return m
}

// item is a sentence and where it leads. A task can be handed to somebody else.
func item(base, about, text string) mails.Item {
	i := mails.Item{Text: text, Href: base + "/" + about}
	if strings.HasPrefix(about, "tasks/") || strings.HasPrefix(about, "controls/") && strings.Contains(about, "/lists/") {
		i.HandOver = i.Href + "?open=handover"
	}
	return i
}

// TestMail is the kind of job that sends a test mail.
const TestMail = "mail.test"

// AskTest has a test mail sent to a person.
func AskTest(ctx context.Context, tx *models.Tx, person int64) error {
	return job.Enqueue(ctx, tx, TestMail, fmt.Sprintf("%d/%s", person, tx.Now.Format(time.RFC3339Nano)), notice.Letter{Person: person})
}

func (p Post) test(ctx context.Context, r *Run) error {
	var letter notice.Letter
	if err := r.Job.Read(&letter); err != nil {
		return err
	}
	var reader people.Person
	err := r.DB.Read(ctx, access.Clock, func(tx *models.Tx) (err error) {
		reader, err = addressee(ctx, tx, letter.Person)
		return err
	})
	if err != nil || reader.ID == 0 {
		return err
	}
	return p.send(ctx, r, reader, mails.Mail{
		Subject: "A test mail from Assay",
		Opening: "Mail from Assay arrives. This one was asked for under Settings.",
		Button:  mails.Link{Label: "Open Assay", Href: p.BaseURL + "/settings"},
		Why:     "You get this mail because you asked for it.",
	})
}
