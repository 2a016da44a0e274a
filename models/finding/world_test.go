package finding_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"assay/models"
	"assay/models/access"
	"assay/models/control"
	"assay/models/engagement"
	"assay/models/evidence"
	"assay/models/finding"
	"assay/models/modelstest"
)

// A world is a company small enough to know everybody.
type world struct {
	t  *testing.T
	db *models.DB

	ana, ben         access.Actor // compliance managers
	sam, dana, tomas access.Actor // control owners: sam of AC-04, dana its backup, tomas of CM-01
	ruth             access.Actor // executive
	admin            access.Actor
	jonas            access.Actor // external auditor

	leavers, changes control.Control
	audit, other     engagement.Engagement
	proof, withdrawn int64
}

func newWorld(t *testing.T, db *models.DB) *world {
	t.Helper()
	w := &world{t: t, db: db}
	w.on("2026-01-05")
	w.ana, w.ben = modelstest.Person(t, db, access.Compliance), modelstest.Person(t, db, access.Compliance)
	w.sam, w.dana, w.tomas = modelstest.Person(t, db, access.Owner), modelstest.Person(t, db, access.Owner), modelstest.Person(t, db, access.Owner)
	w.ruth, w.admin = modelstest.Person(t, db, access.Executive), modelstest.Person(t, db, access.Administrator)
	w.jonas = modelstest.Person(t, db, access.Auditor)
	w.leavers = w.control("AC-04", w.sam, &w.dana.ID)
	w.changes = w.control("CM-01", w.tomas, nil)
	w.audit, w.other = w.engagement("soc2-2026"), w.engagement("soc2-2025")
	w.proof, w.withdrawn = w.proven().ID, w.withdraw(w.proven())
	return w
}

func (w *world) control(code string, owner access.Actor, backup *int64) control.Control {
	k := control.Control{Code: code, OwnerID: &owner.ID, BackupID: backup, Title: code, Status: control.Effective, CreatedAt: w.db.Now()}
	w.must(w.ana, func(ctx context.Context, tx *models.Tx) error {
		if err := models.Insert(ctx, tx, &k, "control.create"); err != nil {
			return err
		}
		return control.Place(ctx, tx, &k)
	})
	return k
}

func (w *world) engagement(slug string) engagement.Engagement {
	e := engagement.Engagement{
		Slug: slug, Name: slug, Firm: "Brandt & Okafor", Kind: engagement.TypeII, Status: engagement.Fieldwork,
		PeriodStart: "2026-01-01", PeriodEnd: "2026-12-31", Zone: "Europe/Berlin", OpensOn: "2026-01-01", ClosesOn: "2026-12-31",
		CreatedBy: w.ana.ID, CreatedAt: w.db.Now(),
	}
	w.must(w.ana, func(ctx context.Context, tx *models.Tx) error { return models.Insert(ctx, tx, &e, "engagement.create") })
	return e
}

// on sets the clock to noon of a day.
func (w *world) on(day string) {
	w.t.Helper()
	at, err := time.Parse(time.DateOnly, day)
	if err != nil {
		w.t.Fatal(err)
	}
	modelstest.At(w.db, at.Add(12*time.Hour))
}

func (w *world) as(a access.Actor, f func(context.Context, *models.Tx) error) error {
	w.t.Helper()
	return modelstest.As(w.t, w.db, a, f)
}

func (w *world) must(a access.Actor, f func(context.Context, *models.Tx) error) {
	w.t.Helper()
	if err := w.as(a, f); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) load(id int64) (c finding.Case) {
	w.t.Helper()
	modelstest.Look(w.t, w.db, w.ana, func(ctx context.Context, tx *models.Tx) (err error) {
		c, err = finding.Load(ctx, tx, id)
		return err
	})
	return c
}

func (w *world) facts() finding.Facts {
	return finding.Facts{
		Title: "2 of 31 leavers kept access past one business day", Condition: "Two accounts stayed active for four and six days.",
		Criterion: "AC-04 asks for one business day.", Source: finding.FromTest, Controls: []int64{w.leavers.ID},
	}
}

func (w *world) raise(in finding.Facts) int64 {
	w.t.Helper()
	var f finding.Finding
	w.must(w.ana, func(ctx context.Context, tx *models.Tx) (err error) {
		f, err = finding.Raise(ctx, tx, in)
		return err
	})
	return f.ID
}

// An act is a verb with everything but who and when.
type act func(ctx context.Context, tx *models.Tx, c finding.Case) error

func (w *world) do(a access.Actor, id int64, f act) {
	w.t.Helper()
	if err := w.try(a, id, f); err != nil {
		w.t.Fatal(err)
	}
}

