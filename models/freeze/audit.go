package freeze

import (
	"context"
	"fmt"
	"path"
	"strings"

	"assay/internal/binder"
	"assay/models"
	"assay/models/finding"
	"assay/models/population"
	"assay/models/rollforward"
)

// populations writes every locked list with the draws from it.
func (s *snapshot) populations(ctx context.Context) error {
	for after := int64(0); ; {
		list, err := models.Rows[population.Population](s.tx).Where("populations.id > ?", after).Order("populations.id").Limit(100).Find(ctx)
		if err != nil || len(list) == 0 {
			return err
		}
		for _, p := range list {
			if err := s.population(ctx, p); err != nil {
				return err
			}
		}
		after = list[len(list)-1].ID
	}
}

func (s *snapshot) population(ctx context.Context, p population.Population) error {
	if err := s.know(ctx, given(p.LockedBy)...); err != nil {
		return err
	}
	dir := "populations/" + p.Code() + "/"
	d := binder.Population{
		Code: p.Code(), Control: p.Control, Version: p.Version, ChangeNote: p.ChangeNote, Name: p.Name, System: p.System, Environment: p.Environment,
		Query: p.Query, Extractor: p.Extractor, ExtractedAt: p.ExtractedAt.UTC(), SourceCount: p.SourceCount, Note: p.Note,
		Rows: p.RowCount, KeyColumn: p.KeyColumn, WhenColumn: p.WhenColumn, Digest: p.TextDigest,
		List:   binder.Stored{Name: p.FileName, Path: dir + "list" + extension(p.FileName), SHA256: p.Digest},
		Text:   binder.Stored{Name: "population.txt", Path: dir + "population.txt", SHA256: p.TextDigest},
		Record: p.Record.V, ToSource: p.ToSource, ToList: p.ToList, Assessment: p.Assessment,
		LockedAt: p.LockedAt.UTC(), LockedBy: s.person(*p.LockedBy), Records: []binder.Record{record(p, p.Meta)},
	}
	if p.ReplacesID != nil {
		d.Replaces = fmt.Sprintf("P-%d", *p.ReplacesID)
	}
	if p.TieDigest != "" {
		d.Second = &binder.Stored{Name: p.TieName, Path: dir + "second-source" + extension(p.TieName), SHA256: p.TieDigest}
		d.SecondName, d.Tie = p.TieSource, p.Tie.V
	}
	a, ok, err := population.AcceptanceOf(ctx, s.tx, p)
	if err != nil {
		return err
	}
	if ok {
		if err := s.know(ctx, a.AuditorID, a.EnteredBy); err != nil {
			return err
		}
		d.Acceptance = &binder.Taking{Note: a.Note, Auditor: s.person(a.AuditorID), EnteredBy: s.person(a.EnteredBy), At: a.AcceptedAt.UTC()}
		d.Records = append(d.Records, record(a, a.Meta))
	}
	s.counts.Populations++
	if err := s.add(ctx, dir+"population.json", false, d); err != nil {
		return err
	}
	draws, err := population.Samples(ctx, s.tx, p.ID)
	for _, draw := range draws {
		if err == nil {
			err = s.sample(ctx, p, draw.Code())
		}
	}
	return err
}

// extension keeps the end of a name by which a list is read again.
func extension(name string) string {
	ext := strings.ToLower(path.Ext(name))
	if SafeName("x"+ext) != "x"+ext || len(ext) > 12 {
		return ""
	}
	return ext
}

