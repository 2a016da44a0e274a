package models_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the same driver as the product, used around it
	_ "modernc.org/sqlite"

	sumdb "golang.org/x/mod/sumdb/tlog"

	"assay/internal/testenv"
	"assay/internal/tlog"
	"assay/migrations"
	"assay/models"
	"assay/models/access"
	"assay/models/modelstest"
)

// raw opens a database beside the product, as somebody with its password would.
type raw struct {
	*sql.DB
	t        *testing.T
	postgres bool
}

func (r raw) exec(query string, args ...any) {
	r.t.Helper()
	if !r.postgres {
		for i := range args {
			query = strings.Replace(query, "$"+string(rune('1'+i)), "?", 1)
		}
	}
	res, err := r.ExecContext(r.t.Context(), query, args...)
	if err != nil {
		r.t.Fatalf("%s: %v", query, err)
	}
	if n, err := res.RowsAffected(); err == nil && n == 0 {
		r.t.Fatalf("%s: changed nothing", query)
	}
}

// unguard takes the triggers of the log away, as somebody who may change the schema can.
func (r raw) unguard() {
	r.t.Helper()
	statements := []string{"DROP TRIGGER log_leaves_kept", "DROP TRIGGER log_leaves_stay", "DROP TRIGGER checkpoints_kept", "DROP TRIGGER checkpoints_stay"}
	if r.postgres {
		statements = []string{"ALTER TABLE log_leaves DISABLE TRIGGER USER", "ALTER TABLE checkpoints DISABLE TRIGGER USER"}
	}
	for _, s := range statements {
		if _, err := r.ExecContext(r.t.Context(), s); err != nil {
			r.t.Fatalf("%s: %v", s, err)
		}
	}
}

// TestTheLogIsGuardedByTheDatabase: a client that speaks to the database beside the product
// can add nothing to what stands there, and take nothing away.
func TestTheLogIsGuardedByTheDatabase(t *testing.T) {
	beside(t, func(t *testing.T, _ *models.DB, door raw, _ *tlog.Signer) {
		statements := []string{
			"UPDATE log_leaves SET verb = 'person.invented' WHERE seq = 7", "DELETE FROM log_leaves WHERE seq = 10",
			"UPDATE checkpoints SET signed = 'x' WHERE size = 11", "DELETE FROM checkpoints WHERE size = 11",
		}
		if door.postgres {
			statements = append(statements, "TRUNCATE log_leaves", "TRUNCATE checkpoints")
		}
		for _, s := range statements {
			if _, err := door.ExecContext(t.Context(), s); err == nil || !strings.Contains(err.Error(), "never") {
				t.Errorf("%s: %v", s, err)
			}
		}
	})
}

func migrated(t *testing.T, url string) *models.DB {
	t.Helper()
	db, err := models.Open(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	files, err := migrations.For(db.Dialect())
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := db.Migrate(t.Context(), files); err != nil {
		t.Fatal(err)
	}
	db.Now = func() time.Time { return modelstest.Now }
	return db
}

// attacked runs f on both databases, each with a log of eleven leaves under two
// checkpoints, and a second door into the database.
func attacked(t *testing.T, f func(t *testing.T, db *models.DB, door raw, signer *tlog.Signer)) {
	t.Helper()
	beside(t, func(t *testing.T, db *models.DB, door raw, signer *tlog.Signer) {
		door.unguard()
		f(t, db, door, signer)
	})
}

// beside is attacked with the triggers in their place.
func beside(t *testing.T, f func(t *testing.T, db *models.DB, door raw, signer *tlog.Signer)) {
	t.Helper()
	begin := func(t *testing.T, url, driver, dsn string) {
		db := migrated(t, url)
		pool, err := sql.Open(driver, dsn)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = pool.Close() })
		signer, err := tlog.LoadSigner(filepath.Join(t.TempDir(), "log.key"), "assay/test")
		if err != nil {
			t.Fatal(err)
		}
		history(t, db, signer)
		f(t, db, raw{pool, t, driver == "pgx"}, signer)
	}
	t.Run("sqlite", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "assay.db")
		begin(t, "sqlite://"+path, "sqlite", "file:"+path+"?_busy_timeout=5000&_time_format=sqlite")
	})
	t.Run("postgres", func(t *testing.T) {
		url := testenv.Postgres(t)
		begin(t, url, "pgx", url)
	})
}

