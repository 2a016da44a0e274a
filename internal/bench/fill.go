// Package bench measures the product against the bars it was given, and fills the
// databases that it is measured on. Nothing of it is in the product.
package bench

import (
	"context"
	"fmt"
	"time"

	"assay/models"
	"assay/models/access"
	"assay/models/control"
	"assay/models/evidence"
	"assay/models/framework"
	"assay/models/people"
	"assay/models/programme"
)

// A Size says how much to generate. Every control has a version, every item a file, and
// each of them its leaf: 100,000 controls and 200,000 items make 600,000 leaves.
type Size struct{ Controls, Items int }

// However large the company, the first owners own controlsEach controls each, so that a
// person's tasks stay as many; the rest is shared by a few who only stand for it.
const (
	owners       = 50
	controlsEach = 40
	stewards     = 10
)

// The people who are no owners come first, so that their ids are known.
const (
	managerID = 1 + iota
	reviewerID
	adminID
	executiveID
	firstOwnerID
)

// Fill writes a company of that size into an empty database, through the kernel, so that
// all of it is in the log. Files refer to the blobs given.
func Fill(ctx context.Context, db *models.DB, size Size, blobs []evidence.Upload) error {
	f := &filler{writer: newWriter(), db: db, blobs: blobs, now: db.Now().UTC().Truncate(time.Hour), size: size}
	if err := f.company(ctx); err != nil {
		return fmt.Errorf("generate people: %w", err)
	}
	const batch = 1000
	for start := 0; start < size.Controls; start += batch {
		if err := f.batch(ctx, start, min(start+batch, size.Controls)); err != nil {
			return fmt.Errorf("generate controls from %d: %w", start, err)
		}
	}
	return nil
}

type filler struct {
	*writer
	db    *models.DB
	blobs []evidence.Upload
	now   time.Time
	size  Size
}

// Manager is the compliance manager of every generated company.
var Manager = access.Actor{ID: managerID, Name: "Person 1", Role: access.Compliance}

// OwnerActor is an owner of controls in every generated company.
var OwnerActor = access.Actor{ID: firstOwnerID, Name: fmt.Sprintf("Person %d", firstOwnerID), Role: access.Owner}

func (f *filler) company(ctx context.Context) error {
	roles := []access.Role{access.Compliance, access.Compliance, access.Administrator, access.Executive}
	everyone := make([]*people.Person, 0, len(roles)+owners+stewards)
	for n := range len(roles) + owners + stewards {
		role := access.Owner
		if n < len(roles) {
			role = roles[n]
		}
		everyone = append(everyone, &people.Person{
			Name: fmt.Sprintf("Person %d", n+1), Email: fmt.Sprintf("person-%d@halyard.example", n+1),
			Title: role.Label(), Role: role, Status: people.Active, InvitedAt: f.now,
		})
	}
	return f.db.Write(ctx, access.Clock, func(tx *models.Tx) error {
		if err := models.InsertAll(ctx, tx, everyone, "person.invite"); err != nil {
			return err
		}
		return models.Insert(ctx, tx, &programme.Programme{
			Meta: models.Meta{ID: 1}, Company: "Halyard AI", Zone: "America/New_York",
			Categories: models.List[string]{framework.Security}, SetUpBy: managerID, SetUpAt: f.now,
		}, "programme.set_up")
	})
}

// ownersOf names the owner and the backup owner of control n.
func ownersOf(n int) (owner, backup int64) {
	owner, backup = firstOwnerID+owners+int64(n%stewards), firstOwnerID+owners+int64((n+1)%stewards)
	if n < owners*controlsEach {
		owner = firstOwnerID + int64(n/controlsEach)
	}
	return owner, backup
}

// batch writes the controls [from, to) with all that belongs to them.
func (f *filler) batch(ctx context.Context, from, to int) error {
	controls, versions := make([]*control.Control, 0, to-from), make([]*control.Version, 0, to-from)
	for n := from; n < to; n++ {
		c, v := f.control(n)
		controls, versions = append(controls, c), append(versions, v)
	}
	return f.db.Write(ctx, Manager, func(tx *models.Tx) error {
		if err := models.InsertAll(ctx, tx, controls, "control.import"); err != nil {
			return err
		}
		if err := control.Place(ctx, tx, controls...); err != nil {
			return err
		}
		var criteria []criterion
		for n, c := range controls {
			versions[n].ControlID = c.ID
			for _, ref := range versions[n].Criteria {
				criteria = append(criteria, criterion{c.ID, ref.Framework, ref.Code})
			}
			if err := models.SearchIndex("controls").Put(ctx, tx, c.ID, c.Code, c.Title, versions[n].Statement, c.Category, versions[n].Population, versions[n].TestsOperating[0].Step); err != nil {
				return err
			}
		}
		if err := models.PutAll(ctx, tx, criteria); err != nil {
			return err
		}
		if err := models.InsertAll(ctx, tx, versions, "version.import"); err != nil {
			return err
		}
		return f.evidence(ctx, tx, from, controls)
	})
}

// criterion is a line of control_criteria.
type criterion struct {
	ControlID       int64
	Framework, Code string
}

func (criterion) TableName() string   { return "control_criteria" }
func (criterion) WhyUnlogged() string { return "it is derived from the version of a control" }

