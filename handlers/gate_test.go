package handlers_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"assay/internal/blob"
	"assay/models"
	"assay/models/access"
	"assay/models/engagement"
	"assay/models/evidence"
	"assay/models/modelstest"
	"assay/models/occurrence"
)

// counting is a store that counts what it is given to keep.
type counting struct {
	blob.Store
	puts *atomic.Int64
}

func (c counting) Put(ctx context.Context, r io.Reader, limit int64) (blob.Blob, error) {
	c.puts.Add(1)
	return c.Store.Put(ctx, r, limit)
}

// counted has the shop's store counted from now on.
func (s shop) counted() *atomic.Int64 {
	puts := new(atomic.Int64)
	s.App.Blobs = counting{s.App.Blobs, puts}
	return puts
}

// TestARefusedListLeavesNoBytes: whoever may not add a list, or adds one that is wrong, has
// nothing kept.
func TestARefusedListLeavesNoBytes(t *testing.T) {
	const at = "/controls/AC-04/lists"
	const good = "key,triggered_at,performed_at\nL-1,2026-02-03 10:00,2026-02-03 15:00\n"
	eachShop(t, func(s shop) {
		s.leavers()
		puts := s.counted()
		for range 5 {
			s.sendList(s.other, at, list(), good).Want(http.StatusForbidden)
		}
		s.sendList(s.executive, at, list(), good).Want(404)
		s.sendList(s.owner, "/controls/AC-03/lists", list(), good).Want(404) // it has dates of its own
		s.sendList(s.owner, at, list("source", ""), good).Want(422)
		s.sendList(s.owner, at, list("covers_to", "never"), good).Want(422)
		s.sendList(s.owner, at, list(), "key,triggered_at\nL-1,3.2.2026\n").Want(422)
		s.sendList(s.owner, at, list(), "").Want(422).Has("The list is empty.")
		s.upload(s.owner)
		s.App.Quota = evidence.Quota{Bytes: 1}
		before := puts.Load()
		s.sendList(s.owner, at, list("query", "my own query"), good).Want(http.StatusConflict).Has("The evidence store has reached the size", "my own query")
		s.App.Quota = evidence.Quota{}
		if n := puts.Load(); n != before || n > 1 {
			s.Errorf("%d refused lists were kept", n-before)
		}
		s.sendList(s.owner, at, list(), good).Want(303)
		s.sendList(s.owner, at, list(), good).Want(422).Has("is there already")
		if n := puts.Load() - before; n != 1 {
			s.Errorf("%d files are kept for the one list that counts", n)
		}
	})
}

// TestAListOfManyTriggersIsTaken: a control that acts many times a day has one list a day,
// however long it is, up to what one list holds.
func TestAListOfManyTriggersIsTaken(t *testing.T) {
	eachShop(t, func(s shop) {
		s.leavers()
		puts := s.counted()
		s.Get(s.owner, "/controls/AC-04/lists").Want(200).Has("up to 100,000 lines", "16 MiB")
		body := func(n int) string {
			var b strings.Builder
			b.WriteString("key,triggered_at,performed_at\n")
			for i := range n {
				fmt.Fprintf(&b, "L-%06d,2026-02-03 10:00,2026-02-03 15:00\n", i)
			}
			return b.String()
		}
		s.sendList(s.owner, "/controls/AC-04/lists", list("covers_from", "2026-02-03", "covers_to", "2026-02-03"), body(occurrence.MaxLines+1)).
			Want(422).Has("more than 100000 rows", "two lists cannot speak of the same day")
		s.sendList(s.owner, "/controls/AC-04/lists", list("covers_from", "2026-02-03", "covers_to", "2026-02-03"), strings.Repeat("x", 17<<20)).
			Want(422).Has("at most 16 MiB")
		if n := puts.Load(); n != 0 {
			t.Errorf("%d refused lists were kept", n)
		}
		s.sendList(s.owner, "/controls/AC-04/lists", list("covers_from", "2026-02-03", "covers_to", "2026-02-03"), body(occurrence.MaxLines)).Want(303)
		modelstest.Look(s.T, s.db, s.priya, func(ctx context.Context, tx *models.Tx) error {
			n, err := models.Value[int](ctx, tx, "SELECT count(*) FROM trigger_events")
			if n != occurrence.MaxLines {
				t.Errorf("%d triggers", n)
			}
			return err
		})
	})
}

// TestFilesOfAnEngagementAreKeptOnlyWhenTheyMayCome: once an engagement is past the state
// that takes a file, its form keeps nothing, whoever sends it.
func TestFilesOfAnEngagementAreKeptOnlyWhenTheyMayCome(t *testing.T) {
	eachFieldwork(t, func(w fieldwork) {
		puts := w.counted()
		report := w.engagement.Path() + "/report"
		send := func(a access.Actor, path, field, body string, fields ...string) int {
			return sent(w.T, w.Site, a, "/"+strings.TrimPrefix(path, "/"), field, "list.csv", body, fields...).Status
		}
		must(w.T, modelstest.As(w.T, w.db, w.priya, func(ctx context.Context, tx *models.Tx) error {
			if err := tx.Record("engagement.edit", w.engagement.Path()); err != nil {
				return err
			}
			_, err := models.Raw[engagement.Engagement](ctx, tx, "UPDATE engagements SET status = 'cancelled' WHERE id = ? RETURNING id", w.engagement.ID)
			return err
		}))
		var flat []string
		for _, f := range listFields() {
			flat = append(flat, f[0], f[1])
		}
		for what, got := range map[string]int{
			"a report":             send(w.priya, report, "report", "bytes", "reported_on", "2026-07-20", "signed_by", "M. Brandt"),
			"a population":         send(w.priya, populationsAt, "file", merges(), flat...),
			"a request list":       send(w.priya, requestsAt+"/import", "file", "description\nThe review\n"),
			"an auditor's request": send(w.jonas, requestsAt+"/import", "file", "description\nThe review\n"),
			"own rows":             w.Post(w.priya, populationsAt+"/own", "from", "windows", "of", "AC-03").Status,
		} {
			if got < 400 || got >= 500 {
				w.Errorf("%s of a cancelled engagement: %d", what, got)
			}
		}
		if n := puts.Load(); n != 0 {
			w.Errorf("%d refused files were kept", n)
		}
	})
}

// TestNobodyReadsAFileByItsDigest: what somebody else stored is not read back to whoever
// knows its digest, by the previews of imports.
func TestNobodyReadsAFileByItsDigest(t *testing.T) {
	s := newShop(t)
	s.upload(s.owner)
	var digest string
	modelstest.Look(s.T, s.db, s.priya, func(ctx context.Context, tx *models.Tx) (err error) {
		digest, err = models.Value[string](ctx, tx, "SELECT digest FROM evidence_files")
		return err
	})
	s.Get(s.priya, "/controls/import/"+digest+"?name=a.csv").Want(404)
	s.Post(s.priya, "/controls/import/"+digest, "name", "a.csv").Want(404)
}