func history(t *testing.T, db *models.DB, signer *tlog.Signer) {
	t.Helper()
	for range 4 {
		modelstest.Person(t, db, access.Administrator)
	}
	sign(t, db, signer)
	ana := modelstest.Person(t, db, access.Administrator)
	for _, name := range []string{"Ana", "Bea", "Cleo", "Dora", "Eve", "Fay"} {
		err := modelstest.As(t, db, ana, func(ctx context.Context, tx *models.Tx) error { return rename(ctx, tx, ana.ID, name) })
		if err != nil {
			t.Fatal(err)
		}
	}
	sign(t, db, signer)
}

func sign(t *testing.T, db *models.DB, signer *tlog.Signer) {
	t.Helper()
	if size, err := db.SignCheckpoint(t.Context(), signer); err != nil || size == 0 {
		t.Fatalf("not signed: %v", err)
	}
}

func newest(t *testing.T, db *models.DB) string {
	t.Helper()
	var c models.Checkpoint
	modelstest.Look(t, db, access.Actor{}, func(ctx context.Context, tx *models.Tx) (err error) {
		c, err = tx.LastCheckpoint(ctx)
		return err
	})
	return c.Signed
}

// rewritten gives leaf seq other columns and stores the hash that belongs to them, as
// somebody who read this package would.
func rewritten(t *testing.T, db *models.DB, door raw, seq int64) {
	t.Helper()
	door.exec("UPDATE log_leaves SET verb = 'person.invented' WHERE seq = $1", seq)
	var leaves []models.LogLeaf
	modelstest.Look(t, db, access.Actor{}, func(ctx context.Context, tx *models.Tx) (err error) {
		leaves, err = tx.Leaves(ctx, seq, seq+1)
		return err
	})
	h := leaves[0].Leaf().Hash()
	door.exec("UPDATE log_leaves SET hashes = $1 WHERE seq = $2", append(h[:], leaves[0].Hashes[len(h):]...), seq)
}

// rebuilt makes the whole tree anew from what the leaves say now.
func rebuilt(t *testing.T, db *models.DB, door raw) {
	t.Helper()
	var leaves []models.LogLeaf
	modelstest.Look(t, db, access.Actor{}, func(ctx context.Context, tx *models.Tx) (err error) {
		leaves, err = tx.Leaves(ctx, 0, 1000)
		return err
	})
	var all []sumdb.Hash
	for _, leaf := range leaves {
		hashes, err := sumdb.StoredHashesForRecordHash(leaf.Seq, leaf.Leaf().Hash(), sumdb.HashReaderFunc(func(at []int64) (out []sumdb.Hash, err error) {
			for _, i := range at {
				out = append(out, all[i])
			}
			return out, nil
		}))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, hashes...)
		door.exec("UPDATE log_leaves SET hashes = $1 WHERE seq = $2", joined(hashes), leaf.Seq)
	}
	var edge []sumdb.Hash
	size, start := int64(len(leaves)), int64(0)
	for level := 62; level >= 0; level-- {
		if size&(1<<level) != 0 {
			edge = append(edge, all[sumdb.StoredHashIndex(level, start>>level)])
			start += 1 << level
		}
	}
	door.exec("UPDATE log_head SET edge = $1", joined(edge))
}

func joined(hashes []sumdb.Hash) (out []byte) {
	for _, h := range hashes {
		out = append(out, h[:]...)
	}
	return out
}

