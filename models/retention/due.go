package retention

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"assay/models"
	"assay/models/engagement"
	"assay/models/evidence"
	"assay/models/programme"
)

// A Fate is until when an item of evidence is kept, and what keeps it longer.
type Fate struct {
	evidence.Item
	Until models.Date
	Held  string // the reason of a hold, "" when there is none
}

// touching lists, for items, the engagements that can have relied on them: they cover a
// day of the period, and a version of their control in its days, or the one shown today,
// helps to meet a criterion in scope. What says nothing of its days touches every period.
// The trigger evidence_files_removal asks the same of holds.
const touching = `SELECT e.id AS item, g.id AS engagement, g.period_end AS period_end, g.status AS status
	FROM evidence e
	JOIN engagements g ON e.covers_from = '' OR (e.covers_from <= g.period_end AND e.covers_to >= g.period_start)
	WHERE e.id IN ? AND (EXISTS (
		SELECT 1 FROM version_criteria vc
		JOIN engagement_criteria ec ON ec.engagement_id = g.id AND ec.framework = vc.framework AND ec.code = vc.code
		WHERE vc.control_id = e.control_id AND vc.effective_from <= g.period_end AND (vc.effective_to = '' OR vc.effective_to >= g.period_start))
	OR EXISTS (
		SELECT 1 FROM control_criteria cc
		JOIN engagement_criteria ec ON ec.engagement_id = g.id AND ec.framework = cc.framework AND ec.code = cc.code
		WHERE cc.control_id = e.control_id))`

type touch struct {
	Item, Engagement int64
	PeriodEnd        models.Date
	Status           engagement.Status
}

// Fates says until when these items are kept, in four queries.
func Fates(ctx context.Context, tx *models.Tx, items []evidence.Item) ([]Fate, error) {
	if len(items) == 0 {
		return nil, nil
	}
	ids := make([]int64, len(items))
	for n, i := range items {
		ids[n] = i.ID
	}
	touches, err := models.Raw[touch](ctx, tx, touching, ids)
	if err != nil {
		return nil, err
	}
	terms, err := Terms(ctx, tx)
	if err != nil {
		return nil, err
	}
	holds, err := models.Rows[Hold](tx).Where("released_at IS NULL").Find(ctx)
	if err != nil {
		return nil, err
	}
	p, err := programme.Current(ctx, tx)
	fates := make([]Fate, len(items))
	for n, i := range items {
		fates[n] = fateOf(i, touches, terms, holds, p.Location())
	}
	return fates, err
}

func fateOf(i evidence.Item, touches []touch, terms map[int64]Term, holds []Hold, zone *time.Location) Fate {
	f := Fate{Item: i}
	// The later of the two: what was typed about its days must not end its time early.
	last := max(i.CoversTo, models.DateOf(i.UploadedAt, zone))
	f.Until = last.AddMonths(12 * years(terms, 0))
	mine := map[int64]bool{}
	for _, t := range touches {
		if t.Item == i.ID {
			mine[t.Engagement] = true // a hold on a cancelled engagement stays until it is released
			if t.Status == engagement.Cancelled {
				continue
			}
			f.Until = max(f.Until, t.PeriodEnd.AddMonths(12*years(terms, t.Engagement)))
		}
	}
	at := slices.IndexFunc(holds, func(h Hold) bool {
		return value(h.ControlID) == i.ControlID || h.EngagementID != nil && mine[*h.EngagementID]
	})
	if at >= 0 {
		f.Held = holds[at].Reason
	}
	return f
}

// Over reports that the time of f has passed on a day.
func (f Fate) Over(today models.Date) bool { return f.Until < today }

// alone keeps a hold from being set while bytes are being removed, and the other way
// round. SQLite has one writer, which does the same.
func alone(ctx context.Context, tx *models.Tx) error {
	if !tx.Postgres() {
		return nil
	}
	_, err := models.Value[string](ctx, tx, "SELECT CAST(pg_advisory_xact_lock(7365322) AS TEXT)")
	return err
}

// removable is a Conflict for an item that is kept, and says by what.
func removable(ctx context.Context, tx *models.Tx, i evidence.Item) error {
	if err := alone(ctx, tx); err != nil {
		return err
	}
	fates, err := Fates(ctx, tx, []evidence.Item{i})
	if err != nil {
		return err
	}
	today, err := programme.Today(ctx, tx)
	switch f := fates[0]; {
	case err != nil:
		return err
	case f.Held != "":
		return models.Conflict(i.Code() + " is under a legal hold: " + f.Held)
	case !f.Over(today):
		return models.Conflict(fmt.Sprintf("%s is kept until the end of %s.", i.Code(), f.Until.In(time.UTC).Format("2 January 2006")))
	}
	return nil
}

// looked is how many candidates one page of Past looks at: most of them may be kept longer
// than the company's term, by that of an engagement.
const looked = 500

// Past lists items whose time is over and whose bytes are there, held ones among them: the
// oldest first from the cursor after on, which is "" at the beginning, and on the last page
// those that say nothing of their days. next is the cursor of what comes behind, "" at the
// end; a page may be empty and have one.
func Past(ctx context.Context, tx *models.Tx, after string, limit int) (over []Fate, next string, err error) {
	today, err := programme.Today(ctx, tx)
	if err != nil {
		return nil, "", err
	}
	terms, err := Terms(ctx, tx)
	if err != nil {
		return nil, "", err
	}
	least := today.AddMonths(-12 * terms[0].Years)
	day, id := cursorOf(after)
	dated, err := removables(tx).Where("evidence.covers_to <> '' AND evidence.covers_to < ? AND (evidence.covers_to, evidence.id) > (?, ?)", least, day, id).
		Order("evidence.covers_to, evidence.id").Limit(looked + 1).Find(ctx)
	if err != nil {
		return nil, "", err
	}
	if len(dated) > looked {
		dated = dated[:looked]
		next = cursor(dated[looked-1])
	} else {
		undated, err := removables(tx).Where("evidence.covers_to = '' AND evidence.uploaded_at < ?", least.In(time.UTC).AddDate(0, 0, 2)).
			Order("evidence.uploaded_at, evidence.id").Limit(limit).Find(ctx)
		if err != nil {
			return nil, "", err
		}
		dated = append(dated, undated...)
	}
	fates, err := Fates(ctx, tx, dated)
	over = slices.DeleteFunc(fates, func(f Fate) bool { return !f.Over(today) })
	if len(over) > limit && over[limit-1].CoversTo != "" {
		over, next = over[:limit], cursor(over[limit-1].Item)
	}
	return over, next, err
}

// removables are the items whose bytes are there and that nobody asked to remove.
func removables(tx *models.Tx) models.Query[evidence.Item] {
	return models.Rows[evidence.Item](tx).
		Where("EXISTS (SELECT 1 FROM evidence_files f WHERE f.evidence_id = evidence.id AND f.removal_id IS NULL)").
		Where("NOT EXISTS (SELECT 1 FROM retention_requests q WHERE q.evidence_id = evidence.id AND q.status = 'open')")
}

func cursor(i evidence.Item) string { return fmt.Sprintf("%s.%d", i.CoversTo, i.ID) }

// cursorOf reads a cursor; what is none is the beginning.
func cursorOf(s string) (day models.Date, id int64) {
	d, n, _ := strings.Cut(s, ".")
	id, err := strconv.ParseInt(n, 10, 64)
	if err != nil {
		return "", 0
	}
	return models.Date(d), id
}
