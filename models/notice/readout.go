package notice

import (
	"context"
	"fmt"
	"slices"
	"time"

	"assay/models"
	"assay/models/access"
	"assay/models/job"
	"assay/models/people"
	"assay/models/programme"
)

// ReadoutKind is the kind of job that mails the readout to one person. Its key names the
// person and the Monday, so that nobody gets two of one week.
const ReadoutKind = "mail.readout"

// AnyReadout reports whether somebody waits for the readout of this Monday.
func AnyReadout(ctx context.Context, tx *models.Tx) (bool, error) {
	due, err := readoutsDue(ctx, tx)
	return len(due) > 0, err
}

// PostReadouts has the readout mailed to everybody who wants it and for whom it is
// Monday, eight o'clock or later. A server that was away all of Monday skips the week:
// on Tuesday the numbers are others. It returns how many mails that makes.
func PostReadouts(ctx context.Context, tx *models.Tx) (int, error) {
	due, err := readoutsDue(ctx, tx)
	for key, letter := range due {
		if err == nil {
			err = job.Enqueue(ctx, tx, ReadoutKind, key, letter)
		}
	}
	return len(due), err
}

// readoutsDue are the letters that nobody enqueued yet, by the keys of their jobs.
func readoutsDue(ctx context.Context, tx *models.Tx) (map[string]Letter, error) {
	company, err := programme.Current(ctx, tx)
	if err != nil || !company.Ready() {
		return nil, err
	}
	list, err := models.Raw[reader](ctx, tx, readers+" WHERE p.role IN ? AND p.status = ?", readoutRoles(), people.Active)
	due := map[string]Letter{}
	for _, r := range list {
		eight, working := eightToday(tx.Now.In(zoneOf(r.Zone, company)))
		if err != nil || !working || eight.Weekday() != time.Monday || r.Choices.mode(Readout, r.Role) != Weekly {
			continue
		}
		var had bool
		key := fmt.Sprintf("readout/%d/%s", r.ID, eight.Format(time.DateOnly))
		if had, err = job.Known(ctx, tx, ReadoutKind, key); !had {
			due[key] = Letter{r.ID}
		}
	}
	return due, err
}

// readoutRoles are those that may see the readout.
func readoutRoles() []access.Role {
	return slices.DeleteFunc(slices.Clone(access.Roles), func(r access.Role) bool {
		return !access.Actor{ID: 1, Role: r}.Can(access.ReadinessView)
	})
}

// WantsReadout reports whether p still wants the readout and may see it.
func WantsReadout(ctx context.Context, tx *models.Tx, p people.Person) (bool, error) {
	pref, err := PreferenceOf(ctx, tx, p.ID)
	return p.Status == people.Active && p.Actor().Can(access.ReadinessView) && pref.Mode(Readout, p.Role) == Weekly, err
}
