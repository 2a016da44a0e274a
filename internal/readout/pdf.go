// Package readout writes the readout as a PDF, without a browser: one A4 page of text
// that can be selected and searched, in a font that lies inside it.
package readout

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"time"

	"codeberg.org/go-pdf/fpdf"
	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/goregular"

	"assay/models"
	"assay/models/readiness"
)

const (
	margin = 18.0 // millimetres
	font   = "go"
)

// A page is the one sheet that is written.
type page struct {
	*fpdf.Fpdf
	width float64 // between the margins
}

// PDF writes r.
func PDF(r readiness.Readout) ([]byte, error) {
	p := page{Fpdf: fpdf.New("P", "mm", "A4", "")}
	p.AddUTF8FontFromBytes(font, "", goregular.TTF)
	p.AddUTF8FontFromBytes(font, "B", gobold.TTF)
	p.SetMargins(margin, margin, margin)
	p.SetAutoPageBreak(false, margin) // lists are bounded: nothing runs over
	p.SetTitle("Readout, "+title(r), true)
	p.SetCreator("Assay", true)
	p.SetLang("en")
	p.SetCreationDate(r.Frame.Now)
	p.SetModificationDate(r.Frame.Now)
	p.AddPage()
	w, _ := p.GetPageSize()
	p.width = w - 2*margin
	p.head(r)
	p.figures(r.Figures())
	p.text(9.5, strings.Join(r.Standings(), ", ")+". "+r.Coverage())
	p.waited(r)
	p.risks(r)
	p.trend(r.Trend())
	p.section("Also")
	for _, line := range r.Missing() {
		p.line("", line, "")
	}
	p.foot(r)
	var b bytes.Buffer
	err := p.Output(&b)
	return b.Bytes(), err
}

func title(r readiness.Readout) string {
	if r.Period() {
		return r.Programme.Company + ", " + r.Engagement.Name
	}
	return r.Programme.Company
}

func (p page) head(r readiness.Readout) {
	p.text(9, fmt.Sprintf("%s. Week %d, as of %s", title(r), r.Week(), r.Frame.Now.UTC().Format("Mon 2 Jan 2006 15:04 MST")))
	p.Ln(1)
	said := r.Opening()
	if w := readiness.Join(r.Worries()); w != "" {
		said += " " + w + "."
	}
	p.SetFont(font, "B", 17)
	p.MultiCell(p.width, 8, said, "", "L", false)
	p.Ln(3)
}

// text is a paragraph.
func (p page) text(size float64, words string) {
	p.SetFont(font, "", size)
	p.SetTextColor(90, 88, 82)
	p.MultiCell(p.width, size*0.5, words, "", "L", false)
	p.SetTextColor(0, 0, 0)
}

func (p page) figures(list []readiness.Figure) {
	p.rule()
	top, each := p.GetY()+2, p.width/float64(len(list))
	for i, f := range list {
		x := margin + each*float64(i)
		p.SetXY(x, top)
		p.SetFont(font, "", 9)
		p.CellFormat(each, 5, f.Label, "", 2, "L", false, 0, "")
		p.SetFont(font, "B", 18)
		wide := p.GetStringWidth(f.Number) + 2
		p.CellFormat(wide, 9, f.Number, "", 0, "L", false, 0, "")
		p.SetFont(font, "", 9)
		p.CellFormat(each-wide, 10, f.Of, "", 0, "L", false, 0, "")
	}
	p.SetXY(margin, top+16)
	p.rule()
	p.Ln(2)
}

func (p page) rule() {
	p.SetDrawColor(190, 187, 178)
	p.Line(margin, p.GetY(), margin+p.width, p.GetY())
}

func (p page) section(heading string) {
	p.Ln(5)
	p.SetX(margin)
	p.SetFont(font, "B", 11)
	p.CellFormat(p.width, 7, heading, "", 1, "L", false, 0, "")
	p.rule()
}

// line is one row: a short word, what it is about, and what stands at its end.
func (p page) line(lead, words, end string) {
	p.SetX(margin)
	p.SetFont(font, "", 9.5)
	left, right := 0.0, p.GetStringWidth(end)+2
	if lead != "" {
		left = 22
		p.CellFormat(left, 7, lead, "", 0, "L", false, 0, "")
	}
	p.CellFormat(p.width-left-right, 7, p.fitting(words, p.width-left-right-2), "", 0, "L", false, 0, "")
	p.CellFormat(right, 7, end, "", 1, "R", false, 0, "")
	p.rule()
}

