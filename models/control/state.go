package control

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"assay/models"
	"assay/models/access"
	"assay/models/programme"
)

// A Status is where a version stands.
//
//	draft ⇄ in_review → approved → effective → superseded
//	                                         ↘ retired
//
// Author and approver differ; the clock makes an approved version effective on its
// day, and ends the one before it the day before.
type Status string

// The states of a version.
const (
	Draft      Status = "draft"
	InReview   Status = "in_review"
	Approved   Status = "approved"
	Effective  Status = "effective"
	Superseded Status = "superseded"
	Retired    Status = "retired"
)

// Statuses lists the states in the order versions go through them.
var Statuses = []Status{Draft, InReview, Approved, Effective, Superseded, Retired}

// Next is which states can follow which.
var Next = map[Status][]Status{
	Draft:     {InReview},
	InReview:  {Draft, Approved},
	Approved:  {Effective},
	Effective: {Superseded, Retired},
}

// Label is the state in words.
func (s Status) Label() string {
	words := strings.ReplaceAll(string(s), "_", " ")
	if words == "" {
		return ""
	}
	return strings.ToUpper(words[:1]) + words[1:]
}

func (s Status) canBecome(t Status) bool { return slices.Contains(Next[s], t) }

// standing orders versions by how much a list should prefer to show them.
func (v Version) standing() int {
	switch v.Status {
	case Effective:
		return 2
	case Approved, Retired:
		return 1
	case Draft, InReview, Superseded:
	}
	return 0
}

// MayWrite reports whether a may draft versions of c: compliance managers of every
// control, owners of their own.
func MayWrite(a access.Actor, c Control) bool {
	return a.Can(access.ControlWrite) && (a.Can(access.ControlApprove) || c.OwnedBy(a))
}

// MayApprove reports whether a may approve v: nobody approves what they wrote in.
func MayApprove(a access.Actor, v Version) bool {
	return a.Can(access.ControlApprove) && v.Status == InReview && !is(v.AuthorID, a.ID) && !slices.Contains(v.Writers, a.ID)
}

// of loads the control of v for somebody who may write versions of it.
func of(ctx context.Context, tx *models.Tx, v *Version) (Control, error) {
	c, err := ByID(ctx, tx, v.ControlID)
	if err == nil && !MayWrite(tx.Actor, c) {
		err = models.Forbidden("Only the owner of " + c.Code + " and compliance managers can write versions of it.")
	}
	return c, err
}

func (v *Version) move(to Status) error {
	if !v.Status.canBecome(to) {
		return models.Conflict(fmt.Sprintf("Version %d is %s. It cannot become %s.", v.Number, strings.ToLower(v.Status.Label()), strings.ToLower(to.Label())))
	}
	v.Status = to
	return nil
}

// Submit sends a draft to review. It is refused until the control has an owner and the
// version a statement, a frequency, expected evidence and a criterion.
func Submit(ctx context.Context, tx *models.Tx, v *Version) error {
	c, err := of(ctx, tx, v)
	if err != nil {
		return err
	}
	if err := v.move(InReview); err != nil {
		return err
	}
	if missing := v.missing(c); len(missing) > 0 {
		return models.Invalid(missing)
	}
	v.SubmittedAt = &tx.Now
	if err := models.Update(ctx, tx, v, models.Columns{"Status", "SubmittedAt"}, "version.submit"); err != nil {
		return err
	}
	return show(ctx, tx, &c)
}

func (v *Version) missing(c Control) map[string]string {
	wrong := map[string]string{}
	if c.OwnerID == nil {
		wrong["owner"] = "Assign an owner first."
	}
	if v.Statement == "" {
		wrong["statement"] = "Say what the control does."
	}
	if v.Frequency == "" {
		wrong["frequency"] = "Say how often the control acts."
	}
	if len(v.Evidence) == 0 {
		wrong["evidence"] = "Name the evidence to expect."
	}
	if len(v.Criteria) == 0 {
		wrong["criteria"] = "Name at least one criterion."
	}
	return wrong
}

