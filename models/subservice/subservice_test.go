package subservice_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"assay/models"
	"assay/models/access"
	"assay/models/control"
	"assay/models/engagement"
	"assay/models/freeze"
	"assay/models/ledger"
	"assay/models/modelstest"
	"assay/models/people"
	"assay/models/subservice"
)

// A world is an engagement of 2026 in set-up, with a lead auditor.
type world struct {
	*testing.T
	db                        *models.DB
	priya, admin, owner, exec access.Actor
	lead, elsewhere           access.Actor
	e                         engagement.Engagement
}

func each(t *testing.T, f func(*world)) {
	t.Helper()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		w := &world{T: t, db: db}
		w.priya, w.admin = modelstest.Person(t, db, access.Compliance), modelstest.Person(t, db, access.Administrator)
		w.owner, w.exec = modelstest.Person(t, db, access.Owner), modelstest.Person(t, db, access.Executive)
		p := people.Person{Name: "Miriam Brandt", Email: "miriam@firm.example", Firm: "Brandt & Okafor", Role: access.Auditor, Status: people.Active, InvitedAt: modelstest.Now}
		w.do(access.Clock, func(ctx context.Context, tx *models.Tx) error {
			if err := models.Insert(ctx, tx, &p, "person.invite"); err != nil {
				return err
			}
			c := control.Control{Code: "VM-03", Title: "Reports of subservice organisations are read", Frequency: "annual", Status: control.Effective, CreatedAt: modelstest.Now, Version: 1}
			if err := models.Insert(ctx, tx, &c, "control.create"); err != nil {
				return err
			}
			return control.Place(ctx, tx, &c)
		})
		w.do(w.priya, func(ctx context.Context, tx *models.Tx) (err error) {
			w.e, err = engagement.Create(ctx, tx, engagement.Terms{
				Name: "SOC 2 2026", Firm: "Brandt & Okafor", Kind: engagement.Readiness, Criteria: []string{"CC6.1", "CC6.4", "CC9.2"},
				PeriodStart: "2026-01-01", PeriodEnd: "2026-06-30", Zone: "America/New_York", OpensOn: "2026-02-01", ClosesOn: "2026-12-31",
			})
			if err == nil {
				err = engagement.AddAuditor(ctx, tx, w.e, p.ID, engagement.Lead)
			}
			return err
		})
		w.lead = p.Actor()
		w.lead.Engagements = []int64{w.e.ID}
		w.elsewhere = access.Actor{ID: p.ID, Role: access.Auditor, Engagements: []int64{w.e.ID + 7}}
		f(w)
	})
}

func (w *world) as(a access.Actor, f func(context.Context, *models.Tx) error) error {
	return modelstest.As(w.T, w.db, a, f)
}

func (w *world) do(a access.Actor, f func(context.Context, *models.Tx) error) {
	w.Helper()
	if err := w.as(a, f); err != nil {
		w.Fatal(err)
	}
}

func (w *world) refused(what string, err error, kind models.Kind, says string) {
	w.Helper()
	said := fmt.Sprint(err)
	if e := (*models.Error)(nil); errors.As(err, &e) {
		said += fmt.Sprint(e.Fields)
	}
	if models.KindOf(err) != kind || !strings.Contains(said, says) {
		w.Errorf("%s: got %v", what, said)
	}
}

func (w *world) broken(what string, a access.Actor, f func(context.Context, *models.Tx) error) {
	w.Helper()
	if err := w.as(a, f); !models.Broken(err) {
		w.Errorf("%s: got %v", what, err)
	}
}

func (w *world) move(to ...engagement.Status) {
	w.Helper()
	for _, s := range to {
		w.do(w.priya, func(ctx context.Context, tx *models.Tx) error {
			if s == engagement.Reporting {
				return freeze.Report(ctx, tx, &w.e, "")
			}
			return engagement.Move(ctx, tx, &w.e, s, "for the test")
		})
	}
}

func hosting() subservice.Terms {
	return subservice.Terms{Name: " Northwind  Cloud ", Services: "Hosting of production in two regions.", Method: subservice.CarveOut}
}

func (w *world) add(t subservice.Terms) (o subservice.Organisation) {
	w.Helper()
	w.do(w.priya, func(ctx context.Context, tx *models.Tx) (err error) {
		o, err = subservice.Add(ctx, tx, w.e, t)
		return err
	})
	return o
}

