package people_test

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"assay/models"
	"assay/models/access"
	"assay/models/modelstest"
	"assay/models/people"
)

type act func(context.Context, *models.Tx, *people.Person) error

// on runs a verb on somebody as they are now.
func on(t *testing.T, db *models.DB, actor access.Actor, id int64, f act) error {
	t.Helper()
	return modelstest.As(t, db, actor, func(ctx context.Context, tx *models.Tx) error {
		p, err := people.ByID(ctx, tx, id)
		if err != nil {
			return err
		}
		return f(ctx, tx, &p)
	})
}

func to(role access.Role) act {
	return func(ctx context.Context, tx *models.Tx, p *people.Person) error {
		return people.ChangeRole(ctx, tx, p, role)
	}
}

func leave(ctx context.Context, tx *models.Tx, p *people.Person) error {
	return people.Deactivate(ctx, tx, p, "Left the company.")
}

// cameIn makes somebody look as if they had signed in.
func cameIn(ctx context.Context, tx *models.Tx, p *people.Person) error {
	p.FirstSeenAt = &tx.Now
	return models.Update(ctx, tx, p, models.Columns{"FirstSeenAt"}, "person.change")
}

func sit(t *testing.T, db *models.DB, person int64, token string) {
	t.Helper()
	s := people.Session{PersonID: person, TokenHash: token}
	if err := db.Bookkeep(t.Context(), func(tx *models.Tx) error { return s.Begin(t.Context(), tx) }); err != nil {
		t.Fatal(err)
	}
}

func seated(t *testing.T, db *models.DB, token string) access.Actor {
	t.Helper()
	var a access.Actor
	modelstest.Look(t, db, access.Actor{}, func(ctx context.Context, tx *models.Tx) (err error) {
		_, a, err = people.BySession(ctx, tx, token)
		return err
	})
	return a
}

func TestRules(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		ada := modelstest.Person(t, db, access.Administrator)
		for name, tc := range map[string]struct {
			who   access.Role // a second administrator makes room for what is tried on the first
			self  bool
			alone bool // ada is the only administrator
			ready []act
			do    act
			kind  models.Kind
			says  string
		}{
			"a role can be changed":                        {who: access.Owner, do: to(access.Compliance)},
			"nobody changes their own role":                {self: true, do: to(access.Compliance), kind: models.KindForbidden, says: "own role"},
			"the role somebody holds is no change":         {who: access.Owner, do: to(access.Owner), kind: models.KindInvalid},
			"there are five roles":                         {who: access.Owner, do: to("system"), kind: models.KindInvalid},
			"an owner at work does not become an auditor":  {who: access.Owner, ready: []act{cameIn}, do: to(access.Auditor), kind: models.KindConflict, says: "stay apart"},
			"an auditor at work does not join the company": {who: access.Auditor, ready: []act{cameIn}, do: to(access.Owner), kind: models.KindConflict, says: "stay apart"},
			"an invitation can still become an auditor's":  {who: access.Owner, do: to(access.Auditor)},
			"the last administrator keeps the role":        {who: access.Compliance, alone: true, do: to(access.Owner), kind: models.KindConflict, says: "last administrator"},
			"the last administrator stays":                 {who: access.Compliance, alone: true, do: leave, kind: models.KindConflict, says: "last administrator"},
			"one of two administrators can go":             {who: access.Administrator, do: leave},
			"nobody deactivates themselves":                {self: true, do: leave, kind: models.KindForbidden, says: "own account"},
			"leaving has a reason": {who: access.Owner, do: func(ctx context.Context, tx *models.Tx, p *people.Person) error {
				return people.Deactivate(ctx, tx, p, " ")
			}, kind: models.KindInvalid},
			"whoever left cannot leave again":                  {who: access.Owner, ready: []act{leave}, do: leave, kind: models.KindConflict},
			"whoever left gets no other role":                  {who: access.Owner, ready: []act{leave}, do: to(access.Compliance), kind: models.KindConflict, says: "Reactivate"},
			"whoever left can come back":                       {who: access.Owner, ready: []act{cameIn, leave}, do: people.Reactivate},
			"whoever is here cannot come back":                 {who: access.Owner, do: people.Reactivate, kind: models.KindConflict},
			"an administrator who left does not count as last": {who: access.Administrator, ready: []act{leave}, do: people.Reactivate},
		} {
			t.Run(name, func(t *testing.T) {
				id, actor := ada.ID, ada
				if !tc.self && !tc.alone {
					id = modelstest.Person(t, db, tc.who).ID
				}
				if tc.alone {
					actor = modelstest.Person(t, db, tc.who) // the verb does not ask what the route did
				}
				for _, f := range tc.ready {
					if err := on(t, db, actor, id, f); err != nil {
						t.Fatal(err)
					}
				}
				if tc.alone {
					retireOthers(t, db, ada)
				}
				err := on(t, db, actor, id, tc.do)
				if models.KindOf(err) != tc.kind && err != nil || (err == nil) != (tc.kind == models.Internal) {
					t.Fatalf("got %v", err)
				}
				if err != nil && !strings.Contains(err.Error(), tc.says) {
					t.Errorf("got %q, want %q in it", err, tc.says)
				}
			})
		}
	})
}

