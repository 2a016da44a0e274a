package ui

import (
	"slices"
	"strconv"
	"strings"

	"github.com/a-h/templ"
)

// Look is how much a button asks for attention. A page has one Primary.
type Look string

// The looks of a button.
const (
	Plain   Look = ""
	Primary Look = "primary"
	Quiet   Look = "quiet"
	Danger  Look = "danger"
)

// Action is a button or, with an Href, a link that looks like one.
type Action struct {
	Label    string
	More     string // what a screen reader hears after the label, such as the name of the row
	Look     Look
	Icon     string
	Href     string
	Name     string // sent with the form, to tell its buttons apart
	Value    string
	Key      string // the single key that presses it
	Form     string // id of the form it sends, when it stands outside
	To       string // address that replaces the form's own
	Plain    bool   // does not send its form
	Lax      bool   // sends it whatever its fields require
	Disabled bool
	Small    bool
	Large    bool
	Wide     bool
}

func (a Action) class() string {
	c := []string{"btn"}
	if a.Look != Plain {
		c = append(c, "btn--"+string(a.Look))
	}
	if a.Small {
		c = append(c, "btn--s")
	}
	if a.Large {
		c = append(c, "btn--l")
	}
	if a.Wide {
		c = append(c, "btn--block")
	}
	if a.Label == "" {
		c = append(c, "btn--icon")
	}
	return strings.Join(c, " ")
}

func (a Action) kind() string {
	if a.Plain {
		return "button"
	}
	return "submit"
}

// Kind is what a field takes.
type Kind string

// The kinds of field. The zero Kind is one line of text.
const (
	Text     Kind = "text"
	Day      Kind = "date"
	Number   Kind = "number"
	Email    Kind = "email"
	Search   Kind = "search"
	URL      Kind = "url"
	Area     Kind = "textarea"
	Select   Kind = "select"
	Checks   Kind = "checkboxes" // any number of Options
	Radios   Kind = "radios"     // one of Options
	Checkbox Kind = "checkbox"   // yes or no, sent as Value or "on"
	File     Kind = "file"
)

// Input is one question of a form. Error is what the server said about the last
// answer; it shows at the field and ties to it.
type Input struct {
	Kind         Kind
	Name         string
	Label        string
	Hint         string
	Error        string
	Value        string
	Values       []string // the chosen ones of Checks
	Options      []Option
	Blank        string // first option of a Select that chooses nothing
	Required     bool
	Checked      bool // of a Checkbox
	ReadOnly     bool
	Multiple     bool   // of a File
	Accept       string // of a File
	Rows         int    // of an Area
	Max          int    // longest text
	Min, Most    string // of a Number or a Day
	Placeholder  string
	Autocomplete string
	Record       bool   // text that becomes part of the record: set in its typeface
	ID           string // when two forms on one page ask for the same name
	Narrow       bool
}

// Option is one answer to choose. Group gathers neighbours under a heading in a Select.
type Option struct{ Value, Label, Hint, Group string }

// Options makes options whose labels are their values.
func Options(values ...string) []Option {
	out := make([]Option, len(values))
	for i, v := range values {
		out[i] = Option{Value: v, Label: v}
	}
	return out
}

func (f Input) id() string {
	if f.ID != "" {
		return f.ID
	}
	return FieldID(f.Name)
}

// FieldID is the id of the field that sends name, unless it has one of its own.
func FieldID(name string) string { return "f-" + name }

// ErrorID is the id of what is wrong with the field that sends name. Two forms of a page
// may ask for the same name, but one of them is refused at a time: error summaries link to
// it, whatever the id of the field.
func ErrorID(name string) string { return "e-" + name }

func (f Input) hintID() string { return f.id() + "-hint" }

func (f Input) errorID() string { return ErrorID(f.Name) }

// describedBy names the hint and the error, in the order they are read.
func (f Input) describedBy() string {
	var ids []string
	if f.Hint != "" {
		ids = append(ids, f.hintID())
	}
	if f.Error != "" {
		ids = append(ids, f.errorID())
	}
	return strings.Join(ids, " ")
}

func (f Input) inputType() string {
	if f.Kind == "" {
		return string(Text)
	}
	return string(f.Kind)
}

func (f Input) class() string {
	c := "input"
	if f.Record {
		c += " record"
	}
	if f.Narrow || f.Kind == Day || f.Kind == Number {
		c += " input--n"
	}
	return c
}

func (f Input) grouped() bool { return f.Kind == Checks || f.Kind == Radios }

func (f Input) chosen(v string) bool {
	if f.Kind == Checks {
		return slices.Contains(f.Values, v)
	}
	return f.Value == v
}

// optionID gives the first option the id of the field, so that the link of an
// error summary lands on something that takes focus.
func (f Input) optionID(i int) string {
	if i == 0 {
		return f.id()
	}
	return f.id() + "-" + strconv.Itoa(i)
}

func (f Input) groups() []optionGroup {
	var out []optionGroup
	for _, o := range f.Options {
		if len(out) == 0 || out[len(out)-1].Label != o.Group {
			out = append(out, optionGroup{Label: o.Group})
		}
		last := &out[len(out)-1]
		last.Options = append(last.Options, o)
	}
	return out
}

type optionGroup struct {
	Label   string
	Options []Option
}

func (f Input) rows() string {
	if f.Rows == 0 {
		return "3"
	}
	return strconv.Itoa(f.Rows)
}

func (f Input) maxLength() string {
	if f.Max == 0 {
		return ""
	}
	return strconv.Itoa(f.Max)
}

// inOrder lists the fields with errors: first those named in order, then the rest by
// name. The empty name is about the form as a whole.
func inOrder(errs map[string]string, order []string) []string {
	var names []string
	for _, n := range order {
		if errs[n] != "" {
			names = append(names, n)
		}
	}
	var rest []string
	for n := range errs {
		if errs[n] != "" && !slices.Contains(names, n) {
			rest = append(rest, n)
		}
	}
	slices.Sort(rest)
	return append(names, rest...)
}

// ties are the attributes that bind an answer to its hint and its error.
func (f Input) ties() templ.Attributes {
	a := templ.Attributes{}
	if d := f.describedBy(); d != "" {
		a["aria-describedby"] = d
	}
	if f.Error != "" && !f.grouped() {
		a["aria-invalid"] = "true"
	}
	return a
}
