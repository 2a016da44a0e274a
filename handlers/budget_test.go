package handlers_test

import (
	"context"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"assay/handlers/handlerstest"
	"assay/internal/bench"
	"assay/internal/demo"
	"assay/models"
	"assay/models/access"
	"assay/models/evidence"
	"assay/models/modelstest"
	"assay/models/people"
)

// queryBudget is how many queries a page may take, however much it shows.
const queryBudget = 12

// afterChange is what a page may ask besides when the log has grown since the last one:
// what stands around every page, and whom forms offer.
const afterChange = 4

// recording is what it takes to record an auditor's visit.
const recording = 4

// overBudget are the pages that take more, and how many: they may not take more yet.
var overBudget = map[string]int{"/tasks": 22}

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
		u, err := url.Parse(path)
		if err != nil {
			t.Fatal(err)
		}
		limit := max(queryBudget, overBudget[u.Path])
		if much > int64(limit) {
			t.Errorf("%s takes %d queries, more than %d", path, much, limit)
		}
		if much > little+5 { // what shows nothing asks for nothing more
			t.Errorf("%s takes %d queries in a small company and %d in a large one", path, little, much)
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

var (
	linked = regexp.MustCompile(`href="(/[^"#]*)"`)
	part   = regexp.MustCompile(`/[^/?]*[0-9][^/?]*|=[^&]*`) // what tells one record from the next
)

// TestEveryPageKeepsToItsQueries follows the links of the demonstration as somebody of
// each role, and looks at each kind of page right after a change and once more.
func TestEveryPageKeepsToItsQueries(t *testing.T) {
	db := modelstest.SQLite(t)
	s := handlerstest.New(t, db)
	if err := demo.Open(t.Context(), db, s.App.Blobs, "http://127.0.0.1:1/idp"); err != nil {
		t.Fatal(err)
	}
	for _, role := range access.Roles {
		who := someone(t, db, role)
		cost := func(path string) (int64, handlerstest.Page) {
			before := db.Queries()
			p := s.Get(who, path)
			return db.Queries() - before, p
		}
		visits, kinds := map[string]int{}, 0
		for queue := []string{"/help", "/search?q=access"}; len(queue) > 0; queue = queue[1:] {
			path := queue[0]
			kind := part.ReplaceAllString(path, "/{}")
			if visits[kind]++; visits[kind] > 5 || strings.Contains(path, "export") || strings.Contains(path, "/files/") || strings.HasPrefix(path, "/static") {
				continue
			}
			if err := db.Observe(t.Context(), access.Clock, "session.start", "people/1", nil); err != nil {
				t.Fatal(err)
			}
			changed, p := cost(path)
			if p.Status != http.StatusOK {
				continue
			}
			kinds++
			before := leaves(t, db)
			again, _ := cost(path)
			limit := int64(max(queryBudget, overBudget[kind]))
			if role == access.Auditor || leaves(t, db) > before { // a visit that is recorded is a change
				limit += recording + afterChange
			}
			if again > limit || changed > limit+afterChange {
				t.Errorf("%s asks %d queries for %s and %d after a change, more than %d", role, again, path, changed, limit)
			}
			for _, found := range linked.FindAllStringSubmatch(p.Body, -1) {
				queue = append(queue, html.UnescapeString(found[1]))
			}
		}
		if kinds < 20 {
			t.Errorf("%s saw only %d pages", role, kinds)
		}
	}
}

// leaves is how long the log is.
func leaves(t *testing.T, db *models.DB) (n int64) {
	t.Helper()
	modelstest.Look(t, db, access.Clock, func(ctx context.Context, tx *models.Tx) (err error) {
		n, err = tx.LogSize(ctx)
		return err
	})
	return n
}

// someone is a person of the demonstration with this role; an auditor's engagements are
// the first.
func someone(t *testing.T, db *models.DB, role access.Role) (who access.Actor) {
	t.Helper()
	modelstest.Look(t, db, access.Clock, func(ctx context.Context, tx *models.Tx) error {
		p, err := models.Rows[people.Person](tx).Where("role = ? AND status = 'active'", role).Order("id").Take(ctx)
		who = p.Actor()
		return err
	})
	if role == access.Auditor {
		who.Engagements = []int64{1}
	}
	return who
}
