package handlers

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"assay/internal/sheet"
	"assay/models"
	"assay/models/control"
	"assay/models/occurrence"
	"assay/models/people"
	"assay/models/period"
	"assay/models/programme"
	"assay/models/reminder"
	"assay/templates/controls"
	"assay/templates/ui"
	"assay/web"
)

// listPage shows the lists that a control rests on, and the form that adds one.
func (app *App) listPage(w http.ResponseWriter, r *http.Request) error {
	q := web.Query(r)
	return app.listsFor(w, r, period.Span{From: q.Date("from"), To: q.Date("to")})
}

// listMonth is the same page for whoever comes for one month: the form asks for the days of
// it that no list speaks of, and it can be handed over or asked about.
func (app *App) listMonth(w http.ResponseWriter, r *http.Request) error {
	return app.monthAgain(w, r, http.StatusOK, func(m *controls.MonthData) { m.Open = web.Query(r).Line("open", 20) })
}

// monthAgain shows the page of a month, changed by what went wrong.
func (app *App) monthAgain(w http.ResponseWriter, r *http.Request, code int, change func(*controls.MonthData)) error {
	month, err := monthOf(r)
	if err != nil {
		return err
	}
	d, err := read(app, r, func(ctx context.Context, tx *models.Tx) (d controls.ListsData, err error) {
		if d.Control, err = control.ByCode(ctx, tx, web.Param(r, "code")); err != nil {
			return d, err
		}
		m, days, ids, err := listOf(ctx, tx, d.Control, month)
		if err != nil {
			return d, err
		}
		change(&m)
		d.Of, d.Typed = m, map[string]string{"covers_from": string(days.From), "covers_to": string(days.To)}
		err = fillLists(ctx, tx, &d, ids...)
		d.Of.People = d.People
		return d, err
	})
	if err != nil {
		return err
	}
	return app.page(w, r, code, controls.Lists(d))
}

// listOf is what is known of the list of a month, the days that it has to speak of, and whom
// the page names for it.
func listOf(ctx context.Context, tx *models.Tx, c control.Control, month period.Span) (m controls.MonthData, days period.Span, ids []int64, err error) {
	f, _, err := reminder.Frame(ctx, tx)
	if err != nil {
		return m, days, nil, err
	}
	m.Code, m.Month = c.Code, month
	owed, err := occurrence.Owed(ctx, tx, f, occurrence.Scope{Controls: []int64{c.ID}})
	if err != nil {
		return m, days, nil, err
	}
	for _, t := range owed {
		if t.Want == occurrence.WantList && t.Span() == month {
			m.Task, m.OwnerID = &t, t.Sheet.OwnerID
		}
	}
	if m.Task == nil {
		return m, days, nil, nil
	}
	if days, err = occurrence.ToList(ctx, tx, f, *m.Task); err != nil {
		return m, days, nil, err
	}
	if !tx.Actor.Company() { // who does whose work is the company's affair
		m.Task = nil
		return m, days, nil, nil
	}
	m.May = occurrence.MayRecord(tx.Actor, c, m.Task.Handed && m.Task.PersonID == tx.Actor.ID)
	ids, err = monthPeople(ctx, tx, c, &m)
	return m, days, ids, err
}

// monthPeople adds who could hold the list and what was asked about it, and says who is named.
func monthPeople(ctx context.Context, tx *models.Tx, c control.Control, m *controls.MonthData) (ids []int64, err error) {
	if m.May {
		if m.Candidates, err = owners(ctx, tx); err != nil {
			return nil, err
		}
	}
	all, err := occurrence.Questions(ctx, tx, c.ID, taskLimit)
	if err != nil {
		return nil, err
	}
	ids = []int64{m.OwnerID, m.Task.PersonID}
	for _, q := range all {
		if q.WindowFrom != m.Month.From || q.WindowTo != m.Month.To {
			continue
		}
		m.Questions, ids = append(m.Questions, q), append(ids, q.AskedBy)
		if q.AnsweredBy != nil {
			ids = append(ids, *q.AnsweredBy)
		}
	}
	return ids, nil
}

// onMonth runs a verb on the list of the month in the address. A refusal opens the form again.
func (app *App) onMonth(w http.ResponseWriter, r *http.Request, form, said string, f *web.Values, verb func(context.Context, *models.Tx, control.Control, period.Span) error) error {
	month, err := monthOf(r)
	if err != nil {
		return err
	}
	if err = f.Err(); err == nil {
		_, err = write(app, r, func(ctx context.Context, tx *models.Tx) (struct{}, error) {
			c, err := control.ByCode(ctx, tx, web.Param(r, "code"))
			if err != nil {
				return struct{}{}, err
			}
			return struct{}{}, verb(ctx, tx, c, month)
		})
	}
	if refused := web.Errors(err); refused != nil && models.KindOf(err) != models.KindForbidden {
		return app.monthAgain(w, r, web.Status(err), func(m *controls.MonthData) { m.Open, m.Errors, m.Typed = form, refused, f.All() })
	}
	if err != nil {
		return err
	}
	web.Flash(w, r, "ok", said)
	if form == "handover" {
		return web.SeeOther(w, r, "/tasks")
	}
	return web.SeeOther(w, r, strings.TrimSuffix(r.URL.Path, "/"+form))
}

