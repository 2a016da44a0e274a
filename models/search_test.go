package models_test

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"assay/models"
	"assay/models/access"
	"assay/models/modelstest"
)

type place struct{ ID int64 }

// searched is the ids of controls_search that match, at most limit.
func searched(t *testing.T, db *models.DB, typed string, limit int) (ids []int64) {
	t.Helper()
	modelstest.Look(t, db, access.Clock, func(ctx context.Context, tx *models.Tx) error {
		key := "id"
		if !tx.Postgres() {
			key = "rowid"
		}
		cond, args, ok := models.SearchIndex("controls").Matching(tx, key, typed, limit)
		if !ok {
			return nil
		}
		rows, err := models.Raw[place](ctx, tx, "SELECT "+key+" AS id FROM controls_search WHERE "+cond+" ORDER BY "+key+" DESC", args...)
		for _, r := range rows {
			ids = append(ids, r.ID)
		}
		return err
	})
	return ids
}

func TestSearch(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		put := func(texts map[int64]string) {
			t.Helper()
			err := db.Bookkeep(t.Context(), func(tx *models.Tx) error {
				for id, text := range texts {
					if err := models.SearchIndex("controls").Put(t.Context(), tx, id, text); err != nil {
						return err
					}
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		const rows = 1300 // more than are looked through before the index is asked
		texts := map[int64]string{}
		for id := int64(1); id <= rows; id++ {
			texts[id] = fmt.Sprintf("Common word%04d, %d of a thousand", id, id%7)
		}
		texts[3], texts[7], texts[rows-1] = texts[3]+" seldom", texts[7]+" selDóm once", texts[rows-1]+" seldomer a"
		put(texts)
		for _, tc := range []struct {
			typed string
			limit int
			want  []int64
		}{
			{"common", 3, []int64{rows, rows - 1, rows - 2}},
			{"com thousand", 600, nil}, // as many as asked for
			{"seldom", 10, []int64{rows - 1, 7, 3}},
			{"seldom", 2, []int64{rows - 1, 7}},
			{"SELDOM once", 10, []int64{7}},
			{"seldom", 600, []int64{rows - 1, 7, 3}},
			{"a", 10, []int64{rows, rows - 1, rows - 2, rows - 3, rows - 4, rows - 5, rows - 6, rows - 7, rows - 8, rows - 9}},
			{"word0007", 10, []int64{7}},
			{"word000", 3, []int64{9, 8, 7}},
			{"word", 2, []int64{rows, rows - 1}}, // more words than are said in full
			{"3 word0003", 10, []int64{3}},
			{"absent", 10, nil},
			{"common absent", 10, nil},
			{"' OR * ) \" -", 10, nil},
		} {
			got := searched(t, db, tc.typed, tc.limit)
			if tc.want == nil && tc.limit > len(texts)/3 {
				if len(got) != tc.limit {
					t.Errorf("%q: %d rows, want %d", tc.typed, len(got), tc.limit)
				}
			} else if !slices.Equal(got, tc.want) {
				t.Errorf("%q: got %v, want %v", tc.typed, got, tc.want)
			}
		}
		put(map[int64]string{7: "nothing of the kind"})
		if got := searched(t, db, "seldom", 10); !slices.Equal(got, []int64{rows - 1, 3}) {
			t.Errorf("a word that was taken away is still found: %v", got)
		}
	})
}
