package jobs_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"assay/internal/blob"
	"assay/internal/jobs"
	"assay/models"
	"assay/models/access"
	"assay/models/modelstest"
	"assay/models/upload"
)

func TestUploadsThatStoodStillAreSwept(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		dir := t.TempDir()
		store, err := blob.Open(dir)
		must(t, err)
		defer store.Close()
		owner := modelstest.Person(t, db, access.Owner)
		put := func(counted bool) blob.Part {
			p, err := store.PutPart(t.Context(), blob.Part{}, strings.NewReader("part"), 100)
			must(t, err)
			if !counted {
				return p
			}
			must(t, db.Bookkeep(t.Context(), func(tx *models.Tx) error {
				u, err := upload.Begin(t.Context(), tx, upload.Upload{PersonID: owner.ID, Name: "a.txt", Size: 8})
				if err == nil {
					_, err = upload.Add(t.Context(), tx, u, upload.Part{Name: p.Name, Size: p.Size, Digest: p.Digest}, "")
				}
				return err
			}))
			return p
		}
		age := func(p blob.Part, to time.Time) { must(t, os.Chtimes(filepath.Join(dir, "parts", p.Name), to, to)) }
		old, stray := put(true), put(false)
		modelstest.At(db, modelstest.Now.Add(23*time.Hour))
		young, fresh := put(true), put(false)
		for _, p := range []blob.Part{old, stray, young} { // young's row is newer than its part, as on a slow line
			age(p, modelstest.Now)
		}
		age(fresh, modelstest.Now.Add(23*time.Hour))
		left := func() string {
			names, err := store.OldParts(t.Context(), modelstest.Now.Add(1000*time.Hour))
			must(t, err)
			return strings.NewReplacer(old.Name, "old", stray.Name, "stray", young.Name, "young", fresh.Name, "fresh").Replace(strings.Join(names, " "))
		}
		w := jobs.New(db, jobs.Uploads(store))
		must(t, w.Stand(t.Context()))
		must(t, w.Drain(t.Context()))
		if got := len(strings.Fields(left())); got != 4 {
			t.Errorf("an hour too early %q is left", left())
		}
		modelstest.At(db, modelstest.Now.Add(25*time.Hour))
		must(t, w.Drain(t.Context()))
		if got := left(); strings.Contains(got, "old") || strings.Contains(got, "stray") || !strings.Contains(got, "young") || !strings.Contains(got, "fresh") {
			t.Errorf("%q is left", got)
		}
	})
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
