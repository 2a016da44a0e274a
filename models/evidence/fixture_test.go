package evidence_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"testing"
	"time"

	"assay/models"
	"assay/models/access"
	"assay/models/control"
	"assay/models/evidence"
	"assay/models/framework"
	"assay/models/modelstest"
)

// A company is two owners, two compliance managers and everyone else, and a control of
// the first owner that was effective from 1 January 2026.
type company struct {
	*testing.T
	db                                                           *models.DB
	owner, backup, other, priya, ines, admin, executive, auditor access.Actor
	control                                                      control.Control
	criteria                                                     map[int64]models.List[framework.Ref]
}

func each(t *testing.T, f func(company)) {
	t.Helper()
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		c := company{T: t, db: db, criteria: map[int64]models.List[framework.Ref]{}}
		for role, actors := range map[access.Role][]*access.Actor{
			access.Owner: {&c.owner, &c.backup, &c.other}, access.Compliance: {&c.priya, &c.ines},
			access.Administrator: {&c.admin}, access.Executive: {&c.executive}, access.Auditor: {&c.auditor},
		} {
			for _, a := range actors {
				*a = modelstest.Person(t, db, role)
			}
		}
		c.control = c.addControl("AC-03", "quarterly", "CC6.1")
		f(c)
	})
}

func (c company) as(a access.Actor, f func(context.Context, *models.Tx) error) error {
	return modelstest.As(c.T, c.db, a, f)
}

func (c company) must(err error) {
	c.Helper()
	if err != nil {
		c.Fatal(err)
	}
}

// refused fails the test unless err is of kind.
func (c company) refused(what string, err error, kind models.Kind) {
	c.Helper()
	if models.KindOf(err) != kind || err == nil {
		c.Errorf("%s: got %v", what, err)
	}
}

// addControl makes a control of the owner's, effective from 1 January 2026.
func (c company) addControl(code, frequency, criterion string) control.Control {
	c.Helper()
	row := control.Control{
		Code: code, Title: "Review of " + code, Frequency: frequency, Status: control.Effective,
		OwnerID: &c.owner.ID, BackupID: &c.backup.ID, CreatedAt: modelstest.Now,
	}
	c.must(c.as(access.Clock, func(ctx context.Context, tx *models.Tx) error {
		if err := models.Insert(ctx, tx, &row, "control.create"); err != nil {
			return err
		}
		_, err := models.Raw[control.Control](ctx, tx, `INSERT INTO control_criteria (control_id, framework, code) VALUES (?, 'soc2-tsc', ?) RETURNING control_id AS id`, row.ID, criterion)
		return err
	}))
	c.criteria[row.ID] = models.List[framework.Ref]{{Framework: framework.SOC2, Code: criterion}}
	c.addVersion(row, 1, frequency, control.Effective, "2026-01-01", "")
	return row
}

func (c company) addVersion(of control.Control, number int, frequency string, status control.Status, from, to models.Date) {
	c.Helper()
	v := control.Version{
		ControlID: of.ID, Code: of.Code, Number: number, Status: status,
		Content:    control.Content{Title: of.Title, Statement: "x", Frequency: frequency, Criteria: c.criteria[of.ID]},
		AuthoredAt: modelstest.Now, ApproverID: &c.priya.ID, ApprovedAt: &modelstest.Now, EffectiveFrom: from, EffectiveTo: to,
	}
	c.must(c.as(access.Clock, func(ctx context.Context, tx *models.Tx) error {
		return models.Insert(ctx, tx, &v, "control.approve")
	}))
}

func digest(text string) string {
	h := sha256.Sum256([]byte(text))
	return hex.EncodeToString(h[:])
}

func upload(name, text string) evidence.Upload {
	return evidence.Upload{Name: name, Digest: digest(text), Size: int64(len(text))}
}

func ptr[T any](v T) *T { return &v }

// details of an export for February, performed the day before the upload.
func details() evidence.Details {
	return evidence.Details{
		Title: "Access review, February", Kind: "system_export", Source: "Okta",
		PerformedAt: ptr(modelstest.Now.Add(-24 * time.Hour)), CoversFrom: "2026-02-01", CoversTo: "2026-02-28",
	}
}

func (c company) store(a access.Actor, d evidence.Details, files ...evidence.Upload) evidence.Item {
	c.Helper()
	if len(files) == 0 {
		files = []evidence.Upload{upload("review.csv", "user,kept\nana,yes\n")}
	}
	var i evidence.Item
	c.must(c.as(a, func(ctx context.Context, tx *models.Tx) (err error) {
		i, err = evidence.Store(ctx, tx, evidence.Parcel{ControlID: c.control.ID, Details: d, Files: files})
		return err
	}))
	return i
}

func (c company) submit(a access.Actor, i evidence.Item) (evidence.Item, error) {
	err := c.as(a, func(ctx context.Context, tx *models.Tx) (err error) {
		i, err = evidence.Submit(ctx, tx, i.ID, i.Rev)
		return err
	})
	return i, err
}

func (c company) submitted(a access.Actor, d evidence.Details, files ...evidence.Upload) evidence.Item {
	c.Helper()
	i, err := c.submit(a, c.store(a, d, files...))
	c.must(err)
	return i
}

func (c company) accept(a access.Actor, i evidence.Item) (evidence.Item, error) {
	err := c.as(a, func(ctx context.Context, tx *models.Tx) (err error) {
		i, err = evidence.Accept(ctx, tx, i.ID, i.Rev, "")
		return err
	})
	return i, err
}

func (c company) accepted(d evidence.Details, files ...evidence.Upload) evidence.Item {
	c.Helper()
	i, err := c.accept(c.priya, c.submitted(c.owner, d, files...))
	c.must(err)
	return i
}

func (c company) returned(a access.Actor, i evidence.Item, reason string) (evidence.Item, error) {
	err := c.as(a, func(ctx context.Context, tx *models.Tx) (err error) {
		i, err = evidence.Return(ctx, tx, i.ID, i.Rev, reason)
		return err
	})
	return i, err
}

func (c company) withdraw(a access.Actor, i evidence.Item, reason string) (evidence.Item, error) {
	err := c.as(a, func(ctx context.Context, tx *models.Tx) (err error) {
		i, err = evidence.Withdraw(ctx, tx, i.ID, i.Rev, reason)
		return err
	})
	return i, err
}

func (c company) sees(a access.Actor, i evidence.Item) bool {
	c.Helper()
	var err error
	c.must(c.db.Read(c.Context(), a, func(tx *models.Tx) error {
		_, err = evidence.ByCode(c.Context(), tx, i.Code())
		if err != nil && models.KindOf(err) != models.KindNotFound {
			return err
		}
		return nil
	}))
	return err == nil
}

func (c company) handOver(to access.Actor) {
	c.Helper()
	c.must(c.as(access.Clock, func(ctx context.Context, tx *models.Tx) error {
		row, err := control.ByID(ctx, tx, c.control.ID)
		if err != nil {
			return err
		}
		return control.Assign(ctx, tx, &row, &to.ID, row.BackupID)
	}))
}
