package population

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"assay/internal/sheet"
	"assay/models"
	"assay/models/sample"
)

// An Omission names rows that a version has and that the version before lacked. Only Omit
// makes one, so whoever holds it knows that the lists say so.
type Omission struct {
	Population
	Keys []string
}

// Omit looks whether the rows with these keys are in p and were not in the version before.
// The record of p names the first few of them; for others both lists are read, outside of
// any transaction.
func Omit(p Population, keys []string, rows func() (sheet.Rows, error), before Earlier) (Omission, error) {
	out := Omission{Population: p, Keys: keys}
	switch {
	case p.Status != Locked || p.ReplacesID == nil:
		return out, models.Conflict("What a list omitted is known once its next version is locked.")
	case len(keys) == 0:
		return out, refuse("rows", "Name the rows that were omitted, a key on each line.")
	}
	unknown := slices.DeleteFunc(slices.Clone(keys), func(key string) bool { return slices.Contains(p.Change.V.Added.Examples, key) })
	if len(unknown) == 0 {
		return out, nil
	}
	if p.Change.V.Added.Count > len(p.Change.V.Added.Examples) || slices.ContainsFunc(p.Change.V.Added.Examples, func(e string) bool { return strings.HasSuffix(e, "…") }) {
		var err error
		if unknown, err = p.notAdded(unknown, rows, before); err != nil {
			return out, said(err)
		}
	}
	if len(unknown) > 0 {
		return out, refuse("rows", fmt.Sprintf("%s is no row that %s has and that the version before lacked.", unknown[0], p.Code()))
	}
	return out, nil
}

// notAdded leaves of keys those that are not among what was added.
func (p Population) notAdded(keys []string, rows func() (sheet.Rows, error), before Earlier) (missing []string, err error) {
	if p.ReplacesID == nil || before.ID != *p.ReplacesID {
		return nil, models.NotFound("Population")
	}
	now, err := p.sealed(rows)
	if err != nil {
		return nil, err
	}
	defer closing(now, &err)
	then, err := before.sealed(before.Rows)
	if err != nil {
		return nil, err
	}
	defer closing(then, &err)
	return sample.Missing(sample.AddedTo(now.Items(), then.Items(), p.AddedStratum()), keys)
}

// sealed are the items of a list that is still what was locked.
func (p Population) sealed(rows func() (sheet.Rows, error)) (*sample.List, error) {
	list, err := p.opened(rows)
	if err != nil {
		return nil, err
	}
	sealed, err := list.Seal(discard{})
	if err == nil && sealed.Digest != p.TextDigest {
		err = models.Conflict("The stored list of " + p.Code() + " was altered, so it does not show what was omitted.")
	}
	if err != nil {
		closing(list, &err)
		return nil, err
	}
	return list, nil
}

func closing(l *sample.List, err *error) {
	if closed := l.Close(); *err == nil {
		*err = closed
	}
}

// OmittedBefore reads the population in which rows turned up that the version before
// lacked, as far as the actor may see it.
func OmittedBefore(ctx context.Context, tx *models.Tx, engagement, id int64) (p, before Population, err error) {
	if p, err = ByID(ctx, tx, id); err != nil {
		return p, before, err
	}
	if p.EngagementID != engagement {
		return p, before, models.NotFound("Population")
	}
	before, ok, err := Previous(ctx, tx, p)
	if err == nil && (!ok || p.Status != Locked || p.Change.V.Added.Count == 0) {
		err = models.Conflict(p.Code() + " has no row that a version before lacked.")
	}
	return p, before, err
}
