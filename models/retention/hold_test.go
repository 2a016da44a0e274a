package retention_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"assay/models"
	"assay/models/access"
	"assay/models/control"
	"assay/models/engagement"
	"assay/models/evidence"
	"assay/models/framework"
	"assay/models/ledger"
	"assay/models/modelstest"
	"assay/models/occurrence"
	"assay/models/period"
	"assay/models/retention"
)

// A world is a control whose first version met CC6.1 from 1 January to 28 February 2026 and
// whose second, from 1 March on, meets GOVERN 1.6 only; evidence of February; and an
// engagement of 2026 with the common criteria in its scope.
type world struct {
	*testing.T
	db                *models.DB
	priya, ines, dana access.Actor
	control           control.Control
	item              evidence.Item
	engagement        engagement.Engagement
}

func (w *world) do(a access.Actor, f func(context.Context, *models.Tx) error) {
	w.Helper()
	if err := modelstest.As(w.T, w.db, a, f); err != nil {
		w.Fatal(err)
	}
}

func eachWorld(t *testing.T, f func(*world)) {
	t.Helper()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		w := &world{T: t, db: db, priya: modelstest.Person(t, db, access.Compliance), ines: modelstest.Person(t, db, access.Compliance), dana: modelstest.Person(t, db, access.Owner)}
		modelstest.At(db, time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC))
		w.first()
		w.prove()
		w.do(w.priya, func(ctx context.Context, tx *models.Tx) (err error) {
			w.engagement, err = engagement.Create(ctx, tx, engagement.Terms{
				Name: "SOC 2 2026", Firm: "Brandt & Okafor", Kind: engagement.Readiness, Criteria: []string{"CC6.1"},
				PeriodStart: "2026-01-01", PeriodEnd: "2026-12-31", Zone: "UTC", OpensOn: "2026-02-01", ClosesOn: "2027-03-31",
			})
			return err
		})
		f(w)
	})
}

func content(code, in string) control.Content {
	return control.Content{
		Title: "Access review", Statement: "Each month access is reviewed.", Category: "Access control", Frequency: "monthly",
		Evidence: models.List[string]{"The export"}, Criteria: models.List[framework.Ref]{{Framework: in, Code: code}},
	}
}

func (w *world) first() {
	w.do(w.priya, func(ctx context.Context, tx *models.Tx) error {
		c, _, err := control.New(ctx, tx, "AC-10", content("CC6.1", framework.SOC2))
		if err != nil {
			return err
		}
		w.control = c
		return control.Assign(ctx, tx, &w.control, &w.dana.ID, nil)
	})
	w.approve()
}

// approve takes the draft of the control through review; it is effective today.
func (w *world) approve() {
	w.Helper()
	w.do(w.priya, func(ctx context.Context, tx *models.Tx) error {
		all, err := control.Versions(ctx, tx, w.control)
		if err != nil {
			return err
		}
		return control.Submit(ctx, tx, &all[0])
	})
	w.do(w.ines, func(ctx context.Context, tx *models.Tx) error {
		all, err := control.Versions(ctx, tx, w.control)
		if err != nil {
			return err
		}
		return control.Approve(ctx, tx, &all[0], models.DateOf(tx.Now, time.UTC))
	})
}

// revise lets the control meet GOVERN 1.6 only, from today on.
func (w *world) revise() {
	w.Helper()
	w.do(w.priya, func(ctx context.Context, tx *models.Tx) error {
		c, err := control.ByID(ctx, tx, w.control.ID)
		if err != nil {
			return err
		}
		v, err := control.Revise(ctx, tx, &c, false)
		if err != nil {
			return err
		}
		id, code, ok := framework.NormaliseCriterion("GOVERN 1.6")
		if !ok {
			w.Fatal("there is no GOVERN 1.6")
		}
		return control.Edit(ctx, tx, &v, content(code, id))
	})
	w.approve()
}

