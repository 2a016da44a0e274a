package evidence_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"assay/models"
	"assay/models/access"
	"assay/models/evidence"
	"assay/models/modelstest"
)

func TestEveryStateIsReachableAndOnlyWithdrawnIsFinal(t *testing.T) {
	reached := map[evidence.Status]bool{evidence.Stored: true}
	for _, from := range evidence.Statuses {
		for _, to := range from.Next() {
			reached[to] = true
			if !to.Valid() {
				t.Errorf("%s leads to %q", from, to)
			}
		}
		if final := len(from.Next()) == 0; final != (from == evidence.Withdrawn) {
			t.Errorf("%s is final: %v", from, final)
		}
		if from.Label() == string(from) {
			t.Errorf("%s has no words", from)
		}
	}
	for _, s := range evidence.Statuses {
		if !reached[s] {
			t.Errorf("%s cannot be reached", s)
		}
	}
}

func TestAnItemLivesThroughEveryState(t *testing.T) {
	each(t, func(c company) {
		i := c.submitted(c.owner, details())
		i, err := c.returned(c.priya, i, "Add the contractors.")
		c.must(err)
		if i.Status != evidence.Returned || i.DecisionNote != "Add the contractors." {
			c.Errorf("got %+v", i)
		}
		c.must(c.as(c.owner, func(ctx context.Context, tx *models.Tx) (err error) {
			if i, err = evidence.AddFiles(ctx, tx, i.ID, []evidence.Upload{upload("contractors.csv", "user\n")}); err != nil {
				return err
			}
			d := i.Details
			d.Description = "Now with contractors."
			if i, err = evidence.Amend(ctx, tx, i.ID, i.Rev, d); err != nil {
				return err
			}
			i, err = evidence.Submit(ctx, tx, i.ID, i.Rev)
			return err
		}))
		if i.DecidedBy != nil || i.DecisionNote == "" {
			c.Errorf("sent again: decided by %v, note %q", i.DecidedBy, i.DecisionNote)
		}
		i, err = c.accept(c.ines, i)
		c.must(err)
		if *i.DecidedBy != c.ines.ID || *i.OwnerID != c.owner.ID || *i.BackupID != c.backup.ID {
			c.Errorf("the decision does not say who owned the control: %+v", i)
		}
		i, err = c.withdraw(c.priya, i, "It shows a customer's name.")
		c.must(err)
		if _, err := c.withdraw(c.priya, i, "Again."); models.KindOf(err) != models.KindConflict {
			c.Errorf("withdrawn twice: %v", err)
		}
		modelstest.Look(c.T, c.db, c.owner, func(ctx context.Context, tx *models.Tx) error {
			files, err := evidence.FilesOf(ctx, tx, i.ID)
			if len(files) != 2 {
				c.Errorf("%d files are left of a withdrawn item", len(files))
			}
			return err
		})
	})
}

func TestOnlyWhatIsOpenCanBeChanged(t *testing.T) {
	each(t, func(c company) {
		i := c.submitted(c.owner, details())
		change := map[string]func(context.Context, *models.Tx) error{
			"amend": func(ctx context.Context, tx *models.Tx) error {
				_, err := evidence.Amend(ctx, tx, i.ID, i.Rev, details())
				return err
			},
			"add a file": func(ctx context.Context, tx *models.Tx) error {
				_, err := evidence.AddFiles(ctx, tx, i.ID, []evidence.Upload{upload("b.txt", "b")})
				return err
			},
			"submit": func(ctx context.Context, tx *models.Tx) error {
				_, err := evidence.Submit(ctx, tx, i.ID, i.Rev)
				return err
			},
		}
		for name, f := range change {
			c.refused(name+" a submitted item", c.as(c.owner, f), models.KindConflict)
			c.refused(name+" somebody else's item", c.as(c.backup, f), models.KindForbidden)
			c.refused(name+" an unseen item", c.as(c.other, f), models.KindNotFound)
		}
		_, err := c.accept(c.priya, c.store(c.owner, details(), upload("c.txt", "c")))
		c.refused("accept what was not submitted", err, models.KindConflict)
	})
}

