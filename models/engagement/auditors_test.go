package engagement_test

import (
	"context"
	"testing"
	"time"

	"assay/models"
	"assay/models/access"
	"assay/models/engagement"
	"assay/models/modelstest"
	"assay/models/people"
)

func add(t *testing.T, db *models.DB, as access.Actor, e engagement.Engagement, person int64, part engagement.Part) error {
	t.Helper()
	return modelstest.As(t, db, as, func(ctx context.Context, tx *models.Tx) error {
		return engagement.AddAuditor(ctx, tx, e, person, part)
	})
}

func TestWhoCanBeAnAuditor(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		ana := modelstest.Person(t, db, access.Compliance)
		e := create(t, db, ana, terms())
		miriam := auditor(t, db, "Miriam Brandt", "Brandt & Okafor")
		jonas := auditor(t, db, "Jonas Lindqvist", " brandt & okafor ")
		gone := auditor(t, db, "Gone Auditor", "Brandt & Okafor")
		if err := modelstest.As(t, db, ana, func(ctx context.Context, tx *models.Tx) error {
			gone.Status, gone.DeactivatedAt = people.Deactivated, &tx.Now
			return models.Update(ctx, tx, &gone, models.Columns{"Status", "DeactivatedAt"}, "person.rename")
		}); err != nil {
			t.Fatal(err)
		}
		if err := add(t, db, ana, e, miriam.ID, engagement.Lead); err != nil {
			t.Fatal(err)
		}
		for name, c := range map[string]struct {
			person int64
			part   engagement.Part
			field  string
		}{
			"somebody of the company":        {modelstest.Person(t, db, access.Owner).ID, engagement.Member, "person"},
			"the administrator":              {modelstest.Person(t, db, access.Administrator).ID, engagement.Member, "person"},
			"an auditor of another firm":     {auditor(t, db, "Other Firm", "Somebody Else LLP").ID, engagement.Member, "person"},
			"an auditor without a firm":      {auditor(t, db, "No Firm", "").ID, engagement.Member, "person"},
			"an auditor who was deactivated": {gone.ID, engagement.Member, "person"},
			"the same one twice":             {miriam.ID, engagement.Member, "person"},
			"a second lead":                  {jonas.ID, engagement.Lead, "part"},
			"a part that is none":            {jonas.ID, "boss", "part"},
			"nobody":                         {999, engagement.Member, "person"},
		} {
			t.Run(name, func(t *testing.T) {
				if err := add(t, db, ana, e, c.person, c.part); field(err) != c.field {
					t.Errorf("got %v, want a message at %s", err, c.field)
				}
			})
		}
		if err := add(t, db, ana, e, jonas.ID, engagement.Member); err != nil {
			t.Errorf("an auditor of the firm, spelt otherwise: %v", err)
		}
		modelstest.Look(t, db, ana, func(ctx context.Context, tx *models.Tx) error {
			team, err := engagement.Team(ctx, tx, e.ID)
			if len(team) != 2 || team[0].Person.Name != "Miriam Brandt" || team[1].Part != engagement.Member {
				t.Errorf("the team is %+v", team)
			}
			return err
		})
	})
}

func openFor(t *testing.T, db *models.DB, person int64) []string {
	t.Helper()
	var out []string
	modelstest.Look(t, db, access.Actor{}, func(ctx context.Context, tx *models.Tx) error {
		grants, err := engagement.OpenFor(ctx, tx, person)
		for _, g := range grants {
			out = append(out, g.Slug)
		}
		return err
	})
	return out
}

// TestRule15TheWindowOfAnAuditor holds rule 15: the window is open from the first day's midnight in the
// engagement's zone until the last day is over, to the second.
func TestRule15TheWindowOfAnAuditor(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		ana := modelstest.Person(t, db, access.Compliance)
		for name, c := range map[string]struct {
			zone          string
			opens, closes models.Date
			first, after  string // the first instant inside, and the first one after
		}{
			"New York, into winter":            {"America/New_York", "2026-09-01", "2026-10-31", "2026-09-01T04:00:00Z", "2026-11-01T04:00:00Z"},
			"Berlin, over both changes":        {"Europe/Berlin", "2026-03-28", "2026-10-25", "2026-03-27T23:00:00Z", "2026-10-25T23:00:00Z"},
			"Auckland, a day ahead":            {"Pacific/Auckland", "2026-09-26", "2026-09-27", "2026-09-25T12:00:00Z", "2026-09-27T11:00:00Z"},
			"Santiago, which skips a midnight": {"America/Santiago", "2026-09-06", "2026-09-06", "2026-09-06T04:00:00Z", "2026-09-07T03:00:00Z"},
			"Havana, which has one twice":      {"America/Havana", "2026-11-01", "2026-11-01", "2026-11-01T04:00:00Z", "2026-11-02T05:00:00Z"},
			"UTC, one day":                     {"UTC", "2026-05-05", "2026-05-05", "2026-05-05T00:00:00Z", "2026-05-06T00:00:00Z"},
		} {
			t.Run(name, func(t *testing.T) {
				x := terms()
				x.Name, x.Zone, x.OpensOn, x.ClosesOn = name, c.zone, c.opens, c.closes
				e := create(t, db, ana, x)
				p := auditor(t, db, name, x.Firm)
				if err := add(t, db, ana, e, p.ID, engagement.Lead); err != nil {
					t.Fatal(err)
				}
				at := func(s string, shift time.Duration) int {
					instant, err := time.Parse(time.RFC3339, s)
					if err != nil {
						t.Fatal(err)
					}
					modelstest.At(db, instant.Add(shift))
					defer modelstest.At(db, modelstest.Now)
					return len(openFor(t, db, p.ID))
				}
				for _, probe := range []struct {
					s     string
					shift time.Duration
					want  int
				}{
					{c.first, -time.Second, 0},
					{c.first, -time.Microsecond, 0},
					{c.first, 0, 1},
					{c.after, -time.Second, 1},
					{c.after, -time.Microsecond, 1},
					{c.after, 0, 0},
					{c.after, time.Second, 0},
				} {
					if got := at(probe.s, probe.shift); got != probe.want {
						t.Errorf("at %s %+v: %d open, want %d", probe.s, probe.shift, got, probe.want)
					}
				}
			})
		}
	})
}

