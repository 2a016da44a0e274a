package handlers_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"testing"
	"time"

	"assay/handlers/handlerstest"
	"assay/internal/blob"
	"assay/internal/jobs"
	"assay/internal/keeper"
	"assay/models"
	"assay/models/access"
	"assay/models/control"
	"assay/models/evidence"
	"assay/models/modelstest"
	"assay/models/retention"
)

// kept is a shop with one accepted item of February 2026, in scope of an engagement whose
// period is 2026.
func kept(s shop) (item string, eve access.Actor) {
	s.Helper()
	item = s.upload(s.owner)
	s.Post(s.priya, item+"/accept", "rev", s.Get(s.priya, item).Field("rev")).Want(http.StatusSeeOther)
	return item, s.engaged()
}

// years lets time pass.
func (s shop) years(n int) {
	s.Helper()
	modelstest.At(s.db, modelstest.Now.AddDate(n, 0, 0))
}

func (s shop) removes() {
	s.Helper()
	must(s.T, jobs.New(s.db, keeper.RemovalWork(s.App.Blobs)).Drain(s.Context()))
}

const keeping = "/settings/retention"

func TestBytesAreRemovedByTwoPeopleOnceTheirTimeIsOver(t *testing.T) {
	eachShop(t, func(s shop) {
		item, eve := kept(s)
		ask := []string{"item", "1", "remove_reason", "Seven years are over."}
		s.Post(s.priya, keeping+"/removals", ask...).Want(http.StatusConflict).Has("E-1 is kept until the end of 31 December 2033.")
		s.years(7) // 1 March 2033: seven years after the item's own days, not after the engagement's period
		s.Get(s.priya, keeping).Want(200).Has("No evidence is past its time.")
		s.years(8)
		s.Get(s.priya, keeping).Want(200).Has("E-1", "kept until the end of 31 December 2033")
		s.Post(s.priya, keeping+"/removals", "item", "1", "remove_reason", "").Want(422).Has("Say why")
		s.Post(s.priya, keeping+"/removals", "remove_reason", "x").Want(422).Has("Choose at least one item.")
		s.Post(s.priya, keeping+"/removals", ask...).Want(http.StatusSeeOther)
		s.Post(s.ines, keeping+"/removals", ask...).Want(http.StatusConflict).Has("Somebody asked for this already")
		s.Get(s.owner, item+"/files/1").Want(200) // one person is not enough
		s.Post(s.priya, keeping+"/requests/1/approve").Want(http.StatusForbidden).Has("somebody else has to decide")
		s.Post(s.owner, keeping+"/requests/1/approve").Want(http.StatusNotFound)
		s.Get(s.ines, keeping).Want(200).Has("Remove the bytes of E-1", "Seven years are over.", "Approve")
		s.Post(s.ines, keeping+"/requests/1/approve").Want(http.StatusSeeOther)
		s.Post(s.ines, keeping+"/requests/1/approve").Want(http.StatusConflict).Has("decided already")

		for _, who := range []access.Actor{s.owner, s.priya, eve} {
			s.Get(who, item).Want(200).Has("No longer kept", "review.csv", sum([]byte(review.body)), "asked for by "+s.priya.Name, "approved by "+s.ines.Name, "Seven years are over.")
			s.Get(who, item+"/files/1").Want(http.StatusGone).Has("was kept here", "removed on 1 March 2034", s.ines.Name)
			s.Get(who, item+"/files/1/preview").Want(200).Has("was kept here")
		}
		s.removes()
		if _, err := s.App.Blobs.Stat(s.Context(), sum([]byte(review.body))); !errors.Is(err, blob.ErrNotFound) {
			t.Errorf("the bytes are there: %v", err)
		}
		s.Get(s.priya, "/activity").Want(200).Has("removed the bytes of", "approved, as the second person")
		s.Get(s.priya, keeping).Want(200).Has("No evidence is past its time.", "Approved")
	})
}

func TestBytesThatAnotherRecordNeedsStay(t *testing.T) {
	eachShop(t, func(s shop) {
		kept(s)
		s.years(8)
		twin := s.send(s.owner, "/evidence", fields("key", "twin", "performed_at", "2034-02-01T10:00", "covers_from", "2034-02-01", "covers_to", "2034-02-28", "late_reason", "x"), review).Want(303).Location
		s.Post(s.priya, keeping+"/removals", "item", "1", "remove_reason", "Over.").Want(http.StatusSeeOther)
		s.Post(s.admin, keeping+"/requests/1/approve").Want(http.StatusSeeOther) // an administrator can be the second person
		s.removes()
		s.Get(s.owner, twin+"/files/2").Want(200)
		s.Get(s.owner, "/evidence/E-1/files/1").Want(http.StatusGone)
	})
}

