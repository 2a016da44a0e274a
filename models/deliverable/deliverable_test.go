package deliverable_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"

	"assay/models"
	"assay/models/access"
	"assay/models/deliverable"
	"assay/models/engagement"
	"assay/models/ledger"
	"assay/models/modelstest"
)

type world struct {
	*testing.T
	db                       *models.DB
	priya, ines, ruth, admin access.Actor
	other, owner, auditor    access.Actor
	e                        engagement.Engagement
}

func each(t *testing.T, f func(*world)) {
	t.Helper()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		w := &world{T: t, db: db}
		for role, list := range map[access.Role][]*access.Actor{
			access.Compliance: {&w.priya, &w.ines}, access.Executive: {&w.ruth, &w.other}, access.Administrator: {&w.admin}, access.Owner: {&w.owner}, access.Auditor: {&w.auditor},
		} {
			for _, a := range list {
				*a = modelstest.Person(t, db, role)
			}
		}
		w.must(w.as(w.priya, func(ctx context.Context, tx *models.Tx) (err error) {
			w.e, err = engagement.Create(ctx, tx, engagement.Terms{
				Name: "Fieldwork 2026", Firm: "Brandt & Okafor", Kind: engagement.Readiness, Criteria: []string{"CC6.1", "CC7.2"},
				PeriodStart: "2025-07-01", PeriodEnd: "2026-06-30", Zone: "America/New_York", OpensOn: "2026-02-01", ClosesOn: "2026-12-31",
			})
			return err
		}))
		w.auditor.Engagements = []int64{w.e.ID}
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

func (w *world) refused(what string, err error, kind models.Kind, says string) {
	w.Helper()
	if models.KindOf(err) != kind || !strings.Contains(fmt.Sprint(err), says) {
		w.Errorf("%s: got %v", what, err)
	}
}

func (w *world) begin(a access.Actor, kind deliverable.Kind, signatory int64) (d deliverable.Document, err error) {
	err = w.as(a, func(ctx context.Context, tx *models.Tx) error {
		d, err = deliverable.Begin(ctx, tx, w.e, kind, signatory)
		return err
	})
	return d, err
}

func (w *world) write(a access.Actor, d *deliverable.Document, body string) error {
	return w.as(a, func(ctx context.Context, tx *models.Tx) error { return deliverable.Write(ctx, tx, d, body, w.ruth.ID) })
}

func (w *world) approve(a access.Actor, d *deliverable.Document) error {
	return w.as(a, func(ctx context.Context, tx *models.Tx) error { return deliverable.Approve(ctx, tx, w.e, d) })
}

func (w *world) sign(a access.Actor, d *deliverable.Document, seen string) error {
	return w.as(a, func(ctx context.Context, tx *models.Tx) error { return deliverable.Sign(ctx, tx, w.e, d, seen) })
}

// settled takes a document to where it can be signed.
func (w *world) settled(kind deliverable.Kind) deliverable.Document {
	w.Helper()
	d, err := w.begin(w.priya, kind, w.ruth.ID)
	w.must(err)
	w.must(w.write(w.priya, &d, strings.ReplaceAll(d.Body, deliverable.Blank, "as it is")))
	w.must(w.approve(w.ines, &d))
	return d
}

func TestADocumentIsDraftedApprovedAndSignedByThree(t *testing.T) {
	each(t, func(w *world) {
		_, err := w.begin(w.owner, deliverable.Description, w.ruth.ID)
		w.refused("an owner", err, models.KindForbidden, "compliance managers")
		_, err = w.begin(w.priya, deliverable.Description, w.admin.ID)
		w.refused("a signatory who is no executive", err, models.KindInvalid, "")
		d, err := w.begin(w.priya, deliverable.Description, w.ruth.ID)
		w.must(err)
		if d.Version != 1 || !strings.Contains(d.Body, "DC 9.") || !strings.Contains(d.Body, "2025-07-01 to 2026-06-30") {
			w.Errorf("drafted %+v", d)
		}
		_, err = w.begin(w.ines, deliverable.Description, w.ruth.ID)
		w.refused("a second open one", err, models.KindConflict, "open already")
		w.refused("with blanks", w.approve(w.ines, &d), models.KindConflict, "to be filled in")
		w.must(w.write(w.priya, &d, "The system."))
		w.refused("by who wrote it", w.approve(w.priya, &d), models.KindConflict, "Somebody else approves it")
		w.refused("signed before it is approved", w.sign(w.ruth, &d, ""), models.KindConflict, "once it is approved")
		w.must(w.write(w.ines, &d, "The system, in short."))
		w.refused("by who wrote in it", w.approve(w.ines, &d), models.KindConflict, "Somebody else approves it")
		third := modelstest.Person(w.T, w.db, access.Compliance)
		w.must(w.approve(third, &d))
		h := sha256.Sum256([]byte(d.Text()))
		if d.Digest != hex.EncodeToString(h[:]) {
			w.Errorf("the digest is %s", d.Digest)
		}
		w.refused("written in after", w.write(w.priya, &d, "Other"), models.KindConflict, "Only a draft")
		w.refused("signed by another executive", w.sign(w.other, &d, d.Digest), models.KindForbidden, "named in the document")
		w.refused("another text", w.sign(w.ruth, &d, strings.Repeat("0", 64)), models.KindConflict, "not the one you read")
		w.must(w.sign(w.ruth, &d, d.Digest))
		for what, change := range map[string]func(*deliverable.Document){
			"the text": func(d *deliverable.Document) { d.Body = "x" }, "back": func(d *deliverable.Document) { d.Status, d.SignedBy, d.SignedAt = deliverable.Approved, nil, nil },
		} {
			x := d
			change(&x)
			if err := w.as(w.priya, func(ctx context.Context, tx *models.Tx) error {
				return models.Update(ctx, tx, &x, models.Columns{"Body", "Status", "SignedBy", "SignedAt"}, "document.write")
			}); !models.Broken(err) {
				w.Errorf("%s of a signed one: %v", what, err)
			}
		}
		if err := w.as(w.priya, func(ctx context.Context, tx *models.Tx) error {
			x := d
			return models.Delete(ctx, tx, &x, "document.write")
		}); !models.Broken(err) {
			w.Errorf("removed: %v", err)
		}
		next, err := w.begin(w.priya, deliverable.Description, w.ruth.ID)
		w.must(err)
		for who, want := range map[*access.Actor]int{&w.priya: 2, &w.ruth: 2, &w.auditor: 1, &w.owner: 0} {
			modelstest.Look(w.T, w.db, *who, func(ctx context.Context, tx *models.Tx) error {
				list, err := deliverable.Of(ctx, tx, w.e.ID)
				if len(list) != want || want == 1 && list[0].ID == next.ID {
					w.Errorf("%s sees %d", who.Role, len(list))
				}
				return err
			})
		}
		report, err := models.Verify(w.Context(), w.db, models.VerifyOptions{Tables: ledger.Tables()})
		if err != nil || len(report.Problems) > 0 {
			w.Errorf("%v %v", err, report.Problems)
		}
	})
}

func TestTheDatabaseKeepsApproverAndSignatoryApart(t *testing.T) {
	each(t, func(w *world) {
		d := w.settled(deliverable.Bridge)
		for what, c := range map[string]func(*deliverable.Document){
			"approved by who drafted": func(d *deliverable.Document) { d.ApprovedBy = &d.DraftedBy },
			"another text than was approved": func(d *deliverable.Document) {
				d.Body, d.Status, d.SignedBy, d.SignedAt = "x", deliverable.Signed, &w.ruth.ID, &modelstest.Now
			},
			"signed by another": func(d *deliverable.Document) {
				d.Status, d.SignedBy, d.SignedAt = deliverable.Signed, &w.other.ID, &modelstest.Now
			},
		} {
			x := d
			c(&x)
			if err := w.as(w.ruth, func(ctx context.Context, tx *models.Tx) error {
				return models.Update(ctx, tx, &x, models.Columns{"Body", "Status", "ApprovedBy", "SignedBy", "SignedAt"}, "document.sign")
			}); !models.Broken(err) {
				w.Errorf("%s: %v", what, err)
			}
		}
	})
}

func TestAnAssertionIsBoundToTheDescription(t *testing.T) {
	each(t, func(w *world) {
		a, err := w.begin(w.priya, deliverable.Assertion, w.ruth.ID)
		w.must(err)
		w.must(w.write(w.priya, &a, strings.ReplaceAll(a.Body, deliverable.Blank, "Acme")))
		w.refused("before there is one", w.approve(w.ines, &a), models.KindConflict, "not approved yet")
		d := w.settled(deliverable.Description)
		w.must(w.approve(w.ines, &a))
		if a.Bound != d.Digest || !strings.Contains(a.Text(), "description sha256 "+d.Digest) {
			w.Errorf("bound to %q", a.Bound)
		}
		w.refused("before it is signed", w.sign(w.ruth, &a, a.Digest), models.KindConflict, "a system description that is not signed")
		w.must(w.sign(w.ruth, &d, d.Digest))
		w.must(w.sign(w.ruth, &a, a.Digest))
	})
}

func TestSectionIVSaysWhatIsNotThere(t *testing.T) {
	each(t, func(w *world) {
		modelstest.Look(w.T, w.db, w.priya, func(ctx context.Context, tx *models.Tx) error {
			lines, err := deliverable.Matrix(ctx, tx, w.e)
			if len(lines) != 2 || lines[0].Criterion != "CC6.1" || lines[0].Result != "No control of the company helps to meet this criterion." || len(lines[0].Cells()) != len(deliverable.Columns) {
				w.Errorf("got %+v", lines)
			}
			if err != nil {
				return err
			}
			steps, err := deliverable.Steps(ctx, tx, w.e, nil)
			if len(steps) != 16 || steps[0].Open != 0 || steps[14].Open != 1 || steps[14].Why != "It is not drafted." || steps[15].Label != "What was examined is frozen" || steps[15].Open != 1 {
				w.Errorf("got %+v", steps)
			}
			return err
		})
	})
}
