package demo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"assay/internal/sheet"
	"assay/models"
	"assay/models/control"
	"assay/models/period"
	"assay/models/population"
	"assay/models/sample"
)

// sampled is the interim population of merges to production, and the sample that Miriam
// drew from it; and a second list that is still a draft.
func (s *story) sampled() {
	csv := s.merges()
	merges := s.parcel("CM-01", "Merges to production", csv, s.ago(14))
	var p population.Population
	s.on(s.ago(9), 70, "priya", func(ctx context.Context, tx *models.Tx) (err error) {
		if p, err = s.bring(ctx, tx, "CM-01", merges); err != nil {
			return err
		}
		rows := strings.Split(string(csv), "\n")
		key := func(n int) population.Trace { return population.Trace{Key: strings.Split(rows[n], ",")[0], Held: true} }
		err = population.Prove(ctx, tx, &p, population.Proof{
			ToSource: []population.Trace{key(3), key(19), key(41)}, ToList: []population.Trace{key(11), key(30)},
			Assessment: "The list ends with the day it was taken; the rest of the period becomes a population of its own. GitHub counts issues and pull requests together, so the numbers that are missing are issues.",
		})
		if err != nil {
			return err
		}
		return population.Lock(ctx, tx, &p)
	})
	draw := func(ctx context.Context, tx *models.Tx, t population.Ticket) error {
		t.Method, t.Auditor = sample.Random, s.id("miriam")
		t, err := t.Prepared()
		if err != nil {
			return err
		}
		d, err := population.Repeat(p, func() (sheet.Rows, error) { return sheet.Stream(ctx, bytes.NewReader(csv), p.FileName, sheet.Large) }, t, t.Size, nil)
		if err != nil {
			return err
		}
		_, err = population.Draw(ctx, tx, d)
		return err
	}
	s.on(s.ago(8), 90, "priya", func(ctx context.Context, tx *models.Tx) error {
		_, err := population.Accept(ctx, tx, p.ID, s.id("miriam"), "Ran the search again together with Lena Silva on the same day; it gave the same count. Issues share the numbering of pull requests.")
		return err
	})
	s.on(s.ago(8), 95, "priya", func(ctx context.Context, tx *models.Tx) error {
		return draw(ctx, tx, population.Ticket{Seed: "brandt-okafor-40817", Size: 12})
	})
	s.on(s.ago(6), 130, "priya", func(ctx context.Context, tx *models.Tx) error {
		first, err := population.Samples(ctx, tx, p.ID)
		if err != nil {
			return err
		}
		return draw(ctx, tx, population.Ticket{
			Seed: "brandt-okafor-55120", Stratum: "repository", Size: 6, Redraws: first[0].ID, Reason: "The three repositories are deployed by different teams, so the firm wants to see each of them.",
		})
	})
	s.omitted(&p, csv)
	leavers := s.parcel("AC-03", "Leavers", fmt.Appendf(nil, "employee,last_day\nEMP-204,%s\nEMP-219,%s\nEMP-219,%[2]s\n", s.in(12), s.in(51)), s.ago(12))
	s.on(s.ago(5), 40, "priya", func(ctx context.Context, tx *models.Tx) error {
		_, err := s.bring(ctx, tx, "AC-03", leavers)
		return err
	})
}

// omitted is a merge that the list lacked, in its next version. The draws from the first
// stand; what becomes of the test that rests on them is the auditor's to say.
func (s *story) omitted(first *population.Population, csv []byte) {
	more, key := withOmitted(csv)
	next := s.parcel("CM-01", "Merges to production", more, s.ago(5))
	next.ChangeNote = "What the release robot merged, since the search named the three teams. Found when " + key + " was looked for in the list."
	next.Change = sample.Change{Added: sample.Noted{Count: 1, Examples: []string{key}}}
	var p population.Population
	s.on(s.ago(2), 240, "priya", func(ctx context.Context, tx *models.Tx) (err error) {
		next.Replaces = first.ID
		if p, err = s.bring(ctx, tx, "CM-01", next); err != nil {
			return err
		}
		err = population.Prove(ctx, tx, &p, population.Proof{
			ToSource: []population.Trace{{Key: key, Held: true}}, ToList: []population.Trace{{Key: key, Held: true}},
			Assessment: "The search no longer names teams. GitHub counts issues and pull requests together, so the numbers that are missing are issues.",
		})
		if err != nil {
			return err
		}
		return population.Lock(ctx, tx, &p)
	})
	s.on(s.ago(2), 270, "jonas", func(ctx context.Context, tx *models.Tx) error {
		_, err := population.Accept(ctx, tx, p.ID, 0, "Ran the search without the teams; it gave the same rows. Issues share the numbering of pull requests.")
		return err
	})
}

