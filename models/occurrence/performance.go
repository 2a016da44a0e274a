package occurrence

import (
	"context"
	"fmt"
	"time"

	"assay/models"
	"assay/models/access"
	"assay/models/control"
	"assay/models/engagement"
	"assay/models/evidence"
	"assay/models/period"
)

// A Performance is one act of a control. It is a statement of whoever recorded it, and
// never changes; a wrong one is withdrawn with a reason and stays to be read.
type Performance struct {
	models.Meta
	ControlID     int64
	Code          string      // of the control, which never changes
	WindowFrom    models.Date // the window it was meant for; none is the one that holds the day
	WindowTo      models.Date
	PerformedAt   time.Time
	PerformedBy   string // who acted, in words: it may be a team or a system
	Result        string
	LateReason    string // recorded more than evidence.OwnerStatedAfter later: why
	EvidenceID    *int64
	RecordedBy    int64
	RecordedAt    time.Time
	WithdrawnBy   *int64
	WithdrawnAt   *time.Time
	WithdrawnNote string
}

// TableName is where performances live.
func (Performance) TableName() string { return "performances" }

// Path is the address of the control, whose page lists its performances.
func (p Performance) Path() string { return "controls/" + p.Code }

// OwnerStated reports that nothing but the recorder's word dates the act.
func (p Performance) OwnerStated() bool {
	return p.RecordedAt.Sub(p.PerformedAt) > evidence.OwnerStatedAfter
}

// VisibleTo gives the company everything, and an auditor the performances of controls in
// scope of an open engagement.
func (Performance) VisibleTo(a access.Actor) (string, []any) {
	return ofVisibleControls("performances", a)
}

// ofVisibleControls is a condition on a table of facts about controls.
func ofVisibleControls(table string, a access.Actor) (string, []any) {
	cond, args := control.Control{}.VisibleTo(a)
	if cond == "" {
		return "", nil
	}
	return table + ".control_id IN (SELECT controls.id FROM controls WHERE " + cond + ")", args
}

// An Act is what somebody says of one performance.
type Act struct {
	Window     period.Span // the zero Span is the window that holds the day
	At         time.Time
	By         string // who acted; "" is the actor
	Result     string
	LateReason string
	EvidenceID *int64
}

// Perform records that a control acted. A window that is none is not found. Refused, by
// field: an act in the future, one before the window it is said to be for, and one more
// than seven days back without a reason and evidence, which carries the system's own date. Whoever neither owns the control nor was handed the window is Forbidden.
func Perform(ctx context.Context, tx *models.Tx, c control.Control, a Act) (Performance, error) {
	if err := mayRecord(ctx, tx, c, a.Window); err != nil {
		return Performance{}, err
	}
	if !a.Window.From.IsZero() || !a.Window.To.IsZero() {
		if err := expected(ctx, tx, c, a.Window); err != nil {
			return Performance{}, err
		}
	}
	zone, err := engagement.Zone(ctx, tx)
	if err != nil {
		return Performance{}, err
	}
	p := Performance{
		ControlID: c.ID, Code: c.Code, WindowFrom: a.Window.From, WindowTo: a.Window.To, PerformedAt: a.At.UTC(), PerformedBy: a.By,
		Result: a.Result, LateReason: a.LateReason, EvidenceID: a.EvidenceID, RecordedBy: tx.Actor.ID, RecordedAt: tx.Now,
	}
	if p.PerformedBy == "" {
		p.PerformedBy = tx.Actor.Name
	}
	if wrong := p.problems(zone); len(wrong) > 0 {
		return p, models.Invalid(wrong)
	}
	if err := queue(ctx, tx, c.ID); err != nil {
		return p, err
	}
	if err := p.isNew(ctx, tx); err != nil {
		return p, err
	}
	return p, models.Insert(ctx, tx, &p, "performance.record", models.Note{
		"control": c.Code, "window": said(a.Window), "result": p.Result, "owner-stated": p.LateReason,
	})
}

// isNew is a Conflict when the very same was said before: somebody pressed twice, or came
// back to a form that they had sent.
func (p Performance) isNew(ctx context.Context, tx *models.Tx) error {
	if p.EvidenceID != nil { // FromEvidence sees to that
		return nil
	}
	n, err := models.Rows[Performance](tx).Where("performances.control_id = ? AND performances.performed_at = ?", p.ControlID, p.PerformedAt).
		Where("window_from = ? AND window_to = ? AND performed_by = ? AND result = ? AND recorded_by = ? AND withdrawn_at IS NULL", p.WindowFrom, p.WindowTo, p.PerformedBy, p.Result, p.RecordedBy).
		Count(ctx, "performances.id")
	if err == nil && n > 0 {
		err = models.Conflict("This performance is recorded already, with the same words. It counts once.")
	}
	return err
}

