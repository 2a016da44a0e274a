package job

import (
	"context"
	"strings"
	"time"

	"assay/models"
)

// open is the condition of the index that finds what is due.
const open = "state IN ('waiting', 'running') AND run_at <= ? AND kind IN ?"

// Due reports whether any work of these kinds waits for somebody, without locking.
func Due(ctx context.Context, tx *models.Tx, kinds []string) (bool, error) {
	n, err := models.Value[int](ctx, tx, "SELECT count(*) FROM (SELECT 1 AS one FROM jobs WHERE "+open+" LIMIT 1) due", tx.Now, kinds)
	return n > 0, err
}

// Claim takes the job of these kinds that has waited longest, one whose lease ran out
// among them, for as long as lease says. Replicas that claim at once get different
// ones. ok is false when there is nothing to do.
func Claim(ctx context.Context, tx *models.Tx, kinds []string, holder string, lease func(kind string) time.Duration) (j Job, ok bool, err error) {
	query := `SELECT id, kind, key, payload, state, run_at, attempts, holder, said, trouble, failed_at, created_at, started_at, ended_at
		FROM jobs WHERE ` + open + " ORDER BY run_at, id LIMIT 1"
	if tx.Postgres() {
		query += " FOR UPDATE SKIP LOCKED"
	}
	found, err := models.Raw[Job](ctx, tx, query, tx.Now, kinds)
	if err != nil || len(found) == 0 {
		return Job{}, false, err
	}
	j = found[0]
	j.State, j.Holder, j.StartedAt = Running, holder, &tx.Now
	j.Attempts++
	j.RunAt = tx.Now.Add(lease(j.Kind))
	_, err = models.Change(ctx, tx, j, models.Columns{"State", "Holder", "StartedAt", "Attempts", "RunAt"}, "id = ?", j.ID)
	return j, err == nil, err
}

// End finishes j with what came of it. In the transaction that did the work it makes
// the two one: when the lease has passed to somebody else it is a Conflict, and what
// was done is undone. Standing work waits for next.
func (j Job) End(ctx context.Context, tx *models.Tx, said string, next time.Time) error {
	j.State, j.Said = Done, clip(said)
	if j.Standing() {
		j.State, j.RunAt, j.Attempts = Waiting, next.UTC(), 0
	}
	j.EndedAt = &tx.Now
	return j.settle(ctx, tx, models.Columns{"State", "Said", "EndedAt", "RunAt", "Attempts"})
}

// Fail notes why an attempt failed. j waits for next, or is dead.
func (j Job) Fail(ctx context.Context, tx *models.Tx, trouble string, next time.Time, dead bool) error {
	j.State, j.RunAt = Waiting, next.UTC()
	if dead {
		j.State = Dead
	}
	if dead && j.Standing() { // it gives up on this turn, never on the next
		j.State, j.Attempts = Waiting, 0
	}
	j.Trouble, j.FailedAt, j.EndedAt = clip(trouble), &tx.Now, &tx.Now
	return j.settle(ctx, tx, models.Columns{"State", "RunAt", "Attempts", "Trouble", "FailedAt", "EndedAt"})
}

// Release gives the lease back as if j had not been claimed.
func (j Job) Release(ctx context.Context, tx *models.Tx) error {
	j.State, j.RunAt = Waiting, tx.Now
	j.Attempts--
	return j.settle(ctx, tx, models.Columns{"State", "RunAt", "Attempts"})
}

func (j Job) settle(ctx context.Context, tx *models.Tx, set models.Columns) error {
	holder := j.Holder
	j.Holder = ""
	n, err := models.Change(ctx, tx, j, append(set, "Holder"), "id = ? AND state = 'running' AND holder = ?", j.ID, holder)
	if err == nil && n == 0 {
		err = models.Conflict("Another worker has taken this job over.")
	}
	return err
}

// clip keeps a text to what a page can show.
func clip(s string) string {
	s = strings.ReplaceAll(strings.ToValidUTF8(s, ""), "\x00", "")
	if r := []rune(s); len(r) > 1000 {
		s = string(r[:1000])
	}
	return s
}

// Sweep forgets work that was done before the instant. What is dead stays until
// somebody sees to it.
func Sweep(ctx context.Context, tx *models.Tx, before time.Time) (int, error) {
	return models.Remove[Job](ctx, tx, "state = 'done' AND ended_at < ?", before)
}