func TestOpenFor(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		ana := modelstest.Person(t, db, access.Compliance)
		miriam := auditor(t, db, "Miriam Brandt", "Brandt & Okafor")
		other := auditor(t, db, "Other Auditor", "Brandt & Okafor")
		e := create(t, db, ana, terms())
		unrelated := create(t, db, ana, terms())
		if got := openFor(t, db, miriam.ID); len(got) != 0 {
			t.Errorf("before being named: %v", got)
		}
		if err := add(t, db, ana, e, miriam.ID, engagement.Lead); err != nil {
			t.Fatal(err)
		}
		if err := add(t, db, ana, unrelated, other.ID, engagement.Lead); err != nil {
			t.Fatal(err)
		}
		if got := openFor(t, db, miriam.ID); len(got) != 1 || got[0] != e.Slug {
			t.Errorf("once named: %v", got)
		}
		t.Run("what they see follows", func(t *testing.T) {
			for name, ids := range map[string][]int64{"none open": nil, "one open": {e.ID}} {
				who := access.Actor{ID: miriam.ID, Role: access.Auditor, Engagements: ids}
				modelstest.Look(t, db, who, func(ctx context.Context, tx *models.Tx) error {
					list, err := engagement.List(ctx, tx)
					if len(list) != len(ids) {
						t.Errorf("%s: %d listed", name, len(list))
					}
					if _, err := engagement.BySlug(ctx, tx, unrelated.Slug); models.KindOf(err) != models.KindNotFound {
						t.Errorf("%s: another engagement: %v", name, err)
					}
					team, teamErr := engagement.Team(ctx, tx, unrelated.ID)
					if len(team) != 0 || teamErr != nil {
						t.Errorf("%s: another team: %v %v", name, team, teamErr)
					}
					return err
				})
			}
		})
		t.Run("removed, access ends", func(t *testing.T) {
			var team []engagement.Teammate
			modelstest.Look(t, db, ana, func(ctx context.Context, tx *models.Tx) (err error) {
				team, err = engagement.Team(ctx, tx, e.ID)
				return err
			})
			remove := func(in engagement.Engagement) error {
				return modelstest.As(t, db, ana, func(ctx context.Context, tx *models.Tx) error {
					return engagement.RemoveAuditor(ctx, tx, in, team[0].ID, team[0].Rev)
				})
			}
			if err := remove(unrelated); models.KindOf(err) != models.KindNotFound {
				t.Errorf("removed through another engagement: %v", err)
			}
			if err := remove(e); err != nil {
				t.Fatal(err)
			}
			if got := openFor(t, db, miriam.ID); len(got) != 0 {
				t.Errorf("still open: %v", got)
			}
		})
		t.Run("cancelled, access ends", func(t *testing.T) {
			if got := openFor(t, db, other.ID); len(got) != 1 {
				t.Fatalf("before: %v", got)
			}
			if err := move(t, db, ana, &unrelated, engagement.Cancelled, "Changed firms."); err != nil {
				t.Fatal(err)
			}
			if got := openFor(t, db, other.ID); len(got) != 0 {
				t.Errorf("still open: %v", got)
			}
		})
	})
}

// TestPeriodInstants are the vectors of rule 1.
func TestPeriodInstants(t *testing.T) {
	e := engagement.Engagement{PeriodStart: "2026-01-01", PeriodEnd: "2026-06-30", Zone: "America/New_York"}
	zone, err := e.Location()
	if err != nil {
		t.Fatal(err)
	}
	from, until := e.Period().Instants(zone)
	for instant, want := range map[string]bool{
		"2026-01-01T04:59:59Z": false,
		"2026-01-01T05:00:00Z": true,
		"2026-07-01T03:59:59Z": true,
		"2026-07-01T04:00:00Z": false,
	} {
		at, err := time.Parse(time.RFC3339, instant)
		if err != nil {
			t.Fatal(err)
		}
		if got := !at.Before(from) && at.Before(until); got != want {
			t.Errorf("%s inside: %v, want %v", instant, got, want)
		}
	}
}

