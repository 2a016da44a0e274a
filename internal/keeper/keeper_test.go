package keeper_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"assay/internal/blob"
	"assay/internal/keeper"
	"assay/models"
	"assay/models/access"
	"assay/models/control"
	"assay/models/custody"
	"assay/models/evidence"
	"assay/models/modelstest"
)

const limit = 1 << 20

// A world is a company with one control, and a store in a folder.
type world struct {
	*testing.T
	db    *models.DB
	dir   string
	store *blob.Disk
	owner access.Actor
	about int64
}

func each(t *testing.T, f func(world)) {
	t.Helper()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		db.Now = time.Now // the age of a blob is told by the clock of the disk
		w := world{T: t, db: db, dir: t.TempDir(), owner: modelstest.Person(t, db, access.Owner)}
		var err error
		w.store, err = blob.Open(w.dir)
		w.must(err)
		t.Cleanup(func() { w.must(w.store.Close()) })
		w.store.Before(custody.Arrive(db))
		c := control.Control{Code: "AC-01", Title: "Access", Frequency: "quarterly", Status: control.Effective, OwnerID: &w.owner.ID, CreatedAt: db.Now().UTC()}
		w.must(modelstest.As(t, db, access.Clock, func(ctx context.Context, tx *models.Tx) error {
			return models.Insert(ctx, tx, &c, "control.create")
		}))
		w.about = c.ID
		f(w)
	})
}