// retireOthers leaves ada as the only administrator.
func retireOthers(t *testing.T, db *models.DB, ada access.Actor) {
	t.Helper()
	var list []people.Person
	modelstest.Look(t, db, ada, func(ctx context.Context, tx *models.Tx) (err error) {
		list, err = models.Rows[people.Person](tx).Where("role = ? AND status = ? AND id <> ?", access.Administrator, people.Active, ada.ID).Find(ctx)
		return err
	})
	for _, p := range list {
		if err := on(t, db, ada, p.ID, leave); err != nil {
			t.Fatal(err)
		}
	}
}

func TestRule14LeavingEndsSessions(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		ada, sam := modelstest.Person(t, db, access.Administrator), modelstest.Person(t, db, access.Owner)
		sit(t, db, sam.ID, "one")
		sit(t, db, ada.ID, "ada")
		if seated(t, db, "one").ID != sam.ID {
			t.Fatal("the session does not work")
		}
		if err := on(t, db, ada, sam.ID, to(access.Compliance)); err != nil {
			t.Fatal(err)
		}
		if seated(t, db, "one").ID != 0 {
			t.Error("a session outlived the role it was begun with")
		}
		sit(t, db, sam.ID, "two")
		if err := on(t, db, ada, sam.ID, leave); err != nil {
			t.Fatal(err)
		}
		if seated(t, db, "two").ID != 0 {
			t.Error("a session outlived the account")
		}
		if err := on(t, db, ada, sam.ID, people.Reactivate); err != nil {
			t.Fatal(err)
		}
		if seated(t, db, "two").ID != 0 {
			t.Error("an ended session came back with the account")
		}
		if seated(t, db, "ada").ID != ada.ID {
			t.Error("somebody else was put out")
		}
		modelstest.Look(t, db, ada, func(ctx context.Context, tx *models.Tx) error {
			p, err := people.ByID(ctx, tx, sam.ID)
			if p.Name != sam.Name {
				t.Errorf("the name became %q", p.Name)
			}
			return err
		})
	})
}

// TestTwoAdministratorsRemoveEachOther holds the rule under concurrency: however the two
// transactions interleave, one administrator is left.
func TestTwoAdministratorsRemoveEachOther(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		for range 8 {
			a, b := modelstest.Person(t, db, access.Administrator), modelstest.Person(t, db, access.Administrator)
			retire := func(actor, other access.Actor, f act) error {
				return db.Write(context.Background(), actor, func(tx *models.Tx) error {
					p, err := people.ByID(context.Background(), tx, other.ID)
					if err != nil {
						return err
					}
					return f(context.Background(), tx, &p)
				})
			}
			var wg sync.WaitGroup
			var first, second error
			wg.Go(func() { first = retire(a, b, leave) })
			wg.Go(func() { second = retire(b, a, to(access.Executive)) })
			wg.Wait()
			for _, err := range []error{first, second} {
				if err != nil && models.KindOf(err) != models.KindConflict {
					t.Fatal(err)
				}
			}
			var left int
			modelstest.Look(t, db, access.Clock, func(ctx context.Context, tx *models.Tx) (err error) {
				left, err = models.Value[int](ctx, tx, "SELECT count(*) FROM people WHERE role = 'administrator' AND status = 'active'")
				return err
			})
			if left != 1 {
				t.Fatalf("%d administrators are left (%v, %v)", left, first, second)
			}
			if first == nil { // the next round begins with none: b left, or a was demoted
				b = a
			}
			if err := db.Write(t.Context(), access.Clock, func(tx *models.Tx) error {
				p, err := people.ByID(t.Context(), tx, b.ID)
				if err != nil {
					return err
				}
				p.Role = access.Executive
				return models.Update(t.Context(), tx, &p, models.Columns{"Role"}, "person.role")
			}); err != nil {
				t.Fatal(err)
			}
		}
	})
}