func TestEveryTamperingIsFound(t *testing.T) {
	for name, c := range map[string]struct {
		tamper func(t *testing.T, db *models.DB, door raw)
		want   string
	}{
		"a changed row": {func(_ *testing.T, _ *models.DB, d raw) {
			d.exec("UPDATE people SET role = 'compliance_manager' WHERE id = 2")
		}, "row people/2 (people/2) was changed"},
		"a row changed to nothing": {func(_ *testing.T, _ *models.DB, d raw) {
			d.exec("UPDATE people SET role = '' WHERE id = 2")
		}, "row people/2 (people/2) was changed"},
		"a row that cannot be read any more": {func(_ *testing.T, _ *models.DB, d raw) {
			d.exec("UPDATE people SET invited_at = 'infinity' WHERE id = 2")
		}, "row people/2 ("},
		"a leaf that cannot be read any more": {func(_ *testing.T, _ *models.DB, d raw) {
			d.exec("UPDATE log_leaves SET at = 'infinity' WHERE seq = 7")
		}, "leaf 7 was changed"},
		"a checkpoint at no time": {func(_ *testing.T, _ *models.DB, d raw) {
			d.exec("UPDATE checkpoints SET at = 'infinity' WHERE size = 4")
		}, "checkpoint 4 cannot be read any more"},
		"a checkpoint whose note is gone": {func(_ *testing.T, _ *models.DB, d raw) {
			d.exec("UPDATE checkpoints SET signed = 'nonsense' WHERE size = 11")
		}, "checkpoint 11 is not signed by the key"},
		"a checkpoint whose key is gone": {func(_ *testing.T, _ *models.DB, d raw) {
			d.exec("UPDATE checkpoints SET verifier_key = 'nonsense' WHERE size = 11")
		}, "checkpoint 11 names another key"},
		"a deleted row": {func(_ *testing.T, _ *models.DB, d raw) {
			d.exec("DELETE FROM people WHERE id = 3")
		}, "row people/3 is gone"},
		"a row inserted without a leaf": {func(t *testing.T, _ *models.DB, d raw) {
			d.exec(`INSERT INTO people (id, rev, name, email, title, firm, role, status, issuer, subject, invited_at)
				VALUES (99, 1, 'Mallory', 'm@halyard.example', '', '', 'administrator', 'active', '', '', $1)`, modelstest.Now)
		}, "row people/99 (people/99) has no leaf"},
		"a changed leaf": {func(_ *testing.T, _ *models.DB, d raw) {
			d.exec("UPDATE log_leaves SET actor_id = 4 WHERE seq = 7")
		}, "leaf 7 was changed"},
		"a leaf moved in time": {func(_ *testing.T, _ *models.DB, d raw) {
			d.exec("UPDATE log_leaves SET at = $1 WHERE seq = 7", modelstest.Now.Add(-time.Hour))
		}, "leaf 7 was changed"},
		"a leaf changed together with its hash": {func(t *testing.T, db *models.DB, d raw) {
			rewritten(t, db, d, 5)
		}, "do not match the checkpoint signed over them"},
		"a deleted leaf": {func(_ *testing.T, _ *models.DB, d raw) {
			d.exec("DELETE FROM log_leaves WHERE seq = 6")
		}, "leaf 6 is missing"},
		"the last leaf deleted, and the head with it": {func(_ *testing.T, _ *models.DB, d raw) {
			d.exec("DELETE FROM log_leaves WHERE seq = 10")
			d.exec("UPDATE log_head SET size = 10")
		}, "checkpoint 11 was signed, and the log has 10 leaves"},
		"swapped leaves": {func(_ *testing.T, _ *models.DB, d raw) {
			d.exec("UPDATE log_leaves SET seq = -1 WHERE seq = 6")
			d.exec("UPDATE log_leaves SET seq = 6 WHERE seq = 8")
			d.exec("UPDATE log_leaves SET seq = 8 WHERE seq = -1")
		}, "leaves 4 to 10 do not match the checkpoint signed over them"},
		"a leaf put before the first": {func(_ *testing.T, _ *models.DB, d raw) {
			d.exec(`INSERT INTO log_leaves SELECT -5, v, at, actor_id, role, session, verb, about, within, entity, entity_id, entity_rev, prev_hash, new_hash, detail_commit, request, build, hashes FROM log_leaves WHERE seq = 3`)
		}, "1 leaves stand before the first one"},
		"a changed note": {func(_ *testing.T, _ *models.DB, d raw) {
			d.exec(`UPDATE log_details SET text = '{"to":"Zoe"}' WHERE seq = 7`)
		}, "the note of leaf 7 was changed"},
		"a changed inner node": {func(_ *testing.T, _ *models.DB, d raw) {
			d.exec("UPDATE log_leaves SET hashes = (SELECT hashes FROM log_leaves WHERE seq = 1) WHERE seq = 5")
		}, "leaf 5 was changed"},
		"a head that counts less": {func(_ *testing.T, _ *models.DB, d raw) {
			d.exec("UPDATE log_head SET size = 9")
		}, "the log says it has 9 leaves; 11 are there"},
		"a head that the next leaf would not fit on": {func(_ *testing.T, _ *models.DB, d raw) {
			d.exec("UPDATE log_head SET edge = (SELECT substr(hashes, 1, 32) FROM log_leaves WHERE seq = 1)")
		}, "the head of the log does not belong to its leaves"},
		"a checkpoint by another key": {func(t *testing.T, _ *models.DB, d raw) {
			other, err := tlog.LoadSigner(filepath.Join(t.TempDir(), "other.key"), "assay/test")
			if err != nil {
				t.Fatal(err)
			}
			forged, err := other.Sign(tlog.Checkpoint{Origin: "assay/test", Size: 4})
			if err != nil {
				t.Fatal(err)
			}
			d.exec("UPDATE checkpoints SET signed = $1 WHERE size = 4", forged)
		}, "checkpoint 4 is not signed by the key"},
	} {
		t.Run(name, func(t *testing.T) {
			attacked(t, func(t *testing.T, db *models.DB, door raw, signer *tlog.Signer) {
				if r := verify(t, db, ""); len(r.Problems) > 0 || r.Signed != 11 {
					t.Fatalf("before anything was touched: %v", r.Problems)
				}
				c.tamper(t, db, door)
				r, err := models.Verify(t.Context(), db, models.VerifyOptions{Tables: tables(), VerifierKey: signer.VerifierKey})
				if err != nil {
					t.Fatal(err)
				}
				if !strings.Contains(strings.Join(r.Problems, "\n"), c.want) {
					t.Errorf("want %q among\n%s", c.want, strings.Join(r.Problems, "\n"))
				}
			})
		})
	}
}

