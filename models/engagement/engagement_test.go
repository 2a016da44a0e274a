package engagement_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"assay/models"
	"assay/models/access"
	"assay/models/engagement"
	"assay/models/framework"
	"assay/models/freeze"
	"assay/models/modelstest"
	"assay/models/people"
)

// codes are the SOC 2 criteria of these categories, the common ones first.
func codes(categories ...string) []string {
	var out []string
	for _, c := range framework.CriteriaFor(categories) {
		out = append(out, c.Code)
	}
	return out
}

func terms() engagement.Terms {
	return engagement.Terms{
		Name: "SOC 2 Type II 2026", Firm: "Brandt & Okafor", Kind: engagement.TypeII, Criteria: codes(framework.Availability),
		PeriodStart: "2026-01-01", PeriodEnd: "2026-06-30", Zone: "America/New_York", OpensOn: "2026-03-01", ClosesOn: "2026-10-31",
	}
}

func create(t *testing.T, db *models.DB, as access.Actor, terms engagement.Terms) engagement.Engagement {
	t.Helper()
	var e engagement.Engagement
	err := modelstest.As(t, db, as, func(ctx context.Context, tx *models.Tx) (err error) {
		e, err = engagement.Create(ctx, tx, terms)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// auditor adds an external auditor of the firm.
func auditor(t *testing.T, db *models.DB, name, firm string) people.Person {
	t.Helper()
	p := people.Person{Name: name, Email: strings.ReplaceAll(strings.ToLower(name), " ", ".") + "@firm.example", Firm: firm, Role: access.Auditor, Status: people.Active, InvitedAt: db.Now()}
	err := modelstest.As(t, db, access.Clock, func(ctx context.Context, tx *models.Tx) error {
		return models.Insert(ctx, tx, &p, "person.invite")
	})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func move(t *testing.T, db *models.DB, as access.Actor, e *engagement.Engagement, to engagement.Status, reason string) error {
	t.Helper()
	return modelstest.As(t, db, as, func(ctx context.Context, tx *models.Tx) error {
		if to == engagement.Reporting {
			return freeze.Report(ctx, tx, e, reason)
		}
		return engagement.Move(ctx, tx, e, to, reason)
	})
}

func scopeOf(t *testing.T, db *models.DB, id int64) []string {
	t.Helper()
	var out []string
	modelstest.Look(t, db, access.Clock, func(ctx context.Context, tx *models.Tx) error {
		rows, err := models.Raw[struct{ Code string }](ctx, tx, "SELECT code FROM engagement_criteria WHERE engagement_id = ? ORDER BY code", id)
		for _, r := range rows {
			out = append(out, r.Code)
		}
		return err
	})
	return out
}

func field(err error) string {
	var e *models.Error
	if errors.As(err, &e) && len(e.Fields) == 1 {
		for name := range e.Fields {
			return name
		}
	}
	return ""
}

func TestCreate(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		ana := modelstest.Person(t, db, access.Compliance)
		e := create(t, db, ana, terms())
		if e.Slug != "soc-2-type-ii-2026" || e.Status != engagement.Setup {
			t.Errorf("got %+v", e)
		}
		if again := create(t, db, ana, terms()); again.Slug != "soc-2-type-ii-2026-2" {
			t.Errorf("a second one of the name is at %s", again.Slug)
		}
		want := slices.Sorted(slices.Values(codes(framework.Availability)))
		if got := scopeOf(t, db, e.ID); !slices.Equal(got, want) {
			t.Errorf("the scope is %v, want %v", got, want)
		}
		for name, c := range map[string]struct {
			change func(*engagement.Terms)
			field  string
		}{
			"no name":                           {func(x *engagement.Terms) { x.Name = " " }, "name"},
			"an examination without a firm":     {func(x *engagement.Terms) { x.Firm = "" }, "firm"},
			"a kind that is none":               {func(x *engagement.Terms) { x.Kind = "type_3" }, "kind"},
			"no start":                          {func(x *engagement.Terms) { x.PeriodStart = "" }, "period_start"},
			"an end before the start":           {func(x *engagement.Terms) { x.PeriodEnd = "2025-12-31" }, "period_end"},
			"a window that closes first":        {func(x *engagement.Terms) { x.ClosesOn = "2026-02-28" }, "closes_on"},
			"a zone that is none":               {func(x *engagement.Terms) { x.Zone = "America/Gotham" }, "zone"},
			"the zone of the server":            {func(x *engagement.Terms) { x.Zone = "Local" }, "zone"},
			"an empty zone":                     {func(x *engagement.Terms) { x.Zone = "" }, "zone"},
			"a zone that climbs":                {func(x *engagement.Terms) { x.Zone = "../../etc/passwd" }, "zone"},
			"no criteria":                       {func(x *engagement.Terms) { x.Criteria = nil }, "criteria"},
			"an unknown criterion":              {func(x *engagement.Terms) { x.Criteria = append(x.Criteria, "CC99.9") }, "criteria"},
			"a report without CC1.1":            {func(x *engagement.Terms) { x.Criteria = x.Criteria[1:] }, "criteria"},
			"availability without the security": {func(x *engagement.Terms) { x.Criteria = []string{"A1.1"} }, "criteria"},
		} {
			t.Run(name, func(t *testing.T) {
				x := terms()
				x.Criteria = slices.Clone(x.Criteria)
				c.change(&x)
				err := modelstest.As(t, db, ana, func(ctx context.Context, tx *models.Tx) error {
					_, err := engagement.Create(ctx, tx, x)
					return err
				})
				if field(err) != c.field {
					t.Errorf("got %v, want a message at %s", err, c.field)
				}
			})
		}
		t.Run("a readiness assessment may look at part of it, without a firm", func(t *testing.T) {
			x := terms()
			x.Kind, x.Firm, x.Criteria, x.Name = engagement.Readiness, "", []string{"A1.1", "CC6.1", "A1.1"}, "Überblick — 2026"
			e := create(t, db, ana, x)
			if got := scopeOf(t, db, e.ID); !slices.Equal(got, []string{"A1.1", "CC6.1"}) || e.Slug != "uberblick-2026" {
				t.Errorf("got %v at %s", got, e.Slug)
			}
		})
	})
}

func TestChange(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		ana := modelstest.Person(t, db, access.Compliance)
		e := create(t, db, ana, terms())
		p := auditor(t, db, "Miriam Brandt", "Brandt & Okafor")
		change := func(edit func(*engagement.Terms)) error {
			x := e.Terms()
			edit(&x)
			return modelstest.As(t, db, ana, func(ctx context.Context, tx *models.Tx) error {
				row := e
				err := engagement.Change(ctx, tx, &row, x)
				if err == nil {
					e = row
				}
				return err
			})
		}
		must := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		must(change(func(x *engagement.Terms) { x.Criteria = codes(framework.Privacy) }))
		if got := scopeOf(t, db, e.ID); !slices.Contains(got, "P1.1") || slices.Contains(got, "A1.1") {
			t.Errorf("the scope that others join did not follow: %v", got)
		}
		if err := modelstest.As(t, db, ana, func(ctx context.Context, tx *models.Tx) error {
			stale := e
			stale.Rev--
			return engagement.Change(ctx, tx, &stale, e.Terms())
		}); models.KindOf(err) != models.KindConflict {
			t.Errorf("the slower of two was not told: %v", err)
		}
		must(modelstest.As(t, db, ana, func(ctx context.Context, tx *models.Tx) error {
			return engagement.AddAuditor(ctx, tx, e, p.ID, engagement.Lead)
		}))
		must(move(t, db, ana, &e, engagement.Planning, ""))
		must(change(func(x *engagement.Terms) { x.PeriodEnd = "2026-09-30" }))
		must(move(t, db, ana, &e, engagement.Fieldwork, ""))

		inFieldwork := map[string]struct {
			edit func(*engagement.Terms)
			ok   bool
		}{
			"the criteria":   {func(x *engagement.Terms) { x.Criteria = codes() }, false},
			"the period":     {func(x *engagement.Terms) { x.PeriodStart = "2026-02-01" }, false},
			"the zone":       {func(x *engagement.Terms) { x.Zone = "Europe/Berlin" }, false},
			"the kind":       {func(x *engagement.Terms) { x.Kind = engagement.TypeI }, false},
			"the window":     {func(x *engagement.Terms) { x.ClosesOn = "2026-11-30" }, true},
			"the name":       {func(x *engagement.Terms) { x.Name = "Another name" }, true},
			"nothing at all": {func(*engagement.Terms) {}, true},
		}
		for name, c := range inFieldwork {
			if err := change(c.edit); (err == nil) != c.ok || err != nil && models.KindOf(err) != models.KindConflict {
				t.Errorf("in fieldwork, %s: %v", name, err)
			}
		}
		past(t, db, e)
		must(move(t, db, ana, &e, engagement.Reporting, ""))
		modelstest.At(db, modelstest.Now.AddDate(0, 9, 0))
		r := report()
		r.ReportedOn = "2026-11-02"
		must(issue(t, db, ana, &e, r))
		if err := change(func(x *engagement.Terms) { x.Name = "Another" }); models.KindOf(err) != models.KindConflict {
			t.Errorf("an issued engagement was renamed: %v", err)
		}
		must(change(func(x *engagement.Terms) { x.ClosesOn = "2026-12-15" }))
		must(move(t, db, ana, &e, engagement.Archived, ""))
		if err := change(func(x *engagement.Terms) { x.ClosesOn = "2027-12-15" }); models.KindOf(err) != models.KindConflict {
			t.Errorf("an archived engagement was changed: %v", err)
		}
	})
}