func TestInvite(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		ada := modelstest.Person(t, db, access.Administrator)
		good := people.Invitation{Name: "Kim", Email: "kim@halyard.example", Role: access.Owner}
		for _, tc := range []struct {
			name   string
			change func(*people.Invitation)
			bad    []string
		}{
			{"a whole invitation is made", func(*people.Invitation) {}, nil},
			{"the same address again is refused, however it is written", func(i *people.Invitation) { i.Email = "KIM@halyard.example" }, []string{"email"}},
			{"nothing at all is refused in full", func(i *people.Invitation) { *i = people.Invitation{} }, []string{"email", "name", "role"}},
			{"a name with an address is no address", func(i *people.Invitation) { i.Email = "Kim <kim@x.example>" }, []string{"email"}},
			{"an auditor has a firm", func(i *people.Invitation) { i.Email, i.Role = "jo@firm.example", access.Auditor }, []string{"firm"}},
			{"nobody is invited to be the clock", func(i *people.Invitation) { i.Email, i.Role = "x@firm.example", access.System }, []string{"role"}},
		} {
			t.Run(tc.name, func(t *testing.T) {
				i := good
				tc.change(&i)
				var p people.Person
				err := modelstest.As(t, db, ada, func(ctx context.Context, tx *models.Tx) (err error) {
					p, err = people.Invite(ctx, tx, i)
					return err
				})
				if bad := fields(err); !slices.Equal(bad, tc.bad) {
					t.Fatalf("refused for %q (%v), want %q", bad, err, tc.bad)
				}
				if err == nil && (p.Status != people.Invited || p.InvitedBy == nil || *p.InvitedBy != ada.ID) {
					t.Errorf("invited as %+v", p)
				}
			})
		}
	})
}

func fields(err error) []string {
	e, ok := err.(*models.Error) //nolint:errorlint // verbs return it bare
	if !ok {
		return nil
	}
	var out []string
	for name := range e.Fields {
		out = append(out, name)
	}
	slices.Sort(out)
	return out
}

func TestListNarrows(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		ada := modelstest.Person(t, db, access.Administrator)
		for _, name := range []string{"Zoe", "Ann 100%", "Bob_b"} {
			i := people.Invitation{Name: name, Email: strings.ToLower(name[:3]) + "@Firm.example", Role: access.Owner}
			if err := modelstest.As(t, db, ada, func(ctx context.Context, tx *models.Tx) error {
				_, err := people.Invite(ctx, tx, i)
				return err
			}); err != nil {
				t.Fatal(err)
			}
		}
		for name, tc := range map[string]struct {
			f    people.Filter
			want []string
		}{
			"everybody, by name":                  {people.Filter{}, []string{"Administrator 1", "Ann 100%", "Bob_b", "Zoe"}},
			"a percent sign is a character":       {people.Filter{Text: "100%"}, []string{"Ann 100%"}},
			"so is an underscore":                 {people.Filter{Text: "b_b"}, []string{"Bob_b"}},
			"capitals do not matter":              {people.Filter{Text: "ZOE@FIRM"}, []string{"Zoe"}},
			"a role":                              {people.Filter{Role: access.Administrator}, []string{"Administrator 1"}},
			"a status and a text":                 {people.Filter{Status: people.Invited, Text: "ann"}, []string{"Ann 100%"}},
			"nobody is called like a whole query": {people.Filter{Text: "' OR 1=1 --"}, nil},
		} {
			t.Run(name, func(t *testing.T) {
				var got []string
				modelstest.Look(t, db, ada, func(ctx context.Context, tx *models.Tx) error {
					page := models.Page{Limit: 2}
					for {
						w, err := people.List(ctx, tx, tc.f, page)
						if err != nil {
							return err
						}
						for _, p := range w.Items {
							got = append(got, p.Name)
						}
						if page.After = w.Later; page.After == "" {
							return nil
						}
					}
				})
				if !slices.Equal(got, tc.want) {
					t.Errorf("got %q, want %q", got, tc.want)
				}
			})
		}
	})
}

