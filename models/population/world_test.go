package population_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"assay/internal/sheet"
	"assay/models"
	"assay/models/access"
	"assay/models/control"
	"assay/models/engagement"
	"assay/models/modelstest"
	"assay/models/people"
	"assay/models/population"
	"assay/models/sample"
)

// A world is a company in the fieldwork of an engagement, with an auditor of it and one
// of another engagement.
type world struct {
	*testing.T
	db                             *models.DB
	priya, admin, owner, executive access.Actor
	jonas, other                   access.Actor // auditors, with their engagements open
	engagement, elsewhere          engagement.Engagement
	control                        control.Control
	files                          map[string]string // what the store holds
}

func each(t *testing.T, f func(*world)) {
	t.Helper()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		w := &world{T: t, db: db, files: map[string]string{}}
		for role, a := range map[access.Role]*access.Actor{
			access.Compliance: &w.priya, access.Administrator: &w.admin, access.Owner: &w.owner, access.Executive: &w.executive,
		} {
			*a = modelstest.Person(t, db, role)
		}
		w.control = control.Control{Code: "CM-01", Title: "Peer review", Frequency: "event", Status: control.Effective, CreatedAt: modelstest.Now}
		w.must(w.as(access.Clock, func(ctx context.Context, tx *models.Tx) error {
			return models.Insert(ctx, tx, &w.control, "control.create")
		}))
		w.engagement, w.jonas = w.examined("SOC 2 Type II 2026", "Jonas Lindqvist")
		w.elsewhere, w.other = w.examined("Another one", "Olga Other")
		f(w)
	})
}

// examined is an engagement in fieldwork with its lead.
func (w *world) examined(name, lead string) (e engagement.Engagement, auditor access.Actor) {
	w.Helper()
	person := people.Person{Name: lead, Email: strings.Fields(lead)[0] + "@firm.example", Firm: "Brandt & Okafor", Role: access.Auditor, Status: people.Active, InvitedAt: modelstest.Now}
	w.must(w.as(access.Clock, func(ctx context.Context, tx *models.Tx) error {
		return models.Insert(ctx, tx, &person, "person.invite")
	}))
	w.must(w.as(w.priya, func(ctx context.Context, tx *models.Tx) (err error) {
		e, err = engagement.Create(ctx, tx, engagement.Terms{
			Name: name, Firm: "Brandt & Okafor", Kind: engagement.Readiness, Criteria: []string{"CC8.1"},
			PeriodStart: "2026-01-01", PeriodEnd: "2026-12-31", Zone: "America/New_York", OpensOn: "2026-02-01", ClosesOn: "2027-03-31",
		})
		if err == nil {
			err = engagement.AddAuditor(ctx, tx, e, person.ID, engagement.Lead)
		}
		return err
	}))
	for _, to := range []engagement.Status{engagement.Planning, engagement.Fieldwork} {
		w.must(w.as(w.priya, func(ctx context.Context, tx *models.Tx) error { return engagement.Move(ctx, tx, &e, to, "") }))
	}
	auditor = person.Actor()
	auditor.Engagements = []int64{e.ID}
	return e, auditor
}

