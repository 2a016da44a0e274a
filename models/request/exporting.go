package request

import (
	"context"
	"fmt"
	"iter"
	"strings"
	"time"

	"assay/models"
	"assay/models/engagement"
	"assay/models/people"
)

// Columns is the header of a written list. Import reads what it names.
var Columns = []string{
	"Request", "Reference", "Title", "Detail", "Items", "Control", "Owner", "Due", "Status", "Overdue", "Asked by", "Opened", "Released",
	"Answers", "Decision", "Decision reason", "Decided by", "Decided",
}

// Export lists the requests that f chooses with all that the actor may see of each. What
// was said in threads stays there.
func Export(ctx context.Context, tx *models.Tx, e engagement.Engagement, f Filter) iter.Seq2[[]string, error] {
	return func(yield func([]string, error) bool) {
		decided, err := decisions(ctx, tx, e)
		if err != nil {
			yield(nil, err)
			return
		}
		today, err := Today(e, tx.Now)
		if err != nil {
			yield(nil, err)
			return
		}
		for list, err := range Every(ctx, tx, e, f) {
			w := writer{decided: decided, today: today}
			if err == nil {
				err = w.load(ctx, tx, list)
			}
			if err != nil {
				yield(nil, err)
				return
			}
			for _, r := range list {
				if !yield(w.cells(r), nil) {
					return
				}
			}
		}
	}
}

type writer struct {
	today   models.Date
	decided map[int64]Step
	items   map[int64][]Item
	answers map[int64][]Answer
	names   map[int64]people.Person
}

func (w *writer) load(ctx context.Context, tx *models.Tx, list []Request) (err error) {
	if len(list) == 0 {
		return nil
	}
	if w.items, err = itemsOf(ctx, tx, list); err != nil {
		return err
	}
	seen := map[int64]bool{}
	ids := make([]int64, len(list))
	for n, r := range list {
		ids[n], seen[r.RequesterID] = r.ID, true
		if r.OwnerID != nil {
			seen[*r.OwnerID] = true
		}
		if s, ok := w.decided[r.ID]; ok && s.AuditorID != nil {
			seen[*s.AuditorID] = true
		}
	}
	answers, err := models.Rows[Answer](tx).Where("request_id IN ?", ids).Order("request_id, id").Find(ctx)
	if err != nil {
		return err
	}
	w.answers = map[int64][]Answer{}
	for _, a := range answers {
		w.answers[a.RequestID] = append(w.answers[a.RequestID], a)
	}
	var people64 []int64
	for id := range seen {
		people64 = append(people64, id)
	}
	w.names, err = people.Named(ctx, tx, people64...)
	return err
}

func (w *writer) cells(r Request) []string {
	var items, answers []string
	for _, i := range w.items[r.ID] {
		items = append(items, i.Words)
	}
	for _, a := range w.answers[r.ID] {
		answers = append(answers, a.Label())
	}
	owner, overdue := "", "no"
	if r.OwnerID != nil {
		owner = w.names[*r.OwnerID].Email
	}
	if r.Overdue(w.today) {
		overdue = "yes"
	}
	decision, reason, by, at := w.decision(r)
	return []string{
		r.Code(), r.Reference, r.Title, r.Detail, strings.Join(items, "\n"), r.Control, owner, string(r.DueOn), r.Status.Label(), overdue,
		w.names[r.RequesterID].Name, instant(r.OpenedAt), instant(r.ReleasedAt), strings.Join(answers, "\n"), decision, reason, by, at,
	}
}

// decision is the last one about r, unless an answer was released since.
func (w *writer) decision(r Request) (word, reason, by, at string) {
	s, ok := w.decided[r.ID]
	if !ok || r.Status == Released || s.AuditorID == nil {
		return "", "", "", ""
	}
	by = w.names[*s.AuditorID].Name
	if s.Imported() {
		by += " (brought in)"
	}
	return string(s.ToStatus), s.Reason, by, instant(&s.TakenAt)
}

// Label is a in a line: the code of its evidence, its words, or both.
func (a Answer) Label() string {
	if a.EvidenceID == nil {
		return a.Words
	}
	return strings.TrimSuffix(fmt.Sprintf("E-%d: %s", *a.EvidenceID, a.Words), ": ")
}

func instant(t *time.Time) string {
	if t == nil {
		return ""
	}
	return t.UTC().Format("2006-01-02 15:04 UTC")
}
