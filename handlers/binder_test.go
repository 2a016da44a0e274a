package handlers_test

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"assay/internal/binder"
	"assay/internal/blob"
	"assay/internal/tlog"
	"assay/models"
	"assay/models/access"
	nouns "assay/models/binder"
	"assay/models/engagement"
	"assay/models/freeze"
	"assay/models/modelstest"
)

// signs gives the shop the key of its log.
func (s shop) signs() {
	s.Helper()
	signer, err := tlog.LoadSigner(filepath.Join(s.TempDir(), "log.key"), "assay/test")
	must(s.T, err)
	s.App.Signer = signer
}

func (s shop) checkpoint() {
	s.Helper()
	_, err := s.db.SignCheckpoint(s.Context(), s.App.Signer)
	must(s.T, err)
}

// reported is an auditor of an engagement that was frozen with one item of evidence.
func (s shop) reported() (auditor access.Actor, item string) {
	s.Helper()
	s.signs()
	item = s.upload(s.owner)
	s.Post(s.priya, item+"/accept", "rev", "2").Want(303)
	auditor = s.auditor
	auditor.Engagements = []int64{s.engage("2026-01-01", "2026-02-28", "CC6.1")}
	s.Get(s.priya, "/engagements/soc2/binder").Want(200).Has("There is no binder yet")
	s.Get(s.priya, "/engagements/soc2/binder.zip").Want(http.StatusConflict).Has("when fieldwork ends")
	s.Post(s.priya, "/engagements/soc2/move", "rev", "1", "to", "reporting").Want(303)
	return auditor, item
}

func TestBinderIsDownloadedAndVerified(t *testing.T) {
	eachShop(t, func(s shop) {
		auditor, _ := s.reported()
		s.Get(s.priya, "/engagements/soc2/binder").Want(200).Has("not under a signed checkpoint yet")
		s.Get(s.priya, "/engagements/soc2/binder.zip").Want(http.StatusServiceUnavailable).Has("Try again in a moment")
		s.checkpoint()
		for _, a := range []access.Actor{s.owner, s.executive, s.admin} {
			for _, at := range []string{"/engagements/soc2/binder", "/engagements/soc2/binder.zip"} {
				if got := s.Get(a, at).Status; got != http.StatusNotFound && got != http.StatusForbidden {
					s.Errorf("%s gets %s: %d", a.Role, at, got)
				}
			}
		}
		outside := s.auditor
		s.Get(outside, "/engagements/soc2/binder.zip").Want(http.StatusNotFound)

		first := s.Get(s.priya, "/engagements/soc2/binder.zip").Want(200)
		if first.Header.Get("Content-Disposition") != `attachment; filename="binder-soc2-company.zip"` || first.Header.Get("Cache-Control") != "no-store" {
			s.Errorf("got %v", first.Header)
		}
		s.verifies(first.Body)
		if again := s.Get(s.priya, "/engagements/soc2/binder.zip").Want(200); again.Body != first.Body {
			s.Error("another export has other bytes")
		}
		firm := s.Get(auditor, "/engagements/soc2/binder.zip").Want(200)
		if !strings.Contains(firm.Header.Get("Content-Disposition"), "-firm.zip") {
			s.Errorf("got %v", firm.Header)
		}
		s.verifies(firm.Body)
		s.Get(s.priya, "/engagements/soc2/binder").Want(200).Has("Whole archive", sum([]byte(first.Body)), s.App.Signer.VerifierKey, "assay verify -key log.pub binder-soc2-company.zip")
		s.Get(auditor, "/engagements/soc2/binder").Want(200).Has(sum([]byte(firm.Body)), "your firm's copy")
		if n := s.leaves("binder.download"); n != 3 {
			s.Errorf("%d downloads are in the log, want 3", n)
		}
	})
}

func (s shop) verifies(archive string) {
	s.Helper()
	r, err := binder.Verify(s.Context(), strings.NewReader(archive), int64(len(archive)), binder.Options{Key: s.App.Signer.VerifierKey, Redraw: nouns.Redraw, Steps: nouns.Steps})
	must(s.T, err)
	if len(r.Problems) > 0 || r.Files == 0 {
		s.Errorf("it does not hold: %q", r.Problems)
	}
}

