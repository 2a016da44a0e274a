package handlers_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"assay/internal/browser"
	"assay/models"
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
