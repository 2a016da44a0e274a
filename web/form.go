package web

import (
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"assay/models"
)

// A Values reads the fields of a form and collects what is wrong with them. It keeps
// what was typed, so that the form can come back as it was.
type Values struct {
	values map[string][]string
	bad    map[string]string
}

// Form parses the body of r as a form without files. Uploads read their stream
// themselves and use NewValues.
func Form(r *http.Request) *Values {
	v := NewValues(nil)
	if err := r.ParseForm(); err != nil {
		v.Refuse("form", "This form could not be read. Please send it again.")
		return v
	}
	v.values = r.PostForm
	return v
}

// Query reads the filters in the address the way Form reads a body.
func Query(r *http.Request) *Values { return NewValues(r.URL.Query()) }

// NewValues wraps fields that were read elsewhere.
func NewValues(fields map[string][]string) *Values {
	if fields == nil {
		fields = map[string][]string{}
	}
	return &Values{values: fields, bad: map[string]string{}}
}

// Typed is what the reader typed into field, untouched but for what PostgreSQL keeps in
// no text.
func (v *Values) Typed(field string) string {
	if list := v.values[field]; len(list) > 0 {
		return strings.ReplaceAll(strings.ToValidUTF8(list[0], ""), "\x00", "")
	}
	return ""
}

// All is everything that the reader typed, by field, for a form that comes back.
func (v *Values) All() map[string]string {
	out := make(map[string]string, len(v.values))
	for field := range v.values {
		out[field] = v.Typed(field)
	}
	return out
}

// Text is a field of at most limit characters, in Unicode NFC, without blanks around
// it and without control characters other than line breaks and tabs. Line breaks are
// LF.
func (v *Values) Text(field string, limit int) string {
	s := clean(v.Typed(field))
	if utf8.RuneCountInString(s) > limit {
		v.Refuse(field, "This is longer than "+strconv.Itoa(limit)+" characters. Please shorten it.")
	}
	return s
}

// Line is Text without line breaks.
func (v *Values) Line(field string, limit int) string {
	return strings.Join(strings.Fields(v.Text(field, limit)), " ")
}

func clean(s string) string {
	s = strings.ReplaceAll(strings.ToValidUTF8(s, ""), "\r\n", "\n")
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' && r != '\t' {
			return -1
		}
		return r
	}, s)
	return strings.TrimSpace(norm.NFC.String(s))
}

// Texts is every value of a field that can come more than once.
func (v *Values) Texts(field string) []string {
	var out []string
	for _, s := range v.values[field] {
		if s = clean(s); s != "" {
			out = append(out, s)
		}
	}
	return out
}

// Lines is a text area with an entry a line, empty ones dropped.
func (v *Values) Lines(field string, limit int) []string {
	var out []string
	for line := range strings.SplitSeq(v.Text(field, limit), "\n") {
		if line = strings.TrimSpace(line); line != "" {
			out = append(out, line)
		}
	}
	return out
}

// ID is a field that holds the id of a record, 0 when empty.
func (v *Values) ID(field string) int64 { return v.number(field, "Please choose one from the list.") }

// Item is the id of what a test looks at: of an item or, below nothing, of all of a list.
func (v *Values) Item(field string) int64 {
	n, err := strconv.ParseInt(strings.TrimSpace(v.Typed(field)), 10, 32)
	if err != nil && v.Typed(field) != "" {
		v.Refuse(field, "Please choose one from the list.")
		return 0
	}
	return n
}

// Int is a whole number, 0 when empty.
func (v *Values) Int(field string) int { return int(v.number(field, "Please enter a whole number.")) }

// Rev is the state of the record that the form was filled in against.
func (v *Values) Rev() int64 {
	return v.number("rev", "This form is incomplete. Please load the page again.")
}

func (v *Values) number(field, message string) int64 {
	s := strings.TrimSpace(v.Typed(field))
	if s == "" {
		return 0
	}
	n, err := strconv.ParseInt(s, 10, 32)
	if err != nil || n < 0 {
		v.Refuse(field, message)
		return 0
	}
	return n
}

// Bool is a box that is ticked or not.
func (v *Values) Bool(field string) bool { return v.Typed(field) != "" }

// Date is a civil date, zero when empty.
func (v *Values) Date(field string) models.Date {
	s := strings.TrimSpace(v.Typed(field))
	if s == "" {
		return ""
	}
	d, err := models.ParseDate(s)
	if err != nil {
		v.Refuse(field, "Enter a date that exists, for example 2026-10-31.")
	}
	return d
}

// Instant is a date and time of day in zone, as <input type=datetime-local> sends it;
// zero when empty.
func (v *Values) Instant(field string, zone *time.Location) time.Time {
	s := strings.TrimSpace(v.Typed(field))
	if s == "" {
		return time.Time{}
	}
	for _, layout := range []string{"2006-01-02T15:04", "2006-01-02T15:04:05", "2006-01-02 15:04", time.DateOnly} {
		if t, err := time.ParseInLocation(layout, s, zone); err == nil && models.Storable(t) {
			return t.UTC()
		}
	}
	v.Refuse(field, "Enter a date and a time, for example 2026-10-31 14:05.")
	return time.Time{}
}

// Refuse notes what is wrong with a field. The first word on a field stands.
func (v *Values) Refuse(field, message string) {
	if v.bad[field] == "" {
		v.bad[field] = message
	}
}

// Err is Invalid with everything that was noted, or nil.
func (v *Values) Err() error {
	if len(v.bad) == 0 {
		return nil
	}
	return models.Invalid(v.bad)
}

// Errors are the fields of err when it is a refusal that a form can show, else nil.
// A Conflict or a Forbidden is shown above the form, under the name "".
func Errors(err error) map[string]string {
	e, ok := err.(*models.Error) //nolint:errorlint // verbs return it bare
	if !ok || e.Kind == models.Internal || e.Kind == models.KindNotFound {
		return nil
	}
	if e.Kind == models.KindInvalid {
		return e.Fields
	}
	return map[string]string{"": e.Message}
}