func TestDetails(t *testing.T) {
	at := func(d time.Duration) *time.Time { return ptr(modelstest.Now.Add(d)) }
	cases := []struct {
		name   string
		change func(*evidence.Details)
		field  string
	}{
		{"as it should be", func(*evidence.Details) {}, ""},
		{"no kind", func(d *evidence.Details) { d.Kind = "" }, "kind"},
		{"a kind nobody knows", func(d *evidence.Details) { d.Kind = "hearsay" }, "kind"},
		{"a person who says to be a connector", func(d *evidence.Details) { d.Kind = "system_pull" }, "kind"},
		{"no source", func(d *evidence.Details) { d.Source = "" }, "source"},
		{"an export without a time of performance", func(d *evidence.Details) { d.PerformedAt = nil }, ""},
		{"a ticket without a time of performance", func(d *evidence.Details) { d.PerformedAt, d.Kind = nil, "ticket" }, "performed_at"},
		{"an export without one that covers today", func(d *evidence.Details) { d.PerformedAt, d.CoversTo = nil, "2026-03-01" }, "covers_to"},
		{"days until today", func(d *evidence.Details) { d.CoversTo = "2026-03-01" }, ""},
		{"tomorrow", func(d *evidence.Details) { d.CoversTo = "2026-03-02" }, "covers_to"},
		{"days after it was captured", func(d *evidence.Details) { d.CollectedAt, d.CoversTo = at(-24*time.Hour), "2026-03-01" }, "covers_to"},
		{"a screenshot of a month", func(d *evidence.Details) { d.Kind = "screenshot" }, "covers_to"},
		{"a screenshot of its day", func(d *evidence.Details) { d.Kind, d.CoversFrom = "screenshot", "2026-02-28" }, ""},
		{"a screenshot of another day", func(d *evidence.Details) { d.Kind, d.CoversFrom, d.CoversTo = "screenshot", "2026-02-27", "2026-02-27" }, "covers_to"},
		{"a screenshot from the day before the control acted", func(d *evidence.Details) {
			d.Kind, d.CoversFrom, d.CollectedAt = "screenshot", "2026-02-28", ptr(d.PerformedAt.Add(-24*time.Hour))
		}, "collected_at"},
		{"an export from the day before the control acted on it", func(d *evidence.Details) {
			d.CollectedAt, d.CoversTo = ptr(d.PerformedAt.Add(-24*time.Hour)), "2026-02-27"
		}, ""},
		{"a statement about a month", func(d *evidence.Details) { d.Kind = "attestation" }, "covers_to"},
		{"a statement about long ago", func(d *evidence.Details) {
			d.Kind, d.PerformedAt, d.LateReason, d.CoversFrom, d.CoversTo = "attestation", at(-30*24*time.Hour), "Forgotten.", "2026-01-30", "2026-01-30"
		}, "kind"},
		{"performed at the instant of the upload", func(d *evidence.Details) { d.PerformedAt = at(0) }, ""},
		{"performed a microsecond after the upload", func(d *evidence.Details) { d.PerformedAt = at(time.Microsecond) }, "performed_at"},
		{"performed exactly 7 days before", func(d *evidence.Details) { d.PerformedAt = at(-7 * 24 * time.Hour) }, ""},
		{"performed a microsecond more than 7 days before", func(d *evidence.Details) { d.PerformedAt = at(-7*24*time.Hour - time.Microsecond) }, "late_reason"},
		{"the same with a reason", func(d *evidence.Details) {
			d.PerformedAt, d.LateReason = at(-30*24*time.Hour), "The export waited for a ticket."
		}, ""},
		{"captured after the upload", func(d *evidence.Details) { d.CollectedAt = at(time.Hour) }, "collected_at"},
		{"no first day", func(d *evidence.Details) { d.CoversFrom = "" }, "covers_from"},
		{"no last day", func(d *evidence.Details) { d.CoversTo = "" }, "covers_to"},
		{"the last day before the first", func(d *evidence.Details) { d.CoversTo = "2026-01-31" }, "covers_to"},
		{"a single day", func(d *evidence.Details) { d.CoversTo = d.CoversFrom }, ""},
		{"a predecessor that does not exist", func(d *evidence.Details) { d.SupersedesID = ptr(int64(999)) }, ""},
	}
	each(t, func(c company) {
		for _, tc := range cases {
			d := details()
			tc.change(&d)
			i := c.store(c.owner, d)
			_, err := c.submit(c.owner, i)
			if tc.field == "" {
				if err != nil {
					c.Errorf("%s: %v", tc.name, err)
				}
				continue
			}
			c.refused(tc.name, err, models.KindInvalid)
			var refusal *models.Error
			if !errors.As(err, &refusal) || refusal.Fields[tc.field] == "" || len(refusal.Fields) != 1 {
				c.Errorf("%s: got %v", tc.name, refusal)
			}
			if !c.sees(c.owner, i) {
				c.Errorf("%s: the files were lost", tc.name)
			}
		}
	})
}

