// Package upload keeps count of files on their way: how much of each has arrived, in
// which parts, and whose it is. The bytes are in the blob store. A file that is whole
// waits here until a form takes it; what is made of it is the form's business.
package upload

import (
	"context"
	"crypto/rand"
	"fmt"
	"slices"
	"time"

	"assay/models"
	"assay/models/access"
)

// An Upload is one file of one person. It is whole if and only if it has a digest.
type Upload struct {
	ID        string `gorm:"primaryKey"` // random: its address
	PersonID  int64
	About     string // the record whose form it was begun on, such as "controls/AC-03"
	Name      string
	Size      int64
	Modified  int64  // milliseconds since 1970, of the sender's copy, so that it is known again
	Said      string // the digest the sender announced; it has to come true
	Received  int64  // bytes that would survive a power cut
	Digest    string
	StartedAt time.Time
	TouchedAt time.Time
}

// TableName is where uploads live.
func (Upload) TableName() string { return "uploads" }

// WhyUnlogged says why changing one leaves no leaf.
func (Upload) WhyUnlogged() string {
	return "a file on its way is no record yet; the item that takes it has its leaf"
}

// VisibleTo shows people their own: nobody goes on with, looks into or takes the upload
// of somebody else.
func (Upload) VisibleTo(a access.Actor) (string, []any) {
	return "uploads.person_id = ?", []any{a.ID}
}

// Whole reports that all of it has arrived and is one blob.
func (u Upload) Whole() bool { return u.Digest != "" }

// Expires is when it is forgotten unless more of it comes.
func (u Upload) Expires() time.Time { return u.TouchedAt.Add(Life) }

// Life is how long an upload waits for its next part, or for its form.
const Life = 24 * time.Hour

// MostWaiting is how many uploads one person has on their way, whole ones too.
const MostWaiting = 200

// A Part is a stretch of an upload that the blob store has acknowledged. The last one may
// grow.
type Part struct {
	Name     string `gorm:"primaryKey"`
	UploadID string
	Start    int64
	Size     int64
	Digest   string
}

// TableName is where parts live.
func (Part) TableName() string { return "upload_parts" }

// WhyUnlogged says why changing one leaves no leaf.
func (Part) WhyUnlogged() string { return "a part of a file is no record" }

// ByID finds an upload of the actor's that is still waited for.
func ByID(ctx context.Context, tx *models.Tx, id string) (Upload, error) {
	u, err := models.Rows[Upload](tx).Where("uploads.id = ? AND uploads.touched_at > ?", id, tx.Now.Add(-Life)).Take(ctx)
	return models.One(u, err, "Upload")
}

// For lists the actor's uploads that were begun on the form of a record, in the order
// they were.
func For(ctx context.Context, tx *models.Tx, about string) ([]Upload, error) {
	return models.Rows[Upload](tx).Where("uploads.about = ? AND uploads.touched_at > ?", about, tx.Now.Add(-Life)).
		Order("uploads.started_at, uploads.id").Limit(MostWaiting).Find(ctx)
}

// ByIDs finds whole uploads of the actor's, in the order asked for. One that is not there
// or not whole is left out.
func ByIDs(ctx context.Context, tx *models.Tx, ids []string) ([]Upload, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	found, err := models.Rows[Upload](tx).Where("uploads.id IN ? AND uploads.digest <> ''", ids).Find(ctx)
	slices.SortStableFunc(found, func(a, b Upload) int { return slices.Index(ids, a.ID) - slices.Index(ids, b.ID) })
	return found, err
}

// A Count is how many files there are, and how large they will be.
type Count struct {
	Files int
	Bytes int64
}

// Waiting counts what the actor has on the way.
func Waiting(ctx context.Context, tx *models.Tx) (Count, error) { return waiting(ctx, tx, tx.Actor.ID) }

func waiting(ctx context.Context, tx *models.Tx, person int64) (Count, error) {
	rows, err := models.Raw[Count](ctx, tx, "SELECT count(*) AS files, coalesce(sum(size), 0) AS bytes FROM uploads WHERE person_id = ? AND touched_at > ?",
		person, tx.Now.Add(-Life))
	if err != nil || len(rows) == 0 {
		return Count{}, err
	}
	return rows[0], nil
}

