package handlers_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"assay/internal/browser"
	"assay/models"
	"assay/models/access"
	"assay/models/modelstest"
)

func TestAuditorsGetTheRedactedCopy(t *testing.T) {
	eachShop(t, func(s shop) {
		at := s.upload(s.owner)
		s.Post(s.priya, at+"/accept", "rev", "2").Want(303)
		s.auditor.Engagements = []int64{s.engage("2026-01-01", "2026-12-31", "CC6.1")}
		s.Get(s.auditor, at+"/files/1").Want(200)
		why := [][2]string{{"redaction", "The names of people."}}
		covered := file{"covered.csv", "user,kept\n█,yes\n"}
		s.send(s.priya, at+"/files/1/redact", nil, covered).Want(422).Has("Say what was covered and why")
		s.send(s.priya, at+"/files/1/redact", why, file{"same.csv", review.body}).Want(422).Has("Nothing was redacted")
		s.send(s.priya, at+"/files/1/redact", why, file{"covered.exe", "MZ"}).Want(422).Has("covered.exe was not taken", "The names of people.")
		s.send(s.priya, at+"/files/1/redact", why).Want(422).Has("Choose the redacted copy")
		s.send(s.auditor, at+"/files/1/redact", why, covered).Want(404)
		s.send(s.priya, at+"/files/1/redact", why, covered).Want(303)

		page := s.Get(s.auditor, at).Want(200).Has("Sealed original", sum([]byte(review.body)), "Redacted copy", "The names of people.", "covered.csv")
		if strings.Contains(page.Body, `href="/evidence/E-1/files/1`) || !strings.Contains(page.Body, `href="/evidence/E-1/files/2`) {
			s.Error("the auditor is led to the original, or not to the copy")
		}
		for _, path := range []string{"/files/1", "/files/1/preview", "/files/1/picture"} {
			s.Get(s.auditor, at+path).Want(http.StatusForbidden).Has("sealed").Lacks("ana")
		}
		s.Get(s.auditor, at+"/files/2/preview").Want(200).Has("█")
		s.Get(s.priya, at+"/files/1/preview").Want(200).Has("ana")
		s.Get(s.owner, at+"/files/1").Want(200)
		modelstest.Look(s.T, s.db, s.priya, func(ctx context.Context, tx *models.Tx) error {
			for verb, want := range map[string]int64{"file.unseal": 2, "evidence.redact": 1} {
				n, err := models.Value[int64](ctx, tx, "SELECT count(*) FROM log_leaves WHERE verb = ? AND (about = 'evidence/E-1' OR within = 'evidence/E-1')", verb)
				if err != nil || n != want {
					s.Errorf("%d leaves %s, want %d, %v", n, verb, want, err)
				}
			}
			return nil
		})
		s.Get(s.priya, at).Has("opened the sealed original", "redacted a file of E-1")
	})
}

// TestASealedOriginalIsSealedWhereverItsBytesLie: the owner sent the same file for two months,
// and one of them is redacted.
func TestASealedOriginalIsSealedWhereverItsBytesLie(t *testing.T) {
	eachShop(t, func(s shop) {
		first, second := s.upload(s.owner), s.upload(s.owner, "key", "again", "title", "The same export")
		for _, at := range []string{first, second} {
			s.Post(s.priya, at+"/accept", "rev", "2").Want(303)
		}
		s.auditor.Engagements = []int64{s.engage("2026-01-01", "2026-12-31", "CC6.1")}
		viewers := []access.Actor{s.auditor, modelstest.Person(s.T, s.db, access.Administrator)}
		for _, a := range viewers {
			s.Get(a, second+"/files/2").Want(200)
		}
		s.send(s.priya, first+"/files/1/redact", [][2]string{{"redaction", "The names of people."}}, file{"covered.csv", "user,kept\n█,yes\n"}).Want(303)
		for _, a := range viewers {
			for _, path := range []string{"/files/2", "/files/2/preview", "/files/2/picture"} {
				s.Get(a, second+path).Want(http.StatusForbidden).Has("sealed").Lacks("ana")
			}
			if page := s.Get(a, second).Want(200).Has("Sealed original", sum([]byte(review.body))); strings.Contains(page.Body, "/files/2") {
				s.Errorf("%s is led to the sealed bytes", a.Name)
			}
		}
		s.Get(s.priya, second+"/files/2/preview").Want(200).Has("ana")
		s.Get(s.owner, second+"/files/2").Want(200)
		modelstest.Look(s.T, s.db, s.priya, func(ctx context.Context, tx *models.Tx) error {
			n, err := models.Value[int64](ctx, tx, "SELECT count(*) FROM log_leaves WHERE verb = 'file.unseal' AND about = 'evidence/E-2'")
			if n != 2 {
				s.Errorf("%d leaves of whoever opened it", n)
			}
			return err
		})
		// A redacted copy takes its place here as well.
		s.send(s.priya, second+"/files/2/redact", [][2]string{{"redaction", "The names of people."}}, file{"covered.csv", "user,kept\n█,yes\n"}).Want(303)
		s.Get(s.auditor, second).Want(200).Has("Redacted copy")
		s.Get(s.auditor, second+"/files/4/preview").Want(200).Has("█")
	})
}

