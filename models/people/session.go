package people

import (
	"context"
	"slices"
	"time"

	"assay/models"
	"assay/models/access"
)

// A Session is one sitting of a person at one browser. Of the token that the browser
// holds, only the hash is kept: whoever reads the table cannot take a sitting over.
type Session struct {
	ID        int64 `gorm:"primaryKey"`
	TokenHash string
	PersonID  int64
	CreatedAt time.Time
	SeenAt    time.Time
	ExpiresAt time.Time
	EndedAt   *time.Time
	Address   string
	Agent     string
	Issuer    string // who let the person in, and under which subject
	Subject   string
	SID       string `gorm:"column:sid"` // the provider's name for the sitting
	IDToken   string // the hint for leaving at the provider too; gone when the session ends

	AuthAt    *time.Time // when the provider last saw the person prove who they are; nil when it does not say
	Sealed    []byte     // what the provider gave to be asked again with; gone when the session ends
	CheckedAt *time.Time // when it last stood by them
	CheckAt   *time.Time // when it is to be asked next; nil when it cannot be

	Bell *int `gorm:"-"` // unread notices, counted by the way; nil when nobody did
}

// TableName is where sessions live.
func (Session) TableName() string { return "sessions" }

// WhyUnlogged says why changing one leaves no leaf.
func (Session) WhyUnlogged() string {
	return "coming and going are leaves of their own; that a session was used is not"
}

// Lifetimes of a session.
const (
	SessionLife = 12 * time.Hour
	idle        = 30 * time.Minute
	idleStrict  = 15 * time.Minute // of strict roles
	seenEvery   = time.Minute      // how exactly SeenAt is kept

	FreshFor   = 5 * time.Minute  // how long a proof is good for what needs a new one
	CheckEvery = 10 * time.Minute // how often the provider is asked whether it stands by somebody
	unanswered = 30 * time.Minute // how long strict roles stay while it does not answer

	// Of sessions about which the provider cannot be asked at all.
	uncheckedLife       = time.Hour
	uncheckedLifeStrict = 30 * time.Minute
)

// Idle is how long a session of somebody with the role lasts without being used.
func Idle(role access.Role) time.Duration {
	if strict(role) {
		return idleStrict
	}
	return idle
}

// strict roles see across the company, or come from outside it.
func strict(role access.Role) bool { return role == access.Auditor || role == access.Administrator }

// UncheckedLife is how long a session of somebody with the role lasts about which the
// provider cannot be asked.
func UncheckedLife(role access.Role) time.Duration {
	if strict(role) {
		return uncheckedLifeStrict
	}
	return uncheckedLife
}

// Over reports whether s can no longer be used by somebody with the role.
func (s Session) Over(role access.Role, now time.Time) bool {
	switch {
	case s.EndedAt != nil || !now.Before(s.ExpiresAt) || now.Sub(s.SeenAt) >= Idle(role):
		return true
	case s.CheckAt == nil || s.CheckedAt == nil:
		return now.Sub(s.CreatedAt) >= UncheckedLife(role)
	}
	return strict(role) && now.Sub(*s.CheckedAt) >= CheckEvery+unanswered
}

// Fresh reports whether the person proved who they are so lately that they may do what
// needs that.
func (s Session) Fresh(now time.Time) bool { return s.AuthAt != nil && now.Sub(*s.AuthAt) <= FreshFor }

// Stale reports whether it is time to note that s is in use.
func (s Session) Stale(now time.Time) bool { return now.Sub(s.SeenAt) >= seenEvery }

// Digest names s in the log without giving it away.
func (s Session) Digest() string { return s.TokenHash[:min(len(s.TokenHash), 12)] }

// sitting is a session and whose it is, as one query reads them.
type sitting struct {
	Session
	Name    string
	Role    access.Role
	LogSize int64
	Unread  int
}

// BellLimit bounds the count of the bell, which says 99+ beyond.
const BellLimit = 100

