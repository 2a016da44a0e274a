package binder_test

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"assay/internal/binder"
	"assay/internal/sheet"
	"assay/internal/tlog"
	"assay/models"
	"assay/models/access"
	nouns "assay/models/binder"
	"assay/models/control"
	"assay/models/engagement"
	"assay/models/evidence"
	"assay/models/finding"
	"assay/models/framework"
	"assay/models/freeze"
	"assay/models/modelstest"
	"assay/models/people"
	"assay/models/population"
	"assay/models/sample"
	"assay/models/subservice"
)

// A world is a company at the end of the fieldwork of an examination of 2026.
type world struct {
	*testing.T
	db                       *models.DB
	priya, ines, owner, exec access.Actor
	jonas, olga              access.Actor // auditors of engagement and of elsewhere
	engagement, elsewhere    engagement.Engagement
	control                  control.Control
	signer                   *tlog.Signer
	files                    map[string]string // what the store holds
}

func each(t *testing.T, f func(*world)) {
	t.Helper()
	modelstest.Each(t, func(t *testing.T, db *models.DB) { f(newWorld(t, db)) })
}

func newWorld(t *testing.T, db *models.DB) *world {
	t.Helper()
	w := &world{T: t, db: db, files: map[string]string{}}
	w.on("2026-01-05")
	var err error
	w.signer, err = tlog.LoadSigner(filepath.Join(t.TempDir(), "log.key"), "assay/test")
	w.must(err)
	w.priya, w.ines = modelstest.Person(t, db, access.Compliance), modelstest.Person(t, db, access.Compliance)
	w.owner, w.exec = modelstest.Person(t, db, access.Owner), modelstest.Person(t, db, access.Executive)
	w.control = w.scoped("CM-01", "CC8.1")
	w.scoped("HR-09", "P1.1") // of no engagement
	w.engagement, w.jonas = w.examined("SOC 2 Type II 2026", "Jonas Lindqvist")
	w.elsewhere, w.olga = w.examined("Another one", "Olga Other")
	return w
}

// on sets the clock to noon of a day.
func (w *world) on(day models.Date) { modelstest.At(w.db, day.In(time.UTC).Add(12*time.Hour)) }

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

func (w *world) as(a access.Actor, f func(context.Context, *models.Tx) error) error {
	return modelstest.As(w.T, w.db, a, f)
}

func (w *world) do(a access.Actor, f func(context.Context, *models.Tx) error) {
	w.Helper()
	w.must(w.as(a, f))
}

// scoped is a control with a version in effect since the year began.
func (w *world) scoped(code, criterion string) control.Control {
	w.Helper()
	c := control.Control{Code: code, Title: "Peer review", Frequency: "event", Status: control.Effective, OwnerID: &w.owner.ID, CreatedAt: w.db.Now()}
	w.do(access.Clock, func(ctx context.Context, tx *models.Tx) error {
		if err := models.Insert(ctx, tx, &c, "control.create"); err != nil {
			return err
		}
		if err := control.Place(ctx, tx, &c); err != nil {
			return err
		}
		if _, err := models.Raw[control.Control](ctx, tx, `INSERT INTO control_criteria (control_id, framework, code) VALUES (?, 'soc2-tsc', ?) RETURNING control_id AS id`, c.ID, criterion); err != nil {
			return err
		}
		now := w.db.Now()
		v := control.Version{
			ControlID: c.ID, Code: c.Code, Number: 1, Status: control.Effective, Content: control.Content{Title: c.Title, Statement: "Every change is reviewed.", Frequency: "event", Criteria: models.List[framework.Ref]{{Framework: framework.SOC2, Code: criterion}}},
			AuthoredAt: now, ApproverID: &w.priya.ID, ApprovedAt: &now, EffectiveFrom: "2026-01-01",
		}
		return models.Insert(ctx, tx, &v, "control.approve")
	})
	return c
}

