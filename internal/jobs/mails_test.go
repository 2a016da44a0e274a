package jobs_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"assay/internal/jobs"
	"assay/internal/mail"
	"assay/internal/mailtest"
	"assay/models"
	"assay/models/access"
	"assay/models/control"
	"assay/models/engagement"
	"assay/models/job"
	"assay/models/modelstest"
	"assay/models/notice"
	"assay/models/people"
	"assay/models/programme"
)

// An office is an installation with a mail server, in New York.
type office struct {
	t      *testing.T
	db     *models.DB
	server *mailtest.Server
	worker *jobs.Worker
	post   jobs.Post
	priya  access.Actor
	tell   int
}

const base = "https://assay.halyard.example"

func newOffice(t *testing.T, db *models.DB) *office {
	t.Helper()
	o := &office{t: t, db: db, server: mailtest.New(t, mailtest.StartTLS), priya: modelstest.Person(t, db, access.Compliance)}
	sender, err := mail.Open(o.server.URL, "Assay <assay@halyard.example>")
	if err != nil {
		t.Fatal(err)
	}
	sender.RootCAs = o.server.RootCAs
	o.post = jobs.Post{Sender: sender, BaseURL: base}
	o.worker = jobs.New(db, append(jobs.Clock(), jobs.Mail(o.post)...)...)
	err = modelstest.As(t, db, o.priya, func(ctx context.Context, tx *models.Tx) error {
		_, err := programme.SetUp(ctx, tx, "Halyard AI", "America/New_York", []string{"security"})
		return err
	})
	if err := errors.Join(err, o.worker.Stand(t.Context())); err != nil {
		t.Fatal(err)
	}
	return o
}

// tells leaves a notice to somebody at an instant.
func (o *office) tells(at string, kind notice.Kind, to access.Actor) {
	o.t.Helper()
	o.tell++
	modelstest.At(o.db, instant(o.t, at))
	err := modelstest.As(o.t, o.db, o.priya, func(ctx context.Context, tx *models.Tx) error {
		if err := tx.Record("test.happened", "tests/1"); err != nil {
			return err
		}
		return notice.Tell(ctx, tx, notice.Notice{Kind: kind, About: fmt.Sprintf("evidence/E-%d", o.tell), Sentence: fmt.Sprintf("E-%d was looked at.", o.tell)}, to.ID)
	})
	if err != nil {
		o.t.Fatal(err)
	}
}

// at has the worker do what is due then and returns the mails that came of it.
func (o *office) at(when string) []mailtest.Mail {
	o.t.Helper()
	modelstest.At(o.db, instant(o.t, when))
	if err := o.worker.Drain(o.t.Context()); err != nil {
		o.t.Fatal(err)
	}
	return o.server.Take()
}

func instant(t *testing.T, s string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339, s)
	if err != nil {
		t.Fatal(err)
	}
	return at.UTC()
}

func address(t *testing.T, db *models.DB, a access.Actor) string {
	t.Helper()
	var p people.Person
	modelstest.Look(t, db, a, func(ctx context.Context, tx *models.Tx) (err error) {
		p, err = people.ByID(ctx, tx, a.ID)
		return err
	})
	return p.Email
}

func TestWhatIsToldAtOnceIsOneMailWithinMinutes(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		o, sam := newOffice(t, db), modelstest.Person(t, db, access.Owner)
		o.tells("2026-03-03T15:00:00Z", notice.EvidenceReturned, sam)
		o.tells("2026-03-03T15:00:40Z", notice.EvidenceReturned, sam)
		if got := o.at("2026-03-03T15:01:10Z"); len(got) != 0 {
			t.Errorf("%d mails while more may come", len(got))
		}
		got := o.at("2026-03-03T15:02:00Z")
		if len(got) != 1 {
			t.Fatalf("%d mails for two returns", len(got))
		}
		m := got[0]
		for _, want := range []string{
			sam.Name + ",", "E-1 was looked at.", base + "/evidence/E-1", base + "/evidence/E-2", base + "/notices", base + "/account/notifications",
			notice.EvidenceReturned.Label(),
		} {
			if !strings.Contains(m.Text, want) || !strings.Contains(m.HTML, want) {
				t.Errorf("not in both twins: %q", want)
			}
		}
		if m.To != address(t, db, sam) || m.Subject != "2 things to know in Assay" || m.Header.Get("List-Unsubscribe") != "<"+base+"/account/notifications>" {
			t.Errorf("to %s, %q, %q", m.To, m.Subject, m.Header.Get("List-Unsubscribe"))
		}
		if strings.Contains(m.Raw, o.priya.Name) || strings.Contains(m.HTML, "<img") || strings.Contains(m.HTML, "http://") {
			t.Errorf("the mail names somebody else, or loads something:\n%s", m.HTML)
		}
		if got := o.at("2026-03-03T16:00:00Z"); len(got) != 0 {
			t.Errorf("told again: %d mails", len(got))
		}
		o.tells("2026-03-03T16:10:00Z", notice.EvidenceReturned, sam)
		if got := o.at("2026-03-03T16:12:00Z"); len(got) != 1 || got[0].Subject != "E-3 was looked at" || !strings.Contains(got[0].Text, "Open it: "+base+"/evidence/E-3") {
			t.Errorf("one thing alone: %+v", got)
		}
	})
}