func (s *snapshot) sample(ctx context.Context, p population.Population, code string) error {
	x, err := population.SampleByCode(ctx, s.tx, p.ID, code)
	if err != nil {
		return err
	}
	d := binder.Sample{
		Code: x.Code(), Population: p.Code(), Method: string(x.Method), Seed: x.Seed, Stratum: x.Stratum, Amount: x.Amount, Decimals: x.Decimals,
		Every: x.Every, Size: x.Size, Target: x.Target(), Reason: x.Reason, DrawnAt: x.DrawnAt.UTC(), Items: []binder.SampleItem{}, Records: []binder.Record{record(x.Sample, x.Meta)},
	}
	if x.RedrawsID != nil {
		d.Redraws = fmt.Sprintf("S-%d", *x.RedrawsID)
	}
	if x.SinceID != nil {
		d.Since = fmt.Sprintf("P-%d", *x.SinceID)
	}
	ids := []int64{x.AuditorID, x.DrawnBy}
	for _, e := range x.Exclusions {
		ids = append(ids, e.AuditorID)
	}
	for _, e := range x.Extensions {
		ids = append(ids, e.AuditorID)
	}
	if err := s.know(ctx, ids...); err != nil {
		return err
	}
	d.Auditor, d.EnteredBy = s.person(x.AuditorID), s.person(x.DrawnBy)
	out := map[int64]*binder.Exclusion{}
	for n, e := range x.Exclusions {
		out[e.ItemID] = &binder.Exclusion{Place: n + 1, Class: string(e.Class), Reason: e.Reason, Auditor: s.person(e.AuditorID), At: e.ExcludedAt.UTC()}
		d.Records = append(d.Records, record(e, e.Meta))
	}
	for _, e := range x.Extensions {
		d.Extensions = append(d.Extensions, binder.Extension{Size: e.Size, Reason: e.Reason, Auditor: s.person(e.AuditorID), At: e.ExtendedAt.UTC()})
		d.Records = append(d.Records, record(e, e.Meta))
	}
	for _, i := range x.Items {
		d.Items = append(d.Items, binder.SampleItem{Place: i.Place, Stratum: i.Stratum, Key: i.Key, Rank: i.Rank, RowDigest: i.RowDigest, Line: i.Line, Hits: i.Hits, Cells: i.Cells, Excluded: out[i.ID]})
		d.Records = append(d.Records, record(i, i.Meta))
	}
	s.counts.Samples++
	return s.add(ctx, "samples/"+d.Code+".json", false, d)
}

// findings writes each finding of the engagement with all its cycles as they are.
func (s *snapshot) findings(ctx context.Context) error {
	for after := int64(0); ; {
		list, err := models.Rows[finding.Finding](s.tx).Where("findings.id > ?", after).Order("findings.id").Limit(100).Find(ctx)
		if err != nil || len(list) == 0 {
			return err
		}
		for _, f := range list {
			c, err := finding.Load(ctx, s.tx, f.ID)
			if err == nil {
				err = s.know(ctx, c.People()...)
			}
			var part finding.AuditPart
			if err == nil {
				part, err = finding.AuditOf(ctx, s.tx, c)
			}
			var drawn map[int64]about
			if err == nil {
				drawn, err = s.drawn(ctx, itemsOf(c.Cells))
			}
			if err == nil {
				s.counts.Findings++
				d := s.finding(c)
				s.exception(&d, c, part, drawn)
				err = s.add(ctx, "findings/"+f.Code()+".json", false, d)
			}
			if err != nil {
				return err
			}
		}
		after = list[len(list)-1].ID
	}
}