func (w *world) expect(a access.Actor, o *subservice.Organisation, text string, criteria ...string) (c subservice.Complement, err error) {
	err = w.as(a, func(ctx context.Context, tx *models.Tx) error {
		c, err = subservice.Expect(ctx, tx, w.e, o, subservice.Content{Text: text, Criteria: criteria, Controls: models.List[string]{"vm-03"}})
		return err
	})
	return c, err
}

// rely records the report of o with the actor of the company.
func (w *world) rely(a access.Actor, o *subservice.Organisation, r subservice.Reliance, monitors ...string) error {
	return w.as(a, func(ctx context.Context, tx *models.Tx) error { return subservice.Rely(ctx, tx, w.e, o, r, monitors) })
}

func (w *world) organisations(a access.Actor) (list []subservice.Organisation) {
	w.Helper()
	modelstest.Look(w.T, w.db, a, func(ctx context.Context, tx *models.Tx) (err error) {
		list, err = subservice.Organisations(ctx, tx, w.e.ID)
		return err
	})
	return list
}

func TestAnOrganisationIsNamedWithItsControlsAndItsReport(t *testing.T) {
	each(t, func(w *world) {
		for who, a := range map[string]access.Actor{"an owner": w.owner, "an executive": w.exec} {
			w.refused(who, w.as(a, func(ctx context.Context, tx *models.Tx) error {
				_, err := subservice.Add(ctx, tx, w.e, hosting())
				return err
			}), models.KindForbidden, "")
		}
		w.refused("nothing", w.as(w.priya, func(ctx context.Context, tx *models.Tx) error {
			_, err := subservice.Add(ctx, tx, w.e, subservice.Terms{})
			return err
		}), models.KindInvalid, "")
		o := w.add(hosting())
		if o.Name != "Northwind Cloud" || o.Code() != "SO-1" {
			w.Errorf("named %+v", o)
		}
		w.refused("twice", w.as(w.priya, func(ctx context.Context, tx *models.Tx) error {
			_, err := subservice.Add(ctx, tx, w.e, subservice.Terms{Name: "NORTHWIND cloud", Services: "x", Method: subservice.Inclusive})
			return err
		}), models.KindInvalid, "names that organisation already")
		_, err := w.expect(w.priya, &o, "Physical access", "CC9.9")
		w.refused("a criterion out of scope", err, models.KindInvalid, "CC9.9 is no criterion in scope")
		_, err = w.expect(w.priya, &o, "", "CC6.4")
		w.refused("without words", err, models.KindInvalid, "")
		_, err = w.expect(w.priya, &o, "Physical access")
		w.refused("without criteria", err, models.KindInvalid, "at least one criterion")
		_, err = w.expect(w.owner, &o, "Physical access", "CC6.4")
		w.refused("an owner", err, models.KindForbidden, "")
		c, err := w.expect(w.priya, &o, "Physical access to its data centres is restricted.", "cc6.4", "CC6.1", "CC6.4")
		if err != nil || c.Code() != "CSOC-1" || !slices.Equal(c.Criteria, []string{"CC6.1", "CC6.4"}) || !slices.Equal(c.Controls, []string{"VM-03"}) {
			w.Errorf("%v %+v", err, c)
		}
		in := w.add(subservice.Terms{Name: "Lantern Support", Services: "Second line support", Method: subservice.Inclusive})
		_, err = w.expect(w.priya, &in, "Tickets are answered.", "CC6.1")
		w.refused("an inclusive organisation", err, models.KindConflict, "described and tested themselves")
		cuec, err := w.expect(w.priya, nil, "User entities remove accounts of leavers.", "CC6.1")
		if err != nil || cuec.Code() != "CUEC-1" {
			w.Errorf("%v %+v", err, cuec)
		}
		w.relies(o)
		for a, want := range map[*access.Actor]int{&w.priya: 2, &w.admin: 2, &w.exec: 2, &w.lead: 2, &w.elsewhere: 0, &w.owner: 0} {
			if n := len(w.organisations(*a)); n != want {
				w.Errorf("%s sees %d", a.Role, n)
			}
		}
		modelstest.Look(w.T, w.db, w.lead, func(ctx context.Context, tx *models.Tx) error {
			rows, err := subservice.Subservices(ctx, tx, w.e)
			if len(rows) != 2 || rows[1][3] != "CSOC-1" || rows[1][5] != "CC6.1 CC6.4" || rows[0][3] != "" || len(rows[0]) != len(subservice.SubserviceColumns) {
				w.Errorf("%q", rows)
			}
			users, wrong := subservice.UserEntities(ctx, tx, w.e)
			if wrong != nil || len(users) != 1 || len(users[0]) != len(subservice.UserEntityColumns) {
				w.Errorf("%v %q", wrong, users)
			}
			return err
		})
		w.verified()
	})
}

