package finding

import (
	"strings"

	"assay/models"
)

// problems collects what is wrong with which field.
type problems map[string]string

// need asks for a text.
func (p problems) need(field, text, sentence string) {
	if strings.TrimSpace(text) == "" {
		p[field] = sentence
	}
}

// day asks for a day that is not over yet.
func (p problems) day(field string, due models.Date, today Day) {
	switch {
	case due.IsZero():
		p[field] = "Choose a date."
	case due < today.Date:
		p[field] = "This day has passed. Choose today or later."
	}
}

func (p problems) err() error {
	if len(p) == 0 {
		return nil
	}
	return models.Invalid(p)
}

// reason asks for the one text of a short form.
func reason(text, sentence string) error {
	p := problems{}
	p.need("note", text, sentence)
	return p.err()
}

func lower(s string) string { return strings.ToLower(s) }
