package people

import (
	"context"
	"time"

	"assay/models"
)

// checkAgain is how soon a provider is asked again that did not answer.
const checkAgain = time.Minute

// DueChecks are sessions in use about which the provider is to be asked now, the one that
// waits longest first.
func DueChecks(ctx context.Context, tx *models.Tx, limit int) ([]Session, error) {
	return models.Rows[Session](tx).
		Where("check_at <= ? AND ended_at IS NULL AND expires_at > ? AND seen_at > ?", tx.Now, tx.Now, tx.Now.Add(-idle)).
		Order("check_at, id").Limit(limit).Find(ctx)
}

// Checked keeps what came of asking about s: what to ask with next, and, when the provider
// stood by the person, that it did. A session that has ended meanwhile stays ended.
func (s Session) Checked(ctx context.Context, tx *models.Tx, sealed []byte, stands bool) error {
	next, set := tx.Now.Add(checkAgain), models.Columns{"Sealed", "CheckAt"}
	if stands {
		next, set = tx.Now.Add(CheckEvery), append(set, "CheckedAt")
	}
	_, err := models.Change(ctx, tx, Session{Sealed: sealed, CheckAt: &next, CheckedAt: &tx.Now}, set, "id = ? AND ended_at IS NULL", s.ID)
	return err
}

// Later is the newest other session of the same person in use that can be asked about, or
// the zero Session.
func (s Session) Later(ctx context.Context, tx *models.Tx) (Session, error) {
	list, err := models.Rows[Session](tx).
		Where("issuer = ? AND subject = ? AND ended_at IS NULL AND check_at IS NOT NULL AND id > ? AND expires_at > ? AND seen_at > ?",
			s.Issuer, s.Subject, s.ID, tx.Now, tx.Now.Add(-idle)).
		Order("id DESC").Limit(1).Find(ctx)
	if err != nil || len(list) == 0 {
		return Session{}, err
	}
	return list[0], nil
}

// LeanOn takes what was learned about a later session of the same person for s, which is
// put to the provider again right after that one. It reports false when that was too long
// ago.
func (s Session) LeanOn(ctx context.Context, tx *models.Tx, later Session) (bool, error) {
	if tx.Now.Sub(*later.CheckedAt) > CheckEvery+patience {
		return false, s.Checked(ctx, tx, s.Sealed, false)
	}
	next := later.CheckAt.Add(time.Second)
	_, err := models.Change(ctx, tx, Session{CheckAt: &next, CheckedAt: later.CheckedAt}, models.Columns{"CheckAt", "CheckedAt"}, "id = ? AND ended_at IS NULL", s.ID)
	return true, err
}

// patience is how long a provider may fail over one session while it answers others.
const patience = 3 * time.Minute

// Singled reports whether the provider fails over s again and again while it stands by
// others: then its failure is an answer. Dex, for one, answers 500 about people whom it no
// longer knows.
func (s Session) Singled(ctx context.Context, tx *models.Tx) (bool, error) {
	if s.CheckedAt == nil || tx.Now.Sub(*s.CheckedAt) < CheckEvery+patience {
		return false, nil
	}
	others, err := models.Rows[Session](tx).
		Where("issuer = ? AND checked_at > ? AND id <> ?", s.Issuer, s.CheckedAt.Add(CheckEvery), s.ID).Limit(1).Find(ctx)
	return len(others) > 0, err
}
