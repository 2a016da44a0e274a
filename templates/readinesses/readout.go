package readinesses

import (
	"fmt"
	"strings"
	"time"

	"assay/models"
	"assay/models/readiness"
)

// A spot is a week in the drawing of the trend, in percent from the left and pixels from
// above.
type spot struct {
	x    float64
	y    int
	text string
}

const (
	trendLeft, trendWide = 6.0, 86.0 // percent; what is left has room for half a label
	trendTop             = 12        // pixels above 100 percent
)

func trendY(share int) int { return trendTop + 100 - share }

// lift is how far above its point a label stands, or below it near the top.
func lift(s spot) string {
	if s.y < trendTop+20 {
		return "20"
	}
	return "-10"
}

// spots places weeks by their days.
func spots(points []readiness.Point) []spot {
	if len(points) == 0 {
		return nil
	}
	first, last := points[0].Day, points[len(points)-1].Day
	out := make([]spot, len(points))
	for i, p := range points {
		at := 1.0
		if span := first.DaysUntil(last); span > 0 {
			at = float64(first.DaysUntil(p.Day)) / float64(span)
		}
		out[i] = spot{x: trendLeft + trendWide*at, y: trendY(p.Share()), text: dayMonth(p.Day)}
	}
	return out
}

func dayMonth(d models.Date) string { return d.In(time.UTC).Format("2 Jan") }

func trendInWords(points []readiness.Point) string {
	if len(points) == 0 {
		return "No week yet"
	}
	first, last := points[0], points[len(points)-1]
	if len(points) == 1 {
		return fmt.Sprintf("%d percent on %s", last.Share(), dayMonth(last.Day))
	}
	return fmt.Sprintf("From %d percent on %s to %d percent on %s", first.Share(), dayMonth(first.Day), last.Share(), dayMonth(last.Day))
}

func x(p float64) string { return fmt.Sprintf("%.2f%%", p) }

// asOf says of when the readout is, and of which week.
func asOf(r readiness.Readout) string {
	return fmt.Sprintf("Week %d, as of %s", r.Week(), r.Frame.Now.UTC().Format("Mon 2 Jan 2006 15:04 MST"))
}

func sentences(r readiness.Readout) string {
	if w := readiness.Join(r.Worries()); w != "" {
		return r.Opening() + " " + w + "."
	}
	return r.Opening()
}

func standings(r readiness.Readout) string { return strings.Join(r.Standings(), ", ") + "." }
