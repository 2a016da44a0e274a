package sheet

import (
	"slices"
	"strings"
	"unicode"
)

// Columns finds where the fields of an import stand. A header names a field by
// the field's own name or one of its aliases, whatever the case, blanks, hyphens
// or underscores. The first column that names a field is taken; unused are the
// headers of all others, in order, repeated ones included. No alias may belong
// to two fields.
func Columns(header []string, aliases map[string][]string) (found map[string]int, unused []string) {
	fields := map[string]string{}
	for field, names := range aliases {
		for _, name := range names {
			fields[fold(name)] = field
		}
	}
	for field := range aliases { // after the aliases: a field's own name wins
		fields[fold(field)] = field
	}
	found = map[string]int{}
	for i, name := range header {
		field, known := fields[fold(name)]
		if _, taken := found[field]; known && !taken {
			found[field] = i
		} else {
			unused = append(unused, name)
		}
	}
	return found, slices.DeleteFunc(unused, func(name string) bool { return name == "" })
}

func fold(name string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, name)
}