// TestTheDigest lives a week. New York keeps standard time until 8 March: eight o'clock is
// 13:00 UTC before, 12:00 UTC after.
func TestTheDigest(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		o, sam, kim := newOffice(t, db), modelstest.Person(t, db, access.Owner), modelstest.Person(t, db, access.Owner)
		if err := db.Bookkeep(t.Context(), func(tx *models.Tx) error {
			return notice.Prefer(t.Context(), tx, kim, "Asia/Kolkata", nil) // half past the hour: 02:30 UTC
		}); err != nil {
			t.Fatal(err)
		}
		to := func(mails []mailtest.Mail) (out []string) {
			for _, m := range mails {
				out = append(out, m.To)
			}
			slices.Sort(out)
			return out
		}
		samAt, kimAt := address(t, db, sam), address(t, db, kim)
		for range 20 {
			o.tells("2026-03-05T20:00:00Z", notice.EvidenceAccepted, sam)
		}
		o.tells("2026-03-05T20:00:00Z", notice.Mentioned, sam)
		o.tells("2026-03-05T20:00:00Z", notice.EvidenceAccepted, kim)
		for _, step := range []struct {
			when string
			want []string
		}{
			{"2026-03-06T02:29:00Z", nil},
			{"2026-03-06T02:31:00Z", []string{kimAt}}, // Friday, 08:01 in Kolkata
			{"2026-03-06T12:59:00Z", nil},
			{"2026-03-06T13:00:00Z", []string{samAt}}, // Friday, 08:00 in New York
			{"2026-03-06T13:15:00Z", nil},
		} {
			got := o.at(step.when)
			if !slices.Equal(to(got), step.want) {
				t.Fatalf("%s: mails to %v, want %v", step.when, to(got), step.want)
			}
			if len(got) == 1 && got[0].To == samAt {
				if m := got[0]; m.Subject != "21 things to know in Assay" || !strings.Contains(m.Text, "And 5 more.") || !strings.Contains(m.Text, "mentioned") {
					t.Errorf("%s\n%s", m.Subject, m.Text)
				}
			}
		}
		o.tells("2026-03-06T15:00:00Z", notice.EvidenceAccepted, sam) // after eight: for the next working day
		for _, step := range []struct {
			when string
			want []string
		}{
			{"2026-03-06T23:00:00Z", nil},
			{"2026-03-07T14:00:00Z", nil}, // Saturday
			{"2026-03-08T14:00:00Z", nil}, // Sunday
			{"2026-03-09T11:59:00Z", nil},
			{"2026-03-09T12:00:00Z", []string{samAt}}, // Monday, daylight time now
			{"2026-03-09T16:00:00Z", nil},
		} {
			if got := o.at(step.when); !slices.Equal(to(got), step.want) {
				t.Fatalf("%s: mails to %v, want %v", step.when, to(got), step.want)
			}
		}
		// The server was away at eight: late, but once. What one has read needs no mail, and
		// what lay a week is let be.
		o.tells("2026-03-09T16:00:00Z", notice.EvidenceAccepted, sam)
		o.tells("2026-03-09T16:00:00Z", notice.EvidenceAccepted, kim)
		list := notices(t, db, kim)
		if err := db.Bookkeep(t.Context(), func(tx *models.Tx) error { return notice.ReadAll(t.Context(), tx, kim.ID, list[len(list)-1].ID) }); err != nil {
			t.Fatal(err)
		}
		if got := o.at("2026-03-10T15:00:00Z"); !slices.Equal(to(got), []string{samAt}) {
			t.Errorf("after an outage: mails to %v", to(got))
		}
		o.tells("2026-03-11T16:00:00Z", notice.EvidenceAccepted, sam)
		if got := o.at("2026-03-19T16:00:00Z"); len(got) != 0 {
			t.Errorf("a week-old digest went out: %v", to(got))
		}
	})
}