// Begin makes room for a file of the person's. Somebody who has too many on their way is
// told so.
func Begin(ctx context.Context, tx *models.Tx, u Upload) (Upload, error) {
	n, err := waiting(ctx, tx, u.PersonID)
	if err != nil {
		return u, err
	}
	if n.Files >= MostWaiting {
		return u, models.Conflict(fmt.Sprintf("%d of your files are on their way or wait for their form. Submit or remove some first.", n.Files))
	}
	u.ID, u.StartedAt, u.TouchedAt = rand.Text(), tx.Now, tx.Now
	u.Received, u.Digest = 0, ""
	return u, models.Put(ctx, tx, &u)
}

// Keep notes a file of the person's that came in one piece with a form, so that the form can
// name it again when it was refused, and nobody else can.
func Keep(ctx context.Context, tx *models.Tx, u Upload) (Upload, error) {
	n, err := waiting(ctx, tx, u.PersonID)
	if err != nil {
		return u, err
	}
	if n.Files >= MostWaiting {
		return u, models.Conflict(fmt.Sprintf("%d of your files are on their way or wait for their form. Submit or remove some first.", n.Files))
	}
	u.ID, u.StartedAt, u.TouchedAt, u.Received = rand.Text(), tx.Now, tx.Now, u.Size
	return u, models.Put(ctx, tx, &u)
}

// Add counts a part that begins where the one before it ended, or that one, grown. With the
// last byte comes the digest of the whole. When another part got there first it is a
// Conflict: of two senders one goes on.
func Add(ctx context.Context, tx *models.Tx, u Upload, p Part, digest string) (Upload, error) {
	from := u.Received
	p.UploadID = u.ID
	u.Received, u.Digest, u.TouchedAt = p.Start+p.Size, digest, tx.Now
	n, err := models.Change(ctx, tx, u, models.Columns{"Received", "Digest", "TouchedAt"}, "id = ? AND received = ?", u.ID, from)
	switch {
	case err != nil:
		return u, err
	case n == 0:
		return u, models.Conflict("Another part of this file arrived at the same place.")
	case u.Whole(): // its parts are one blob now
		_, err = models.Remove[Part](ctx, tx, "upload_id = ?", u.ID)
		return u, err
	case p.Start == from:
		return u, models.Put(ctx, tx, &p)
	}
	if n, err = models.Change(ctx, tx, p, models.Columns{"Size", "Digest"}, "name = ? AND upload_id = ? AND start = ?", p.Name, u.ID, p.Start); err == nil && n == 0 {
		err = models.Conflict("This part is not of this file.")
	}
	return u, err
}

// PartsOf lists the parts of an upload in their order.
func PartsOf(ctx context.Context, tx *models.Tx, u Upload) ([]Part, error) {
	return models.Rows[Part](tx).Where("upload_id = ?", u.ID).Order("start").Find(ctx)
}

// Drop forgets uploads of a person, with their parts.
func Drop(ctx context.Context, tx *models.Tx, person int64, ids ...string) error {
	if len(ids) == 0 {
		return nil
	}
	_, err := models.Remove[Upload](ctx, tx, "person_id = ? AND id IN ?", person, ids)
	return err
}

// Expire forgets every upload for which nothing came in time, and says how many there
// were. Of their bytes, Unknown then finds the parts.
func Expire(ctx context.Context, tx *models.Tx) (int, error) {
	return models.Remove[Upload](ctx, tx, "touched_at <= ?", tx.Now.Add(-Life))
}

// Unknown picks those of the parts' names that belong to no upload.
func Unknown(ctx context.Context, tx *models.Tx, names []string) ([]string, error) {
	unknown := slices.Clone(names)
	for batch := range slices.Chunk(names, 500) {
		known, err := models.Rows[Part](tx).Where("name IN ?", batch).Find(ctx)
		if err != nil {
			return nil, err
		}
		unknown = slices.DeleteFunc(unknown, func(name string) bool {
			return slices.ContainsFunc(known, func(p Part) bool { return p.Name == name })
		})
	}
	return unknown, nil
}
