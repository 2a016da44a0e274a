package handlers_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-ical"

	"assay/handlers/handlerstest"
	"assay/models"
	"assay/models/access"
	"assay/models/control"
	"assay/models/modelstest"
	"assay/models/occurrence"
	"assay/models/people"
	"assay/models/period"
	"assay/models/programme"
)

// owned makes a quarterly control in effect from 2026 on.
func owned(t *testing.T, db *models.DB, code, frequency string, owner access.Actor) control.Control {
	t.Helper()
	priya := modelstest.Person(t, db, access.Compliance)
	c := control.Control{Code: code, Title: "Zugriffe prüfen; alle, auch 周美玲, und zwar so ausführlich, dass die Zeile gefaltet werden muss", Status: control.Effective, Frequency: frequency, OwnerID: &owner.ID, CreatedAt: db.Now()}
	err := modelstest.As(t, db, access.Clock, func(ctx context.Context, tx *models.Tx) error {
		if err := models.Insert(ctx, tx, &c, "control.create"); err != nil {
			return err
		}
		grace := 5
		v := control.Version{ControlID: c.ID, Code: code, Number: 1, Status: control.Effective, EffectiveFrom: "2026-01-01", AuthoredAt: db.Now(), ApproverID: &priya.ID}
		v.Title, v.Statement, v.Frequency, v.GraceDays = c.Title, "x", frequency, &grace
		return models.Insert(ctx, tx, &v, "version.adopt")
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func setUp(t *testing.T, db *models.DB) {
	t.Helper()
	priya := modelstest.Person(t, db, access.Compliance)
	err := modelstest.As(t, db, priya, func(ctx context.Context, tx *models.Tx) error {
		_, err := programme.SetUp(ctx, tx, "Halyard AI", "America/New_York", nil)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

var calendarAddress = regexp.MustCompile(`https://assay\.example\.com(/calendar/assay_cal_[A-Z2-7]{26}\.ics)`)

// TestACalendarHasWhatIsHandedOverAhead: the window of the summer, which has not begun, is with
// a colleague. It stands in their calendar and no longer in the owner's.
func TestACalendarHasWhatIsHandedOverAhead(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s := handlerstest.New(t, db)
		s.App.BaseURL = "https://assay.example.com"
		setUp(t, db)
		sam, kim := modelstest.Person(t, db, access.Owner), modelstest.Person(t, db, access.Owner)
		owned(t, db, "AC-03", "quarterly", sam)
		s.Post(sam, "/tasks/AC-03/2026-07-01/2026-09-30/handover", "to", id(kim)).Want(http.StatusSeeOther)
		for _, x := range []struct {
			who   access.Actor
			there map[string]bool
		}{
			{sam, map[string]bool{"20260630": true, "20260930": false, "20261231": true}},
			{kim, map[string]bool{"20260630": false, "20260930": true, "20261231": false}},
		} {
			path := calendarAddress.FindStringSubmatch(s.Post(x.who, "/account/calendar").Want(http.StatusOK).Text())[1]
			days := map[string]bool{}
			for _, e := range decode(t, s.Get(access.Actor{}, path).Want(http.StatusOK).Body) {
				days[value(t, e, ical.PropDateTimeStart)] = true
			}
			for day, there := range x.there {
				if days[day] != there {
					t.Errorf("%s: %s stands there: %t", x.who.Name, day, days[day])
				}
			}
		}
	})
}

// TestACalendarLeavesOutWhatDoesNotApply: that nothing is to be done in the summer, which has
// not begun, was approved.
func TestACalendarLeavesOutWhatDoesNotApply(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s := handlerstest.New(t, db)
		s.App.BaseURL = "https://assay.example.com"
		setUp(t, db)
		sam, priya := modelstest.Person(t, db, access.Owner), modelstest.Person(t, db, access.Compliance)
		c := owned(t, db, "AC-03", "quarterly", sam)
		var e occurrence.Exemption
		err := modelstest.As(t, db, sam, func(ctx context.Context, tx *models.Tx) (err error) {
			e, err = occurrence.Excuse(ctx, tx, c, period.Span{From: "2026-07-01", To: "2026-09-30"}, "The system is switched off.")
			return err
		})
		if err == nil {
			err = modelstest.As(t, db, priya, func(ctx context.Context, tx *models.Tx) error {
				_, err := occurrence.Decide(ctx, tx, e.ID, e.Rev, true, "")
				return err
			})
		}
		if err != nil {
			t.Fatal(err)
		}
		path := calendarAddress.FindStringSubmatch(s.Post(sam, "/account/calendar").Want(http.StatusOK).Text())[1]
		days := map[string]bool{}
		for _, e := range decode(t, s.Get(access.Actor{}, path).Want(http.StatusOK).Body) {
			days[value(t, e, ical.PropDateTimeStart)] = true
		}
		if days["20260930"] || !days["20260630"] || !days["20261231"] {
			t.Errorf("due on %v", days)
		}
	})
}

func TestACalendarOfWhatOneOwes(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s := handlerstest.New(t, db)
		s.App.BaseURL = "https://assay.example.com"
		setUp(t, db)
		sam, other, auditor := modelstest.Person(t, db, access.Owner), modelstest.Person(t, db, access.Owner), modelstest.Person(t, db, access.Auditor)
		owned(t, db, "AC-03", "quarterly", sam)
		owned(t, db, "AC-04", "quarterly", other)
		owned(t, db, "LM-01", "daily", sam)
		s.Post(auditor, "/account/calendar").Want(http.StatusNotFound)
		s.Get(sam, "/account").Has("Make a calendar address")
		shown := s.Post(sam, "/account/calendar").Want(http.StatusOK).Has("It is not shown again")
		path := calendarAddress.FindStringSubmatch(shown.Text())[1]
		nobody := access.Actor{}
		got := s.Get(nobody, path).Want(http.StatusOK)
		if h := got.Header; h.Get("Content-Type") != "text/calendar; charset=utf-8" || h.Get("Cache-Control") != "private, no-cache" || h.Get("Set-Cookie") != "" {
			t.Errorf("headers %v", h)
		}
		events := decode(t, got.Body)
		want := map[string]string{ // the day, and what stands there
			"2026-03-31": "AC-03", "2026-06-30": "AC-03", "2026-09-30": "AC-03", "2026-12-31": "AC-03", "2027-03-31": "AC-03", "2026-03-01": "LM-01",
		}
		days := map[string]bool{}
		for _, e := range events {
			day := value(t, e, ical.PropDateTimeStart)
			d, err := time.Parse("20060102", day)
			if err != nil {
				t.Fatal(err)
			}
			iso := d.Format(time.DateOnly)
			summary := text(t, e, ical.PropSummary)
			if strings.Contains(summary, "LM-01") && iso < "2026-03-01" {
				continue // days that were missed
			}
			days[iso] = true
			if want[iso] == "" || !strings.HasPrefix(summary, "Due: "+want[iso]+", Zugriffe prüfen; alle, auch 周美玲, und zwar") {
				t.Errorf("on %s: %q", iso, summary)
			}
			if want[iso] == "AC-03" && !strings.Contains(text(t, e, ical.PropDescription), "https://assay.example.com/tasks/AC-03/") {
				t.Errorf("no way from %s to the task", summary)
			}
		}
		for iso := range want {
			if !days[iso] {
				t.Errorf("nothing stands on %s", iso)
			}
		}
		ask := httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, http.NoBody)
		ask.Header.Set("If-None-Match", got.Header.Get("ETag"))
		if again := s.Do(nobody, ask); again.Status != http.StatusNotModified || again.Body != "" {
			t.Errorf("nothing changed: %d with %d bytes", again.Status, len(again.Body))
		}
		s.Get(sam, "/account").Has("last read")

		second := calendarAddress.FindStringSubmatch(s.Post(sam, "/account/calendar").Want(http.StatusOK).Text())[1]
		s.Get(nobody, path).Want(http.StatusNotFound)
		s.Get(nobody, second).Want(http.StatusOK)
		s.Post(sam, "/account/calendar/revoke").Want(http.StatusSeeOther)
		s.Get(nobody, second).Want(http.StatusNotFound)
		s.Post(sam, "/account/calendar/revoke").Want(http.StatusConflict)

		third := calendarAddress.FindStringSubmatch(s.Post(sam, "/account/calendar").Text())[1]
		ada := modelstest.Person(t, db, access.Administrator)
		if err := modelstest.As(t, db, ada, func(ctx context.Context, tx *models.Tx) error {
			p, err := people.ByID(ctx, tx, sam.ID)
			if err != nil {
				return err
			}
			return people.Deactivate(ctx, tx, &p, "left")
		}); err != nil {
			t.Fatal(err)
		}
		s.Get(nobody, third).Want(http.StatusNotFound)
		for range 30 {
			got = s.Get(nobody, "/calendar/assay_cal_AAAAAAAAAAAAAAAAAAAAAAAAAA.ics")
		}
		if got.Status != http.StatusTooManyRequests {
			t.Errorf("after thirty guesses: %d", got.Status)
		}
	})
}

