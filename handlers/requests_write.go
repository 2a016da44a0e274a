package handlers

import (
	"context"
	"io"
	"iter"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/a-h/templ"

	"assay/internal/sheet"
	"assay/models"
	"assay/models/engagement"
	"assay/models/evidence"
	"assay/models/request"
	"assay/templates/requests"
	"assay/web"
)

func requestBook(w io.Writer, header []string, rows iter.Seq2[[]string, error]) error {
	return sheet.WriteXLSX(w, "Requests", header, rows)
}

func (app *App) requestNew(w http.ResponseWriter, r *http.Request) error {
	return app.requestForm(w, r, http.StatusOK, nil, nil)
}

func (app *App) requestEdit(w http.ResponseWriter, r *http.Request) error {
	return app.requestForm(w, r, http.StatusOK, nil, nil)
}

// requestForm is the form of a new request, or of the one in the address.
func (app *App) requestForm(w http.ResponseWriter, r *http.Request, code int, f *web.Values, refused map[string]string) error {
	d, err := read(app, r, func(ctx context.Context, tx *models.Tx) (d requests.FormData, err error) {
		if web.Param(r, "request") == "" {
			d.Engagement, err = engagement.BySlug(ctx, tx, web.Param(r, "engagement"))
		} else if d.Engagement, d.Request, err = requestAt(ctx, tx, r); err == nil {
			d.Items, err = request.Items(ctx, tx, d.Request.ID)
		}
		if err != nil {
			return d, err
		}
		if d.Team, err = askingFor(ctx, tx, d.Engagement); err != nil || !tx.Actor.Company() {
			return d, err
		}
		d.Owners, err = answerers(ctx, tx)
		return d, err
	})
	if err != nil {
		return err
	}
	d.Fill()
	if d.Errors = refused; f != nil {
		d.Typed = f.All()
	}
	return app.page(w, r, code, requests.Form(d))
}

// requestAsk reads what the form asks for.
func requestAsk(ctx context.Context, tx *models.Tx, f *web.Values) (request.Ask, error) {
	in := request.Ask{
		Question: request.Question{Reference: f.Line("reference", 60), Title: f.Line("title", 200), Detail: f.Text("detail", 8000), DueOn: f.Date("due_on")},
		Items:    f.Lines("items", 8000), Auditor: f.ID("auditor"),
	}
	if id := f.ID("owner"); id != 0 {
		in.OwnerID = &id
	}
	code := f.Line("control", 40)
	if err := f.Err(); err != nil {
		return in, err
	}
	var err error
	in.ControlID, err = controlOf(ctx, tx, code)
	return in, err
}

func (app *App) requestCreate(w http.ResponseWriter, r *http.Request) error {
	f := web.Form(r)
	made, err := write(app, r, func(ctx context.Context, tx *models.Tx) (request.Request, error) {
		e, err := engagement.BySlug(ctx, tx, web.Param(r, "engagement"))
		if err != nil {
			return request.Request{}, err
		}
		in, err := requestAsk(ctx, tx, f)
		if err != nil {
			return request.Request{}, err
		}
		q, err := request.Write(ctx, tx, e, in)
		if err == nil && f.Typed("do") == "open" {
			err = request.OpenUp(ctx, tx, e, &q)
		}
		return q, err
	})
	if refused := web.Errors(err); refused != nil {
		return app.requestForm(w, r, web.Status(err), f, refused)
	}
	if err != nil {
		return err
	}
	said := made.Code() + " is a draft. Nobody is asked before it is opened."
	if made.Status == request.Open {
		said = made.Code() + " is open."
	}
	web.Flash(w, r, "ok", said)
	return web.SeeOther(w, r, "/"+made.Path())
}

