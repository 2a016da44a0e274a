package population

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"assay/models"
	"assay/models/sample"
)

// Ticket is how s was drawn, for repeating it.
func (s Sample) Ticket() Ticket {
	return Ticket{Method: s.Method, Seed: s.Seed, Stratum: s.Stratum, Amount: s.Amount, Decimals: s.Decimals, Every: s.Every, Size: s.Size}
}

// stands checks that d was repeated for s as it is now, with these items excluded.
func (s Selection) stands(d Drawn, excluded []string) error {
	if d.population != s.PopulationID || d.ticket.Seed != s.Seed || d.ticket.Stratum != s.Stratum || (d.ticket.Since == nil) != (s.SinceID == nil) || !slices.Equal(d.excluded, excluded) {
		return models.Conflict("Someone changed this sample a moment ago. Please look again.")
	}
	if s.Method != sample.Random {
		return models.Conflict("Only a random sample goes on with the next rank. Draw this one again.")
	}
	return nil
}

// Extend makes a sample longer: d holds its size from now on.
func Extend(ctx context.Context, tx *models.Tx, s Selection, d Drawn, auditor int64, reason string) error {
	p, err := ByID(ctx, tx, s.PopulationID)
	if err != nil {
		return err
	}
	by, err := fieldwork(ctx, tx, p, auditor)
	if err != nil {
		return err
	}
	if s, err = whole(ctx, tx, s.Sample); err != nil {
		return err
	}
	if err := s.stands(d, s.Excluded()); err != nil {
		return err
	}
	switch {
	case d.size <= s.Target():
		return refuse("size", fmt.Sprintf("The sample has %d already. An extension is longer.", s.Target()))
	case strings.TrimSpace(reason) == "":
		return refuse("reason", "Say why the sample is made longer.")
	}
	x := Extension{EngagementID: p.EngagementID, SampleID: s.ID, PopulationID: s.PopulationID, Slug: s.Slug, Size: d.size, Reason: reason, AuditorID: by.Auditor, ExtendedBy: by.By, ExtendedAt: tx.Now}
	if err := models.Insert(ctx, tx, &x, "sample.extend", models.Note{"size": strconv.Itoa(x.Size), "reason": reason}); err != nil {
		return err
	}
	return s.add(ctx, tx, p.EngagementID, d, s.Items)
}

// Exclude takes an item out, and the next rank comes in: d was repeated with it excluded,
// after those that were before. That its evidence is missing is no reason, but a
// deviation.
func Exclude(ctx context.Context, tx *models.Tx, s Selection, item int64, d Drawn, class Class, reason string, auditor int64) error {
	p, err := ByID(ctx, tx, s.PopulationID)
	if err != nil {
		return err
	}
	by, err := fieldwork(ctx, tx, p, auditor)
	if err != nil {
		return err
	}
	if s, err = whole(ctx, tx, s.Sample); err != nil {
		return err
	}
	excepted, err := models.Value[int64](ctx, tx, "SELECT COALESCE(max(finding_id), 0) FROM finding_cells WHERE item_id = ? AND ended_at IS NULL", item)
	if err != nil {
		return err
	}
	missing, err := models.Value[int64](ctx, tx, `SELECT count(*) FROM test_results r WHERE r.item_id = ? AND r.missing
		AND NOT EXISTS (SELECT 1 FROM test_results n WHERE n.test_id = r.test_id AND n.item_id = r.item_id AND n.letter = r.letter AND n.round > r.round)`, item)
	if err != nil {
		return err
	}
	at := slices.IndexFunc(s.Items, func(i Item) bool { return i.ID == item })
	switch {
	case at < 0:
		return models.NotFound("Item")
	case missing > 0:
		return models.Conflict(s.Items[at].Key + " was tested, and its evidence is missing. That is a deviation, and no reason to replace it.")
	case slices.ContainsFunc(s.Exclusions, func(x Exclusion) bool { return x.ItemID == item }):
		return models.Conflict(s.Items[at].Key + " is excluded already.")
	case !slices.Contains(Classes, class):
		return refuse("class", "Choose why the item does not belong. That its evidence is missing is a deviation, and no reason.")
	case strings.TrimSpace(reason) == "":
		return refuse("reason", "Say what shows that the item does not belong.")
	case excepted > 0:
		return models.Conflict(fmt.Sprintf("F-%03d was raised from this item. Dismiss it first, with a reason; then the item can be excluded.", excepted))
	case d.size != s.Target():
		return models.Conflict("Someone changed this sample a moment ago. Please look again.")
	}
	if err := s.stands(d, append(s.Excluded(), s.Items[at].Key)); err != nil {
		return err
	}
	x := Exclusion{
		EngagementID: p.EngagementID, ItemID: item, SampleID: s.ID, PopulationID: s.PopulationID, Slug: s.Slug, Class: class, Reason: reason,
		AuditorID: by.Auditor, ExcludedBy: by.By, ExcludedAt: tx.Now,
	}
	if err := models.Insert(ctx, tx, &x, "sample.exclude", models.Note{"item": s.Items[at].Key, "class": string(class), "reason": reason}); err != nil {
		return err
	}
	return s.add(ctx, tx, p.EngagementID, d, s.Items)
}