// decode reads a calendar with a library that did not write it, and looks at the lines that
// RFC 5545 asks for: they end with CRLF and have 75 octets at most.
func decode(t *testing.T, body string) []ical.Event {
	t.Helper()
	for line := range strings.SplitSeq(strings.TrimSuffix(body, "\r\n"), "\r\n") {
		if len(line) > 75 || strings.ContainsAny(line, "\r\n") {
			t.Errorf("a line of %d octets: %q", len(line), line)
		}
	}
	cal, err := ical.NewDecoder(strings.NewReader(body)).Decode()
	if err != nil {
		t.Fatal(err)
	}
	if v := cal.Props.Get(ical.PropVersion); v == nil || v.Value != "2.0" || cal.Props.Get(ical.PropProductID) == nil {
		t.Error("no version or product")
	}
	seen := map[string]bool{}
	for _, e := range cal.Events() {
		if uid := value(t, e, ical.PropUID); seen[uid] || !strings.HasSuffix(uid, "@assay.example.com") {
			t.Errorf("uid %q twice, or of nobody", uid)
		} else {
			seen[uid] = true
		}
		value(t, e, ical.PropDateTimeStamp)
	}
	return cal.Events()
}

func value(t *testing.T, e ical.Event, name string) string {
	t.Helper()
	p := e.Props.Get(name)
	if p == nil {
		t.Fatalf("an event without %s", name)
	}
	return p.Value
}

func text(t *testing.T, e ical.Event, name string) string {
	t.Helper()
	s, err := e.Props.Text(name)
	if err != nil {
		t.Fatal(err)
	}
	return s
}
