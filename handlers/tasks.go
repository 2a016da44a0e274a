package handlers

import (
	"context"
	"crypto/rand"
	"net/http"
	"slices"
	"strings"
	"time"

	"assay/models"
	"assay/models/access"
	"assay/models/control"
	"assay/models/evidence"
	"assay/models/finding"
	"assay/models/occurrence"
	"assay/models/people"
	"assay/models/period"
	"assay/models/programme"
	"assay/models/reminder"
	"assay/models/request"
	"assay/templates/controls"
	"assay/templates/findings"
	"assay/templates/requests"
	"assay/templates/tasks"
	"assay/web"
)

// taskLimit bounds each part of the page.
const taskLimit = 100

func (app *App) taskList(w http.ResponseWriter, r *http.Request) error {
	return app.tasksAgain(w, r, http.StatusOK, func(*tasks.Data) {})
}

// tasksAgain shows the list, with what was refused on it.
func (app *App) tasksAgain(w http.ResponseWriter, r *http.Request, code int, change func(*tasks.Data)) error {
	d, err := read(app, r, taskData)
	if err != nil {
		return err
	}
	change(&d)
	return app.page(w, r, code, tasks.Page(d))
}

// taskData is what the actor owes.
func taskData(ctx context.Context, tx *models.Tx) (tasks.Data, error) {
	d := tasks.Data{Name: tx.Actor.Name}
	f, current, err := reminder.Frame(ctx, tx)
	if err != nil {
		return d, err
	}
	d.Today = f.Today
	if current.ID != 0 && f.Days.First < f.Today {
		d.Since = f.Days.First.Date()
	}
	all, err := occurrence.Owed(ctx, tx, f, occurrence.Scope{Person: tx.Actor.ID})
	if err != nil {
		return d, err
	}
	d.Take(all, tx.Actor.ID)
	items, err := evidence.Uploads(ctx, tx, taskLimit, evidence.Stored, evidence.Returned, evidence.Submitted)
	if err != nil {
		return d, err
	}
	rows, err := evidenceRows(ctx, tx, items)
	if err != nil {
		return d, err
	}
	for _, row := range rows {
		switch row.Status { //nolint:exhaustive // only these were asked for
		case evidence.Stored:
			d.Unsent = append(d.Unsent, row)
		case evidence.Returned:
			d.Returned = append(d.Returned, row)
		case evidence.Submitted:
			d.Waiting = append(d.Waiting, row)
		}
	}
	if err := owedToFindings(ctx, tx, &d); err != nil {
		return d, err
	}
	if err := owedToRequests(ctx, tx, &d); err != nil {
		return d, err
	}
	if err := toDecide(ctx, tx, &d); err != nil {
		return d, err
	}
	return d, explain(ctx, tx, &d)
}

// owedToFindings adds what findings ask of the actor.
func owedToFindings(ctx context.Context, tx *models.Tx, d *tasks.Data) error {
	if !tx.Actor.Can(access.FindingView) {
		return nil
	}
	waiting, err := finding.WaitingFor(ctx, tx)
	if err != nil {
		return err
	}
	day, err := finding.Today(ctx, tx)
	owed := findings.OwedData{Waiting: waiting, Day: day}
	if d.Owed, d.OwedLate = owed.Count(); d.Owed > 0 {
		d.Milestones = findings.Owed(owed)
	}
	return err
}

// owedToRequests adds what auditors ask the actor for, and the answers they check.
func owedToRequests(ctx context.Context, tx *models.Tx, d *tasks.Data) error {
	answer, check, err := request.WaitingFor(ctx, tx)
	owed := requests.OwedData{Answer: answer, Check: check}
	n, late := owed.Count()
	if d.Owed, d.OwedLate = d.Owed+n, d.OwedLate+late; n > 0 {
		d.Requests = requests.Owed(owed)
	}
	return err
}

// toDecide adds what waits for a compliance manager: what is said not to apply, and
// questions.
func toDecide(ctx context.Context, tx *models.Tx, d *tasks.Data) (err error) {
	if !tx.Actor.Can(access.EvidenceReview) {
		return nil
	}
	if d.Exemptions, d.Questions, err = occurrence.Undecided(ctx, tx, taskLimit); err != nil {
		return err
	}
	var ids []int64
	for _, e := range d.Exemptions {
		ids = append(ids, e.AskedBy)
	}
	for _, q := range d.Questions {
		ids = append(ids, q.AskedBy)
	}
	d.People, err = people.Named(ctx, tx, ids...)
	return err
}

