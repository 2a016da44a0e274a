package models_test

import (
	"context"
	"path/filepath"
	"strings"
	"testing"

	"assay/internal/tlog"
	"assay/models"
	"assay/models/access"
	"assay/models/modelstest"
)

// TestAKeyThatWasReplaced: two checkpoints of one key, then one of another. The log holds
// for whoever knows both and their order, and a key that was replaced signs nothing after
// that: somebody else may have it.
func TestAKeyThatWasReplaced(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		key := func(name string) *tlog.Signer {
			t.Helper()
			s, err := tlog.LoadSigner(filepath.Join(t.TempDir(), name), "assay/test")
			if err != nil {
				t.Fatal(err)
			}
			return s
		}
		first, second, other := key("first"), key("second"), key("other")
		history(t, db, first)
		kept := newest(t, db)
		again := func(signer *tlog.Signer) {
			t.Helper()
			ana := modelstest.Person(t, db, access.Administrator)
			if err := modelstest.As(t, db, ana, func(ctx context.Context, tx *models.Tx) error { return rename(ctx, tx, ana.ID, "Gia") }); err != nil {
				t.Fatal(err)
			}
			sign(t, db, signer)
		}
		again(second)
		problems := func(since string, keys ...*tlog.Signer) string {
			t.Helper()
			o := models.VerifyOptions{Tables: tables(), VerifierKey: keys[0].VerifierKey, Since: since}
			for _, k := range keys[1:] {
				o.Replaced = append(o.Replaced, k.VerifierKey)
			}
			r, err := models.Verify(t.Context(), db, o)
			if err != nil {
				t.Fatal(err)
			}
			if len(r.Problems) == 0 && (r.Replaced != 2 || r.Signed != r.Leaves) {
				t.Errorf("%d checkpoints of a key that was replaced, %d of %d leaves signed", r.Replaced, r.Signed, r.Leaves)
			}
			return strings.Join(r.Problems, "\n")
		}
		if said := problems(kept, second, first); said != "" {
			t.Errorf("with both keys, since what the first one signed: %s", said)
		}
		if said := problems("", second, other, first); said != "" {
			t.Errorf("with one that signed nothing between them: %s", said)
		}
		if said := problems("", second); strings.Count(said, "names another key than the one it is checked with") != 2 {
			t.Errorf("with the second key: %s", said)
		}
		if said := problems("", first, second); strings.Count(said, "was signed by a key after that had been replaced") != 1 {
			t.Errorf("in the other order: %s", said)
		}
		again(first) // by whoever has the key that was given up
		if said := problems("", second, first); strings.Count(said, "was signed by a key after that had been replaced") != 1 {
			t.Errorf("the first key signed again: %s", said)
		}
	})
}