var (
	frequencies = []string{"quarterly", "monthly", "annual", "weekly", "semiannual", "daily", "event", "continuous"}
	statuses    = []control.Status{control.Effective, control.Effective, control.Effective, control.Effective, control.Draft, control.Retired}
)

func (f *filler) control(n int) (*control.Control, *control.Version) {
	owner, backup := ownersOf(n)
	category := pick(f.writer, control.Categories())
	code := fmt.Sprintf("%c%c-%05d", category[0]&^0x20, 'A'+category[2]%26, n+1)
	v := &control.Version{
		Code: code, Number: 1, Status: pick(f.writer, statuses), AuthoredAt: f.now.AddDate(-1, -1, 0),
		Content: control.Content{
			Title: f.sentence(4 + f.rand.IntN(5)), Statement: f.sentence(45) + ".", Category: category,
			Kind: pick(f.writer, control.Kinds), Nature: pick(f.writer, control.Natures), Frequency: pick(f.writer, frequencies),
			OwnerFunction: "Security", Population: f.sentence(8), Evidence: models.List[string]{f.sentence(6), f.sentence(6)},
			TestsDesign:    models.List[framework.Test]{{Technique: "inspection", Step: f.sentence(12)}},
			TestsOperating: models.List[framework.Test]{{Technique: "reperformance", Step: f.sentence(16)}},
			Criteria:       f.criteria(), AI: f.rand.IntN(8) == 0,
		},
	}
	if v.Status != control.Draft {
		approver, at := int64(reviewerID), f.now.AddDate(-1, -1, 0)
		v.ApproverID, v.ApprovedAt, v.EffectiveFrom = &approver, &at, models.DateOf(at, time.UTC)
	}
	if v.Status == control.Retired {
		v.EffectiveTo, v.EndedReason = models.DateOf(f.now.AddDate(0, -2, 0), time.UTC), "No longer needed."
	}
	manager := int64(managerID)
	return &control.Control{
		Code: code, OwnerID: &owner, BackupID: &backup, Version: 1, Title: v.Title, Category: v.Category,
		Frequency: v.Frequency, Nature: v.Nature, AI: v.AI, Status: v.Status, CreatedBy: &manager, CreatedAt: f.now,
	}, v
}

func (f *filler) criteria() models.List[framework.Ref] {
	var refs models.List[framework.Ref]
	for _, at := range framework.All()[:1+f.rand.IntN(3)] {
		refs = append(refs, at.Criteria[f.rand.IntN(len(at.Criteria))].Ref())
	}
	return refs
}

// evidence writes the items of these controls, the first of which has the number from.
func (f *filler) evidence(ctx context.Context, tx *models.Tx, from int, controls []*control.Control) error {
	first := from * f.size.Items / f.size.Controls
	last := (from + len(controls)) * f.size.Items / f.size.Controls
	items := make([]*evidence.Item, 0, last-first)
	for n := first; n < last; n++ {
		items = append(items, f.item(controls[(n-first)*len(controls)/(last-first)]))
	}
	if err := models.InsertAll(ctx, tx, items, "evidence.submit"); err != nil {
		return err
	}
	files := make([]*evidence.File, 0, len(items))
	for n, i := range items {
		blob := f.blobs[n%len(f.blobs)]
		if i.Status != evidence.Submitted && first+n >= len(f.blobs) { // nobody looks, and hardly ever are the same bytes sent twice
			blob.Digest = fmt.Sprintf("%064x", first+n)
		}
		name := f.word() + "-" + f.word() + ".csv"
		files = append(files, &evidence.File{EvidenceID: i.ID, Digest: blob.Digest, Name: name, Size: blob.Size, AddedBy: i.UploadedBy, AddedAt: i.UploadedAt})
		if err := evidence.Index.Put(ctx, tx, i.ID, i.Code(), i.Title, i.Source, i.Location, i.Description, name); err != nil {
			return err
		}
	}
	return models.InsertAll(ctx, tx, files, "evidence.file")
}

func (f *filler) item(c *control.Control) *evidence.Item {
	at := f.now.Add(-time.Duration(f.rand.IntN(365*24)+72) * time.Hour)
	sent, manager := at.Add(24*time.Hour), int64(reviewerID)
	day := models.DateOf(at, time.UTC)
	i := &evidence.Item{
		ControlID: c.ID, Status: evidence.Accepted, UploadedBy: *c.OwnerID, UploadedAt: sent,
		Details: evidence.Details{
			Title: f.sentence(3 + f.rand.IntN(5)), Kind: pick(f.writer, evidence.Kinds()).ID, Source: f.sentence(2),
			Location: f.word() + "/" + f.word(), Description: f.sentence(14), PerformedAt: &at, CollectedAt: &at,
			CoversFrom: day.AddDays(-f.rand.IntN(90)), CoversTo: day,
		},
	}
	switch n := f.rand.IntN(100); {
	case n < 2:
		i.Status = evidence.Stored
		return i
	case n < 4:
		i.Status = evidence.Submitted
	case n < 7:
		i.Status, i.DecisionNote = evidence.Returned, f.sentence(8)
	}
	i.SubmittedAt = &sent
	if i.Status != evidence.Submitted {
		decided := sent.Add(time.Hour)
		i.OwnerID, i.BackupID, i.DecidedBy, i.DecidedAt = c.OwnerID, c.BackupID, &manager, &decided
	}
	return i
}
