package handlers_test

import (
	"archive/zip"
	"bytes"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"
)

func archiveOf(t *testing.T, names ...string) string {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, name := range names {
		f, err := w.Create(name)
		must(t, err)
		_, err = f.Write([]byte("user,kept\n"))
		must(t, err)
	}
	must(t, w.Close())
	return b.String()
}

func bookOf(t *testing.T, sheets ...string) string {
	t.Helper()
	f := excelize.NewFile()
	for _, name := range sheets {
		_, err := f.NewSheet(name)
		must(t, err)
		must(t, f.SetSheetRow(name, "A1", &[]string{"Person", "Decision in " + name}))
		must(t, f.SetSheetRow(name, "A2", &[]string{"ana", "kept"}))
	}
	must(t, f.DeleteSheet("Sheet1"))
	var b bytes.Buffer
	must(t, f.Write(&b))
	return b.String()
}

func TestTheViewerTurnsPagesAndSheets(t *testing.T) {
	s := newShop(t)
	log := strings.Repeat("2026-10-31T09:00:00Z gateway ok 0123456789 0123456789\n", 5000)
	s.send(s.owner, "/evidence", fields(), file{"gateway.log", log}, file{"review.xlsx", bookOf(t, "Leavers", "Joiners <b>")},
		file{"all.zip", archiveOf(t, "october.csv", "inner.zip", "<script>alert(1)</script>.csv")}).Want(303)
	s.Get(s.priya, "/evidence/E-1/files/1/preview").Want(200).Has("Next part", "End").Lacks("Previous part")
	s.Get(s.priya, "/evidence/E-1/files/1/preview?from=100000").Want(200).Has("Beginning", "Previous part", "Next part")
	s.Get(s.priya, "/evidence/E-1/files/2/preview").Want(200).Has("Leavers", "Joiners <b>", "Decision in Leavers")
	s.Get(s.priya, "/evidence/E-1/files/2/preview?sheet=1").Want(200).Has("Decision in Joiners <b>").Lacks("Decision in Leavers")
	s.Get(s.priya, "/review/E-1?file=2&sheet=1").Want(200).Has("Decision in Joiners <b>")
	listed := s.Get(s.priya, "/evidence/E-1/files/3/preview").Want(200).Has("3 files, 30 bytes unpacked", "october.csv", "An archive in the archive", "<script>alert(1)</script>.csv")
	if strings.Contains(listed.Body, "<script>alert") {
		t.Error("a name in the archive is markup")
	}
	p, who := s.browse()
	who.Store(&s.priya)
	for _, width := range []int64{1440, 390} {
		p.Viewport(width, 900)
		for name, path := range map[string]string{
			"viewer-log": "/evidence/E-1/files/1/preview?from=100000", "viewer-sheets": "/evidence/E-1/files/2/preview?sheet=1",
			"viewer-zip": "/evidence/E-1/files/3/preview", "viewer-review": "/review/E-1?file=2",
		} {
			p.Goto(path)
			p.Accessible()
			if over := p.Overflow(); over > 0 {
				t.Errorf("%s is %d pixels wider than %d", path, over, width)
			}
			p.Keep(name + map[int64]string{390: "-phone"}[width])
		}
	}
	// Pages are turned by keyboard, and in the review one stays there.
	p.Goto("/review/E-1?file=2")
	p.Follow(`main nav[aria-label^="Sheets"] a:not([aria-current])`)
	if !strings.HasPrefix(p.Path(), "/review/E-1?file=2") || !p.Reads("Decision in Joiners") {
		t.Errorf("at %s", p.Path())
	}
}
