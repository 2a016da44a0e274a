package engagement_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"assay/models"
	"assay/models/engagement"
	"assay/models/freeze"
	"assay/models/modelstest"
)

func instant(t *testing.T, text string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// past sets the clock to the first instant after the period of e.
func past(t *testing.T, db *models.DB, e engagement.Engagement) {
	t.Helper()
	zone, err := e.Location()
	if err != nil {
		t.Fatal(err)
	}
	_, until := e.Period().Instants(zone)
	modelstest.At(db, until)
}

// covers agrees with the auditors on another kind and zone.
func (l *life) covers(kind engagement.Kind, zone string) {
	l.Helper()
	terms := l.e.Terms()
	if terms.Kind == kind && terms.Zone == zone {
		return
	}
	terms.Kind, terms.Zone = kind, zone
	l.must(l.propose(l.ana, terms))
	l.must(l.agree(l.ana, "Letter of 3 March 2026"))
	l.again()
}

// TestRule01AFreezeWaitsForTheEndOfThePeriod: a Type II report is about every day of its
// period, so its fieldwork cannot end while one of them is still to come where the company
// is. A Type I report is about one day. A readiness assessment is about no period.
func TestRule01AFreezeWaitsForTheEndOfThePeriod(t *testing.T) {
	for name, c := range map[string]struct {
		kind           engagement.Kind
		zone           string
		refused, taken string
		says           string
	}{
		"type II, New York":      {engagement.TypeII, "America/New_York", "2026-07-01T03:59:59Z", "2026-07-01T04:00:00Z", "runs until 2026-06-30"},
		"type II, Kiritimati":    {engagement.TypeII, "Pacific/Kiritimati", "2026-06-30T09:59:59Z", "2026-06-30T10:00:00Z", "from 2026-07-01 on"},
		"type I, New York":       {engagement.TypeI, "America/New_York", "2026-06-30T03:59:59Z", "2026-06-30T04:00:00Z", "as of 2026-06-30"},
		"type I, Kiritimati":     {engagement.TypeI, "Pacific/Kiritimati", "2026-06-29T09:59:59Z", "2026-06-29T10:00:00Z", "as of 2026-06-30"},
		"readiness, at any time": {engagement.Readiness, "America/New_York", "", "2026-03-20T12:00:00Z", ""},
	} {
		t.Run(name, func(t *testing.T) {
			lives(t, func(l *life) {
				l.covers(c.kind, c.zone)
				if c.refused != "" {
					modelstest.At(l.db, instant(l.T, c.refused))
					err := move(l.T, l.db, l.ana, &l.e, engagement.Reporting, "")
					if models.KindOf(err) != models.KindConflict || !strings.Contains(err.Error(), c.says) {
						l.Errorf("at %s: %v", c.refused, err)
					}
				}
				modelstest.At(l.db, instant(l.T, c.taken))
				l.must(move(l.T, l.db, l.ana, &l.e, engagement.Reporting, ""))
			})
		})
	}
}

// TestTheDatabaseRefusesAFreezeBeforeThePeriodIsOver knows no zones, so it refuses what is
// too early in every one of them.
func TestTheDatabaseRefusesAFreezeBeforeThePeriodIsOver(t *testing.T) {
	for kind, c := range map[engagement.Kind]struct{ refused, taken string }{
		engagement.TypeII: {"2026-06-29T23:59:59Z", "2026-06-30T00:00:00Z"},
		engagement.TypeI:  {"2026-06-28T23:59:59Z", "2026-06-29T00:00:00Z"},
	} {
		lives(t, func(l *life) {
			l.covers(kind, l.e.Zone)
			insert := func(at string) error {
				return l.as(l.ana, func(ctx context.Context, tx *models.Tx) error {
					zeros := strings.Repeat("0", 64)
					if _, err := models.Raw[freeze.Document](ctx, tx, "INSERT INTO freeze_documents (engagement_id, place, path, private, digest, body) VALUES (?, 0, 'x.json', false, ?, '{}') RETURNING place", l.e.ID, zeros); err != nil {
						return err
					}
					f := freeze.Freeze{EngagementID: l.e.ID, Slug: l.e.Slug, Digest: zeros, Documents: 1, FrozenBy: l.ana.ID, FrozenAt: instant(l.T, at)}
					return models.Insert(ctx, tx, &f, "engagement.freeze")
				})
			}
			if err := insert(c.refused); !models.Broken(err) {
				l.Errorf("%s, frozen at %s: %v", kind, c.refused, err)
			}
			if err := insert(c.taken); err != nil {
				l.Errorf("%s, frozen at %s: %v", kind, c.taken, err)
			}
		})
	}
}
