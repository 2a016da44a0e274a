package reminder

import (
	"context"
	"slices"
	"time"

	"assay/models"
	"assay/models/access"
	"assay/models/occurrence"
	"assay/models/people"
	"assay/models/period"
	"assay/models/request"
)

// A Feed lets whoever holds its token read when one person's tasks are due. Of the token
// only the hash is kept.
type Feed struct {
	PersonID  int64 `gorm:"primaryKey;autoIncrement:false"`
	TokenHash string
	CreatedAt time.Time
	SeenAt    *time.Time
}

// TableName is where feeds live.
func (Feed) TableName() string { return "calendar_feeds" }

// WhyUnlogged says why changing one leaves no leaf.
func (Feed) WhyUnlogged() string {
	return "that a token was made or revoked is a leaf; that it was used is not"
}

// FeedOf is the person's own feed. ok is false when there is none.
func FeedOf(ctx context.Context, tx *models.Tx, person int64) (f Feed, ok bool, err error) {
	list, err := models.Rows[Feed](tx).Where("person_id = ?", person).Find(ctx)
	if err != nil || len(list) == 0 {
		return Feed{}, false, err
	}
	return list[0], true, nil
}

// MakeFeed gives the actor a feed under the token with this hash. The one they had is
// good for nothing from then on.
func MakeFeed(ctx context.Context, tx *models.Tx, tokenHash string) error {
	if _, err := models.Remove[Feed](ctx, tx, "person_id = ?", tx.Actor.ID); err != nil {
		return err
	}
	if err := models.Put(ctx, tx, &Feed{PersonID: tx.Actor.ID, TokenHash: tokenHash, CreatedAt: tx.Now}); err != nil {
		return err
	}
	return tx.Record("calendar.make", people.PathOf(tx.Actor.ID))
}

// RevokeFeed takes the actor's feed away. It is a Conflict when there is none.
func RevokeFeed(ctx context.Context, tx *models.Tx) error {
	n, err := models.Remove[Feed](ctx, tx, "person_id = ?", tx.Actor.ID)
	if err == nil && n == 0 {
		err = models.Conflict("You have no calendar address.")
	}
	if err != nil {
		return err
	}
	return tx.Record("calendar.revoke", people.PathOf(tx.Actor.ID))
}

// ByToken finds whose feed the token with this hash reads, as somebody who acts. It is not
// found when there is no such feed, or its person may no longer sign in or has no tasks.
func ByToken(ctx context.Context, tx *models.Tx, tokenHash string) (access.Actor, Feed, error) {
	f, err := models.Rows[Feed](tx).Where("token_hash = ?", tokenHash).Take(ctx)
	if f, err = models.One(f, err, "Calendar"); err != nil {
		return access.Actor{}, f, err
	}
	p, err := people.ByID(ctx, tx, f.PersonID)
	if err != nil {
		return access.Actor{}, f, err
	}
	if a := p.Actor(); p.Status == people.Active && a.Can(access.TaskView) {
		return a, f, nil
	}
	return access.Actor{}, f, models.NotFound("Calendar")
}

// Used notes that a feed was read, at most once an hour.
func (f Feed) Used(ctx context.Context, tx *models.Tx) error {
	_, err := models.Change(ctx, tx, Feed{SeenAt: &tx.Now}, models.Columns{"SeenAt"},
		"person_id = ? AND token_hash = ? AND (seen_at IS NULL OR seen_at < ?)", f.PersonID, f.TokenHash, tx.Now.Add(-time.Hour))
	return err
}

// A Due is a day on which something of somebody's is due.
type Due struct {
	About    string
	Title    string
	Sentence string // "" of what has not begun
	Day      models.Date
}

// ahead is how many days a calendar looks into the future.
const ahead = 400

// Dues lists what the actor owes and, of what comes back weekly or less often, what will
// be theirs to do, by day.
func Dues(ctx context.Context, tx *models.Tx) ([]Due, error) {
	f, _, err := Frame(ctx, tx)
	if err != nil {
		return nil, err
	}
	f.Days.Last = f.Today + ahead
	sheets, err := occurrence.Sheets(ctx, tx, f, occurrence.Scope{Person: tx.Actor.ID})
	if err != nil {
		return nil, err
	}
	var out []Due
	for _, t := range occurrence.Tasks(sheets, f) {
		if t.PersonID == tx.Actor.ID {
			out = append(out, Due{About(t), title(t.Sheet, t.Window), Sentence(t, f.Today), t.Window.By.Date()})
		}
	}
	asked, _, err := request.WaitingFor(ctx, tx)
	if err != nil {
		return nil, err
	}
	for _, r := range asked {
		if !r.DueOn.IsZero() {
			out = append(out, Due{r.Path(), r.Code() + ", " + r.Title, "The auditors ask for this.", r.DueOn})
		}
	}
	for _, s := range sheets {
		if s.Effective {
			out = append(out, coming(s, f, tx.Actor.ID)...)
		}
	}
	slices.SortStableFunc(out, func(a, b Due) int { return int(period.DayOf(a.Day, 0) - period.DayOf(b.Day, 0)) })
	return out, nil
}

func title(s *occurrence.Sheet, w period.Window) string {
	return s.Code + ", " + s.Title + ", " + occurrence.InWords(w.Span())
}

// coming lists the windows of s that have not begun and will be the person's: those of the
// owner, but for what was handed over ahead, and without what was approved not to apply.
func coming(s *occurrence.Sheet, f occurrence.Frame, person int64) (out []Due) {
	for w := range period.Windows(s.Facts.Versions, period.Days{First: f.Today + 1, Last: f.Days.Last}) {
		span := w.Span()
		holder := s.OwnerID
		if to := s.Handed[w.Days]; to != 0 {
			holder = to
		}
		if w.First <= f.Today || w.Len() < week || holder != person || slices.Contains(s.Ahead, w.Days) {
			continue
		}
		out = append(out, Due{About: "tasks/" + s.Code + "/" + string(span.From) + "/" + string(span.To), Title: title(s, w), Day: w.By.Date()})
	}
	return out
}
