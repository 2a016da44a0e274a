package notice_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"assay/models"
	"assay/models/access"
	"assay/models/modelstest"
	"assay/models/notice"
	"assay/models/people"
)

// of lists what a person was told, oldest first.
func of(t *testing.T, db *models.DB, a access.Actor) []notice.Notice {
	t.Helper()
	var list []notice.Notice
	modelstest.Look(t, db, a, func(ctx context.Context, tx *models.Tx) (err error) {
		list, err = models.Rows[notice.Notice](tx).Order("id").Find(ctx)
		return err
	})
	return list
}

func tell(t *testing.T, db *models.DB, by access.Actor, n notice.Notice, to ...int64) {
	t.Helper()
	err := modelstest.As(t, db, by, func(ctx context.Context, tx *models.Tx) error {
		if err := tx.Record("test.happened", "tests/1"); err != nil {
			return err
		}
		return notice.Tell(ctx, tx, n, to...)
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestWhoIsTold(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		priya, sam, gone := modelstest.Person(t, db, access.Compliance), modelstest.Person(t, db, access.Owner), modelstest.Person(t, db, access.Owner)
		ada := modelstest.Person(t, db, access.Administrator)
		if err := modelstest.As(t, db, ada, func(ctx context.Context, tx *models.Tx) error {
			p, err := people.ByID(ctx, tx, gone.ID)
			if err != nil {
				return err
			}
			return people.Deactivate(ctx, tx, &p, "left")
		}); err != nil {
			t.Fatal(err)
		}
		n := notice.Notice{Kind: notice.HandedOver, About: "controls/AC-03", Sentence: "AC-03 is yours."}
		tell(t, db, priya, n, sam.ID, priya.ID, gone.ID, 0, sam.ID)
		tell(t, db, priya, n, sam.ID)
		n.Once = "x"
		tell(t, db, priya, n, sam.ID)
		tell(t, db, priya, n, sam.ID)
		if got := len(of(t, db, sam)); got != 3 {
			t.Errorf("Sam was told %d times: twice what may repeat, and once what may not", got)
		}
		if got := append(of(t, db, priya), of(t, db, gone)...); len(got) != 0 {
			t.Errorf("told what she did herself, or after he left: %+v", got)
		}
		if got := of(t, db, sam)[0]; got.ActorID != priya.ID || got.Mail != notice.Digest || got.ReadAt != nil {
			t.Errorf("%+v", got)
		}
	})
}

func TestReading(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		priya, sam, tom := modelstest.Person(t, db, access.Compliance), modelstest.Person(t, db, access.Owner), modelstest.Person(t, db, access.Owner)
		n := notice.Notice{Kind: notice.HandedOver, About: "controls/AC-03", Sentence: "AC-03 is yours."}
		for range 3 {
			tell(t, db, priya, n, sam.ID, tom.ID)
		}
		list := of(t, db, sam)
		err := db.Bookkeep(t.Context(), func(tx *models.Tx) error {
			if _, err := notice.Read(t.Context(), tx, tom.ID, list[0].ID); models.KindOf(err) != models.KindNotFound {
				t.Errorf("somebody else's notice: %v", err)
			}
			if got, err := notice.Read(t.Context(), tx, sam.ID, list[0].ID); err != nil || got.About != "controls/AC-03" {
				t.Errorf("%+v, %v", got, err)
			}
			return notice.ReadAll(t.Context(), tx, sam.ID, list[1].ID)
		})
		if err != nil {
			t.Fatal(err)
		}
		modelstest.Look(t, db, sam, func(ctx context.Context, tx *models.Tx) error {
			mine, err := notice.Unread(ctx, tx, sam.ID, 100)
			if err != nil {
				return err
			}
			his, err := notice.Unread(ctx, tx, tom.ID, 2)
			if mine != 1 || his != 2 {
				t.Errorf("unread: %d of mine, where the newest is, and %d of his, counted to two", mine, his)
			}
			return err
		})
	})
}