func (app *App) requestChange(w http.ResponseWriter, r *http.Request) error {
	f := web.Form(r)
	rev := f.Rev()
	changed, err := write(app, r, func(ctx context.Context, tx *models.Tx) (request.Request, error) {
		e, q, err := requestAt(ctx, tx, r)
		if err != nil {
			return q, err
		}
		in, err := requestAsk(ctx, tx, f)
		if err != nil {
			return q, err
		}
		if !tx.Actor.Company() { // an auditor names nobody, and takes nobody away
			in.OwnerID = q.OwnerID
		}
		q.Rev = rev
		return q, request.Edit(ctx, tx, e, &q, in.Question, in.Items)
	})
	if refused := web.Errors(err); refused != nil {
		return app.requestForm(w, r, web.Status(err), f, refused)
	}
	if err != nil {
		return err
	}
	web.Flash(w, r, "ok", "The changes are saved.")
	return web.SeeOther(w, r, "/"+changed.Path())
}

// A requestVerb takes the request of the address, as the visitor saw it, further.
type requestVerb func(context.Context, *models.Tx, engagement.Engagement, *request.Request) error

// requestAct runs a verb and goes to where the visitor goes on. Refused, the page it came
// from says why, with the question named opened.
func (app *App) requestAct(w http.ResponseWriter, r *http.Request, f *web.Values, opened, said string, draw func(requests.PageData) templ.Component, verb requestVerb) error {
	rev := f.Rev()
	err := f.Err()
	var q request.Request
	if err == nil {
		q, err = write(app, r, func(ctx context.Context, tx *models.Tx) (request.Request, error) {
			e, q, err := requestAt(ctx, tx, r)
			if err != nil {
				return q, err
			}
			if rev != 0 {
				q.Rev = rev
			}
			return q, verb(ctx, tx, e, &q)
		})
	}
	if refused := web.Errors(err); refused != nil {
		return app.requestAgain(w, r, web.Status(err), draw, func(d *requests.PageData) { d.Errors, d.Typed, d.Opened = refused, f.All(), opened })
	}
	if err != nil {
		return err
	}
	web.Flash(w, r, "ok", said)
	return app.requestNext(w, r, q, opened)
}

// requestNext is the page after a verb: the request, or, where there is none or nothing
// more to do about it, the list.
func (app *App) requestNext(w http.ResponseWriter, r *http.Request, q request.Request, did string) error {
	list := "/engagements/" + web.Param(r, "engagement") + "/requests"
	switch did {
	case "discard":
		return web.SeeOther(w, r, list)
	case "check":
		return web.SeeOther(w, r, list+"?state="+string(request.Fulfilled))
	}
	return web.SeeOther(w, r, "/"+q.Path())
}

func (app *App) requestOpen(w http.ResponseWriter, r *http.Request) error {
	return app.requestAct(w, r, web.Form(r), "open", "It is open.", requests.Page, request.OpenUp)
}

func (app *App) requestDiscard(w http.ResponseWriter, r *http.Request) error {
	return app.requestAct(w, r, web.Form(r), "discard", "The draft is discarded. The history keeps that it was there.", requests.Page, request.Discard)
}

func (app *App) requestCancel(w http.ResponseWriter, r *http.Request) error {
	f := web.Form(r)
	reason := f.Text("reason", 2000)
	return app.requestAct(w, r, f, "cancel", "It is cancelled. What was answered stays in the record.", requests.Page,
		func(ctx context.Context, tx *models.Tx, e engagement.Engagement, q *request.Request) error {
			return request.Cancel(ctx, tx, e, q, reason)
		})
}

func (app *App) requestAssign(w http.ResponseWriter, r *http.Request) error {
	f := web.Form(r)
	owner := f.ID("owner")
	return app.requestAct(w, r, f, "assign", "Assigned. They are told.", requests.Page,
		func(ctx context.Context, tx *models.Tx, e engagement.Engagement, q *request.Request) error {
			return request.Assign(ctx, tx, e, q, owner)
		})
}

func (app *App) requestStart(w http.ResponseWriter, r *http.Request) error {
	return app.requestAct(w, r, web.Form(r), "start", "It is in progress.", requests.Page, request.Start)
}

func (app *App) requestFulfil(w http.ResponseWriter, r *http.Request) error {
	return app.requestAct(w, r, web.Form(r), "fulfil", "Sent. A compliance manager checks it before the auditors see it.", requests.Page, request.Fulfil)
}

