package bench_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	_ "embed"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"assay/internal/bench"
	"assay/internal/blob"
	"assay/internal/testenv"
	"assay/migrations"
	"assay/models"
	"assay/models/evidence"
)

//go:embed fill.go
var fillSource []byte

//go:embed words.go
var wordsSource []byte

// A company is a generated database and the blobs its files refer to.
type company struct {
	url  string
	dir  string // of the blobs
	size bench.Size
}

func (c company) open(tb testing.TB) *models.DB {
	tb.Helper()
	db, err := models.Open(tb.Context(), c.url)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = db.Close() })
	return db
}

// cacheKey names everything that the generated data depends on.
func cacheKey(tb testing.TB, size bench.Size) string {
	tb.Helper()
	schema, err := migrations.Digest("sqlite")
	if err != nil {
		tb.Fatal(err)
	}
	h := sha256.New()
	fmt.Fprintf(h, "%s %v %s %s", schema, size, fillSource, wordsSource)
	return hex.EncodeToString(h.Sum(nil))[:16]
}

// onSQLite is a company in a file that the run may write to: a copy of the one that is
// kept under .cache, where it is generated the first time.
func onSQLite(tb testing.TB, size bench.Size) company {
	tb.Helper()
	cache, err := filepath.Abs(filepath.Join("..", "..", ".cache", "bench"))
	if err != nil {
		tb.Fatal(err)
	}
	kept := filepath.Join(cache, cacheKey(tb, size))
	if _, err := os.Stat(kept); errors.Is(err, os.ErrNotExist) {
		raw := kept + ".part"
		_ = os.RemoveAll(raw)
		c := company{"sqlite://" + filepath.Join(raw, "assay.db"), filepath.Join(raw, "blobs"), size}
		c.fill(tb)
		if err := os.Rename(raw, kept); err != nil {
			tb.Fatal(err)
		}
	}
	dir := filepath.Join(tb.TempDir(), "company")
	if out, err := exec.Command("cp", "-r", "--reflink=auto", kept, dir).CombinedOutput(); err != nil {
		tb.Fatalf("%v: %s", err, out)
	}
	return company{"sqlite://" + filepath.Join(dir, "assay.db"), filepath.Join(dir, "blobs"), size}
}

// onPostgres is a company on a server of its own that waits for the disk.
func onPostgres(tb testing.TB, size bench.Size) company {
	tb.Helper()
	c := company{testenv.DurablePostgres(tb), tb.TempDir(), size}
	c.fill(tb)
	return c
}

func (c company) fill(tb testing.TB) {
	tb.Helper()
	start := time.Now()
	db, err := models.Open(tb.Context(), c.url)
	if err != nil {
		tb.Fatal(err)
	}
	files, err := migrations.For(db.Dialect())
	if err == nil {
		_, _, err = db.Migrate(tb.Context(), files)
	}
	var blobs []evidence.Upload
	if err == nil {
		blobs, err = c.blobs(tb.Context())
	}
	if err == nil {
		err = bench.Fill(tb.Context(), db, c.size, blobs)
	}
	if err := errors.Join(err, db.Close()); err != nil {
		tb.Fatal(err)
	}
	c.settle(tb)
	fmt.Printf("Generated %d controls and %d evidence items on %s in %s.\n", c.size.Controls, c.size.Items, db.Dialect(), time.Since(start).Round(time.Second))
}

// settle does what a PostgreSQL server does by itself within minutes after much was written.
func (c company) settle(tb testing.TB) {
	tb.Helper()
	if !strings.HasPrefix(c.url, "postgres") {
		return
	}
	pool, err := sql.Open("pgx", c.url)
	if err == nil {
		_, err = pool.ExecContext(tb.Context(), "VACUUM ANALYZE")
		err = errors.Join(err, pool.Close())
	}
	if err != nil {
		tb.Fatal(err)
	}
}

// blobs stores small files for the items that somebody will look at.
func (c company) blobs(ctx context.Context) ([]evidence.Upload, error) {
	store, err := blob.Open(c.dir)
	if err != nil {
		return nil, err
	}
	defer store.Close()
	var out []evidence.Upload
	for n := range 500 {
		b, err := store.Put(ctx, bytes.NewReader(bytes.Repeat([]byte("user,role,granted\n"), 20+n)), 1<<20)
		if err != nil {
			return nil, err
		}
		out = append(out, evidence.Upload{Name: "users.csv", Digest: b.Digest, Size: b.Size})
	}
	return out, nil
}