func (w *world) as(a access.Actor, f func(context.Context, *models.Tx) error) error {
	return modelstest.As(w.T, w.db, a, f)
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

// refused fails the test unless err is of kind and says so.
func (w *world) refused(what string, err error, kind models.Kind, says string) {
	w.Helper()
	text := fmt.Sprint(err)
	var e *models.Error
	if errors.As(err, &e) {
		for field, why := range e.Fields {
			text += " " + field + ": " + why
		}
	}
	if err == nil || models.KindOf(err) != kind || !strings.Contains(text, says) {
		w.Errorf("%s: got %s", what, text)
	}
}

// broken fails the test unless the database itself refused.
func (w *world) broken(what string, err error) {
	w.Helper()
	if !models.Broken(err) {
		w.Errorf("%s: got %v", what, err)
	}
}

// changes is a list of forty merges in 2026.
func changes() string {
	var b strings.Builder
	b.WriteString("key,occurred_at,approver\n")
	for i := range 40 {
		fmt.Fprintf(&b, "CHG-%03d,2026-%02d-%02dT17:00:00Z,user%d\n", i+1, i%12+1, i%28+1, i%3)
	}
	return b.String()
}

// store keeps text as the blob store does.
func (w *world) store(text string) string {
	h := sha256.Sum256([]byte(text))
	digest := hex.EncodeToString(h[:])
	w.files[digest] = text
	return digest
}

// rows opens a stored file.
func (w *world) rows(digest string) func() (sheet.Rows, error) {
	return func() (sheet.Rows, error) {
		return sheet.Stream(w.Context(), strings.NewReader(w.files[digest]), "changes.csv", sheet.Large)
	}
}

// parcel reads a file as the form does.
func (w *world) parcel(csv string) population.Parcel {
	w.Helper()
	digest := w.store(csv)
	rows, err := w.rows(digest)()
	w.must(err)
	zone, err := w.engagement.Location()
	w.must(err)
	sealed, record, err := sample.Read(rows, sample.Columns{Key: "key", When: "occurred_at"}, sample.Terms{Period: w.engagement.Period(), Zone: zone}, io.Discard)
	w.must(err)
	return population.Parcel{
		ControlID: w.control.ID,
		Source: population.Source{
			Name: "Merges to production", System: "GitHub", Environment: "production", Query: "is:merged", Extractor: "audit API", ExtractedAt: w.db.Now().Add(-time.Hour), SourceCount: int64(record.Rows),
			Note: "Taken by the nightly export.",
		},
		File: population.File{
			FileName: "changes.csv", Digest: digest, Size: int64(len(csv)), Columns: rows.Header, KeyColumn: "key", WhenColumn: "occurred_at",
			RowCount: int64(record.Rows), TextDigest: sealed.Digest, Record: models.Doc[sample.Record]{V: record},
		},
	}
}

func (w *world) imported(in population.Parcel) population.Population {
	w.Helper()
	var p population.Population
	w.must(w.as(w.priya, func(ctx context.Context, tx *models.Tx) (err error) {
		p, err = population.Import(ctx, tx, w.engagement, in)
		return err
	}))
	return p
}

func proof() population.Proof {
	return population.Proof{ToSource: []population.Trace{{Key: "CHG-003", Held: true}}, ToList: []population.Trace{{Key: "CHG-009", Held: true}}}
}

func (w *world) prove(p *population.Population, proof population.Proof) error {
	return w.as(w.priya, func(ctx context.Context, tx *models.Tx) error { return population.Prove(ctx, tx, p, proof) })
}

func (w *world) lock(p *population.Population) error {
	return w.as(w.priya, func(ctx context.Context, tx *models.Tx) error { return population.Lock(ctx, tx, p) })
}

// locked is a population of the forty merges.
func (w *world) locked() population.Population {
	w.Helper()
	p := w.imported(w.parcel(changes()))
	w.must(w.prove(&p, proof()))
	w.must(w.lock(&p))
	w.must(w.accept(w.priya, p, "The export was watched."))
	return p
}

// accept enters that Jonas accepts the record of p.
func (w *world) accept(a access.Actor, p population.Population, note string) error {
	return w.as(a, func(ctx context.Context, tx *models.Tx) error {
		_, err := population.Accept(ctx, tx, p.ID, w.jonas.ID, note)
		return err
	})
}

// writer is Jonas with the fieldwork of the engagement.
func (w *world) writer() access.Actor {
	a := w.jonas
	a.Fieldwork = []int64{w.engagement.ID}
	return a
}

func (w *world) ticket(change func(*population.Ticket)) population.Ticket {
	w.Helper()
	t := population.Ticket{Method: sample.Random, Seed: "7f3c-auditor-2026", Size: 5, Auditor: w.jonas.ID}
	if change != nil {
		change(&t)
	}
	t, err := t.Prepared()
	w.must(err)
	return t
}

func (w *world) draw(p population.Population, t population.Ticket) (s population.Selection, err error) {
	w.Helper()
	d, err := population.Repeat(p, w.rows(p.Digest), t, t.Size, nil)
	if err != nil {
		return s, err
	}
	err = w.as(w.priya, func(ctx context.Context, tx *models.Tx) error {
		s, err = population.Draw(ctx, tx, d)
		return err
	})
	return s, err
}

func (w *world) drawn(p population.Population, t population.Ticket) population.Selection {
	w.Helper()
	s, err := w.draw(p, t)
	w.must(err)
	return s
}

func (w *world) extend(p population.Population, s population.Selection, size int) error {
	w.Helper()
	d, err := population.Repeat(p, w.rows(p.Digest), s.Ticket(), size, s.Excluded())
	w.must(err)
	return w.as(w.priya, func(ctx context.Context, tx *models.Tx) error {
		return population.Extend(ctx, tx, s, d, w.jonas.ID, "One deviation was found.")
	})
}

func (w *world) exclude(p population.Population, s population.Selection, item population.Item, class population.Class, reason string) error {
	w.Helper()
	d, err := population.Repeat(p, w.rows(p.Digest), s.Ticket(), s.Target(), append(s.Excluded(), item.Key))
	w.must(err)
	return w.as(w.priya, func(ctx context.Context, tx *models.Tx) error {
		return population.Exclude(ctx, tx, s, item.ID, d, class, reason, w.jonas.ID)
	})
}

// again reads a sample as it is now.
func (w *world) again(a access.Actor, s population.Selection) (out population.Selection) {
	w.Helper()
	modelstest.Look(w.T, w.db, a, func(ctx context.Context, tx *models.Tx) (err error) {
		out, err = population.SampleByCode(ctx, tx, s.PopulationID, s.Code())
		return err
	})
	return out
}

func keys(s population.Selection) string {
	var out []string
	for _, i := range s.Items {
		out = append(out, i.Key)
	}
	return strings.Join(out, " ")
}

// fieldsOf are the fields that an Invalid names.
func fieldsOf(err error) (out []string) {
	var e *models.Error
	if errors.As(err, &e) {
		for field := range e.Fields {
			out = append(out, field)
		}
	}
	return out
}
