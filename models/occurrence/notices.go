package occurrence

import (
	"context"
	"fmt"
	"time"

	"assay/models"
	"assay/models/control"
	"assay/models/notice"
	"assay/models/period"
)

// tell leaves a notice about a window of c; the sentence names it with %s.
func tell(ctx context.Context, tx *models.Tx, kind notice.Kind, c control.Control, window period.Span, sentence string, to ...int64) error {
	about := c.Path()
	if !window.From.IsZero() {
		about = taskPath(c.Code, window)
	}
	what := c.Code + ", " + c.Title
	if words := InWords(window); words != "" {
		what += ", for " + words
	}
	return notice.Tell(ctx, tx, notice.Notice{Kind: kind, About: about, Sentence: fmt.Sprintf(sentence, what)}, to...)
}

// InWords is a window as people say it: "October 2026", "2 Oct 2026", "1 Jul to 30 Sep 2026".
func InWords(s period.Span) string {
	if s.From.IsZero() || s.To.IsZero() {
		return ""
	}
	d := s.Days()
	from, to := d.First.Starts(time.UTC), d.Last.Starts(time.UTC)
	switch {
	case d.First == d.Last:
		return from.Format("2 Jan 2006")
	case d.First == d.First.MonthStart() && d.Last == (d.First+31).MonthStart()-1:
		return from.Format("January 2006")
	case from.Year() == to.Year():
		return from.Format("2 Jan") + " to " + to.Format("2 Jan 2006")
	}
	return from.Format("2 Jan 2006") + " to " + to.Format("2 Jan 2006")
}

func taskPath(code string, window period.Span) string {
	return fmt.Sprintf("tasks/%s/%s/%s", code, window.From, window.To)
}
