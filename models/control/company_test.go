package control_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"assay/models"
	"assay/models/access"
	"assay/models/control"
	"assay/models/engagement"
	"assay/models/framework"
	"assay/models/modelstest"
	"assay/models/programme"
)

// A company is a database in which a programme is set up in New York, where it is
// Sunday 1 March 2026, 09:30.
type company struct {
	*testing.T
	db                         *models.DB
	priya, ines, tomas, viewer access.Actor
}

func each(t *testing.T, f func(c company)) {
	t.Helper()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		c := company{T: t, db: db}
		c.priya = modelstest.Person(t, db, access.Compliance)
		c.ines = modelstest.Person(t, db, access.Compliance)
		c.tomas = modelstest.Person(t, db, access.Owner)
		c.viewer = modelstest.Person(t, db, access.Executive)
		c.must(c.priya, func(ctx context.Context, tx *models.Tx) error {
			_, err := programme.SetUp(ctx, tx, "Halyard AI", "America/New_York", nil)
			return err
		})
		f(c)
	})
}

func (c company) must(a access.Actor, f func(context.Context, *models.Tx) error) {
	c.Helper()
	if err := modelstest.As(c.T, c.db, a, f); err != nil {
		c.Fatal(err)
	}
}

// refused runs f, which must fail with the kind and leave words of want in its message
// or fields.
func (c company) refused(a access.Actor, kind models.Kind, want string, f func(context.Context, *models.Tx) error) {
	c.Helper()
	err := modelstest.As(c.T, c.db, a, f)
	if models.KindOf(err) != kind {
		c.Errorf("got %v, want a refusal that says %q", err, want)
		return
	}
	said := err.Error()
	if e, ok := err.(*models.Error); ok { //nolint:errorlint // verbs return it bare
		for field, text := range e.Fields {
			said += "\n" + field + ": " + text
		}
	}
	if !strings.Contains(said, want) {
		c.Errorf("got %q, want it to say %q", said, want)
	}
}

func (c company) day(s string) {
	d, err := time.Parse(time.DateTime, s)
	if err != nil {
		c.Fatal(err)
	}
	modelstest.At(c.db, d)
}

var monthly = control.Content{
	Title: "Accounts are reviewed", Statement: "Every [month] the owner reviews all accounts within [five] days.",
	Category: "Access control", Kind: "detective", Nature: "manual", Frequency: "monthly",
	Evidence: models.List[string]{"Full account list", "Decision for each"},
	Criteria: models.List[framework.Ref]{{Framework: framework.SOC2, Code: "CC6.2"}, {Framework: framework.SOC2, Code: "CC6.3"}},
}

// written makes control XX-01, written by priya and owned by tomas, in draft.
func (c company) written() {
	c.Helper()
	c.must(c.priya, func(ctx context.Context, tx *models.Tx) error {
		k, _, err := control.New(ctx, tx, "xx-01", monthly)
		if err != nil {
			return err
		}
		return control.Assign(ctx, tx, &k, &c.tomas.ID, nil)
	})
}

// with runs f on version n of XX-01.
func with(n int, f func(context.Context, *models.Tx, *control.Version) error) func(context.Context, *models.Tx) error {
	return func(ctx context.Context, tx *models.Tx) error {
		k, err := control.ByCode(ctx, tx, "XX-01")
		if err != nil {
			return err
		}
		v, err := control.VersionOf(ctx, tx, k, n)
		if err != nil {
			return err
		}
		return f(ctx, tx, &v)
	}
}

func approve(n int, from models.Date) func(context.Context, *models.Tx) error {
	return with(n, func(ctx context.Context, tx *models.Tx, v *control.Version) error {
		return control.Approve(ctx, tx, v, from)
	})
}

func submit(n int) func(context.Context, *models.Tx) error { return with(n, control.Submit) }

func revise(content control.Content, editorial bool) func(context.Context, *models.Tx) error {
	return func(ctx context.Context, tx *models.Tx) error {
		k, err := control.ByCode(ctx, tx, "XX-01")
		if err != nil {
			return err
		}
		v, err := control.Revise(ctx, tx, &k, editorial)
		if err != nil {
			return err
		}
		return control.Edit(ctx, tx, &v, content)
	}
}

// inEffect brings XX-01 version 1 into effect on 1 March.
func (c company) inEffect() {
	c.Helper()
	c.written()
	c.must(c.priya, submit(1))
	c.must(c.ines, approve(1, "2026-03-01"))
}

func (c company) look(a access.Actor, f func(context.Context, *models.Tx) error) {
	c.Helper()
	modelstest.Look(c.T, c.db, a, f)
}

// history is the versions of XX-01 as "1 superseded 2026-03-01–2026-05-31".
func (c company) history() []string {
	c.Helper()
	var out []string
	c.look(c.priya, func(ctx context.Context, tx *models.Tx) error {
		k, err := control.ByCode(ctx, tx, "XX-01")
		if err != nil {
			return err
		}
		all, err := control.Versions(ctx, tx, k)
		for _, v := range slices.Backward(all) {
			out = append(out, string(rune('0'+v.Number))+" "+string(v.Status)+" "+string(v.EffectiveFrom)+"–"+string(v.EffectiveTo))
		}
		return err
	})
	return out
}

func (c company) expect(want ...string) {
	c.Helper()
	if got := c.history(); !slices.Equal(got, want) {
		c.Errorf("versions are %q, want %q", got, want)
	}
}

func (c company) activate() (n int) {
	c.Helper()
	due := false
	c.look(access.Clock, func(ctx context.Context, tx *models.Tx) (err error) {
		due, err = control.Waiting(ctx, tx)
		return err
	})
	if due {
		c.must(access.Clock, func(ctx context.Context, tx *models.Tx) (err error) {
			n, err = control.Activate(ctx, tx)
			return err
		})
	}
	return n
}

type scope struct {
	EngagementID int64
	Framework    string
	Code         string
}

func (scope) TableName() string   { return "engagement_criteria" }
func (scope) WhyUnlogged() string { return "a test" }

// engaged opens an engagement over criteria and a period.
func (c company) engaged(slug string, from, to models.Date, criteria ...string) int64 {
	c.Helper()
	e := engagement.Engagement{
		Slug: slug, Name: "SOC 2 " + slug, Kind: engagement.TypeII, Status: engagement.Fieldwork, Zone: "America/New_York",
		PeriodStart: from, PeriodEnd: to, OpensOn: from, ClosesOn: to, CreatedBy: c.priya.ID, CreatedAt: c.db.Now(),
	}
	c.must(c.priya, func(ctx context.Context, tx *models.Tx) error {
		if err := models.Insert(ctx, tx, &e, "engagement.create"); err != nil {
			return err
		}
		for _, code := range criteria {
			if err := models.Put(ctx, tx, &scope{e.ID, framework.SOC2, code}); err != nil {
				return err
			}
		}
		return nil
	})
	return e.ID
}
