package finding_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"testing"
	"time"

	"assay/models"
	"assay/models/access"
	"assay/models/controltest"
	"assay/models/deliverable"
	"assay/models/engagement"
	"assay/models/finding"
	"assay/models/freeze"
	"assay/models/modelstest"
	"assay/models/population"
	"assay/models/sample"
)

func draft(author access.Actor, text string) act {
	return func(ctx context.Context, tx *models.Tx, c finding.Case) error {
		rev := int64(0)
		if r := c.OpenResponse(); r != nil {
			rev = r.Rev
		}
		return finding.DraftResponse(ctx, tx, c.ID, rev, finding.Answer{Position: finding.Agree, Text: text, AuthorID: author.ID})
	}
}

func approveText(ctx context.Context, tx *models.Tx, c finding.Case) error {
	if r := c.OpenResponse(); r != nil {
		return finding.ApproveResponse(ctx, tx, c.ID, r.Rev)
	}
	return finding.ApproveResponse(ctx, tx, c.ID, 0)
}

func sign(ctx context.Context, tx *models.Tx, c finding.Case) error {
	if r := c.OpenResponse(); r != nil {
		return finding.SignResponse(ctx, tx, c.ID, r.Rev, r.Digest)
	}
	return finding.SignResponse(ctx, tx, c.ID, 0, "")
}

// signed has Ruth sign a response that Tomas wrote and Ana approved.
func (f *field) signed(id int64, text string) {
	f.t.Helper()
	f.do(f.tomas, id, draft(f.ruth, text))
	f.do(f.ana, id, approveText)
	f.do(f.ruth, id, sign)
}

func TestAResponseIsSignedByItsAuthorAndBoundToItsText(t *testing.T) {
	fields(t, func(f *field) {
		x := f.exception()
		f.refused("at once", f.try(f.tomas, x.ID, respond), models.KindConflict, "drafted, approved by somebody else")
		f.refused("drafted by an auditor", f.try(f.lea, x.ID, draft(f.ruth, "x")), models.KindForbidden, "")
		f.refused("in the name of an auditor", f.try(f.tomas, x.ID, draft(f.lea, "x")), models.KindInvalid, "Choose who of management")
		f.do(f.tomas, x.ID, draft(f.ruth, "We agree."))
		f.refused("signed before it is approved", f.try(f.ruth, x.ID, sign), models.KindConflict, "once it is approved")
		f.refused("approved by who wrote it", f.try(f.tomas, x.ID, approveText), models.KindForbidden, "")
		f.do(f.ben, x.ID, draft(f.ruth, "We agree, and close the gap by June."))
		f.refused("approved by a manager who wrote in it", f.try(f.ben, x.ID, approveText), models.KindForbidden, "somebody else approves it")
		f.do(f.ana, x.ID, approveText)
		f.refused("changed once it is approved", f.try(f.tomas, x.ID, draft(f.ruth, "x")), models.KindConflict, "It is returned first")
		for _, a := range []access.Actor{f.ana, f.tomas, f.admin} {
			if err := f.try(a, x.ID, sign); models.KindOf(err) != models.KindForbidden {
				t.Errorf("signed by %s: %v", a.Name, err)
			}
		}
		f.refused("another text", f.try(f.ruth, x.ID, func(ctx context.Context, tx *models.Tx, c finding.Case) error {
			return finding.SignResponse(ctx, tx, c.ID, c.OpenResponse().Rev, "0000")
		}), models.KindConflict, "not the one you read")
		modelstest.Look(t, f.db, f.lea, func(ctx context.Context, tx *models.Tx) error {
			c, err := finding.Load(ctx, tx, x.ID)
			if len(c.Responses) != 0 {
				t.Error("an auditor sees a draft")
			}
			return err
		})
		f.do(f.ruth, x.ID, sign)
		r := f.load(x.ID).Responses[0]
		h := sha256.Sum256([]byte(r.Signable()))
		if r.Status != finding.ResponseSigned || r.Digest != hex.EncodeToString(h[:]) || r.PersonID != f.ruth.ID || *r.ApprovedBy != f.ana.ID || r.Version != 1 {
			t.Errorf("got %+v", r)
		}
		for what, change := range map[string]func(*finding.Response){
			"the text": func(r *finding.Response) { r.Text = "No." }, "the author": func(r *finding.Response) { r.PersonID = f.ana.ID },
			"back to a draft": func(r *finding.Response) { r.Status = finding.ResponseDraft },
		} {
			c := r
			change(&c)
			f.broken(what, f.as(f.ana, func(ctx context.Context, tx *models.Tx) error {
				return models.Update(ctx, tx, &c, models.Columns{"Text", "PersonID", "Status"}, "response.write")
			}))
		}
		f.signed(x.ID, "We agree, and closed the gap.")
		if c := f.load(x.ID); len(c.Responses) != 2 || c.Responses[1].Version != 2 || c.Response().ID != c.Responses[1].ID || c.Responses[0].Text != "We agree, and close the gap by June." {
			t.Errorf("got %+v", c.Responses)
		}
		own := f.raise(f.facts())
		f.do(f.sam, own, respond)
		if r := f.load(own).Responses[0]; r.Status != finding.ResponseSigned || r.Digest == "" {
			t.Errorf("a finding of the company: %+v", r)
		}
	})
}

