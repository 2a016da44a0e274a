// Package evidences is how evidence looks: the list, an item with its files and its
// history, the form that brings it in, and previews that run nothing.
package evidences

import (
	"context"
	"fmt"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"

	"assay/internal/filetype"
	"assay/internal/preview"
	"assay/models"
	"assay/models/activity"
	"assay/models/control"
	"assay/models/evidence"
	"assay/models/freeze"
	"assay/models/period"
	"assay/models/scan"
	"assay/models/upload"
	"assay/templates/ui"
)

// A Row is an item in a list.
type Row struct {
	evidence.Item
	Control  control.Control
	Uploader string
	Newest   bool // of the accepted items of its control
}

// ListData is the page of everything.
type ListData struct {
	Rows           []Row
	Filter         map[string]string // as typed
	Narrowed       bool
	Kinds          []evidence.Kind
	Uploaders      []ui.Option
	Errors         map[string]string
	Earlier, Later string
}

// FileView is a stored file and its place in the log.
type FileView struct {
	evidence.File
	Receipt  evidence.Receipt
	Scan     scan.Scan
	Scanning bool // for malware
}

// sealed says that there is a redacted copy of the bytes of f.
func (f FileView) sealed() bool { return f.Receipt.Sealed }

// Redacting is the form of a redacted copy that came back.
type Redacting struct {
	File   int64
	Why    string
	Errors map[string]string
}

// of is text that belongs to the form of f only.
func (r Redacting) of(f FileView, text string) string {
	if r.File != f.ID {
		return ""
	}
	return text
}

// fieldOf keeps the forms of several files on one page apart.
func fieldOf(name string, file int64) string { return fmt.Sprintf("%s-%d", name, file) }

func (d ItemData) nameOf(file int64) string {
	for _, f := range d.Files {
		if f.ID == file {
			return f.Name + ", sha256 " + f.Digest[:12] + " …"
		}
	}
	return "the original"
}

// held says which binders hold the original of f for good, or nothing.
func (d ItemData) held(f FileView) string {
	var said []string
	for n, h := range d.Held[f.Digest] {
		one := "The binder of "
		if n > 0 {
			one = "that of "
		}
		said = append(said, one+h.Name+", frozen on "+h.FrozenAt.UTC().Format("2 January 2006")+",")
	}
	if len(said) == 0 {
		return ""
	}
	verb := " holds"
	if len(said) > 1 {
		verb = " hold"
	}
	return strings.Join(said, " and ") + verb + " the original as it was examined. A frozen binder never changes: whoever exports it gets these bytes, sealed or not."
}

func (d ItemData) sealedNote() string {
	if d.Unseal {
		return "Auditors get the redacted copy. Opening this leaves a leaf in the log."
	}
	return "It stands unchanged under this digest. A redacted copy is what can be opened."
}

// unreadable says that nobody gets the bytes of f.
func (f FileView) unreadable() bool {
	return f.Scan.Verdict == scan.Infected || f.Receipt.RemovedAt != nil
}

// Gone says what was here, when and by whom it was removed.
func (f FileView) Gone() string {
	r := f.Receipt
	return fmt.Sprintf("%s, %s, was kept here. Its time was over, so its bytes were removed on %s: asked for by %s, approved by %s. The reason: %s Its record, its digest and its place in the log stand.",
		f.Name, ui.Bytes(f.Size), r.RemovedAt.UTC().Format("2 January 2006, 15:04 UTC"), r.RemovedFor, r.Removed, sentence(r.RemovedWhy))
}

// sentence ends what somebody wrote with a full stop.
func sentence(s string) string {
	if strings.HasSuffix(s, ".") {
		return s
	}
	return s + "."
}

// malware says what a scan knows of f, in words with a state; nothing to say is "".
func (f FileView) malware() (ui.State, string) {
	switch f.Scan.Verdict {
	case scan.Clean:
		return ui.OK, "No malware found"
	case scan.Infected:
		return ui.Exception, "Set aside: " + f.Scan.Finding
	case scan.Unscanned:
		return ui.Late, "Not scanned: " + f.Scan.Finding
	case scan.Pending:
		if f.Scanning {
			return ui.Future, "Waits for its malware scan"
		}
	}
	return "", ""
}

// ItemData is the page of one item.
type ItemData struct {
	evidence.Item
	Control                      control.Control
	Uploader, Decider, Withdrawn string // names
	Files                        []FileView
	Twins, Successors            []evidence.Item
	Replaces                     *evidence.Item
	Feed                         []activity.Entry
	Form                         *FormData                  // when the reader can still change the item
	Decide                       bool                       // the reader may review it
	Named                        []control.Expected         // what it says to answer
	Redact, Unseal               bool                       // what the reader may do with originals
	Redacting                    Redacting                  // the form that came back
	Held                         map[string][]freeze.Holder // binders that hold bytes, for who may seal them
	Later                        bool                       // accepted evidence of the control covers later days
	Errors                       map[string]string
	Reason                       string // typed for a withdrawal that was refused
}