func (w *world) prove() {
	w.do(access.Clock, func(ctx context.Context, tx *models.Tx) error {
		at := tx.Now
		w.item = evidence.Item{
			ControlID: w.control.ID, Status: evidence.Accepted, UploadedBy: w.dana.ID, UploadedAt: at, SubmittedAt: &at, DecidedBy: &w.ines.ID, DecidedAt: &at,
			Details: evidence.Details{Title: "February", Kind: "system_export", Source: "Okta", PerformedAt: &at, CoversFrom: "2026-02-01", CoversTo: "2026-02-28"},
		}
		if err := models.Insert(ctx, tx, &w.item, "evidence.submit"); err != nil {
			return err
		}
		file := evidence.File{EvidenceID: w.item.ID, Digest: strings.Repeat("ab", 32), Name: "a.csv", Size: 1, AddedBy: w.dana.ID, AddedAt: at}
		return models.Insert(ctx, tx, &file, "evidence.file")
	})
}

func (w *world) later(at time.Time) { modelstest.At(w.db, at) }

func (w *world) fate() (f retention.Fate) {
	w.Helper()
	modelstest.Look(w.T, w.db, w.priya, func(ctx context.Context, tx *models.Tx) error {
		list, err := retention.Fates(ctx, tx, []evidence.Item{w.item})
		f = list[0]
		return err
	})
	return f
}

// removes is what the database says when bytes are removed by an approved request.
func (w *world) removes() error {
	w.Helper()
	err := modelstest.As(w.T, w.db, access.Clock, func(ctx context.Context, tx *models.Tx) error {
		r := retention.Request{Kind: retention.Remove, Status: retention.Approved, EvidenceID: &w.item.ID, Reason: "x", AskedBy: w.priya.ID, AskedAt: tx.Now, DecidedBy: &w.ines.ID, DecidedAt: &tx.Now}
		if err := models.Insert(ctx, tx, &r, "retention.ask"); err != nil {
			return err
		}
		f, err := models.Rows[evidence.File](tx).Where("evidence_id = ?", w.item.ID).Take(ctx)
		if err != nil {
			return err
		}
		f.RemovalID = &r.ID
		return models.Update(ctx, tx, &f, models.Columns{"RemovalID"}, "evidence.remove")
	})
	return err
}

func (w *world) hold() {
	w.Helper()
	w.do(w.priya, func(ctx context.Context, tx *models.Tx) error {
		_, err := retention.SetHold(ctx, tx, &w.engagement.ID, nil, "Doe v. Halyard")
		return err
	})
}

// held holds what the application and the database say of a hold against each other.
func (w *world) held(when string) {
	w.Helper()
	if f := w.fate(); f.Held != "Doe v. Halyard" {
		w.Errorf("%s: held %q", when, f.Held)
	}
	if err := w.removes(); err == nil || !strings.Contains(err.Error(), "legal hold") {
		w.Errorf("%s: the database says %v", when, err)
	}
}

// sees reports whether the engagement's auditors see the control, its versions and its evidence.
func (w *world) sees() (controls, versions, items, listed int) {
	w.Helper()
	modelstest.Look(w.T, w.db, w.engagement.Viewer(), func(ctx context.Context, tx *models.Tx) error {
		for _, count := range []struct {
			n *int
			f func() (int, error)
		}{
			{&controls, func() (int, error) { l, err := models.Rows[control.Control](tx).Find(ctx); return len(l), err }},
			{&versions, func() (int, error) { l, err := models.Rows[control.Version](tx).Find(ctx); return len(l), err }},
			{&items, func() (int, error) { l, err := models.Rows[evidence.Item](tx).Find(ctx); return len(l), err }},
			{&listed, func() (int, error) {
				l, err := control.ForCriterion(ctx, tx, framework.Ref{Framework: framework.SOC2, Code: "CC6.1"})
				return len(l), err
			}},
		} {
			var err error
			if *count.n, err = count.f(); err != nil {
				return err
			}
		}
		return nil
	})
	return controls, versions, items, listed
}

