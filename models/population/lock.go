package population

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"assay/models"
	"assay/models/access"
	"assay/models/control"
	"assay/models/engagement"
	"assay/models/sample"
)

// A Parcel is a list on its way in: what was said about it and what was read from it.
type Parcel struct {
	ControlID int64
	Source
	Origin Origin // Assay wrote it itself
	File
	Replaces   int64  // the version it follows, 0 for a first
	ChangeNote string // what that one lacked
	Change     sample.Change
}

func mayManage(a access.Actor) error {
	if !a.Can(access.PopulationManage) {
		return models.Forbidden("Populations are brought in by compliance managers.")
	}
	return nil
}

// MayImport refuses whoever may not bring a list in, and engagements that take none.
func MayImport(a access.Actor, e engagement.Engagement) error {
	if err := mayManage(a); err != nil {
		return err
	}
	if e.Status != engagement.Planning && e.Status != engagement.Fieldwork {
		return models.Conflict("Populations are brought in during planning and fieldwork, and this engagement is in state " + e.Status.Label() + ".")
	}
	return nil
}

// Import keeps a list as a draft. Refused are engagements before planning and after
// fieldwork, controls that the actor does not see, a source that is not described, and an
// empty list without a word on how it is known that nothing happened. A list with faults
// can be kept, to be looked at; it cannot be locked.
func Import(ctx context.Context, tx *models.Tx, e engagement.Engagement, in Parcel) (Population, error) {
	if err := MayImport(tx.Actor, e); err != nil {
		return Population{}, err
	}
	p := Population{
		EngagementID: e.ID, Slug: e.Slug, ControlID: in.ControlID, Version: 1, Source: in.Source, Origin: in.Origin, File: in.File,
		Status: Draft, AddedBy: tx.Actor.ID, AddedAt: tx.Now,
	}
	if err := p.follow(ctx, tx, in); err != nil {
		return p, err
	}
	if wrong := p.problems(); len(wrong) > 0 {
		return p, models.Invalid(wrong)
	}
	c, err := control.ByID(ctx, tx, p.ControlID)
	if models.KindOf(err) == models.KindNotFound {
		return p, refuse("control", "Choose the control that the list is about.")
	}
	if err != nil {
		return p, err
	}
	p.Control = c.Code
	return p, models.Insert(ctx, tx, &p, "population.import", models.Note{
		"control": p.Control, "file": p.FileName, "digest": p.Digest, "rows": strconv.FormatInt(p.RowCount, 10), "version": strconv.FormatInt(p.Version, 10),
	})
}

func refuse(field, message string) error { return models.Invalid(map[string]string{field: message}) }

// follow makes p the version after the one that in names. It is about the same control,
// says what was wrong, and does not fork.
func (p *Population) follow(ctx context.Context, tx *models.Tx, in Parcel) error {
	if in.Replaces == 0 {
		return nil
	}
	before, err := ByID(ctx, tx, in.Replaces)
	if err != nil {
		return err
	}
	_, replaced, err := Next(ctx, tx, before)
	switch {
	case err != nil:
		return err
	case before.EngagementID != p.EngagementID:
		return models.NotFound("Population")
	case before.Status != Locked:
		return models.Conflict("A draft has no next version. Discard it and bring in the right list.")
	case replaced:
		return models.Conflict(before.Code() + " has a next version already.")
	case strings.TrimSpace(in.ChangeNote) == "":
		return refuse("change_note", "Say what the version before lacked, so that the auditor can judge it.")
	}
	p.ControlID, p.Version, p.ReplacesID, p.ChangeNote, p.Change.V = before.ControlID, before.Version+1, &before.ID, in.ChangeNote, in.Change
	return nil
}

func (p *Population) problems() map[string]string {
	wrong := map[string]string{}
	for field, c := range map[string]struct{ text, why string }{
		"name":      {p.Name, "Say what is listed, such as Merges to production."},
		"system":    {p.System, "Name the system that the list comes from."},
		"query":     {p.Query, "Say by which query or report, with its parameters, the list was taken."},
		"extractor": {p.Extractor, "Say who or what took the list out of the system."},
		"key":       {p.KeyColumn, "Choose the column that tells the items apart."},
		"file":      {p.Digest, "Choose a CSV or XLSX file, or paste the rows."},
	} {
		if strings.TrimSpace(c.text) == "" {
			wrong[field] = c.why
		}
	}
	switch {
	case p.ExtractedAt.IsZero():
		wrong["extracted_at"] = "Say when the list was taken from its system."
	case p.ExtractedAt.After(p.AddedAt):
		wrong["extracted_at"] = "This is still to come."
	}
	if p.SourceCount < 0 {
		wrong["source_count"] = "A count is 0 or more."
	}
	if p.RowCount == 0 && strings.TrimSpace(p.Note) == "" {
		wrong["note"] = "The list is empty. Say how it is known that nothing happened."
	}
	return wrong
}

// MayProve refuses whoever may not write what else was done about p, once it is locked
// everybody.
func MayProve(a access.Actor, p Population) error {
	if err := mayManage(a); err != nil {
		return err
	}
	if p.Status != Draft {
		return models.Conflict("This population is locked. What is found out later makes a next version.")
	}
	return nil
}