// FormData is the form that brings evidence in, or completes an item that is kept.
type FormData struct {
	Kept         *evidence.Item // nil for a new one
	Files        []FileView     // of the kept item
	Typed        map[string]string
	Control      *control.Control // nil while it is to be chosen
	Example      *evidence.Item   // the last accepted item
	Replaceable  []evidence.Item
	Kinds        []evidence.Kind
	Zone         string
	MaxFile      int64
	PartSize     int64
	Expected     []control.Expected // what the control asks for
	Answered     []evidence.Answer  // of it, what is ticked
	About        string             // the record the files are for
	Arrived      []upload.Upload    // what was sent before for this form, or begun
	Errors       map[string]string
	Refused      []Refused
	NothingTyped bool
}

func (f FormData) ticked(e control.Expected) bool {
	return slices.Contains(f.Answered, evidence.Answer{Version: e.Version, Number: e.Number})
}

// Refused is a file that did not come in, and why.
type Refused struct{ Name, Why string }

// Fields lists the fields of the form in their order.
var Fields = []string{
	"control", "answers", "title", "kind", "source", "location", "extractor", "performed_at", "late_reason", "collected_at",
	"covers_from", "covers_to", "supersedes", "description", "files",
}

// A Preview is what a page can show of a file. Refusal says why it shows nothing.
type Preview struct {
	Item    evidence.Item
	File    evidence.File
	Type    filetype.Type
	Text    preview.Text
	Table   preview.Table
	Sheet   int // of a workbook, counted from 0
	Archive preview.Archive
	Refusal string
	Base    string // address of the page, for the next stretch of a text
}

// Download is the address of the file itself.
func (p Preview) Download() string { return "/" + p.File.Path() }

func (p Preview) picture() string { return "/" + p.File.Path() + "/picture" }

// at is the address of the preview at another place in the file.
func (p Preview) at(name string, value int64) string {
	address, query, _ := strings.Cut(p.Base, "?")
	q, err := url.ParseQuery(query)
	if err != nil {
		q = url.Values{}
	}
	q.Set(name, strconv.FormatInt(value, 10))
	return address + "?" + q.Encode()
}

// stops are the places of a long text that one can go to.
func (p Preview) stops() []ui.Action {
	var out []ui.Action
	if p.Text.Start > 0 {
		out = append(out, ui.Action{Label: "Beginning", Href: p.at("from", 0), Small: true}, ui.Action{Label: "Previous part", Href: p.at("from", p.Text.Prev), Small: true})
	}
	if p.Text.More && p.Text.Next > 0 {
		out = append(out, ui.Action{Label: "Next part", Href: p.at("from", p.Text.Next), Small: true}, ui.Action{Label: "End", Href: p.at("from", p.Text.Last), Small: true})
	}
	return out
}

// sheets are the tabs of a workbook.
func (p Preview) sheets() []ui.Tab {
	tabs := make([]ui.Tab, len(p.Table.Sheets))
	for n, name := range p.Table.Sheets {
		tabs[n] = ui.Tab{Label: name, Href: p.at("sheet", int64(n)), Current: name == p.Table.Sheet && n == min(p.Sheet, len(p.Table.Sheets)-1) || p.Sheet >= len(p.Table.Sheets) && n == 0}
	}
	return tabs
}

func (p Preview) archiveNote() string {
	note := fmt.Sprintf("%d files, %s unpacked, as the archive says itself. Nothing in it was unpacked.", p.Archive.Files, ui.Bytes(int64(min(p.Archive.Size, 1<<62)))) //nolint:gosec // it is bounded
	if p.Archive.Files > len(p.Archive.Entries) {
		note += fmt.Sprintf(" The first %d are listed.", len(p.Archive.Entries))
	}
	return note
}

// stretch says which part of a text is shown.
func (p Preview) stretch() string {
	if p.Text.Size == 0 {
		return "The beginning of the file. Download it to read all of it."
	}
	return fmt.Sprintf("Bytes %d to %d of %d.", p.Text.Start+1, p.Text.Next, p.Text.Size)
}

func (p Preview) tableNote() string {
	var notes []string
	if p.Table.Sheet != "" {
		notes = append(notes, "Sheet "+p.Table.Sheet+".")
	}
	if p.Table.MoreRows {
		notes = append(notes, fmt.Sprintf("The first %d rows.", len(p.Table.Rows)))
	}
	if p.Table.MoreColumns {
		notes = append(notes, fmt.Sprintf("The first %d columns.", preview.MaxColumns))
	}
	if p.Table.MoreRows || p.Table.MoreColumns {
		notes = append(notes, "Download the file to see all of it.")
	}
	return strings.Join(notes, " ")
}

// width pads short rows, so that the table is whole for those who hear it.
func (p Preview) width() int {
	n := 0
	for _, row := range p.Table.Rows {
		n = max(n, len(row))
	}
	return n
}

func cell(row []string, n int) string {
	if n < len(row) {
		return row[n]
	}
	return ""
}

// short is what reads better on one line: a date would break at its hyphens.
func short(cell string) bool { return len(cell) <= 20 }

