package control

import (
	"context"
	"strings"

	"assay/models"
)

// Plan is the statement List runs for f and o, as far as a planner cares: conditions,
// order and limit.
func (f Filter) Plan(ctx context.Context, tx *models.Tx, o Order) (string, []any, error) {
	cond, args, _, err := f.where(ctx, tx, matches)
	if cond == "" {
		cond = "1 = 1"
	}
	direction := ""
	if o.Desc() {
		direction = " DESC"
	}
	from := "controls"
	if o.Column() == "owner" {
		from += " " + ownersJoined
	}
	return "SELECT controls.id, controls.code, title FROM " + from + " WHERE " + cond + " ORDER BY " + strings.Join(o.sort().Columns, direction+", ") + direction + " LIMIT 51", args, err
}

// Orders are all that a list offers.
func Orders() []Order {
	var out []Order
	for o := range orders {
		out = append(out, o, "-"+o)
	}
	return out
}
