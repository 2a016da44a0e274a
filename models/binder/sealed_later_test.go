package binder_test

import (
	"context"
	"strings"
	"testing"

	"assay/models"
	"assay/models/access"
	"assay/models/evidence"
	"assay/models/freeze"
	"assay/models/modelstest"
)

// TestRule08ARedactionAfterTheFreezeLeavesTheBinder: what auditors examined is in the binder
// as they examined it. A copy that is made later takes its place everywhere but there, and
// the pages say so.
func TestRule08ARedactionAfterTheFreezeLeavesTheBinder(t *testing.T) {
	each(t, func(w *world) {
		w.on("2026-04-02")
		early := w.accepted(nil, "2026-01-01", "2026-01-31", w.upload("raw.csv", "salaries of January"))
		w.copied(early.ID, "covered January")
		late := w.accepted(nil, "2026-02-01", "2026-02-28", w.upload("raw.csv", "salaries of February"))
		w.on("2026-07-20")
		w.report()
		company, firm := w.export(w.priya), w.export(w.jonas)
		if after := w.after(); len(after) != 0 {
			w.Errorf("nothing was sealed since, and %v is said", after)
		}
		w.on("2026-08-03")
		w.copied(late.ID, "covered February")
		w.accepted(nil, "2026-03-01", "2026-03-31", w.upload("raw.csv", "salaries of March")) // came after the freeze
		w.sign()
		for _, c := range []struct {
			who    access.Actor
			before []byte
		}{{w.priya, company}, {w.jonas, firm}} {
			again := w.export(c.who)
			if string(again) != string(c.before) {
				w.Errorf("the copy changed the binder that %s gets", c.who.Role)
			}
			w.holds(again)
			if strings.Contains(string(again), "salaries of January") || !strings.Contains(string(again), "salaries of February") || strings.Contains(string(again), "covered February") {
				w.Error("the binder does not hold what was examined: the copy of January, the original of February")
			}
		}
		w.holders(map[string]string{"salaries of January": "", "covered January": "SOC 2 Type II 2026", "salaries of February": "SOC 2 Type II 2026", "salaries of March": ""})
		if after := w.after(); len(after) != 1 || after[0] != late.Code() {
			w.Errorf("sealed since the freeze: %v", after)
		}
		w.intact()
	})
}

// copied puts a redacted copy beside the first file of an item.
func (w *world) copied(item int64, text string) {
	w.Helper()
	w.do(w.priya, func(ctx context.Context, tx *models.Tx) error {
		files, err := evidence.FilesOf(ctx, tx, item)
		if err != nil {
			return err
		}
		_, err = evidence.Redact(ctx, tx, item, files[0].ID, w.upload("covered.csv", text), "Personal data.")
		return err
	})
}

// holders asks in which binders these bytes are.
func (w *world) holders(want map[string]string) {
	w.Helper()
	modelstest.Look(w.T, w.db, w.owner, func(ctx context.Context, tx *models.Tx) error {
		for text, name := range want {
			found, err := freeze.Holding(ctx, tx, sum(text))
			if err != nil {
				return err
			}
			list := found[sum(text)]
			if len(list) != map[bool]int{true: 1}[name != ""] || name != "" && (list[0].Name != name || list[0].FrozenAt.UTC().Format("2006-01-02") != "2026-07-20") {
				w.Errorf("%q is in %+v", text, list)
			}
		}
		return nil
	})
}

// after are the items that were sealed since the freeze.
func (w *world) after() (codes []string) {
	w.Helper()
	modelstest.Look(w.T, w.db, w.priya, func(ctx context.Context, tx *models.Tx) error {
		f, _, err := freeze.Of(ctx, tx, w.engagement.ID)
		if err == nil {
			codes, err = freeze.SealedSince(ctx, tx, f)
		}
		return err
	})
	return codes
}
