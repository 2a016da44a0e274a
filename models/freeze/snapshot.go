package freeze

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"time"

	"assay/internal/binder"
	"assay/models"
	"assay/models/access"
	"assay/models/control"
	"assay/models/engagement"
	"assay/models/people"
	"assay/models/subservice"
)

// A snapshot writes documents as it goes and keeps no more of them than their digests.
type snapshot struct {
	tx        *models.Tx
	e         engagement.Engagement
	counts    Counts
	index     []Document // without what they say
	waiting   []Document
	names     map[int64]string
	codes     map[int64]string // of controls
	inControl map[int64]bool   // controls in scope
	hasItem   map[int64]bool   // evidence that is frozen
	missing   []int64          // evidence that a test rests on and that is not, so far
	salted    bool
	actor     access.Actor // who takes it
}

// take asks as an auditor of the engagement, whoever takes it: what is not theirs is not
// frozen. The audit team's own becomes documents that no role of the company can read.
func (s *snapshot) take(ctx context.Context) error {
	s.names, s.codes, s.inControl, s.hasItem = map[int64]string{}, map[int64]string{}, map[int64]bool{}, map[int64]bool{}
	s.actor, s.tx.Actor = s.tx.Actor, s.e.Viewer()
	defer func() { s.tx.Actor = s.actor }()
	for _, part := range []func(context.Context) error{s.engagement, s.subservice, s.controls, s.evidence, s.populations, s.tests, s.requests, s.findings, s.carried} {
		if err := part(ctx); err != nil {
			return err
		}
	}
	return s.flush(ctx)
}

func (s *snapshot) freeze() Freeze {
	f := Freeze{
		EngagementID: s.e.ID, Slug: s.e.Slug, Digest: digest(List(s.index, false)),
		Counts: models.Doc[Counts]{V: s.counts}, FrozenBy: s.tx.Actor.ID, FrozenAt: s.tx.Now,
	}
	for _, d := range s.index {
		if d.Private {
			f.PrivateDocuments++
		} else {
			f.Documents++
		}
	}
	if f.PrivateDocuments > 0 {
		f.PrivateDigest = digest(List(s.index, true))
	}
	return f
}

// add writes one document. Marshalling follows the fields of a struct, and the bytes are
// kept, so that a later build changes nothing of them.
func (s *snapshot) add(ctx context.Context, path string, private bool, value any) error {
	var b bytes.Buffer
	out := json.NewEncoder(&b)
	out.SetEscapeHTML(false)
	out.SetIndent("", "  ")
	if err := out.Encode(value); err != nil {
		return err
	}
	d := Document{EngagementID: s.e.ID, Place: len(s.index), Path: path, Private: private, Digest: digest(b.String()), Body: b.String()}
	s.waiting = append(s.waiting, d)
	d.Body = ""
	s.index = append(s.index, d)
	if len(s.waiting) < readAtOnce {
		return nil
	}
	return s.flush(ctx)
}

func (s *snapshot) flush(ctx context.Context) error {
	err := models.PutAll(ctx, s.tx, s.waiting)
	s.waiting = s.waiting[:0]
	return err
}

// know reads the names of people, once each.
func (s *snapshot) know(ctx context.Context, ids ...int64) error {
	var ask []int64
	for _, id := range ids {
		if _, known := s.names[id]; !known && id != 0 {
			s.names[id] = ""
			ask = append(ask, id)
		}
	}
	found, err := people.Named(ctx, s.tx, ask...)
	for id, p := range found {
		s.names[id] = p.Name
	}
	return err
}

func (s *snapshot) person(id int64) binder.Person {
	if id == 0 {
		return binder.Person{Name: access.Clock.Name}
	}
	return binder.Person{ID: id, Name: s.names[id]}
}

func (s *snapshot) maybe(id *int64) *binder.Person {
	if id == nil {
		return nil
	}
	p := s.person(*id)
	return &p
}

// given collects ids that may be missing.
func given(ids ...*int64) (out []int64) {
	for _, id := range ids {
		if id != nil {
			out = append(out, *id)
		}
	}
	return out
}

func utc(t *time.Time) *time.Time {
	if t == nil {
		return nil
	}
	u := t.UTC()
	return &u
}

// row is what a logged record is called in the log.
type row interface {
	TableName() string
	Path() string
}

func record(r row, m models.Meta) binder.Record {
	return binder.Record{Table: r.TableName(), ID: m.ID, Rev: m.Rev, About: r.Path()}
}

