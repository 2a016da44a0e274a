package evidence

import (
	"context"
	"fmt"
	"math"
	"time"

	"assay/models"
)

// A Quota bounds what people store. Zero bounds nothing.
type Quota struct {
	FilesPerDay int   // of one person
	Bytes       int64 // of everybody
}

// Room is what a quota leaves.
type Room struct {
	Files int
	Bytes int64
	quota Quota
}

// NoRoom is what people are told when everybody's room is used up.
const NoRoom = "The evidence store has reached the size it may have. An administrator can raise the limit; what was stored before is safe."

// Room is what q leaves to the actor now. A day is the last 24 hours.
func (q Quota) Room(ctx context.Context, tx *models.Tx) (Room, error) {
	room := Room{Files: math.MaxInt, Bytes: math.MaxInt64, quota: q}
	if q.FilesPerDay > 0 {
		n, err := models.Value[int](ctx, tx, "SELECT count(*) FROM evidence_files WHERE added_by = ? AND added_at > ?", tx.Actor.ID, tx.Now.Add(-24*time.Hour))
		if err != nil {
			return room, err
		}
		room.Files = q.FilesPerDay - n
	}
	if q.Bytes > 0 {
		used, err := models.Value[int64](ctx, tx, "SELECT coalesce(sum(size), 0) FROM evidence_files")
		if err != nil {
			return room, err
		}
		room.Bytes = q.Bytes - used
	}
	return room, nil
}

// Refusal says why nothing more can be stored, or nothing.
func (r Room) Refusal() string {
	switch {
	case r.Files <= 0:
		return fmt.Sprintf("You have stored %d files in the last 24 hours, which is as many as one person may. Send the others tomorrow, or pack them as ZIP.", r.quota.FilesPerDay)
	case r.Bytes <= 0:
		return NoRoom
	}
	return ""
}

// Take counts a file that was stored.
func (r *Room) Take(size int64) { r.Files, r.Bytes = r.Files-1, r.Bytes-size }

// Admit refuses files that are more than q leaves. It belongs into the transaction that
// adds them.
func (q Quota) Admit(ctx context.Context, tx *models.Tx, files []Upload) error {
	if len(files) == 0 || q == (Quota{}) {
		return nil
	}
	room, err := q.Room(ctx, tx)
	if err != nil {
		return err
	}
	for _, f := range files {
		if why := room.Refusal(); why != "" || f.Size > room.Bytes {
			if why == "" {
				why = NoRoom
			}
			return models.Invalid(map[string]string{"files": why})
		}
		room.Take(f.Size)
	}
	return nil
}