func TestTheDatabaseKeepsAuthorAndApproverApart(t *testing.T) {
	fields(t, func(f *field) {
		x := f.exception()
		f.do(f.tomas, x.ID, draft(f.ruth, "We agree."))
		change := func(do func(*finding.Response)) error {
			return f.as(f.ana, func(ctx context.Context, tx *models.Tx) error {
				c, err := finding.Load(ctx, tx, x.ID)
				if err != nil {
					return err
				}
				r := c.Responses[0]
				do(&r)
				return models.Update(ctx, tx, &r, models.Columns{"Status", "ApprovedBy", "ApprovedAt", "SignedBy", "SignedAt", "Digest", "Text"}, "response.sign")
			})
		}
		now, digest := f.db.Now(), f.load(x.ID).Responses[0].Digest+"0000000000000000000000000000000000000000000000000000000000000000"
		f.broken("approved by its author", change(func(r *finding.Response) {
			r.Status, r.ApprovedBy, r.ApprovedAt, r.Digest = finding.ResponseApproved, &f.ruth.ID, &now, digest
		}))
		f.broken("signed without approval", change(func(r *finding.Response) {
			r.Status, r.ApprovedBy, r.ApprovedAt, r.SignedBy, r.SignedAt, r.Digest = finding.ResponseSigned, &f.ana.ID, &now, &f.ruth.ID, &now, digest
		}))
		f.do(f.ana, x.ID, approveText)
		f.broken("signed by another", change(func(r *finding.Response) {
			r.Status, r.SignedBy, r.SignedAt = finding.ResponseSigned, &f.tomas.ID, &now
		}))
		f.broken("signed as another text", change(func(r *finding.Response) {
			r.Status, r.SignedBy, r.SignedAt, r.Text = finding.ResponseSigned, &f.ruth.ID, &now, "No."
		}))
	})
}

func TestACompensatingControlCountsOnceItIsTested(t *testing.T) {
	fields(t, func(f *field) {
		x := f.exception()
		cover := f.scoped("CM-03")
		name := func(a access.Actor, code string) error {
			return f.try(a, x.ID, func(ctx context.Context, tx *models.Tx, c finding.Case) error {
				return finding.Compensate(ctx, tx, c.ID, code, "Every release is compared with its approvals.")
			})
		}
		look := func() (out finding.Cover) {
			modelstest.Look(t, f.db, f.ana, func(ctx context.Context, tx *models.Tx) error {
				c, err := finding.Load(ctx, tx, x.ID)
				if err != nil {
					return err
				}
				part, err := finding.AuditOf(ctx, tx, c)
				out = part.Covers[x.ID][0]
				return err
			})
			return out
		}
		f.refused("by an auditor", name(f.lea, "CM-03"), models.KindForbidden, "")
		f.refused("the one that failed", name(f.tomas, "CM-02"), models.KindInvalid, "CM-02 is what failed")
		f.refused("one that is not there", name(f.tomas, "ZZ-99"), models.KindInvalid, "No control has this code")
		if err := name(f.tomas, "CM-03"); err != nil {
			t.Fatal(err)
		}
		f.refused("twice", name(f.tomas, "CM-03"), models.KindConflict, "named already")
		if c := look(); c.Counts() || c.Result() != "Not tested, so it does not count" {
			t.Errorf("untested: %s", c.Result())
		}
		test, items := f.tested(cover, 2, nil)
		if c := look(); c.Counts() || c.Result() != test.Code()+": not concluded, so it does not count" {
			t.Errorf("in testing: %s", c.Result())
		}
		_ = items
		f.must(f.lea, func(ctx context.Context, tx *models.Tx) error {
			return controltest.Conclude(ctx, tx, test.ID, 0, 0, controltest.Effective, "")
		})
		if c := look(); !c.Counts() || c.Result() != test.Code()+": operated effectively" {
			t.Errorf("tested: %s", c.Result())
		}
		f.broken("the failed one past the verb", f.as(f.ana, func(ctx context.Context, tx *models.Tx) error {
			return models.Insert(ctx, tx, &finding.Compensation{FindingID: x.ID, ControlID: f.merges.ID, Covers: "x", NamedBy: f.ana.ID, NamedAt: f.db.Now()}, "finding.compensate")
		}))
	})
}