func (s shop) leaves(verb string) (n int64) {
	s.Helper()
	modelstest.Look(s.T, s.db, s.priya, func(ctx context.Context, tx *models.Tx) (err error) {
		n, err = models.Value[int64](ctx, tx, "SELECT count(*) FROM log_leaves WHERE verb = ?", verb)
		return err
	})
	return n
}

// broken asks for the binder and says what came before the connection broke off, if it did.
func (s shop) broken(a access.Actor) (body []byte, off bool) {
	s.Helper()
	rec := httptest.NewRecorder()
	defer func() {
		if p := recover(); p != nil {
			if err, ok := p.(error); !ok || !errors.Is(err, http.ErrAbortHandler) {
				panic(p)
			}
			body, off = rec.Body.Bytes(), true
		}
	}()
	s.DoInto(rec, a, httptest.NewRequest(http.MethodGet, "/engagements/soc2/binder.zip", nil))
	return rec.Body.Bytes(), false
}

// TestABinderAfterTheSigningKeyWasReplaced: the page names the key that checks it.
func TestABinderAfterTheSigningKeyWasReplaced(t *testing.T) {
	s := newShop(t)
	s.reported()
	s.checkpoint()
	before := s.Get(s.priya, "/engagements/soc2/binder.zip").Want(200).Body
	first := s.App.Signer.VerifierKey
	s.Get(s.priya, "/engagements/soc2/binder").Want(200).Has(first).Lacks("another signing key since")
	s.signs()
	if s.App.Signer.VerifierKey == first {
		t.Fatal("the key is the same, so this says nothing")
	}
	s.Get(s.priya, "/engagements/soc2/binder").Want(200).Has(first, "The log has another signing key since").Lacks(s.App.Signer.VerifierKey)
	if again := s.Get(s.priya, "/engagements/soc2/binder.zip").Want(200).Body; again != before {
		t.Error("another key made another binder")
	}
}

func TestAnAlteredFileBreaksTheDownloadOff(t *testing.T) {
	s := newShop(t)
	stored := t.TempDir()
	store, err := blob.Open(stored)
	must(t, err)
	s.App.Blobs = store
	s.reported()
	s.checkpoint()
	digest := sum([]byte(review.body))
	var path string
	must(t, filepath.WalkDir(stored, func(p string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() && strings.Contains(strings.ReplaceAll(p, string(filepath.Separator), ""), digest) {
			path = p
		}
		return err
	}))
	whole, err := os.ReadFile(path)
	must(t, err)
	must(t, os.Chmod(path, 0o600))
	for name, bytes := range map[string][]byte{
		"one byte changed": append([]byte{whole[0] ^ 1}, whole[1:]...),
		"cut short":        whole[:len(whole)-1],
		"longer":           append(append([]byte{}, whole...), 'x'),
	} {
		must(t, os.WriteFile(path, bytes, 0o600))
		s.breaksOff(name)
	}
	must(t, os.Remove(path))
	s.breaksOff("lost")
}

func (s shop) breaksOff(what string) {
	s.Helper()
	body, off := s.broken(s.priya)
	if !off {
		s.Errorf("%s: the download ended as if all were well", what)
	}
	if _, err := zip.NewReader(bytes.NewReader(body), int64(len(body))); err == nil {
		s.Errorf("%s: what was sent is an archive", what)
	}
}

func TestReportingIsTheOnlyWayAndFreezes(t *testing.T) {
	s := newShop(t)
	s.reported()
	modelstest.Look(s.T, s.db, s.priya, func(ctx context.Context, tx *models.Tx) error {
		e, err := engagement.BySlug(ctx, tx, "soc2")
		if err != nil {
			return err
		}
		f, ok, err := freeze.Of(ctx, tx, e.ID)
		if e.Status != engagement.Reporting || !ok || f.Counts.V.Evidence != 1 {
			s.Errorf("got %s, %v, %+v", e.Status, ok, f)
		}
		return err
	})
	s.Get(s.priya, "/engagements/soc2/history").Want(200).Has("froze what was examined")
}

// unzipped is one file of an archive.
func unzipped(t *testing.T, archive, path string) string {
	t.Helper()
	z, err := zip.NewReader(strings.NewReader(archive), int64(len(archive)))
	must(t, err)
	f, err := z.Open(path)
	must(t, err)
	defer f.Close()
	b, err := io.ReadAll(f)
	must(t, err)
	return string(b)
}
