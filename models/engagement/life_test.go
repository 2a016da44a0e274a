package engagement_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"assay/models"
	"assay/models/access"
	"assay/models/engagement"
	"assay/models/framework"
	"assay/models/modelstest"
	"assay/models/notice"
	"assay/models/people"
)

const digest = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"

func report() engagement.Report {
	return engagement.Report{Digest: digest, ReportedOn: "2026-08-14", SignedBy: "Miriam Brandt, partner"}
}

func issue(t *testing.T, db *models.DB, as access.Actor, e *engagement.Engagement, r engagement.Report) error {
	t.Helper()
	return modelstest.As(t, db, as, func(ctx context.Context, tx *models.Tx) error {
		row := *e
		err := engagement.Issue(ctx, tx, &row, r)
		if err == nil {
			*e = row
		}
		return err
	})
}

// A life is an engagement in fieldwork with a lead and a member, who only read until an
// administrator grants them more.
type life struct {
	*testing.T
	db           *models.DB
	ana, admin   access.Actor
	lead, member access.Actor
	e            engagement.Engagement
}

func lives(t *testing.T, f func(*life)) {
	t.Helper()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		l := &life{T: t, db: db, ana: modelstest.Person(t, db, access.Compliance), admin: modelstest.Person(t, db, access.Administrator)}
		l.e = create(t, db, l.ana, terms())
		l.lead = auditor(t, db, "Miriam Brandt", "Brandt & Okafor").Actor()
		l.member = auditor(t, db, "Jonas Lindqvist", "Brandt & Okafor").Actor()
		l.lead.Engagements, l.member.Engagements = []int64{l.e.ID}, []int64{l.e.ID}
		l.must(add(t, db, l.ana, l.e, l.lead.ID, engagement.Lead))
		l.must(add(t, db, l.ana, l.e, l.member.ID, engagement.Member))
		l.must(move(t, db, l.ana, &l.e, engagement.Planning, ""))
		l.must(move(t, db, l.ana, &l.e, engagement.Fieldwork, ""))
		f(l)
	})
}

func (l *life) must(err error) {
	l.Helper()
	if err != nil {
		l.Fatal(err)
	}
}

func (l *life) as(who access.Actor, f func(context.Context, *models.Tx) error) error {
	l.Helper()
	return modelstest.As(l.T, l.db, who, f)
}

// grant gives both auditors the fieldwork.
func (l *life) grant() {
	l.Helper()
	l.must(l.as(l.admin, func(ctx context.Context, tx *models.Tx) error {
		team, err := engagement.Team(ctx, tx, l.e.ID)
		for _, m := range team {
			if err = engagement.GrantFieldwork(ctx, tx, l.e, m.ID, m.Rev); err != nil {
				return err
			}
		}
		return err
	}))
	l.lead.Fieldwork, l.member.Fieldwork = []int64{l.e.ID}, []int64{l.e.ID}
}

// again reads the engagement as it is now.
func (l *life) again() engagement.Engagement {
	l.Helper()
	modelstest.Look(l.T, l.db, l.ana, func(ctx context.Context, tx *models.Tx) (err error) {
		l.e, err = engagement.BySlug(ctx, tx, l.e.Slug)
		return err
	})
	return l.e
}

func wider() engagement.Terms {
	t := terms()
	t.Criteria = codes(framework.Availability, framework.Confidentiality)
	t.Systems = []engagement.System{{Name: "Halyard Code", About: "the assistant"}}
	return t
}

func (l *life) propose(who access.Actor, t engagement.Terms) error {
	l.Helper()
	return l.as(who, func(ctx context.Context, tx *models.Tx) error {
		return engagement.Propose(ctx, tx, l.again(), t, "A customer asks for confidentiality.")
	})
}

func (l *life) open() engagement.Proposal {
	l.Helper()
	var p engagement.Proposal
	modelstest.Look(l.T, l.db, l.ana, func(ctx context.Context, tx *models.Tx) (err error) {
		p, _, err = engagement.OpenProposal(ctx, tx, l.e.ID)
		return err
	})
	return p
}

func (l *life) agree(who access.Actor, letter string) error {
	l.Helper()
	p := l.open()
	return l.as(who, func(ctx context.Context, tx *models.Tx) error { return engagement.Agree(ctx, tx, l.again(), p, letter) })
}

