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

// MailKind is the kind of job that mails what PostNow and PostDigests gathered. Its key
// is the Post of the notices that the mail tells.
const MailKind = "mail.notices"

// A Letter is the payload of such a job.
type Letter struct{ Person int64 }

const (
	quiet   = time.Minute        // nothing more has come for this long: a burst becomes one mail
	patient = 5 * time.Minute    // and what comes and comes is mailed after this long
	stale   = 7 * 24 * time.Hour // nobody is mailed what they could see behind the bell for a week
	morning = 8                  // the hour of the reader's day at which the digest goes out
)

// A Reach says whether mail may go to a person now. It is asked of external auditors
// only, whose window may be closed: what is for them waits until it opens.
type Reach func(ctx context.Context, tx *models.Tx, person int64) (bool, error)

// AnyNow reports whether somebody waits for a mail at once.
func AnyNow(ctx context.Context, tx *models.Tx) (bool, error) {
	n, err := models.Value[int](ctx, tx, "SELECT count(*) FROM (SELECT 1 AS one FROM notices WHERE posted_at IS NULL AND mail = 'now' LIMIT 1) waiting")
	return n > 0, err
}

// AnyDigest reports whether somebody waits for the morning.
func AnyDigest(ctx context.Context, tx *models.Tx) (bool, error) {
	n, err := models.Value[int](ctx, tx, "SELECT count(*) FROM (SELECT 1 AS one FROM notices WHERE posted_at IS NULL AND mail = 'digest' LIMIT 1) waiting")
	return n > 0, err
}

// PostNow has one mail sent to each person with news that shall be told at once, when
// no more has come for a minute. It returns how many mails that makes.
func PostNow(ctx context.Context, tx *models.Tx, reach Reach) (int, error) {
	if err := forget(ctx, tx, Now); err != nil {
		return 0, err
	}
	list, err := models.Raw[Notice](ctx, tx, `SELECT id, person_id, created_at FROM notices
		WHERE posted_at IS NULL AND mail = 'now' ORDER BY person_id, created_at LIMIT 10000`)
	if err != nil {
		return 0, err
	}
	mails := 0
	for len(list) > 0 {
		n := 1
		for n < len(list) && list[n].PersonID == list[0].PersonID {
			n++
		}
		first, last := list[0], list[n-1]
		list = list[n:]
		if tx.Now.Sub(last.CreatedAt) < quiet && tx.Now.Sub(first.CreatedAt) < patient {
			continue
		}
		sent, err := post(ctx, tx, first.PersonID, Now, fmt.Sprintf("now/%d/%d", first.PersonID, last.ID), last.CreatedAt, reach)
		if err != nil {
			return mails, err
		}
		mails += sent
	}
	return mails, nil
}

// PostDigests has the digest sent to each person for whom it is eight in the morning or
// later on a working day, with what had come by eight. Nobody gets two on one day. It
// returns how many mails that makes.
func PostDigests(ctx context.Context, tx *models.Tx, reach Reach) (int, error) {
	if err := forget(ctx, tx, Digest); err != nil {
		return 0, err
	}
	company, err := programme.Current(ctx, tx)
	if err != nil {
		return 0, err
	}
	zones, err := models.Raw[struct{ Zone string }](ctx, tx, `SELECT DISTINCT COALESCE(np.zone, '') AS zone
		FROM notices n LEFT JOIN notice_preferences np ON np.person_id = n.person_id WHERE n.posted_at IS NULL AND n.mail = 'digest'`)
	if err != nil {
		return 0, err
	}
	mails := 0
	for _, z := range zones {
		eight, ok := eightToday(tx.Now.In(zoneOf(z.Zone, company)))
		if !ok {
			continue
		}
		n, err := postZone(ctx, tx, z.Zone, eight, reach)
		if err != nil {
			return mails, err
		}
		mails += n
	}
	return mails, nil
}

// eightToday is eight o'clock of the day of local, when that is a working day and eight
// has come.
func eightToday(local time.Time) (time.Time, bool) {
	eight := time.Date(local.Year(), local.Month(), local.Day(), morning, 0, 0, 0, local.Location())
	weekend := local.Weekday() == time.Saturday || local.Weekday() == time.Sunday
	return eight, !weekend && !local.Before(eight)
}

func postZone(ctx context.Context, tx *models.Tx, zone string, eight time.Time, reach Reach) (int, error) {
	readers, err := models.Raw[struct{ PersonID int64 }](ctx, tx, `SELECT DISTINCT n.person_id
		FROM notices n LEFT JOIN notice_preferences np ON np.person_id = n.person_id
		WHERE n.posted_at IS NULL AND n.mail = 'digest' AND n.created_at < ? AND COALESCE(np.zone, '') = ? ORDER BY n.person_id`, eight.UTC(), zone)
	if err != nil {
		return 0, err
	}
	mails := 0
	for _, r := range readers {
		key := fmt.Sprintf("digest/%d/%s", r.PersonID, eight.Format(time.DateOnly))
		had, err := job.Known(ctx, tx, MailKind, key)
		if err != nil {
			return mails, err
		}
		if had {
			continue
		}
		sent, err := post(ctx, tx, r.PersonID, Digest, key, eight.Add(-time.Microsecond), reach)
		if err != nil {
			return mails, err
		}
		mails += sent
	}
	return mails, nil
}

// post ties the notices of a person up to an instant to a job that mails them. Somebody
// who left is not mailed, and an auditor outside their window not yet.
func post(ctx context.Context, tx *models.Tx, person int64, mode Mode, key string, upTo time.Time, reach Reach) (int, error) {
	p, err := people.ByID(ctx, tx, person)
	if err != nil {
		return 0, err
	}
	claim := Notice{Post: key, PostedAt: &tx.Now}
	switch {
	case p.Status == people.Deactivated:
		claim.Post = ""
	case p.Role == access.Auditor:
		if ok, err := reach(ctx, tx, person); err != nil || !ok {
			return 0, err
		}
	}
	n, err := models.Change(ctx, tx, claim, models.Columns{"Post", "PostedAt"},
		"person_id = ? AND posted_at IS NULL AND mail = ? AND created_at <= ?", person, mode, upTo.UTC())
	if err != nil || n == 0 || claim.Post == "" {
		return 0, err
	}
	return 1, job.Enqueue(ctx, tx, MailKind, key, Letter{person})
}

// forget gives up on mailing what is old, so that a server that was away, or mail that
// was switched on, does not begin with last month. An invitation stays good, and so does
// an addendum, which often comes when the window is closed.
func forget(ctx context.Context, tx *models.Tx, mode Mode) error {
	_, err := models.Change(ctx, tx, Notice{PostedAt: &tx.Now}, models.Columns{"PostedAt"},
		"posted_at IS NULL AND mail = ? AND created_at < ? AND kind NOT IN ?", mode, tx.Now.Add(-stale), []Kind{AccessGranted, AddendumWritten})
	return err
}

// Told reads the notices that a mail tells, the oldest first, but for those that the
// reader has seen meanwhile.
func Told(ctx context.Context, tx *models.Tx, key string) ([]Notice, error) {
	return models.Rows[Notice](tx).Where("post = ? AND read_at IS NULL", key).Order("id").Find(ctx)
}
