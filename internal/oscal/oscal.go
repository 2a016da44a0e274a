// Package oscal writes what Assay knows as OSCAL 1.2 documents in JSON, strictly, and reads
// catalogs and component definitions that others wrote, leniently. See
// https://pages.nist.gov/OSCAL/.
//
// Documents are written as they are read, an element at a time, so that they can be as long
// as they like. The same record has the same UUID in every document of one installation.
package oscal

import (
	"bytes"
	"encoding/json"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode"

	types "github.com/defenseunicorns/go-oscal/src/types/oscal-1-2-2"
	"github.com/google/uuid"
)

// Version is the OSCAL version that documents declare.
const Version = "1.2.2"

// MediaType is that of every document.
const MediaType = "application/json"

// namespace marks the properties that OSCAL itself does not define.
const namespace = "urn:assay:oscal:1"

// A Head is what a document says about itself.
type Head struct {
	Base    string // the address of the installation, which makes UUIDs its own
	Company string
	At      time.Time // when it was asked for
	Size    int64     // of the log, which says what the data are as of
}

// version grows with every change of anything.
func (h Head) version() string { return strconv.FormatInt(h.Size, 10) }

// id is the UUID of a thing within the installation.
func (h Head) id(thing string) string {
	return uuid.NewSHA1(uuid.NewSHA1(uuid.NameSpaceURL, []byte(h.Base)), []byte(thing)).String()
}

func (h Head) metadata(title string) types.Metadata {
	company := h.id("company")
	return types.Metadata{
		Title: line(title), Version: h.version(), OscalVersion: Version, LastModified: h.At.UTC().Truncate(time.Second),
		Roles:              &[]types.Role{{ID: "prepared-by", Title: "Prepared by"}},
		Parties:            &[]types.Party{{UUID: company, Type: "organization", Name: line(h.Company)}},
		ResponsibleParties: &[]types.ResponsibleParty{{RoleId: "prepared-by", PartyUuids: []string{company}}},
	}
}

// absent stands where OSCAL wants a text and there is none.
const absent = "–"

// line is s as OSCAL wants titles and values: on one line, with nothing at its ends. What
// has nothing in it is a dash, for no string may be empty.
func line(s string) string {
	if s = strings.Join(strings.FieldsFunc(s, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }), " "); s == "" {
		return absent
	}
	return s
}

// prose is s as text of several lines.
func prose(s string) string {
	if strings.TrimSpace(s) == "" {
		return absent
	}
	return s
}

// token is s as an identifier: it begins with a letter, and holds letters, digits, hyphens,
// dots and underscores.
func token(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsLetter(r), unicode.IsDigit(r), r == '.', r == '-', r == '_':
			return unicode.ToLower(r)
		}
		return '-'
	}, strings.TrimSpace(s))
	if s == "" || !unicode.IsLetter([]rune(s)[0]) {
		return "_" + s
	}
	return s
}

// props are those that have a value.
func props(pairs ...[2]string) *[]types.Property {
	var out []types.Property
	for _, p := range pairs {
		if strings.TrimSpace(p[1]) != "" {
			out = append(out, types.Property{Name: p[0], Ns: namespace, Value: line(p[1])})
		}
	}
	if len(out) == 0 {
		return nil
	}
	return &out
}

// A writer writes one object whose members may be lists that are written piece by piece.
// The first failure sticks.
type writer struct {
	to    io.Writer
	err   error
	some  bool // a member was written
	open  string
	items int
}

func (w *writer) text(s string) {
	if w.err == nil {
		_, w.err = io.WriteString(w.to, s)
	}
}

func (w *writer) value(v any) {
	var b bytes.Buffer
	out := json.NewEncoder(&b)
	out.SetEscapeHTML(false)
	if w.err == nil {
		w.err = out.Encode(v)
	}
	w.text(strings.TrimSuffix(b.String(), "\n"))
}

func (w *writer) name(name string) {
	if w.some {
		w.text(",\n")
	}
	w.some = true
	w.text(`"` + name + `":`)
}

func (w *writer) member(name string, v any) {
	w.name(name)
	w.value(v)
}

// item adds to the list called name, which is begun with its first item: OSCAL has no empty
// lists.
func (w *writer) item(name string, v any) {
	if w.open == name {
		w.text(",\n")
	} else {
		w.name(name)
		w.text("[\n")
		w.open, w.items = name, 0
	}
	w.items++
	w.value(v)
}

// end closes the list that is open.
func (w *writer) end() {
	if w.open != "" {
		w.text("]")
		w.open = ""
	}
}

// document writes {"root":{…}}.
func document(to io.Writer, root string, members func(*writer)) error {
	w := &writer{to: to}
	w.text(`{"` + root + "\":{\n")
	members(w)
	w.end()
	w.text("}}\n")
	return w.err
}
