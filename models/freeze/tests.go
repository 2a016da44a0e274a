package freeze

import (
	"context"
	"crypto/rand"
	"fmt"
	"maps"
	"slices"

	"assay/internal/binder"
	"assay/models"
	"assay/models/controltest"
	"assay/models/evidence"
	"assay/models/population"
	"assay/models/request"
)

// tests writes each test of a control with its results and what it rests on. What the audit
// team did not share becomes documents that are theirs.
func (s *snapshot) tests(ctx context.Context) error {
	for after := int64(0); ; {
		list, err := models.Rows[controltest.Test](s.tx).Where("control_tests.engagement_id = ? AND control_tests.id > ?", s.e.ID, after).Order("control_tests.id").Limit(100).Find(ctx)
		if err != nil {
			return err
		}
		if len(list) == 0 {
			return s.rested(ctx)
		}
		for _, t := range list {
			p, err := controltest.Load(ctx, s.tx, s.e, t)
			if err == nil && p.Changed() != "" {
				return models.Conflict(p.Code() + " is looked at again before the freeze, since nothing of it changes afterwards. " + p.Changed())
			}
			if err == nil {
				err = s.test(ctx, p)
			}
			if err != nil {
				return err
			}
		}
		after = list[len(list)-1].ID
	}
}

func (s *snapshot) test(ctx context.Context, p controltest.Paper) error {
	results, err := models.Rows[controltest.Result](s.tx).Where("test_results.test_id = ?", p.ID).Order("round, item_id, letter, id").Find(ctx)
	if err != nil {
		return err
	}
	if err := s.know(ctx, peopleOf(p, results)...); err != nil {
		return err
	}
	d := binder.Test{
		Code: p.Code(), Control: p.Control, FirstVersion: p.FirstVersion, Configuration: p.Configuration, Reliance: p.Reliance, From: string(p.FromDay), To: string(p.ToDay),
		Status: string(p.Status), Design: string(p.Design), Conclusion: string(p.Conclusion), Words: p.Words, Attributes: []binder.Attribute{}, FixedAt: utc(p.FixedAt),
		Samples: []string{}, Auditor: s.person(p.AuditorID), EnteredBy: s.person(p.EnteredBy), PlannedAt: p.PlannedAt.UTC(),
		Results: []binder.Result{}, Evidence: []binder.Proof{}, Records: []binder.Record{record(p.Test, p.Meta)},
	}
	if p.RetestsID != nil {
		d.Retests, d.RetestLetter = fmt.Sprintf("T-%d", *p.RetestsID), p.RetestLetter
	}
	if p.PopulationID != nil {
		d.Population = fmt.Sprintf("P-%d", *p.PopulationID)
	}
	for _, a := range p.Attributes {
		d.Attributes = append(d.Attributes, binder.Attribute{Letter: a.Letter, Text: a.Text, Technique: string(a.Technique)})
	}
	for _, x := range p.Earlier {
		d.Earlier = append(d.Earlier, binder.Earlier{Sample: fmt.Sprintf("S-%d", x.SampleID), DrawnAt: x.DrawnAt.UTC(), Reason: x.Reason, Deviations: x.Deviations})
	}
	items, err := s.abouts(ctx, p, results)
	if err != nil {
		return err
	}
	s.work(&d, p, results, items)
	if err := s.notes(ctx, &d, p, items); err != nil {
		return err
	}
	s.counts.Tests++
	return s.add(ctx, "tests/"+d.Code+".json", false, d)
}

// An about is an item of a test by the name that the reader knows.
type about struct{ sample, key string }

// abouts are what results, evidence and notes of p are about, draws that were made again
// included.
func (s *snapshot) abouts(ctx context.Context, p controltest.Paper, results []controltest.Result) (map[int64]about, error) {
	known := map[int64]about{}
	for _, r := range p.Rows {
		known[r.ItemID] = about{key: r.Key}
		if r.ItemID != 0 {
			known[r.ItemID] = about{sampleCode(r.SampleID), r.Key}
		}
	}
	for _, d := range p.Draws {
		if d.WholeItem != 0 {
			known[d.WholeItem] = about{sampleCode(d.SampleID), controltest.WholeOf(d.PopulationID)}
		}
	}
	var ids []int64
	add := func(id int64) {
		if _, ok := known[id]; !ok {
			ids = append(ids, id)
		}
	}
	for _, r := range results {
		add(r.ItemID)
	}
	for _, x := range p.Proofs {
		add(x.ItemID)
	}
	for _, n := range p.Notes {
		add(n.ItemID)
	}
	earlier, err := s.drawn(ctx, ids)
	maps.Copy(known, earlier)
	return known, err
}