func TestEveryStateIsReachableAndCanBeLeft(t *testing.T) {
	reached := map[engagement.Status]bool{engagement.Setup: true}
	for _, s := range engagement.Statuses {
		for _, to := range s.Next() {
			if !slices.Contains(engagement.Statuses, to) {
				t.Errorf("%s goes to the unknown %s", s, to)
			}
			reached[to] = true
		}
		if len(s.Next()) == 0 && s != engagement.Archived && s != engagement.Cancelled {
			t.Errorf("%s cannot be left", s)
		}
		if s.Label() == string(s) {
			t.Errorf("%s has no words", s)
		}
	}
	for _, s := range engagement.Statuses {
		if !reached[s] {
			t.Errorf("%s cannot be reached", s)
		}
	}
}

func TestMoves(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		ana := modelstest.Person(t, db, access.Compliance)
		e := create(t, db, ana, terms())
		if err := move(t, db, ana, &e, engagement.Fieldwork, ""); models.KindOf(err) != models.KindConflict {
			t.Errorf("planning was skipped: %v", err)
		}
		if err := move(t, db, ana, &e, engagement.Cancelled, ""); field(err) != "reason" {
			t.Errorf("cancelled without a reason: %v", err)
		}
		if err := move(t, db, ana, &e, engagement.Planning, ""); err != nil {
			t.Fatal(err)
		}
		if err := move(t, db, ana, &e, engagement.Fieldwork, ""); models.KindOf(err) != models.KindConflict {
			t.Errorf("fieldwork began without an auditor: %v", err)
		}
		p := auditor(t, db, "Miriam Brandt", "Brandt & Okafor")
		if err := modelstest.As(t, db, ana, func(ctx context.Context, tx *models.Tx) error {
			return engagement.AddAuditor(ctx, tx, e, p.ID, engagement.Lead)
		}); err != nil {
			t.Fatal(err)
		}
		if err := move(t, db, ana, &e, engagement.Fieldwork, ""); err != nil {
			t.Fatal(err)
		}
		// The period ends when 30 June does in New York.
		end := models.Date("2026-07-01").In(modelstest.Now.Location()).Add(4 * 3600e9)
		modelstest.At(db, end)
		if err := move(t, db, ana, &e, engagement.Reporting, ""); err != nil {
			t.Fatal(err)
		}
		modelstest.At(db, end.Add(-1e9)) // as if its clock had gone wrong
		if err := move(t, db, ana, &e, engagement.Issued, ""); models.KindOf(err) != models.KindConflict {
			t.Errorf("issued in the last second of the period: %v", err)
		}
		modelstest.At(db, end)
		if err := move(t, db, ana, &e, engagement.Issued, ""); models.KindOf(err) != models.KindConflict {
			t.Errorf("issued without a report: %v", err)
		}
		r := report()
		r.ReportedOn = "2026-07-01"
		if err := issue(t, db, ana, &e, r); err != nil {
			t.Error(err)
		}
		if err := move(t, db, ana, &e, engagement.Cancelled, "too late"); models.KindOf(err) != models.KindConflict {
			t.Errorf("cancelled after issue: %v", err)
		}
	})
}