func (app *App) requestReply(w http.ResponseWriter, r *http.Request) error {
	f := web.Form(r)
	item, code, words := f.ID("item"), f.Line("evidence", 20), f.Text("words", 4000)
	if typed := f.Line("evidence_code", 20); typed != "" {
		code = typed
	}
	return app.requestAct(w, r, f, "item-"+strconv.FormatInt(item, 10), "Added. The auditors see it when it is released.", requests.Page,
		func(ctx context.Context, tx *models.Tx, e engagement.Engagement, q *request.Request) error {
			_, err := request.Reply(ctx, tx, e, q, item, code, words)
			return err
		})
}

func (app *App) requestTakeOut(w http.ResponseWriter, r *http.Request) error {
	id, err := web.ID(r, "answer")
	if err != nil {
		return err
	}
	f := web.Form(r)
	rev := int64(f.Int("answer_rev"))
	return app.requestAct(w, r, f, "take-out", "Taken out. The evidence itself stays where it was.", requests.Page,
		func(ctx context.Context, tx *models.Tx, e engagement.Engagement, q *request.Request) error {
			return request.TakeOut(ctx, tx, e, q, id, rev)
		})
}

func (app *App) requestRelease(w http.ResponseWriter, r *http.Request) error {
	return app.requestAct(w, r, web.Form(r), "check", "Released. The auditors see the answer now.", requests.Check, request.Release)
}

func (app *App) requestSendBack(w http.ResponseWriter, r *http.Request) error {
	f := web.Form(r)
	reason := f.Text("reason", 2000)
	return app.requestAct(w, r, f, "check", "Sent back to its owner. The auditors saw nothing.", requests.Check,
		func(ctx context.Context, tx *models.Tx, e engagement.Engagement, q *request.Request) error {
			return request.SendBack(ctx, tx, e, q, reason)
		})
}

// requestDecide accepts or returns for an auditor.
func (app *App) requestDecide(w http.ResponseWriter, r *http.Request) error {
	f := web.Form(r)
	auditor, reason, back := f.ID("auditor"), f.Text("reason", 2000), f.Line("do", 10) == "return"
	said := "Accepted."
	if back {
		said = "Returned. It is on its owner's page again, with your reason on top."
	}
	return app.requestAct(w, r, f, "decide", said, requests.Page, func(ctx context.Context, tx *models.Tx, e engagement.Engagement, q *request.Request) error {
		if back {
			return request.Return(ctx, tx, e, q, auditor, reason)
		}
		return request.Accept(ctx, tx, e, q, auditor)
	})
}

func (app *App) requestSay(w http.ResponseWriter, r *http.Request) error {
	f := web.Form(r)
	to, text := request.Audience(f.Line("audience", 20)), f.Text("text", 4000)
	return app.requestAct(w, r, f, "say", "Sent to: "+to.Label()+".", requests.Page, func(ctx context.Context, tx *models.Tx, e engagement.Engagement, q *request.Request) error {
		_, err := request.Say(ctx, tx, e, *q, to, text)
		return err
	})
}

// requestPath is the address of a request, as the form of evidence that answers it has it.
var requestPath = regexp.MustCompile(`^engagements/[a-z0-9-]+/requests/R-[0-9]+$`)

// answerWith ties new evidence to what it was uploaded for. A request that is no longer the
// visitor's to answer, or gone, costs nobody an upload: the evidence is kept all the same.
func answerWith(ctx context.Context, tx *models.Tx, f *web.Values, i evidence.Item) error {
	at := f.Line("request", 200)
	if !requestPath.MatchString(at) {
		return nil
	}
	parts := strings.Split(at, "/")
	e, q, err := request.Of(ctx, tx, parts[1], parts[3])
	switch {
	case models.KindOf(err) == models.KindNotFound && err != nil:
		return nil //nolint:nilerr // the evidence is kept all the same
	case err != nil:
		return err
	case !q.Status.Answerable() || !e.Status.Running() || q.OwnerID == nil || *q.OwnerID != tx.Actor.ID:
		return nil
	}
	items, err := request.Items(ctx, tx, q.ID)
	if id := f.ID("item"); err == nil && slices.ContainsFunc(items, func(n request.Item) bool { return n.ID == id }) {
		_, err = request.Reply(ctx, tx, e, &q, id, i.Code(), "")
	}
	return err
}
