package handlers

import (
	"context"
	"net/http"

	"assay/internal/docx"
	"assay/internal/filetype"
	"assay/internal/sheet"
	"assay/models"
	"assay/models/access"
	"assay/models/activity"
	"assay/models/deliverable"
	"assay/models/engagement"
	"assay/models/people"
	"assay/templates/deliverables"
	"assay/web"
)

func (app *App) deliverablePage(w http.ResponseWriter, r *http.Request) error {
	return app.deliverablesAgain(w, r, http.StatusOK, nil)
}

func (app *App) deliverablesAgain(w http.ResponseWriter, r *http.Request, code int, refused map[string]string) error {
	d, err := read(app, r, func(ctx context.Context, tx *models.Tx) (d deliverables.PageData, err error) {
		if d.Engagement, err = engagement.BySlug(ctx, tx, web.Param(r, "engagement")); err != nil {
			return d, err
		}
		if d.Documents, err = deliverable.Of(ctx, tx, d.Engagement.ID); err != nil {
			return d, err
		}
		if tx.Actor.Can(access.TestView) {
			if d.Steps, err = deliverable.Steps(ctx, tx, d.Engagement, d.Documents); err != nil {
				return d, err
			}
		}
		if tx.Actor.Can(access.DeliverableManage) {
			d.Signatories, err = deliverable.Signatories(ctx, tx)
		}
		return d, err
	})
	if err != nil {
		return err
	}
	d.Errors = refused
	return app.page(w, r, code, deliverables.Page(d))
}

func (app *App) documentBegin(w http.ResponseWriter, r *http.Request) error {
	f := web.Form(r)
	kind, signatory := deliverable.Kind(f.Line("kind", 20)), f.ID("signatory")
	err := f.Err()
	var d deliverable.Document
	if err == nil {
		d, err = write(app, r, func(ctx context.Context, tx *models.Tx) (deliverable.Document, error) {
			e, err := engagement.BySlug(ctx, tx, web.Param(r, "engagement"))
			if err != nil {
				return deliverable.Document{}, err
			}
			return deliverable.Begin(ctx, tx, e, kind, signatory)
		})
	}
	if refused := web.Errors(err); refused != nil {
		return app.deliverablesAgain(w, r, web.Status(err), refused)
	}
	if err != nil {
		return err
	}
	web.Flash(w, r, "ok", "The draft is made from what Assay knows. Read it, and fill in the rest.")
	return web.SeeOther(w, r, "/"+d.Path())
}

func documentAt(ctx context.Context, tx *models.Tx, r *http.Request) (e engagement.Engagement, d deliverable.Document, err error) {
	if e, err = engagement.BySlug(ctx, tx, web.Param(r, "engagement")); err != nil {
		return e, d, err
	}
	d, err = deliverable.ByName(ctx, tx, e.ID, web.Param(r, "document"))
	return e, d, err
}

func (app *App) documentPage(w http.ResponseWriter, r *http.Request) error {
	return app.documentAgain(w, r, http.StatusOK, nil, nil)
}

func (app *App) documentAgain(w http.ResponseWriter, r *http.Request, code int, typed, refused map[string]string) error {
	d, err := read(app, r, func(ctx context.Context, tx *models.Tx) (d deliverables.DocumentData, err error) {
		if d.Engagement, d.Document, err = documentAt(ctx, tx, r); err != nil {
			return d, err
		}
		d.Manage = tx.Actor.Can(access.DeliverableManage)
		d.Mine = tx.Actor.Can(access.DeliverableSign) && tx.Actor.ID == d.Document.SignatoryID
		ids := append([]int64{d.Document.SignatoryID}, d.Document.Authors...)
		for _, by := range []*int64{d.Document.ApprovedBy, d.Document.SignedBy} {
			if by != nil {
				ids = append(ids, *by)
			}
		}
		if d.People, err = people.Named(ctx, tx, ids...); err != nil {
			return d, err
		}
		if d.Manage {
			if d.Signatories, err = deliverable.Signatories(ctx, tx); err != nil {
				return d, err
			}
			d.Feed, err = activity.For(ctx, tx, d.Document.Path())
		}
		return d, err
	})
	if err != nil {
		return err
	}
	d.Typed, d.Errors = typed, refused
	return app.page(w, r, code, deliverables.Document(d))
}

// documentMove runs a verb on the document as the visitor saw it.
func (app *App) documentMove(w http.ResponseWriter, r *http.Request, f *web.Values, done string, verb func(context.Context, *models.Tx, engagement.Engagement, *deliverable.Document) error) error {
	rev := f.Rev()
	err := f.Err()
	var d deliverable.Document
	if err == nil {
		d, err = write(app, r, func(ctx context.Context, tx *models.Tx) (deliverable.Document, error) {
			e, d, err := documentAt(ctx, tx, r)
			if err != nil {
				return d, err
			}
			d.Rev = rev
			return d, verb(ctx, tx, e, &d)
		})
	}
	if refused := web.Errors(err); refused != nil {
		return app.documentAgain(w, r, web.Status(err), f.All(), refused)
	}
	if err != nil {
		return err
	}
	web.Flash(w, r, "ok", done)
	return web.SeeOther(w, r, "/"+d.Path())
}

