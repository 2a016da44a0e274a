package demo_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"assay/internal/blob"
	"assay/internal/demo"
	"assay/models"
	"assay/models/access"
	"assay/models/control"
	"assay/models/custody"
	"assay/models/engagement"
	"assay/models/evidence"
	"assay/models/finding"
	"assay/models/ledger"
	"assay/models/modelstest"
	"assay/models/people"
	"assay/models/request"
)

const issuer = "http://127.0.0.1:8080/demo-idp"

// noon is a Monday with a weekend behind it and a month end ahead.
var noon = time.Date(2026, 11, 23, 17, 0, 0, 0, time.UTC)

func open(t *testing.T, db *models.DB, at time.Time) blob.Store {
	t.Helper()
	store, err := blob.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	modelstest.At(db, at)
	start := time.Now()
	if err := demo.Open(t.Context(), db, store, issuer); err != nil {
		t.Fatal(err)
	}
	t.Logf("told in %s", time.Since(start).Round(time.Millisecond))
	return store
}

func count(t *testing.T, db *models.DB, query string, args ...any) (n int) {
	t.Helper()
	modelstest.Look(t, db, access.Clock, func(ctx context.Context, tx *models.Tx) (err error) {
		n, err = models.Value[int](ctx, tx, query, args...)
		return err
	})
	return n
}

func TestTheCompanyShowsEveryState(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		store := open(t, db, noon)
		atLeast := func(what string, least int, query string, args ...any) {
			t.Helper()
			if n := count(t, db, query, args...); n < least {
				t.Errorf("%s: %d, want at least %d", what, n, least)
			}
		}
		atLeast("controls", 131, "SELECT count(*) FROM controls")
		atLeast("controls without an owner", 2, "SELECT count(*) FROM controls WHERE owner_id IS NULL AND template <> ''")
		atLeast("evidence", 130, "SELECT count(*) FROM evidence")
		atLeast("populations with an omitted row", 1, "SELECT count(*) FROM populations WHERE replaces_id IS NOT NULL AND status = 'locked' AND change_note <> ''")
		for _, r := range access.Roles {
			atLeast("people who are "+string(r), 1, "SELECT count(*) FROM people WHERE role = ? AND status = 'active'", string(r))
		}
		for _, s := range control.Statuses {
			atLeast("versions in "+string(s), 1, "SELECT count(*) FROM control_versions WHERE status = ?", string(s))
		}
		for _, s := range evidence.Statuses {
			atLeast("evidence in "+string(s), 2, "SELECT count(*) FROM evidence WHERE status = ?", string(s))
		}
		for _, s := range finding.Statuses {
			atLeast("findings in "+string(s), 1, "SELECT count(*) FROM findings WHERE status = ?", string(s))
		}
		for _, s := range []string{"draft", "submitted", "approved", "rejected", "in_progress", "completed", "verified"} {
			atLeast("plans in "+s, 1, "SELECT count(*) FROM remediation_plans WHERE status = ?", s)
		}
		for _, s := range []string{"planned", "in_progress", "done", "verified", "cancelled"} {
			atLeast("milestones in "+s, 1, "SELECT count(*) FROM milestones WHERE status = ?", s)
		}
		for _, s := range request.Statuses {
			atLeast("requests in "+string(s), 1, "SELECT count(*) FROM requests WHERE status = ?", string(s))
		}
		for _, s := range finding.Sources {
			atLeast("findings from "+string(s), 1, "SELECT count(*) FROM findings WHERE source = ?", string(s))
		}
		atLeast("findings that came back", 2, "SELECT count(*) FROM findings WHERE cycle > 1")
		atLeast("files of which two items hold the bytes", 1, "SELECT count(*) FROM (SELECT digest FROM evidence_files GROUP BY digest HAVING count(DISTINCT evidence_id) > 1) d")
		holds(t, db)
		kept(t, db, store)
		altered(t, db)
	})
}

