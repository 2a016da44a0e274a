package reminder

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"assay/models"
	"assay/models/access"
	"assay/models/job"
	"assay/models/notice"
	"assay/models/occurrence"
	"assay/models/people"
	"assay/models/period"
)

// ChaseKind is the kind of job that mails a Letter.
const ChaseKind = "mail.chase"

// A Letter is what a compliance manager writes to one person about tasks of theirs.
type Letter struct {
	Person int64
	Items  []Item
}

// An Item is one task of a letter.
type Item struct {
	About, Code, Window string
	Sentence            string
}

// Letters are what would be written about tasks: one letter a person, in the order of
// their names.
type Letters struct {
	List   []Letter
	People map[int64]people.Person // whom they are for
	Nobody []Item                  // nobody who can act holds these
	Gone   int                     // of the chosen ones, nothing is to be done any more
}

// Compose writes the letters about the tasks at these addresses, as About gives them.
func Compose(ctx context.Context, tx *models.Tx, abouts []string) (Letters, error) {
	f, _, err := Frame(ctx, tx)
	if err != nil {
		return Letters{}, err
	}
	owed, err := ofControls(ctx, tx, abouts)
	if err != nil {
		return Letters{}, err
	}
	owed = slices.DeleteFunc(owed, func(t occurrence.Task) bool {
		return !slices.ContainsFunc(abouts, func(a string) bool { return At(a, t) })
	})
	l, err := ComposeOf(ctx, tx, owed, f.Today)
	for _, a := range abouts {
		if !slices.ContainsFunc(owed, func(t occurrence.Task) bool { return At(a, t) }) {
			l.Gone++
		}
	}
	return l, err
}

// ComposeOf writes the letters about tasks as they stand today.
func ComposeOf(ctx context.Context, tx *models.Tx, owed []occurrence.Task, today period.Day) (l Letters, err error) {
	ids := make([]int64, len(owed))
	for n, t := range owed {
		ids[n] = t.PersonID
	}
	if l.People, err = people.Named(ctx, tx, ids...); err == nil {
		l.sort(owed, today)
	}
	return l, err
}

func (l *Letters) sort(owed []occurrence.Task, today period.Day) {
	byPerson := map[int64]*Letter{}
	for _, t := range owed {
		item := Item{About: About(t), Code: t.Sheet.Code, Window: occurrence.InWords(t.Window.Span()), Sentence: Sentence(t, today)}
		if l.People[t.PersonID].Status != people.Active {
			l.Nobody = append(l.Nobody, item)
			continue
		}
		if byPerson[t.PersonID] == nil {
			byPerson[t.PersonID] = &Letter{Person: t.PersonID}
		}
		byPerson[t.PersonID].Items = append(byPerson[t.PersonID].Items, item)
	}
	for _, letter := range byPerson {
		l.List = append(l.List, *letter)
	}
	slices.SortFunc(l.List, func(a, b Letter) int {
		return strings.Compare(l.People[a.Person].Name, l.People[b.Person].Name)
	})
}

// Chase sends the letters: a notice behind the bell for each task, a leaf on its control
// and, where there is a mail server, a mail to each person. sending names the form they
// were looked at in: sent twice, the second is a Conflict.
func Chase(ctx context.Context, tx *models.Tx, l Letters, sending string, mailing bool) error {
	if !tx.Actor.Can(access.TaskChase) {
		return models.Forbidden("A compliance manager chases what is late.")
	}
	if len(l.List) == 0 {
		return models.Conflict("There is nobody to write to: nothing of what you chose is open, or nobody who can act holds it.")
	}
	// With or without a mail server; of two at once the second waits here for the first.
	fresh, err := models.PutNew(ctx, tx, &chase{Sending: sending, PersonID: tx.Actor.ID, At: tx.Now})
	if err != nil {
		return err
	}
	if !fresh {
		return models.Conflict("These mails were sent already.")
	}
	for _, letter := range l.List {
		if err := send(ctx, tx, letter, l.People[letter.Person], sending, mailing); err != nil {
			return err
		}
	}
	return nil
}

// A chase is a form whose letters were sent.
type chase struct {
	Sending  string `gorm:"primaryKey"`
	PersonID int64
	At       time.Time
}

func (chase) TableName() string { return "chases" }

// WhyUnlogged says why changing one leaves no leaf.
func (chase) WhyUnlogged() string { return "each control that was chased has a leaf" }

func send(ctx context.Context, tx *models.Tx, l Letter, to people.Person, sending string, mailing bool) error {
	key := fmt.Sprintf("chase/%s/%d", sending, l.Person)
	told := notice.Notice{Kind: notice.Chased}
	if mailing {
		if err := job.Enqueue(ctx, tx, ChaseKind, key, l); err != nil {
			return err
		}
		told.Post, told.PostedAt = key, &tx.Now
	}
	for _, item := range l.Items {
		if err := tx.Record("task.chase", "controls/"+item.Code, models.Note{"window": item.Window, "person": to.Name}); err != nil {
			return err
		}
		told.About, told.Sentence = item.About, item.Sentence
		if err := notice.Tell(ctx, tx, told, l.Person); err != nil {
			return err
		}
	}
	return nil
}