// Prove writes what else was done about a draft, in place of what was written before.
// p is as the actor saw it.
func Prove(ctx context.Context, tx *models.Tx, p *Population, proof Proof) error {
	if err := MayProve(tx.Actor, *p); err != nil {
		return err
	}
	if proof.TieDigest != "" && strings.TrimSpace(proof.TieSource) == "" {
		return refuse("tie_source", "Name the second source.")
	}
	p.Proof = proof
	return models.Update(ctx, tx, p, models.Columns{
		"TieSource", "TieName", "TieDigest", "TieKey", "Tie", "ToSource", "ToList", "Assessment",
	}, "population.prove")
}

// Interim reports whether the list was taken before the period was over, so that the rest
// of it needs a population of its own.
func (p Population) Interim(e engagement.Engagement) (bool, error) {
	zone, err := e.Location()
	if err != nil {
		return false, err
	}
	_, until := e.Period().Instants(zone)
	return p.ExtractedAt.Before(until), nil
}

// A Doubt is something about a list that has to be explained before it is locked.
type Doubt string

// Doubts lists what speaks against the list being complete and accurate. None of it is
// decided here: an assessment answers it, and the auditor judges that.
func (p Population) Doubts() []Doubt {
	var out []Doubt
	doubt := func(count int, format string, args ...any) {
		if count > 0 {
			out = append(out, Doubt(fmt.Sprintf(format, args...)))
		}
	}
	r := p.Record.V
	if p.SourceCount != p.RowCount {
		out = append(out, Doubt(fmt.Sprintf("The source counted %d and the list has %d rows.", p.SourceCount, p.RowCount)))
	}
	if !r.Dated && p.RowCount > 0 {
		out = append(out, "No column says when the items occurred, so the period could not be looked at.")
	}
	doubt(r.Outside.Count, "%d outside the period.", r.Outside.Count)
	doubt(r.Undated.Count, "%d without a date that can be read.", r.Undated.Count)
	doubt(len(r.EmptyMonths()), "%d of %d months have no row.", len(r.EmptyMonths()), len(r.Months))
	for _, s := range r.Sequences {
		if s.Dense() {
			doubt(int(min(s.Missing, 1<<31)), "Numbers are missing between %s%d and %s%d: %d of them.", s.Prefix, s.First, s.Prefix, s.Last, s.Missing)
		}
	}
	c := p.Change.V
	doubt(c.Removed.Count, "%d of the version before are not in this one: %s.", c.Removed.Count, strings.Join(c.Removed.Examples, ", "))
	doubt(c.Changed.Count, "%d say something else than in the version before: %s.", c.Changed.Count, strings.Join(c.Changed.Examples, ", "))
	doubt(p.Tie.V.OnlyHere.Count, "%d are not in %s.", p.Tie.V.OnlyHere.Count, p.TieSource)
	doubt(p.Tie.V.OnlyThere.Count, "%d of %s are not in the list.", p.Tie.V.OnlyThere.Count, p.TieSource)
	doubt(failed(p.ToSource), "%d of %d items that were followed to the source did not hold.", failed(p.ToSource), len(p.ToSource))
	doubt(failed(p.ToList), "%d of %d items that were picked at the source are not in the list.", failed(p.ToList), len(p.ToList))
	return out
}

func failed(traces []Trace) (n int) {
	for _, t := range traces {
		if !t.Held {
			n++
		}
	}
	return n
}

// Missing lists what the record still lacks before p can be locked, in sentences.
func (p Population) Missing() []string {
	var out []string
	if err := p.Record.V.Faults.Err(); err != nil {
		out = append(out, err.Error())
	}
	if p.RowCount > 0 && len(p.ToSource) == 0 {
		out = append(out, "Follow some items from the list to their source.")
	}
	if p.RowCount > 0 && len(p.ToList) == 0 {
		out = append(out, "Pick some items at the source and look for them in the list.")
	}
	if len(p.Doubts()) > 0 && strings.TrimSpace(p.Assessment) == "" {
		out = append(out, "Say why the list is complete and accurate in spite of what was found.")
	}
	return out
}

// Lock makes a population of a draft. From now on it never changes, and a sample can be
// drawn. p is as the actor saw it.
func Lock(ctx context.Context, tx *models.Tx, p *Population) error {
	if err := mayManage(tx.Actor); err != nil {
		return err
	}
	if p.Status != Draft {
		return models.Conflict(p.Code() + " is locked already.")
	}
	if missing := p.Missing(); len(missing) > 0 {
		return models.Conflict(strings.Join(missing, " "))
	}
	by, at := tx.Actor.ID, tx.Now
	p.Status, p.LockedBy, p.LockedAt = Locked, &by, &at
	return models.Update(ctx, tx, p, models.Columns{"Status", "LockedBy", "LockedAt"}, "population.lock", models.Note{
		"digest": p.TextDigest, "rows": strconv.FormatInt(p.RowCount, 10),
	})
}

// Discard removes a draft. The log keeps that it was there.
func Discard(ctx context.Context, tx *models.Tx, p *Population) error {
	if err := mayManage(tx.Actor); err != nil {
		return err
	}
	if p.Status != Draft {
		return models.Conflict("A locked population stays. What it lacked makes a next version.")
	}
	return models.Delete(ctx, tx, p, "population.discard")
}