func (s *snapshot) engagement(ctx context.Context) error {
	team, err := engagement.Team(ctx, s.tx, s.e.ID)
	if err == nil {
		err = s.know(ctx, s.actor.ID)
	}
	if err != nil {
		return err
	}
	by := s.person(s.actor.ID)
	d := binder.Engagement{
		Slug: s.e.Slug, Name: s.e.Name, Firm: s.e.Firm, Kind: string(s.e.Kind), PeriodStart: string(s.e.PeriodStart), PeriodEnd: string(s.e.PeriodEnd),
		Zone: s.e.Zone, Criteria: s.e.Criteria, Auditors: []binder.Auditor{}, FrozenBy: &by, Records: []binder.Record{record(s.e, s.e.Meta)},
	}
	for _, t := range team {
		d.Auditors = append(d.Auditors, binder.Auditor{Person: binder.Person{ID: t.PersonID, Name: t.Person.Name}, Part: string(t.Part)})
		d.Records = append(d.Records, record(t.Auditor, t.Meta))
	}
	return s.add(ctx, "engagement.json", false, d)
}

// subservice writes whose controls, besides the company's own, the report rests on. There
// is no such document where nobody's are.
func (s *snapshot) subservice(ctx context.Context) error {
	list, err := subservice.Organisations(ctx, s.tx, s.e.ID)
	if err != nil {
		return err
	}
	complements, err := subservice.Complements(ctx, s.tx, s.e.ID)
	if err != nil || len(list)+len(complements) == 0 {
		return err
	}
	d := binder.Subservice{Organisations: []binder.Organisation{}, UserEntities: []binder.Complement{}}
	for _, o := range list {
		out := binder.Organisation{
			Code: o.Code(), Name: o.Name, Services: o.Services, Method: string(o.Method), Monitors: o.Monitors, ReportKind: string(o.ReportKind), ReportBy: o.ReportBy,
			ReportFrom: string(o.ReportFrom), ReportTo: string(o.ReportTo), ReportSHA256: o.ReportDigest, ReportNote: o.ReportNote, Controls: []binder.Complement{},
		}
		for _, c := range complements {
			if c.OrganisationID != nil && *c.OrganisationID == o.ID {
				out.Controls = append(out.Controls, binder.Complement{Code: c.Code(), Text: c.Text, Criteria: c.Criteria, Controls: c.Controls})
			}
		}
		d.Organisations = append(d.Organisations, out)
		d.Records = append(d.Records, record(o, o.Meta))
	}
	for _, c := range complements {
		if c.Kind == subservice.UserEntity {
			d.UserEntities = append(d.UserEntities, binder.Complement{Code: c.Code(), Text: c.Text, Criteria: c.Criteria, Controls: c.Controls})
		}
		d.Records = append(d.Records, record(c, c.Meta))
	}
	return s.add(ctx, binder.SubserviceFile, false, d)
}

// controls writes every version in effect in the period of every control in scope.
func (s *snapshot) controls(ctx context.Context) error {
	for after := int64(0); ; {
		list, err := models.Rows[control.Version](s.tx).Where("control_versions.id > ?", after).Order("control_versions.id").Limit(readAtOnce).Find(ctx)
		if err != nil || len(list) == 0 {
			return err
		}
		for _, v := range list {
			if err := s.know(ctx, given(v.AuthorID, v.ApproverID)...); err != nil {
				return err
			}
		}
		for _, v := range list {
			if err := s.version(ctx, v); err != nil {
				return err
			}
		}
		after = list[len(list)-1].ID
	}
}

func (s *snapshot) version(ctx context.Context, v control.Version) error {
	s.counts.Versions++
	if !s.inControl[v.ControlID] {
		s.inControl[v.ControlID] = true
		s.counts.Controls++
	}
	s.codes[v.ControlID] = v.Code
	d := binder.Control{
		Code: v.Code, Version: v.Number, Title: v.Title, Statement: v.Statement, Kind: v.Kind, Nature: v.Nature, Frequency: v.Frequency,
		EffectiveFrom: string(v.EffectiveFrom), EffectiveTo: string(v.EffectiveTo), Editorial: v.Editorial, Evidence: v.Evidence,
		Author: s.maybe(v.AuthorID), Approver: s.maybe(v.ApproverID), Records: []binder.Record{record(v, v.Meta)},
	}
	for _, c := range v.Criteria {
		d.Criteria = append(d.Criteria, c.Framework+" "+c.Code)
	}
	return s.add(ctx, fmt.Sprintf("controls/%s/v%d.json", v.Code, v.Number), false, d)
}