// TestFieldworkIsGranted: auditors only read until an administrator decides otherwise, for one engagement and one
// person, and nobody else can decide it.
func TestFieldworkIsGranted(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		ana, root := modelstest.Person(t, db, access.Compliance), modelstest.Person(t, db, access.Administrator)
		e, other := create(t, db, ana, terms()), create(t, db, ana, terms())
		miriam := auditor(t, db, "Miriam Brandt", "Brandt & Okafor")
		for _, in := range []engagement.Engagement{e, other} {
			if err := add(t, db, ana, in, miriam.ID, engagement.Lead); err != nil {
				t.Fatal(err)
			}
		}
		grantOf := func() (out engagement.Auditor) {
			modelstest.Look(t, db, ana, func(ctx context.Context, tx *models.Tx) error {
				team, err := engagement.Team(ctx, tx, e.ID)
				out = team[0].Auditor
				return err
			})
			return out
		}
		decide := func(as access.Actor, verb func(context.Context, *models.Tx, engagement.Engagement, int64, int64) error) error {
			return modelstest.As(t, db, as, func(ctx context.Context, tx *models.Tx) error {
				g := grantOf()
				return verb(ctx, tx, e, g.ID, g.Rev)
			})
		}
		actor := func() access.Actor {
			a := miriam.Actor()
			modelstest.Look(t, db, access.Actor{}, func(ctx context.Context, tx *models.Tx) error {
				grants, err := engagement.OpenFor(ctx, tx, miriam.ID)
				a.Engagements, a.Fieldwork = engagement.IDs(grants), engagement.FieldworkOf(grants)
				return err
			})
			return a
		}
		if a := actor(); !a.ReadOnly() || a.Can(access.FieldworkWrite) || len(a.Engagements) != 2 {
			t.Errorf("before: %+v", a)
		}
		for _, role := range []access.Role{access.Compliance, access.Owner, access.Executive} {
			if err := decide(modelstest.Person(t, db, role), engagement.GrantFieldwork); models.KindOf(err) != models.KindForbidden {
				t.Errorf("granted by a %s: %v", role, err)
			}
		}
		if err := decide(root, engagement.GrantFieldwork); err != nil {
			t.Fatal(err)
		}
		if err := decide(root, engagement.GrantFieldwork); models.KindOf(err) != models.KindConflict {
			t.Errorf("granted twice: %v", err)
		}
		a := actor()
		if a.ReadOnly() || !a.InFieldwork(e.ID) || a.InFieldwork(other.ID) {
			t.Errorf("granted for one engagement: %+v", a)
		}
		t.Run("the kernel refuses records that are not of the engagement", func(t *testing.T) {
			err := modelstest.As(t, db, a, func(ctx context.Context, tx *models.Tx) error {
				x := e.Terms()
				x.Name = "Another name"
				row := e
				return engagement.Change(ctx, tx, &row, x)
			})
			if models.KindOf(err) != models.KindForbidden {
				t.Errorf("an auditor changed the engagement itself: %v", err)
			}
		})
		t.Run("who acts for whom", func(t *testing.T) {
			act := func(as access.Actor, auditor int64) (out engagement.Authority, err error) {
				modelstest.Look(t, db, as, func(ctx context.Context, tx *models.Tx) error {
					out, err = engagement.Act(ctx, tx, e, auditor)
					return nil
				})
				return out, err
			}
			if got, err := act(a, 0); err != nil || got.Auditor != miriam.ID || got.Imported() {
				t.Errorf("the auditor: %+v %v", got, err)
			}
			if _, err := act(ana, miriam.ID); field(err) != "auditor" {
				t.Errorf("in the name of an auditor who writes with their own hand: %v", err)
			}
			if _, err := act(ana, root.ID); field(err) != "auditor" {
				t.Errorf("for somebody who is no auditor: %v", err)
			}
			for _, who := range []access.Actor{root, {ID: miriam.ID, Role: access.Auditor, Engagements: a.Engagements}} {
				if _, err := act(who, miriam.ID); models.KindOf(err) != models.KindForbidden {
					t.Errorf("as %s without the grant: %v", who.Role, err)
				}
			}
		})
		if err := decide(root, engagement.RevokeFieldwork); err != nil {
			t.Fatal(err)
		}
		if a := actor(); !a.ReadOnly() {
			t.Errorf("revoked: %+v", a)
		}
		modelstest.Look(t, db, ana, func(ctx context.Context, tx *models.Tx) error {
			got, err := engagement.Act(ctx, tx, e, miriam.ID)
			if err != nil || got.Auditor != miriam.ID || got.By != ana.ID || !got.Imported() {
				t.Errorf("the firm's file: %+v %v", got, err)
			}
			return nil
		})
		if err := decide(root, engagement.RevokeFieldwork); models.KindOf(err) != models.KindConflict {
			t.Errorf("revoked twice: %v", err)
		}
	})
}