func (app *App) listHandOver(w http.ResponseWriter, r *http.Request) error {
	f := web.Form(r)
	return app.onMonth(w, r, "handover", "Handed over.", f, handingOver(f))
}

func (app *App) listAsk(w http.ResponseWriter, r *http.Request) error {
	f := web.Form(r)
	return app.onMonth(w, r, "ask", "Asked. The answer will stand here.", f, asking(f))
}

// monthOf is the month of the address.
func monthOf(r *http.Request) (period.Span, error) {
	first, err := models.ParseDate(web.Param(r, "month") + "-01")
	if err != nil {
		return period.Span{}, models.NotFound("List")
	}
	return period.Span{From: first, To: first.AddMonths(1).AddDays(-1)}, nil
}

// listsFor shows the page with these days in its form.
func (app *App) listsFor(w http.ResponseWriter, r *http.Request, days period.Span) error {
	return app.listsAgain(w, r, http.StatusOK, func(d *controls.ListsData) {
		d.Typed = map[string]string{"covers_from": string(days.From), "covers_to": string(days.To)}
	})
}

func (app *App) listsAgain(w http.ResponseWriter, r *http.Request, code int, change func(*controls.ListsData)) error {
	d, err := read(app, r, func(ctx context.Context, tx *models.Tx) (d controls.ListsData, err error) {
		if d.Control, err = control.ByCode(ctx, tx, web.Param(r, "code")); err != nil {
			return d, err
		}
		return d, fillLists(ctx, tx, &d)
	})
	if err != nil {
		return err
	}
	change(&d)
	return app.page(w, r, code, controls.Lists(d))
}

// fillLists adds the lists of d.Control, and the names of people beside those who added them.
func fillLists(ctx context.Context, tx *models.Tx, d *controls.ListsData, ids ...int64) (err error) {
	if d.Kind, err = occurrence.ListKind(ctx, tx, d.Control); err != nil {
		return err
	}
	if d.Kind == "" {
		return models.NotFound("List")
	}
	if d.Lists, err = occurrence.Lists(ctx, tx, d.Control.ID, 100); err != nil {
		return err
	}
	zone, err := programme.Zone(ctx, tx)
	if err != nil {
		return err
	}
	d.MaxBytes = listLimits.Bytes
	d.Zone, d.Now = zone.String(), tx.Now.In(zone).Format("2006-01-02T15:04")
	err = occurrence.MayAddList(ctx, tx, d.Control)
	if d.Mine = err == nil; err != nil && models.KindOf(err) != models.KindForbidden {
		return err
	}
	for _, l := range d.Lists {
		ids = append(ids, l.AddedBy)
	}
	d.People, err = people.Named(ctx, tx, ids...)
	return err
}

// listAdd takes a list into use. What it says is judged row by row, and all of it is taken or
// none: a list that is refused leaves nothing behind.
func (app *App) listAdd(w http.ResponseWriter, r *http.Request) error {
	g := app.gate(r, func(ctx context.Context, tx *models.Tx, _ *web.Values) error {
		c, err := control.ByCode(ctx, tx, web.Param(r, "code"))
		if err == nil {
			err = occurrence.MayAddList(ctx, tx, c)
		}
		return err
	})
	g.turn = app.listTurn
	defer g.close()
	fields, name, b, err := listForm(r, g, listLimits.Bytes)
	f := web.NewValues(fields)
	if err == nil {
		err = g.open(fields) // a list without a file is one, too
	}
	if err == nil {
		err = app.takeList(r, f, name, b)
	}
	if refused := web.Errors(err); refused != nil {
		return app.listsAgain(w, r, web.Status(err), func(d *controls.ListsData) { d.Errors, d.Typed = refused, f.All() })
	}
	if err != nil {
		return err
	}
	web.Flash(w, r, "ok", "The list counts from now on.")
	return web.SeeOther(w, r, "/controls/"+web.Param(r, "code")+"/lists")
}

// splitByDays is what to do about a list that is too long.
const splitByDays = "Split it by days; two lists cannot speak of the same day."

