package oscal

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"assay/internal/sheet"
	"assay/models/framework"
)

// Is reports whether a file that begins like this is JSON.
func Is(head []byte) bool {
	head = bytes.TrimLeft(head, "\xef\xbb\xbf \t\r\n")
	return len(head) > 0 && head[0] == '{'
}

// A Reading is what a document says of controls, as the table that an import of controls
// takes, and what was made of the rest, in sentences.
type Reading struct {
	sheet.Table
	Notes []string
}

// An UnreadableError is a sentence for whoever sent the file.
type UnreadableError string

func (e UnreadableError) Error() string { return string(e) }

// Read makes a table of a catalog or a component definition in JSON. It asks only for what
// it needs: documents that break the schema elsewhere, as many published ones do, are read.
// Each control of a catalog is a row, and each control that a component implements, or each
// component that Assay wrote. More than most rows are refused.
func Read(b []byte, most int) (Reading, error) {
	b = bytes.TrimPrefix(b, []byte("\xef\xbb\xbf"))
	var root map[string]json.RawMessage
	if err := json.Unmarshal(b, &root); err != nil {
		return Reading{}, UnreadableError("The JSON cannot be read: " + jsonTrouble(b, err) + ".")
	}
	var r reader
	switch {
	case there(root["catalog"]):
		var c catalog
		if err := json.Unmarshal(root["catalog"], &c); err != nil {
			return Reading{}, UnreadableError("The catalog is not built as OSCAL has it: " + jsonTrouble(nil, err) + ".")
		}
		r.catalog(c)
	case there(root["component-definition"]):
		var d definition
		if err := json.Unmarshal(root["component-definition"], &d); err != nil {
			return Reading{}, UnreadableError("The component definition is not built as OSCAL has it: " + jsonTrouble(nil, err) + ".")
		}
		r.definition(d)
	default:
		return Reading{}, UnreadableError("This JSON file is neither an OSCAL catalog nor an OSCAL component definition.")
	}
	if len(r.rows) > most {
		return Reading{}, UnreadableError(fmt.Sprintf("The document holds %d controls; an import takes %d. Split it, or import a profile of it.", len(r.rows), most))
	}
	if len(r.rows) == 0 {
		return Reading{}, UnreadableError("The document holds no control.")
	}
	return r.reading(), nil
}

func there(member json.RawMessage) bool { return len(member) > 0 && string(member) != "null" }

func jsonTrouble(b []byte, err error) string {
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax):
		at := int(min(syntax.Offset, int64(len(b))))
		return fmt.Sprintf("line %d is not as JSON has it", 1+bytes.Count(b[:at], []byte("\n")))
	case errors.As(err, &kind):
		return fmt.Sprintf("“%s” is a %s", strings.ToLower(kind.Field), kind.Value)
	}
	return "it ends too early"
}

type metadata struct {
	Title   string `json:"title"`
	Version string `json:"version"`
	OSCAL   string `json:"oscal-version"`
}

type property struct{ Name, Ns, Value string }

type properties []property

func (list properties) value(name, ns string) string {
	for _, p := range list {
		if p.Name == name && p.Ns == ns {
			return strings.TrimSpace(p.Value)
		}
	}
	return ""
}

type parameter struct {
	ID     string `json:"id"`
	Label  string `json:"label"`
	Values []string
	Select struct{ Choice []string }
}

type part struct {
	Name, Title, Prose string
	Props              properties
	Parts              []part
}

type requirementIn struct {
	ID, Title string
	Params    []parameter
	Props     properties
	Parts     []part
	Controls  []requirementIn
}

type group struct {
	ID, Title string
	Params    []parameter
	Groups    []group
	Controls  []requirementIn
}

type catalog struct {
	Metadata metadata
	Params   []parameter
	Groups   []group
	Controls []requirementIn
}

type setting struct {
	ID     string `json:"param-id"`
	Values []string
}

