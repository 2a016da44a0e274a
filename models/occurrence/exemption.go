package occurrence

import (
	"context"
	"slices"
	"time"

	"assay/models"
	"assay/models/access"
	"assay/models/control"
	"assay/models/notice"
	"assay/models/period"
)

// An Exemption says that there was nothing to do in a window. It counts once somebody
// who neither asked nor owns the control has approved it.
type Exemption struct {
	models.Meta
	ControlID    int64
	Code         string // of the control, which never changes
	WindowFrom   models.Date
	WindowTo     models.Date
	Reason       string
	Status       ExemptionStatus
	AskedBy      int64
	AskedAt      time.Time
	OwnerID      *int64 // the control's owner when it was decided
	DecidedBy    *int64
	DecidedAt    *time.Time
	DecisionNote string
}

// An ExemptionStatus is where an exemption stands.
//
//	asked → approved → withdrawn
//	      ↘ refused
//	      ↘ withdrawn
type ExemptionStatus string

// The states of an exemption.
const (
	Asked     ExemptionStatus = "asked"
	Approved  ExemptionStatus = "approved"
	Refused   ExemptionStatus = "refused"
	Withdrawn ExemptionStatus = "withdrawn"
)

// ExemptionStatuses lists every status in the order of a life.
var ExemptionStatuses = []ExemptionStatus{Asked, Approved, Refused, Withdrawn}

// ExemptionNext is which states can follow which.
var ExemptionNext = map[ExemptionStatus][]ExemptionStatus{
	Asked:    {Approved, Refused, Withdrawn},
	Approved: {Withdrawn},
}

// Label is s in words.
func (s ExemptionStatus) Label() string {
	switch s {
	case Asked:
		return "Waits for approval"
	case Approved:
		return "Not applicable, approved"
	case Refused:
		return "Refused"
	case Withdrawn:
		return "Withdrawn"
	}
	return string(s)
}

// LabelOn is s in words on a day, of a window that begins on another. What was approved of a
// window to come is nothing yet.
func (s ExemptionStatus) LabelOn(today, begins period.Day) string {
	if s == Approved && begins > today {
		return "Approved; counts once the window begins"
	}
	return s.Label()
}

// TableName is where exemptions live.
func (Exemption) TableName() string { return "exemptions" }

// Path is the address of the control, whose page lists what did not apply.
func (e Exemption) Path() string { return "controls/" + e.Code }

// Window is the days e speaks of.
func (e Exemption) Window() period.Span { return period.Span{From: e.WindowFrom, To: e.WindowTo} }

// VisibleTo gives the company everything, and an auditor what was approved for controls
// in scope of an open engagement.
func (Exemption) VisibleTo(a access.Actor) (string, []any) {
	cond, args := ofVisibleControls("exemptions", a)
	if a.Role == access.Auditor {
		cond = "exemptions.status = 'approved' AND " + cond
	}
	return cond, args
}

// Excuse asks that a window does not count, with a reason that the auditor can read.
func Excuse(ctx context.Context, tx *models.Tx, c control.Control, window period.Span, reason string) (Exemption, error) {
	if err := mayRecord(ctx, tx, c, window); err != nil {
		return Exemption{}, err
	}
	if reason == "" {
		return Exemption{}, models.Invalid(map[string]string{"reason": "Say why there was nothing to do. The auditors can read it."})
	}
	if err := expected(ctx, tx, c, window); err != nil {
		return Exemption{}, err
	}
	e := Exemption{
		ControlID: c.ID, Code: c.Code, WindowFrom: window.From, WindowTo: window.To, Reason: reason, Status: Asked, AskedBy: tx.Actor.ID, AskedAt: tx.Now,
	}
	err := models.Insert(ctx, tx, &e, "exemption.ask", models.Note{"control": c.Code, "window": said(window), "reason": reason})
	if models.Duplicate(err) {
		return e, models.Conflict("Somebody has already asked for this.")
	}
	return e, err
}

// expected refuses a window that is none of c's, or further ahead than tasks are looked for.
func expected(ctx context.Context, tx *models.Tx, c control.Control, window period.Span) error {
	d, today := window.Days(), period.DayAt(tx.Now, time.UTC)
	none := &models.Error{Kind: models.KindNotFound, Message: c.Code + " has no window of these days, so nothing was written. Go to the task from the list of tasks or from the page of the control."}
	if window.From.IsZero() || window.To.IsZero() || d.Len() == 0 || d.First > TaskDays(window.From, today).Last {
		return none
	}
	sheets, err := Sheets(ctx, tx, Frame{Days: d, Zone: time.UTC, Today: today, Now: tx.Now}, Scope{Controls: []int64{c.ID}})
	if err != nil {
		return err
	}
	for _, s := range sheets {
		for w := range period.Windows(s.Facts.Versions, period.Days{First: d.Last, Last: d.Last}) {
			if w.Days == d {
				return nil
			}
		}
	}
	return none
}

// asked refuses what no task is about: what is neither a window of c nor a month of which
// lists are to speak.
func asked(ctx context.Context, tx *models.Tx, c control.Control, window period.Span) error {
	err := expected(ctx, tx, c, window)
	if models.KindOf(err) != models.KindNotFound {
		return err
	}
	listed, again := needsList(ctx, tx, c, window)
	if again != nil || listed {
		return again
	}
	return err
}