func TestAnOlderDatabasePutBackIsFoundByTheNewerNote(t *testing.T) {
	attacked(t, func(t *testing.T, db *models.DB, door raw, _ *tlog.Signer) {
		note := newest(t, db)
		door.exec("DELETE FROM checkpoints WHERE size = 11")
		door.exec("DELETE FROM log_leaves WHERE seq >= 4")
		door.exec("DELETE FROM log_details WHERE seq >= 4")
		door.exec("UPDATE log_head SET size = 4, edge = (SELECT substr(hashes, 65, 32) FROM log_leaves WHERE seq = 3)")
		door.exec("DELETE FROM people WHERE id = 5")
		if r := verify(t, db, ""); len(r.Problems) > 0 {
			t.Fatalf("the older state is not whole: %v", r.Problems)
		}
		r := verify(t, db, note)
		if !strings.Contains(strings.Join(r.Problems, "\n"), "an older database was put back") {
			t.Errorf("got %v", r.Problems)
		}
	})
}

func TestSigningStopsWhenTheLogIsBroken(t *testing.T) {
	attacked(t, func(t *testing.T, db *models.DB, door raw, signer *tlog.Signer) {
		modelstest.Person(t, db, access.Administrator)
		door.exec("UPDATE log_leaves SET actor_id = 4 WHERE seq = 11")
		if size, err := db.SignCheckpoint(t.Context(), signer); size > 0 || err == nil {
			t.Fatal("a changed leaf was signed")
		}
		if db.Halted() == "" {
			t.Error("the log is broken, and nobody is told")
		}
		err := modelstest.As(t, db, access.Clock, func(ctx context.Context, tx *models.Tx) error { return rename(ctx, tx, 1, "x") })
		if models.KindOf(err) != models.KindConflict {
			t.Errorf("a broken log still takes writes: %v", err)
		}
	})
}

// TestNoHistoryIsSignedThatContradictsTheLastOne: whoever rewrites a signed leaf and every
// hash above it leaves a tree that is whole in itself. It is not signed, because it does
// not extend what was.
func TestNoHistoryIsSignedThatContradictsTheLastOne(t *testing.T) {
	attacked(t, func(t *testing.T, db *models.DB, door raw, signer *tlog.Signer) {
		rewritten(t, db, door, 3)
		rebuilt(t, db, door)
		modelstest.Person(t, db, access.Administrator)
		if size, err := db.SignCheckpoint(t.Context(), signer); size > 0 || !errors.Is(err, models.ErrLogBroken) {
			t.Fatalf("another history was signed: %v", err)
		}
		if db.Halted() == "" {
			t.Error("the log is broken, and nobody is told")
		}
	})
}