// TestRule15AnExceptionStaysInItsPeriod: remediated and retested inside the period, it is
// still the exception it was, and nothing closes it but a person.
func TestRule15AnExceptionStaysInItsPeriod(t *testing.T) {
	fields(t, func(f *field) {
		x := f.exception()
		f.must(f.lea, func(ctx context.Context, tx *models.Tx) error {
			return controltest.Conclude(ctx, tx, f.test.ID, 0, 0, controltest.Exceptions, "")
		})
		f.do(f.tomas, x.ID, confirm)
		f.do(f.ana, x.ID, f.rate)
		f.bring(x.ID, finding.ReadyForVerification)
		failed := f.failed()
		again, _ := f.tested(f.merges, 2, &failed)
		f.must(f.lea, func(ctx context.Context, tx *models.Tx) error {
			return controltest.Conclude(ctx, tx, again.ID, 0, 0, controltest.Effective, "")
		})
		if c := f.load(x.ID); c.Status != finding.ReadyForVerification {
			t.Fatalf("the retest made it %s", c.Status)
		}
		f.do(f.ben, x.ID, verify)
		c := f.load(x.ID)
		modelstest.Look(t, f.db, f.ana, func(ctx context.Context, tx *models.Tx) error {
			part, err := finding.AuditOf(ctx, tx, c)
			if err != nil {
				return err
			}
			if list := part.Retests(&c); len(list) != 1 || list[0].ID != again.ID || *list[0].PopulationID == *part.Tests[f.test.ID].PopulationID {
				t.Errorf("retests %+v", list)
			}
			p, err := f.paper(ctx, tx, f.test.ID)
			if p.Conclusion != controltest.Exceptions || p.Tally().Deviating != 1 || c.Status != finding.ClosedVerified || c.Cells[0].EndedAt != nil {
				t.Errorf("after it was closed the test says %q", p.Words)
			}
			if err != nil {
				return err
			}
			lines, err := deliverable.Matrix(ctx, tx, f.e)
			said := map[string]string{}
			for _, l := range lines {
				said[l.Test] = l.Result
			}
			if !strings.HasPrefix(said[f.test.Code()], "Exceptions noted: 1 of 3 items") || said[again.Code()] != "No exceptions noted." {
				t.Errorf("section IV says %v", said)
			}
			report, more := deliverable.Findings(ctx, tx, f.e)
			if more != nil || len(report) != 1 {
				t.Fatalf("the report has %d lines: %v", len(report), more)
			}
			cells := strings.Join(report[0].Cells(), " | ")
			for _, says := range []string{"T-1, CHG-002, attribute B", "Closed, verified", "T-2 from 2026-03-01: No exceptions noted", "Contractors move to HR.", "1: opened"} {
				if !strings.Contains(cells, says) {
					t.Errorf("the report does not say %q: %s", says, cells)
				}
			}
			if len(report[0].Cells()) != len(deliverable.FindingColumns) {
				t.Error("a cell has no column")
			}
			return err
		})
	})
}