// examined is an engagement in fieldwork with its lead.
func (w *world) examined(name, lead string) (e engagement.Engagement, auditor access.Actor) {
	w.Helper()
	person := people.Person{Name: lead, Email: strings.Fields(lead)[0] + "@firm.example", Firm: "Brandt & Okafor", Role: access.Auditor, Status: people.Active, InvitedAt: w.db.Now()}
	w.do(access.Clock, func(ctx context.Context, tx *models.Tx) error {
		return models.Insert(ctx, tx, &person, "person.invite")
	})
	w.do(w.priya, func(ctx context.Context, tx *models.Tx) (err error) {
		e, err = engagement.Create(ctx, tx, engagement.Terms{
			Name: name, Firm: "Brandt & Okafor", Kind: engagement.Readiness, Criteria: []string{"CC8.1"},
			PeriodStart: "2026-01-01", PeriodEnd: "2026-06-30", Zone: "America/New_York", OpensOn: "2026-02-01", ClosesOn: "2026-12-31",
		})
		if err == nil {
			err = engagement.AddAuditor(ctx, tx, e, person.ID, engagement.Lead)
		}
		return err
	})
	for _, to := range []engagement.Status{engagement.Planning, engagement.Fieldwork} {
		w.do(w.priya, func(ctx context.Context, tx *models.Tx) error { return engagement.Move(ctx, tx, &e, to, "") })
	}
	auditor = person.Actor()
	auditor.Engagements = []int64{e.ID}
	return e, auditor
}

// store keeps text as the blob store does.
func (w *world) store(text string) string {
	h := sha256.Sum256([]byte(text))
	digest := hex.EncodeToString(h[:])
	w.files[digest] = text
	return digest
}

func (w *world) upload(name, text string) evidence.Upload {
	return evidence.Upload{Name: name, Digest: w.store(text), Size: int64(len(text))}
}

// accepted is evidence of these days that somebody else found good.
func (w *world) accepted(replaces *int64, from, to models.Date, files ...evidence.Upload) (i evidence.Item) {
	w.Helper()
	performed := w.db.Now().Add(-time.Hour)
	w.do(w.owner, func(ctx context.Context, tx *models.Tx) (err error) {
		i, err = evidence.Store(ctx, tx, evidence.Parcel{ControlID: w.control.ID, Files: files, Details: evidence.Details{
			Title: "Reviews of " + string(from[:7]), Kind: "system_export", Source: "GitHub", PerformedAt: &performed, CoversFrom: from, CoversTo: to, SupersedesID: replaces,
		}})
		if err == nil {
			i, err = evidence.Submit(ctx, tx, i.ID, i.Rev)
		}
		return err
	})
	w.do(w.priya, func(ctx context.Context, tx *models.Tx) (err error) {
		i, err = evidence.Accept(ctx, tx, i.ID, i.Rev, "")
		return err
	})
	return i
}

// changes is a list of forty merges in the period.
func changes() string {
	var b strings.Builder
	b.WriteString("key,occurred_at,approver,points\n")
	for i := range 40 {
		fmt.Fprintf(&b, "CHG-%03d,2026-%02d-%02dT17:00:00Z,user%d,%d\n", i+1, i%6+1, i%28+1, i%3, 10*i+5)
	}
	return b.String()
}

func (w *world) rows(digest string) func() (sheet.Rows, error) {
	return func() (sheet.Rows, error) {
		return sheet.Stream(w.Context(), strings.NewReader(w.files[digest]), "changes.csv", sheet.Large)
	}
}

// locked is a population of those merges.
func (w *world) locked() population.Population {
	w.Helper()
	return w.lockedList(changes(), nil)
}