func TestAHoldOverridesEveryTerm(t *testing.T) {
	eachShop(t, func(s shop) {
		kept(s)
		s.Post(s.owner, keeping+"/holds", "control", "AC-03", "hold_reason", "x").Want(http.StatusNotFound)
		s.Post(s.priya, keeping+"/holds", "hold_reason", "x").Want(422).Has("Choose an engagement")
		s.Post(s.priya, keeping+"/holds", "control", "XX-1", "hold_reason", "Typed before").Want(422).Has("No control has this code.", "Typed before")
		s.Post(s.priya, keeping+"/holds", "control", "AC-03", "hold_reason", "").Want(422).Has("such as the matter")
		s.Post(s.priya, keeping+"/holds", "control", "AC-03", "hold_reason", "Doe v. Halyard").Want(303)
		s.Post(s.priya, keeping+"/holds", "control", "AC-03", "hold_reason", "Doe v. Halyard").Want(http.StatusConflict).Has("This hold is on already")
		s.Post(s.priya, keeping+"/holds", "engagement", "1", "hold_reason", "The regulator asked.").Want(303)
		s.years(20)
		s.Get(s.priya, keeping).Want(200).Has("All evidence of AC-03", "All evidence of SOC 2", "Legal hold")
		ask := []string{"item", "1", "remove_reason", "Over."}
		s.Post(s.priya, keeping+"/removals", ask...).Want(http.StatusConflict).Has("E-1 is under a legal hold")
		for n, hold := range []string{"1", "2"} {
			s.Post(s.priya, keeping+"/holds/"+hold+"/release", "release_reason", "").Want(422)
			s.Post(s.priya, keeping+"/holds/"+hold+"/release", "release_reason", "Settled.").Want(303)
			s.Post(s.priya, keeping+"/removals", ask...).Want(http.StatusConflict) // until somebody else has approved it
			s.Post(s.ines, keeping+"/requests/"+[]string{"1", "2"}[n]+"/approve").Want(303)
		}
		s.Post(s.priya, keeping+"/removals", ask...).Want(303)
		s.Post(s.priya, keeping+"/holds", "control", "AC-03", "hold_reason", "It is not over.").Want(303) // between the two people
		s.Post(s.ines, keeping+"/requests/3/approve").Want(http.StatusConflict).Has("It is not over.")
		s.Get(s.owner, "/evidence/E-1/files/1").Want(200)
		s.Post(s.priya, keeping+"/requests/3/withdraw").Want(303)
	})
}

func TestTermsGrowAloneAndShrinkByTwo(t *testing.T) {
	eachShop(t, func(s shop) {
		kept(s)
		s.Post(s.priya, keeping+"/terms", "years", "0", "reason", "x").Want(422).Has("from 1 to 100")
		s.Post(s.priya, keeping+"/terms", "years", "many", "reason", "x").Want(422)
		s.Post(s.priya, keeping+"/terms", "years", "7", "reason", "x").Want(http.StatusConflict).Has("It is 7 years already.")
		s.Post(s.priya, keeping+"/terms", "term_of", "1", "years", "10", "reason", "The contract says so.").Want(303)
		s.Get(s.priya, keeping).Want(200).Has("10 years", "31 Dec 2036")
		s.Post(s.priya, keeping+"/terms", "term_of", "1", "years", "1", "reason", "It is gone.").Want(303)
		s.Post(s.priya, keeping+"/terms", "term_of", "1", "years", "1", "reason", "It is gone.").Want(http.StatusConflict).Has("asked for this already")
		s.Get(s.priya, keeping).Want(200).Has("Keep the evidence of SOC 2 for 1 year only", "10 years")
		s.Post(s.ines, keeping+"/requests/1/refuse").Want(303)
		s.Get(s.priya, keeping).Want(200).Has("Refused", "10 years")
		s.Post(s.priya, keeping+"/terms", "term_of", "1", "years", "1", "reason", "It is gone.").Want(303)
		s.Post(s.ines, keeping+"/requests/2/approve").Want(303)
		s.Get(s.priya, keeping).Want(200).Has("1 year", "31 Dec 2027")
	})
}

