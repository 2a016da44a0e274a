package population

import (
	"context"
	"strings"
	"time"

	"assay/models"
	"assay/models/access"
	"assay/models/engagement"
)

// An Acceptance is an auditor's word that a locked list is complete and accurate enough to
// sample from. The company declares it by the lock; this is the other half, and an act of
// its own.
type Acceptance struct {
	models.Meta
	EngagementID int64
	PopulationID int64
	Slug         string
	Digest       string // the population digest that was accepted
	Note         string // what the auditor relied on
	AuditorID    int64
	EnteredBy    int64
	AcceptedAt   time.Time
}

// InEngagement is whose fieldwork it is.
func (a Acceptance) InEngagement() int64 { return a.EngagementID }

// TableName is where acceptances live.
func (Acceptance) TableName() string { return "population_acceptances" }

// Path is the address of the population.
func (a Acceptance) Path() string { return pathOf(a.Slug, a.PopulationID) }

// VisibleTo is that of the population.
func (Acceptance) VisibleTo(a access.Actor) (string, []any) {
	return ofVisible("population_acceptances", a)
}

// BroughtIn reports whether somebody else than the auditor entered it.
func (a Acceptance) BroughtIn() bool { return a.EnteredBy != a.AuditorID }

// AcceptanceOf is the auditor's acceptance of the record of p, if there is one.
func AcceptanceOf(ctx context.Context, tx *models.Tx, p Population) (a Acceptance, ok bool, err error) {
	list, err := models.Rows[Acceptance](tx).Where("population_id = ?", p.ID).Limit(1).Find(ctx)
	if err != nil || len(list) == 0 {
		return a, false, err
	}
	return list[0], true, nil
}

// Accept keeps that an auditor takes the completeness and accuracy record of a locked
// population. A record with doubts is accepted only with a word on them.
func Accept(ctx context.Context, tx *models.Tx, id, auditor int64, note string) (Acceptance, error) {
	p, err := ByID(ctx, tx, id)
	if err != nil {
		return Acceptance{}, err
	}
	by, err := fieldwork(ctx, tx, p, auditor)
	if err != nil {
		return Acceptance{}, err
	}
	_, accepted, err := AcceptanceOf(ctx, tx, p)
	switch {
	case err != nil:
		return Acceptance{}, err
	case p.Status != Locked:
		return Acceptance{}, models.Conflict("The company locks the list first. A draft can still change.")
	case accepted:
		return Acceptance{}, models.Conflict("The record of " + p.Code() + " is accepted already.")
	case len(p.Doubts()) > 0 && strings.TrimSpace(note) == "":
		return Acceptance{}, refuse("accepted", "Say what you relied on in spite of what has to be explained.")
	}
	a := p.acceptance(by)
	a.Note, a.AcceptedAt = note, tx.Now
	err = models.Insert(ctx, tx, &a, "population.accept", models.Note{"digest": a.Digest, "note": note})
	if models.Duplicate(err) {
		err = models.Conflict("The record of " + p.Code() + " is accepted already.")
	}
	return a, err
}

func (p Population) acceptance(by engagement.Authority) Acceptance {
	return Acceptance{EngagementID: p.EngagementID, PopulationID: p.ID, Slug: p.Slug, Digest: p.TextDigest, AuditorID: by.Auditor, EnteredBy: by.By}
}
