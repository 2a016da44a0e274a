package handlers

import (
	"context"
	"net/http"
	"strings"

	"assay/models"
	"assay/models/evidence"
	"assay/models/finding"
	"assay/templates/findings"
	"assay/web"
)

// A findingInput is what the small forms of a finding's page send. Each verb takes what
// it needs.
type findingInput struct {
	ID, Rev  int64
	Part     int64 // the milestone or the extension in the address
	Note     string
	Text     string
	Title    string
	Summary  string
	Reason   string
	Proof    string
	Owner    int64
	DueOn    models.Date
	Until    models.Date
	Expires  models.Date
	Severity finding.Severity
	Position finding.Position
	Effect   finding.ReportEffect
	Auditor  int64
	Author   int64
	Digest   string
	Control  string
	Covers   string
}

func readFindingInput(r *http.Request, f *web.Values) (in findingInput, err error) {
	if in.ID, err = finding.ParseCode(web.Param(r, "finding")); err != nil {
		return in, err
	}
	if web.Param(r, "part") != "" {
		if in.Part, err = web.ID(r, "part"); err != nil {
			return in, err
		}
	}
	in.Rev, in.Owner = f.Rev(), f.ID("owner")
	in.Note, in.Reason = f.Text("note", 4000), f.Text("reason", 4000)
	in.Text, in.Summary = f.Text("text", 10000), f.Text("summary", 10000)
	in.Title, in.Proof = f.Line("title", 300), f.Line("proof", 40)
	in.DueOn, in.Until, in.Expires = f.Date("due_on"), f.Date("until"), f.Date("expires_on")
	in.Severity, in.Position = finding.Severity(f.Line("severity", 20)), finding.Position(f.Line("position", 20))
	in.Effect, in.Auditor = finding.ReportEffect(f.Line("effect", 20)), f.ID("auditor")
	in.Author, in.Digest, in.Control, in.Covers = f.ID("author"), f.Line("digest", 64), f.Line("control", 40), f.Text("covers", 2000)
	return in, f.Err()
}

var findingInputFields = []string{
	"note", "reason", "text", "summary", "title", "proof", "owner", "due_on", "until", "expires_on", "severity", "position", "effect", "auditor", "author", "control", "covers",
}

// findingVerb is a POST of a finding's page: it does one thing and leads back to the
// page, which says that it was done. When it is refused, the page comes back with the
// form open, as it was filled in. A name that is no verb is a bug in the routes.
func (app *App) findingVerb(name string) web.Handler {
	verb, known := findingVerbs[name]
	if !known {
		panic("handlers: no verb " + name)
	}
	return func(w http.ResponseWriter, r *http.Request) error {
		f := web.Form(r)
		in, err := readFindingInput(r, f)
		if err == nil {
			_, err = write(app, r, func(ctx context.Context, tx *models.Tx) (struct{}, error) {
				return struct{}{}, verb.do(ctx, tx, in)
			})
		}
		if refused := web.Errors(err); refused != nil {
			return app.findingShown(w, r, web.Status(err), func(d *findings.PageData) {
				d.Ask, d.Errors, d.Typed = askOf(r), refused, typedIn(f, findingInputFields)
			})
		}
		if err != nil {
			return err
		}
		web.Flash(w, r, "ok", verb.said)
		return web.SeeOther(w, r, findingHref(in.ID))
	}
}

// askOf is the id of the form that was sent to this address.
func askOf(r *http.Request) string {
	_, rest, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/findings/"), "/")
	return findings.AskID(rest)
}