// drawn are items of samples by their ids. Of a full population only the draw is known.
func (s *snapshot) drawn(ctx context.Context, ids []int64) (map[int64]about, error) {
	out := map[int64]about{}
	var items []int64
	for _, id := range ids {
		switch {
		case id < 0:
			out[id] = about{sample: sampleCode(-id)}
		case id > 0:
			items = append(items, id)
		}
	}
	if len(items) == 0 {
		return out, nil
	}
	slices.Sort(items)
	items = slices.Compact(items)
	list, err := models.Raw[population.Item](ctx, s.tx, "SELECT id, sample_id, item_key FROM sample_items WHERE id IN ?", items)
	for _, i := range list {
		out[i.ID] = about{sampleCode(i.SampleID), i.Key}
	}
	return out, err
}

func sampleCode(id int64) string { return fmt.Sprintf("S-%d", id) }

func peopleOf(p controltest.Paper, results []controltest.Result) []int64 {
	ids := []int64{p.AuditorID, p.EnteredBy}
	for _, r := range p.Rounds {
		ids = append(ids, given(r.DesignedBy, r.ConcludedBy, r.ReviewedBy)...)
	}
	for _, r := range results {
		ids = append(ids, r.AuditorID, r.EnteredBy)
	}
	for _, x := range p.Proofs {
		ids = append(ids, x.AuditorID)
	}
	for _, n := range p.Notes {
		ids = append(ids, n.AuditorID)
	}
	return ids
}

// work adds rounds, draws, results and evidence.
func (s *snapshot) work(d *binder.Test, p controltest.Paper, results []controltest.Result, items map[int64]about) {
	for _, r := range p.Rounds {
		d.Rounds = append(d.Rounds, binder.Round{
			Number: r.Number, Reason: r.Reason, OpenedAt: r.OpenedAt.UTC(), Design: string(r.Design), DesignBasis: r.DesignBasis, DesignedBy: s.maybe(r.DesignedBy), DesignedAt: utc(r.DesignedAt),
			Conclusion: string(r.Conclusion), Basis: r.Basis, Words: r.Words, ConcludedBy: s.maybe(r.ConcludedBy), ConcludedAt: utc(r.ConcludedAt),
			Waiver: r.Waiver, ReviewedBy: s.maybe(r.ReviewedBy), ReviewedAt: utc(r.ReviewedAt),
		})
		d.Records = append(d.Records, record(r, r.Meta))
	}
	for _, l := range p.Draws {
		d.Samples = append(d.Samples, fmt.Sprintf("S-%d", l.SampleID))
		d.Records = append(d.Records, record(l.Link, l.Meta))
	}
	for _, r := range results {
		d.Results = append(d.Results, binder.Result{Round: r.Round, Sample: items[r.ItemID].sample, Item: items[r.ItemID].key, Letter: r.Letter, Result: string(r.Result), Missing: r.Missing, Reason: r.Reason, Auditor: s.person(r.AuditorID), By: s.person(r.EnteredBy), At: r.At.UTC()})
		d.Records = append(d.Records, record(r, r.Meta))
	}
	for _, x := range p.Proofs {
		one := binder.Proof{Evidence: x.Code(), Title: x.Title, Purpose: string(x.Purpose), Sample: items[x.ItemID].sample, Item: items[x.ItemID].key, Letters: x.Letters, Files: []binder.ProofFile{}, Auditor: s.person(x.AuditorID), At: x.LinkedAt.UTC()}
		for _, f := range x.Files {
			one.Files = append(one.Files, binder.ProofFile{Name: f.Name, SHA256: f.Digest})
		}
		d.Evidence = append(d.Evidence, one)
		d.Records = append(d.Records, record(x.Proof, x.Meta))
		if !s.hasItem[x.EvidenceID] {
			s.missing = append(s.missing, x.EvidenceID)
		}
	}
}

func (s *snapshot) notes(ctx context.Context, d *binder.Test, p controltest.Paper, items map[int64]about) error {
	for _, n := range p.Notes {
		note := binder.Note{About: d.Code, Sample: items[n.ItemID].sample, Item: items[n.ItemID].key, Letter: n.Letter, Text: n.Text, Auditor: s.person(n.AuditorID), At: n.WrittenAt.UTC()}
		if n.SharedAt != nil {
			d.Notes = append(d.Notes, note)
			d.Records = append(d.Records, record(n, n.Meta))
			continue
		}
		note.Records = []binder.Record{record(n, n.Meta)}
		if err := s.private(ctx, fmt.Sprintf("notes/%s-%d.json", d.Code, n.ID), note); err != nil {
			return err
		}
	}
	return nil
}

// private adds a document of the audit team's own. The company sees the digest of their
// list, so the list holds a document that nobody can guess.
func (s *snapshot) private(ctx context.Context, path string, value any) error {
	if !s.salted {
		s.salted = true
		if err := s.add(ctx, "notes/salt.json", true, map[string]string{"salt": rand.Text()}); err != nil {
			return err
		}
	}
	return s.add(ctx, path, true, value)
}

