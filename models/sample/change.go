package sample

import (
	"cmp"
	"fmt"
	"iter"
)

// A Change is how a list differs from the version before.
type Change struct {
	Added, Removed Noted
	Changed        Noted // the same key, and its row says something else
}

// Any reports whether there is a difference.
func (c Change) Any() bool { return c.Added.Count+c.Removed.Count+c.Changed.Count > 0 }

// ChangeOf compares a list with the version before. Both come in the order of their keys,
// each key once, as they do from a list that was sealed.
func ChangeOf(now, before iter.Seq2[Item, error]) (Change, error) {
	var c Change
	err := compare(now, before, func(a, b *Item) bool {
		switch {
		case b == nil:
			c.Added.note("%s", short(a.Key))
		case a == nil:
			c.Removed.note("%s", short(b.Key))
		case a.Digest != b.Digest:
			c.Changed.note("%s", short(a.Key))
		}
		return true
	})
	return c, err
}

// AddedStratum names the stratum of what was added to a list in this version of it.
func AddedStratum(version int64) string { return fmt.Sprintf("added in version %d", version) }

// AddedTo are the items whose key the version before does not have, as items of a stratum
// of their own.
func AddedTo(now, before iter.Seq2[Item, error], stratum string) iter.Seq2[Item, error] {
	return func(yield func(Item, error) bool) {
		stopped := false
		err := compare(now, before, func(a, b *Item) bool {
			if a == nil || b != nil {
				return true
			}
			it := *a
			it.Stratum = stratum
			stopped = !yield(it, nil)
			return !stopped
		})
		if err != nil && !stopped {
			yield(Item{}, err)
		}
	}
}

// compare walks two lists in the order of their keys. f gets nil for a list that has no
// item of the key, and ends the walk with false.
func compare(now, before iter.Seq2[Item, error], f func(a, b *Item) bool) error {
	nextA, stopA := iter.Pull2(now)
	defer stopA()
	nextB, stopB := iter.Pull2(before)
	defer stopB()
	a, errA, moreA := nextA()
	b, errB, moreB := nextB()
	for moreA || moreB {
		if err := cmp.Or(errA, errB); err != nil {
			return err
		}
		inA, inB := moreA && (!moreB || a.Key <= b.Key), moreB && (!moreA || b.Key <= a.Key)
		var left, right *Item
		if inA {
			left = &a
		}
		if inB {
			right = &b
		}
		if !f(left, right) {
			return nil
		}
		if inA {
			a, errA, moreA = nextA()
		}
		if inB {
			b, errB, moreB = nextB()
		}
	}
	return nil
}