// try acts on the finding as it is now.
func (w *world) try(a access.Actor, id int64, f act) error {
	w.t.Helper()
	c := w.load(id)
	return w.as(a, func(ctx context.Context, tx *models.Tx) error { return f(ctx, tx, c) })
}

// Acts that tests repeat.
func confirm(ctx context.Context, tx *models.Tx, c finding.Case) error {
	return finding.Confirm(ctx, tx, c.ID, c.Rev, "The list was read again with HR.")
}

func dispute(ctx context.Context, tx *models.Tx, c finding.Case) error {
	return finding.Dispute(ctx, tx, c.ID, c.Rev, "One of the two never had an account.")
}

func (w *world) rate(ctx context.Context, tx *models.Tx, c finding.Case) error {
	return finding.Rate(ctx, tx, c.ID, c.Rev, finding.High, w.sam.ID, "2026-12-31")
}

func respond(ctx context.Context, tx *models.Tx, c finding.Case) error {
	return finding.Respond(ctx, tx, c.ID, finding.Agree, "We agree.")
}

func dismiss(ctx context.Context, tx *models.Tx, c finding.Case) error {
	return finding.Dismiss(ctx, tx, c.ID, c.Rev, "It was a test account.", 0)
}

// dismissFor dismisses for an auditor who only reads.
func dismissFor(auditor int64) func(ctx context.Context, tx *models.Tx, c finding.Case) error {
	return func(ctx context.Context, tx *models.Tx, c finding.Case) error {
		return finding.Dismiss(ctx, tx, c.ID, c.Rev, "The approval was found.", auditor)
	}
}

func (w *world) plan(ctx context.Context, tx *models.Tx, c finding.Case) error {
	_, err := finding.DraftPlan(ctx, tx, c.ID, finding.PlanDraft{Summary: "Contractors move to HR.", OwnerID: w.sam.ID, DueOn: "2026-12-31"})
	return err
}

func (w *world) addStep(ctx context.Context, tx *models.Tx, c finding.Case) error {
	_, err := finding.AddMilestone(ctx, tx, c.ID, finding.Step{Title: "Remove both accounts", OwnerID: w.dana.ID, DueOn: "2026-11-30"})
	return err
}

func submit(ctx context.Context, tx *models.Tx, c finding.Case) error {
	return finding.SubmitPlan(ctx, tx, c.ID, c.Plan().Rev)
}

func approve(ctx context.Context, tx *models.Tx, c finding.Case) error {
	return finding.ApprovePlan(ctx, tx, c.ID, c.Plan().Rev, "")
}

func reject(ctx context.Context, tx *models.Tx, c finding.Case) error {
	return finding.RejectPlan(ctx, tx, c.ID, c.Plan().Rev, "The cause is not addressed.")
}

func first(c finding.Case) *finding.Milestone { return c.Steps(c.Plan().ID)[0] }

func start(ctx context.Context, tx *models.Tx, c finding.Case) error {
	return finding.StartMilestone(ctx, tx, c.ID, first(c).ID, first(c).Rev)
}

func (w *world) finishStep(ctx context.Context, tx *models.Tx, c finding.Case) error {
	return finding.FinishMilestone(ctx, tx, c.ID, first(c).ID, first(c).Rev, w.proof, "")
}

func verifyStep(ctx context.Context, tx *models.Tx, c finding.Case) error {
	return finding.VerifyMilestone(ctx, tx, c.ID, first(c).ID, first(c).Rev)
}

func returnStep(ctx context.Context, tx *models.Tx, c finding.Case) error {
	return finding.ReturnMilestone(ctx, tx, c.ID, first(c).ID, first(c).Rev, "The log does not show the second account.")
}

func cancelStep(ctx context.Context, tx *models.Tx, c finding.Case) error {
	return finding.CancelMilestone(ctx, tx, c.ID, first(c).ID, first(c).Rev, "The system was retired.")
}

func complete(ctx context.Context, tx *models.Tx, c finding.Case) error {
	return finding.CompletePlan(ctx, tx, c.ID, c.Plan().Rev, "Both accounts are gone.")
}

func verify(ctx context.Context, tx *models.Tx, c finding.Case) error {
	return finding.Verify(ctx, tx, c.ID, c.Rev, "I searched both systems.")
}

func sendBack(ctx context.Context, tx *models.Tx, c finding.Case) error {
	return finding.SendBack(ctx, tx, c.ID, c.Rev, "One account is still there.")
}

func reopen(ctx context.Context, tx *models.Tx, c finding.Case) error {
	return finding.Reopen(ctx, tx, c.ID, c.Rev, "It happened again.")
}

