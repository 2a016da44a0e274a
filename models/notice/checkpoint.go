package notice

import (
	"context"
	"fmt"
	"time"

	"assay/models"
	"assay/models/access"
	"assay/models/job"
	"assay/models/people"
	"assay/models/programme"
)

// CheckpointKind is the kind of job that mails the day's checkpoint of the log to one
// person. Its key names the person and the day.
const CheckpointKind = "mail.checkpoint"

// AnyCheckpoint reports whether somebody waits for the checkpoint of this day.
func AnyCheckpoint(ctx context.Context, tx *models.Tx, reach Reach) (bool, error) {
	due, err := checkpointsDue(ctx, tx, reach)
	return len(due) > 0, err
}

// PostCheckpoints has the newest checkpoint mailed to everybody who wants it and for whom
// it is eight o'clock or later, on weekends too: what a mailbox elsewhere holds is what
// nobody here can take back, and a gap is a time in which they could. It returns how many
// mails that makes.
func PostCheckpoints(ctx context.Context, tx *models.Tx, reach Reach) (int, error) {
	due, err := checkpointsDue(ctx, tx, reach)
	for key, letter := range due {
		if err == nil {
			err = job.Enqueue(ctx, tx, CheckpointKind, key, letter)
		}
	}
	return len(due), err
}

// checkpointsDue are the letters that nobody enqueued yet, by the keys of their jobs.
func checkpointsDue(ctx context.Context, tx *models.Tx, reach Reach) (map[string]Letter, error) {
	company, err := programme.Current(ctx, tx)
	if err != nil || !company.Ready() {
		return nil, err
	}
	list, err := models.Raw[reader](ctx, tx, readers+" WHERE p.role IN ? AND p.status = ?", access.Roles, people.Active)
	due := map[string]Letter{}
	for _, r := range list {
		if err != nil {
			return nil, err
		}
		local := tx.Now.In(zoneOf(r.Zone, company))
		if local.Hour() < 8 || r.Choices.mode(Checkpoint, r.Role) != Daily {
			continue
		}
		key := fmt.Sprintf("checkpoint/%d/%s", r.ID, local.Format(time.DateOnly))
		had, known := job.Known(ctx, tx, CheckpointKind, key)
		if err = known; err != nil || had {
			continue
		}
		if r.Role == access.Auditor {
			if open, admitted := reach(ctx, tx, r.ID); admitted != nil || !open {
				err = admitted
				continue
			}
		}
		due[key] = Letter{r.ID}
	}
	return due, err
}

// WantsCheckpoint reports whether p still wants the checkpoint.
func WantsCheckpoint(ctx context.Context, tx *models.Tx, p people.Person) (bool, error) {
	pref, err := PreferenceOf(ctx, tx, p.ID)
	return p.Status == people.Active && p.Actor().Can(access.EngagementView) && pref.Mode(Checkpoint, p.Role) == Daily, err
}