// explain adds what each control asks for, and what was last found good.
func explain(ctx context.Context, tx *models.Tx, d *tasks.Data) error {
	d.Asks = map[int64]string{}
	ids := d.Controls()
	if len(ids) == 0 {
		return nil
	}
	slices.Sort(ids)
	ids = slices.Compact(ids)
	var versions []control.Version
	var err error
	d.Examples, err = evidence.LastAccepted(ctx, tx, ids,
		models.Into(models.Rows[control.Version](tx).Where("control_versions.control_id IN ? AND control_versions.status = ?", ids, control.Effective), &versions))
	for _, v := range versions {
		d.Asks[v.ControlID] = asks(v)
	}
	return err
}

// asks says in a sentence what a control expects as evidence.
func asks(v control.Version) string {
	var words []string
	for _, e := range v.Expects() {
		words = append(words, e.Words)
	}
	if len(words) == 0 {
		return ""
	}
	return "Expected: " + strings.Join(words, "; ") + "."
}

// windowOf is the window of the address.
func windowOf(r *http.Request) (period.Span, error) {
	from, err1 := models.ParseDate(web.Param(r, "from"))
	to, err2 := models.ParseDate(web.Param(r, "to"))
	if err1 != nil || err2 != nil || to < from {
		return period.Span{}, models.NotFound("Task")
	}
	return period.Span{From: from, To: to}, nil
}

func (app *App) taskPage(w http.ResponseWriter, r *http.Request) error {
	// A mail leads straight to handing over: one sign-in, one button.
	return app.taskAgain(w, r, http.StatusOK, func(d *tasks.OneData) { d.Open = web.Query(r).Line("open", 20) })
}

func (app *App) taskAgain(w http.ResponseWriter, r *http.Request, code int, change func(*tasks.OneData)) error {
	d, err := read(app, r, func(ctx context.Context, tx *models.Tx) (tasks.OneData, error) { return app.oneTask(ctx, tx, r) })
	if err != nil {
		return err
	}
	change(&d)
	return app.page(w, r, code, tasks.One(d))
}

// oneTask is one window of one control: what is asked, what is there, and the form that
// brings the rest, filled in as far as it can be.
func (app *App) oneTask(ctx context.Context, tx *models.Tx, r *http.Request) (d tasks.OneData, err error) {
	if d.Window, err = windowOf(r); err != nil {
		return d, err
	}
	if d.Control, err = control.ByCode(ctx, tx, web.Param(r, "code")); err != nil {
		return d, err
	}
	f, _, err := reminder.Frame(ctx, tx)
	if err != nil {
		return d, err
	}
	f.Days.First = min(f.Days.First, d.Window.Days().First)
	d.Today, d.Days = f.Today, f.Zone
	if d.Zone, err = programme.Zone(ctx, tx); err != nil {
		return d, err
	}
	if d.Sheet, d.Occurrence, d.Task, err = occurrence.At(ctx, tx, f, d.Control.ID, d.Window); err != nil {
		return d, err
	}
	holder := d.Sheet.Handed[d.Window.Days()]
	d.Mine = occurrence.MayRecord(tx.Actor, d.Control, holder == tx.Actor.ID)
	if d.Form, err = app.evidenceForm(ctx, tx, &d.Control); err != nil {
		return d, err
	}
	d.Form.Typed = map[string]string{
		"key": rand.Text(), "covers_from": string(d.Window.From), "covers_to": string(d.Window.To),
		"window_from": string(d.Window.From), "window_to": string(d.Window.To), "performed_at": tx.Now.In(d.Zone).Format("2006-01-02T15:04"),
	}
	if d.Task != nil && len(d.Task.Holes) > 0 {
		hole := d.Task.Holes[0].Span()
		d.Form.Typed["covers_from"], d.Form.Typed["covers_to"] = string(hole.From), string(hole.To)
	}
	if d.Occurrence.Act >= 0 {
		d.Form.Typed["performed_at"] = d.Occurrence.Performed.Starts(f.Zone).Add(12 * time.Hour).In(d.Zone).Format("2006-01-02T15:04")
	}
	today := string(d.Today.Date())
	d.Form.Typed["covers_to"] = max(d.Form.Typed["covers_from"], min(d.Form.Typed["covers_to"], today)) // evidence knows nothing of days to come
	if e := d.Form.Example; e != nil && evidence.OneInstant(e.Kind) {
		acted := today
		if d.Occurrence.Act >= 0 {
			acted = string(d.Occurrence.Performed.Date())
		}
		d.Form.Typed["covers_from"], d.Form.Typed["covers_to"] = acted, acted
	}
	if e := d.Form.Example; e != nil {
		d.Form.Typed["kind"], d.Form.Typed["source"], d.Form.Typed["location"] = e.Kind, e.Source, e.Location
	}
	d.Form.Answered = likely(d.Form)
	return d, taskPeople(ctx, tx, &d)
}