func (w *world) verified() {
	w.Helper()
	report, err := models.Verify(w.Context(), w.db, models.VerifyOptions{Tables: ledger.Tables(), Derived: ledger.Derived()})
	if err != nil || len(report.Problems) > 0 {
		w.Errorf("%v %v", err, report.Problems)
	}
}

// relies: the report of o ends before the period does, and the page says by how much.
func (w *world) relies(o subservice.Organisation) {
	w.Helper()
	soc := subservice.Reliance{ReportKind: "soc2_type_2", ReportBy: "Tarn & Co", ReportFrom: "2025-04-01", ReportTo: "2026-03-31", ReportDigest: "SHA256: " + strings.Repeat("AB", 32)}
	for what, c := range map[string]struct {
		change func(*subservice.Reliance)
		says   string
	}{
		"no kind":          {func(r *subservice.Reliance) { r.ReportKind = "" }, "what kind"},
		"a backward one":   {func(r *subservice.Reliance) { r.ReportTo = "2025-03-31" }, "before it begins"},
		"no first day":     {func(r *subservice.Reliance) { r.ReportFrom = "" }, "first day"},
		"half of a digest": {func(r *subservice.Reliance) { r.ReportDigest = "abcd" }, "64 characters"},
	} {
		r, x := soc, o
		c.change(&r)
		w.refused(what, w.rely(w.priya, &x, r), models.KindInvalid, c.says)
	}
	x := o
	w.refused("a control that is none", w.rely(w.priya, &x, soc, "VM-99"), models.KindInvalid, "No control is called VM-99")
	none := int64(99)
	far := soc
	far.ReportEvidenceID = &none
	w.refused("evidence that is none", w.rely(w.priya, &x, far), models.KindNotFound, "")
	w.refused("an auditor", w.rely(w.lead, &x, soc), models.KindForbidden, "")
	if err := w.rely(w.priya, &o, soc, "vm-03", " VM-03"); err != nil {
		w.Fatal(err)
	}
	if !slices.Equal(o.Monitors, []string{"VM-03"}) || o.ReportDigest != strings.Repeat("ab", 32) {
		w.Errorf("%+v", o)
	}
	for _, c := range []struct{ from, to, says string }{
		{"2025-04-01", "2026-03-31", "Its report leaves out 2026-04-01 to 2026-06-30 (91 days) of the period."},
		{"2026-01-02", "2026-06-29", "Its report leaves out 2026-01-01 to 2026-01-01 (1 day) and 2026-06-30 to 2026-06-30 (1 day) of the period."},
		{"2026-01-01", "2026-06-30", ""},
		{"2025-01-01", "2025-12-31", "Its report leaves out 2026-01-01 to 2026-06-30 (181 days) of the period."},
	} {
		o.ReportFrom, o.ReportTo = models.Date(c.from), models.Date(c.to)
		if got := o.GapWords(w.e); got != c.says {
			w.Errorf("%s to %s: %q", c.from, c.to, got)
		}
	}
}

func (w *world) propose(a access.Actor, o *subservice.Organisation, t subservice.Terms, out bool, reason string) error {
	return w.as(a, func(ctx context.Context, tx *models.Tx) error {
		return subservice.Propose(ctx, tx, w.e, o, t, out, reason)
	})
}

// agreed answers the open proposal with the lead's letter.
func (w *world) agreed(a access.Actor, letter string) error {
	return w.as(a, func(ctx context.Context, tx *models.Tx) error {
		p, _, err := engagement.OpenProposal(ctx, tx, w.e.ID)
		if err != nil {
			return err
		}
		return subservice.Agree(ctx, tx, w.e, p, letter)
	})
}

