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
		for page, err := range described(ctx, tx, f, o) {
			var lines [][]string
			if err == nil {
				lines, err = exportLines(ctx, tx, page)
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
		}
	}
}

// A Described is a control with the version that lists show.
type Described struct {
	Row
	Version Version
}

// Path is the address of the control.
func (d Described) Path() string { return "controls/" + d.Code }

// Every is every control that f lets through, in the order o. It reads in pages.
func Every(ctx context.Context, tx *models.Tx, f Filter, o Order) iter.Seq2[Described, error] {
	return func(yield func(Described, error) bool) {
		for page, err := range described(ctx, tx, f, o) {
			if err != nil {
				yield(Described{}, err)
				return
			}
			for _, d := range page {
				if !yield(d, nil) {
					return
				}
			}
		}
	}
}

// described goes through the controls, a few hundred at a time.
func described(ctx context.Context, tx *models.Tx, f Filter, o Order) iter.Seq2[[]Described, error] {
	return func(yield func([]Described, error) bool) {
		for page := (models.Page{Limit: 500}); ; {
			w, err := List(ctx, tx, f, o, page)
			var list []Described
			if err == nil {
				list, err = describe(ctx, tx, w.Items)
			}
			if !yield(list, err) || err != nil || w.Later == "" {
				return
			}
			page.After = w.Later
		}
	}
}

func describe(ctx context.Context, tx *models.Tx, rows []Row) ([]Described, error) {
	ids := make([]int64, len(rows))
	for i, r := range rows {
		ids[i] = r.ID
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
	out := make([]Described, len(rows))
	for i, r := range rows {
		out[i] = Described{r, best[r.ID]}
	}
	return out, nil
}

func exportLines(ctx context.Context, tx *models.Tx, list []Described) ([][]string, error) {
	var who []int64
	for _, d := range list {
		for _, id := range []*int64{d.OwnerID, d.BackupID} {
			if id != nil {
				who = append(who, *id)
			}
		}
	}
	slices.Sort(who)
	names, err := people.Named(ctx, tx, slices.Compact(who)...)
	out := make([][]string, len(list))
	for i, d := range list {
		out[i] = exportLine(d, contact(tx, names, d.OwnerID), contact(tx, names, d.BackupID))
	}
	return out, err
}

func exportLine(d Described, owner, backup string) []string {
	line := []string{d.Code}
	for _, f := range fields {
		line = append(line, f.write(d.Version.Content))
	}
	return append(line, owner, backup, d.Version.Status.Label(), strconv.Itoa(d.Version.Number), string(d.Version.EffectiveFrom))
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