func notices(t *testing.T, db *models.DB, a access.Actor) (list []notice.Notice) {
	t.Helper()
	modelstest.Look(t, db, a, func(ctx context.Context, tx *models.Tx) (err error) {
		list, err = models.Rows[notice.Notice](tx).Order("id").Find(ctx)
		return err
	})
	return list
}

func TestWhoIsNeverMailed(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		o, sam, ada := newOffice(t, db), modelstest.Person(t, db, access.Owner), modelstest.Person(t, db, access.Administrator)
		deactivate := func() {
			err := modelstest.As(t, db, ada, func(ctx context.Context, tx *models.Tx) error {
				p, err := people.ByID(ctx, tx, sam.ID)
				if err != nil {
					return err
				}
				return people.Deactivate(ctx, tx, &p, "left")
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		o.server.Refuse = func(string) error { return &smtp.SMTPError{Code: 451, Message: "later"} }
		o.tells("2026-03-03T15:00:00Z", notice.EvidenceReturned, sam)
		o.at("2026-03-03T15:02:00Z") // gathered, and refused for now
		o.tells("2026-03-03T15:02:30Z", notice.EvidenceReturned, sam)
		deactivate()
		o.server.Refuse = nil
		if got := o.at("2026-03-03T15:10:00Z"); len(got) != 0 {
			t.Errorf("somebody who left got %d mails", len(got))
		}
		auditor, opens := auditorOf(t, db, o.priya)
		if got := o.at("2026-03-05T14:00:00Z"); len(got) != 0 {
			t.Errorf("an auditor whose window is closed got %d mails", len(got))
		}
		got := o.at(opens)
		if len(got) != 1 || got[0].To != address(t, db, auditor) || !strings.Contains(got[0].Text, "You were given access to SOC 2") {
			t.Fatalf("on the day the window opens: %+v", got)
		}
		o.tells("2026-03-31T16:00:00Z", notice.Mentioned, auditor)
		if got := o.at("2026-04-01T16:00:00Z"); len(got) != 0 {
			t.Errorf("after the window closed an auditor got %d mails", len(got))
		}
	})
}

// auditorOf names an auditor for an engagement that is open from 16 to 31 March.
func auditorOf(t *testing.T, db *models.DB, by access.Actor) (access.Actor, string) {
	t.Helper()
	p := people.Person{Name: "Jonas Lindqvist", Email: "jonas@brandt.example", Firm: "Brandt", Role: access.Auditor, Status: people.Invited, InvitedAt: db.Now()}
	err := modelstest.As(t, db, by, func(ctx context.Context, tx *models.Tx) error {
		if err := models.Insert(ctx, tx, &p, "person.invite"); err != nil {
			return err
		}
		e := engagement.Engagement{
			Slug: "soc2", Name: "SOC 2", Firm: "Brandt", Kind: engagement.TypeII, Status: engagement.Planning, PeriodStart: "2026-01-01", PeriodEnd: "2026-03-31",
			Zone: "America/New_York", OpensOn: "2026-03-16", ClosesOn: "2026-03-31", CreatedBy: by.ID, CreatedAt: tx.Now,
		}
		if err := models.Insert(ctx, tx, &e, "engagement.create"); err != nil {
			return err
		}
		return engagement.AddAuditor(ctx, tx, e, p.ID, engagement.Member)
	})
	if err != nil {
		t.Fatal(err)
	}
	return p.Actor(), "2026-03-16T12:00:00Z"
}

// TestARetryIsTheSameMail: the server took the mail, and the answer was lost. The second
// copy has the Message-ID of the first.
func TestARetryIsTheSameMail(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		o, sam := newOffice(t, db), modelstest.Person(t, db, access.Owner)
		o.tells("2026-03-03T15:00:00Z", notice.EvidenceReturned, sam)
		first := o.at("2026-03-03T15:02:00Z")
		err := db.Bookkeep(t.Context(), func(tx *models.Tx) error { // as if the worker had died before it could say so
			_, err := models.Change(t.Context(), tx, job.Job{State: job.Waiting, RunAt: tx.Now}, models.Columns{"State", "RunAt"}, "kind = ?", notice.MailKind)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		second := o.at("2026-03-03T15:03:00Z")
		o.tells("2026-03-03T15:04:00Z", notice.EvidenceReturned, sam)
		other := o.at("2026-03-03T15:06:00Z")
		if len(first) != 1 || len(second) != 1 || len(other) != 1 {
			t.Fatalf("%d, %d and %d mails", len(first), len(second), len(other))
		}
		id := func(m []mailtest.Mail) string { return m[0].Header.Get("Message-Id") }
		if id(first) == "" || id(first) != id(second) || id(first) == id(other) {
			t.Errorf("message ids %s, %s, %s", id(first), id(second), id(other))
		}
	})
}

func TestAnAddressThatDoesNotExistIsGivenUpAtOnce(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		o, sam := newOffice(t, db), modelstest.Person(t, db, access.Owner)
		o.server.Refuse = func(string) error { return &smtp.SMTPError{Code: 550, Message: "no such user"} }
		o.tells("2026-03-03T15:00:00Z", notice.EvidenceReturned, sam)
		o.at("2026-03-03T15:02:00Z")
		for _, j := range all(t, db) {
			if j.Kind == notice.MailKind && (j.State != job.Dead || !strings.Contains(j.Trouble, "no such user") || strings.Contains(j.Trouble, mailtest.Password)) {
				t.Errorf("%s, trouble %q", j.State, j.Trouble)
			}
		}
	})
}