// fresh judges accepted evidence of a control on the day of the reader's company.
func fresh(ctx context.Context, c control.Control, to models.Date) period.Freshness {
	now := ui.ShellOf(ctx).Now
	return period.FreshnessOf(c.Frequency, to, models.DateOf(now, now.Location()))
}

// freshState is the shape that says a freshness.
func freshState(f period.Freshness) ui.State {
	switch f {
	case period.Stale:
		return ui.Soon
	case period.Expired:
		return ui.Late
	case period.Fresh:
		return ui.OK
	case period.Unaged:
	}
	return ui.NA
}

// State is the shape that says a status.
func State(s evidence.Status) ui.State {
	switch s {
	case evidence.Accepted:
		return ui.OK
	case evidence.Submitted:
		return ui.InReview
	case evidence.Returned:
		return ui.Returned
	case evidence.Stored:
		return ui.Open
	case evidence.Superseded, evidence.Withdrawn:
		return ui.NA
	}
	return ui.NA
}

// Icon is the picture for a file of this name.
func Icon(name string) string {
	switch strings.ToLower(path.Ext(name)) {
	case ".csv", ".tsv", ".xlsx":
		return "sheet"
	case ".png", ".jpg", ".jpeg", ".gif", ".webp":
		return "image"
	case ".json", ".jsonl", ".ndjson", ".sql", ".xml", ".yaml", ".yml":
		return "db"
	}
	return "doc"
}

// Href is the address of an item.
func Href(i evidence.Item) string { return "/" + i.Path() }

func (f FormData) action() string {
	if f.Kept != nil {
		return Href(*f.Kept) + "/submit"
	}
	return "/evidence"
}

func (f FormData) input(kind ui.Kind, name, label, hint string) ui.Input {
	return ui.Input{Kind: kind, Name: name, Label: label, Hint: hint, Value: f.Typed[name], Error: f.Errors[name]}
}

func (f FormData) kinds() []ui.Option {
	out := make([]ui.Option, len(f.Kinds))
	for n, k := range f.Kinds {
		out[n] = ui.Option{Value: k.ID, Label: k.Label + ": " + strings.ToLower(k.Description[:1]) + k.Description[1:]}
	}
	return out
}

func (f FormData) replaceable() []ui.Option {
	out := make([]ui.Option, len(f.Replaceable))
	for n, i := range f.Replaceable {
		out[n] = ui.Option{Value: strconv.FormatInt(i.ID, 10), Label: i.Code() + " " + i.Title}
	}
	return out
}

func (f FormData) drop() ui.Drop {
	label, hint := "Choose files", "PDF, CSV, Excel, text, JSON, pictures, ZIP and more, up to "+ui.Limit(f.MaxFile)+" each. What is cut off goes on where it was."
	if f.Control != nil {
		label += " for " + f.Control.Code
	}
	if f.Kept != nil {
		label, hint = "Choose more files for "+f.Kept.Code(), "Only what is to be added. "+hint
	}
	return ui.Drop{
		Name: "files", Label: label, Hint: hint, Error: f.summary()["files"], Accept: filetype.Accept(), Multiple: true,
		Max: f.MaxFile, TooLarge: "Larger than " + ui.Limit(f.MaxFile) + ", so it will not be taken.",
		InParts: true, About: f.About, PartSize: f.PartSize, Arriving: f.arriving(),
	}
}

func (f FormData) arriving() []ui.Arriving {
	out := make([]ui.Arriving, len(f.Arrived))
	for n, u := range f.Arrived {
		out[n] = ui.Arriving{
			ID: u.ID, Name: u.Name, Size: u.Size, Received: u.Received, Modified: u.Modified, Digest: u.Digest,
			At: "safe since " + u.TouchedAt.UTC().Format("15:04:05") + " UTC",
		}
	}
	return out
}

func (f FormData) summary() map[string]string {
	if len(f.Refused) == 0 {
		return f.Errors
	}
	out := map[string]string{}
	for k, v := range f.Errors {
		out[k] = v
	}
	if out["files"] == "" {
		out["files"] = fmt.Sprintf("%d of the files could not be taken. The reasons are below.", len(f.Refused))
	}
	return out
}

func statusOptions() []ui.Option {
	out := make([]ui.Option, len(evidence.Statuses))
	for n, s := range evidence.Statuses {
		out[n] = ui.Option{Value: string(s), Label: s.Label()}
	}
	return out
}

func kindOptions(kinds []evidence.Kind) []ui.Option {
	out := make([]ui.Option, len(kinds))
	for n, k := range kinds {
		out[n] = ui.Option{Value: k.ID, Label: k.Label}
	}
	return out
}

// checkpointed says whether a signed checkpoint already holds the receipt.
func checkpointed(r evidence.Receipt) string {
	if r.Checkpoint == 0 {
		return fmt.Sprintf("leaf %d of the log, to be signed in the next checkpoint", r.Leaf)
	}
	return fmt.Sprintf("leaf %d of the log, signed in the checkpoint of size %d", r.Leaf, r.Checkpoint)
}