func TestInFieldworkBothSidesAgreeOnSubserviceOrganisations(t *testing.T) {
	each(t, func(w *world) {
		o := w.add(hosting())
		w.refused("before fieldwork", w.propose(w.priya, &o, subservice.Terms{Name: "x", Services: "y", Method: subservice.Inclusive}, false, "why"), models.KindConflict, "Until fieldwork starts")
		w.move(engagement.Planning, engagement.Fieldwork)
		w.refused("added alone", w.as(w.priya, func(ctx context.Context, tx *models.Tx) error {
			_, err := subservice.Add(ctx, tx, w.e, subservice.Terms{Name: "x", Services: "y", Method: subservice.CarveOut})
			return err
		}), models.KindConflict, "both sides agree")
		x := o
		w.refused("changed alone", w.as(w.priya, func(ctx context.Context, tx *models.Tx) error {
			return subservice.Change(ctx, tx, w.e, &x, subservice.Terms{Name: "x", Services: "y", Method: subservice.CarveOut})
		}), models.KindConflict, "both sides agree")
		w.refused("removed alone", w.as(w.priya, func(ctx context.Context, tx *models.Tx) error { return subservice.Remove(ctx, tx, w.e, &x) }), models.KindConflict, "both sides agree")
		w.refused("the same again", w.propose(w.priya, &o, hosting(), false, "why"), models.KindConflict, "says already")
		w.refused("an administrator", w.propose(w.admin, &o, hosting(), true, "why"), models.KindForbidden, "lead auditor")
		w.refused("without a reason", w.propose(w.priya, &o, hosting(), true, ""), models.KindInvalid, "")
		inclusive := hosting()
		inclusive.Method = subservice.Inclusive
		if err := w.propose(w.priya, &o, inclusive, false, "It lets the firm test its controls."); err != nil {
			w.Fatal(err)
		}
		w.refused("a second one", w.propose(w.priya, &o, hosting(), true, "why"), models.KindConflict, "settled first")
		w.refused("without the lead's word", w.agreed(w.priya, ""), models.KindInvalid, "letter or mail")
		if got := w.organisations(w.priya)[0].Method; got != subservice.CarveOut {
			w.Errorf("proposed, it is %s already", got)
		}
		if err := w.agreed(w.priya, "mail of 1 March 2026"); err != nil {
			w.Fatal(err)
		}
		if got := w.organisations(w.priya)[0]; got.Method != subservice.Inclusive || got.ProposalID == nil {
			w.Errorf("agreed, it is %+v", got)
		}
		w.lead.Fieldwork = []int64{w.e.ID}
		w.grant()
		if err := w.propose(w.priya, nil, subservice.Terms{Name: "Second Site", Services: "Backups", Method: subservice.CarveOut}, false, "It joined."); err != nil {
			w.Fatal(err)
		}
		w.refused("by its own side", w.agreed(w.priya, "mail"), models.KindInvalid, "agrees here")
		if err := w.agreed(w.lead, ""); err != nil {
			w.Fatal(err)
		}
		list := w.organisations(w.lead)
		if len(list) != 2 || list[1].Name != "Second Site" {
			w.Errorf("%+v", list)
		}
		if err := w.propose(w.lead, &list[1], subservice.Terms{}, true, "It never began."); err != nil {
			w.Fatal(err)
		}
		if err := w.agreed(w.priya, ""); err != nil {
			w.Fatal(err)
		}
		if list = w.organisations(w.lead); len(list) != 1 {
			w.Errorf("%+v", list)
		}
		w.verified()
	})
}

func (w *world) grant() {
	w.Helper()
	w.do(w.admin, func(ctx context.Context, tx *models.Tx) error {
		team, err := engagement.Team(ctx, tx, w.e.ID)
		if err != nil {
			return err
		}
		return engagement.GrantFieldwork(ctx, tx, w.e, team[0].ID, team[0].Rev)
	})
}

