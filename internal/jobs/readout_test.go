package jobs_test

import (
	"bytes"
	"compress/zlib"
	"context"
	"fmt"
	"io"
	"regexp"
	"strings"
	"testing"
	"unicode/utf16"

	"assay/internal/jobs"
	"assay/internal/mailtest"
	"assay/models"
	"assay/models/access"
	"assay/models/control"
	"assay/models/finding"
	"assay/models/framework"
	"assay/models/modelstest"
	"assay/models/notice"
	"assay/models/people"
)

var (
	pdfPage   = regexp.MustCompile(`/Type\s*/Page[^s]`) // the tree that holds them is /Pages
	pdfStream = regexp.MustCompile(`(?s)stream\r?\n(.*?)\r?\nendstream`)
)

// inPDF reports whether the page prints these words: its font takes UTF-16.
func inPDF(t *testing.T, pdf []byte, words string) bool {
	t.Helper()
	var want []byte
	for _, u := range utf16.Encode([]rune(words)) {
		want = append(want, byte(u>>8), byte(u))
	}
	for _, s := range pdfStream.FindAllSubmatch(pdf, -1) {
		z, err := zlib.NewReader(bytes.NewReader(s[1]))
		if err != nil {
			continue // a stream that is not packed
		}
		plain, err := io.ReadAll(z)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(plain, want) {
			return true
		}
	}
	return false
}

// criterion is a line of what controls meet.
type criterion struct {
	ControlID int64 `gorm:"primaryKey"`
	Framework string
	Code      string
}

func (criterion) TableName() string   { return "control_criteria" }
func (criterion) WhyUnlogged() string { return "it is derived from the version of a control" }

// inScope has a control help to meet a criterion.
func (o *office) inScope(c control.Control) {
	o.t.Helper()
	err := o.db.Bookkeep(o.t.Context(), func(tx *models.Tx) error {
		return models.Put(o.t.Context(), tx, &criterion{ControlID: c.ID, Framework: framework.SOC2, Code: "CC6.1"})
	})
	if err != nil {
		o.t.Fatal(err)
	}
}

func (o *office) prefers(a access.Actor, zone string, m notice.Mode) {
	o.t.Helper()
	err := o.db.Bookkeep(o.t.Context(), func(tx *models.Tx) error {
		return notice.Prefer(o.t.Context(), tx, a, zone, notice.Choices{notice.Readout: m})
	})
	if err != nil {
		o.t.Fatal(err)
	}
}

// TestTheReadoutOfTheWeek: two replicas, one mail server, and readers in three zones. It is
// mailed on Monday at eight where the reader is, once, to who may see it and wants it.
func TestTheReadoutOfTheWeek(t *testing.T) {
	modelstest.Pair(t, func(t *testing.T, db, other *models.DB) {
		o := newOffice(t, db)
		ruth, quiet := modelstest.Person(t, db, access.Executive), modelstest.Person(t, db, access.Executive)
		sam, ada := modelstest.Person(t, db, access.Owner), modelstest.Person(t, db, access.Administrator)
		modelstest.At(db, instant(t, "2026-04-07T12:00:00Z"))
		o.inScope(o.monthly("AC-03", sam, o.priya))
		weak := finding.Facts{Title: "Anybody can reach the database", Condition: "Port open", Source: finding.FromIncident, OwnerID: sam.ID}
		err := modelstest.As(t, db, o.priya, func(ctx context.Context, tx *models.Tx) error {
			_, err := finding.Raise(ctx, tx, weak)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		o.prefers(o.priya, "Asia/Tokyo", notice.Weekly) // a manager who wants it
		o.prefers(quiet, "Pacific/Auckland", notice.Off)
		o.prefers(sam, "Asia/Tokyo", notice.Weekly) // may not see it: the choice is dropped
		second := jobs.New(other, append(jobs.Clock(), jobs.Mail(o.post)...)...)
		to := map[string]string{address(t, db, ruth): "Ruth", address(t, db, o.priya): "Priya"}
		for _, step := range []struct{ when, who string }{
			{"2026-04-12T22:59:00Z", ""},      // Monday 07:59 in Tokyo
			{"2026-04-12T23:01:00Z", "Priya"}, // 08:01
			{"2026-04-13T02:00:00Z", ""},
			{"2026-04-13T11:59:00Z", ""},     // Monday 07:59 in New York
			{"2026-04-13T12:01:00Z", "Ruth"}, // 08:01
			{"2026-04-13T20:00:00Z", ""},
			{"2026-04-14T13:00:00Z", ""},
			{"2026-04-20T12:01:00Z", "Priya Ruth"},
		} {
			modelstest.At(other, instant(t, step.when))
			if err := second.Drain(t.Context()); err != nil {
				t.Fatal(err)
			}
			var who []string
			for _, m := range append(o.server.Take(), o.at(step.when)...) {
				if len(m.Files) == 0 {
					continue // the mails of the morning
				}
				who = append(who, to[m.To])
				o.readoutIsRight(m, weak.Title, sam.Name)
			}
			if got := strings.Join(who, " "); got != step.who && got != reversed(step.who) {
				t.Errorf("%s: it went to %q, want %q", step.when, got, step.who)
			}
		}
		// Between gathering and sending somebody loses the right to see it.
		o.server.Refuse = func(string) error { return fmt.Errorf("later") }
		o.at("2026-04-27T12:01:00Z")
		err = modelstest.As(t, db, ada, func(ctx context.Context, tx *models.Tx) error {
			p, err := people.ByID(ctx, tx, ruth.ID)
			if err != nil {
				return err
			}
			return people.ChangeRole(ctx, tx, &p, access.Owner)
		})
		if err != nil {
			t.Fatal(err)
		}
		o.server.Refuse = nil
		for _, m := range o.at("2026-04-27T12:30:00Z") {
			if len(m.Files) > 0 && to[m.To] == "Ruth" {
				t.Error("it went to somebody who may not see readiness any more")
			}
		}
	})
}

func reversed(s string) string {
	a, b, _ := strings.Cut(s, " ")
	return b + " " + a
}

// readoutIsRight looks at the mail and at the page in it: counts, and nothing secret.
func (o *office) readoutIsRight(m mailtest.Mail, secrets ...string) {
	o.t.Helper()
	if !strings.HasPrefix(m.Subject, "Readout, week ") || !strings.HasSuffix(m.Subject, ": 0 of 1 control is operating with evidence") || len(m.Files) != 1 {
		o.t.Errorf("%q with %d files", m.Subject, len(m.Files))
	}
	for _, want := range []string{"0 of 1 control is operating with evidence. 1 is late.", "Operating: 0%, 0 of 1", "Open findings: 1", base + "/readout", base + "/account/notifications"} {
		if !strings.Contains(m.Text, want) || !strings.Contains(m.HTML, want) {
			o.t.Errorf("not in both twins: %q\n%s", want, m.Text)
		}
	}
	for name, pdf := range m.Files {
		if n := len(pdfPage.FindAll(pdf, -1)); n != 1 || !bytes.HasPrefix(pdf, []byte("%PDF-")) || !strings.HasSuffix(name, ".pdf") {
			o.t.Errorf("%s has %d pages", name, n)
		}
		for _, want := range []string{"0 of 1 control is operating with evidence.", "1 person: 1 late", "F-001"} {
			if !inPDF(o.t, pdf, want) {
				o.t.Errorf("the page does not print %q", want)
			}
		}
		for _, s := range secrets {
			if inPDF(o.t, pdf, s) || strings.Contains(m.Text+m.HTML, s) {
				o.t.Errorf("it tells %q", s)
			}
		}
	}
}
