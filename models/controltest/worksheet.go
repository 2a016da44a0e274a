package controltest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"

	"assay/internal/sheet"
	"assay/models"
	"assay/models/access"
	"assay/models/engagement"
)

// A worksheet is the test as the firm fills it in with its own tools: a row for each item,
// and for each attribute its result, the reason if it does not apply, a note that is meant
// to be shared, and the condition of an exception that is raised from a deviation.

var markNames = map[Mark]string{Pass: "No exception", Deviation: "Deviation", NotApplicable: "Not applicable"}

const noEvidence = "No evidence"

// SheetHeader names the columns of the worksheet.
func (p *Paper) SheetHeader() []string {
	out := []string{"Test", "Draw", "No.", "Item"}
	for _, a := range p.Attributes {
		out = append(out, a.Letter, a.Letter+" reason", a.Letter+" note to share")
	}
	for _, a := range p.Attributes {
		out = append(out, a.Letter+" exception")
	}
	return append(out, "State")
}

// state tells whether a row is still as it was when its worksheet was downloaded.
func (r Row) state() string {
	h := sha256.New()
	for _, letter := range slices.Sorted(maps.Keys(r.Results)) {
		x := r.Results[letter]
		fmt.Fprintf(h, "%s %d %d\n", letter, x.ID, x.Rev)
	}
	return hex.EncodeToString(h.Sum(nil))[:12]
}

// exceptedBy is the code of the finding that was raised from a cell, or "".
func (p *Paper) exceptedBy(item int64, letter string) string {
	if id := p.Excepted[At{item, letter}]; id != 0 {
		return fmt.Sprintf("F-%03d", id)
	}
	return ""
}

// SheetRows are the items that count. Of notes only those that were shared are there.
func (p *Paper) SheetRows() iter.Seq2[[]string, error] {
	return func(yield func([]string, error) bool) {
		for n, r := range p.Rows {
			if r.Excluded() {
				continue
			}
			cells := []string{p.Code(), p.drawOf(r), fmt.Sprint(n + 1), r.Key}
			for _, a := range p.Attributes {
				x := r.Results[a.Letter]
				said := markNames[x.Result]
				if x.Missing {
					said = noEvidence
				}
				cells = append(cells, said, x.Reason, p.sharedNote(r.ItemID, a.Letter))
			}
			for _, a := range p.Attributes {
				cells = append(cells, p.exceptedBy(r.ItemID, a.Letter))
			}
			cells = append(cells, r.state())
			if !yield(cells, nil) {
				return
			}
		}
	}
}

// drawOf tells one draw from another: a worksheet of an older one is refused by it.
func (p *Paper) drawOf(r Row) string {
	for _, d := range p.Live() {
		if d.SampleID == r.SampleID {
			return fmt.Sprintf("S-%d of %s", d.SampleID, d.Digest[:16])
		}
	}
	return p.Configuration
}

func (p *Paper) sharedNote(item int64, letter string) (text string) {
	for _, n := range sharedOf(p.NotesOf(item, letter)) {
		text = n.Text
	}
	return text
}

// A Sheet is what a worksheet would change, row by row.
type Sheet struct {
	Lines []SheetLine
	Cells int // that change
	Wrong int // lines
}

// A SheetLine is one row of a worksheet.
type SheetLine struct {
	Line    int
	Key     string
	Changes []string // in words
	Problem string
	seen    []Seen
	notes   []Jotting
	raised  []Jotting
}

// Raised are the exceptions of a worksheet, each with its cell and its condition. Who
// brings it in raises them in the same transaction: findings come after tests.
func (s Sheet) Raised() (out []Jotting) {
	for _, l := range s.Lines {
		out = append(out, l.raised...)
	}
	return out
}

