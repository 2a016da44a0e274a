package engagement

import (
	"context"

	"assay/models"
	"assay/models/people"
)

// A Standing is what belongs to an engagement besides its own row, as its page shows it.
type Standing struct {
	Team       []Teammate // the lead first
	Rounds     []Round
	Proposal   Proposal        // that is open during fieldwork, if there is one
	Candidates []people.Person // for the team, if asked for
}

// StandingOf reads it in one query, and in the same one what else the page needs.
func StandingOf(ctx context.Context, tx *models.Tx, e Engagement, candidates bool, beside ...models.Reading) (s Standing, err error) {
	var grants []Auditor
	var members, others []people.Person
	var open []Proposal
	all := append([]models.Reading{
		models.Into(grantsOf(tx, e.ID), &grants),
		models.Into(models.Rows[people.Person](tx).Where("id IN (SELECT person_id FROM engagement_auditors WHERE engagement_id = ?)", e.ID), &members),
		models.Into(rounds(tx, e.ID), &s.Rounds),
	}, beside...)
	if e.Status == Fieldwork {
		all = append(all, models.Into(openProposals(tx, e.ID), &open))
	}
	if candidates {
		all = append(all, models.Into(free(tx, e), &others))
	}
	err = models.Together(ctx, tx, all...)
	names := make(map[int64]people.Person, len(members))
	for _, p := range members {
		names[p.ID] = p
	}
	s.Team, s.Candidates = Named(grants, names), fit(others, e)
	if len(open) > 0 {
		s.Proposal = open[0]
	}
	return s, err
}
