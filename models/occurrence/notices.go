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
	about, err := aboutOf(ctx, tx, c, window)
	if err != nil {
		return err
	}
	what := c.Code + ", " + c.Title
	if words := InWords(window); words != "" {
		what += ", for " + words
	}
	return notice.Tell(ctx, tx, notice.Notice{Kind: kind, About: about, Sentence: fmt.Sprintf(sentence, what)}, to...)
}

// aboutOf is the address at which a window of c is done, or a month that needs a list.
func aboutOf(ctx context.Context, tx *models.Tx, c control.Control, window period.Span) (string, error) {
	if window.From.IsZero() {
		return c.Path(), nil
	}
	if month := window.Days().First; window.Days() == wholeMonth(month) {
		switch listed, err := needsList(ctx, tx, c, window); {
		case err != nil:
			return "", err
		case listed:
			return ListsPath(c.Code) + "/" + string(window.From)[:len("2026-01")], nil
		}
	}
	return taskPath(c.Code, window), nil
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