// needsList reports whether window is a month that has begun in which c rests on lists and has
// no window of these days.
func needsList(ctx context.Context, tx *models.Tx, c control.Control, window period.Span) (bool, error) {
	d, today := window.Days(), period.DayAt(tx.Now, time.UTC)
	if window.From.IsZero() || window.To.IsZero() || d != wholeMonth(d.First) || d.First > today+1 {
		return false, nil
	}
	sheets, err := Sheets(ctx, tx, Frame{Days: d, Zone: time.UTC, Today: today, Now: tx.Now}, Scope{Controls: []int64{c.ID}})
	if err != nil || len(sheets) == 0 || sheets[0].ListOn(d) == "" {
		return false, err
	}
	err = expected(ctx, tx, c, window)
	if models.KindOf(err) == models.KindNotFound {
		return true, nil
	}
	return false, err
}

// wholeMonth is the month that d is in.
func wholeMonth(d period.Day) period.Days {
	return period.Days{First: d.MonthStart(), Last: (d.MonthStart() + 31).MonthStart() - 1}
}

// Decide approves or refuses an exemption. Whoever asked cannot, nor whoever answers for the
// control or did at any time since the window began; a refusal has a reason. What was
// approved of a window to come counts from its first day on.
func Decide(ctx context.Context, tx *models.Tx, id, rev int64, approve bool, note string) (Exemption, error) {
	if !tx.Actor.Can(access.EvidenceReview) {
		return Exemption{}, models.Forbidden("A compliance manager decides whether a control did not apply.")
	}
	e, c, err := exemption(ctx, tx, id)
	if err != nil {
		return e, err
	}
	to := Refused
	if approve {
		to = Approved
	}
	switch {
	case e.AskedBy == tx.Actor.ID:
		return e, models.Forbidden("You asked for this yourself. Somebody else has to decide.")
	case c.HeldSince(tx.Actor.ID, e.WindowFrom):
		return e, models.Forbidden("You answer for this control, or did since that window began. Somebody else has to decide.")
	case !slices.Contains(ExemptionNext[e.Status], to):
		return e, models.Conflict("This was decided already: " + e.Status.Label() + ".")
	case !approve && note == "":
		return e, models.Invalid(map[string]string{"note": "Say why not, so that the owner knows what is still to do."})
	}
	e.Rev, e.Status, e.OwnerID, e.DecidedBy, e.DecidedAt, e.DecisionNote = rev, to, c.OwnerID, &tx.Actor.ID, &tx.Now, note
	set := models.Columns{"Status", "OwnerID", "DecidedBy", "DecidedAt", "DecisionNote"}
	if err := models.Update(ctx, tx, &e, set, "exemption."+string(to), models.Note{"control": c.Code, "window": said(e.Window()), "note": note}); err != nil {
		return e, err
	}
	sentence := "%s, still counts: what you said was refused, with a reason."
	if approve {
		sentence = "%s, does not count: what you said was approved."
	}
	return e, tell(ctx, tx, notice.Exempted, c, e.Window(), sentence, e.AskedBy)
}

// TakeBack withdraws an exemption: whoever asked until it is decided, a compliance
// manager at any time. What was approved is taken back with a reason, and whoever asked and
// whoever owns the control are told.
func TakeBack(ctx context.Context, tx *models.Tx, id, rev int64, note string) (Exemption, error) {
	e, c, err := exemption(ctx, tx, id)
	if err != nil {
		return e, err
	}
	if !tx.Actor.Can(access.EvidenceReview) && (e.AskedBy != tx.Actor.ID || e.Status != Asked) {
		return e, models.Forbidden("What was decided is taken back by a compliance manager.")
	}
	if !slices.Contains(ExemptionNext[e.Status], Withdrawn) {
		return e, models.Conflict("This no longer counts: " + e.Status.Label() + ".")
	}
	decided := e.Status == Approved
	if decided && note == "" {
		return e, models.Invalid(map[string]string{"note": "Say why this applies after all. The reason stays with the record."})
	}
	e.Rev, e.Status = rev, Withdrawn
	err = models.Update(ctx, tx, &e, models.Columns{"Status"}, "exemption.withdrawn", models.Note{"control": c.Code, "window": said(e.Window()), "note": note})
	if err != nil || !decided {
		return e, err
	}
	return e, tell(ctx, tx, notice.Exempted, c, e.Window(), "%s, counts again: what was approved was taken back.", e.AskedBy, deref(c.OwnerID))
}

func exemption(ctx context.Context, tx *models.Tx, id int64) (Exemption, control.Control, error) {
	e, err := models.Rows[Exemption](tx).Where("exemptions.id = ?", id).Take(ctx)
	if e, err = models.One(e, err, "Exemption"); err != nil {
		return e, control.Control{}, err
	}
	c, err := control.ByID(ctx, tx, e.ControlID)
	return e, c, err
}

// Undecided reads what waits for a compliance manager, the oldest first: what is said not to
// apply, and open questions.
func Undecided(ctx context.Context, tx *models.Tx, limit int) (waiting []Exemption, open []Question, err error) {
	err = models.Together(ctx, tx,
		models.Into(models.Rows[Exemption](tx).Where("exemptions.status = 'asked'").Order("exemptions.asked_at, exemptions.id").Limit(limit), &waiting),
		models.Into(models.Rows[Question](tx).Where("answered_at IS NULL").Order("asked_at, id").Limit(limit), &open))
	return waiting, open, err
}

// Exemptions lists what was said of a control, the latest window first.
func Exemptions(ctx context.Context, tx *models.Tx, control int64, limit int) ([]Exemption, error) {
	return models.Rows[Exemption](tx).Where("exemptions.control_id = ?", control).Order("exemptions.window_from DESC, exemptions.id DESC").Limit(limit).Find(ctx)
}