// sheetColumns finds columns by their names. What a name that is there twice means, nobody
// can say.
func sheetColumns(header []string) (map[string]int, error) {
	at := map[string]int{}
	for i, name := range header {
		name = strings.ToLower(strings.TrimSpace(name))
		if _, twice := at[name]; twice && name != "" {
			return nil, refuse("file", "Two columns are called "+header[i]+". Begin with the worksheet of this test.")
		}
		at[name] = i
	}
	for _, name := range []string{"test", "draw", "item", "state"} {
		if _, ok := at[name]; !ok {
			return nil, refuse("file", "The column "+name+" is missing. Begin with the worksheet of this test.")
		}
	}
	return at, nil
}

// ReadSheet compares a worksheet with the test. A worksheet for an older draw, or for
// another test, is refused as a whole. An empty cell leaves what is there. imported says
// that it is brought in for an auditor, and so changes nothing that one of them entered.
func (p *Paper) ReadSheet(t sheet.Table, imported bool) (Sheet, error) {
	at, err := sheetColumns(t.Header)
	if err != nil {
		return Sheet{}, err
	}
	cell := func(row []string, name string) string {
		if i, ok := at[strings.ToLower(name)]; ok && i < len(row) {
			return strings.TrimSpace(row[i])
		}
		return ""
	}
	var out Sheet
	first := map[int]int{} // lines by row
	for n, row := range t.Rows {
		if code := cell(row, "Test"); code != p.Code() {
			return Sheet{}, refuse("file", fmt.Sprintf("Line %d is of %s, and this test is %s.", t.Lines[n], code, p.Code()))
		}
		line := SheetLine{Line: t.Lines[n], Key: cell(row, "Item")}
		i := p.rowOf(row[at["item"]], cell(row, "Draw"))
		if i < 0 && !slices.ContainsFunc(p.Rows, func(r Row) bool { return p.drawOf(r) == cell(row, "Draw") }) {
			return Sheet{}, refuse("file", "This worksheet is for "+cell(row, "Draw")+", a draw that no longer counts in "+p.Code()+". Download the worksheet again; nothing was changed.")
		}
		switch before, twice := first[i]; {
		case i < 0:
			line.Problem = line.Key + " is not in the sample."
		case twice:
			line.Problem = fmt.Sprintf("%s is on line %d already.", line.Key, before)
		default:
			first[i] = line.Line
			p.compare(&line, p.Rows[i], imported, func(name string) string { return cell(row, name) })
		}
		if line.Problem != "" {
			out.Wrong++
		}
		out.Cells += len(line.Changes)
		out.Lines = append(out.Lines, line)
	}
	return out, nil
}

// rowOf finds the row of an item in a draw, by its key as it stands or, where a program took
// the blanks at its ends off, without them.
func (p *Paper) rowOf(key, draw string) int {
	i := slices.IndexFunc(p.Rows, func(r Row) bool { return r.Key == key && p.drawOf(r) == draw })
	if i < 0 {
		i = slices.IndexFunc(p.Rows, func(r Row) bool {
			return strings.TrimSpace(r.Key) == strings.TrimSpace(key) && p.drawOf(r) == draw
		})
	}
	return i
}

func (p *Paper) compare(line *SheetLine, r Row, imported bool, cell func(string) string) {
	for _, a := range p.Attributes {
		s := Seen{ItemID: r.ItemID, Letter: a.Letter, Rev: Any, Reason: cell(a.Letter + " reason")}
		if said := cell(a.Letter); said != "" {
			var known bool
			if s.Result, s.Missing, known = markNamed(said); !known {
				line.Problem = a.Letter + " says “" + said + "”. Write No exception, Deviation, No evidence or Not applicable."
				return
			}
			if s.Result != NotApplicable {
				s.Reason = ""
			}
			x := r.Results[a.Letter]
			if x.Result != s.Result || x.Missing != s.Missing || x.Reason != s.Reason {
				if err := p.check(s); err != nil {
					line.Problem = said + " for " + a.Letter + " is refused: " + sentence(err)
					return
				}
				if why := r.stands(x, imported, cell("State")); why != "" {
					line.Problem = a.Letter + " is " + markNames[x.Result] + why
					return
				}
				line.seen, line.Changes = append(line.seen, s), append(line.Changes, a.Letter+": "+said)
			}
		}
		if text := cell(a.Letter + " note to share"); text != "" && !slices.ContainsFunc(p.NotesOf(r.ItemID, a.Letter), func(n Note) bool { return n.Text == text }) {
			line.notes, line.Changes = append(line.notes, Jotting{r.ItemID, a.Letter, text}), append(line.Changes, a.Letter+": a note")
		}
		if text := cell(a.Letter + " exception"); text != "" && text != p.exceptedBy(r.ItemID, a.Letter) {
			line.raise(p, r, a.Letter, text)
		}
	}
}