// carried writes the findings of earlier periods that were open when this one began: as they
// were then, beside the findings of this engagement and never among them.
func (s *snapshot) carried(ctx context.Context) error {
	list, err := rollforward.HistoryOf(ctx, s.tx, s.e.ID)
	if err != nil {
		return err
	}
	for _, c := range list {
		s.counts.Carried++
		err := s.add(ctx, binder.CarriedDir+c.Code()+".json", false, binder.Carried{
			Code: c.Code(), Title: c.Title, Severity: string(c.Severity), Status: string(c.Status), Cycle: c.Cycle, CarriedAt: c.CarriedAt.UTC(),
			From: c.From, FromStart: string(c.FromStart), FromEnd: string(c.FromEnd), Records: []binder.Record{record(c.Carried, c.Meta)},
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (s *snapshot) finding(c finding.Case) binder.Finding {
	d := binder.Finding{
		Code: c.Code(), Title: c.Title, Condition: c.Condition, Criterion: c.Criterion, Cause: c.Cause, Effect: c.Effect, Recommendation: c.Recommendation,
		Severity: string(c.Severity), ReportEffect: string(c.ReportEffect), Status: string(c.Status), Controls: []string{}, RaisedAt: c.RaisedAt.UTC(),
		RaisedBy: s.person(c.RaisedBy), Cycle: c.Cycle, Records: []binder.Record{record(c.Finding, c.Meta)},
	}
	for _, x := range c.Controls {
		if s.inControl[x.ID] {
			d.Controls = append(d.Controls, x.Code)
		}
	}
	for _, x := range c.Cycles {
		d.Cycles = append(d.Cycles, binder.Cycle{Number: x.Number, OpenedAt: x.OpenedAt.UTC(), Reason: x.Reason, Outcome: string(x.Outcome), ClosedAt: utc(x.ClosedAt), ClosedBy: s.maybe(x.ClosedBy), Entered: s.maybe(x.ClosedEntry), Note: x.Note})
		d.Records = append(d.Records, record(x, x.Meta))
	}
	for _, x := range c.Responses {
		d.Responses = append(d.Responses, binder.Response{
			Cycle: x.Cycle, Position: string(x.Position), Text: x.Text, Person: s.person(x.PersonID), At: x.At.UTC(),
			Version: x.Version, Status: string(x.Status), SHA256: x.Digest, ApprovedBy: s.maybe(x.ApprovedBy), ApprovedAt: utc(x.ApprovedAt), SignedAt: utc(x.SignedAt),
		})
		d.Records = append(d.Records, record(x, x.Meta))
	}
	for _, x := range c.Plans {
		d.Plans = append(d.Plans, s.plan(c, x))
		d.Records = append(d.Records, record(x, x.Meta))
	}
	for _, x := range c.Milestones {
		d.Records = append(d.Records, record(x, x.Meta))
	}
	for _, x := range c.Acceptances {
		d.Acceptances = append(d.Acceptances, binder.Acceptance{Cycle: x.Cycle, Reason: x.Reason, Accepted: s.person(x.AcceptedBy), At: x.AcceptedAt.UTC(), ExpiresOn: string(x.ExpiresOn), EndedAt: utc(x.EndedAt)})
		d.Records = append(d.Records, record(x, x.Meta))
	}
	return d
}

func itemsOf(cells []finding.Cell) (ids []int64) {
	for _, c := range cells {
		ids = append(ids, c.ItemID)
	}
	return ids
}

// exception adds what only the auditors say, and what its tests say.
func (s *snapshot) exception(d *binder.Finding, c finding.Case, part finding.AuditPart, drawn map[int64]about) {
	d.EffectBy, d.EffectEntered, d.EffectAt, d.EnteredBy = s.maybe(c.EffectBy), s.maybe(c.EffectEntered), utc(c.EffectAt), s.maybe(c.EnteredBy)
	if c.TestID != nil {
		d.Test = fmt.Sprintf("T-%d", *c.TestID)
	}
	for _, x := range c.Cells {
		one := binder.Cell{Sample: drawn[x.ItemID].sample, Item: x.ItemKey, Letter: x.Letter, Attribute: x.Attribute, Auditor: s.person(x.AuditorID), By: s.person(x.EnteredBy), At: x.RaisedAt.UTC(), EndedAt: utc(x.EndedAt)}
		if x.PopulationID != nil {
			one.Omitted = fmt.Sprintf("P-%d", *x.PopulationID)
		}
		d.Cells = append(d.Cells, one)
		d.Records = append(d.Records, record(x, x.Meta))
	}
	for _, x := range part.Covers[c.ID] {
		one := binder.Cover{Control: x.Code, Covers: x.Covers, NamedBy: s.person(x.NamedBy), Tests: []string{}, Counts: x.Counts()}
		for _, t := range x.Tests {
			one.Tests = append(one.Tests, t.Code())
		}
		d.Compensations = append(d.Compensations, one)
		d.Records = append(d.Records, record(x.Compensation, x.Meta))
	}
	for _, t := range part.Retests(&c) {
		d.Retests = append(d.Retests, t.Code())
	}
}

func (s *snapshot) plan(c finding.Case, p finding.Plan) binder.Plan {
	d := binder.Plan{
		Cycle: p.Cycle, Status: string(p.Status), Summary: p.Summary, Owner: s.person(p.OwnerID), DueOn: string(p.DueOn), OriginalDueOn: string(p.OriginalDueOn),
		CompletedAt: utc(p.CompletedAt), VerifiedAt: utc(p.VerifiedAt), VerifiedBy: s.maybe(p.VerifiedBy), Verification: p.VerificationNote, Milestones: []binder.Milestone{},
	}
	for _, m := range c.Steps(p.ID) {
		step := binder.Milestone{Title: m.Title, Status: string(m.Status), DueOn: string(m.DueOn), OriginalDueOn: string(m.OriginalDueOn)}
		if m.ProofID != nil {
			step.Proof = fmt.Sprintf("E-%d", *m.ProofID)
		}
		d.Milestones = append(d.Milestones, step)
	}
	return d
}
