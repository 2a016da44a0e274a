package demo_test

import (
	"context"
	"testing"
	"time"

	"assay/internal/blob"
	"assay/internal/demo"
	"assay/models"
	"assay/models/access"
	"assay/models/control"
	"assay/models/evidence"
	"assay/models/finding"
	"assay/models/ledger"
	"assay/models/modelstest"
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
		for _, s := range finding.Sources {
			atLeast("findings from "+string(s), 1, "SELECT count(*) FROM findings WHERE source = ?", string(s))
		}
		atLeast("findings that came back", 2, "SELECT count(*) FROM findings WHERE cycle > 1")
		atLeast("files of which two items hold the bytes", 1, "SELECT count(*) FROM (SELECT digest FROM evidence_files GROUP BY digest HAVING count(DISTINCT evidence_id) > 1) d")
		holds(t, db)
		kept(t, db, store)
	})
}

// holds checks that the log and every row agree, and that time never runs backwards.
func holds(t *testing.T, db *models.DB) {
	t.Helper()
	report, err := models.Verify(t.Context(), db, models.VerifyOptions{Tables: ledger.Tables()})
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
		return err
	})
}