func (l *life) told(who access.Actor) (out []string) {
	l.Helper()
	modelstest.Look(l.T, l.db, who, func(ctx context.Context, tx *models.Tx) error {
		list, err := models.Rows[notice.Notice](tx).Order("id").Find(ctx)
		for _, n := range list {
			out = append(out, n.Sentence)
		}
		return err
	})
	return out
}

func TestTheCompanyProposesAndTheLeadAgrees(t *testing.T) {
	lives(t, func(l *life) {
		l.grant()
		l.must(l.propose(l.ana, wider()))
		if got := l.again(); slices.Contains(got.Criteria, "C1.1") || !slices.Contains(scopeOf(l.T, l.db, l.e.ID), "A1.1") {
			l.Error("a proposal changed the scope by itself")
		}
		p := l.open()
		if want := []string{"Criteria added: C1.1 C1.2", "Systems added: Halyard Code (the assistant)"}; !slices.Equal(p.Changes, want) {
			l.Errorf("it says that it changes %q", p.Changes)
		}
		if !slices.ContainsFunc(l.told(l.lead), func(s string) bool { return strings.Contains(s, "waits for your answer") }) {
			l.Error("the lead was not told")
		}
		if err := l.agree(l.member, ""); models.KindOf(err) != models.KindForbidden {
			l.Errorf("a member of the team agreed for the firm: %v", err)
		}
		if err := l.agree(l.ana, "Mail of 2 March 2026"); field(err) != "letter" {
			l.Errorf("a lead who can write here was spoken for: %v", err)
		}
		l.must(l.agree(l.lead, ""))
		if got := scopeOf(l.T, l.db, l.e.ID); !slices.Contains(got, "C1.1") || len(l.again().Systems) != 1 {
			l.Errorf("the scope is %v, %v", got, l.e.Systems)
		}
		if err := l.as(l.lead, func(ctx context.Context, tx *models.Tx) error { return engagement.Agree(ctx, tx, l.e, p, "") }); models.KindOf(err) != models.KindConflict {
			l.Errorf("it was agreed to twice: %v", err)
		}
		if !slices.ContainsFunc(l.told(l.ana), func(s string) bool { return strings.Contains(s, "as both sides agreed") }) {
			l.Error("the company was not told")
		}
		report, err := models.Verify(l.Context(), l.db, models.VerifyOptions{Tables: []models.LoggedTable{
			models.Logged[people.Person](), models.Logged[engagement.Engagement](), models.Logged[engagement.Auditor](), models.Logged[engagement.Proposal](),
		}})
		if err != nil || len(report.Problems) > 0 {
			l.Errorf("%v %v", err, report.Problems)
		}
	})
}

func TestTheLeadProposesAndTheCompanyAgrees(t *testing.T) {
	lives(t, func(l *life) {
		l.grant()
		l.must(l.propose(l.lead, wider()))
		if p := l.open(); p.Side != engagement.OfAuditor || p.CompanyID != nil {
			l.Errorf("got %+v", p)
		}
		if err := l.agree(l.lead, "my own letter"); models.KindOf(err) != models.KindForbidden {
			l.Errorf("the lead answered for the company: %v", err)
		}
		if err := l.agree(l.admin, ""); models.KindOf(err) != models.KindForbidden {
			l.Errorf("an administrator agreed for the company: %v", err)
		}
		l.must(l.agree(l.ana, ""))
		if !slices.Contains(l.again().Criteria, "C1.1") {
			l.Error("the scope did not follow")
		}
	})
}

func TestWithoutFieldworkTheLettersOfTheLeadAreRecorded(t *testing.T) {
	lives(t, func(l *life) {
		if err := l.propose(l.lead, wider()); models.KindOf(err) != models.KindForbidden {
			l.Errorf("a lead who only reads proposed: %v", err)
		}
		l.must(l.propose(l.ana, wider()))
		if err := l.agree(l.ana, ""); field(err) != "letter" {
			l.Errorf("the company agreed with itself: %v", err)
		}
		l.must(l.agree(l.ana, "Mail of Miriam Brandt, 2 March 2026"))
		modelstest.Look(l.T, l.db, l.lead, func(ctx context.Context, tx *models.Tx) error {
			list, err := engagement.Proposals(ctx, tx, l.e.ID)
			if len(list) != 1 || !list[0].BroughtIn() || *list[0].AuditorID != l.lead.ID || *list[0].EnteredBy != l.ana.ID || list[0].Letter == "" {
				l.Errorf("got %+v", list)
			}
			return err
		})
	})
}