func said(s period.Span) string {
	if s.From.IsZero() {
		return ""
	}
	return string(s.From + " to " + s.To)
}

func (p Performance) problems(zone *time.Location) map[string]string {
	wrong := map[string]string{}
	switch day := models.DateOf(p.PerformedAt, zone); {
	case p.PerformedAt.IsZero():
		wrong["performed_at"] = "Say when the control was performed."
	case p.PerformedAt.After(p.RecordedAt):
		wrong["performed_at"] = "This is still to come. A performance is recorded once it has happened."
	case !p.WindowFrom.IsZero() && day < p.WindowFrom:
		wrong["performed_at"] = fmt.Sprintf("This is before %s, when the window begins (%s time). It belongs to the window before.", p.WindowFrom, zone)
	case p.OwnerStated() && p.EvidenceID == nil:
		wrong["performed_at"] = "The control was performed more than 7 days ago. Your word alone does not date it any more: add the evidence on this page instead, with a file that carries the system's own date, and say there why it comes late."
	case p.OwnerStated() && p.LateReason == "":
		wrong["late_reason"] = "The control was performed more than 7 days ago. Say why it is recorded only now."
	}
	if p.WindowTo < p.WindowFrom {
		wrong["window"] = "The window ends before it begins."
	}
	if p.Result == "" && p.EvidenceID == nil {
		wrong["result"] = "Say in a sentence what came of it."
	}
	return wrong
}

// mayRecord refuses whoever has no part in the control.
func mayRecord(ctx context.Context, tx *models.Tx, c control.Control, window period.Span) error {
	if MayRecord(tx.Actor, c, false) {
		return nil
	}
	handed, err := delegatedTo(ctx, tx, c.ID, tx.Actor.ID, window)
	if err != nil {
		return err
	}
	if !MayRecord(tx.Actor, c, handed) {
		return models.Forbidden("What happened with " + c.Code + " is recorded by its owner, by whoever was handed the task, and by compliance managers.")
	}
	return nil
}

// SubmitEvidence asks for a review of an item and records the performance that it speaks
// of, for the window that the form names.
func SubmitEvidence(ctx context.Context, tx *models.Tx, id, rev int64, window period.Span) (evidence.Item, error) {
	i, err := evidence.Submit(ctx, tx, id, rev)
	if err != nil {
		return i, err
	}
	return i, fromEvidence(ctx, tx, i, window)
}

// ReturnEvidence returns an item. The performance that it spoke of is withdrawn with it,
// and made again when the item is sent again.
func ReturnEvidence(ctx context.Context, tx *models.Tx, id, rev int64, reason string) (evidence.Item, error) {
	i, err := evidence.Return(ctx, tx, id, rev, reason)
	if err != nil {
		return i, err
	}
	return i, withdrawFor(ctx, tx, i, i.Code()+" was returned: "+reason)
}

// WithdrawEvidence withdraws an item and the performance that it spoke of.
func WithdrawEvidence(ctx context.Context, tx *models.Tx, id, rev int64, reason string) (evidence.Item, error) {
	i, err := evidence.Withdraw(ctx, tx, id, rev, reason)
	if err != nil {
		return i, err
	}
	return i, withdrawFor(ctx, tx, i, i.Code()+" was withdrawn: "+reason)
}

// withdrawFor withdraws what i recorded.
func withdrawFor(ctx context.Context, tx *models.Tx, i evidence.Item, why string) error {
	made, err := madeBy(ctx, tx, i)
	if err != nil {
		return err
	}
	for _, p := range made {
		if p.WithdrawnAt != nil {
			continue
		}
		if err := withdraw(ctx, tx, &p, why); err != nil {
			return err
		}
	}
	return nil
}

// madeBy lists the performances that i recorded, the latest first. Whoever may decide on
// evidence sees them all.
func madeBy(ctx context.Context, tx *models.Tx, i evidence.Item) ([]Performance, error) {
	return models.Rows[Performance](tx).Where("performances.evidence_id = ?", i.ID).Order("performances.id DESC").Find(ctx)
}

