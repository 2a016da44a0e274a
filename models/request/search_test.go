package request_test

import (
	"context"
	"io/fs"
	"strings"
	"testing"

	"assay/migrations"
	"assay/models"
	"assay/models/access"
	"assay/models/modelstest"
	"assay/models/request"
)

// found are the codes that somebody finds.
func (w *world) found(a access.Actor, typed string) string {
	w.Helper()
	var out []string
	modelstest.Look(w.T, w.db, a, func(ctx context.Context, tx *models.Tx) error {
		list, err := request.Search(ctx, tx, typed, 6)
		for _, r := range list {
			out = append(out, r.Code())
		}
		return err
	})
	return strings.Join(out, " ")
}

func TestRequestsAreFoundByWhoeverMayReadThem(t *testing.T) {
	each(t, func(w *world) {
		in := w.ask()
		in.Title, in.Detail, in.Reference, in.Items = "Überprüfung of mergers", "All of the xylophones", "PBC-77", []string{"The zeppelin list"}
		r := w.written(w.priya, in)
		everyone := []access.Actor{w.priya, w.admin, w.ana, w.eve, w.miriam, w.jonas}
		see := func(when, typed string, who ...access.Actor) {
			t.Helper()
			for _, a := range everyone {
				want := ""
				for _, b := range who {
					if a.ID == b.ID {
						want = r.Code()
					}
				}
				if got := w.found(a, typed); got != want {
					w.Errorf("%s, %q: %s finds %q, want %q", when, typed, a.Name, got, want)
				}
			}
		}
		see("a draft of the company", "merg", w.priya)
		w.take(w.priya, &r, request.OpenUp)
		for _, typed := range []string{"uberpruf", "xylo", "pbc-77", "zeppelin merg", "R-001"} {
			see("opened", typed, w.priya, w.admin, w.ana, w.miriam, w.jonas)
		}
		see("no such word", "zebra")
		modelstest.Look(t, w.db, w.jonas, func(ctx context.Context, tx *models.Tx) error {
			if got, err := request.ByNumber(ctx, tx, r.ID); err != nil || got.ID != r.ID {
				w.Errorf("by number: %v", err)
			}
			return nil
		})
		stranger := w.jonas
		stranger.Engagements, stranger.Fieldwork = nil, nil
		if got := w.found(stranger, "xylo"); got != "" {
			w.Errorf("an auditor of another engagement finds %s", got)
		}
		q := r.Question
		q.Title, q.Detail = "Mergers", "All of the trombones"
		w.must(w.as(w.priya, func(ctx context.Context, tx *models.Tx) error {
			return request.Edit(ctx, tx, w.engagement, &r, q, []string{"The zeppelin list"})
		}))
		see("edited, by the old word", "xylo")
		see("edited", "trombone", w.priya, w.admin, w.ana, w.miriam, w.jonas)

		draft := w.written(w.miriam, request.Ask{Question: request.Question{Title: "Gondolas"}})
		for _, a := range everyone {
			if got := w.found(a, "gondolas"); got != "" {
				w.Errorf("%s finds %s, which the firm has not asked yet", a.Name, got)
			}
		}
		w.must(w.as(w.miriam, func(ctx context.Context, tx *models.Tx) error {
			return request.Discard(ctx, tx, w.engagement, &draft)
		}))
		modelstest.Look(t, w.db, access.Clock, func(ctx context.Context, tx *models.Tx) error {
			key := "id"
			if !tx.Postgres() {
				key = "rowid"
			}
			if n, err := models.Value[int](ctx, tx, "SELECT count(*) FROM requests_search WHERE "+key+" = ?", draft.ID); err != nil || n != 0 {
				w.Errorf("what was discarded is still indexed: %d %v", n, err)
			}
			return nil
		})
	})
}

// TestRequestsOfBeforeAreIndexedAlike holds what the migration put into the index, for the
// requests that were there, against what a request puts into it when it is written. SQLite
// cuts words itself, of either.
func TestRequestsOfBeforeAreIndexedAlike(t *testing.T) {
	each(t, func(w *world) {
		in := w.ask()
		in.Title, in.Detail, in.Reference, in.Items = "Überprüfung of merges, of merges", "x_y; 2026-27\nﬁle", "PBC-77", []string{"The zeppelin list", "Ça"}
		r := w.written(w.priya, in)
		dir, err := migrations.For(w.db.Dialect())
		w.must(err)
		file, err := fs.ReadFile(dir, "0119_request_search.sql")
		w.must(err)
		_, rest, _ := strings.Cut(string(file), "SELECT r.id, ")
		filled, _, _ := strings.Cut(rest, ";")
		modelstest.Look(t, w.db, access.Clock, func(ctx context.Context, tx *models.Tx) error {
			if !tx.Postgres() {
				text, err := models.Value[string](ctx, tx, "SELECT "+filled+" WHERE r.id = ?", r.ID)
				for _, part := range append(in.Items, "R 001", in.Title, in.Detail, in.Reference) {
					if !strings.Contains(text, part) {
						w.Errorf("%q lacks %q", text, part)
					}
				}
				return err
			}
			expression, _, _ := strings.Cut(filled, "\n  FROM requests r")
			then, err := models.Value[string](ctx, tx, "SELECT ("+expression+")::text FROM requests r WHERE r.id = ?", r.ID)
			if err != nil {
				return err
			}
			now, err := models.Value[string](ctx, tx, "SELECT words::text FROM requests_search WHERE id = ?", r.ID)
			if then != now {
				w.Errorf("the migration makes\n%s\nof what a request makes\n%s", then, now)
			}
			return err
		})
	})
}
