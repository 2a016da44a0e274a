package population

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"assay/models"
	"assay/models/control"
	"assay/models/engagement"
	"assay/models/evidence"
	"assay/models/occurrence"
	"assay/models/people"
	"assay/models/period"
)

// An Origin is which of its own records Assay wrote a list from; "" is a list that came
// from another system.
type Origin string

// The origins.
const (
	Windows  Origin = "windows"  // each time a dated control was expected to act
	Triggers Origin = "triggers" // what the control had to act on, from the lists in use
	Uploads  Origin = "uploads"  // evidence that was submitted
	Checks   Origin = "checks"   // results of a continuous check
)

// Origins lists them.
var Origins = []Origin{Windows, Triggers, Uploads, Checks}

// Label is o in words.
func (o Origin) Label() string {
	switch o {
	case Windows:
		return "Expected windows with their status"
	case Triggers:
		return "Triggers, from the lists in use"
	case Uploads:
		return "Evidence that was submitted"
	case Checks:
		return "Results of the continuous check"
	}
	return ""
}

// mostOwn is more rows than Assay holds of one control in a period, and few enough to
// write at once.
const mostOwn = 200_000

// A Written is a list that Assay writes from what it knows.
type Written struct {
	Source
	Origin
	ControlID int64
	Key, When string // columns
	Header    []string
	Rows      [][]string
}

// Write selects the rows of a list about a control: of its windows those of one test
// segment, counted from 1, or of all with 0. Windows that are not over yet are left out:
// nobody knows yet how they end.
func Write(ctx context.Context, tx *models.Tx, e engagement.Engagement, c control.Control, from Origin, segment int) (Written, error) {
	if err := MayImport(tx.Actor, e); err != nil {
		return Written{}, err
	}
	zone, err := e.Location()
	if err != nil {
		return Written{}, err
	}
	w := Written{Origin: from, ControlID: c.ID, Source: Source{
		Name: from.Label() + " of " + c.Code, System: "Assay", Environment: "this installation", Extractor: "Assay, for " + tx.Actor.Name, ExtractedAt: tx.Now,
	}}
	in := asked{e, c, occurrence.FrameOf(e.Period(), zone, tx.Now), segment}
	switch from {
	case Windows:
		err = w.windows(ctx, tx, in)
	case Triggers:
		err = w.triggers(ctx, tx, in)
	case Uploads:
		err = w.uploads(ctx, tx, in)
	case Checks:
		err = w.checks(ctx, tx, in)
	default:
		err = refuse("from", "Choose what the list is made of.")
	}
	if err == nil && len(w.Rows) > mostOwn {
		err = models.Conflict(fmt.Sprintf("These are more than %d rows. Export them month by month, as populations of their own.", mostOwn))
	}
	if err == nil && len(w.Rows) == 0 {
		w.Note = "Assay holds no such row of the period. It was asked at the time above."
	}
	return w, err
}

// asked is what a list is about.
type asked struct {
	engagement engagement.Engagement
	control    control.Control
	frame      occurrence.Frame
	segment    int
}

func (a asked) selects(what, more string) string {
	return fmt.Sprintf("%s of %s (control %d), %s to %s in %s%s", what, a.control.Code, a.control.ID, a.engagement.PeriodStart, a.engagement.PeriodEnd, a.engagement.Zone, more)
}

func (a asked) sheet(ctx context.Context, tx *models.Tx) (*occurrence.Sheet, error) {
	sheets, err := occurrence.Sheets(ctx, tx, a.frame, occurrence.Scope{Controls: []int64{a.control.ID}})
	if err == nil && len(sheets) == 0 {
		err = models.Conflict("No version of " + a.control.Code + " was ever approved, so nothing was expected of it.")
	}
	if err != nil {
		return nil, err
	}
	return sheets[0], nil
}

// segmentsOf numbers the versions by test segment: a fix of wording belongs to the one
// before it.
func segmentsOf(versions []period.Version) []int {
	out, n := make([]int, len(versions)), 0
	for i, v := range versions {
		if i == 0 || !v.Editorial {
			n++
		}
		out[i] = n
	}
	return out
}

