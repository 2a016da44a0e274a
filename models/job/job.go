// Package job is work that is done later: enqueued in the transaction that causes it,
// held under a lease by the replica that does it, tried again when it fails. It knows
// no kind of work; package internal/jobs does.
package job

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"assay/models"
)

// A Job is one piece of work. One with a key is done once; one without is standing
// work, which waits for its next turn after each.
type Job struct {
	ID        int64 `gorm:"primaryKey"`
	Kind      string
	Key       string
	Payload   string
	State     State
	RunAt     time.Time // waiting: not before; running: when the lease ends
	Attempts  int
	Holder    string
	Said      string // what came of it
	Trouble   string // why the last attempt that failed did; it stays after one that succeeds
	FailedAt  *time.Time
	CreatedAt time.Time
	StartedAt *time.Time
	EndedAt   *time.Time
}

// TableName is where jobs live.
func (Job) TableName() string { return "jobs" }

// WhyUnlogged says why changing one leaves no leaf.
func (Job) WhyUnlogged() string {
	return "what it does to a record is a leaf; that it waited, or was tried again, is not"
}

// A State is where a job stands.
//
//	waiting → running → done
//	   ↑         ↓
//	   └─────────┴────→ dead → waiting (when somebody asks for it)
type State string

// The states of a job.
const (
	Waiting State = "waiting"
	Running State = "running"
	Done    State = "done"
	Dead    State = "dead" // failed as often as its kind allows
)

// Standing reports whether j comes back after each turn.
func (j Job) Standing() bool { return j.Key == "" }

// Read decodes what was enqueued.
func (j Job) Read(into any) error {
	if err := json.Unmarshal([]byte(j.Payload), into); err != nil {
		return fmt.Errorf("payload of job %s %s: %w", j.Kind, j.Key, err)
	}
	return nil
}

// Enqueue has the work done soon after tx commits, and not at all when it does not. A
// kind and key that were enqueued before are not enqueued again.
func Enqueue(ctx context.Context, tx *models.Tx, kind, key string, payload any) error {
	return EnqueueAt(ctx, tx, tx.Now, kind, key, payload)
}

// EnqueueAt is Enqueue for work that has to wait until at.
func EnqueueAt(ctx context.Context, tx *models.Tx, at time.Time, kind, key string, payload any) error {
	if key == "" {
		return errors.New("job: work that is done once needs a key")
	}
	text, err := json.Marshal(payload)
	if err != nil {
		return err
	}
	_, err = models.PutNew(ctx, tx, &Job{Kind: kind, Key: key, Payload: string(text), State: Waiting, RunAt: at.UTC(), CreatedAt: tx.Now})
	return err
}

// Stand makes sure that standing work of this kind exists. New work has its first turn
// at once; work that is there keeps its turn.
func Stand(ctx context.Context, tx *models.Tx, kind string) error {
	_, err := models.PutNew(ctx, tx, &Job{Kind: kind, Payload: "null", State: Waiting, RunAt: tx.Now, CreatedAt: tx.Now})
	return err
}