func TestWhenAScopeIsProposed(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		ana := modelstest.Person(t, db, access.Compliance)
		e := create(t, db, ana, terms())
		err := modelstest.As(t, db, ana, func(ctx context.Context, tx *models.Tx) error {
			return engagement.Propose(ctx, tx, e, wider(), "Why not.")
		})
		if models.KindOf(err) != models.KindConflict {
			t.Errorf("proposed during set-up: %v", err)
		}
	})
	lives(t, func(l *life) {
		contradicting := wider()
		contradicting.PeriodEnd = "2025-01-01"
		if err := l.propose(l.ana, contradicting); field(err) != "period_end" {
			l.Errorf("a period that ends first: %v", err)
		}
		if err := l.propose(l.ana, terms()); models.KindOf(err) != models.KindConflict {
			l.Errorf("what is so already: %v", err)
		}
		if err := l.as(l.ana, func(ctx context.Context, tx *models.Tx) error {
			return engagement.Propose(ctx, tx, l.e, wider(), "")
		}); field(err) != "reason" {
			l.Errorf("without a reason: %v", err)
		}
		l.must(l.propose(l.ana, wider()))
		if err := l.propose(l.ana, wider()); models.KindOf(err) != models.KindConflict {
			l.Errorf("a second one beside: %v", err)
		}
		if err := move(l.T, l.db, l.ana, &l.e, engagement.Reporting, ""); models.KindOf(err) != models.KindConflict {
			l.Errorf("frozen with an open proposal: %v", err)
		}
		decline := func(answer string) error {
			p := l.open()
			return l.as(l.ana, func(ctx context.Context, tx *models.Tx) error { return engagement.Decline(ctx, tx, l.e, p, answer) })
		}
		if err := decline(""); field(err) != "answer" {
			l.Errorf("taken back without a word: %v", err)
		}
		l.must(decline("The customer signed without it."))
		l.must(l.propose(l.ana, wider()))
		l.must(decline("Still not."))
		past(l.T, l.db, l.e)
		l.must(move(l.T, l.db, l.ana, &l.e, engagement.Reporting, ""))
		if err := l.propose(l.ana, wider()); models.KindOf(err) != models.KindConflict {
			l.Errorf("proposed after the freeze: %v", err)
		}
	})
}

// whatever goes around the verbs meets the database.
func TestTheDatabaseKeepsTheLifeOfAnEngagement(t *testing.T) {
	lives(t, func(l *life) {
		raw := func(what string, change func(*engagement.Engagement), columns ...string) {
			l.Helper()
			err := l.as(l.ana, func(ctx context.Context, tx *models.Tx) error {
				e, err := engagement.BySlug(ctx, tx, l.e.Slug)
				if err != nil {
					return err
				}
				change(&e)
				return models.Update(ctx, tx, &e, columns, "engagement.change")
			})
			if !models.Broken(err) {
				l.Errorf("%s: got %v", what, err)
			}
		}
		raw("the scope in fieldwork, by one side", func(e *engagement.Engagement) { e.Criteria = codes() }, "Criteria")
		raw("systems in fieldwork, by one side", func(e *engagement.Engagement) { e.Boundary = "all" }, "Boundary")
		raw("back to planning", func(e *engagement.Engagement) { e.Status = engagement.Planning }, "Status")
		raw("issued out of fieldwork", func(e *engagement.Engagement) { e.Status = engagement.Issued }, "Status")
		l.must(l.propose(l.ana, wider()))
		l.must(l.agree(l.ana, "Letter of 3 March 2026"))
		raw("once more with what was agreed", func(e *engagement.Engagement) { e.Criteria = codes() }, "Criteria")
		l.must(l.plan(engagement.Round{Kind: engagement.Interim, Name: "Interim", FromOn: "2026-04-01", ToOn: "2026-04-10"}))
		l.again()
		past(l.T, l.db, l.e)
		l.must(move(l.T, l.db, l.ana, &l.e, engagement.Reporting, ""))
		raw("the scope after the freeze", func(e *engagement.Engagement) { e.PeriodEnd = "2026-12-31" }, "PeriodEnd")
		modelstest.At(l.db, time.Date(2026, 9, 1, 12, 0, 0, 0, time.UTC))
		raw("issued without a report", func(e *engagement.Engagement) { e.Status = engagement.Issued }, "Status")
		l.must(issue(l.T, l.db, l.ana, &l.e, report()))
		raw("the name after issue", func(e *engagement.Engagement) { e.Name = "Another" }, "Name")
		raw("the scope after issue", func(e *engagement.Engagement) { e.Criteria = codes() }, "Criteria")
		raw("the firm after issue", func(e *engagement.Engagement) { e.Firm = "Another" }, "Firm")
		l.writeOnce()
		l.must(move(l.T, l.db, l.ana, &l.e, engagement.Archived, ""))
		raw("the window after it is archived", func(e *engagement.Engagement) { e.ClosesOn = "2027-12-31" }, "ClosesOn")
	})
}