type implementation struct {
	Settings     []setting `json:"set-parameters"`
	Requirements []struct {
		ControlID   string `json:"control-id"`
		Description string
		Props       properties
		Settings    []setting `json:"set-parameters"`
		Statements  []struct{ Description string }
	} `json:"implemented-requirements"`
}

type componentIn struct {
	Title, Description string
	Props              properties
	Implementations    []implementation `json:"control-implementations"`
}

type definition struct {
	Metadata   metadata
	Components []componentIn
}

// columns are those of the table, as an import of controls names them.
var columns = []string{"id", "title", "statement", "criteria", "category", "kind", "nature", "frequency", "owner_function", "ai"}

// longestTitle is what a control may have, in characters.
const longestTitle = 200

type reader struct {
	rows      [][]string
	notes     []string
	withdrawn []string
	cut       []string // whose titles were too long
	seen      map[string]int
	params    map[string]string
}

func (r *reader) about(kind string, m metadata) {
	title := strings.TrimSpace(m.Title)
	if title == "" {
		title = "without a title"
	}
	version := strings.TrimSpace(m.OSCAL)
	if version == "" {
		version = "of a version it does not name"
	}
	r.notes = append(r.notes, fmt.Sprintf("OSCAL %s, %s: %s.", version, kind, title))
}

// reading leaves out the columns that no row fills: an empty cell would empty the field of
// a control that is there already.
func (r *reader) reading() Reading {
	out := Reading{Notes: r.notes}
	var filled []int
	for i, name := range columns {
		if slices.ContainsFunc(r.rows, func(row []string) bool { return i < len(row) && row[i] != "" }) {
			out.Header, filled = append(out.Header, name), append(filled, i)
		}
	}
	for n, row := range r.rows {
		cells := make([]string, len(filled))
		for i, column := range filled {
			if column < len(row) {
				cells[i] = row[column]
			}
		}
		out.Rows, out.Lines = append(out.Rows, cells), append(out.Lines, n+1)
	}
	if n := len(r.withdrawn); n > 0 {
		out.Notes = append(out.Notes, fmt.Sprintf("%d withdrawn and left out: %s.", n, some(r.withdrawn)))
	}
	if n := len(r.cut); n > 0 {
		out.Notes = append(out.Notes, fmt.Sprintf("%d titles are longer than %d characters and are cut: %s.", n, longestTitle, some(r.cut)))
	}
	return out
}