// withOmitted is the list with one row more, in the first gap after its thirtieth.
func withOmitted(csv []byte) (list []byte, key string) {
	rows := strings.SplitAfter(string(csv), "\n")
	for n := 30; n+2 < len(rows); n++ {
		if here := pull(rows[n]); pull(rows[n+1]) > here+1 {
			key = fmt.Sprintf("pull/%d", here+1)
			row := fmt.Sprintf("%s,%s,release-robot,l.silva,portal\n", key, strings.Split(rows[n], ",")[1])
			return []byte(strings.Join(rows[:n+1], "") + row + strings.Join(rows[n+1:], "")), key
		}
	}
	return csv, ""
}

// pull is the number of the pull request in a row.
func pull(row string) int {
	key, _, _ := strings.Cut(row, ",")
	n, _ := strconv.Atoi(strings.TrimPrefix(key, "pull/"))
	return n
}

// merges are pull requests since the period began, with the gaps that issues leave.
func (s *story) merges() []byte {
	var b bytes.Buffer
	b.WriteString("pull_request,merged_at,author,approved_by,repository\n")
	at, r := s.period.from.In(s.zone).Add(10*time.Hour), chance("merges")
	people := []string{"r.ngata", "m.okoye", "t.berg", "l.silva"}
	for n := 6003; at.Before(s.ago(14).In(s.zone)); n += 1 + r.IntN(3) {
		who := r.IntN(len(people))
		fmt.Fprintf(&b, "pull/%d,%s,%s,%s,%s\n", n, at.UTC().Format(time.RFC3339), people[who], people[(who+1+r.IntN(3))%len(people)], []string{"portal", "inference", "billing"}[r.IntN(3)])
		at = at.Add(time.Duration(5+r.IntN(40)) * time.Hour)
	}
	return b.Bytes()
}

// parcel reads a list as the form does, and stores it with the text of its digest.
func (s *story) parcel(code, name string, csv []byte, taken models.Date) population.Parcel {
	file := s.shelf.put(code+"-population.csv", csv)
	at := taken.In(s.zone).Add(9 * time.Hour).UTC()
	rows, err := sheet.Stream(s.shelf.ctx, bytes.NewReader(csv), file.Name, sheet.Large)
	if err != nil {
		s.shelf.fail(err)
		return population.Parcel{}
	}
	var text bytes.Buffer
	sealed, record, err := sample.Read(rows, sample.Columns{Key: rows.Header[0], When: rows.Header[1]},
		sample.Terms{Period: period.Span{From: s.period.from, To: s.period.to}, Zone: s.zone, Taken: at}, &text)
	if err != nil {
		s.shelf.fail(err)
	}
	if sealed.Digest != "" && s.shelf.put("population.txt", text.Bytes()).Digest != sealed.Digest {
		s.shelf.fail(errors.New("demo: the text of a population is not what its digest is of"))
	}
	return population.Parcel{
		Source: population.Source{
			Name: name, System: logbooks[code].source, Environment: "production", Query: "population of " + code + " since " + string(s.period.from), Extractor: "Priya Raman",
			ExtractedAt: at, SourceCount: int64(record.Rows),
		},
		File: population.File{
			FileName: file.Name, Digest: file.Digest, Size: file.Size, Columns: rows.Header, KeyColumn: rows.Header[0], WhenColumn: rows.Header[1],
			RowCount: int64(record.Rows), TextDigest: sealed.Digest, Record: models.Doc[sample.Record]{V: record},
		},
	}
}

// bring keeps a list as a draft of the engagement that runs.
func (s *story) bring(ctx context.Context, tx *models.Tx, code string, in population.Parcel) (population.Population, error) {
	c, err := control.ByCode(ctx, tx, code)
	if err != nil {
		return population.Population{}, err
	}
	in.ControlID = c.ID
	return population.Import(ctx, tx, s.running.e, in)
}