// stands says why a worksheet does not replace the result x of r, or "".
func (r Row) stands(x Result, imported bool, state string) string {
	switch {
	case x.Result == "":
		return ""
	case imported && x.OwnHand():
		return " by the hand of an auditor, and nothing that is brought in changes that."
	case state != r.state():
		return " now: it was set after this worksheet was downloaded. Download it again."
	}
	return ""
}

// raise takes the condition of an exception, if the cell deviates once the line is written.
func (line *SheetLine) raise(p *Paper, r Row, letter, text string) {
	mark := r.Results[letter].Result
	for _, s := range line.seen {
		if s.Letter == letter {
			mark = s.Result
		}
	}
	switch code := p.exceptedBy(r.ItemID, letter); {
	case code != "":
		line.Problem = code + " was raised from " + letter + " of this item already. Correct it on its own page."
	case mark != Deviation:
		line.Problem = "An exception is raised only from a deviation, and " + letter + " is none."
	default:
		line.raised, line.Changes = append(line.raised, Jotting{r.ItemID, letter, text}), append(line.Changes, letter+": an exception")
	}
}

func markNamed(said string) (m Mark, missing, known bool) {
	if strings.EqualFold(said, noEvidence) {
		return Deviation, true, true
	}
	for m, name := range markNames {
		if strings.EqualFold(said, name) {
			return m, false, true
		}
	}
	return "", false, false
}

// sentence is what a refusal says about its one field.
func sentence(err error) string {
	var e *models.Error
	if errors.As(err, &e) {
		for _, why := range e.Fields {
			return why
		}
	}
	return err.Error()
}

// MayBringIn refuses whoever may not bring a worksheet in, and engagements whose state takes
// none, before there is one.
func MayBringIn(a access.Actor, e engagement.Engagement) error {
	if !a.InFieldwork(e.ID) && !a.Can(access.FieldworkImport) {
		return models.Forbidden("Worksheets are brought in by auditors to whom fieldwork is granted, and by compliance managers.")
	}
	return inPhase(e, toTest)
}

// BringIn writes what a worksheet changes, in the name of an auditor. If one line is wrong,
// nothing is written.
func BringIn(ctx context.Context, tx *models.Tx, id, auditor int64, t sheet.Table) (Sheet, error) {
	p, by, err := take(ctx, tx, id, 0, auditor, toTest)
	if err != nil {
		return Sheet{}, err
	}
	s, err := p.ReadSheet(t, by.Imported())
	switch {
	case err != nil:
		return s, err
	case s.Wrong > 0:
		return s, refuse("file", "Some lines are wrong, so nothing was written.")
	case s.Cells == 0:
		return s, refuse("file", "The worksheet says what the test says already.")
	}
	var seen []Seen
	for _, line := range s.Lines {
		seen = append(seen, line.seen...)
		for _, n := range line.notes {
			if _, err := p.note(ctx, tx, by, n.ItemID, n.Letter, n.Text); err != nil {
				return s, err
			}
		}
	}
	if len(seen) > 0 {
		_, err = Set(ctx, tx, id, by.Auditor, seen)
	}
	return s, err
}