// findingVerbs are the verbs of a finding, its plan, its milestones and its extensions,
// by the part of the address they are sent to.
var findingVerbs = map[string]struct {
	said string
	do   func(context.Context, *models.Tx, findingInput) error
}{
	"confirm": {"The facts are confirmed.", func(ctx context.Context, tx *models.Tx, in findingInput) error {
		return finding.Confirm(ctx, tx, in.ID, in.Rev, in.Note)
	}},
	"dispute": {"The facts are disputed.", func(ctx context.Context, tx *models.Tx, in findingInput) error {
		return finding.Dispute(ctx, tx, in.ID, in.Rev, in.Note)
	}},
	"settle": {"The facts stand. Management answers next.", func(ctx context.Context, tx *models.Tx, in findingInput) error {
		return finding.Confirm(ctx, tx, in.ID, in.Rev, in.Note)
	}},
	"withdraw": {"The exception is dismissed. It stays in the record with your reason.", func(ctx context.Context, tx *models.Tx, in findingInput) error {
		return finding.Dismiss(ctx, tx, in.ID, in.Rev, in.Note, in.Auditor)
	}},
	"effect": {"What it means for the report is decided.", func(ctx context.Context, tx *models.Tx, in findingInput) error {
		return finding.DecideEffect(ctx, tx, in.ID, in.Rev, in.Effect, in.Auditor)
	}},
	"responses/draft": {"The draft is saved. Somebody else approves it, and its author signs.", func(ctx context.Context, tx *models.Tx, in findingInput) error {
		return finding.DraftResponse(ctx, tx, in.ID, in.Rev, finding.Answer{Position: in.Position, Text: in.Text, AuthorID: in.Author})
	}},
	"responses/approve": {"The response is approved. Its author can sign it.", func(ctx context.Context, tx *models.Tx, in findingInput) error {
		return finding.ApproveResponse(ctx, tx, in.ID, in.Rev)
	}},
	"responses/return": {"The response is a draft again.", func(ctx context.Context, tx *models.Tx, in findingInput) error {
		return finding.ReturnResponse(ctx, tx, in.ID, in.Rev, in.Note)
	}},
	"responses/sign": {"You signed the response. The auditors see it now.", func(ctx context.Context, tx *models.Tx, in findingInput) error {
		return finding.SignResponse(ctx, tx, in.ID, in.Rev, in.Digest)
	}},
	"covers": {"The control is named. It counts once it is tested itself.", func(ctx context.Context, tx *models.Tx, in findingInput) error {
		return finding.Compensate(ctx, tx, in.ID, in.Control, in.Covers)
	}},
	"covers/remove": {"The control is no longer named.", func(ctx context.Context, tx *models.Tx, in findingInput) error {
		return finding.Uncover(ctx, tx, in.ID, in.Part)
	}},
	"respond": {"Your response is recorded.", func(ctx context.Context, tx *models.Tx, in findingInput) error {
		return finding.Respond(ctx, tx, in.ID, in.Position, in.Text)
	}},
	"rate": {"The finding is rated.", func(ctx context.Context, tx *models.Tx, in findingInput) error {
		return finding.Rate(ctx, tx, in.ID, in.Rev, in.Severity, in.Owner, in.DueOn)
	}},
	"assign": {"The owner is changed.", func(ctx context.Context, tx *models.Tx, in findingInput) error {
		return finding.Assign(ctx, tx, in.ID, in.Rev, in.Owner)
	}},
	"dismiss": {"The finding is dismissed. It stays in the record with your reason.", func(ctx context.Context, tx *models.Tx, in findingInput) error {
		return finding.Dismiss(ctx, tx, in.ID, in.Rev, in.Note, in.Auditor)
	}},
	"accept": {"The risk is accepted in your name.", func(ctx context.Context, tx *models.Tx, in findingInput) error {
		return finding.AcceptRisk(ctx, tx, in.ID, in.Rev, in.Expires, in.Reason)
	}},
	"verify": {"The finding is verified and closed.", func(ctx context.Context, tx *models.Tx, in findingInput) error {
		return finding.Verify(ctx, tx, in.ID, in.Rev, in.Note)
	}},
	"send-back": {"The finding is in remediation again.", func(ctx context.Context, tx *models.Tx, in findingInput) error {
		return finding.SendBack(ctx, tx, in.ID, in.Rev, in.Note)
	}},
	"reopen": {"The finding is open again, in its next cycle.", func(ctx context.Context, tx *models.Tx, in findingInput) error {
		return finding.Reopen(ctx, tx, in.ID, in.Rev, in.Note)
	}},

	"plan": {"The plan is saved as a draft.", func(ctx context.Context, tx *models.Tx, in findingInput) error {
		_, err := finding.DraftPlan(ctx, tx, in.ID, in.plan())
		return err
	}},
	"plan/revise": {"The plan is saved.", func(ctx context.Context, tx *models.Tx, in findingInput) error {
		return finding.RevisePlan(ctx, tx, in.ID, in.Rev, in.plan())
	}},
	"plan/submit": {"The plan waits for approval.", func(ctx context.Context, tx *models.Tx, in findingInput) error {
		return finding.SubmitPlan(ctx, tx, in.ID, in.Rev)
	}},
	"plan/approve": {"The plan is approved.", func(ctx context.Context, tx *models.Tx, in findingInput) error {
		return finding.ApprovePlan(ctx, tx, in.ID, in.Rev, in.Note)
	}},
	"plan/reject": {"The plan is rejected, with your reason.", func(ctx context.Context, tx *models.Tx, in findingInput) error {
		return finding.RejectPlan(ctx, tx, in.ID, in.Rev, in.Note)
	}},
	"plan/complete": {"The plan is completed. Somebody else verifies it next.", func(ctx context.Context, tx *models.Tx, in findingInput) error {
		return finding.CompletePlan(ctx, tx, in.ID, in.Rev, in.Note)
	}},

	"milestones": {"The milestone is added.", func(ctx context.Context, tx *models.Tx, in findingInput) error {
		_, err := finding.AddMilestone(ctx, tx, in.ID, in.step())
		return err
	}},
	"milestones/edit": {"The milestone is saved.", func(ctx context.Context, tx *models.Tx, in findingInput) error {
		return finding.EditMilestone(ctx, tx, in.ID, in.Part, in.Rev, in.step())
	}},
	"milestones/start": {"The step is in progress.", func(ctx context.Context, tx *models.Tx, in findingInput) error {
		return finding.StartMilestone(ctx, tx, in.ID, in.Part, in.Rev)
	}},
	"milestones/done": {"The step is done.", func(ctx context.Context, tx *models.Tx, in findingInput) error {
		proof, err := evidence.ByCode(ctx, tx, strings.ToUpper(in.Proof))
		if err != nil && models.KindOf(err) != models.KindNotFound {
			return err
		}
		return finding.FinishMilestone(ctx, tx, in.ID, in.Part, in.Rev, proof.ID, in.Note)
	}},
	"milestones/verify": {"The step is verified.", func(ctx context.Context, tx *models.Tx, in findingInput) error {
		return finding.VerifyMilestone(ctx, tx, in.ID, in.Part, in.Rev)
	}},
	"milestones/return": {"The step is returned, with your reason.", func(ctx context.Context, tx *models.Tx, in findingInput) error {
		return finding.ReturnMilestone(ctx, tx, in.ID, in.Part, in.Rev, in.Note)
	}},
	"milestones/cancel": {"The step is cancelled. It stays in the record.", func(ctx context.Context, tx *models.Tx, in findingInput) error {
		return finding.CancelMilestone(ctx, tx, in.ID, in.Part, in.Rev, in.Note)
	}},
	"milestones/extend": {"You asked for more time.", func(ctx context.Context, tx *models.Tx, in findingInput) error {
		_, err := finding.AskExtension(ctx, tx, in.ID, in.Part, in.Until, in.Reason)
		return err
	}},

	"extensions": {"You asked for more time.", func(ctx context.Context, tx *models.Tx, in findingInput) error {
		_, err := finding.AskExtension(ctx, tx, in.ID, 0, in.Until, in.Reason)
		return err
	}},
	"extensions/grant": {"The date is moved. The original one stays in the record.", func(ctx context.Context, tx *models.Tx, in findingInput) error {
		return finding.GrantExtension(ctx, tx, in.ID, in.Part, in.Rev, in.Note)
	}},
	"extensions/refuse": {"The date stays.", func(ctx context.Context, tx *models.Tx, in findingInput) error {
		return finding.RefuseExtension(ctx, tx, in.ID, in.Part, in.Rev, in.Note)
	}},
}

func (in findingInput) plan() finding.PlanDraft {
	return finding.PlanDraft{Summary: in.Summary, OwnerID: in.Owner, DueOn: in.DueOn}
}

func (in findingInput) step() finding.Step {
	return finding.Step{Title: in.Title, OwnerID: in.Owner, DueOn: in.DueOn}
}
