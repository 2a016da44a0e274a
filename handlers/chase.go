package handlers

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"net/http"

	"assay/internal/jobs"
	"assay/models"
	"assay/models/occurrence"
	"assay/models/readiness"
	"assay/models/reminder"
	"assay/templates/chases"
	"assay/web"
)

// chaseMost is how many tasks can be chased at once.
const chaseMost = 500

// chasePreview shows the mails about the tasks in the address, one ?item= each, or about
// everything that is late with ?late.
func (app *App) chasePreview(w http.ResponseWriter, r *http.Request) error {
	if !r.URL.Query().Has("late") {
		return app.chaseAgain(w, r, http.StatusOK, web.Query(r).Texts("item"), nil)
	}
	var late []occurrence.Task
	letters, err := read(app, r, func(ctx context.Context, tx *models.Tx) (reminder.Letters, error) {
		p, err := readiness.Of(ctx, tx, "")
		if err != nil {
			return reminder.Letters{}, err
		}
		for _, t := range p.Tasks {
			if t.Late(p.Frame.Today) && !t.Excused && len(late) < chaseMost {
				late = append(late, t)
			}
		}
		return reminder.ComposeOf(ctx, tx, late, p.Frame.Today)
	})
	if err != nil {
		return err
	}
	d := app.chaseData(letters)
	for _, t := range late {
		d.Chosen = append(d.Chosen, reminder.About(t))
	}
	return app.page(w, r, http.StatusOK, chases.Page(d))
}

func (app *App) chaseAgain(w http.ResponseWriter, r *http.Request, code int, chosen []string, wrong map[string]string) error {
	letters, err := read(app, r, func(ctx context.Context, tx *models.Tx) (reminder.Letters, error) { return compose(ctx, tx, chosen) })
	if err != nil {
		return err
	}
	d := app.chaseData(letters)
	d.Chosen, d.Errors = chosen, wrong
	return app.page(w, r, code, chases.Page(d))
}

func compose(ctx context.Context, tx *models.Tx, chosen []string) (reminder.Letters, error) {
	if len(chosen) > chaseMost {
		return reminder.Letters{}, models.Invalid(map[string]string{"": "These are more tasks than can be chased at once. Choose fewer."})
	}
	return reminder.Compose(ctx, tx, chosen)
}

// chaseData is the mails as they will be sent, and a digest of them.
func (app *App) chaseData(l reminder.Letters) chases.Data {
	d := chases.Data{Nobody: l.Nobody, Gone: l.Gone, Sending: rand.Text(), MailOff: app.MailServer == ""}
	h := sha256.New()
	post := jobs.Post{BaseURL: app.BaseURL}
	for _, letter := range l.List {
		p := l.People[letter.Person]
		m := post.Chasing(letter, p)
		d.Letters = append(d.Letters, chases.Letter{Name: p.Name, Email: p.Email, Subject: m.Subject, Text: m.Text()})
		h.Write([]byte(p.Email + "\x00" + m.Subject + "\x00" + m.Text() + "\x00"))
	}
	d.Seen = hex.EncodeToString(h.Sum(nil))
	return d
}

// chaseSend sends what was looked at, or shows what it would be now.
func (app *App) chaseSend(w http.ResponseWriter, r *http.Request) error {
	f := web.Form(r)
	chosen, seen, sending := f.Texts("item"), f.Line("seen", 64), f.Line("sending", 40)
	if !uidForm.MatchString(sending) {
		f.Refuse("", "This form is incomplete. Please choose the tasks again.")
	}
	err := f.Err()
	if err == nil {
		_, err = write(app, r, func(ctx context.Context, tx *models.Tx) (struct{}, error) {
			l, err := compose(ctx, tx, chosen)
			if err != nil {
				return struct{}{}, err
			}
			if app.chaseData(l).Seen != seen {
				return struct{}{}, models.Conflict("What is owed has changed since these mails were shown. Look at them again, then send.")
			}
			return struct{}{}, reminder.Chase(ctx, tx, l, sending, app.MailServer != "")
		})
	}
	if wrong := web.Errors(err); wrong != nil {
		return app.chaseAgain(w, r, web.Status(err), chosen, wrong)
	}
	if err != nil {
		return err
	}
	web.Flash(w, r, "ok", "Sent. Each control keeps a note of it.")
	return web.SeeOther(w, r, "/readiness")
}