func TestRule06LateUploadsAreMarkedAsTheOwnersWord(t *testing.T) {
	each(t, func(c company) {
		d := details()
		d.PerformedAt, d.LateReason = ptr(time.Date(2026, 2, 20, 9, 0, 0, 0, time.UTC)), "On leave."
		if i := c.submitted(c.owner, d); !i.OwnerStated() {
			c.Error("performed 20 February, uploaded 1 March: not marked")
		}
		if i := c.submitted(c.owner, details(), upload("a.txt", "a")); i.OwnerStated() {
			c.Error("performed the day before the upload: marked")
		}
		// Sending it again a month later does not make the control late.
		i := c.submitted(c.owner, details(), upload("b.txt", "b"))
		i, err := c.returned(c.priya, i, "Which system?")
		c.must(err)
		modelstest.At(c.db, modelstest.Now.Add(30*24*time.Hour))
		i, err = c.submit(c.owner, i)
		c.must(err)
		if i.OwnerStated() || !i.SubmittedAt.Equal(modelstest.Now.Add(30*24*time.Hour)) {
			c.Errorf("got %+v", i)
		}
	})
}

func TestStore(t *testing.T) {
	each(t, func(c company) {
		parcel := evidence.Parcel{ControlID: c.control.ID, Key: "form-1", Files: []evidence.Upload{upload("a.txt", "a"), upload("a.txt", "a"), upload("b.txt", "a")}}
		var i evidence.Item
		store := func(p evidence.Parcel) func(context.Context, *models.Tx) error {
			return func(ctx context.Context, tx *models.Tx) (err error) {
				i, err = evidence.Store(ctx, tx, p)
				return err
			}
		}
		c.must(c.as(c.owner, store(parcel)))
		if i.Title != "a.txt" || i.Status != evidence.Stored {
			c.Errorf("got %+v", i)
		}
		c.refused("the same form again", c.as(c.owner, store(parcel)), models.KindConflict)
		c.must(c.as(c.priya, store(parcel))) // another person's key is another key
		empty := parcel
		empty.Key, empty.Files = "", nil
		c.refused("no file", c.as(c.owner, store(empty)), models.KindInvalid)
		foreign := parcel
		foreign.Key, foreign.ControlID = "", 999
		c.refused("no such control", c.as(c.owner, store(foreign)), models.KindNotFound)
		for _, a := range []access.Actor{c.admin, c.executive, c.auditor} {
			c.refused("uploaded by "+a.Name, c.as(a, store(evidence.Parcel{ControlID: c.control.ID, Files: parcel.Files})), models.KindForbidden)
		}
		modelstest.Look(c.T, c.db, c.owner, func(ctx context.Context, tx *models.Tx) error {
			item, err := evidence.ByFormKey(ctx, tx, "form-1")
			if err != nil {
				return err
			}
			files, err := evidence.FilesOf(ctx, tx, item.ID)
			if len(files) != 2 {
				c.Errorf("%d files, want a.txt and b.txt once each", len(files))
			}
			receipts, err2 := evidence.Receipts(ctx, tx, files)
			for _, f := range files {
				if r := receipts[f.ID]; r.Leaf == 0 || !r.At.Equal(modelstest.Now) || r.Checkpoint != 0 {
					c.Errorf("%s has the receipt %+v", f.Name, r)
				}
			}
			if err == nil {
				err = err2
			}
			return err
		})
		many := make([]evidence.Upload, evidence.MaxFiles+1)
		for n := range many {
			many[n] = upload(strings.Repeat("x", n+1)+".txt", "x")
		}
		c.refused("too many files", c.as(c.owner, store(evidence.Parcel{ControlID: c.control.ID, Files: many})), models.KindInvalid)
	})
}

