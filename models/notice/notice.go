// Package notice is what people are told: a row per person, written in the transaction
// that causes it, shown behind the bell, and mailed as the reader prefers.
package notice

import (
	"context"
	"time"

	"assay/models"
	"assay/models/access"
	"assay/models/people"
)

// A Notice is one sentence to one person about one record.
type Notice struct {
	ID        int64 `gorm:"primaryKey"`
	PersonID  int64
	Kind      Kind
	About     string // path of the record
	Sentence  string // it goes into mails, so it names records and no people
	Once      string // when not "", the same person is told it only once
	ActorID   int64  // whose doing it is; 0 is the clock
	CreatedAt time.Time
	ReadAt    *time.Time
	Mail      Mode   // "" is no mail
	Post      string // the job that mails it
	PostedAt  *time.Time
}

// TableName is where notices live.
func (Notice) TableName() string { return "notices" }

// WhyUnlogged says why changing one leaves no leaf.
func (Notice) WhyUnlogged() string {
	return "it repeats a leaf to somebody; whether they have read it is their own affair"
}

// VisibleTo shows people their own.
func (Notice) VisibleTo(a access.Actor) (string, []any) {
	if a.Role == access.System {
		return "", nil
	}
	return "notices.person_id = ?", []any{a.ID}
}

// Tell leaves n for each of these people. Nobody is told what they did themselves, what
// they were told before when n.Once says so, or anything once they are deactivated; 0
// and repetitions among the people are left out.
func Tell(ctx context.Context, tx *models.Tx, n Notice, to ...int64) error {
	told, err := listening(ctx, tx, to)
	if err != nil || len(told) == 0 {
		return err
	}
	mailed := n.Post != "" // already, by a job of its own
	n.ActorID, n.CreatedAt = tx.Actor.ID, tx.Now
	for _, r := range told {
		if r.ID == tx.Actor.ID {
			continue
		}
		row := n
		row.PersonID, row.Mail = r.ID, r.Choices.mode(n.Kind, r.Role)
		if row.Mail == Off || mailed {
			row.Mail = ""
		}
		if _, err := models.PutNew(ctx, tx, &row); err != nil {
			return err
		}
	}
	return nil
}

// A reader is somebody to tell, and how.
type reader struct {
	ID      int64
	Role    access.Role
	Zone    string
	Choices Choices
}

// readers selects them.
const readers = `SELECT p.id, p.role, COALESCE(np.zone, '') AS zone, COALESCE(np.choices, '') AS choices
	FROM people p LEFT JOIN notice_preferences np ON np.person_id = p.id`

func listening(ctx context.Context, tx *models.Tx, ids []int64) ([]reader, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	return models.Raw[reader](ctx, tx, readers+" WHERE p.id IN ? AND p.status <> ? ORDER BY p.id", ids, people.Deactivated)
}

// Managers are the active compliance managers, who are told what nobody else answers
// for.
func Managers(ctx context.Context, tx *models.Tx, more ...access.Role) ([]int64, error) {
	roles := append([]access.Role{access.Compliance}, more...)
	list, err := models.Rows[people.Person](tx).Select("id").Where("role IN ? AND status = ?", roles, people.Active).Order("id").Find(ctx)
	return ids(list), err
}

// List reads a page of the actor's notices, the newest first.
func List(ctx context.Context, tx *models.Tx, page models.Page) (models.Window[Notice], error) {
	return models.Keyset(ctx, models.Rows[Notice](tx), models.Sort{Columns: []string{"id"}, Desc: true}, page, func(n Notice) []any { return []any{n.ID} })
}

// Unread counts the person's unread notices, up to limit. (The shell of every page counts
// them in its own query.)
func Unread(ctx context.Context, tx *models.Tx, person int64, limit int) (int, error) {
	return models.Value[int](ctx, tx, "SELECT count(*) FROM (SELECT 1 AS one FROM notices WHERE person_id = ? AND read_at IS NULL LIMIT ?) unread", person, limit)
}

// Read marks one of the person's notices as read and returns it. Somebody else's is not
// found.
func Read(ctx context.Context, tx *models.Tx, person, id int64) (Notice, error) {
	n, err := models.UnscopedRows[Notice](tx).Where("id = ? AND person_id = ?", id, person).Take(ctx)
	if err != nil {
		return n, models.One0(err, "Notice")
	}
	_, err = models.Change(ctx, tx, Notice{ReadAt: &tx.Now}, models.Columns{"ReadAt"}, "id = ? AND read_at IS NULL", id)
	return n, err
}

// ReadAll marks the person's notices up to this one as read: those that came after the
// page was shown stay new.
func ReadAll(ctx context.Context, tx *models.Tx, person, upTo int64) error {
	_, err := models.Change(ctx, tx, Notice{ReadAt: &tx.Now}, models.Columns{"ReadAt"}, "person_id = ? AND id <= ? AND read_at IS NULL", person, upTo)
	return err
}

// Sweep forgets notices from before the instant.
func Sweep(ctx context.Context, tx *models.Tx, before time.Time) (int, error) {
	return models.Remove[Notice](ctx, tx, "created_at < ?", before)
}

// ReadBefore marks everybody's notices from before the instant as read, for a history that
// is told in one go.
func ReadBefore(ctx context.Context, tx *models.Tx, at time.Time) error {
	_, err := models.Change(ctx, tx, Notice{ReadAt: &at}, models.Columns{"ReadAt"}, "created_at < ? AND read_at IS NULL", at)
	return err
}