func (w world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

func (w world) put(text string) blob.Blob {
	w.Helper()
	b, err := w.store.Put(w.Context(), strings.NewReader(text), limit)
	w.must(err)
	return b
}

// name makes a record of a blob.
func (w world) name(b blob.Blob) error {
	return w.db.Write(w.Context(), w.owner, func(tx *models.Tx) error {
		_, err := evidence.Store(w.Context(), tx, evidence.Parcel{ControlID: w.about, Files: []evidence.Upload{{Name: b.Digest[:8] + ".txt", Digest: b.Digest, Size: b.Size}}})
		return err
	})
}

func (w world) path(digest string) string { return filepath.Join(w.dir, "blobs", digest[:2], digest) }

// age makes a blob and its arrival two days older.
func (w world) age(digest string) {
	w.Helper()
	old := time.Now().Add(-48 * time.Hour)
	w.must(os.Chtimes(w.path(digest), old, old))
	w.must(w.db.Bookkeep(w.Context(), func(tx *models.Tx) error {
		_, err := models.Change(w.Context(), tx, custody.Arrival{At: old.UTC()}, models.Columns{"At"}, "digest = ?", digest)
		return err
	}))
}

func (w world) sweep(remove bool) (keeper.Swept, []string) {
	w.Helper()
	var found []string
	s, err := keeper.Sweep(w.Context(), w.db, w.store, remove, func(i blob.Info) { found = append(found, i.Digest) })
	w.must(err)
	return s, found
}

func (w world) leaves(verb string) (n int) {
	w.Helper()
	modelstest.Look(w.T, w.db, access.Clock, func(ctx context.Context, tx *models.Tx) (err error) {
		n, err = models.Value[int](ctx, tx, "SELECT count(*) FROM log_leaves WHERE verb = ?", verb)
		return err
	})
	return n
}

func TestOnlyOldBytesThatNothingNeedsAreSwept(t *testing.T) {
	each(t, func(w world) {
		named, orphan, young, again, unnoted := w.put("named"), w.put("orphan"), w.put("young"), w.put("again"), w.put("of an older version")
		w.must(w.name(named))
		for _, b := range []blob.Blob{named, orphan, again, unnoted} {
			w.age(b.Digest)
		}
		w.put("again") // somebody uploads it a second time
		w.must(w.db.Bookkeep(w.Context(), func(tx *models.Tx) error {
			_, err := models.Remove[custody.Arrival](w.Context(), tx, "digest = ?", unnoted.Digest)
			return err
		}))

		s, found := w.sweep(false)
		if s.Orphans != 2 || s.Removed != 0 || s.Blobs != 5 || s.Bytes != orphan.Size+unnoted.Size {
			t := fmt.Sprint(s, found)
			w.Fatalf("a dry run found %s", t)
		}
		if n := w.leaves("blob.discard"); n != 0 {
			w.Errorf("a dry run left %d leaves", n)
		}
		if s, _ := w.sweep(true); s.Removed != 2 {
			w.Errorf("swept %v", s)
		}
		if n := w.leaves("blob.discard"); n != 2 {
			w.Errorf("%d leaves for two removals", n)
		}
		for _, b := range []blob.Blob{named, young, again} {
			w.must(blob.Verify(w.Context(), w.store, b.Digest))
		}
		if s, _ := w.sweep(true); s.Orphans != 0 || s.Blobs != 3 {
			w.Errorf("a second time: %v", s)
		}
	})
}

// TestYoungBytesStayThoughNobodyNotedTheirArrival: a program of an older version, which
// still runs during an upgrade, notes none. The age of the bytes keeps what it stores.
func TestYoungBytesStayThoughNobodyNotedTheirArrival(t *testing.T) {
	each(t, func(w world) {
		young := w.put("just stored by an older version")
		w.must(w.db.Bookkeep(w.Context(), func(tx *models.Tx) error {
			_, err := models.Remove[custody.Arrival](w.Context(), tx, "digest = ?", young.Digest)
			return err
		}))
		if s, found := w.sweep(true); s.Orphans != 0 || s.Removed != 0 {
			w.Errorf("swept %v: %v", s, found)
		}
		w.must(blob.Verify(w.Context(), w.store, young.Digest))
	})
}

// slow is a store that takes its time between looking at a blob and removing it, which is
// when an upload of the same bytes would be lost.
type slow struct{ blob.Store }

func (s slow) Remove(ctx context.Context, digest string) error {
	time.Sleep(time.Duration(rand.IntN(4)) * time.Millisecond)
	return s.Store.Remove(ctx, digest)
}

func TestASweepNeverTakesWhatIsBeingUploaded(t *testing.T) {
	each(t, func(w world) {
		removed := 0
		for round := range 60 {
			text := fmt.Sprint("round ", round)
			b := w.put(text)
			w.age(b.Digest)
			var all sync.WaitGroup
			for range 3 {
				all.Go(func() {
					time.Sleep(time.Duration(rand.IntN(4000)) * time.Microsecond)
					b, err := w.store.Put(w.Context(), strings.NewReader(text), limit)
					if err == nil {
						err = w.name(b)
					}
					if err != nil {
						w.Error(err)
					}
				})
			}
			all.Go(func() {
				time.Sleep(time.Duration(rand.IntN(2000)) * time.Microsecond)
				s, err := keeper.Sweep(w.Context(), w.db, slow{w.store}, true, func(blob.Info) {})
				if err != nil {
					w.Error(err)
				}
				removed += s.Removed
			})
			all.Wait()
			if err := blob.Verify(w.Context(), w.store, b.Digest); err != nil {
				w.Fatalf("round %d: acknowledged and named, and now: %v", round, err)
			}
		}
		if removed == 0 || removed == 60 {
			w.Errorf("the sweep won %d of 60 rounds, so nothing was raced for", removed)
		}
	})
}

func TestACheckNamesWhatIsWrong(t *testing.T) {
	each(t, func(w world) {
		good, lost, rotten, orphan := w.put("good"), w.put("lost"), w.put("rotten"), w.put("orphan")
		for _, b := range []blob.Blob{good, lost, rotten} {
			w.must(w.name(b))
		}
		w.age(orphan.Digest)
		check := func(db *models.DB) (keeper.Report, string) {
			var lines []string
			r, err := keeper.Check(w.Context(), db, w.store, func(l string) { lines = append(lines, l) })
			w.must(err)
			return r, strings.Join(lines, "\n")
		}
		if r, said := check(w.db); !r.Holds() || r.Blobs != 4 || r.Files != 3 || r.Orphaned != 1 || !strings.Contains(said, "orphaned: "+orphan.Digest) {
			w.Errorf("%+v\n%s", r, said)
		}
		w.must(os.Remove(w.path(lost.Digest)))
		w.must(os.Chmod(w.path(rotten.Digest), 0o600))
		w.must(os.WriteFile(w.path(rotten.Digest), []byte("ROTTEN"), 0o600))
		r, said := check(w.db)
		if r.Holds() || r.Missing != 1 || r.Altered != 1 || r.Orphaned != 1 {
			w.Errorf("%+v", r)
		}
		for _, line := range []string{
			"missing: " + lost.Digest + fmt.Sprintf(", %q of E-2", lost.Digest[:8]+".txt"),
			"altered: " + rotten.Digest + fmt.Sprintf(", %q of E-3", rotten.Digest[:8]+".txt"),
		} {
			if !strings.Contains(said, line) {
				w.Errorf("%q is not in\n%s", line, said)
			}
		}
		if r, said := check(nil); r.Altered != 1 || r.Missing != 0 || r.Orphaned != 0 || strings.Contains(said, "E-") {
			w.Errorf("without a database: %+v\n%s", r, said)
		}
	})
}

func TestACopyGoesOnWhereItWasCutOff(t *testing.T) {
	from, err := blob.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer from.Close()
	toDir := t.TempDir()
	to, err := blob.Open(toDir)
	if err != nil {
		t.Fatal(err)
	}
	defer to.Close()
	for i := range 20 {
		if _, err := from.Put(t.Context(), strings.NewReader(fmt.Sprint("blob ", i)), limit); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cut := context.WithCancel(t.Context())
	c, err := keeper.Copy(ctx, from, &cutting{to, 7, cut}, func(string, error) {})
	if err == nil || c.Copied != 7 {
		t.Fatalf("cut off after %+v: %v", c, err)
	}
	if c, err = keeper.Copy(t.Context(), from, to, func(string, error) {}); err != nil || c.There != 7 || c.Copied != 13 || c.Failed != 0 {
		t.Fatalf("the second time: %+v, %v", c, err)
	}
}

// cutting is a store whose user gives up after some blobs.
type cutting struct {
	*blob.Disk
	left int
	cut  func()
}

func (c *cutting) Stat(ctx context.Context, digest string) (blob.Info, error) {
	if c.left--; c.left < 0 {
		c.cut()
	}
	return c.Disk.Stat(ctx, digest)
}

func TestACopyLeavesBehindWhatIsAltered(t *testing.T) {
	dir := t.TempDir()
	from, err := blob.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer from.Close()
	to, err := blob.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer to.Close()
	b, err := from.Put(t.Context(), strings.NewReader("honest"), limit)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "blobs", b.Digest[:2], b.Digest)
	if err := os.Chmod(path, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("forged"), 0o600); err != nil {
		t.Fatal(err)
	}
	var named string
	c, err := keeper.Copy(t.Context(), from, to, func(digest string, _ error) { named = digest })
	if err != nil || c.Failed != 1 || named != b.Digest {
		t.Errorf("%+v, %q, %v", c, named, err)
	}
	for info, err := range to.List(t.Context()) {
		t.Errorf("%s was copied, %v", info.Digest, err)
	}
}