// lockedList is a population of these rows, or the next version of one.
func (w *world) lockedList(list string, before *population.Population) (p population.Population) {
	w.Helper()
	var follows population.Parcel
	if before != nil {
		follows.Replaces, follows.ChangeNote = before.ID, "The export was cut off."
		follows.Change.Added = sample.Noted{Count: 1, Examples: []string{"CHG-041"}}
	}
	digest := w.store(list)
	rows, err := w.rows(digest)()
	w.must(err)
	zone, err := w.engagement.Location()
	w.must(err)
	var text bytes.Buffer
	sealed, record, err := sample.Read(rows, sample.Columns{Key: "key", When: "occurred_at"}, sample.Terms{Period: w.engagement.Period(), Zone: zone}, &text)
	w.must(err)
	w.store(text.String())
	w.do(w.priya, func(ctx context.Context, tx *models.Tx) error {
		p, err = population.Import(ctx, tx, w.engagement, population.Parcel{
			ControlID: w.control.ID, Replaces: follows.Replaces, ChangeNote: follows.ChangeNote, Change: follows.Change,
			Source: population.Source{
				Name: "Merges to production", System: "GitHub", Environment: "production", Query: "is:merged", Extractor: "audit API",
				ExtractedAt: w.db.Now().Add(-time.Hour), SourceCount: int64(record.Rows), Note: "Taken by the nightly export.",
			},
			File: population.File{
				FileName: "changes.csv", Digest: digest, Size: int64(len(list)), Columns: rows.Header, KeyColumn: "key", WhenColumn: "occurred_at",
				RowCount: int64(record.Rows), TextDigest: sealed.Digest, Record: models.Doc[sample.Record]{V: record},
			},
		})
		if err == nil {
			err = population.Prove(ctx, tx, &p, population.Proof{
				ToSource: []population.Trace{{Key: "CHG-003", Held: true}}, ToList: []population.Trace{{Key: "CHG-009", Held: true}}, Assessment: "The list ends before the period does.",
			})
		}
		if err == nil {
			err = population.Lock(ctx, tx, &p)
		}
		if err == nil {
			_, err = population.Accept(ctx, tx, p.ID, w.jonas.ID, "Traced both ways.")
		}
		return err
	})
	return p
}

func (w *world) draw(p population.Population, t population.Ticket) (s population.Selection) {
	w.Helper()
	t.Auditor = w.jonas.ID
	t, err := t.Prepared()
	w.must(err)
	d, err := population.Repeat(p, w.rows(p.Digest), t, t.Size, nil)
	w.must(err)
	w.do(w.priya, func(ctx context.Context, tx *models.Tx) (err error) {
		s, err = population.Draw(ctx, tx, d)
		return err
	})
	return s
}

// replace excludes the first item of a sample and then makes it longer.
func (w *world) replace(p population.Population, s population.Selection) {
	w.Helper()
	d, err := population.Repeat(p, w.rows(p.Digest), s.Ticket(), s.Target(), []string{s.Items[0].Key})
	w.must(err)
	w.do(w.priya, func(ctx context.Context, tx *models.Tx) error {
		return population.Exclude(ctx, tx, s, s.Items[0].ID, d, population.Duplicate, "The same merge twice.", w.jonas.ID)
	})
	modelstest.Look(w.T, w.db, w.priya, func(ctx context.Context, tx *models.Tx) (err error) {
		s, err = population.SampleByCode(ctx, tx, p.ID, s.Code())
		return err
	})
	d, err = population.Repeat(p, w.rows(p.Digest), s.Ticket(), 7, s.Excluded())
	w.must(err)
	w.do(w.priya, func(ctx context.Context, tx *models.Tx) error {
		return population.Extend(ctx, tx, s, d, w.jonas.ID, "One deviation was found.")
	})
}

// raised is a finding of the audit.
func (w *world) raised() int64 {
	w.Helper()
	var f finding.Finding
	w.do(w.priya, func(ctx context.Context, tx *models.Tx) (err error) {
		f, err = finding.Raise(ctx, tx, finding.Facts{
			Title: "1 of 25 changes without review", Condition: "CHG-017 was merged by its author.", Source: finding.FromAudit,
			EngagementID: w.engagement.ID, OwnerID: w.owner.ID, Controls: []int64{w.control.ID},
		})
		return err
	})
	return f.ID
}