func TestAnErasedNoteIsNoTampering(t *testing.T) {
	attacked(t, func(t *testing.T, db *models.DB, door raw, _ *tlog.Signer) {
		door.exec("DELETE FROM log_details WHERE seq = 7")
		if r := verify(t, db, ""); len(r.Problems) > 0 || r.Erased != 1 {
			t.Errorf("got %d erased, %v", r.Erased, r.Problems)
		}
	})
}

// TestWhatStandsBetweenPackedColumnsIsAsGoodAsAnyText: Verify reads many columns of SQLite
// as one text, and whoever writes what it puts between them neither breaks nor fools it.
func TestWhatStandsBetweenPackedColumnsIsAsGoodAsAnyText(t *testing.T) {
	attacked(t, func(t *testing.T, db *models.DB, door raw, _ *tlog.Signer) {
		ana := modelstest.Person(t, db, access.Administrator)
		err := modelstest.As(t, db, ana, func(ctx context.Context, tx *models.Tx) error {
			if err := tx.Record("odd\x1fverb", "people/1\x1f", models.Note{"why": "x"}); err != nil {
				return err
			}
			return rename(ctx, tx, ana.ID, "A\x1fna\x1f")
		})
		if err != nil {
			t.Fatal(err)
		}
		if r := verify(t, db, ""); len(r.Problems) > 0 {
			t.Fatalf("honest rows: %v", r.Problems)
		}
		door.exec("UPDATE log_leaves SET verb = 'odd', about = 'verb' || $1 || about WHERE verb = $2", "\x1f", "odd\x1fverb")
		if r := verify(t, db, ""); len(r.Problems) == 0 {
			t.Error("a text that moved from one column of a leaf to the next was not found")
		}
	})
}

// TestAColumnThatWasEmptiedIsFound: whoever may change the schema can take NOT NULL away, and
// then make two columns of a leaf out of one.
func TestAColumnThatWasEmptiedIsFound(t *testing.T) {
	attacked(t, func(t *testing.T, db *models.DB, door raw, _ *tlog.Signer) {
		loosen := []string{"PRAGMA writable_schema = ON", "UPDATE sqlite_schema SET sql = replace(sql, 'NOT NULL', '') WHERE name = 'log_leaves'", "PRAGMA writable_schema = RESET"}
		if door.postgres {
			loosen = []string{"ALTER TABLE log_leaves ALTER COLUMN session DROP NOT NULL"}
		}
		door.SetMaxOpenConns(1) // a pragma is of one connection
		for _, s := range loosen {
			if _, err := door.ExecContext(t.Context(), s); err != nil {
				t.Fatal(err)
			}
		}
		door.exec("UPDATE log_leaves SET role = role || $1 || session, session = NULL WHERE seq = 2", "\x1f")
		if r := verify(t, db, ""); len(r.Problems) == 0 {
			t.Error("a column of a leaf that went into another one was not found")
		}
	})
}

// TestValuesOfAnotherKindAreFound: SQLite keeps in most columns whatever it is given.
func TestValuesOfAnotherKindAreFound(t *testing.T) {
	attacked(t, func(t *testing.T, db *models.DB, door raw, _ *tlog.Signer) {
		if door.postgres {
			t.Skip("PostgreSQL knows kinds")
		}
		var want []string
		for _, change := range []string{
			"name = CAST(name AS BLOB)", "name = name || x'1f'", "firm = char(31)", "title = char(31) || title", "rev = rev + 0.5", "rev = 'one'",
			"invited_at = 5", "invited_at = 0.5", "invited_at = x'1f'",
		} {
			p := modelstest.Person(t, db, access.Administrator)
			door.exec("UPDATE people SET "+change+" WHERE id = $1", p.ID)
			want = append(want, fmt.Sprintf("row people/%d ", p.ID))
		}
		for seq, change := range []string{
			"actor_id = 0.5", "entity_rev = 'one'", "about = about || char(31)", "build = char(31)", "at = 0", "at = x'1f'",
			"verb = verb || char(31) || about, about = ''", "prev_hash = CAST('x' AS BLOB)", "v = 1.5",
		} {
			door.exec("UPDATE log_leaves SET "+change+" WHERE seq = $1", seq)
			want = append(want, fmt.Sprintf("leaf %d was changed", seq))
		}
		said := strings.Join(verify(t, db, "").Problems, "\n")
		for _, w := range want {
			if !strings.Contains(said, w) {
				t.Errorf("want %q among\n%s", w, said)
			}
		}
	})
}