// listLimits bound a list of what happened, and with that the memory that reading it takes.
var listLimits = sheet.Limits{
	Bytes: 16 << 20, Unzipped: 128 << 20, Rows: occurrence.MaxLines, Columns: 40, Cell: sheet.Default.Cell, Split: splitByDays,
}

// listRows reads the file of a list. One that says nothing happened has bytes too, so that it
// has a digest.
func listRows(ctx context.Context, name string, b []byte) (occurrence.Rows, []byte, error) {
	if len(bytes.TrimSpace(b)) == 0 {
		return occurrence.Rows{}, []byte("\n"), nil
	}
	table, err := sheet.Read(ctx, bytes.NewReader(b), name, listLimits)
	return occurrence.Rows{Header: table.Header, Rows: table.Rows, Lines: table.Lines}, b, unreadableList(err)
}

func (app *App) takeList(r *http.Request, f *web.Values, name string, b []byte) error {
	zone, err := read(app, r, programme.Zone)
	if err != nil {
		return err
	}
	l := listTyped(f, zone)
	if err := f.Err(); err != nil {
		return err
	}
	rows, b, err := listRows(r.Context(), name, b)
	if err != nil {
		return err
	}
	_, err = read(app, r, func(ctx context.Context, tx *models.Tx) (struct{}, error) {
		c, err := control.ByCode(ctx, tx, web.Param(r, "code"))
		if err == nil {
			err = occurrence.CheckList(ctx, tx, c, l, rows)
		}
		return struct{}{}, err
	})
	if err != nil {
		return err
	}
	kept, err := app.Blobs.Put(r.Context(), bytes.NewReader(b), listLimits.Bytes)
	if err != nil {
		return err
	}
	l.Name, l.Digest = name, kept.Digest
	_, err = write(app, r, func(ctx context.Context, tx *models.Tx) (occurrence.List, error) {
		c, err := control.ByCode(ctx, tx, web.Param(r, "code"))
		if err == nil {
			err = app.haveScanned(ctx, tx, l.Digest)
		}
		if err != nil {
			return l, err
		}
		return occurrence.AddList(ctx, tx, c, l, rows)
	})
	return err
}

func listTyped(f *web.Values, zone *time.Location) occurrence.List {
	return occurrence.List{
		CoversFrom: f.Date("covers_from"), CoversTo: f.Date("covers_to"), Source: f.Line("source", 200), Query: f.Text("query", 4000),
		ExtractedAt: f.Instant("extracted_at", zone), Note: f.Text("note", 2000),
	}
}

// listForm reads the small fields, which come first, and then the file, which may be
// missing when nothing happened.
func listForm(r *http.Request, g *gate, most int64) (fields url.Values, name string, b []byte, err error) {
	fields = url.Values{}
	parts, err := r.MultipartReader()
	if err != nil {
		return fields, "", nil, models.Invalid(map[string]string{"file": "This form came incomplete. Send it again."})
	}
	for range fieldCount {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			return fields, name, b, nil
		}
		if err != nil {
			return fields, name, b, err
		}
		limit := int64(fieldBytes)
		if part.FormName() == "file" && part.FileName() != "" {
			if limit, err = most, g.open(fields); err != nil {
				return fields, name, b, err
			}
		}
		read, err := io.ReadAll(io.LimitReader(part, limit+1))
		switch {
		case err != nil:
			return fields, name, b, err
		case int64(len(read)) > limit:
			return fields, name, b, models.Invalid(map[string]string{part.FormName(): "This is too large: a list has at most " + ui.Limit(most) + ". " + splitByDays})
		case part.FormName() == "file" && part.FileName() != "":
			name, b = part.FileName(), read
		case part.FormName() != "file":
			fields.Add(part.FormName(), string(read))
		}
	}
	return fields, name, b, models.Invalid(map[string]string{"file": "This form has more fields than it should. Load the page again."})
}

func (app *App) listWithdraw(w http.ResponseWriter, r *http.Request) error {
	id, err := web.ID(r, "list")
	if err != nil {
		return err
	}
	f := web.Form(r)
	rev, reason := f.Rev(), f.Text("reason", 2000)
	if err = f.Err(); err == nil {
		_, err = write(app, r, func(ctx context.Context, tx *models.Tx) (occurrence.List, error) {
			return occurrence.WithdrawList(ctx, tx, id, rev, reason)
		})
	}
	if refused := web.Errors(err); refused != nil {
		return app.listsAgain(w, r, web.Status(err), func(d *controls.ListsData) { d.RefusedID, d.Errors, d.Typed = id, refused, f.All() })
	}
	if err != nil {
		return err
	}
	web.Flash(w, r, "ok", "Withdrawn. What the list said is no longer known.")
	return web.SeeOther(w, r, "/controls/"+web.Param(r, "code")+"/lists")
}