// some names the first of a list that may be long.
func some(list []string) string {
	const most = 12
	if len(list) <= most {
		return strings.Join(list, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(list[:most], ", "), len(list)-most)
}

// add is a row under an id that no row before it has.
func (r *reader) add(id, title string, cells ...string) {
	if r.seen == nil {
		r.seen = map[string]int{}
	}
	id = strings.ToUpper(strings.TrimSpace(id))
	r.seen[id]++
	if n := r.seen[id]; n > 1 && id != "" {
		id = fmt.Sprintf("%s-%d", id, n)
	}
	title = strings.Join(strings.Fields(title), " ")
	if letters := []rune(title); len(letters) > longestTitle {
		title = string(letters[:longestTitle-1]) + "…"
		r.cut = append(r.cut, id)
	}
	r.rows = append(r.rows, append([]string{id, title}, cells...))
}

func (r *reader) catalog(c catalog) {
	r.about("catalog", c.Metadata)
	r.params = map[string]string{}
	r.learn(c.Params)
	for _, g := range c.Groups {
		r.group(g)
	}
	r.controls(c.Controls)
}

func (r *reader) group(g group) {
	r.learn(g.Params)
	r.controls(g.Controls)
	for _, inner := range g.Groups {
		r.group(inner)
	}
}

func (r *reader) controls(list []requirementIn) {
	for _, c := range list {
		r.learn(c.Params)
		if strings.EqualFold(c.Props.value("status", ""), "withdrawn") {
			r.withdrawn = append(r.withdrawn, c.ID)
			continue
		}
		r.add(c.ID, c.Title, strings.Join(r.statement(c.Parts, 0), "\n"), known(c.ID))
		r.controls(c.Controls)
	}
}

// learn remembers what stands in the place of parameters: a value, a choice, or else the
// words for what the reader has to fill in, in brackets as Assay has them.
func (r *reader) learn(list []parameter) {
	for _, p := range list {
		switch {
		case len(p.Values) > 0:
			r.params[p.ID] = "[" + strings.Join(p.Values, ", ") + "]"
		case len(p.Select.Choice) > 0:
			r.params[p.ID] = "[" + strings.Join(p.Select.Choice, " or ") + "]"
		case p.Label != "":
			r.params[p.ID] = "[" + p.Label + "]"
		}
	}
}

var insertion = regexp.MustCompile(`\{\{\s*(?:insert:)?\s*param,?\s*([^\s}]+)\s*\}\}`)

// fill puts the parameters into a text; a choice may hold parameters itself.
func (r *reader) fill(s string) string {
	for range 3 {
		s = insertion.ReplaceAllStringFunc(s, func(found string) string {
			id := insertion.FindStringSubmatch(found)[1]
			if text, ok := r.params[id]; ok {
				return text
			}
			return "[" + id + "]"
		})
	}
	return strings.ReplaceAll(strings.ReplaceAll(s, "[[", "["), "]]", "]")
}

// statement is the statement among parts, a line for each of its own parts, set in as they
// are nested.
func (r *reader) statement(parts []part, depth int) []string {
	var out []string
	for _, p := range parts {
		if depth == 0 && p.Name != "statement" {
			continue
		}
		text := strings.TrimSpace(r.fill(p.Prose))
		if label := p.Props.value("label", ""); label != "" {
			text = strings.TrimSpace(label + " " + text)
		}
		if text != "" {
			out = append(out, strings.Repeat("  ", max(0, depth-1))+text)
		}
		out = append(out, r.statement(p.Parts, depth+1)...)
	}
	return out
}

func (r *reader) definition(d definition) {
	r.about("component definition", d.Metadata)
	for _, c := range d.Components {
		if c.Props.value("control-id", namespace) != "" {
			r.ours(c)
			continue
		}
		for _, set := range c.Implementations {
			r.implemented(c, set)
		}
	}
}

// ours is a control that Assay wrote.
func (r *reader) ours(c componentIn) {
	var criteria []string
	for _, set := range c.Implementations {
		for _, req := range set.Requirements {
			code := req.Props.value("code", namespace)
			if code == "" {
				code = req.ControlID
			}
			criteria = append(criteria, code)
		}
	}
	p := func(name string) string { return c.Props.value(name, namespace) }
	r.add(p("control-id"), c.Title, strings.TrimPrefix(c.Description, absent), strings.Join(criteria, "; "),
		p("category"), p("type"), p("nature"), p("frequency"), p("owner-function"), p("concerns-ai"))
}

// implemented are the controls that a component of somebody else implements. Where they are
// criteria that Assay knows, they are what the row is mapped to.
func (r *reader) implemented(c componentIn, set implementation) {
	for _, req := range set.Requirements {
		r.params = map[string]string{}
		for _, s := range slices.Concat(set.Settings, req.Settings) {
			r.params[s.ID] = "[" + strings.Join(s.Values, ", ") + "]"
		}
		text := []string{req.Description}
		for _, s := range req.Statements {
			text = append(text, s.Description)
		}
		for i, s := range text {
			text[i] = strings.TrimSpace(r.fill(s))
		}
		text = slices.DeleteFunc(text, func(s string) bool { return s == "" })
		if len(text) == 0 {
			text = []string{strings.TrimSpace(c.Description)}
		}
		r.add(req.ControlID, c.Title+", "+req.ControlID, strings.Join(text, "\n"), known(req.ControlID))
	}
}

func known(id string) string {
	_, code, _ := framework.NormaliseCriterion(id)
	return code
}