func TestASignInIsTakenOutOnce(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		p := people.PendingSignIn{StateHash: "s", Browser: "b", Data: "{}", Address: "192.0.2.1"}
		if err := db.Bookkeep(t.Context(), func(tx *models.Tx) error { return p.Begin(t.Context(), tx, 0) }); err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		var mu sync.Mutex
		taken := 0
		for range 16 {
			wg.Go(func() {
				err := db.Bookkeep(context.Background(), func(tx *models.Tx) error {
					_, err := people.TakePending(context.Background(), tx, "s", "b")
					return err
				})
				mu.Lock()
				defer mu.Unlock()
				if err == nil {
					taken++
				} else if models.KindOf(err) != models.KindNotFound {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if taken != 1 {
			t.Errorf("taken out %d times", taken)
		}
	})
}

func TestWhatIsOverIsForgotten(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		sam := modelstest.Person(t, db, access.Owner)
		sit(t, db, sam.ID, "old")
		begin := func(state string) {
			t.Helper()
			p := people.PendingSignIn{StateHash: state, Browser: "b", Data: "{}"}
			if err := db.Bookkeep(t.Context(), func(tx *models.Tx) error { return p.Begin(t.Context(), tx, 0) }); err != nil {
				t.Fatal(err)
			}
		}
		begin("first")
		modelstest.At(db, modelstest.Now.Add(32*24*time.Hour))
		begin("second")
		modelstest.Look(t, db, access.Clock, func(ctx context.Context, tx *models.Tx) error {
			pending, err := models.Value[int](ctx, tx, "SELECT count(*) FROM pending_signins")
			if err != nil {
				return err
			}
			sessions, err := models.Value[int](ctx, tx, "SELECT count(*) FROM sessions")
			if pending != 1 || sessions != 0 {
				t.Errorf("%d pending sign-ins and %d sessions are kept", pending, sessions)
			}
			return err
		})
	})
}

// TestTheDatabaseGuards tries to write, past the verbs, what must not be.
func TestTheDatabaseGuards(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		ada := modelstest.Person(t, db, access.Administrator)
		now := modelstest.Now
		for name, p := range map[string]people.Person{
			"two accounts with one address":         {Name: "A", Email: strings.ToUpper("administrator-1@halyard.example"), Role: access.Owner, Status: people.Active},
			"deactivated at no time":                {Name: "A", Email: "a@x.example", Role: access.Owner, Status: people.Deactivated},
			"active since being deactivated":        {Name: "A", Email: "a@x.example", Role: access.Owner, Status: people.Active, DeactivatedAt: &now},
			"an identity without an issuer":         {Name: "A", Email: "a@x.example", Role: access.Owner, Status: people.Active, Subject: "1"},
			"an invitation that has an identity":    {Name: "A", Email: "a@x.example", Role: access.Owner, Status: people.Invited, Issuer: "i", Subject: "1"},
			"a role nobody can hold":                {Name: "A", Email: "a@x.example", Role: access.System, Status: people.Active},
			"a role that comes from somewhere else": {Name: "A", Email: "a@x.example", Role: access.Owner, RoleFrom: "nowhere", Status: people.Active},
			"somebody without a name":               {Email: "a@x.example", Role: access.Owner, Status: people.Active},
		} {
			p.InvitedAt = now
			err := modelstest.As(t, db, ada, func(ctx context.Context, tx *models.Tx) error { return models.Insert(ctx, tx, &p, "person.invite") })
			if !models.Duplicate(err) && !models.Broken(err) {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}
