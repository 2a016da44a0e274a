package handlers_test

import (
	"context"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"assay/handlers/handlerstest"
	"assay/internal/bench"
	"assay/models"
	"assay/models/access"
	"assay/models/evidence"
	"assay/models/modelstest"
)

// grows are the tables that are larger the longer the product is used.
var grows = []string{"controls", "control_versions", "control_criteria", "evidence", "evidence_files", "findings", "log_leaves", "log_details", "people"}

func company(t *testing.T, db *models.DB, controls int) *handlerstest.Site {
	t.Helper()
	blobs := []evidence.Upload{{Name: "a.csv", Digest: "6b86b273ff34fce19d6b804eff5a3f5747ada4eaa22f1d49c01e52ddb7875b4b", Size: 1}}
	if err := bench.Fill(t.Context(), db, bench.Size{Controls: controls, Items: 2 * controls}, blobs); err != nil {
		t.Fatal(err)
	}
	s := handlerstest.New(t, db)
	if _, err := s.App.Blobs.Put(t.Context(), strings.NewReader("1"), 1); err != nil { // what the digest is of
		t.Fatal(err)
	}
	return s
}

// lists are the pages that grow with the company, filtered in every way that they offer.
func lists() map[string]access.Actor {
	out := map[string]access.Actor{"/tasks": bench.OwnerActor, "/evidence?status=stored": bench.OwnerActor}
	for _, path := range []string{
		"/controls", "/controls?sort=title", "/controls?sort=-owner", "/controls?category=Access+control&frequency=monthly",
		"/controls?criterion=CC6.1", "/controls?framework=nist-csf", "/controls?owner=5", "/controls?backup=55", "/controls?q=review",
		"/controls?status=draft", "/controls?ai=yes",
		"/evidence", "/evidence?status=accepted", "/evidence?kind=screenshot", "/evidence?uploader=5", "/evidence?q=review",
		"/evidence/E-7", "/review", "/findings", "/findings?status=open", "/activity", "/people", "/engagements", "/search?q=review",
	} {
		out[path] = bench.Manager
	}
	return out
}

func TestPagesKeepToTheirQueries(t *testing.T) {
	few, many := modelstest.SQLite(t), modelstest.SQLite(t)
	small, large := company(t, few, 150), company(t, many, 400)
	for path, actor := range lists() {
		cost := func(s *handlerstest.Site, db *models.DB) int64 {
			before := db.Queries()
			if p := s.Get(actor, path); p.Status != http.StatusOK {
				t.Errorf("%s: status %d", path, p.Status)
			}
			return db.Queries() - before
		}
		little, much := cost(small, few), cost(large, many)
		if much > little+5 { // what shows nothing asks for nothing more
			t.Errorf("%s takes %d queries in a small company and %d in a large one", path, little, much)
		}
		modelstest.Change(t, many)
		changed, again := cost(large, many), cost(large, many)
		if max(much, changed, again) > handlerstest.QueryBudget {
			t.Errorf("%s takes %d queries the first time, %d after a change and %d again, more than %d", path, much, changed, again, handlerstest.QueryBudget)
		}
	}
}

func TestNoListReadsAWholeTable(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s := company(t, db, 40)
		all := func() {
			modelstest.Look(t, db, bench.Manager, func(ctx context.Context, tx *models.Tx) error {
				_, err := models.Value[int](ctx, tx, "SELECT count(*) FROM controls WHERE nature LIKE '%x%'")
				return err
			})
		}
		if len(modelstest.FullScans(t, db, all, grows...)) != 1 {
			t.Fatal("a query that reads a whole table was not noticed")
		}
		for path, actor := range lists() {
			for _, plan := range modelstest.FullScans(t, db, func() { s.Get(actor, path) }, grows...) {
				t.Errorf("%s reads a whole table:\n%s", path, plan)
			}
		}
	})
}

// TestNoListSortsWhatItDoesNotShow: an index has the order of each list. Those that are
// filtered by what another table says sort what they found.
func TestNoListSortsWhatItDoesNotShow(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s := company(t, db, 400)
		if err := db.Analyse(t.Context()); err != nil {
			t.Fatal(err)
		}
		byNothing := func() {
			modelstest.Look(t, db, bench.Manager, func(ctx context.Context, tx *models.Tx) error {
				_, err := models.Rows[evidence.Item](tx).Order("evidence.description, evidence.id").Limit(5).Find(ctx)
				return err
			})
		}
		if len(modelstest.Sorts(t, db, byNothing, "evidence")) != 1 {
			t.Fatal("a list in an order that no index has was not noticed")
		}
		for path, actor := range lists() {
			if regexp.MustCompile(`[?&](q|criterion|framework)=|^/(tasks|evidence/E-7)`).MatchString(path) {
				continue
			}
			for _, plan := range modelstest.Sorts(t, db, func() { s.Get(actor, path) }, "controls", "evidence") {
				t.Errorf("%s sorts a list:\n%s", path, plan)
			}
		}
	})
}