func accept(until models.Date) act {
	return func(ctx context.Context, tx *models.Tx, c finding.Case) error {
		return finding.AcceptRisk(ctx, tx, c.ID, c.Rev, until, "The system is retired in spring.")
	}
}

func askPlan(until models.Date) act {
	return func(ctx context.Context, tx *models.Tx, c finding.Case) error {
		_, err := finding.AskExtension(ctx, tx, c.ID, 0, until, "The vendor is late.")
		return err
	}
}

func grant(ctx context.Context, tx *models.Tx, c finding.Case) error {
	e := c.Extensions[len(c.Extensions)-1]
	return finding.GrantExtension(ctx, tx, c.ID, e.ID, e.Rev, "")
}

func refuse(ctx context.Context, tx *models.Tx, c finding.Case) error {
	e := c.Extensions[len(c.Extensions)-1]
	return finding.RefuseExtension(ctx, tx, c.ID, e.ID, e.Rev, "It was time enough.")
}

// bring leads the present cycle of a finding, from where it begins, to a status.
func (w *world) bring(id int64, to finding.Status) {
	w.t.Helper()
	type move struct {
		actor access.Actor
		act   act
	}
	planned := []move{{w.sam, w.plan}, {w.sam, w.addStep}, {w.sam, submit}, {w.ana, approve}}
	worked := []move{{w.dana, w.finishStep}, {w.sam, complete}}
	routes := map[finding.Status]struct {
		after finding.Status
		moves []move
	}{
		finding.Disputed:             {finding.Raised, []move{{w.sam, dispute}}},
		finding.FactsConfirmed:       {finding.Raised, []move{{w.sam, confirm}}},
		finding.Rated:                {finding.FactsConfirmed, []move{{w.ana, w.rate}}},
		finding.RemediationPlanned:   {finding.Rated, planned},
		finding.InRemediation:        {finding.RemediationPlanned, []move{{w.dana, start}}},
		finding.ReadyForVerification: {finding.InRemediation, worked},
		finding.ClosedVerified:       {finding.ReadyForVerification, []move{{w.ben, verify}}},
		finding.RiskAccepted:         {finding.Rated, []move{{w.ruth, accept("2026-12-31")}}},
		finding.Dismissed:            {finding.Raised, []move{{w.ana, dismiss}}},
	}
	if w.load(id).Status == to {
		return
	}
	route, ok := routes[to]
	if !ok {
		w.t.Fatalf("%s cannot be brought to %s", w.load(id).Status, to)
	}
	w.bring(id, route.after)
	for _, m := range route.moves {
		w.do(m.actor, id, m.act)
	}
	if got := w.load(id).Status; got != to {
		w.t.Fatalf("got %s, want %s", got, to)
	}
}

// at raises a finding and brings it to a status.
func (w *world) at(to finding.Status) int64 {
	w.t.Helper()
	id := w.raise(w.facts())
	w.bring(id, to)
	return id
}

// proven uploads evidence of sam's, which ana accepts.
func (w *world) proven() evidence.Item {
	w.t.Helper()
	var item evidence.Item
	step := func(a access.Actor, f func(context.Context, *models.Tx) (evidence.Item, error)) {
		w.must(a, func(ctx context.Context, tx *models.Tx) (err error) {
			item, err = f(ctx, tx)
			return err
		})
	}
	performed := w.db.Now()
	step(w.sam, func(ctx context.Context, tx *models.Tx) (evidence.Item, error) {
		return evidence.Store(ctx, tx, evidence.Parcel{
			ControlID: w.leavers.ID,
			Details: evidence.Details{
				Title: "Accounts after removal", Kind: "system_export", Source: "Okta", PerformedAt: &performed,
				CoversFrom: "2026-01-01", CoversTo: "2026-01-05",
			},
			Files: []evidence.Upload{{Name: "accounts.csv", Digest: strings.Repeat("ab", 32), Size: 12}},
		})
	})
	step(w.sam, func(ctx context.Context, tx *models.Tx) (evidence.Item, error) {
		return evidence.Submit(ctx, tx, item.ID, item.Rev)
	})
	step(w.ana, func(ctx context.Context, tx *models.Tx) (evidence.Item, error) {
		return evidence.Accept(ctx, tx, item.ID, item.Rev, "")
	})
	return item
}

func (w *world) withdraw(item evidence.Item) int64 {
	w.t.Helper()
	w.must(w.ana, func(ctx context.Context, tx *models.Tx) error {
		_, err := evidence.Withdraw(ctx, tx, item.ID, item.Rev, "Wrong file.")
		return err
	})
	return item.ID
}