func TestTheDatabaseKeepsTheScopeOfSubserviceOrganisations(t *testing.T) {
	each(t, func(w *world) {
		o := w.add(hosting())
		c, err := w.expect(w.priya, &o, "Physical access is restricted.", "CC6.4")
		if err != nil {
			w.Fatal(err)
		}
		inclusive := w.add(subservice.Terms{Name: "Lantern", Services: "x", Method: subservice.Inclusive})
		w.broken("a CSOC of an inclusive one", w.priya, func(ctx context.Context, tx *models.Tx) error {
			x := c
			x.Meta, x.Number, x.OrganisationID = models.Meta{}, 7, &inclusive.ID
			return models.Insert(ctx, tx, &x, "complement.add")
		})
		w.move(engagement.Planning, engagement.Fieldwork)
		set := models.Columns{"Name", "Method", "LeftAt", "ProposalID"}
		change := func(edit func(*subservice.Organisation)) func(context.Context, *models.Tx) error {
			return func(ctx context.Context, tx *models.Tx) error {
				x, err := subservice.ByCode(ctx, tx, w.e.ID, o.Code())
				if err != nil {
					return err
				}
				edit(&x)
				return models.Update(ctx, tx, &x, set, "subservice.change")
			}
		}
		w.broken("another method", w.priya, change(func(o *subservice.Organisation) { o.Method = subservice.Inclusive }))
		w.broken("left out", w.priya, change(func(o *subservice.Organisation) { o.LeftAt = &modelstest.Now }))
		w.broken("added", w.priya, func(ctx context.Context, tx *models.Tx) error {
			x := o
			x.Meta, x.Name = models.Meta{}, "Another"
			return models.Insert(ctx, tx, &x, "subservice.add")
		})
		w.broken("removed", w.priya, func(ctx context.Context, tx *models.Tx) error {
			x := o
			return models.Delete(ctx, tx, &x, "subservice.remove")
		})
		inc := hosting()
		inc.Method = subservice.Inclusive
		if err := w.propose(w.priya, &o, inc, false, "why"); err != nil {
			w.Fatal(err)
		}
		w.broken("something else than was agreed", w.priya, func(ctx context.Context, tx *models.Tx) error {
			p, _, err := engagement.OpenProposal(ctx, tx, w.e.ID)
			if err == nil {
				err = p.Settle(ctx, tx, w.e, "mail of 1 March")
			}
			if err != nil {
				return err
			}
			return change(func(o *subservice.Organisation) { o.Name, o.ProposalID = "Other", &p.ID })(ctx, tx)
		})
		if err := w.agreed(w.priya, "mail of 1 March"); err != nil {
			w.Fatal(err)
		}
		w.broken("the same word twice", w.priya, change(func(o *subservice.Organisation) { o.Method = subservice.CarveOut }))
		w.move(engagement.Reporting)
		w.frozen(w.organisations(w.priya)[0], c)
	})
}

// frozen: after the freeze neither verbs nor the database change a word.
func (w *world) frozen(o subservice.Organisation, c subservice.Complement) {
	w.Helper()
	w.refused("a report after the freeze", w.rely(w.priya, &o, subservice.Reliance{}), models.KindConflict, "stays as it is")
	_, err := w.expect(w.priya, nil, "Late", "CC6.1")
	w.refused("a CUEC after the freeze", err, models.KindConflict, "stays as it is")
	w.refused("struck after the freeze", w.as(w.priya, func(ctx context.Context, tx *models.Tx) error { x := c; return subservice.Strike(ctx, tx, w.e, &x) }), models.KindConflict, "stays as it is")
	w.refused("reworded after the freeze", w.as(w.priya, func(ctx context.Context, tx *models.Tx) error {
		x := c
		return subservice.Reword(ctx, tx, w.e, &x, subservice.Content{Text: "x", Criteria: models.List[string]{"CC6.1"}})
	}), models.KindConflict, "stays as it is")
	w.broken("the note of a report", w.priya, func(ctx context.Context, tx *models.Tx) error {
		x := o
		x.Monitors = models.List[string]{"VM-03"}
		return models.Update(ctx, tx, &x, models.Columns{"Monitors"}, "subservice.rely")
	})
	w.broken("a word", w.priya, func(ctx context.Context, tx *models.Tx) error {
		x := c
		x.Text = "other"
		return models.Update(ctx, tx, &x, models.Columns{"Text"}, "complement.change")
	})
	w.broken("a line less", w.priya, func(ctx context.Context, tx *models.Tx) error {
		x := c
		return models.Delete(ctx, tx, &x, "complement.remove")
	})
	w.broken("a line more", w.priya, func(ctx context.Context, tx *models.Tx) error {
		x := c
		x.Meta, x.Number, x.Kind, x.OrganisationID = models.Meta{}, 9, subservice.UserEntity, nil
		return models.Insert(ctx, tx, &x, "complement.add")
	})
}