func TestRule08SupersededEvidence(t *testing.T) {
	each(t, func(c company) {
		old := c.accepted(details())
		d := details()
		d.SupersedesID = &old.ID
		newer := c.submitted(c.owner, d, upload("v2.csv", "v2"))
		if !c.sees(c.owner, old) {
			c.Fatal("the old item is gone")
		}
		status := func() (s evidence.Status) {
			modelstest.Look(c.T, c.db, c.priya, func(ctx context.Context, tx *models.Tx) error {
				i, err := evidence.ByID(ctx, tx, old.ID)
				s = i.Status
				return err
			})
			return s
		}
		if status() != evidence.Accepted {
			c.Error("superseded before the newer one was accepted")
		}
		_, err := c.accept(c.ines, newer)
		c.must(err)
		if status() != evidence.Superseded {
			c.Errorf("the old item is %s", status())
		}
		late := c.store(c.owner, d, upload("v3.csv", "v3"))
		_, err = c.submit(c.owner, late)
		c.must(err) // Store left the predecessor out, because it is no longer accepted
		other := c.addControl("AC-04", "monthly", "CC6.1")
		foreign := c.store(c.owner, details(), upload("v4.csv", "v4"))
		d.SupersedesID = &newer.ID
		err = c.as(c.owner, func(ctx context.Context, tx *models.Tx) error {
			i, err := evidence.Store(ctx, tx, evidence.Parcel{ControlID: other.ID, Details: details(), Files: []evidence.Upload{upload("v5.csv", "v5")}})
			if err != nil {
				return err
			}
			_, err = evidence.Amend(ctx, tx, i.ID, i.Rev, d)
			return err
		})
		c.refused("replaces an item of another control", err, models.KindInvalid)
		err = c.as(c.owner, func(ctx context.Context, tx *models.Tx) error {
			d.SupersedesID = &foreign.ID
			_, err := evidence.Amend(ctx, tx, foreign.ID, foreign.Rev, d)
			return err
		})
		c.refused("replaces itself", err, models.KindInvalid)
	})
}

func TestRule08SameBytesTwice(t *testing.T) {
	each(t, func(c company) {
		first := c.store(c.owner, details(), upload("jan.csv", "same"))
		second := c.store(c.priya, details(), upload("feb.csv", "same"))
		c.handOver(c.priya) // so that the owner sees only what they uploaded
		twins := func(a access.Actor, i evidence.Item) (codes []string) {
			modelstest.Look(c.T, c.db, a, func(ctx context.Context, tx *models.Tx) error {
				b, err := evidence.BesideOf(ctx, tx, i)
				for _, twin := range b.Twins {
					codes = append(codes, twin.Code())
				}
				return err
			})
			return codes
		}
		if got := twins(c.priya, first); len(got) != 1 || got[0] != second.Code() {
			c.Errorf("a compliance manager is warned of %v", got)
		}
		if got := twins(c.owner, first); len(got) != 0 {
			c.Errorf("an owner learns of %v", got)
		}
		if c.sees(c.owner, second) {
			c.Error("knowing the bytes opened somebody else's item")
		}
	})
}
