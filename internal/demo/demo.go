// Package demo is the invented company that a demonstration shows: Halyard AI, the
// people who work there, and fifteen months of what they did. Nothing of it is written
// past the rules: every record comes from the verb that a page would have called, by
// somebody who may, at the instant the log says.
package demo

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"math/rand/v2"
	"time"

	"assay/internal/blob"
	"assay/models"
	"assay/models/access"
	"assay/models/people"
	"assay/models/programme"
)

// Company is whose portal it is, and Zone is where its days begin.
const (
	Company = "Halyard AI"
	Zone    = "America/New_York"
)

// Open makes the company in db, a migrated database, and its files in store, unless it
// is there already. The story ends the day before db's clock, and is the same for
// everyone who begins on one day. Issuer is the identity provider that people will come
// from; when it moved since the last time, their accounts follow.
//
// All of it is one transaction, so a first start that is interrupted leaves nothing but
// files that nobody names, and the next one begins again.
func Open(ctx context.Context, db *models.DB, store blob.Store, issuer string) error {
	var ready bool
	err := db.Read(ctx, access.Clock, func(tx *models.Tx) error {
		p, err := programme.Current(ctx, tx)
		ready = p.Ready()
		return err
	})
	switch {
	case err != nil:
		return err
	case ready:
		return follow(ctx, db, issuer)
	}
	return tell(ctx, db, store, issuer)
}

// follow gives everyone's identity the present issuer. It is part of the address the
// demonstration listens on, and identity is issuer and subject, so that without this
// another port would be a company of strangers.
func follow(ctx context.Context, db *models.DB, issuer string) error {
	var moved []people.Person
	err := db.Read(ctx, access.Clock, func(tx *models.Tx) (err error) {
		moved, err = models.Rows[people.Person](tx).Where("subject <> '' AND issuer <> ?", issuer).Order("id").Find(ctx)
		return err
	})
	if err != nil || len(moved) == 0 {
		return err
	}
	return db.Write(ctx, access.Clock, func(tx *models.Tx) error {
		for _, p := range moved {
			p.Issuer = issuer
			note := models.Note{"reason": "The demonstration listens on another address."}
			if err := models.Update(ctx, tx, &p, models.Columns{"Issuer"}, "person.bind", note); err != nil {
				return err
			}
		}
		return nil
	})
}

func tell(ctx context.Context, db *models.DB, store blob.Store, issuer string) error {
	s, err := newStory(db.Now(), issuer)
	if err != nil {
		return err
	}
	s.shelf = newShelf(ctx, store)
	s.foundation()
	s.engagements()
	s.subservices()
	s.catalogue()
	s.routine()
	s.operation()
	s.incidents()
	s.matters()
	s.sampled()
	s.requests()
	s.tested()
	return s.play(ctx, db)
}

// chance is a source of numbers that depends on nothing but its name, so that two runs
// tell the same story.
func chance(name string) *rand.Rand {
	sum := sha256.Sum256([]byte(name))
	return rand.New(rand.NewPCG(binary.LittleEndian.Uint64(sum[:]), binary.LittleEndian.Uint64(sum[8:]))) //nolint:gosec // a story, no secret
}

// days is a span of civil dates, both inclusive.
type days struct{ from, to models.Date }

func (d days) label() string {
	from, to := d.from.In(time.UTC), d.to.In(time.UTC)
	switch {
	case from.Format("2006-01") == to.Format("2006-01"):
		return from.Format("January 2006")
	case d.from == d.to:
		return from.Format("2 January 2006")
	}
	return from.Format("January") + " to " + to.Format("January 2006")
}