func TestTheFreezeEndsWhatIsSaidAboutAnException(t *testing.T) {
	fields(t, func(f *field) {
		x := f.exception()
		report := func() error {
			return f.as(f.ana, func(ctx context.Context, tx *models.Tx) error {
				e, err := engagement.BySlug(ctx, tx, f.e.Slug)
				if err != nil {
					return err
				}
				return freeze.Report(ctx, tx, &e, "")
			})
		}
		f.refused("undecided", report(), models.KindConflict, "before the freeze")
		f.do(f.tomas, x.ID, dispute)
		f.signed(x.ID, "We do not agree.")
		f.do(f.lea, x.ID, func(ctx context.Context, tx *models.Tx, c finding.Case) error {
			return finding.DecideEffect(ctx, tx, c.ID, c.Rev, finding.Noted, 0)
		})
		f.refused("disputed", report(), models.KindConflict, "1 dispute")
		f.do(f.lea, x.ID, confirm)
		f.mark(f.test, f.items[2], "B", controltest.Deviation)
		f.reviewed(controltest.Exceptions)
		if err := report(); err != nil {
			t.Fatal(err)
		}
		f.later()
		at := controltest.Cell{TestID: f.test.ID, ItemID: f.items[2].ID, Letter: "B"}
		f.e.Status = engagement.Reporting
		_, err := f.except(f.lea, at, 0)
		f.refused("raised", err, models.KindConflict, "raised in fieldwork")
		f.e.Status = engagement.Fieldwork // as a page showed it that was open before
		_, err = f.except(f.lea, at, 0)
		f.broken("raised from a page that is old", err)
		f.refused("dismissed", f.try(f.lea, x.ID, dismiss), models.KindConflict, "frozen or over")
		f.refused("weighed anew", f.try(f.lea, x.ID, func(ctx context.Context, tx *models.Tx, c finding.Case) error {
			return finding.DecideEffect(ctx, tx, c.ID, c.Rev, finding.NotReported, 0)
		}), models.KindConflict, "frozen or over")
		f.broken("weighed past the verb", f.set(f.lea, x.ID, models.Columns{"ReportEffect"}, func(x *finding.Finding) { x.ReportEffect = finding.NotReported }))
		f.refused("answered anew", f.try(f.tomas, x.ID, draft(f.ruth, "x")), models.KindConflict, "frozen or over")
		f.broken("answered past the verb", f.as(f.tomas, func(ctx context.Context, tx *models.Tx) error {
			return models.Insert(ctx, tx, &finding.Response{FindingID: x.ID, Cycle: 1, Version: 9, Position: finding.Agree, Text: "x", PersonID: f.ruth.ID, At: f.db.Now(), Status: finding.ResponseDraft}, "response.draft")
		}))
		f.do(f.ana, x.ID, f.rate) // the remediation goes on
		f.bring(x.ID, finding.ClosedVerified)
		f.do(f.ana, x.ID, reopen)
		f.do(f.tomas, x.ID, confirm) // its next cycle is the company's
		f.signed(x.ID, "It came back.")
	})
}

// TestWhatIsDrawnAtTheMomentOfTheFreezeIsRefused: the freeze has looked, and is not done.
func TestWhatIsDrawnAtTheMomentOfTheFreezeIsRefused(t *testing.T) {
	fields(t, func(f *field) {
		f.reviewed(controltest.Exceptions)
		p := f.population(f.merges)
		f.later()
		s := population.Sample{EngagementID: f.e.ID, PopulationID: p.ID, Slug: p.Slug, Method: sample.Random, Seed: "late", Size: 1, AuditorID: f.lea.ID, DrawnBy: f.lea.ID, DrawnAt: f.db.Now()}
		drawn := make(chan error, 1)
		f.must(f.ana, func(ctx context.Context, tx *models.Tx) error {
			e, err := engagement.BySlug(ctx, tx, f.e.Slug)
			if err != nil {
				return err
			}
			if err := freeze.Report(ctx, tx, &e, ""); err != nil {
				return err
			}
			go func() {
				drawn <- f.db.Write(context.WithoutCancel(ctx), f.lea, func(tx *models.Tx) error {
					return models.Insert(context.WithoutCancel(ctx), tx, &s, "sample.draw")
				})
			}()
			time.Sleep(300 * time.Millisecond) // it is under way
			return nil
		})
		f.broken("a sample", <-drawn)
	})
}