// fromEvidence records the performance that an item which was just submitted speaks of:
// for the window that the form names, else for the one it recorded before it came back,
// else for the one window that the item covers whole, else for the one that holds the
// day. The same item does not record it twice. Evidence of somebody who may not record
// what happened with the control is kept as evidence, and records nothing.
func fromEvidence(ctx context.Context, tx *models.Tx, i evidence.Item, window period.Span) error {
	if i.PerformedAt == nil {
		return nil
	}
	made, err := madeBy(ctx, tx, i)
	if err != nil {
		return err
	}
	for _, p := range made {
		if p.WithdrawnAt == nil { // of the time when returning an item let it stand
			if p.PerformedAt.Equal(*i.PerformedAt) {
				return nil
			}
			if err := withdraw(ctx, tx, &p, "The evidence was sent again with another time."); err != nil {
				return err
			}
		}
		if window.From.IsZero() {
			window = period.Span{From: p.WindowFrom, To: p.WindowTo}
		}
	}
	c, err := control.ByID(ctx, tx, i.ControlID)
	if err != nil {
		return err
	}
	if window, err = windowFor(ctx, tx, c, i, window); err != nil {
		return err
	}
	if err := mayRecord(ctx, tx, c, window); err != nil {
		if models.KindOf(err) == models.KindForbidden {
			err = nil
		}
		return err
	}
	p := Performance{
		ControlID: c.ID, Code: c.Code, WindowFrom: window.From, WindowTo: window.To, PerformedAt: *i.PerformedAt, PerformedBy: tx.Actor.Name,
		Result: i.Title, LateReason: i.LateReason, EvidenceID: &i.ID, RecordedBy: tx.Actor.ID, RecordedAt: i.UploadedAt,
	}
	return models.Insert(ctx, tx, &p, "performance.record", models.Note{"control": c.Code, "window": said(window), "evidence": i.Code(), "owner-stated": i.LateReason})
}

// windowFor is the window of c that the act of i is for, none when the day decides.
func windowFor(ctx context.Context, tx *models.Tx, c control.Control, i evidence.Item, named period.Span) (period.Span, error) {
	err := expected(ctx, tx, c, named)
	if models.KindOf(err) == models.KindNotFound { // the form named none, or one that the control has not
		named, err = coveredWhole(ctx, tx, c, period.Span{From: i.CoversFrom, To: i.CoversTo})
	}
	if err != nil {
		return period.Span{}, err
	}
	zone, err := engagement.Zone(ctx, tx)
	if err != nil || models.DateOf(*i.PerformedAt, zone) < named.From { // says nothing of that window
		return period.Span{}, err
	}
	return named, nil
}

// coveredWhole is the window of c of which s has every day on which there was the control, if
// there is just one.
func coveredWhole(ctx context.Context, tx *models.Tx, c control.Control, s period.Span) (period.Span, error) {
	sheets, err := Sheets(ctx, tx, Frame{Days: s.Days(), Zone: time.UTC, Today: period.DayAt(tx.Now, time.UTC), Now: tx.Now}, Scope{Controls: []int64{c.ID}})
	if err != nil || len(sheets) == 0 {
		return period.Span{}, err
	}
	var found []period.Window
	bare := period.Facts{Versions: sheets[0].Facts.Versions} // without acts every window owes all of its days
	for o := range bare.Occurrences(s.Days(), period.Ever) {
		if o.Owes().Within(s.Days()) {
			found = append(found, o.Window)
		}
	}
	if len(found) != 1 {
		return period.Span{}, nil
	}
	return found[0].Span(), nil
}

// PerformanceByID finds what was recorded under an id.
func PerformanceByID(ctx context.Context, tx *models.Tx, id int64) (Performance, error) {
	p, err := models.Rows[Performance](tx).Where("performances.id = ?", id).Take(ctx)
	return models.One(p, err, "Performance")
}

// Withdraw takes a performance back, with a reason. It stays to be read and counts no
// longer.
func Withdraw(ctx context.Context, tx *models.Tx, id, rev int64, reason string) (Performance, error) {
	p, err := PerformanceByID(ctx, tx, id)
	if err != nil {
		return p, err
	}
	if tx.Actor.ID != p.RecordedBy && !tx.Actor.Can(access.EvidenceWithdraw) {
		return p, models.Forbidden("A performance is withdrawn by whoever recorded it or by a compliance manager.")
	}
	if p.WithdrawnAt != nil {
		return p, models.Conflict("This was withdrawn already.")
	}
	if reason == "" {
		return p, models.Invalid(map[string]string{"reason": "Say why it is withdrawn. The reason stays with the record."})
	}
	p.Rev = rev
	return p, withdraw(ctx, tx, &p, reason)
}

func withdraw(ctx context.Context, tx *models.Tx, p *Performance, reason string) error {
	p.WithdrawnBy, p.WithdrawnAt, p.WithdrawnNote = &tx.Actor.ID, &tx.Now, reason
	return models.Update(ctx, tx, p, models.Columns{"WithdrawnBy", "WithdrawnAt", "WithdrawnNote"}, "performance.withdraw", models.Note{"reason": reason})
}

// Performances lists what was recorded of a control, the newest act first.
func Performances(ctx context.Context, tx *models.Tx, control int64, limit int) ([]Performance, error) {
	return models.Rows[Performance](tx).Where("performances.control_id = ?", control).Order("performances.performed_at DESC, performances.id DESC").Limit(limit).Find(ctx)
}