func (l *life) writeOnce() {
	l.Helper()
	var r engagement.Report
	var a engagement.Addendum
	l.must(l.as(l.ana, func(ctx context.Context, tx *models.Tx) (err error) {
		if r, _, err = engagement.ReportOf(ctx, tx, l.e.ID); err != nil {
			return err
		}
		a, err = engagement.Add(ctx, tx, l.e, engagement.Addendum{Text: "A leak in June was found.", HappenedOn: "2026-06-12"})
		return err
	}))
	for what, change := range map[string]func(context.Context, *models.Tx) error{
		"a report that is registered": func(ctx context.Context, tx *models.Tx) error {
			r := r
			r.Digest = strings.Repeat("0", 64)
			return models.Update(ctx, tx, &r, models.Columns{"Digest"}, "report.register")
		},
		"its removal": func(ctx context.Context, tx *models.Tx) error { return models.Delete(ctx, tx, &r, "report.register") },
		"an addendum": func(ctx context.Context, tx *models.Tx) error {
			a := a
			a.Text = "Nothing happened."
			return models.Update(ctx, tx, &a, models.Columns{"Text"}, "engagement.addendum")
		},
		"the removal of one": func(ctx context.Context, tx *models.Tx) error {
			return models.Delete(ctx, tx, &a, "engagement.addendum")
		},
		"a round, when fieldwork is over": func(ctx context.Context, tx *models.Tx) error {
			list, err := engagement.Rounds(ctx, tx, l.e.ID)
			if err != nil {
				return err
			}
			list[0].Name = "Another"
			return models.Update(ctx, tx, &list[0], models.Columns{"Name"}, "round.change")
		},
		"a proposal that was answered": func(ctx context.Context, tx *models.Tx) error {
			list, err := engagement.Proposals(ctx, tx, l.e.ID)
			if err != nil {
				return err
			}
			list[0].Reason = "Another"
			return models.Update(ctx, tx, &list[0], models.Columns{"Reason"}, "scope.agree")
		},
	} {
		if err := l.as(l.ana, change); !models.Broken(err) {
			l.Errorf("%s was changed: %v", what, err)
		}
	}
}

// An auditor who may write in an engagement writes of its own row only what both sides
// agree on.
func TestTheWindowIsNeverTheAuditors(t *testing.T) {
	lives(t, func(l *life) {
		l.grant()
		for _, columns := range []models.Columns{{"ClosesOn"}, {"Status"}, {"Criteria", "ClosesOn"}} {
			err := l.as(l.lead, func(ctx context.Context, tx *models.Tx) error {
				e := l.e
				e.ClosesOn, e.Status = "2027-12-31", engagement.Reporting
				return models.Update(ctx, tx, &e, columns, "engagement.change")
			})
			if models.KindOf(err) != models.KindForbidden {
				l.Errorf("an auditor wrote %v: %v", columns, err)
			}
		}
		err := l.as(l.lead, func(ctx context.Context, tx *models.Tx) error {
			e := l.e
			return models.Delete(ctx, tx, &e, "engagement.cancel")
		})
		if models.KindOf(err) != models.KindForbidden {
			l.Errorf("an auditor removed the engagement: %v", err)
		}
	})
}