func TestCurrent(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		ana := modelstest.Person(t, db, access.Compliance)
		current := func() string {
			var slug string
			modelstest.Look(t, db, ana, func(ctx context.Context, tx *models.Tx) error {
				e, ok, err := engagement.Current(ctx, tx)
				if ok != (e.ID != 0) {
					t.Error("ok does not say whether there is one")
				}
				slug = e.Slug
				return err
			})
			return slug
		}
		add := func(name string, from, to models.Date) engagement.Engagement {
			x := terms()
			x.Name, x.PeriodStart, x.PeriodEnd = name, from, to
			return create(t, db, ana, x)
		}
		if got := current(); got != "" {
			t.Errorf("without any: %s", got)
		}
		add("last year", "2025-01-01", "2025-12-31")
		if got := current(); got != "last-year" {
			t.Errorf("with one that ended: %s", got)
		}
		add("in two years", "2028-01-01", "2028-12-31")
		add("next year", "2027-01-01", "2027-12-31")
		if got := current(); got != "next-year" {
			t.Errorf("with two to come: %s", got)
		}
		running := add("this year", "2026-01-01", "2026-12-31")
		if got := current(); got != "this-year" {
			t.Errorf("with one that runs: %s", got)
		}
		// Read on 1 March 2026: one that is being set up takes no place from what is under way and runs, and gives its own
		// to none whose period is over.
		planned := add("planned", "2025-06-01", "2025-08-31")
		if err := move(t, db, ana, &planned, engagement.Planning, ""); err != nil {
			t.Fatal(err)
		}
		if got := current(); got != "this-year" {
			t.Errorf("with one in planning whose period is over: %s", got)
		}
		wider := add("a mistake", "2025-10-01", "2027-03-31")
		if err := move(t, db, ana, &running, engagement.Planning, ""); err != nil {
			t.Fatal(err)
		}
		if got := current(); got != "this-year" {
			t.Errorf("with one in set-up that runs longer: %s", got)
		}
		if err := move(t, db, ana, &wider, engagement.Cancelled, "Made for the test."); err != nil {
			t.Fatal(err)
		}
		if err := move(t, db, ana, &planned, engagement.Cancelled, "Made for the test."); err != nil {
			t.Fatal(err)
		}
		if err := move(t, db, ana, &running, engagement.Cancelled, "Changed firms."); err != nil {
			t.Fatal(err)
		}
		if got := current(); got != "next-year" {
			t.Errorf("after it was cancelled: %s", got)
		}
	})
}

