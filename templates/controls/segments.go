package controls

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"assay/models"
	"assay/models/control"
	"assay/models/occurrence"
	"assay/models/period"
	"assay/models/timeline"
	"assay/templates/ui"
)

// on is the day of an instant in the zone of the period.
func (d TimelineData) on(t time.Time) string { return t.In(d.Frame.Zone).Format("2 Jan 2006") }

// daysOf are the days that an interval touches.
func (d TimelineData) daysOf(from, to time.Time) period.Days {
	return period.Days{First: period.DayAt(from, d.Frame.Zone), Last: period.DayAt(to.Add(-time.Microsecond), d.Frame.Zone)}
}

// segmentLane is the stretches that are tested by themselves, and the days on which there
// was no control.
func (d TimelineData) segmentLane() ui.Lane {
	segments, void := d.Sheet.Segments(d.Frame), d.Sheet.Uncontrolled(d.Frame)
	lane := ui.Lane{Label: "Test segments", Note: models.Plural(len(segments), "segment")}
	for _, s := range segments {
		m := d.mark(ui.Tested, s.Days)
		m.Text, m.Width = segmentLabel(s), m.Width-0.2
		lane.Marks = append(lane.Marks, m)
	}
	for _, r := range void {
		m := d.mark(ui.Void, r)
		m.Text, m.Width = "no control", m.Width-0.2
		lane.Marks = append(lane.Marks, m)
	}
	if n := timeline.Days(void); n > 0 {
		lane.Note += ", " + models.Plural(n, "day") + " without"
	}
	sortMarks(lane.Marks)
	return lane
}

// segmentLabel names the versions of s.
func segmentLabel(s occurrence.Segment) string {
	if s.First == s.Last {
		return "Version " + strconv.Itoa(s.First)
	}
	return fmt.Sprintf("Versions %d to %d", s.First, s.Last)
}

// segmentKnown is the rate of s with its counts, and of a continuous one how much of the
// time was seen.
func (d TimelineData) segmentKnown(s occurrence.Segment) string {
	switch {
	case s.Days.First > d.Frame.Today:
		return "to come"
	case period.Continuous(s.Frequency):
		return coverageInWords(s.Coverage, d.Frame.Zone)
	case period.Triggered(s.Frequency):
		return "rests on lists of triggers"
	}
	return rate(s.Counts)
}

// segmentWords says what is under test where it is not one control all the time.
func (d TimelineData) segmentWords() string {
	segments, void := d.Sheet.Segments(d.Frame), d.Sheet.Uncontrolled(d.Frame)
	var out []string
	if len(segments) > 1 {
		out = append(out, strconv.Itoa(len(segments))+" test segments, each with its own population and sample.")
	}
	for _, r := range void {
		out = append(out, "No control from "+short(r.First)+" to "+short(r.Last)+".")
	}
	return strings.Join(out, " ")
}

// backfills are the results that were collected later, over the period.
func (d TimelineData) backfills() (out []period.Backfill) {
	for _, w := range d.Sheet.Watched(d.Frame) {
		out = append(out, w.Backfills...)
	}
	return out
}

func segmentKind(s occurrence.Segment) string {
	if period.Continuous(s.Frequency) {
		return "configuration, " + lower(control.FrequencyLabel(s.Frequency))
	}
	return lower(control.FrequencyLabel(s.Frequency))
}
