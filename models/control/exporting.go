package control

import (
	"context"
	"iter"
	"slices"
	"strconv"

	"assay/models"
	"assay/models/people"
)

// ExportHeader names the columns of Export. They are those that an import reads, and
// what it leaves alone behind them.
func ExportHeader() []string {
	header := []string{"id"}
	for _, f := range fields {
		header = append(header, f.key)
	}
	return append(append(header, "owner", "backup_owner"), informative...)
}

// Export is every control that f lets through, in the order o, with the version that
// lists show. It reads in pages, so that it can be as long as it likes. Owners are
// e-mail addresses, which an import finds again; auditors read names.
func Export(ctx context.Context, tx *models.Tx, f Filter, o Order) iter.Seq2[[]string, error] {
	return func(yield func([]string, error) bool) {
		page := models.Page{Limit: 500}
		for {
			w, err := List(ctx, tx, f, o, page)
			var lines [][]string
			if err == nil {
				lines, err = exportLines(ctx, tx, w.Items)
			}
			if err != nil {
				yield(nil, err)
				return
			}
			for _, l := range lines {
				if !yield(l, nil) {
					return
				}
			}
			if w.Later == "" {
				return
			}
			page.After = w.Later
		}
	}
}

func exportLines(ctx context.Context, tx *models.Tx, rows []Row) ([][]string, error) {
	var ids, who []int64
	for _, r := range rows {
		ids = append(ids, r.ID)
		for _, id := range []*int64{r.OwnerID, r.BackupID} {
			if id != nil {
				who = append(who, *id)
			}
		}
	}
	if len(ids) == 0 {
		return nil, nil
	}
	slices.Sort(who)
	names, err := people.Named(ctx, tx, slices.Compact(who)...)
	if err != nil {
		return nil, err
	}
	versions, err := models.Rows[Version](tx).Where("control_id IN ?", ids).Order("control_id, number").Find(ctx)
	if err != nil {
		return nil, err
	}
	best := map[int64]Version{}
	for _, v := range versions {
		if b, ok := best[v.ControlID]; !ok || v.standing() >= b.standing() {
			best[v.ControlID] = v
		}
	}
	out := make([][]string, len(rows))
	for i, r := range rows {
		out[i] = exportLine(r, best[r.ID], contact(tx, names, r.OwnerID), contact(tx, names, r.BackupID))
	}
	return out, nil
}

func exportLine(r Row, v Version, owner, backup string) []string {
	line := []string{r.Code}
	for _, f := range fields {
		line = append(line, f.write(v.Content))
	}
	return append(line, owner, backup, v.Status.Label(), strconv.Itoa(v.Number), string(v.EffectiveFrom))
}

func contact(tx *models.Tx, names map[int64]people.Person, id *int64) string {
	switch {
	case id == nil:
		return ""
	case tx.Actor.Company():
		return names[*id].Email
	}
	return names[*id].Name
}
