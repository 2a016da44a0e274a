package occurrence

import (
	"context"
	"time"

	"assay/models"
	"assay/models/access"
	"assay/models/control"
	"assay/models/notice"
	"assay/models/people"
	"assay/models/period"
)

// A Delegation is one window's task given to somebody else. The control keeps its owner.
type Delegation struct {
	models.Meta
	ControlID  int64
	Code       string // of the control, which never changes
	WindowFrom models.Date
	WindowTo   models.Date
	FromID     int64
	ToID       int64
	Note       string
	At         time.Time
	EndedAt    *time.Time
}

// TableName is where delegations live.
func (Delegation) TableName() string { return "delegations" }

// Path is the address of the control, whose page lists who was handed what.
func (d Delegation) Path() string { return "controls/" + d.Code }

// VisibleTo keeps to the company who does whose work.
func (Delegation) VisibleTo(a access.Actor) (string, []any) {
	if a.Role == access.Auditor {
		return "1 = 0", nil
	}
	return "", nil
}

// HandOver gives the task of one window to another person. Whoever holds it can: the
// owner, or the one it was handed to, and compliance managers. The last handing over
// counts.
func HandOver(ctx context.Context, tx *models.Tx, c control.Control, window period.Span, to int64, note string) (Delegation, error) {
	if err := mayRecord(ctx, tx, c, window); err != nil {
		return Delegation{}, err
	}
	if err := asked(ctx, tx, c, window); err != nil {
		return Delegation{}, err
	}
	p, err := people.ByID(ctx, tx, to)
	switch {
	case models.KindOf(err) == models.KindNotFound, err == nil && (p.Status != people.Active || !holds(p.Role)):
		return Delegation{}, models.Invalid(map[string]string{"to": "Choose a person from the list who can submit evidence."})
	case err != nil:
		return Delegation{}, err
	case to == tx.Actor.ID && !tx.Actor.Can(access.EvidenceReview):
		return Delegation{}, models.Invalid(map[string]string{"to": "This task is yours already."})
	}
	if err := queue(ctx, tx, c.ID); err != nil {
		return Delegation{}, err
	}
	ended, err := endDelegation(ctx, tx, c.ID, window, to)
	if err != nil {
		return Delegation{}, err
	}
	d := Delegation{ControlID: c.ID, Code: c.Code, WindowFrom: window.From, WindowTo: window.To, FromID: tx.Actor.ID, ToID: to, Note: note, At: tx.Now}
	if c.OwnerID != nil && *c.OwnerID == to { // back where it belongs
		if ended == 0 {
			return d, models.Conflict("This task is with " + p.Name + " already.")
		}
		if err := tx.Record("task.return", c.Path(), models.Note{"window": said(window), "to": p.Name, "note": note}); err != nil {
			return d, err
		}
		return d, tell(ctx, tx, notice.HandedOver, c, window, "%s, was handed back to you.", to)
	}
	if d.FromID == d.ToID { // a manager takes it over
		d.FromID = deref(c.OwnerID)
		if d.FromID == 0 {
			return d, models.Conflict("This control has no owner. Assign one first.")
		}
	}
	err = models.Insert(ctx, tx, &d, "task.handover", models.Note{"control": c.Code, "window": said(window), "to": p.Name, "note": note})
	if models.Duplicate(err) {
		err = models.Conflict("Somebody has just handed this task over.")
	}
	if err != nil {
		return d, err
	}
	return d, tell(ctx, tx, notice.HandedOver, c, window, "%s, was handed to you.", to)
}

// queue lets those who change the duties of one control act one after the other, so that a
// form sent twice at once finds what the first did. SQLite has one writer, which does it.
func queue(ctx context.Context, tx *models.Tx, controlID int64) error {
	if !tx.Postgres() {
		return nil
	}
	_, err := models.Value[int64](ctx, tx, "SELECT id FROM controls WHERE id = ? FOR UPDATE", controlID)
	return err
}

// endDelegation ends who holds a window and says how many did. That to holds it already is
// a Conflict.
func endDelegation(ctx context.Context, tx *models.Tx, controlID int64, window period.Span, to int64) (int, error) {
	open, err := models.Rows[Delegation](tx).Where("control_id = ? AND window_from = ? AND window_to = ? AND ended_at IS NULL", controlID, window.From, window.To).Find(ctx)
	if err != nil {
		return 0, err
	}
	for _, d := range open {
		if d.ToID == to {
			return 0, models.Conflict("This task was handed to them already.")
		}
		if err := d.end(ctx, tx); err != nil {
			return 0, err
		}
	}
	return len(open), nil
}

func (d *Delegation) end(ctx context.Context, tx *models.Tx) error {
	d.EndedAt = &tx.Now
	return models.Update(ctx, tx, d, models.Columns{"EndedAt"}, "task.handover.end")
}

// Relieve gives back to the owners what somebody holds who no longer can act, because the
// account was deactivated or has another role. It belongs into the transaction that does.
func Relieve(ctx context.Context, tx *models.Tx, p people.Person) error {
	if p.Status == people.Active && holds(p.Role) {
		return nil
	}
	open, err := models.UnscopedRows[Delegation](tx).Where("to_id = ? AND ended_at IS NULL", p.ID).Order("id").Find(ctx)
	if err != nil {
		return err
	}
	for _, d := range open {
		if err := d.end(ctx, tx); err != nil {
			return err
		}
		c, err := control.ByID(ctx, tx, d.ControlID)
		if err != nil {
			return err
		}
		window := period.Span{From: d.WindowFrom, To: d.WindowTo}
		if err := tell(ctx, tx, notice.HandedOver, c, window, "%s, is yours again: whoever held it no longer can.", deref(c.OwnerID)); err != nil {
			return err
		}
	}
	return nil
}

