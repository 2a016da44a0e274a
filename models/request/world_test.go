package request_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"assay/models"
	"assay/models/access"
	"assay/models/control"
	"assay/models/engagement"
	"assay/models/evidence"
	"assay/models/framework"
	"assay/models/freeze"
	"assay/models/modelstest"
	"assay/models/people"
	"assay/models/request"
)

// A world is a company in the fieldwork of two engagements that overlap. Of the first,
// Miriam may write, and Jonas, of the same firm, only reads; Olga is of the other one.
type world struct {
	*testing.T
	db                                *models.DB
	priya, ines, admin, ana, ben, eve access.Actor // two compliance managers, an administrator, two owners, an executive
	miriam, jonas, olga               access.Actor
	engagement, elsewhere             engagement.Engagement
	control                           control.Control
}

func each(t *testing.T, f func(*world)) {
	t.Helper()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		w := &world{T: t, db: db}
		for role, actors := range map[access.Role][]*access.Actor{
			access.Compliance: {&w.priya, &w.ines}, access.Administrator: {&w.admin}, access.Owner: {&w.ana, &w.ben}, access.Executive: {&w.eve},
		} {
			for _, a := range actors {
				*a = modelstest.Person(t, db, role)
			}
		}
		w.control = w.addControl("CM-01", "CC8.1")
		w.engagement = w.examined("SOC 2 2026")
		w.elsewhere = w.examined("Another one")
		w.miriam, w.jonas, w.olga = w.auditor("Miriam Brandt", w.engagement, true), w.auditor("Jonas Lindqvist", w.engagement, false), w.auditor("Olga Other", w.elsewhere, true)
		f(w)
	})
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

// addControl is one of Ana's, effective from 1 January 2026.
func (w *world) addControl(code, criterion string, evidence ...string) control.Control {
	w.Helper()
	row := control.Control{Code: code, Title: "Peer review", Frequency: "quarterly", Status: control.Effective, OwnerID: &w.ana.ID, BackupID: &w.ben.ID, CreatedAt: modelstest.Now, Version: 1}
	w.must(w.as(access.Clock, func(ctx context.Context, tx *models.Tx) error {
		if err := models.Insert(ctx, tx, &row, "control.create"); err != nil {
			return err
		}
		if _, err := models.Raw[control.Control](ctx, tx, `INSERT INTO control_criteria (control_id, framework, code) VALUES (?, 'soc2-tsc', ?) RETURNING control_id AS id`, row.ID, criterion); err != nil {
			return err
		}
		v := control.Version{
			ControlID: row.ID, Code: code, Number: 1, Status: control.Effective, AuthoredAt: modelstest.Now, ApproverID: &w.priya.ID, ApprovedAt: &modelstest.Now, EffectiveFrom: "2026-01-01",
			Content: control.Content{Title: row.Title, Statement: "x", Frequency: "quarterly", Evidence: evidence, Criteria: models.List[framework.Ref]{{Framework: framework.SOC2, Code: criterion}}},
		}
		return models.Insert(ctx, tx, &v, "control.approve")
	}))
	return row
}

func (w *world) examined(name string) (e engagement.Engagement) {
	w.Helper()
	w.must(w.as(w.priya, func(ctx context.Context, tx *models.Tx) (err error) {
		e, err = engagement.Create(ctx, tx, engagement.Terms{
			Name: name, Firm: "Brandt & Okafor", Kind: engagement.Readiness, Criteria: []string{"CC8.1"},
			PeriodStart: "2026-01-01", PeriodEnd: "2026-12-31", Zone: "America/New_York", OpensOn: "2026-02-01", ClosesOn: "2027-03-31",
		})
		return err
	}))
	w.moveTo(&e, engagement.Planning)
	w.moveTo(&e, engagement.Fieldwork)
	return e
}

func (w *world) moveTo(e *engagement.Engagement, to engagement.Status) {
	w.Helper()
	w.must(w.as(w.priya, func(ctx context.Context, tx *models.Tx) error {
		if to == engagement.Reporting {
			return freeze.Report(ctx, tx, e, "")
		}
		return engagement.Move(ctx, tx, e, to, "for the test")
	}))
}