// Return sends a version in review back to its author, with a reason.
func Return(ctx context.Context, tx *models.Tx, v *Version, reason string) error {
	if reason = strings.TrimSpace(reason); reason == "" {
		return models.Invalid(map[string]string{"reason": "Say what has to change."})
	}
	if err := v.move(Draft); err != nil {
		return err
	}
	c, err := ByID(ctx, tx, v.ControlID)
	if err != nil {
		return err
	}
	v.SubmittedAt = nil
	if err := models.Update(ctx, tx, v, models.Columns{"Status", "SubmittedAt"}, "version.return", models.Note{"reason": reason}); err != nil {
		return err
	}
	return show(ctx, tx, &c)
}

// Approve lets a version in review take effect on the day from. It refuses whoever
// wrote in it, a day that has passed where the company is, and a day that is not
// after the start of every version before it. A version for today is effective at once.
func Approve(ctx context.Context, tx *models.Tx, v *Version, from models.Date) error {
	if is(v.AuthorID, tx.Actor.ID) || slices.Contains(v.Writers, tx.Actor.ID) {
		return models.Forbidden("You wrote in this version. Somebody else has to approve it.")
	}
	if err := v.move(Approved); err != nil {
		return err
	}
	today, err := programme.Today(ctx, tx)
	if err != nil {
		return err
	}
	if err := v.checkStart(ctx, tx, from, today); err != nil {
		return err
	}
	v.ApproverID, v.ApprovedAt, v.EffectiveFrom = &tx.Actor.ID, &tx.Now, from
	set := models.Columns{"Status", "ApproverID", "ApprovedAt", "EffectiveFrom"}
	if err := models.Update(ctx, tx, v, set, "version.approve", models.Note{"effective_from": string(from)}); err != nil {
		return err
	}
	if from == today {
		return activate(ctx, tx, v)
	}
	c, err := ByID(ctx, tx, v.ControlID)
	if err != nil {
		return err
	}
	return show(ctx, tx, &c)
}

func (v *Version) checkStart(ctx context.Context, tx *models.Tx, from, today models.Date) error {
	refuse := func(message string) error {
		return models.Invalid(map[string]string{"effective_from": message})
	}
	if from.IsZero() {
		return refuse("Say from which day on it holds.")
	}
	if from < today {
		return refuse("Nothing is backdated. The earliest day is today, " + string(today) + ".")
	}
	others, err := models.Rows[Version](tx).Where("control_id = ? AND id <> ? AND effective_from <> ''", v.ControlID, v.ID).Find(ctx)
	if err != nil {
		return err
	}
	for _, o := range others {
		if last := max(o.EffectiveFrom, o.EffectiveTo); from <= last {
			return refuse(fmt.Sprintf("Version %d holds on %s. Two versions cannot hold on one day, so the earliest is %s.", o.Number, last, last.AddDays(1)))
		}
	}
	return nil
}

// Activate makes approved versions effective whose day has come where the company is,
// and ends the versions before them the day before. It returns how many there were,
// and leaves no leaf when there were none.
func Activate(ctx context.Context, tx *models.Tx) (int, error) {
	today, err := programme.Today(ctx, tx)
	if err != nil {
		return 0, err
	}
	due, err := models.UnscopedRows[Version](tx).Where("status = ? AND effective_from <= ?", Approved, today).Order("effective_from, id").Find(ctx)
	if err != nil {
		return 0, err
	}
	for i := range due {
		if err := activate(ctx, tx, &due[i]); err != nil {
			return i, err
		}
	}
	return len(due), nil
}

// Waiting reports whether Activate would find anything, so that the clock need not
// open a write for nothing.
func Waiting(ctx context.Context, tx *models.Tx) (bool, error) {
	today, err := programme.Today(ctx, tx)
	if err != nil {
		return false, err
	}
	n, err := models.Value[int](ctx, tx, "SELECT count(*) FROM control_versions WHERE status = ? AND effective_from <= ?", Approved, today)
	return n > 0, err
}

func activate(ctx context.Context, tx *models.Tx, v *Version) error {
	if err := endBefore(ctx, tx, v); err != nil {
		return err
	}
	if err := v.move(Effective); err != nil {
		return err
	}
	if err := models.Update(ctx, tx, v, models.Columns{"Status"}, "version.activate"); err != nil {
		return err
	}
	c, err := ByID(ctx, tx, v.ControlID)
	if err != nil {
		return err
	}
	return show(ctx, tx, &c)
}

