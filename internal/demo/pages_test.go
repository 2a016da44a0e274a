package demo_test

import (
	"context"
	"html"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"assay/handlers/handlerstest"
	"assay/internal/demo"
	"assay/models"
	"assay/models/access"
	"assay/models/modelstest"
	"assay/models/people"
)

var (
	linked = regexp.MustCompile(`href="(/[^"#]*)"`)
	part   = regexp.MustCompile(`/[^/?]*[0-9][^/?]*|=[^&]*`) // what tells one record from the next
)

// TestEveryPageKeepsToItsQueries follows the links of the demonstration as somebody of
// each role, and looks at each kind of page right after a change and once more. The ruler
// of a period is on all of them.
func TestEveryPageKeepsToItsQueries(t *testing.T) {
	db := modelstest.SQLite(t)
	s := handlerstest.New(t, db)
	if err := demo.Open(t.Context(), db, s.App.Blobs, issuer); err != nil {
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
			modelstest.Change(t, db)
			changed, p := cost(path)
			if p.Status != http.StatusOK {
				continue
			}
			kinds++
			if strings.Contains(p.Body, `<main id="main"`) && !strings.Contains(p.Body, `aria-label="Examination period `) {
				t.Errorf("%s shows %s the ruler of no period", path, role)
			}
			if again, _ := cost(path); again > handlerstest.QueryBudget || changed > handlerstest.QueryBudget {
				t.Errorf("%s asks %d queries for %s and %d after a change, more than %d", role, again, path, changed, handlerstest.QueryBudget)
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