// taskPeople adds who holds the task, who could, and what was said about it.
func taskPeople(ctx context.Context, tx *models.Tx, d *tasks.OneData) (err error) {
	if d.Performances, err = occurrence.Performances(ctx, tx, d.Control.ID, taskLimit); err != nil {
		return err
	}
	if d.Exemptions, err = occurrence.Exemptions(ctx, tx, d.Control.ID, taskLimit); err != nil {
		return err
	}
	if d.Questions, err = occurrence.Questions(ctx, tx, d.Control.ID, taskLimit); err != nil {
		return err
	}
	if d.Candidates, err = owners(ctx, tx); err != nil {
		return err
	}
	ids := []int64{d.Sheet.OwnerID, d.Sheet.BackupID, d.Sheet.Handed[d.Window.Days()]}
	for _, p := range d.Performances {
		ids = append(ids, p.RecordedBy)
	}
	for _, e := range d.Exemptions {
		ids = append(ids, e.AskedBy)
		if e.DecidedBy != nil {
			ids = append(ids, *e.DecidedBy)
		}
	}
	for _, q := range d.Questions {
		ids = append(ids, q.AskedBy)
		if q.AnsweredBy != nil {
			ids = append(ids, *q.AnsweredBy)
		}
	}
	d.People, err = people.Named(ctx, tx, ids...)
	return err
}

// onTask runs a verb on the window of the address. A refusal opens the question again.
func (app *App) onTask(w http.ResponseWriter, r *http.Request, question, said string, f *web.Values, verb func(context.Context, *models.Tx, control.Control, period.Span) error) error {
	window, err := windowOf(r)
	if err != nil {
		return err
	}
	if err = f.Err(); err == nil {
		_, err = write(app, r, func(ctx context.Context, tx *models.Tx) (struct{}, error) {
			c, err := control.ByCode(ctx, tx, web.Param(r, "code"))
			if err != nil {
				return struct{}{}, err
			}
			return struct{}{}, verb(ctx, tx, c, window)
		})
	}
	if refused := web.Errors(err); refused != nil {
		return app.taskAgain(w, r, web.Status(err), func(d *tasks.OneData) {
			d.Open, d.Errors, d.Typed = question, refused, f.All()
		})
	}
	if err != nil {
		return err
	}
	web.Flash(w, r, "ok", said)
	if question == "handover" {
		return web.SeeOther(w, r, "/tasks")
	}
	return web.SeeOther(w, r, strings.TrimSuffix(r.URL.Path, "/"+question))
}

func (app *App) taskPerform(w http.ResponseWriter, r *http.Request) error {
	zone, err := read(app, r, programme.Zone)
	if err != nil {
		return err
	}
	f := web.Form(r)
	act := occurrence.Act{
		At: f.Instant("performed_at", zone), By: f.Line("performed_by", 200), Result: f.Text("result", 2000),
	}
	return app.onTask(w, r, "perform", "Recorded. Its evidence can still be added.", f, func(ctx context.Context, tx *models.Tx, c control.Control, window period.Span) error {
		act.Window = window
		_, err := occurrence.Perform(ctx, tx, c, act)
		return err
	})
}

func (app *App) taskExcuse(w http.ResponseWriter, r *http.Request) error {
	f := web.Form(r)
	reason := f.Text("reason", 2000)
	return app.onTask(w, r, "excuse", "Sent. A compliance manager decides whether it applied.", f, func(ctx context.Context, tx *models.Tx, c control.Control, window period.Span) error {
		_, err := occurrence.Excuse(ctx, tx, c, window, reason)
		return err
	})
}

func (app *App) taskHandOver(w http.ResponseWriter, r *http.Request) error {
	f := web.Form(r)
	return app.onTask(w, r, "handover", "Handed over.", f, handingOver(f))
}

func (app *App) taskAsk(w http.ResponseWriter, r *http.Request) error {
	f := web.Form(r)
	return app.onTask(w, r, "ask", "Asked. The answer will stand here.", f, asking(f))
}

