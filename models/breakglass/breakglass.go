// Package breakglass is the one way in beside the identity provider: a link that whoever
// runs the host makes for an administrator when the provider is down or keeps everybody
// out. It lets in once, within a quarter of an hour, and nobody can miss it.
package breakglass

import (
	"context"
	"fmt"
	"time"

	"assay/models"
	"assay/models/access"
	"assay/models/notice"
	"assay/models/people"
)

// Life is how long a link is good for.
const Life = 15 * time.Minute

// A Link lets whoever has its token in as one person. Of the token only the hash is kept.
type Link struct {
	ID        int64 `gorm:"primaryKey"`
	TokenHash string
	PersonID  int64
	CreatedAt time.Time
	ExpiresAt time.Time
}

// TableName is where links live.
func (Link) TableName() string { return "break_glass_links" }

// WhyUnlogged says why changing one leaves no leaf.
func (Link) WhyUnlogged() string { return "that a link was made and that it was used are leaves" }

// Make keeps a link for the administrator with this address. There is one link at a time:
// earlier ones are good for nothing from then on. by is who made it, on the host.
func Make(ctx context.Context, tx *models.Tx, email, tokenHash, reason, by string) (Link, people.Person, error) {
	p, err := models.Rows[people.Person](tx).Where("lower(email) = lower(?)", email).Take(ctx)
	if p, err = models.One(p, err, "Person"); err != nil {
		return Link{}, p, err
	}
	if !may(p) {
		return Link{}, p, models.Forbidden(p.Name + " is no active administrator, and the link is for administrators only.")
	}
	if _, err := models.Remove[Link](ctx, tx, "id > ?", 0); err != nil {
		return Link{}, p, err
	}
	l := Link{TokenHash: tokenHash, PersonID: p.ID, CreatedAt: tx.Now, ExpiresAt: tx.Now.Add(Life)}
	if err := models.Put(ctx, tx, &l); err != nil {
		return l, p, err
	}
	if err := tx.Record("breakglass.make", p.Path(), models.Note{"reason": reason, "by": by}); err != nil {
		return l, p, err
	}
	return l, p, tell(ctx, tx, p, fmt.Sprintf("A break-glass link was made on the host. It lets an administrator in without the identity provider, once, until %s UTC.", l.ExpiresAt.UTC().Format("15:04")))
}

// may reports whether a link lets p in.
func may(p people.Person) bool { return p.Status == people.Active && p.Role == access.Administrator }

// Find is whom the token with this hash lets in. It is not found when it lets nobody in,
// or no longer.
func Find(ctx context.Context, tx *models.Tx, tokenHash string) (people.Person, error) {
	l, err := models.Rows[Link](tx).Where("token_hash = ? AND expires_at > ?", tokenHash, tx.Now).Take(ctx)
	if l, err = models.One(l, err, "Link"); err != nil {
		return people.Person{}, err
	}
	p, err := people.ByID(ctx, tx, l.PersonID)
	if err == nil && !may(p) {
		err = models.NotFound("Link")
	}
	return p, err
}

// Enter spends the link of the actor with this hash. Of two who come at once, one finds it.
func Enter(ctx context.Context, tx *models.Tx, tokenHash string) error {
	n, err := models.Remove[Link](ctx, tx, "token_hash = ? AND person_id = ? AND expires_at > ?", tokenHash, tx.Actor.ID, tx.Now)
	if err == nil && n == 0 {
		err = models.NotFound("Link")
	}
	if err != nil {
		return err
	}
	p, err := people.ByID(ctx, tx, tx.Actor.ID)
	if err != nil {
		return err
	}
	if err := tx.Record("breakglass.enter", p.Path()); err != nil {
		return err
	}
	return tell(ctx, tx, p, "An administrator came in with a break-glass link, without the identity provider.")
}

// tell tells every administrator and compliance manager.
func tell(ctx context.Context, tx *models.Tx, p people.Person, sentence string) error {
	all, err := notice.Managers(ctx, tx, access.Administrator)
	if err != nil {
		return err
	}
	return notice.Tell(ctx, tx, notice.Notice{Kind: notice.BreakGlass, About: p.Path(), Sentence: sentence}, all...)
}