func TestIssueRegistersTheReport(t *testing.T) {
	lives(t, func(l *life) {
		if err := issue(l.T, l.db, l.ana, &l.e, report()); models.KindOf(err) != models.KindConflict {
			l.Errorf("issued out of fieldwork: %v", err)
		}
		past(l.T, l.db, l.e)
		l.must(move(l.T, l.db, l.ana, &l.e, engagement.Reporting, ""))
		modelstest.At(l.db, time.Date(2026, 8, 20, 12, 0, 0, 0, time.UTC))
		for name, c := range map[string]struct {
			change func(*engagement.Report)
			field  string
		}{
			"no digest":                   {func(r *engagement.Report) { r.Digest = "" }, "digest"},
			"a SHA-1":                     {func(r *engagement.Report) { r.Digest = digest[:40] }, "digest"},
			"no digest at all":            {func(r *engagement.Report) { r.Digest = strings.Repeat("g", 64) }, "digest"},
			"no date":                     {func(r *engagement.Report) { r.ReportedOn = "" }, "reported_on"},
			"dated on the period's end":   {func(r *engagement.Report) { r.ReportedOn = "2026-06-30" }, "reported_on"},
			"dated tomorrow":              {func(r *engagement.Report) { r.ReportedOn = "2026-08-21" }, "reported_on"},
			"signed by nobody":            {func(r *engagement.Report) { r.SignedBy = " " }, "signed_by"},
			"a digest with one sign more": {func(r *engagement.Report) { r.Digest += "0" }, "digest"},
		} {
			r := report()
			c.change(&r)
			if err := issue(l.T, l.db, l.ana, &l.e, r); field(err) != c.field {
				l.Errorf("%s: got %v", name, err)
			}
		}
		r := report()
		r.Digest = " SHA256:" + strings.ToUpper(digest[:32]) + " \n" + digest[32:]
		l.must(issue(l.T, l.db, l.ana, &l.e, r))
		modelstest.Look(l.T, l.db, l.member, func(ctx context.Context, tx *models.Tx) error {
			got, ok, err := engagement.ReportOf(ctx, tx, l.e.ID)
			if !ok || got.Digest != digest || got.RegisteredBy != l.ana.ID || l.e.Status != engagement.Issued {
				l.Errorf("got %+v", got)
			}
			return err
		})
	})
}

