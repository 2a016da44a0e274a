package binder_test

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"assay/internal/binder"
	"assay/internal/tlog"
	"assay/models"
	nouns "assay/models/binder"
)

// rotate gives the installation another signing key.
func (w *world) rotate(name string) (before string) {
	w.Helper()
	before = w.signer.VerifierKey
	var err error
	w.signer, err = tlog.LoadSigner(filepath.Join(w.TempDir(), name), "assay/test")
	w.must(err)
	return before
}

// TestABinderOutlivesItsSigningKey: frozen and exported under one key, asked for again under
// another. It is the same archive, and holds with the key that it was signed with; a copy
// that nobody made before is signed with the key that is there.
func TestABinderOutlivesItsSigningKey(t *testing.T) {
	each(t, func(w *world) {
		w.full()
		w.on("2026-07-20")
		w.report()
		company := w.export(w.priya)
		first := w.rotate("second.key")
		if again := w.export(w.priya); string(again) != string(company) {
			w.Error("another key made another binder")
		}
		if r := w.verify(company, func(o *binder.Options) { o.Key = first }); len(r.Problems) > 0 || r.Manifest.Key != first {
			w.Errorf("with the key it was signed with: %q", r.Problems)
		}
		if r := w.verify(company, nil); !strings.Contains(strings.Join(r.Problems, "\n"), "names another key than the one it is checked with") {
			w.Errorf("with the key of today: %q", r.Problems)
		}
		if r := w.verify(company, func(o *binder.Options) { o.Replaced = []string{first} }); len(r.Problems) > 0 || !r.Replaced {
			w.Errorf("with the key of today and the one that it replaced: %q", r.Problems)
		}
		_, err := w.prepare(w.jonas)
		if models.KindOf(err) != models.KindUnavailable || !strings.Contains(err.Error(), "another signing key since") {
			w.Errorf("the new key signed nothing over the freeze yet: %v", err)
		}
		w.on("2026-08-03")
		w.accepted(nil, "2026-03-01", "2026-03-31", w.upload("march.csv", "march"))
		w.sign()
		firm := w.export(w.jonas)
		if r := w.holds(firm); r.Manifest.Key != w.signer.VerifierKey {
			w.Errorf("it names the key %s", r.Manifest.Key)
		}
		second := w.rotate("third.key")
		if string(w.export(w.jonas)) != string(firm) || string(w.export(w.priya)) != string(company) {
			w.Error("a third key made another binder")
		}
		if r := w.verify(firm, func(o *binder.Options) { o.Key = second }); len(r.Problems) > 0 {
			w.Errorf("the firm's copy: %q", r.Problems)
		}
	})
}

// TestASignatureThatWasKeptIsOverThatBinder: what is kept of a binder is looked at before it
// goes out with one.
func TestASignatureThatWasKeptIsOverThatBinder(t *testing.T) {
	each(t, func(w *world) {
		w.full()
		w.on("2026-07-20")
		w.report()
		w.export(w.priya)
		other, err := w.signer.SignText(binder.Format + "\n" + strings.Repeat("0", 64) + "\n")
		w.must(err)
		w.must(w.db.Bookkeep(w.Context(), func(tx *models.Tx) error {
			_, err := models.Change(w.Context(), tx, nouns.Made{Signature: other}, models.Columns{"Signature"}, "engagement_id = ?", w.engagement.ID)
			return err
		}))
		w.rotate("second.key")
		if _, err := w.prepare(w.priya); !errors.Is(err, nouns.ErrDiffers) {
			w.Errorf("got %v", err)
		}
	})
}