// TestRedactingAfterTheFreezeSaysWhatTheBinderHolds: the binder keeps what was examined, and
// nobody is surprised by it. In the browser the auditor gets the copy only.
func TestRedactingAfterTheFreezeSaysWhatTheBinderHolds(t *testing.T) {
	eachShop(t, func(s shop) {
		holds := "The binder of SOC 2, frozen on 1 March 2026, holds the original"
		auditor, at := s.reported()
		s.checkpoint()
		before := s.Get(s.priya, "/engagements/soc2/binder.zip").Want(200).Body
		s.Get(auditor, at+"/files/1").Want(200).Has("ana")
		for _, a := range []access.Actor{s.priya, s.owner} {
			s.Get(a, at).Want(200).Has(holds)
		}
		s.Get(auditor, at).Want(200).Lacks(holds)
		s.Get(s.priya, "/engagements/soc2/binder").Want(200).Lacks("were sealed after the freeze")
		why := [][2]string{{"redaction", "The names of people."}}
		modelstest.At(s.db, modelstest.Now.Add(time.Hour))
		s.send(s.priya, at+"/files/1/redact", why).Want(422).Has(holds)
		s.send(s.priya, at+"/files/1/redact", why, file{"covered.csv", "user,kept\n█,yes\n"}).Want(303)
		s.checkpoint()
		s.Get(s.priya, at).Want(200).Has(holds, "Sealed original")
		s.Get(auditor, at+"/files/1").Want(http.StatusForbidden).Has("sealed").Lacks("ana")
		s.Get(auditor, at+"/files/2").Want(200).Has("█")
		if after := s.Get(s.priya, "/engagements/soc2/binder.zip").Want(200).Body; after != before {
			s.Error("the copy changed the binder")
		}
		s.verifies(before)
		for _, a := range []access.Actor{s.priya, auditor} {
			s.Get(a, "/engagements/soc2/binder").Want(200).Has("1 item of evidence was sealed after the freeze", "E-1")
		}
	})
}

func TestRedactingInABrowser(t *testing.T) {
	s := newShop(t)
	at := s.upload(s.owner)
	s.Post(s.priya, at+"/accept", "rev", "2").Want(303)
	p, who := s.browse()
	who.Store(&s.priya)
	p.Goto(at)
	p.Click(`#redact-1 > summary`)
	p.Keep("redact-form")
	p.Accessible()
	p.Fill(`#f-redaction-1`, "The names of people.")
	p.Upload(`#f-files-1`, saved(t, "covered.csv", "user,kept\n█,yes\n"))
	p.Follow(browser.Button("Add the copy and seal the original"))
	for _, width := range []int64{1440, 390} {
		p.Viewport(width, 900)
		p.Goto(at)
		p.Accessible()
		if over := p.Overflow(); over > 0 {
			t.Errorf("%d pixels wider than %d", over, width)
		}
		p.Keep("redacted" + map[int64]string{390: "-phone"}[width])
	}
}