// BySession finds who holds the token with this hash. It returns zero values when
// nobody does: the session is over, or its person may no longer sign in. Everything is
// read anew each time, so that an end takes effect on every replica at once.
func BySession(ctx context.Context, tx *models.Tx, tokenHash string) (Session, access.Actor, error) {
	rows, err := models.Raw[sitting](ctx, tx, `
		SELECT s.id, s.token_hash, s.person_id, s.created_at, s.seen_at, s.expires_at, s.ended_at, s.address, s.agent,
			s.issuer, s.subject, s.sid, s.id_token, s.auth_at, s.checked_at, s.check_at,
			p.name, p.role, (SELECT size FROM log_head WHERE id = 1) AS log_size,
			(SELECT count(*) FROM (SELECT 1 AS one FROM notices WHERE person_id = p.id AND read_at IS NULL LIMIT ?) unread) AS unread
		FROM sessions s JOIN people p ON p.id = s.person_id
		WHERE s.token_hash = ? AND s.ended_at IS NULL AND p.status = 'active' AND p.role <> ''`, BellLimit, tokenHash)
	if err != nil || len(rows) == 0 {
		return Session{}, access.Actor{}, err
	}
	s := rows[0]
	models.SawLog(ctx, s.LogSize)
	if s.Over(s.Role, tx.Now) {
		return Session{}, access.Actor{}, nil
	}
	s.Bell = &s.Unread
	return s.Session, access.Actor{ID: s.PersonID, Name: s.Name, Role: s.Role, Session: s.Digest()}, nil
}

// Begin starts a session, for twelve hours at most, or until ExpiresAt. Its token, whose hash is given, must never have been seen
// by anybody before: that is what makes fixing a victim's session impossible.
func (s *Session) Begin(ctx context.Context, tx *models.Tx) error {
	last := tx.Now.Add(SessionLife)
	if s.ExpiresAt.IsZero() || s.ExpiresAt.After(last) {
		s.ExpiresAt = last
	}
	s.CreatedAt, s.SeenAt = tx.Now, tx.Now
	if s.Sealed != nil {
		next := tx.Now.Add(CheckEvery)
		s.CheckedAt, s.CheckAt = &tx.Now, &next
	}
	return models.Put(ctx, tx, s)
}

// Seen notes that s is in use.
func (s Session) Seen(ctx context.Context, tx *models.Tx) error {
	_, err := models.Change(ctx, tx, Session{SeenAt: tx.Now}, models.Columns{"SeenAt"}, "id = ? AND ended_at IS NULL", s.ID)
	return err
}

// EndSession ends one session, whoever's it is, and reports whether it was still
// open. The caller logs it.
func EndSession(ctx context.Context, tx *models.Tx, id int64) (bool, error) {
	n, err := end(ctx, tx, "id = ?", id)
	return n > 0, err
}

// EndToken ends the session with this token, if there is one.
func EndToken(ctx context.Context, tx *models.Tx, tokenHash string) error {
	_, err := end(ctx, tx, "token_hash = ?", tokenHash)
	return err
}

// EndSessions ends all sessions of a person and reports how many there were.
func EndSessions(ctx context.Context, tx *models.Tx, person int64) (int, error) {
	return end(ctx, tx, "person_id = ?", person)
}

// EndSessionsBut ends all sessions of a person but the one they are in.
func EndSessionsBut(ctx context.Context, tx *models.Tx, person, keep int64) error {
	_, err := end(ctx, tx, "person_id = ? AND id <> ?", person, keep)
	return err
}

func end(ctx context.Context, tx *models.Tx, cond string, args ...any) (int, error) {
	return models.Change(ctx, tx, Session{EndedAt: &tx.Now}, models.Columns{"EndedAt", "IDToken", "Sealed"}, cond+" AND ended_at IS NULL", args...)
}

// EndedByProvider ends the session that the provider calls sid or, when sid is "", all
// that it opened for subject. It returns what it ended.
func EndedByProvider(ctx context.Context, tx *models.Tx, issuer, subject, sid string) ([]Session, error) {
	cond, args := "issuer = ? AND subject = ? AND ended_at IS NULL", []any{issuer, subject}
	if sid != "" {
		cond, args = "issuer = ? AND sid = ? AND ended_at IS NULL", []any{issuer, sid}
	}
	found, err := models.Rows[Session](tx).Where(cond, args...).Find(ctx)
	for _, s := range found {
		if err == nil {
			_, err = EndSession(ctx, tx, s.ID)
		}
	}
	return found, err
}

// Sessions lists the sessions in which a person with the role is signed in now, the
// one last used first.
func Sessions(ctx context.Context, tx *models.Tx, person int64, role access.Role) ([]Session, error) {
	list, err := models.Rows[Session](tx).
		Where("person_id = ? AND ended_at IS NULL AND expires_at > ? AND seen_at > ?", person, tx.Now, tx.Now.Add(-Idle(role))).
		Order("seen_at DESC, id DESC").Limit(100).Find(ctx)
	return slices.DeleteFunc(list, func(s Session) bool { return s.Over(role, tx.Now) }), err
}

// SessionByID finds a session of a person. Somebody else's is not found.
func SessionByID(ctx context.Context, tx *models.Tx, person, id int64) (Session, error) {
	s, err := models.Rows[Session](tx).Where("id = ? AND person_id = ?", id, person).Take(ctx)
	return models.One(s, err, "Session")
}