func (w *world) auditor(name string, e engagement.Engagement, writes bool) access.Actor {
	w.Helper()
	p := people.Person{Name: name, Email: strings.Fields(name)[0] + "@firm.example", Firm: "Brandt & Okafor", Role: access.Auditor, Status: people.Active, InvitedAt: modelstest.Now}
	w.must(w.as(access.Clock, func(ctx context.Context, tx *models.Tx) error { return models.Insert(ctx, tx, &p, "person.invite") }))
	w.must(w.as(w.priya, func(ctx context.Context, tx *models.Tx) error {
		return engagement.AddAuditor(ctx, tx, e, p.ID, engagement.Member)
	}))
	a := p.Actor()
	a.Engagements = []int64{e.ID}
	if writes {
		w.must(w.as(w.admin, func(ctx context.Context, tx *models.Tx) error {
			team, err := engagement.Team(ctx, tx, e.ID)
			for _, t := range team {
				if t.PersonID == p.ID {
					return engagement.GrantFieldwork(ctx, tx, e, t.ID, t.Rev)
				}
			}
			return err
		}))
		a.Fieldwork = a.Engagements
	}
	return a
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

// ask is what most tests ask for.
func (w *world) ask() request.Ask {
	return request.Ask{
		Question: request.Question{Reference: "PBC 12", Title: "Merges to production", ControlID: &w.control.ID, OwnerID: &w.ana.ID, DueOn: "2026-03-20"},
		Items:    []string{"The list of merges", "The review of one"},
	}
}

func (w *world) write(a access.Actor, in request.Ask) (r request.Request, err error) {
	err = w.as(a, func(ctx context.Context, tx *models.Tx) error {
		r, err = request.Write(ctx, tx, w.engagement, in)
		return err
	})
	return r, err
}

func (w *world) written(a access.Actor, in request.Ask) request.Request {
	w.Helper()
	r, err := w.write(a, in)
	w.must(err)
	return r
}

// A turn is a verb that takes a request a step further.
type turn func(context.Context, *models.Tx, engagement.Engagement, *request.Request) error

func accept(auditor access.Actor) turn {
	return func(ctx context.Context, tx *models.Tx, e engagement.Engagement, r *request.Request) error {
		return request.Accept(ctx, tx, e, r, auditor.ID)
	}
}

func giveBack(auditor access.Actor, reason string) turn {
	return func(ctx context.Context, tx *models.Tx, e engagement.Engagement, r *request.Request) error {
		return request.Return(ctx, tx, e, r, auditor.ID, reason)
	}
}

func sendBack(reason string) turn {
	return func(ctx context.Context, tx *models.Tx, e engagement.Engagement, r *request.Request) error {
		return request.SendBack(ctx, tx, e, r, reason)
	}
}

func cancel(reason string) turn {
	return func(ctx context.Context, tx *models.Tx, e engagement.Engagement, r *request.Request) error {
		return request.Cancel(ctx, tx, e, r, reason)
	}
}

// try takes r a step further; it stays as it was when that is refused.
func (w *world) try(a access.Actor, r *request.Request, verb turn) error {
	next := *r
	err := w.as(a, func(ctx context.Context, tx *models.Tx) error { return verb(ctx, tx, w.engagement, &next) })
	if err == nil {
		*r = next
	}
	return err
}

func (w *world) take(a access.Actor, r *request.Request, verbs ...turn) {
	w.Helper()
	for _, verb := range verbs {
		w.must(w.try(a, r, verb))
	}
}

func (w *world) items(r request.Request) (out []request.Item) {
	w.Helper()
	who := w.miriam // who sees what the firm only drafts
	if r.Side == request.Company {
		who = w.priya
	}
	modelstest.Look(w.T, w.db, who, func(ctx context.Context, tx *models.Tx) (err error) {
		out, err = request.Items(ctx, tx, r.ID)
		return err
	})
	return out
}

func (w *world) reply(a access.Actor, r *request.Request, item int64, code, words string) (out request.Answer, err error) {
	next := *r
	err = w.as(a, func(ctx context.Context, tx *models.Tx) error {
		out, err = request.Reply(ctx, tx, w.engagement, &next, item, code, words)
		return err
	})
	if err == nil {
		*r = next
	}
	return out, err
}

// proof is evidence of Ana's for the control and February.
func (w *world) proof(name string) evidence.Item {
	w.Helper()
	h := sha256.Sum256([]byte(name))
	day := modelstest.Now.Add(-24 * time.Hour)
	var i evidence.Item
	w.must(w.as(w.ana, func(ctx context.Context, tx *models.Tx) (err error) {
		i, err = evidence.Store(ctx, tx, evidence.Parcel{
			ControlID: w.control.ID, Files: []evidence.Upload{{Name: name + ".csv", Digest: hex.EncodeToString(h[:]), Size: 4}},
			Details: evidence.Details{Title: name, Kind: "system_export", Source: "GitHub", PerformedAt: &day, CoversFrom: "2026-02-01", CoversTo: "2026-02-28"},
		})
		if err == nil {
			i, err = evidence.Submit(ctx, tx, i.ID, i.Rev)
		}
		return err
	}))
	return i
}

func (w *world) approve(i evidence.Item) {
	w.Helper()
	w.must(w.as(w.priya, func(ctx context.Context, tx *models.Tx) error {
		_, err := evidence.Accept(ctx, tx, i.ID, i.Rev, "")
		return err
	}))
}

// answered is a request of Miriam's with accepted evidence and words for its two items,
// ready for the release check.
func (w *world) answered() request.Request {
	w.Helper()
	r := w.written(w.miriam, w.ask())
	w.take(w.miriam, &r, request.OpenUp)
	i := w.proof("merges")
	w.approve(i)
	items := w.items(r)
	_, err := w.reply(w.ana, &r, items[0].ID, i.Code(), "")
	w.must(err)
	_, err = w.reply(w.ana, &r, items[1].ID, "", "Each row names its reviewer.")
	w.must(err)
	w.take(w.ana, &r, request.Fulfil)
	return r
}

func (w *world) released() request.Request {
	w.Helper()
	r := w.answered()
	w.take(w.priya, &r, request.Release)
	return r
}

// sees reports whether a finds r at all.
func (w *world) sees(a access.Actor, r request.Request) bool {
	w.Helper()
	err := w.db.Read(w.Context(), a, func(tx *models.Tx) error {
		_, err := request.ByCode(w.Context(), tx, r.EngagementID, r.Code())
		return err
	})
	if err != nil && models.KindOf(err) != models.KindNotFound {
		w.Fatal(err)
	}
	return err == nil
}

// shown is how many answers, messages and steps of r somebody reads.
func (w *world) shown(a access.Actor, r request.Request) (answers, messages, steps int) {
	w.Helper()
	modelstest.Look(w.T, w.db, a, func(ctx context.Context, tx *models.Tx) error {
		as, err := request.Answers(ctx, tx, r.ID)
		if err != nil {
			return err
		}
		p, err := request.PartsOf(ctx, tx, r.ID, 0)
		if err != nil {
			return err
		}
		ss, err := request.StepsOf(ctx, tx, r.ID)
		answers, messages, steps = len(as), len(p.Thread), len(ss)
		return err
	})
	return answers, messages, steps
}

func (w *world) say(a access.Actor, r request.Request, to request.Audience, text string) error {
	return w.as(a, func(ctx context.Context, tx *models.Tx) error {
		_, err := request.Say(ctx, tx, w.engagement, r, to, text)
		return err
	})
}

// told are the sentences of the notices of a kind that somebody got.
func (w *world) told(a access.Actor, kind string) (out []string) {
	w.Helper()
	type row struct{ Sentence string }
	modelstest.Look(w.T, w.db, a, func(ctx context.Context, tx *models.Tx) error {
		rows, err := models.Raw[row](ctx, tx, "SELECT sentence FROM notices WHERE person_id = ? AND kind = ? ORDER BY id", a.ID, kind)
		for _, r := range rows {
			out = append(out, r.Sentence)
		}
		return err
	})
	return out
}