// altered changes what is derived from logged rows behind the product's back: the lines of
// lists say how often a control operated, and the criteria what an auditor may see.
func altered(t *testing.T, db *models.DB) {
	t.Helper()
	run := func(statement string) error {
		return db.Bookkeep(t.Context(), func(tx *models.Tx) error {
			_, err := models.Raw[struct{ ID int64 }](t.Context(), tx, statement)
			return err
		})
	}
	for _, s := range []string{"UPDATE trigger_events SET done_at = at", "DELETE FROM signal_intervals WHERE line = 3", "UPDATE fact_lists SET lines = 0", "DELETE FROM fact_lists"} {
		if err := run(s); err == nil || !strings.Contains(err.Error(), "never") {
			t.Errorf("%s: %v", s, err)
		}
	}
	unguard := []string{"DROP TRIGGER trigger_events_kept", "DROP TRIGGER signal_intervals_stay"}
	if db.Dialect() == "postgres" {
		unguard = []string{"ALTER TABLE trigger_events DISABLE TRIGGER USER", "ALTER TABLE signal_intervals DISABLE TRIGGER USER"}
	}
	for _, s := range append(unguard,
		"UPDATE trigger_events SET done_at = at WHERE list_id = (SELECT max(list_id) FROM trigger_events)",
		"DELETE FROM signal_intervals WHERE list_id = (SELECT max(list_id) FROM signal_intervals) AND line = (SELECT max(line) FROM signal_intervals s WHERE s.list_id = (SELECT max(list_id) FROM signal_intervals))",
		"DELETE FROM control_criteria WHERE control_id = 1 AND code = (SELECT min(code) FROM control_criteria WHERE control_id = 1)",
		"INSERT INTO engagement_criteria (engagement_id, framework, code) VALUES (1, 'soc2', 'P8.1')",
	) {
		if err := run(s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
	report, err := ledger.Verify(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	said := strings.Join(report.Problems, "\n")
	if len(report.Problems) != 4 || strings.Count(said, "the lines of list ") != 2 || strings.Count(said, "control_criteria lacks ") != 1 || !strings.Contains(said, `engagement_criteria says "soc2 P8.1" of engagements/`) {
		t.Errorf("four things were altered, and found were\n%s", said)
	}
}

// holds checks that the log and every row agree, and that time never runs backwards.
func holds(t *testing.T, db *models.DB) {
	t.Helper()
	report, err := ledger.Verify(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range report.Problems {
		t.Error(p)
	}
	if n := count(t, db, "SELECT count(*) FROM log_leaves a JOIN log_leaves b ON b.seq = a.seq + 1 WHERE b.at < a.at"); n > 0 {
		t.Errorf("%d leaves are older than the one before", n)
	}
	t.Logf("%d leaves, %d rows", report.Leaves, report.Rows)
}

// kept checks that the bytes of every file are there.
func kept(t *testing.T, db *models.DB, store blob.Store) {
	t.Helper()
	modelstest.Look(t, db, access.Clock, func(ctx context.Context, tx *models.Tx) error {
		files, err := models.Rows[evidence.File](tx).Find(ctx)
		for _, f := range files {
			if info, err := store.Stat(ctx, f.Digest); err != nil || info.Size != f.Size {
				t.Errorf("%s: %v, %d bytes of %d", f.Name, err, info.Size, f.Size)
			}
		}
		if err != nil {
			return err
		}
		var all []string
		for info, err := range store.List(ctx) {
			if err != nil {
				return err
			}
			all = append(all, info.Digest)
		}
		needed, err := custody.Needed(ctx, tx, all)
		for _, digest := range all {
			if !needed[digest] {
				t.Errorf("the store keeps %s, which no record names", digest)
			}
		}
		return err
	})
}

func TestTheStoryCanBeToldOnAnyDay(t *testing.T) {
	for sentence, at := range map[string]time.Time{
		"the first hour of a year":              time.Date(2027, 1, 1, 5, 10, 0, 0, time.UTC),
		"a leap day":                            time.Date(2028, 2, 29, 14, 0, 0, 0, time.UTC),
		"a Sunday at the end of a month":        time.Date(2027, 1, 31, 23, 0, 0, 0, time.UTC),
		"tomorrow already in London, not there": time.Date(2027, 8, 16, 2, 0, 0, 0, time.UTC),
		"the day on which the clocks change":    time.Date(2027, 3, 14, 12, 0, 0, 0, time.UTC),
	} {
		t.Run(sentence, func(t *testing.T) {
			db := modelstest.SQLite(t)
			open(t, db, at)
			holds(t, db)
			for _, s := range finding.Statuses {
				if count(t, db, "SELECT count(*) FROM findings WHERE status = ?", string(s)) == 0 {
					t.Errorf("no finding is %s", s)
				}
			}
		})
	}
}

func TestOneDayTellsOneStory(t *testing.T) {
	one, two := modelstest.SQLite(t), modelstest.SQLite(t)
	open(t, one, noon)
	open(t, two, noon.Add(3*time.Hour))
	if a, b := rows(t, one), rows(t, two); a != b {
		t.Error("the records differ")
	}
}

// rows is the sequence of all leaves without what is drawn by lot, which is the salts.
func rows(t *testing.T, db *models.DB) string {
	t.Helper()
	var b strings.Builder
	modelstest.Look(t, db, access.Clock, func(ctx context.Context, tx *models.Tx) error {
		leaves, err := tx.Leaves(ctx, 0, 1<<40)
		for _, l := range leaves {
			fmt.Fprintln(&b, l.At, l.ActorID, l.Verb, l.About, l.NewHash)
		}
		return err
	})
	return b.String()
}

func TestStartedAgainItContinues(t *testing.T) {
	db := modelstest.SQLite(t)
	store := open(t, db, noon)
	leaves := count(t, db, "SELECT size FROM log_head")
	for _, c := range []struct {
		sentence, issuer string
		more             int
	}{
		{"at the same address nothing happens", issuer, 0},
		{"at another address everyone's identity follows", "http://127.0.0.1:9999/demo-idp", 15},
	} {
		modelstest.At(db, noon.AddDate(0, 0, 3))
		if err := demo.Open(t.Context(), db, store, c.issuer); err != nil {
			t.Fatal(err)
		}
		if n := count(t, db, "SELECT size FROM log_head"); n != leaves+c.more {
			t.Errorf("%s: %d leaves more", c.sentence, n-leaves)
		}
		if n := count(t, db, "SELECT count(*) FROM people WHERE subject <> '' AND issuer <> ?", c.issuer); n > 0 {
			t.Errorf("%s: %d people come from elsewhere", c.sentence, n)
		}
	}
	holds(t, db)
}

// full is a store that has no room left.
type full struct{ blob.Store }

func (full) Put(context.Context, io.Reader, int64) (blob.Blob, error) {
	return blob.Blob{}, blob.ErrFull
}

func TestAnInterruptedStartBeginsAgain(t *testing.T) {
	db := modelstest.SQLite(t)
	modelstest.At(db, noon)
	if err := demo.Open(t.Context(), db, full{}, issuer); !errors.Is(err, blob.ErrFull) {
		t.Fatalf("got %v", err)
	}
	if n := count(t, db, "SELECT size FROM log_head"); n > 0 {
		t.Fatalf("%d leaves are left of it", n)
	}
	store := open(t, db, noon)
	kept(t, db, store)
}

// TestWhatTheAuditorSees holds the scope to the story: what lies outside it exists.
func TestWhatTheAuditorSees(t *testing.T) {
	db := modelstest.SQLite(t)
	open(t, db, noon)
	var jonas access.Actor
	modelstest.Look(t, db, access.Clock, func(ctx context.Context, tx *models.Tx) error {
		p, err := models.Rows[people.Person](tx).Where("email = ?", "jonas@brandt-okafor.example").Take(ctx)
		if err != nil {
			return err
		}
		grants, err := engagement.OpenFor(ctx, tx, p.ID)
		jonas = p.Actor()
		jonas.Engagements = engagement.IDs(grants)
		return err
	})
	if len(jonas.Engagements) != 1 {
		t.Fatalf("%d engagements are open", len(jonas.Engagements))
	}
	modelstest.Look(t, db, jonas, func(ctx context.Context, tx *models.Tx) error {
		for _, code := range []string{"AC-03", "HAL-01"} {
			if _, err := control.ByCode(ctx, tx, code); err != nil {
				t.Errorf("%s: %v", code, err)
			}
		}
		for _, code := range []string{"PV-02", "HAL-02"} {
			if _, err := control.ByCode(ctx, tx, code); models.KindOf(err) != models.KindNotFound {
				t.Errorf("%s: %v", code, err)
			}
		}
		items, err := models.Rows[evidence.Item](tx).Find(ctx)
		if err != nil {
			return err
		}
		all := count(t, db, "SELECT count(*) FROM evidence WHERE status IN ('accepted', 'superseded')")
		if len(items) < 50 || len(items) >= all {
			t.Errorf("sees %d of %d accepted items", len(items), all)
		}
		findings, err := models.Rows[finding.Finding](tx).Find(ctx)
		if len(findings) != 4 { // two that Priya recorded for them, two from the cells of a test
			t.Errorf("sees %d findings", len(findings))
		}
		return err
	})
}
