package job

import (
	"context"

	"assay/models"
)

// Turns lists the standing work, in the order of its next turn. There are as many as
// the program has kinds.
func Turns(ctx context.Context, tx *models.Tx) ([]Job, error) {
	return models.Rows[Job](tx).Where("key = ''").Order("run_at, id").Find(ctx)
}

// List reads a page of the work that is done once, the newest first; of one state when
// that is not "".
func List(ctx context.Context, tx *models.Tx, state State, page models.Page) (models.Window[Job], error) {
	q := models.Rows[Job](tx).Where("key <> ''")
	if state != "" {
		q = q.Where("state = ?", state)
	}
	return models.Keyset(ctx, q, models.Sort{Columns: []string{"id"}, Desc: true}, page, func(j Job) []any { return []any{j.ID} })
}

// CountDead says how much work was given up on, up to limit.
func CountDead(ctx context.Context, tx *models.Tx, limit int) (int, error) {
	return models.Value[int](ctx, tx, "SELECT count(*) FROM (SELECT 1 AS one FROM jobs WHERE state = 'dead' LIMIT ?) dead", limit)
}

// Retry has a job that is dead or waits tried at once, with all its attempts before it.
// What runs or is done is a Conflict.
func Retry(ctx context.Context, tx *models.Tx, id int64) (Job, error) {
	j, err := models.Rows[Job](tx).Where("id = ?", id).Take(ctx)
	if err != nil {
		return j, models.One0(err, "Job")
	}
	n, err := models.Change(ctx, tx, Job{State: Waiting, RunAt: tx.Now}, models.Columns{"State", "RunAt", "Attempts"},
		"id = ? AND state IN ('waiting', 'dead')", id)
	if err == nil && n == 0 {
		err = models.Conflict("This job is running or done, so there is nothing to try again.")
	}
	if err != nil {
		return j, err
	}
	return j, tx.Record("job.retry", "settings/jobs", models.Note{"kind": j.Kind, "key": j.Key})
}

// Known reports whether a kind and key were enqueued.
func Known(ctx context.Context, tx *models.Tx, kind, key string) (bool, error) {
	n, err := models.Value[int](ctx, tx, "SELECT count(*) FROM jobs WHERE kind = ? AND key = ?", kind, key)
	return n > 0, err
}
