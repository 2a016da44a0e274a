package evidence

import (
	"context"
	"slices"

	"assay/models"
	"assay/models/control"
	"assay/models/people"
)

// Beside is what the page of an item shows with it.
type Beside struct {
	Files []File
	// Twins are other items that hold a file with the same bytes, among those the actor may
	// see. What they may not see stays unmentioned: that bytes are known is a fact about
	// somebody else's evidence.
	Twins []Item
	// Replaced is the item that this one replaces, and Successors say that they replace this
	// one, as far as the actor may see them: an auditor may see the newer one and not the
	// older. Only what was accepted can be replaced.
	Replaced   *Item
	Successors []Item
	Later      bool                    // accepted evidence of the same control covers a later day than the item, which is accepted too
	Answered   []control.Expected      // what it says to answer
	Hands      map[int64]people.Person // who uploaded, decided on and withdrew it
}

// BesideOf reads it in one query.
func BesideOf(ctx context.Context, tx *models.Tx, i Item) (b Beside, err error) {
	var near []Item
	var versions []control.Version
	var hands []people.Person
	all := []models.Reading{models.Into(files(tx, i.ID), &b.Files), models.Into(twins(tx, i), &b.Twins), models.Into(people.Naming(tx, i.hands()...), &hands)}
	if i.SupersedesID != nil || !i.Status.Open() && i.Status != Submitted {
		all = append(all, models.Into(neighbours(tx, i), &near))
	}
	numbers := make([]int, len(i.Answers))
	for n, a := range i.Answers {
		numbers[n] = a.Version
	}
	if len(numbers) > 0 {
		all = append(all, models.Into(models.Rows[control.Version](tx).Where("control_versions.control_id = ? AND control_versions.number IN ?", i.ControlID, numbers), &versions))
	}
	if err := models.Together(ctx, tx, all...); err != nil {
		return b, err
	}
	b.place(i, near)
	b.Hands = make(map[int64]people.Person, len(hands))
	for _, p := range hands {
		b.Hands[p.ID] = p
	}
	for _, n := range numbers { // what was not found now is not asked for again
		if !slices.ContainsFunc(versions, func(v control.Version) bool { return v.Number == n }) {
			versions = append(versions, control.Version{ControlID: i.ControlID, Number: n})
		}
	}
	b.Answered, err = answered(ctx, tx, i, versions...)
	return b, err
}

// hands are the ids of those who had a part in i.
func (i Item) hands() []int64 {
	ids := []int64{i.UploadedBy}
	for _, id := range []*int64{i.DecidedBy, i.WithdrawnBy} {
		if id != nil {
			ids = append(ids, *id)
		}
	}
	return ids
}

func twins(tx *models.Tx, i Item) models.Query[Item] {
	return models.Rows[Item](tx).Where(`evidence.id <> ? AND evidence.id IN (
		SELECT other.evidence_id FROM evidence_files other
		JOIN evidence_files mine ON mine.digest = other.digest WHERE mine.evidence_id = ?)`, i.ID, i.ID).
		Order("evidence.id").Limit(20)
}

func neighbours(tx *models.Tx, i Item) models.Query[Item] {
	older := int64(0)
	if i.SupersedesID != nil {
		older = *i.SupersedesID
	}
	return models.Rows[Item](tx).Where(`evidence.id IN (SELECT id FROM evidence WHERE id = ? UNION SELECT id FROM evidence WHERE supersedes_id = ?
		UNION SELECT id FROM (SELECT id FROM evidence WHERE control_id = ? AND status = 'accepted' AND covers_to > ? ORDER BY covers_to DESC LIMIT 1) newest)`,
		older, i.ID, i.ControlID, i.CoversTo).Order("evidence.id")
}

// place says what each of the items near i is to it.
func (b *Beside) place(i Item, near []Item) {
	for n, found := range near {
		b.Later = b.Later || found.Status == Accepted && found.CoversTo > i.CoversTo
		switch {
		case i.SupersedesID != nil && found.ID == *i.SupersedesID:
			b.Replaced = &near[n]
		case found.SupersedesID != nil && *found.SupersedesID == i.ID:
			b.Successors = append(b.Successors, found)
		}
	}
}
