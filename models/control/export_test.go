package control

import (
	"strings"

	"assay/models"
)

// Plan is the statement List runs for f and o, as far as a planner cares: conditions,
// order and limit.
func (f Filter) Plan(tx *models.Tx, o Order) (string, []any) {
	cond, args, _ := f.where(tx, matches)
	if cond == "" {
		cond = "1 = 1"
	}
	direction := ""
	if o.Desc() {
		direction = " DESC"
	}
	return "SELECT id, code, title FROM controls WHERE " + cond + " ORDER BY " + strings.Join(o.sort().Columns, direction+", ") + direction + " LIMIT 51", args
}

// Orders are all that a list offers.
func Orders() []Order {
	var out []Order
	for o := range orders {
		out = append(out, o, "-"+o)
	}
	return out
}