func TestATestMail(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		o, ada := newOffice(t, db), modelstest.Person(t, db, access.Administrator)
		if err := db.Bookkeep(t.Context(), func(tx *models.Tx) error { return jobs.AskTest(t.Context(), tx, ada.ID) }); err != nil {
			t.Fatal(err)
		}
		if got := o.at("2026-03-03T15:02:00Z"); len(got) != 1 || got[0].To != address(t, db, ada) || got[0].Subject != "A test mail from Assay" {
			t.Errorf("%+v", got)
		}
	})
}

// TestTheClockTells: what nobody's request causes is told by the worker itself.
func TestTheClockTells(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		o, ada := newOffice(t, db), modelstest.Person(t, db, access.Administrator)
		owner := modelstest.Person(t, db, access.Owner)
		do := func(a access.Actor, f func(context.Context, *models.Tx) error) {
			t.Helper()
			if err := modelstest.As(t, db, a, f); err != nil {
				t.Fatal(err)
			}
		}
		do(o.priya, func(ctx context.Context, tx *models.Tx) error {
			c, _, err := control.New(ctx, tx, "AC-03", control.Content{Title: "Access review"})
			if err != nil {
				return err
			}
			return control.Assign(ctx, tx, &c, &owner.ID, nil)
		})
		o.at("2026-03-03T16:00:00Z")
		before := len(notices(t, db, ada))
		do(ada, func(ctx context.Context, tx *models.Tx) error {
			p, err := people.ByID(ctx, tx, owner.ID)
			if err != nil {
				return err
			}
			return people.Deactivate(ctx, tx, &p, "left")
		})
		for range 2 {
			o.at("2026-03-03T17:00:00Z")
		}
		if got := notices(t, db, ada); len(got) != before+1 || got[len(got)-1].Kind != notice.Ownerless {
			t.Errorf("the administrator was told %+v", got)
		}
	})
}

// TestWhoTravelsWestGetsOneDigestADay: eight comes twice on that day.
func TestWhoTravelsWestGetsOneDigestADay(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		o, kim := newOffice(t, db), modelstest.Person(t, db, access.Owner)
		lives := func(zone string) {
			t.Helper()
			if err := db.Bookkeep(t.Context(), func(tx *models.Tx) error { return notice.Prefer(t.Context(), tx, kim, zone, nil) }); err != nil {
				t.Fatal(err)
			}
		}
		lives("Asia/Kolkata")
		o.tells("2026-03-05T02:00:00Z", notice.EvidenceAccepted, kim)
		if got := o.at("2026-03-05T02:31:00Z"); len(got) != 1 {
			t.Fatalf("%d mails in the morning of Kolkata", len(got))
		}
		o.tells("2026-03-05T10:00:00Z", notice.EvidenceAccepted, kim)
		lives("America/New_York")
		if got := o.at("2026-03-05T13:00:00Z"); len(got) != 0 {
			t.Errorf("%d mails in the morning of New York, on the same day", len(got))
		}
		if got := o.at("2026-03-06T13:00:00Z"); len(got) != 1 {
			t.Errorf("%d mails the next morning", len(got))
		}
	})
}