// TestAPeriodIsOfASensibleLength: read on 1 March 2026.
func TestAPeriodIsOfASensibleLength(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		ana := modelstest.Person(t, db, access.Compliance)
		e := create(t, db, ana, terms())
		for _, c := range []struct {
			from, to models.Date
			field    string // "" is taken
		}{
			{"1950-01-01", "2050-12-31", "period_start"},
			{"2016-02-29", "2016-12-31", "period_start"},
			{"2016-03-01", "2016-12-31", ""},
			{"2036-03-02", "2036-12-31", "period_start"},
			{"2026-01-01", "2027-06-30", ""},
			{"2026-01-01", "2027-07-01", "period_end"},
		} {
			x := terms()
			x.PeriodStart, x.PeriodEnd = c.from, c.to
			for what, err := range map[string]error{
				"create": modelstest.As(t, db, ana, func(ctx context.Context, tx *models.Tx) error {
					_, err := engagement.Create(ctx, tx, x)
					return err
				}),
				"change": modelstest.As(t, db, ana, func(ctx context.Context, tx *models.Tx) error {
					return engagement.Change(ctx, tx, &e, x)
				}),
			} {
				var refused *models.Error
				if (err == nil) != (c.field == "") || c.field != "" && (!errors.As(err, &refused) || refused.Fields[c.field] == "") {
					t.Errorf("%s, %s to %s: %v", what, c.from, c.to, err)
				}
			}
		}
	})
}