// What the verbs refuse the database refuses as well, for whoever goes past them.
func TestTheDatabaseGuardsWhatIsKept(t *testing.T) {
	eachShop(t, func(s shop) {
		kept(s)
		as := func(f func(context.Context, *models.Tx) error) error { return modelstest.As(s.T, s.db, s.priya, f) }
		request := func(change func(*retention.Request)) (r retention.Request, err error) {
			one := int64(1)
			r = retention.Request{Kind: retention.Remove, EvidenceID: &one, Reason: "x", Status: retention.Open, AskedBy: s.priya.ID, AskedAt: s.db.Now().UTC()}
			change(&r)
			return r, as(func(ctx context.Context, tx *models.Tx) error {
				return models.Insert(ctx, tx, &r, "retention.ask_remove")
			})
		}
		now := s.db.Now().UTC()
		if _, err := request(func(r *retention.Request) { r.Status, r.DecidedBy, r.DecidedAt = retention.Approved, &s.priya.ID, &now }); !models.Broken(err) {
			t.Errorf("one person asked and approved: %v", err)
		}
		remove := func(by int64) error {
			return as(func(ctx context.Context, tx *models.Tx) error {
				f, err := evidence.FileByID(ctx, tx, 1, 1)
				if err != nil {
					return err
				}
				f.RemovalID = &by
				return models.Update(ctx, tx, &f, models.Columns{"RemovalID"}, "evidence.remove")
			})
		}
		open, err := request(func(*retention.Request) {})
		must(s.T, err)
		if err := remove(open.ID); !models.Broken(err) {
			t.Errorf("removed before anybody approved: %v", err)
		}
		approved, err := request(func(r *retention.Request) { r.Status, r.DecidedBy, r.DecidedAt = retention.Approved, &s.ines.ID, &now })
		must(s.T, err)
		one := int64(1)
		hold := retention.Hold{EngagementID: &one, Reason: "x", SetBy: s.priya.ID, SetAt: now}
		must(s.T, as(func(ctx context.Context, tx *models.Tx) error { return models.Insert(ctx, tx, &hold, "hold.set") }))
		if err := remove(approved.ID); !models.Broken(err) {
			t.Errorf("removed under a hold: %v", err)
		}
		hold.ReleasedAt = &now
		must(s.T, as(func(ctx context.Context, tx *models.Tx) error {
			return models.Update(ctx, tx, &hold, models.Columns{"ReleasedAt"}, "hold.release")
		}))
		must(s.T, remove(approved.ID))
		if err := as(func(ctx context.Context, tx *models.Tx) error {
			f, err := evidence.FileByID(ctx, tx, 1, 1)
			if err != nil {
				return err
			}
			f.RemovalID = nil
			return models.Update(ctx, tx, &f, models.Columns{"RemovalID"}, "evidence.remove")
		}); !models.Broken(err) {
			t.Errorf("brought back: %v", err)
		}
	})
}

func TestABucketIsToldHowLongToKeep(t *testing.T) {
	s := newShop(t)
	onLockedS3(t, s)
	kept(s)
	locks := func() {
		w := jobs.New(s.db, keeper.LockWork(s.App.Blobs)...)
		must(t, w.Stand(t.Context()))
		must(t, w.Drain(t.Context()))
	}
	locks()
	if err := s.App.Blobs.Remove(t.Context(), sum([]byte(review.body))); !errors.Is(err, blob.ErrLocked) {
		t.Errorf("removing it: %v", err)
	}
	s.Post(s.priya, keeping+"/terms", "term_of", "1", "years", "9", "reason", "Longer.").Want(303)
	modelstest.At(s.db, modelstest.Now.Add(2*time.Hour))
	locks()
	var until models.Date
	modelstest.Look(t, s.db, s.priya, func(ctx context.Context, tx *models.Tx) error {
		l, err := models.Rows[retention.Lock](tx).Take(ctx)
		until = l.Until
		return err
	})
	if until != "2035-12-31" {
		t.Errorf("locked until %s", until)
	}
}

// TestWhatIsPastItsTimeIsFoundBehindWhatIsKept: hundreds of older items that an engagement
// keeps do not hide the one that nothing keeps, nor one that never said what it covers.
func TestWhatIsPastItsTimeIsFoundBehindWhatIsKept(t *testing.T) {
	eachShop(t, func(s shop) {
		s.engaged()
		aside := control.Control{Code: "ZZ-01", Title: "Aside", Frequency: "monthly", Status: control.Effective, OwnerID: &s.owner.ID, CreatedAt: modelstest.Now}
		var first, undated evidence.Item
		must(s.T, modelstest.As(s.T, s.db, access.Clock, func(ctx context.Context, tx *models.Tx) error {
			return models.Insert(ctx, tx, &aside, "control.create")
		}))
		must(s.T, modelstest.As(s.T, s.db, s.owner, func(ctx context.Context, tx *models.Tx) (err error) {
			store := func(c control.Control, day models.Date, key string) (evidence.Item, error) {
				return evidence.Store(ctx, tx, evidence.Parcel{
					ControlID: c.ID, Key: key, Details: evidence.Details{Title: key, CoversFrom: day, CoversTo: day},
					Files: []evidence.Upload{{Name: key + ".txt", Digest: sum([]byte(key)), Size: 1}},
				})
			}
			kept, err := control.ByCode(ctx, tx, "AC-03")
			if err != nil {
				return err
			}
			for n := range 520 {
				if _, err := store(kept, models.Date("2026-01-01").AddDays(n%28), fmt.Sprint("kept", n)); err != nil {
					return err
				}
			}
			if first, err = store(aside, "2026-02-15", "over"); err != nil {
				return err
			}
			undated, err = store(aside, "", "undated")
			return err
		}))
		s.years(7)
		modelstest.At(s.db, s.db.Now().AddDate(0, 0, 5))
		before := s.db.Queries()
		p := s.Get(s.priya, keeping).Want(200).Has("There is more behind it.").Lacks(first.Code(), undated.Code())
		next := regexp.MustCompile(`/settings/retention\?after=[0-9.-]+`).FindString(p.Body)
		s.Get(s.priya, next).Want(200).Has(first.Code(), "kept until the end of 1 March 2033", undated.Code(), "kept until the end of 1 March 2033").Lacks("There is more behind it.")
		if n := s.db.Queries() - before; n > 2*handlerstest.QueryBudget {
			t.Errorf("%d queries for two pages", n)
		}
		s.Get(s.priya, keeping+"?after=nonsense").Want(200).Has("There is more behind it.")
	})
}
