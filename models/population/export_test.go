package population

import "strings"

// Keys names what was selected, in order.
func (d Drawn) Keys() string {
	var out []string
	for _, p := range d.picks {
		out = append(out, p.Key)
	}
	return strings.Join(out, " ")
}

// Cells are those of what was selected, by key.
func (d Drawn) Cells() map[string][]string { return d.cells }