// rested writes evidence that a test rests on and that auditors no longer see otherwise,
// such as what was withdrawn since: it is never hidden where a test used it.
func (s *snapshot) rested(ctx context.Context) error {
	if len(s.missing) == 0 {
		return nil
	}
	viewer := s.tx.Actor
	s.tx.Actor = s.actor
	defer func() { s.tx.Actor = viewer }()
	list, err := models.Rows[evidence.Item](s.tx).Where("evidence.id IN ?", s.missing).Order("evidence.id").Find(ctx)
	if err != nil {
		return err
	}
	return s.items(ctx, list)
}

// requests writes what was asked for and what was released.
func (s *snapshot) requests(ctx context.Context) error {
	list, err := models.Rows[request.Request](s.tx).Where("requests.engagement_id = ?", s.e.ID).Order("requests.id").Find(ctx)
	if err != nil {
		return err
	}
	for _, r := range list {
		if err := s.request(ctx, r); err != nil {
			return err
		}
	}
	return s.messages(ctx)
}

// messages makes documents of the audit team's own of what they said to themselves about
// requests. The request's document says nothing of it.
func (s *snapshot) messages(ctx context.Context) error {
	list, err := request.Private(ctx, s.tx, s.e.ID)
	if err != nil {
		return err
	}
	for _, m := range list {
		if err := s.know(ctx, m.AuthorID); err != nil {
			return err
		}
		about := request.Code(m.RequestID)
		note := binder.Note{About: about, Text: m.Text, Auditor: s.person(m.AuthorID), At: m.SentAt.UTC(), Records: []binder.Record{record(m, m.Meta)}}
		if err := s.private(ctx, fmt.Sprintf("notes/%s-%d.json", about, m.ID), note); err != nil {
			return err
		}
	}
	return nil
}

// said adds how a request went and what both sides said to each other about it: what an
// auditor of the engagement is shown, and so nothing that a side kept to itself.
func (s *snapshot) said(ctx context.Context, d *binder.Request, id int64) error {
	steps, err := request.StepsOf(ctx, s.tx, id)
	if err != nil {
		return err
	}
	thread, err := models.Rows[request.Message](s.tx).Where("request_id = ?", id).Order("id").Find(ctx) // all of it
	if err != nil {
		return err
	}
	for _, x := range steps {
		if err := s.know(ctx, append(given(x.AuditorID), x.TakenBy)...); err != nil {
			return err
		}
		d.History = append(d.History, binder.Turn{From: string(x.FromStatus), To: string(x.ToStatus), Reason: x.Reason, Auditor: s.maybe(x.AuditorID), By: s.person(x.TakenBy), At: x.TakenAt.UTC()})
		d.Records = append(d.Records, record(x, x.Meta))
	}
	for _, m := range thread {
		if err := s.know(ctx, m.AuthorID); err != nil {
			return err
		}
		d.Thread = append(d.Thread, binder.Message{Text: m.Text, By: s.person(m.AuthorID), At: m.SentAt.UTC()})
		d.Records = append(d.Records, record(m, m.Meta))
	}
	return nil
}

func (s *snapshot) request(ctx context.Context, r request.Request) error {
	if err := s.know(ctx, r.RequesterID); err != nil {
		return err
	}
	d := binder.Request{
		Code: r.Code(), Reference: r.Reference, Title: r.Title, Detail: r.Detail, Control: r.Control, Status: string(r.Status), DueOn: string(r.DueOn),
		Requester: s.person(r.RequesterID), Items: []binder.Wanted{}, History: []binder.Turn{}, Thread: []binder.Message{}, Records: []binder.Record{record(r, r.Meta)}, CreatedAt: r.CreatedAt.UTC(),
	}
	items, err := request.Items(ctx, s.tx, r.ID)
	if err != nil {
		return err
	}
	at := map[int64]int{}
	for n, i := range items {
		at[i.ID] = n
		d.Items = append(d.Items, binder.Wanted{Place: i.Place, Words: i.Words})
		d.Records = append(d.Records, record(i, i.Meta))
	}
	answers, err := request.Answers(ctx, s.tx, r.ID)
	for _, a := range answers {
		one := binder.Answer{Words: a.Words, At: utc(a.ReleasedAt)}
		if a.EvidenceID != nil && s.hasItem[*a.EvidenceID] {
			one.Evidence = fmt.Sprintf("E-%d", *a.EvidenceID)
		}
		if n, ok := at[a.ItemID]; ok {
			d.Items[n].Answers = append(d.Items[n].Answers, one)
		}
		d.Records = append(d.Records, record(a, a.Meta))
	}
	if err == nil {
		err = s.said(ctx, &d, r.ID)
	}
	if err != nil {
		return err
	}
	s.counts.Requests++
	return s.add(ctx, "requests/"+d.Code+".json", false, d)
}
