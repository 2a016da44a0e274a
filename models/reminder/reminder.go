// Package reminder tells people of what they owe before it is late, when it is, and tells
// others when it has been for long. All of it is derived from what is owed on the day.
package reminder

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"assay/models"
	"assay/models/engagement"
	"assay/models/notice"
	"assay/models/occurrence"
	"assay/models/period"
	"assay/models/request"
	"assay/models/webhook"
)

const (
	soon = 5               // days before a task is due that its holder is reminded
	long = occurrence.Long // days after the grace that others are told
	week = 7               // what comes back more often needs no reminder before it is due
)

// Frame is the days in which tasks are looked for, and the current engagement. They are days
// in its zone: what is late here is late for its auditors.
func Frame(ctx context.Context, tx *models.Tx) (f occurrence.Frame, current engagement.Engagement, err error) {
	zone, err := engagement.Zone(ctx, tx)
	if err != nil {
		return f, current, err
	}
	list, err := engagement.List(ctx, tx)
	if err != nil {
		return f, current, err
	}
	if current, _, err = engagement.CurrentOf(list, tx.Now); err != nil {
		return f, current, err
	}
	since, err := engagement.AskedSince(list, current, tx.Now)
	f = occurrence.FrameOf(period.Span{}, zone, tx.Now)
	f.Days = occurrence.TaskDays(since, f.Today)
	return f, current, err
}

// Day is the date by which tasks are judged at tx.Now: reminders are derived once on each.
func Day(ctx context.Context, tx *models.Tx) (models.Date, error) {
	zone, err := engagement.Zone(ctx, tx)
	if err != nil {
		return "", err
	}
	return models.DateOf(tx.Now, zone), nil
}

// Remind tells everybody what is due soon or late of some controls, each thing once, and
// returns how many tasks that concerned.
func Remind(ctx context.Context, tx *models.Tx, some occurrence.Codes) (int, error) {
	f, _, err := Frame(ctx, tx)
	if err != nil {
		return 0, err
	}
	owed, err := occurrence.Owed(ctx, tx, f, occurrence.Scope{Codes: some})
	if err != nil {
		return 0, err
	}
	managers, err := notice.Managers(ctx, tx)
	if err != nil {
		return 0, err
	}
	n := 0
	for _, t := range owed {
		told, err := remind(ctx, tx, t, f.Today, managers)
		if err != nil {
			return n, err
		}
		if told {
			n++
		}
	}
	return n, nil
}

// RemindOfRequests tells those who answer requests once before each is due, and once when
// it is late.
func RemindOfRequests(ctx context.Context, tx *models.Tx) (int, error) {
	list, err := request.Soon(ctx, tx, soon)
	for _, d := range list {
		if err != nil {
			return 0, err
		}
		day := d.DueOn.In(time.UTC).Format("Mon 2 Jan 2006")
		n := notice.Notice{Kind: notice.RequestDue, About: d.Path(), Sentence: d.Code() + " is due " + day + ".", Once: "request_due/" + d.Code() + "/" + string(d.DueOn)}
		if d.Late {
			n.Sentence, n.Once = d.Code()+" was due "+day+" and is late.", "request_late/"+d.Code()+"/"+string(d.DueOn)
		}
		err = notice.Tell(ctx, tx, n, *d.OwnerID)
	}
	return len(list), err
}

func remind(ctx context.Context, tx *models.Tx, t occurrence.Task, today period.Day, managers []int64) (bool, error) {
	switch {
	case t.Excused: // it may turn out that nothing was due
		return false, nil
	case !t.Late(today):
		if t.Window.By-today > soon || t.Window.Len() < week {
			return false, nil
		}
		return true, tell(ctx, tx, notice.DueSoon, t, today, t.PersonID)
	case today-t.Window.Due <= long:
		if err := webhook.Late(ctx, tx, About(t), Sentence(t, today)); err != nil {
			return false, err
		}
		return true, tell(ctx, tx, notice.Late, t, today, t.PersonID)
	}
	if err := tell(ctx, tx, notice.Late, t, today, t.PersonID); err != nil {
		return false, err
	}
	others := append([]int64{t.Sheet.BackupID}, managers...)
	for i, id := range others {
		if id == t.PersonID {
			others[i] = 0 // they were told that it is theirs
		}
	}
	return true, tell(ctx, tx, notice.Escalated, t, today, others...)
}

func tell(ctx context.Context, tx *models.Tx, kind notice.Kind, t occurrence.Task, today period.Day, to ...int64) error {
	about := About(t)
	return notice.Tell(ctx, tx, notice.Notice{Kind: kind, About: about, Once: string(kind) + "/" + about, Sentence: Sentence(t, today)}, to...)
}

// About is the address at which t is done.
func About(t occurrence.Task) string { return t.Path() }

// At reports that t is done at the address. That of all lists of a control, which earlier
// builds told, stands for each month of it that is missing.
func At(about string, t occurrence.Task) bool {
	return about == About(t) || t.Want == occurrence.WantList && about == occurrence.ListsPath(t.Sheet.Code)
}

// control is the code of the control at which something is done at an address, "" where
// the address is no such.
func control(about string) string {
	parts := strings.Split(about, "/")
	if len(parts) > 1 && parts[0] == "tasks" || len(parts) > 2 && parts[0] == "controls" && parts[2] == "lists" {
		return parts[1]
	}
	return ""
}

// Sentence says what t asks for and by when.
func Sentence(t occurrence.Task, today period.Day) string {
	what := fmt.Sprintf("%s, %s, for %s", t.Sheet.Code, t.Sheet.Title, occurrence.InWords(t.Window.Span()))
	switch t.Want {
	case occurrence.WantPerformance:
	case occurrence.WantEvidence:
		what = "The evidence of " + what + ","
	case occurrence.WantList:
		which := "The list"
		if t.Untold > 0 {
			which = "A later list"
		}
		what = which + " of " + what + ","
	}
	by, grace := t.Window.By.Starts(time.UTC).Format("Mon 2 Jan 2006"), t.Window.Due.Starts(time.UTC).Format("Mon 2 Jan 2006")
	switch {
	case t.Late(today):
		return what + " was due " + by + " and is late."
	case t.Window.By < today:
		return what + " was due " + by + "; it counts as in time until " + grace + "."
	}
	return what + " is due " + by + "."
}

// Open picks those of the addresses, as About gives them, at which something is still to
// be done. What is no address of a task is left out.
func Open(ctx context.Context, tx *models.Tx, abouts []string) (map[string]bool, error) {
	tasks, err := ofControls(ctx, tx, abouts)
	open := map[string]bool{}
	for _, a := range abouts {
		open[a] = slices.ContainsFunc(tasks, func(t occurrence.Task) bool { return At(a, t) })
	}
	if err != nil {
		return open, err
	}
	asked, err := request.Waiting(ctx, tx, abouts)
	for _, at := range asked {
		open[at] = true
	}
	return open, err
}

// ofControls lists what is owed for the controls of these addresses.
func ofControls(ctx context.Context, tx *models.Tx, abouts []string) ([]occurrence.Task, error) {
	codes := []string{""}
	for _, a := range abouts {
		codes = append(codes, control(a))
	}
	f, _, err := Frame(ctx, tx)
	if err != nil {
		return nil, err
	}
	found, err := models.Raw[struct{ ID int64 }](ctx, tx, "SELECT id FROM controls WHERE code IN ?", codes)
	if err != nil {
		return nil, err
	}
	ids := []int64{}
	for _, r := range found {
		ids = append(ids, r.ID)
	}
	return occurrence.Owed(ctx, tx, f, occurrence.Scope{Controls: ids})
}
