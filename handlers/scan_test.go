package handlers_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"assay/internal/clamd"
	"assay/internal/jobs"
	"assay/internal/keeper"
	"assay/internal/testenv"
	"assay/models"
	"assay/models/access"
	"assay/models/custody"
	"assay/models/modelstest"
	"assay/models/scan"
)

// engaged is an auditor who sees what was accepted this year.
func (s shop) engaged() access.Actor {
	s.Helper()
	eve := s.auditor
	eve.Engagements = []int64{s.engage("2026-01-01", "2026-12-31", "CC6.1")}
	return eve
}

// scans does what waits for the scanner.
func (s shop) scans(scanner keeper.Scanner) {
	s.Helper()
	w := jobs.New(s.db, keeper.ScanWork(s.App.Blobs, scanner)...)
	must(s.T, w.Stand(s.Context()))
	must(s.T, w.Drain(s.Context()))
}

// deaf is a scanner that is away.
type deaf struct{}

func (deaf) Scan(context.Context, io.Reader) (string, error) { return "", errors.New("no answer") }
func (deaf) Version(context.Context) (string, error)         { return "", errors.New("no answer") }

func TestMalwareIsSetAside(t *testing.T) {
	scanner, err := clamd.Parse(testenv.Clamd(t))
	must(t, err)
	eachShop(t, func(s shop) {
		s.App.Scanning = true
		bad := s.send(s.owner, "/evidence", fields("key", "k1"), file{"note.txt", testenv.Eicar()}).Want(http.StatusSeeOther).Location
		good := s.send(s.owner, "/evidence", fields("key", "k2"), review).Want(http.StatusSeeOther).Location
		for _, item := range []string{bad, good} {
			s.Post(s.priya, item+"/accept", "rev", s.Get(s.priya, item).Field("rev")).Want(http.StatusSeeOther)
		}
		eve := s.engaged()
		s.Get(s.owner, bad).Want(200).Has("Waits for its malware scan")
		s.Get(s.owner, good+"/files/2").Want(200) // the company's own, while it waits
		s.Get(eve, good+"/files/2").Want(http.StatusConflict).Has("waits for its malware scan")
		s.Get(eve, good+"/files/2/preview").Want(200).Has("waits for its malware scan")

		s.scans(scanner)
		s.Get(eve, good+"/files/2").Want(200)
		s.Get(s.owner, good).Want(200).Has("No malware found", "found no malware in a file of E-2")
		s.Get(s.owner, bad).Want(200).Has("A malware scan found Eicar-Test-Signature.UNOFFICIAL in note.txt.", "Hand in a clean copy", "set it aside")
		for _, a := range []access.Actor{s.owner, s.priya, s.admin, eve} {
			s.Get(a, bad+"/files/1").Want(http.StatusConflict).Has("Eicar-Test-Signature")
			s.Get(a, bad+"/files/1/preview").Want(200).Has("set aside")
		}
		s.Get(s.owner, "/notices").Want(200).Has("in note.txt of E-1 and set it aside. Hand in a clean copy.")
		s.Get(s.priya, "/notices").Want(200).Has("in note.txt of E-1, which you had accepted, and set it aside.")
		late := s.send(s.owner, "/evidence", fields("key", "k3"), file{"again.txt", testenv.Eicar()}).Want(http.StatusSeeOther).Location
		s.Post(s.priya, late+"/accept", "rev", s.Get(s.priya, late).Field("rev")).Want(http.StatusConflict).Has("set aside by a malware scan")
		s.App.Scanning = false // malware stays what it is when the scanner is taken away
		s.Get(s.priya, bad+"/files/1").Want(http.StatusConflict)
		s.App.Scanning = true

		s.Post(s.owner, good+"/files/2/scan").Want(http.StatusNotFound)
		s.Post(s.priya, good+"/files/2/scan").Want(http.StatusSeeOther)
		s.scans(scanner)
		s.Get(s.priya, good).Want(200).Has("scanned for malware again", "No malware found")
	})
}

func TestAScannerThatIsAway(t *testing.T) {
	eachShop(t, func(s shop) {
		s.App.Scanning = true
		item := s.upload(s.owner)
		s.Post(s.priya, item+"/accept", "rev", s.Get(s.priya, item).Field("rev")).Want(http.StatusSeeOther)
		eve := s.engaged()
		for range 14 {
			s.scans(deaf{})
			modelstest.At(s.db, s.db.Now().Add(7*time.Hour))
		}
		s.Get(s.priya, item).Want(200).Has("Not scanned: the scanner did not answer for two days")
		s.Get(s.owner, item+"/files/1").Want(200)
		if p := s.Get(eve, item+"/files/1"); p.Status == 200 {
			t.Error("an auditor was handed what nobody scanned")
		}
		s.Post(s.admin, item+"/files/1/scan").Want(http.StatusSeeOther)
		scanner, err := clamd.Parse(testenv.Clamd(s.T))
		must(s.T, err)
		s.scans(scanner)
		s.Get(s.priya, item).Want(200).Has("No malware found")
	})
}

func TestFilesFromBeforeTheScannerAreScanned(t *testing.T) {
	scanner, err := clamd.Parse(testenv.Clamd(t))
	must(t, err)
	eachShop(t, func(s shop) {
		before, larger := s.upload(s.owner), s.send(s.owner, "/evidence", fields("key", "k2"), file{"big.txt", strings.Repeat("line\n", 600_000)}).Location
		s.App.Scanning = true
		s.Get(s.owner, before).Want(200).Has("Waits for its malware scan")
		s.scans(scanner)
		s.Get(s.owner, before).Want(200).Has("No malware found")
		s.Get(s.owner, larger).Want(200).Has("Not scanned: the file is larger than the scanner reads")
		_ = custody.Try(s.Context(), s.db, func(tx *models.Tx) (bool, error) { // a scan that could not look takes nothing back
			return scan.Conclude(s.Context(), tx, sum([]byte(review.body)), scan.Unscanned, "away", "")
		})
		s.Get(s.owner, before).Want(200).Has("No malware found")
	})
}

// TestAnAuditorGetsCleanListsOnly: a population can be downloaded by auditors, so it waits for its scan like evidence.
func TestAnAuditorGetsCleanListsOnly(t *testing.T) {
	scanner, err := clamd.Parse(testenv.Clamd(t))
	must(t, err)
	eachFieldwork(t, func(w fieldwork) {
		w.App.Scanning = true
		at := w.locked()
		w.Get(w.priya, at+"/file").Want(200) // the company's own, while it waits
		w.Get(w.jonas, at+"/file").Want(http.StatusConflict).Has("waits for its malware scan")
		w.Get(w.jonas, at+"/text").Want(200) // digests and keys, written here
		w.scans(scanner)
		w.Get(w.jonas, at+"/file").Want(200)
		_ = custody.Try(w.Context(), w.db, func(tx *models.Tx) (bool, error) {
			return scan.Conclude(w.Context(), tx, sum([]byte(merges())), scan.Infected, "Worm.Test", "clamd")
		})
		for _, a := range []access.Actor{w.priya, w.jonas} {
			w.Get(a, at+"/file").Want(http.StatusConflict).Has("found Worm.Test in this file")
		}
		w.Get(w.priya, "/notices").Want(200).Has("Worm.Test in changes.csv and set it aside")
	})
}
