package people

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"time"

	"assay/models"
)

// A PendingSignIn went to the identity provider and has not come back. Data is for the
// caller, and holds what must not leave this side.
type PendingSignIn struct {
	StateHash string `gorm:"primaryKey"`
	Browser   string // hash of the cookie of the browser it was begun in
	Data      string
	Address   string
	CreatedAt time.Time
}

// TableName is where pending sign-ins live.
func (PendingSignIn) TableName() string { return "pending_signins" }

// WhyUnlogged says why changing one leaves no leaf.
func (PendingSignIn) WhyUnlogged() string { return "nobody is known yet who could have done something" }

// PendingLife is how long a sign-in may take.
const PendingLife = 10 * time.Minute

// Begin keeps p, and forgets what became too old. When limit is not 0 and so many
// sign-ins were begun from the address within the last minute without coming back, it
// refuses: whoever signs in is not counted, whoever only begins is.
func (p PendingSignIn) Begin(ctx context.Context, tx *models.Tx, limit int) error {
	if err := sweep(ctx, tx); err != nil {
		return err
	}
	waiting, err := models.Value[int](ctx, tx, "SELECT count(*) FROM pending_signins WHERE address = ? AND created_at > ?", p.Address, tx.Now.Add(-time.Minute))
	if err != nil {
		return err
	}
	if limit > 0 && waiting >= limit {
		return models.TooMany("Too many sign-ins were begun from your network in the last minute. Wait a minute, then try again.", time.Minute)
	}
	p.CreatedAt = tx.Now
	return models.Put(ctx, tx, &p)
}

// TakePending takes the sign-in with this state out, so that it can be finished once
// only. It is not found when it was begun in another browser. How old it may be is for
// whoever finishes it to say.
func TakePending(ctx context.Context, tx *models.Tx, stateHash, browser string) (PendingSignIn, error) {
	const mine = "state_hash = ? AND browser = ?"
	p, err := models.Rows[PendingSignIn](tx).Where(mine, stateHash, browser).Take(ctx)
	if err != nil {
		return models.One(p, err, "Sign-in")
	}
	n, err := models.Remove[PendingSignIn](ctx, tx, mine, stateHash, browser)
	if err == nil && n == 0 {
		err = models.NotFound("Sign-in") // another request was faster
	}
	return p, err
}

// FindPending finds what was kept in this browser under the hash, without taking it.
func FindPending(ctx context.Context, tx *models.Tx, hash, browser string) (PendingSignIn, error) {
	p, err := models.Rows[PendingSignIn](tx).
		Where("state_hash = ? AND browser = ? AND created_at > ?", hash, browser, tx.Now.Add(-PendingLife)).Take(ctx)
	return models.One(p, err, "What you were about to do")
}

// A LogoutToken is an order of the provider that was carried out. It is kept for as
// long as it would pass, so that it cannot be sent again.
type LogoutToken struct {
	JTI    string `gorm:"primaryKey"`
	SeenAt time.Time
}

// TableName is where spent orders live.
func (LogoutToken) TableName() string { return "logout_tokens" }

// WhyUnlogged says why changing one leaves no leaf.
func (LogoutToken) WhyUnlogged() string { return "the sessions it ends are leaves" }

func hash(issuer, id string) string {
	sum := sha256.Sum256([]byte(issuer + "\n" + id))
	return hex.EncodeToString(sum[:])
}

// Spend notes that the order with this id was carried out, and reports a Conflict when
// it was before.
func Spend(ctx context.Context, tx *models.Tx, issuer, id string) error {
	err := models.Put(ctx, tx, &LogoutToken{JTI: hash(issuer, id), SeenAt: tx.Now})
	if models.Duplicate(err) {
		return models.Conflict("This order was carried out before.")
	}
	return err
}

// sweep forgets what nobody can use any more.
func sweep(ctx context.Context, tx *models.Tx) error {
	_, err := models.Remove[PendingSignIn](ctx, tx, "created_at <= ?", tx.Now.Add(-PendingLife))
	if err == nil {
		_, err = models.Remove[LogoutToken](ctx, tx, "seen_at <= ?", tx.Now.Add(-PendingLife))
	}
	if err == nil {
		_, err = models.Remove[Session](ctx, tx, "expires_at <= ?", tx.Now.Add(-30*24*time.Hour))
	}
	return err
}