func endBefore(ctx context.Context, tx *models.Tx, v *Version) error {
	before, err := models.UnscopedRows[Version](tx).Where("control_id = ? AND status = ?", v.ControlID, Effective).Find(ctx)
	for _, old := range before {
		if err := old.move(Superseded); err != nil {
			return err
		}
		old.EffectiveTo = v.EffectiveFrom.AddDays(-1)
		if err := models.Update(ctx, tx, &old, models.Columns{"Status", "EffectiveTo"}, "version.supersede"); err != nil {
			return err
		}
	}
	return err
}

// Retire ends the effective version of a control today, with a reason. It is refused
// while it would leave a criterion of a running engagement without a control, unless
// override is set, and while an approved version waits to follow.
func Retire(ctx context.Context, tx *models.Tx, c *Control, reason string, override bool) error {
	if reason = strings.TrimSpace(reason); reason == "" {
		return models.Invalid(map[string]string{"reason": "Say why the control is retired."})
	}
	v, err := retirable(ctx, tx, *c)
	if err != nil {
		return err
	}
	bare, err := UncoveredWithout(ctx, tx, *c)
	if err != nil {
		return err
	}
	if len(bare) > 0 && !override {
		return models.Invalid(map[string]string{"override": "Without " + c.Code + " nothing covers " + strings.Join(bare, ", ") + ". Confirm that you retire it all the same."})
	}
	if v.EffectiveTo, err = programme.Today(ctx, tx); err != nil {
		return err
	}
	if err := v.move(Retired); err != nil {
		return err
	}
	v.EndedReason = reason
	note := models.Note{"reason": reason, "uncovered": strings.Join(bare, ", ")}
	if err := models.Update(ctx, tx, &v, models.Columns{"Status", "EffectiveTo", "EndedReason"}, "version.retire", note); err != nil {
		return err
	}
	return show(ctx, tx, c)
}

func retirable(ctx context.Context, tx *models.Tx, c Control) (Version, error) {
	live, err := models.Rows[Version](tx).Where("control_id = ? AND status IN ?", c.ID, []Status{Effective, Approved}).Find(ctx)
	if err != nil {
		return Version{}, err
	}
	var effective Version
	for _, v := range live {
		if v.Status == Approved {
			return v, models.Conflict(fmt.Sprintf("Version %d is approved and takes effect on %s. The control can be retired after that.", v.Number, v.EffectiveFrom))
		}
		effective = v
	}
	if effective.ID == 0 {
		return effective, models.Conflict(c.Code + " is not in effect, so there is nothing to retire.")
	}
	return effective, nil
}

// UncoveredWithout names the criteria of running engagements that only c covers, each
// with its engagement.
func UncoveredWithout(ctx context.Context, tx *models.Tx, c Control) ([]string, error) {
	type hole struct{ Code, Name string }
	holes, err := models.Raw[hole](ctx, tx, `SELECT ec.code AS code, e.name AS name FROM engagement_criteria ec
		JOIN engagements e ON e.id = ec.engagement_id
		JOIN control_criteria mine ON mine.framework = ec.framework AND mine.code = ec.code AND mine.control_id = ?
		WHERE e.status NOT IN ('issued', 'archived', 'cancelled') AND NOT EXISTS (
			SELECT 1 FROM control_criteria o JOIN controls k ON k.id = o.control_id
			WHERE o.framework = ec.framework AND o.code = ec.code AND o.control_id <> ? AND k.status = 'effective')
		ORDER BY e.id, ec.code`, c.ID, c.ID)
	names := make([]string, len(holes))
	for i, h := range holes {
		names[i] = h.Code + " in " + h.Name
	}
	return names, err
}

// HeldOn reports whether v was effective on some day from one date to another.
func (v Version) HeldOn(from, to models.Date) bool {
	return !v.EffectiveFrom.IsZero() && v.EffectiveFrom <= to && (v.EffectiveTo.IsZero() || v.EffectiveTo >= from) &&
		v.Status != Approved
}