// handingOver gives a window, or the list of a month, to whom the form names.
func handingOver(f *web.Values) func(context.Context, *models.Tx, control.Control, period.Span) error {
	to, note := f.ID("to"), f.Text("note", 1000)
	return func(ctx context.Context, tx *models.Tx, c control.Control, window period.Span) error {
		_, err := occurrence.HandOver(ctx, tx, c, window, to, note)
		return err
	}
}

// asking asks about one.
func asking(f *web.Values) func(context.Context, *models.Tx, control.Control, period.Span) error {
	text := f.Text("question", 2000)
	return func(ctx context.Context, tx *models.Tx, c control.Control, window period.Span) error {
		_, err := occurrence.Ask(ctx, tx, c, window, text)
		return err
	}
}

// settleTask runs a decision about one thing on the list of tasks, and shows the list again
// with what was refused.
func (app *App) settleTask(w http.ResponseWriter, r *http.Request, param, said string, f *web.Values, verb func(context.Context, *models.Tx, int64) error) error {
	id, err := web.ID(r, param)
	if err != nil {
		return err
	}
	if err = f.Err(); err == nil {
		_, err = write(app, r, func(ctx context.Context, tx *models.Tx) (struct{}, error) { return struct{}{}, verb(ctx, tx, id) })
	}
	if refused := web.Errors(err); refused != nil {
		return app.tasksAgain(w, r, web.Status(err), func(d *tasks.Data) { d.RefusedID, d.Errors, d.Typed = param+web.Param(r, param), refused, f.All() })
	}
	if err != nil {
		return err
	}
	web.Flash(w, r, "ok", said)
	return web.SeeOther(w, r, "/tasks")
}

func (app *App) exemptionDecide(w http.ResponseWriter, r *http.Request) error {
	f := web.Form(r)
	rev, note, yes := f.Rev(), f.Text("note", 2000), f.Line("decision", 10) == "approve"
	said := "Refused. The task is open again."
	if yes {
		said = "Approved. The window does not count."
	}
	return app.settleTask(w, r, "exemption", said, f, func(ctx context.Context, tx *models.Tx, id int64) error {
		_, err := occurrence.Decide(ctx, tx, id, rev, yes, note)
		return err
	})
}

func (app *App) exemptionWithdraw(w http.ResponseWriter, r *http.Request) error {
	f := web.Form(r)
	rev, note := f.Rev(), f.Text("note", 2000)
	return app.settleTask(w, r, "exemption", "Taken back.", f, func(ctx context.Context, tx *models.Tx, id int64) error {
		_, err := occurrence.TakeBack(ctx, tx, id, rev, note)
		return err
	})
}

func (app *App) questionAnswer(w http.ResponseWriter, r *http.Request) error {
	f := web.Form(r)
	rev, text := f.Rev(), f.Text("answer", 4000)
	return app.settleTask(w, r, "question", "Answered.", f, func(ctx context.Context, tx *models.Tx, id int64) error {
		_, err := occurrence.Answer(ctx, tx, id, rev, text)
		return err
	})
}

func (app *App) performanceWithdraw(w http.ResponseWriter, r *http.Request) error {
	id, err := web.ID(r, "performance")
	if err != nil {
		return err
	}
	p, err := read(app, r, func(ctx context.Context, tx *models.Tx) (occurrence.Performance, error) {
		return occurrence.PerformanceByID(ctx, tx, id)
	})
	if err != nil {
		return err
	}
	f := web.Form(r)
	rev, reason := f.Rev(), f.Text("reason", 2000)
	if err = f.Err(); err == nil {
		_, err = write(app, r, func(ctx context.Context, tx *models.Tx) (occurrence.Performance, error) {
			return occurrence.Withdraw(ctx, tx, id, rev, reason)
		})
	}
	if errs := web.Errors(err); errs != nil {
		return app.controlAgain(w, r, p.Code, web.Status(err), func(d *controls.PageData) { d.NotWithdrawn(web.ActorOf(r), id, f.Typed("reason"), errs) })
	}
	if err != nil {
		return err
	}
	web.Flash(w, r, "ok", "Withdrawn. It stays to be read, and counts no longer.")
	return web.SeeOther(w, r, "/controls/"+p.Code)
}

// evidenceWindow is the window that an upload form names, none when it came from elsewhere.
func evidenceWindow(fields *web.Values) period.Span {
	return period.Span{From: fields.Date("window_from"), To: fields.Date("window_to")}
}