// holds reports whether who has this role can hold a task.
func holds(role access.Role) bool { return role == access.Owner || role == access.Compliance }

func delegatedTo(ctx context.Context, tx *models.Tx, controlID, person int64, window period.Span) (bool, error) {
	if window.From.IsZero() {
		return false, nil
	}
	n, err := models.Rows[Delegation](tx).Where("control_id = ? AND to_id = ? AND window_from = ? AND window_to = ? AND ended_at IS NULL",
		controlID, person, window.From, window.To).Count(ctx, "id")
	return n > 0, err
}

// handed are the runs of days of c that the actor was handed.
func handed(ctx context.Context, tx *models.Tx, c control.Control) ([]period.Days, error) {
	open, err := models.Rows[Delegation](tx).Where("control_id = ? AND to_id = ? AND ended_at IS NULL", c.ID, tx.Actor.ID).Find(ctx)
	days := make([]period.Days, len(open))
	for n, d := range open {
		days[n] = period.Span{From: d.WindowFrom, To: d.WindowTo}.Days()
	}
	return period.Join(days), err
}

// A Question is what somebody wants to know about a task, and the answer.
type Question struct {
	models.Meta
	ControlID  int64
	Code       string // of the control, which never changes
	WindowFrom models.Date
	WindowTo   models.Date
	Text       string
	AskedBy    int64
	AskedAt    time.Time
	Answer     string
	AnsweredBy *int64
	AnsweredAt *time.Time
}

// TableName is where questions live.
func (Question) TableName() string { return "questions" }

// Path is the address of the control, whose page lists what was asked.
func (q Question) Path() string { return "controls/" + q.Code }

// VisibleTo keeps questions to the company.
func (Question) VisibleTo(a access.Actor) (string, []any) {
	if a.Role == access.Auditor {
		return "1 = 0", nil
	}
	return "", nil
}

// Ask puts a question about a task to the compliance team.
func Ask(ctx context.Context, tx *models.Tx, c control.Control, window period.Span, text string) (Question, error) {
	if err := mayRecord(ctx, tx, c, window); err != nil {
		return Question{}, err
	}
	if err := asked(ctx, tx, c, window); err != nil {
		return Question{}, err
	}
	if text == "" {
		return Question{}, models.Invalid(map[string]string{"question": "Write what you would like to know."})
	}
	if err := queue(ctx, tx, c.ID); err != nil {
		return Question{}, err
	}
	again, err := models.Rows[Question](tx).Where("control_id = ? AND window_from = ? AND window_to = ? AND asked_by = ? AND text = ? AND answered_at IS NULL",
		c.ID, window.From, window.To, tx.Actor.ID, text).Limit(1).Find(ctx)
	if err != nil {
		return Question{}, err
	}
	if len(again) > 0 {
		return again[0], models.Conflict("You asked this already, and it waits for an answer.")
	}
	q := Question{ControlID: c.ID, Code: c.Code, WindowFrom: window.From, WindowTo: window.To, Text: text, AskedBy: tx.Actor.ID, AskedAt: tx.Now}
	if err := models.Insert(ctx, tx, &q, "question.ask", models.Note{"control": c.Code, "window": said(window), "question": text}); err != nil {
		return q, err
	}
	managers, err := notice.Managers(ctx, tx)
	if err != nil {
		return q, err
	}
	if err := tell(ctx, tx, notice.Asked, c, window, "A question was asked about %s.", managers...); err != nil {
		return q, err
	}
	return q, q.mentions(ctx, tx, c, text)
}

// mentions tells those whom a question or its answer names.
func (q Question) mentions(ctx context.Context, tx *models.Tx, c control.Control, text string) error {
	window := period.Span{From: q.WindowFrom, To: q.WindowTo}
	about, err := aboutOf(ctx, tx, c, window)
	if err != nil {
		return err
	}
	return notice.Mentions(ctx, tx, about, "the task of "+q.Code+" for "+InWords(window), text)
}

// Answer answers a question. A compliance manager does, or the control's owner.
func Answer(ctx context.Context, tx *models.Tx, id, rev int64, text string) (Question, error) {
	q, err := models.Rows[Question](tx).Where("id = ?", id).Take(ctx)
	if q, err = models.One(q, err, "Question"); err != nil {
		return q, err
	}
	c, err := control.ByID(ctx, tx, q.ControlID)
	if err != nil {
		return q, err
	}
	switch {
	case !tx.Actor.Can(access.EvidenceReview) && !c.OwnedBy(tx.Actor):
		return q, models.Forbidden("Questions are answered by compliance managers and by the owner of the control.")
	case q.AnsweredAt != nil:
		return q, models.Conflict("This was answered already: " + q.Answer)
	case text == "":
		return q, models.Invalid(map[string]string{"answer": "Write an answer."})
	}
	q.Rev, q.Answer, q.AnsweredBy, q.AnsweredAt = rev, text, &tx.Actor.ID, &tx.Now
	if err := models.Update(ctx, tx, &q, models.Columns{"Answer", "AnsweredBy", "AnsweredAt"}, "question.answer", models.Note{"control": c.Code, "answer": text}); err != nil {
		return q, err
	}
	if err := tell(ctx, tx, notice.Asked, c, period.Span{From: q.WindowFrom, To: q.WindowTo}, "Your question about %s was answered.", q.AskedBy); err != nil {
		return q, err
	}
	return q, q.mentions(ctx, tx, c, text)
}

// Questions lists what was asked about a control, the newest first.
func Questions(ctx context.Context, tx *models.Tx, control int64, limit int) ([]Question, error) {
	return models.Rows[Question](tx).Where("control_id = ?", control).Order("id DESC").Limit(limit).Find(ctx)
}