func (w *Written) windows(ctx context.Context, tx *models.Tx, in asked) error {
	sheet, err := in.sheet(ctx, tx)
	if err != nil {
		return err
	}
	segments := segmentsOf(sheet.Facts.Versions)
	if in.segment < 0 || len(segments) > 0 && in.segment > segments[len(segments)-1] {
		return refuse("segment", fmt.Sprintf("%s has %d test segments.", in.control.Code, segments[len(segments)-1]))
	}
	more := ", every version"
	if in.segment > 0 {
		more = fmt.Sprintf(", test segment %d", in.segment)
	}
	w.Query = in.selects("Windows", more+", whose last day is in the period and before "+string(in.frame.Today.Date()))
	w.Header, w.Key, w.When = []string{"window", "from", "to", "version", "segment", "frequency", "on_time_by", "due", "status", "performed", "evidence"}, "window", "to"
	for o := range sheet.Facts.Occurrences(in.frame.Days, in.frame.Today) {
		v := sheet.Facts.Versions[o.Segment]
		if o.Last >= in.frame.Today || in.segment > 0 && segments[o.Segment] != in.segment {
			continue
		}
		performed := ""
		if o.Performed != period.Never {
			performed = string(o.Performed.Date())
		}
		w.Rows = append(w.Rows, []string{
			in.control.Code + " " + string(o.First.Date()) + " to " + string(o.Last.Date()), string(o.First.Date()), string(o.Last.Date()),
			strconv.Itoa(v.Number), strconv.Itoa(segments[o.Segment]), v.Frequency, string(o.By.Date()), string(o.Due.Date()), o.Status.Label(), performed, o.Proof.Label(),
		})
	}
	w.SourceCount = int64(len(w.Rows)) // windows are computed, and each one is here
	return nil
}

func (w *Written) triggers(ctx context.Context, tx *models.Tx, in asked) (err error) {
	w.Query = in.selects("Triggers", ", of lists that were not withdrawn")
	w.Header, w.Key, w.When = []string{"trigger", "at", "deadline", "done_at", "note"}, "trigger", "at"
	if w.SourceCount, err = occurrence.CountTriggers(ctx, tx, in.control.ID, in.engagement.Period(), in.frame.Zone); err != nil {
		return err
	}
	list, err := occurrence.TriggersOf(ctx, tx, in.control.ID, in.engagement.Period(), in.frame.Zone, mostOwn+1)
	for _, t := range list {
		w.Rows = append(w.Rows, []string{t.Key, stamp(&t.At), stamp(&t.Deadline), stamp(t.DoneAt), t.Note})
	}
	return err
}

func (w *Written) uploads(ctx context.Context, tx *models.Tx, in asked) error {
	w.Query = in.selects("Evidence", ", that was submitted and covers a day of it")
	w.Header, w.Key, w.When = []string{"evidence", "title", "kind", "source", "performed_at", "collected_at", "submitted_at", "covers_from", "covers_to", "status", "uploaded_by"}, "evidence", "submitted_at"
	q := models.Rows[evidence.Item](tx).Where("evidence.control_id = ? AND evidence.submitted_at IS NOT NULL", in.control.ID).
		Where("evidence.covers_from <= ? AND evidence.covers_to >= ?", in.engagement.PeriodEnd, in.engagement.PeriodStart)
	n, err := q.Count(ctx, "evidence.id")
	if err != nil {
		return err
	}
	w.SourceCount = n
	list, err := q.Order("evidence.id").Limit(mostOwn + 1).Find(ctx)
	if err != nil {
		return err
	}
	var ids []int64
	for _, i := range list {
		ids = append(ids, i.UploadedBy)
	}
	slices.Sort(ids)
	names, err := people.Named(ctx, tx, slices.Compact(ids)...)
	for _, i := range list {
		w.Rows = append(w.Rows, []string{
			i.Code(), i.Title, i.Kind, i.Source, stamp(i.PerformedAt), stamp(i.CollectedAt), stamp(i.SubmittedAt), string(i.CoversFrom), string(i.CoversTo), i.Status.Label(), names[i.UploadedBy].Name,
		})
	}
	return err
}

func (w *Written) checks(ctx context.Context, tx *models.Tx, in asked) error {
	sheet, err := in.sheet(ctx, tx)
	if err != nil {
		return err
	}
	w.Query = in.selects("Results of the check", ", of lists that were not withdrawn")
	w.Header, w.Key, w.When = []string{"result", "from", "to", "outcome", "collected_at"}, "result", "from"
	slices.SortFunc(sheet.Signals, func(a, b period.Signal) int {
		if c := a.From.Compare(b.From); c != 0 {
			return c
		}
		return a.To.Compare(b.To)
	})
	for _, s := range sheet.Signals {
		outcome := "fail"
		if s.Pass {
			outcome = "pass"
		}
		w.Rows = append(w.Rows, []string{in.control.Code + " " + stamp(&s.From) + "/" + stamp(&s.To), stamp(&s.From), stamp(&s.To), outcome, stamp(&s.Collected)})
	}
	w.SourceCount, err = occurrence.CountSignals(ctx, tx, in.control.ID, in.engagement.Period(), in.frame.Zone)
	return err
}

func stamp(t *time.Time) string {
	if t == nil || t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

// FileName is what the file of w is called.
func (w Written) FileName() string {
	return strings.ToLower(strings.ReplaceAll(w.Name[strings.LastIndex(w.Name, " ")+1:], " ", "-")) + "-" + string(w.Origin) + ".csv"
}