func TestPreferences(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		priya, sam := modelstest.Person(t, db, access.Compliance), modelstest.Person(t, db, access.Owner)
		auditor := modelstest.Person(t, db, access.Auditor)
		prefer := func(a access.Actor, zone string, c notice.Choices) error {
			return db.Bookkeep(t.Context(), func(tx *models.Tx) error { return notice.Prefer(t.Context(), tx, a, zone, c) })
		}
		for _, bad := range []error{
			prefer(sam, "Mars/Olympus", nil), prefer(sam, "Local", nil), prefer(sam, "", notice.Choices{notice.Mentioned: "sometimes"}),
		} {
			if models.KindOf(bad) != models.KindInvalid {
				t.Errorf("taken: %v", bad)
			}
		}
		for range 2 {
			if err := prefer(sam, "Asia/Kolkata", notice.Choices{notice.HandedOver: notice.Off, notice.EvidenceReturned: notice.Digest, notice.Ownerless: notice.Now}); err != nil {
				t.Fatal(err)
			}
		}
		if err := prefer(auditor, "", notice.Choices{notice.AccessGranted: notice.Now}); err != nil {
			t.Fatal(err)
		}
		for _, k := range []notice.Kind{notice.HandedOver, notice.EvidenceReturned, notice.Ownerless, notice.EvidenceAccepted} {
			tell(t, db, priya, notice.Notice{Kind: k, About: "a", Sentence: "b"}, sam.ID)
		}
		var modes []notice.Mode
		for _, n := range of(t, db, sam) {
			modes = append(modes, n.Mail)
		}
		if want := []notice.Mode{"", notice.Digest, notice.Digest, notice.Digest}; !slices.Equal(modes, want) { // an owner gets no ownerless, so cannot choose it
			t.Errorf("%v, want %v", modes, want)
		}
	})
}

func TestWhoCanGetWhat(t *testing.T) {
	owner, auditor := notice.For(access.Actor{ID: 1, Role: access.Owner}), notice.For(access.Actor{ID: 1, Role: access.Auditor})
	if slices.Contains(owner, notice.Ownerless) || slices.Contains(owner, notice.AccessGranted) || slices.Contains(owner, notice.RequestReleased) || slices.Contains(owner, notice.RequestToCheck) || !slices.Contains(owner, notice.Late) {
		t.Errorf("an owner: %v", owner)
	}
	if !slices.Equal(auditor, []notice.Kind{notice.Mentioned, notice.RequestReleased, notice.RequestWritten, notice.AccessGranted, notice.ScopeChange, notice.AddendumWritten, notice.Checkpoint}) {
		t.Errorf("an auditor: %v", auditor)
	}
	for _, k := range notice.Kinds() {
		if k.Label() == string(k) || k.Mode(access.Owner) == "" {
			t.Errorf("%s has no words", k)
		}
	}
}

func TestMentions(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		sam := modelstest.Person(t, db, access.Owner) // "Control owner 1", control_owner-1@halyard.example
		priya, auditor := modelstest.Person(t, db, access.Compliance), modelstest.Person(t, db, access.Auditor)
		for text, want := range map[string]int{
			"@Control owner 1, please look.":                1,
			"Ask (@Control owner 1) or @Control owner 1!":   1,
			"@control_owner-1: see above":                   1,
			"write to control_owner-1@halyard.example":      0,
			"@Control owner, please":                        0,
			"nobody":                                        0,
			"@":                                             0,
			"@ Control owner 1":                             1, // a blank slipped in
			"@" + auditor.Name + ", look":                   0,
			strings.Repeat("@x ", 500) + "@Control owner 1": 0, // beyond what one text can call
		} {
			before := len(of(t, db, sam)) + len(of(t, db, auditor))
			err := modelstest.As(t, db, priya, func(ctx context.Context, tx *models.Tx) error {
				if err := tx.Record("test.happened", "tests/1"); err != nil {
					return err
				}
				return notice.Mentions(ctx, tx, "evidence/E-1", "E-1", text)
			})
			if n := len(of(t, db, sam)) + len(of(t, db, auditor)) - before; err != nil || n != want {
				t.Errorf("%.40q: told %d times, want %d, %v", text, n, want, err)
			}
		}
	})
}