// fitting cuts words where the line ends.
func (p page) fitting(words string, room float64) string {
	letters := []rune(words)
	for n := len(letters); n > 0 && p.GetStringWidth(words) > room; n-- {
		words = strings.TrimSpace(string(letters[:n-1])) + "…"
	}
	return words
}

func (p page) waited(r readiness.Readout) {
	if r.Discreet && len(r.Blockers) > 0 {
		p.section("Who is waited for")
		p.line("", r.Waiting(), "")
		return
	}
	p.section(heading("Who is waited for", len(r.Blockers), len(r.Waited())))
	for _, b := range r.Waited() {
		p.line("", strings.TrimSpace(b.Person.Name+"  "+b.Person.Title), b.For()+" since "+day(b.Since))
	}
	if len(r.Blockers) == 0 {
		p.line("", "Nobody.", "")
	}
}

func (p page) risks(r readiness.Readout) {
	p.section(heading("Open findings", len(r.Open), len(r.Risks())))
	for _, f := range r.Risks() {
		if r.Discreet {
			p.line(f.Severity.Label(), f.Code(), until(f.DueOn))
			continue
		}
		p.line(f.Severity.Label(), f.Title, f.Code())
	}
	if len(r.Open) == 0 {
		p.line("", "None.", "")
	}
}

// until says when something is due.
func until(d models.Date) string {
	if d == "" {
		return ""
	}
	return "due " + d.In(time.UTC).Format("2 Jan 2006")
}

func heading(of string, all, shown int) string {
	if all > shown {
		return fmt.Sprintf("%s, the first %d of %d", of, shown, all)
	}
	return of
}

func day(d models.Date) string { return d.In(time.UTC).Format("2 Jan") }

// trend draws the weeks. What it shows is also said in its heading.
func (p page) trend(points []readiness.Point) {
	first, last := points[0], points[len(points)-1]
	said := fmt.Sprintf("Controls operating with evidence: %d%% on %s", last.Share(), day(last.Day))
	if len(points) > 1 {
		said += fmt.Sprintf(", from %d%% on %s", first.Share(), day(first.Day))
	}
	p.section(said)
	const high, left = 34.0, 10.0
	top, wide := p.GetY()+4, p.width-left-4
	p.SetFont(font, "", 8)
	for _, share := range []int{0, 50, 100} {
		y := top + high*float64(100-share)/100
		p.Line(margin+left, y, margin+p.width, y)
		p.SetXY(margin, y-2)
		p.CellFormat(left-2, 4, strconv.Itoa(share), "", 0, "R", false, 0, "")
	}
	p.SetDrawColor(20, 20, 20)
	p.SetLineWidth(0.5)
	at := func(pt readiness.Point) (x, y float64) {
		part := 1.0
		if span := first.Day.DaysUntil(last.Day); span > 0 {
			part = float64(first.Day.DaysUntil(pt.Day)) / float64(span)
		}
		return margin + left + wide*part, top + high*float64(100-pt.Share())/100
	}
	for i := 1; i < len(points); i++ {
		x1, y1 := at(points[i-1])
		x2, y2 := at(points[i])
		p.Line(x1, y1, x2, y2)
	}
	x, y := at(last)
	p.SetFillColor(20, 20, 20)
	p.Circle(x, y, 1, "F")
	p.SetLineWidth(0.2)
	p.SetXY(margin, top+high)
}

func foot(r readiness.Readout) string {
	if r.Discreet {
		return "Assay. Confidential. Counts, not an opinion. Names and titles stand on the readout in Assay."
	}
	return "Assay. Confidential. Counts, not an opinion."
}

func (p page) foot(r readiness.Readout) {
	_, high := p.GetPageSize()
	p.SetXY(margin, high-margin)
	p.SetFont(font, "", 8)
	p.CellFormat(p.width*0.7, 4, foot(r), "", 0, "L", false, 0, "")
	p.CellFormat(p.width*0.3, 4, r.Frame.Days.First.Date().In(time.UTC).Format("2 Jan 2006")+" to "+r.Frame.Days.Last.Date().In(time.UTC).Format("2 Jan 2006"), "", 0, "R", false, 0, "")
}