func TestAReadinessAssessmentIsIssuedWithoutAReport(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		ana := modelstest.Person(t, db, access.Compliance)
		x := terms()
		x.Kind = engagement.Readiness
		e := create(t, db, ana, x)
		modelstest.At(db, time.Date(2026, 7, 2, 12, 0, 0, 0, time.UTC))
		for _, to := range []engagement.Status{engagement.Planning, engagement.Fieldwork, engagement.Reporting, engagement.Issued} {
			if err := move(t, db, ana, &e, to, ""); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// TestRule15LateFactsBecomeAddenda is the rule about what becomes known after issue.
func TestRule15LateFactsBecomeAddenda(t *testing.T) {
	lives(t, func(l *life) {
		write := func(text string, on models.Date) error {
			return l.as(l.ana, func(ctx context.Context, tx *models.Tx) error {
				_, err := engagement.Add(ctx, tx, l.e, engagement.Addendum{Text: text, HappenedOn: on})
				return err
			})
		}
		if err := write("A leak.", "2026-02-01"); models.KindOf(err) != models.KindConflict {
			l.Errorf("an addendum before there is a report: %v", err)
		}
		past(l.T, l.db, l.e)
		l.must(move(l.T, l.db, l.ana, &l.e, engagement.Reporting, ""))
		modelstest.At(l.db, time.Date(2026, 9, 2, 3, 30, 0, 0, time.UTC)) // still 1 September in New York
		l.must(issue(l.T, l.db, l.ana, &l.e, report()))
		before := l.again()
		if err := write("", "2026-06-12"); field(err) != "text" {
			l.Errorf("without a word: %v", err)
		}
		if err := write("A leak.", "2026-09-02"); field(err) != "happened_on" {
			l.Errorf("of a day that is still to come in New York: %v", err)
		}
		l.must(write("An access key was public from 3 to 12 June.", "2026-06-12"))
		l.must(write("The key was used once.", "2026-09-01"))
		if err := write("The key was used once.", "2026-09-01"); models.KindOf(err) != models.KindConflict || !strings.Contains(err.Error(), "Addendum 2 says this already") {
			l.Errorf("sent twice: %v", err)
		}
		if after := l.again(); after.Rev != before.Rev {
			l.Error("an addendum edited the engagement")
		}
		modelstest.Look(l.T, l.db, l.lead, func(ctx context.Context, tx *models.Tx) error {
			list, err := engagement.Addenda(ctx, tx, l.e.ID)
			if len(list) != 2 || list[0].Number != 1 || list[1].Number != 2 || list[1].HappenedOn != "2026-09-01" {
				l.Errorf("got %+v", list)
			}
			return err
		})
		n := 0
		for _, s := range l.told(l.lead) {
			if strings.HasPrefix(s, "Addendum ") {
				n++
			}
		}
		if n != 2 {
			l.Errorf("the lead was told of %d addenda", n)
		}
		stranger := auditor(l.T, l.db, "Olga Other", "Brandt & Okafor").Actor()
		modelstest.Look(l.T, l.db, stranger, func(ctx context.Context, tx *models.Tx) error {
			list, err := engagement.Addenda(ctx, tx, l.e.ID)
			if len(list) > 0 {
				l.Error("an auditor of another engagement reads them")
			}
			return err
		})
	})
}

func (l *life) plan(r engagement.Round) error {
	l.Helper()
	return l.as(l.ana, func(ctx context.Context, tx *models.Tx) error { return engagement.PlanRound(ctx, tx, l.e, r) })
}

func TestRoundsOfFieldwork(t *testing.T) {
	lives(t, func(l *life) {
		interim := engagement.Round{Kind: engagement.Interim, Name: "Walkthroughs, January to March", FromOn: "2026-04-06", ToOn: "2026-04-17"}
		yearEnd := engagement.Round{Kind: engagement.YearEnd, Name: "Roll-forward", FromOn: "2026-06-29", ToOn: "2026-07-10"}
		for name, c := range map[string]struct {
			r     engagement.Round
			field string
		}{
			"no name":                    {engagement.Round{Kind: engagement.Interim, FromOn: "2026-04-06", ToOn: "2026-04-17"}, "round_name"},
			"no kind":                    {engagement.Round{Name: "x", FromOn: "2026-04-06", ToOn: "2026-04-17"}, "round_kind"},
			"an end before the start":    {engagement.Round{Kind: engagement.Interim, Name: "x", FromOn: "2026-04-06", ToOn: "2026-04-05"}, "to_on"},
			"interim after the period":   {engagement.Round{Kind: engagement.Interim, Name: "x", FromOn: "2026-07-01", ToOn: "2026-07-05"}, "from_on"},
			"year-end that ends with it": {engagement.Round{Kind: engagement.YearEnd, Name: "x", FromOn: "2026-06-20", ToOn: "2026-06-30"}, "to_on"},
		} {
			if err := l.plan(c.r); field(err) != c.field {
				l.Errorf("%s: got %v", name, err)
			}
		}
		l.must(l.plan(yearEnd))
		l.must(l.plan(interim))
		var list []engagement.Round
		read := func() []engagement.Round {
			modelstest.Look(l.T, l.db, l.member, func(ctx context.Context, tx *models.Tx) (err error) {
				list, err = engagement.Rounds(ctx, tx, l.e.ID)
				return err
			})
			return list
		}
		if read(); len(list) != 2 || list[0].Kind != engagement.Interim || list[1].ToOn != "2026-07-10" {
			l.Fatalf("got %+v", list)
		}
		list[0].ToOn = "2026-04-24"
		l.must(l.plan(list[0]))
		list[0].Rev = 1
		if err := l.plan(list[0]); models.KindOf(err) != models.KindConflict {
			l.Errorf("the slower of two was not told: %v", err)
		}
		drop := func() error {
			return l.as(l.ana, func(ctx context.Context, tx *models.Tx) error {
				return engagement.DropRound(ctx, tx, l.e, list[1].ID, list[1].Rev)
			})
		}
		l.must(drop())
		if read(); len(list) != 1 || list[0].ToOn != "2026-04-24" {
			l.Errorf("got %+v", list)
		}
		past(l.T, l.db, l.e)
		l.must(move(l.T, l.db, l.ana, &l.e, engagement.Reporting, ""))
		if err := l.plan(yearEnd); models.KindOf(err) != models.KindConflict {
			l.Errorf("planned when fieldwork was over: %v", err)
		}
	})
}