// full is fieldwork with something of everything.
func (w *world) full() {
	w.Helper()
	w.on("2026-04-02")
	w.accepted(nil, "2026-01-01", "2026-01-31", w.upload("january.csv", "change,reviewer\n1,ana\n"))
	w.accepted(nil, "2026-02-01", "2026-02-28", w.upload("Über den Februar: ../../etc/passwd", "february"), w.upload("note.txt", "n"))
	p := w.locked()
	w.replace(p, w.draw(p, population.Ticket{Method: sample.Random, Seed: "7f3c-auditor-2026", Size: 5}))
	w.draw(p, population.Ticket{Method: sample.Systematic, Seed: "s2", Size: 4})
	w.draw(p, population.Ticket{Method: sample.Monetary, Seed: "s3", Amount: "points", Every: 2000})
	w.draw(p, population.Ticket{Method: sample.Judgemental, Keys: []string{"CHG-017", "CHG-003"}, Reason: "Their author merged them."})
	w.draw(p, population.Ticket{Method: sample.Full})
	w.raised()
	w.complemented()
	w.sign()
}

// complemented lists what user entities have to do.
func (w *world) complemented() {
	w.Helper()
	w.do(w.priya, func(ctx context.Context, tx *models.Tx) error {
		_, err := subservice.Expect(ctx, tx, w.engagement, nil, subservice.Content{Text: "User entities approve their own releases.", Criteria: models.List[string]{"CC8.1"}})
		return err
	})
}

func (w *world) sign() {
	w.Helper()
	_, err := w.db.SignCheckpoint(w.Context(), w.signer)
	w.must(err)
}

// report freezes the engagement and takes it to reporting.
func (w *world) report() {
	w.Helper()
	w.do(w.priya, func(ctx context.Context, tx *models.Tx) error { return freeze.Report(ctx, tx, &w.engagement, "") })
	w.sign()
}

func (w *world) maker() nouns.Maker {
	return nouns.Maker{DB: w.db, Sign: w.signer.SignText, Key: w.signer.VerifierKey, Open: func(_ context.Context, digest string) (io.ReadCloser, int64, error) {
		text, ok := w.files[digest]
		if !ok {
			return nil, 0, fmt.Errorf("no blob %s", digest)
		}
		return io.NopCloser(strings.NewReader(text)), int64(len(text)), nil
	}}
}

func (w *world) prepare(a access.Actor) (*nouns.Job, error) {
	return w.maker().Prepare(w.Context(), a, w.engagement.Slug)
}

// export is the archive as the actor gets it.
func (w *world) export(a access.Actor) []byte {
	w.Helper()
	j, err := w.prepare(a)
	w.must(err)
	var b bytes.Buffer
	w.must(j.Write(w.Context(), &b))
	if int64(b.Len()) != j.Size {
		w.Errorf("the archive has %d bytes, and was said to have %d", b.Len(), j.Size)
	}
	return b.Bytes()
}

func (w *world) verify(archive []byte, change func(*binder.Options)) binder.Report {
	w.Helper()
	o := binder.Options{Key: w.signer.VerifierKey, Redraw: nouns.Redraw, Steps: nouns.Steps}
	if change != nil {
		change(&o)
	}
	r, err := binder.Verify(w.Context(), bytes.NewReader(archive), int64(len(archive)), o)
	w.must(err)
	return r
}

func (w *world) holds(archive []byte) binder.Report {
	w.Helper()
	r := w.verify(archive, nil)
	if len(r.Problems) > 0 {
		w.Errorf("it does not hold:\n%s", strings.Join(r.Problems, "\n"))
	}
	return r
}

// unpacked is what an archive holds, by path.
func unpacked(tb testing.TB, archive []byte) map[string]string {
	tb.Helper()
	z, err := zip.NewReader(bytes.NewReader(archive), int64(len(archive)))
	if err != nil {
		tb.Fatal(err)
	}
	out := map[string]string{}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			tb.Fatal(err)
		}
		b, err := io.ReadAll(r)
		if err != nil {
			tb.Fatal(err)
		}
		out[f.Name] = string(b)
	}
	return out
}

func sum(s string) string {
	h := sha256.Sum256([]byte(s))
	return hex.EncodeToString(h[:])
}

// engagementFrozen is when.
func (w *world) engagementFrozen() (at time.Time) {
	w.Helper()
	modelstest.Look(w.T, w.db, w.priya, func(ctx context.Context, tx *models.Tx) error {
		f, _, err := freeze.Of(ctx, tx, w.engagement.ID)
		at = f.FrozenAt.UTC()
		return err
	})
	return at
}
