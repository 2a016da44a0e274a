package evidence

import (
	"cmp"
	"context"
	"slices"
	"time"

	"assay/models"
	"assay/models/control"
	"assay/models/period"
)

// Recent is how many finished windows of a control are asked for. Older ones stay to be
// seen with the control; a list of everything ever missed helps nobody to begin.
const Recent = 2

// lookBack is how many days hold the last Recent windows of the slowest rhythm.
const lookBack = Recent * 366

// A Debt is evidence that somebody owes for one window of one control.
type Debt struct {
	Control control.Control
	Window  period.Window
	Missing []period.Span // the days of the window that nothing covers yet
}

// Partly reports that something was sent for the window, and not enough.
func (d Debt) Partly() bool {
	return len(d.Missing) > 1 || len(d.Missing) == 1 && d.Missing[0] != d.Window.Span
}

// Debts is what somebody owes, as of a day.
type Debts struct {
	Today     models.Date
	Late, Due []Debt // finished windows, past and within their grace
	Coming    []Debt // windows that still run
	Backup    []Debt // finished windows of controls that the actor backs up
	Undated   []control.Control
	since     models.Date
}

// Owed lists what the actor owes for the effective controls they own: of each control, the
// last Recent finished windows that ended on since or later and the running one, as far
// as submitted and accepted items leave days of them uncovered. Returned items do not
// count. Controls without a rhythm are listed apart, for no date can be named for them,
// and so is what the owners of controls owe that the actor backs up.
func Owed(ctx context.Context, tx *models.Tx, zone *time.Location, since models.Date) (Debts, error) {
	out := Debts{Today: models.DateOf(tx.Now, zone)}
	out.since = max(since, out.Today.AddDays(-lookBack))
	mine, err := models.Rows[control.Control](tx).
		Where("(controls.owner_id = ? OR controls.backup_id = ?)", tx.Actor.ID, tx.Actor.ID).Order("controls.code").Find(ctx)
	// What is asked for by state as well, the database looks for by state: it then reads
	// every effective control there is. A person's own are few.
	mine = slices.DeleteFunc(mine, func(c control.Control) bool { return c.Status != control.Effective })
	if err != nil || len(mine) == 0 {
		return out, err
	}
	ids := make([]int64, len(mine))
	for n, c := range mine {
		ids[n] = c.ID
	}
	versions, err := versionsOf(ctx, tx, ids)
	if err != nil {
		return out, err
	}
	covered, err := coveredBy(ctx, tx, ids)
	if err != nil {
		return out, err
	}
	for _, c := range mine {
		owner := c.OwnerID != nil && *c.OwnerID == tx.Actor.ID
		if owner && !period.Dated(c.Frequency) {
			out.Undated = append(out.Undated, c)
		}
		out.add(c, owner, versions[c.ID], covered[c.ID])
	}
	for _, list := range [][]Debt{out.Late, out.Due, out.Coming, out.Backup} {
		slices.SortStableFunc(list, func(a, b Debt) int { return cmp.Compare(a.Window.Due, b.Window.Due) })
	}
	return out, nil
}

func (o *Debts) add(c control.Control, owner bool, versions []period.Version, covered []period.Span) {
	ended := period.Windows(versions, o.since, o.Today.AddDays(-1))
	running := period.Windows(versions, o.Today, o.Today.AddDays(400))
	for _, w := range slices.Concat(ended[max(0, len(ended)-Recent):], running[:min(1, len(running))]) {
		missing := period.Holes(w.Span, covered)
		if len(missing) == 0 {
			continue
		}
		d := Debt{Control: c, Window: w, Missing: missing}
		switch {
		case !owner && w.To < o.Today:
			o.Backup = append(o.Backup, d)
		case !owner: // nothing to stand in for yet
		case w.To >= o.Today:
			o.Coming = append(o.Coming, d)
		case w.Due >= o.Today:
			o.Due = append(o.Due, d)
		default:
			o.Late = append(o.Late, d)
		}
	}
}

// versionsOf reads the rhythms that these controls have had.
func versionsOf(ctx context.Context, tx *models.Tx, controls []int64) (map[int64][]period.Version, error) {
	type row struct {
		ControlID     int64
		Frequency     string
		AnchorMonth   int
		EffectiveFrom models.Date
		EffectiveTo   models.Date
		Status        control.Status
	}
	rows, err := models.Raw[row](ctx, tx, `SELECT control_id, frequency, anchor_month, effective_from, effective_to, status
		FROM control_versions WHERE control_id IN ? ORDER BY control_id, number`, controls)
	out := map[int64][]period.Version{}
	for _, r := range rows {
		if r.Status != control.Effective && r.Status != control.Superseded {
			continue
		}
		out[r.ControlID] = append(out[r.ControlID], period.Version{
			Frequency: r.Frequency, AnchorMonth: r.AnchorMonth,
			Effective: period.Span{From: r.EffectiveFrom, To: r.EffectiveTo},
		})
	}
	return out, err
}

// coveredBy reads which days submitted and accepted items cover, by control.
func coveredBy(ctx context.Context, tx *models.Tx, controls []int64) (map[int64][]period.Span, error) {
	items, err := models.Rows[Item](tx).Select("evidence.control_id", "evidence.status", "evidence.covers_from", "evidence.covers_to").
		Where("evidence.control_id IN ? AND evidence.covers_to >= ?", controls, models.DateOf(tx.Now, time.UTC).AddDays(-lookBack-400)).Find(ctx)
	out := map[int64][]period.Span{}
	for _, i := range items {
		if i.Status != Submitted && i.Status != Accepted {
			continue
		}
		out[i.ControlID] = append(out[i.ControlID], period.Span{From: i.CoversFrom, To: i.CoversTo})
	}
	return out, err
}