func (app *App) documentWrite(w http.ResponseWriter, r *http.Request) error {
	f := web.Form(r)
	body, signatory := f.Text("body", deliverables.MostText), f.ID("signatory")
	return app.documentMove(w, r, f, "The draft is saved.", func(ctx context.Context, tx *models.Tx, _ engagement.Engagement, d *deliverable.Document) error {
		return deliverable.Write(ctx, tx, d, body, signatory)
	})
}

func (app *App) documentApprove(w http.ResponseWriter, r *http.Request) error {
	return app.documentMove(w, r, web.Form(r), "The text is approved. The signatory can sign it.", deliverable.Approve)
}

func (app *App) documentReturn(w http.ResponseWriter, r *http.Request) error {
	f := web.Form(r)
	reason := f.Text("reason", 2000)
	return app.documentMove(w, r, f, "It is a draft again.", func(ctx context.Context, tx *models.Tx, _ engagement.Engagement, d *deliverable.Document) error {
		return deliverable.Return(ctx, tx, d, reason)
	})
}

func (app *App) documentSign(w http.ResponseWriter, r *http.Request) error {
	f := web.Form(r)
	seen := f.Line("digest", 64)
	return app.documentMove(w, r, f, "You signed it. The text never changes any more.", func(ctx context.Context, tx *models.Tx, e engagement.Engagement, d *deliverable.Document) error {
		return deliverable.Sign(ctx, tx, e, d, seen)
	})
}

// documentText answers with exactly the bytes that the digest is of.
func (app *App) documentText(w http.ResponseWriter, r *http.Request) error {
	d, err := app.documentOf(r)
	if err != nil {
		return err
	}
	harden(w.Header())
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Content-Disposition", filetype.ContentDisposition(string(d.Kind)+".txt"))
	_, err = w.Write([]byte(d.Text()))
	return err
}

func (app *App) documentOf(r *http.Request) (deliverable.Document, error) {
	return read(app, r, func(ctx context.Context, tx *models.Tx) (deliverable.Document, error) {
		_, d, err := documentAt(ctx, tx, r)
		return d, err
	})
}

func (app *App) documentWord(w http.ResponseWriter, r *http.Request) error {
	d, err := app.documentOf(r)
	if err != nil {
		return err
	}
	return app.export(w, r, d.Path(), "docx", func(ctx context.Context, tx *models.Tx) error {
		names, err := people.Named(ctx, tx, d.SignatoryID)
		if err != nil {
			return err
		}
		out := docx.New(false)
		out.Heading(1, d.Kind.Label())
		for _, p := range d.Paragraphs() {
			out.Text(p)
		}
		out.Text(deliverables.SignedWords(d, names[d.SignatoryID].Name))
		_, err = out.WriteTo(w)
		return err
	})
}

// matrixPage is section IV, a group of criteria at a time.
func (app *App) matrixPage(w http.ResponseWriter, r *http.Request) error {
	group := web.Query(r).Line("group", 10)
	d, err := read(app, r, func(ctx context.Context, tx *models.Tx) (d deliverables.MatrixData, err error) {
		if d.Engagement, err = engagement.BySlug(ctx, tx, web.Param(r, "engagement")); err != nil {
			return d, err
		}
		var codes map[string][]string
		d.Groups, codes = deliverable.Groups(d.Engagement)
		if d.Group = group; codes[group] == nil && len(d.Groups) > 0 {
			d.Group = d.Groups[0]
		}
		d.Lines, err = deliverable.Matrix(ctx, tx, d.Engagement, codes[d.Group]...)
		return d, err
	})
	if err != nil {
		return err
	}
	return app.page(w, r, http.StatusOK, deliverables.Matrix(d))
}

// matrixFile answers with all of section IV.
func (app *App) matrixFile(ending string) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		e, err := read(app, r, func(ctx context.Context, tx *models.Tx) (engagement.Engagement, error) {
			return engagement.BySlug(ctx, tx, web.Param(r, "engagement"))
		})
		if err != nil {
			return err
		}
		return app.export(w, r, e.Path()+"/deliverables/section-iv", ending, func(ctx context.Context, tx *models.Tx) error {
			lines, err := deliverable.Matrix(ctx, tx, e)
			if err != nil {
				return err
			}
			rows := make([][]string, len(lines))
			for i, l := range lines {
				rows[i] = l.Cells()
			}
			switch ending {
			case "csv":
				return sheet.WriteCSV(w, deliverable.Columns, each(rows))
			case "xlsx":
				return sheet.WriteXLSX(w, "Section IV", deliverable.Columns, each(rows))
			}
			out := docx.New(true)
			out.Heading(1, "Section IV: tests of controls and results")
			out.Text(e.Name + ", " + string(e.PeriodStart) + " to " + string(e.PeriodEnd) + ". It repeats what the auditors concluded for each test, and states no opinion.")
			out.Table(deliverable.Columns, rows)
			_, err = out.WriteTo(w)
			return err
		})
	}
}