// TestRule04AVersionTakesNothingOutOfItsPeriod: rules 4 and 15. What was in scope for two
// months stays with the auditor and under a hold when a version of 1 March leaves the scope.
func TestRule04AVersionTakesNothingOutOfItsPeriod(t *testing.T) {
	eachWorld(t, func(w *world) {
		w.hold()
		w.held("before")
		w.later(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC))
		w.revise()
		w.held("after the control left the scope")
		if c, v, i, l := w.sees(); c != 1 || v != 2 || i != 1 || l != 1 {
			t.Errorf("the auditors see %d controls, %d versions, %d items, and %d under CC6.1", c, v, i, l)
		}
		w.counts(2) // January and February, nothing of March

		w.do(w.priya, func(ctx context.Context, tx *models.Tx) error {
			return engagement.Move(ctx, tx, &w.engagement, engagement.Cancelled, "Another firm.")
		})
		w.held("after the engagement was cancelled")
		report, err := ledger.Verify(t.Context(), w.db)
		if err != nil || len(report.Problems) > 0 {
			t.Errorf("%v %v", report.Problems, err)
		}
	})
}

// counts checks how many windows of the control the period expects.
func (w *world) counts(want int) {
	w.Helper()
	modelstest.Look(w.T, w.db, w.priya, func(ctx context.Context, tx *models.Tx) error {
		f := occurrence.FrameOf(w.engagement.Period(), time.UTC, tx.Now)
		sheets, err := occurrence.Sheets(ctx, tx, f, occurrence.Scope{Criteria: []string{"CC6.1"}})
		if err != nil || len(sheets) != 1 {
			w.Fatalf("%d sheets %v", len(sheets), err)
		}
		n := 0
		for range period.Windows(sheets[0].Facts.Versions, f.Days) {
			n++
		}
		if s := sheets[0]; n != want || s.Effective || !s.Retired {
			w.Errorf("%d windows, effective %t, over %t", n, s.Effective, s.Retired)
		}
		return nil
	})
}

// TestAPeriodAfterTheScopeSeesNothing: a period that begins after the version left
// the scope has nothing to do with the control, and a version that waits shows nothing.
func TestAPeriodAfterTheScopeSeesNothing(t *testing.T) {
	eachWorld(t, func(w *world) {
		w.later(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC))
		w.revise()
		w.do(w.priya, func(ctx context.Context, tx *models.Tx) error {
			terms := w.engagement.Terms()
			terms.PeriodStart = "2026-03-01"
			return engagement.Change(ctx, tx, &w.engagement, terms)
		})
		if c, v, i, l := w.sees(); c+v+i+l != 0 {
			t.Errorf("the auditors see %d controls, %d versions, %d items, and %d under CC6.1", c, v, i, l)
		}
	})
}

// TestVerifyFindsAnAlteredScope: the table is derived, so whoever changes it is found.
func TestVerifyFindsAnAlteredScope(t *testing.T) {
	eachWorld(t, func(w *world) {
		if err := w.db.Bookkeep(t.Context(), func(tx *models.Tx) error {
			_, err := models.Raw[evidence.File](t.Context(), tx, "DELETE FROM version_criteria RETURNING 1 AS id")
			return err
		}); err != nil {
			t.Fatal(err)
		}
		report, err := ledger.Verify(t.Context(), w.db)
		if err != nil || len(report.Problems) != 1 || !strings.Contains(report.Problems[0], `version_criteria lacks "soc2-tsc CC6.1 from 2026-01-01`) {
			t.Errorf("%v %v", report.Problems, err)
		}
	})
}

// TestATermCountsFromTheLaterOfDaysAndUpload: what was typed of its days cannot end the time
// of what was uploaded minutes ago.
func TestATermCountsFromTheLaterOfDaysAndUpload(t *testing.T) {
	eachWorld(t, func(w *world) {
		w.item.CoversFrom, w.item.CoversTo, w.item.ID = "1900-01-01", "1900-01-02", 99
		if f := w.fate(); f.Until != "2033-01-01" {
			t.Errorf("kept until %s", f.Until)
		}
	})
}
