package binder_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"assay/internal/binder"
	"assay/models"
	"assay/models/access"
	"assay/models/controltest"
	"assay/models/deliverable"
	"assay/models/finding"
	"assay/models/freeze"
	"assay/models/modelstest"
	"assay/models/population"
	"assay/models/sample"
)

// excepted is an exception of Jonas', raised from his test, answered and weighed. What else
// there is to do comes before the test is concluded.
func (w *world) excepted(then ...func()) {
	w.Helper()
	jonas := w.jonas.ID
	proof := w.accepted(nil, "2026-01-01", "2026-01-31", w.upload("walk.csv", "walk"))
	p := w.locked()
	var test controltest.Test
	w.do(w.priya, func(ctx context.Context, tx *models.Tx) (err error) {
		if test, err = controltest.Begin(ctx, tx, w.engagement, controltest.Plan{ControlID: w.control.ID, FirstVersion: 1}, jonas); err != nil {
			return err
		}
		if err = controltest.Walk(ctx, tx, test.ID, jonas, proof.Code()); err != nil {
			return err
		}
		if err = controltest.ConcludeDesign(ctx, tx, test.ID, 0, jonas, controltest.Adequate, "One merge was followed."); err != nil {
			return err
		}
		if err = controltest.Fix(ctx, tx, test.ID, 0, jonas, []controltest.Attribute{{Text: "Approved by another", Technique: controltest.Inspection}}); err != nil {
			return err
		}
		return controltest.TakePopulation(ctx, tx, test.ID, 0, jonas, p.ID)
	})
	w.on("2026-04-03")
	s := w.draw(p, population.Ticket{Method: sample.Random, Seed: "exception", Size: 2})
	item := s.Items[0]
	var x finding.Finding
	w.do(w.priya, func(ctx context.Context, tx *models.Tx) (err error) {
		if err = controltest.TakeSample(ctx, tx, test.ID, 0, jonas, s.ID); err != nil {
			return err
		}
		if _, err = controltest.Set(ctx, tx, test.ID, jonas, []controltest.Seen{{ItemID: item.ID, Letter: "A", Result: controltest.Deviation, Rev: controltest.Any}, {ItemID: s.Items[1].ID, Letter: "A", Result: controltest.Pass, Rev: controltest.Any}}); err != nil {
			return err
		}
		x, err = finding.Except(ctx, tx, w.engagement, controltest.Cell{TestID: test.ID, ItemID: item.ID, Letter: "A"}, finding.Facts{Title: "Its author merged it", Condition: "Nobody else approved it."}, jonas)
		return err
	})
	w.answered(x.ID)
	for _, f := range then {
		f()
	}
	w.done(w.priya, test.ID, controltest.Exceptions, "")
}

// answered is an exception whose facts are confirmed, with a signed response and its effect.
func (w *world) answered(id int64) {
	w.Helper()
	w.finding(w.owner, id, func(ctx context.Context, tx *models.Tx, c finding.Case) error {
		return finding.Confirm(ctx, tx, c.ID, c.Rev, "")
	})
	w.finding(w.owner, id, func(ctx context.Context, tx *models.Tx, c finding.Case) error {
		return finding.DraftResponse(ctx, tx, c.ID, 0, finding.Answer{Position: finding.Agree, Text: "We agree, and protect the branch.", AuthorID: w.exec.ID})
	})
	w.finding(w.priya, id, func(ctx context.Context, tx *models.Tx, c finding.Case) error {
		return finding.ApproveResponse(ctx, tx, c.ID, c.OpenResponse().Rev)
	})
	w.finding(w.exec, id, func(ctx context.Context, tx *models.Tx, c finding.Case) error {
		return finding.SignResponse(ctx, tx, c.ID, c.OpenResponse().Rev, c.OpenResponse().Digest)
	})
	w.finding(w.priya, id, func(ctx context.Context, tx *models.Tx, c finding.Case) error {
		return finding.DecideEffect(ctx, tx, c.ID, c.Rev, finding.Noted, w.jonas.ID)
	})
}

// done concludes a test and reviews it, for a team of one. Before that nobody freezes, and
// who reviewed it is in the binder.
func (w *world) done(a access.Actor, id int64, c controltest.Conclusion, basis string) {
	w.Helper()
	freezes := func() {
		w.Helper()
		err := w.as(w.priya, func(ctx context.Context, tx *models.Tx) error {
			e := w.engagement
			return freeze.Report(ctx, tx, &e, "")
		})
		if models.KindOf(err) != models.KindConflict || !strings.Contains(err.Error(), "Not reviewed yet: 1 test") {
			w.Errorf("the freeze does not wait for the tests: %v", err)
		}
	}
	freezes()
	w.do(a, func(ctx context.Context, tx *models.Tx) error {
		return controltest.Conclude(ctx, tx, id, 0, w.jonas.ID, c, basis)
	})
	freezes()
	w.do(a, func(ctx context.Context, tx *models.Tx) error {
		return controltest.Review(ctx, tx, id, 0, w.jonas.ID, "The team is one person.")
	})
}

// TestNothingOfATestChangesAfterTheFreeze: the binder says what was found, and goes on to.
func TestNothingOfATestChangesAfterTheFreeze(t *testing.T) {
	each(t, func(w *world) {
		w.on("2026-04-02")
		w.excepted()
		w.on("2026-07-20")
		w.report()
		err := w.as(w.priya, func(ctx context.Context, tx *models.Tx) error {
			return controltest.Reopen(ctx, tx, 1, 0, w.jonas.ID, "after the freeze")
		})
		if models.KindOf(err) != models.KindConflict || !strings.Contains(err.Error(), "in state Reporting") {
			t.Errorf("got %v", err)
		}
	})
}

// TestRule11AnExceptionStandsOnTheDrawItCameFrom: the same item comes again in the next draw
// and passes there, and the binder tells the two apart.
func TestRule11AnExceptionStandsOnTheDrawItCameFrom(t *testing.T) {
	each(t, func(w *world) {
		w.on("2026-04-02")
		take := func(p population.Population, ticket population.Ticket) (s population.Selection) {
			s = w.draw(p, ticket)
			w.do(w.priya, func(ctx context.Context, tx *models.Tx) error {
				return controltest.TakeSample(ctx, tx, 1, 0, w.jonas.ID, s.ID)
			})
			return s
		}
		set := func(m controltest.Mark) (item int64) {
			w.do(w.priya, func(ctx context.Context, tx *models.Tx) error {
				c, err := controltest.ByID(ctx, tx, 1)
				w.must(err)
				p, err := controltest.Load(ctx, tx, w.engagement, c)
				w.must(err)
				var seen []controltest.Seen
				for _, r := range p.Rows {
					item = r.ItemID
					seen = append(seen, controltest.Seen{ItemID: item, Letter: "A", Result: m, Rev: controltest.Any})
				}
				_, err = controltest.Set(ctx, tx, 1, w.jonas.ID, seen)
				return err
			})
			return item
		}
		w.excepted(func() {
			one := *w.populationOf("P-1")
			take(one, population.Ticket{Method: sample.Random, Seed: "again", Size: 40, Redraws: 1, Reason: "To see more."})
			last := set(controltest.Pass)
			w.do(w.priya, func(ctx context.Context, tx *models.Tx) error {
				_, err := controltest.Set(ctx, tx, 1, w.jonas.ID, []controltest.Seen{{ItemID: last, Letter: "A", Result: controltest.Deviation, Rev: controltest.Any}})
				return err
			})
			w.open("Deviations are raised as exceptions", 1)
			all := take(one, population.Ticket{Method: sample.Full, Redraws: 2, Reason: "To see all."})
			w.open("Deviations are raised as exceptions", 0) // nobody can raise one from an earlier draw, and the conclusion names it
			item := set(controltest.Deviation)
			w.open("Deviations are raised as exceptions", 1)
			var x finding.Finding
			w.do(w.priya, func(ctx context.Context, tx *models.Tx) (err error) {
				x, err = finding.Except(ctx, tx, w.engagement, controltest.Cell{TestID: 1, ItemID: item, Letter: "A"}, finding.Facts{Title: "One of them", Condition: "Nobody else approved it."}, w.jonas.ID)
				return err
			})
			w.answered(x.ID)
			two := w.lockedList(changes()+"CHG-041,2026-03-07T17:00:00Z,user1,7\n", &one)
			end := take(two, population.Ticket{Method: sample.Full})
			set(controltest.Pass)
			if all.Code() != "S-3" || end.Code() != "S-4" {
				t.Fatalf("drawn are %s and %s", all.Code(), end.Code())
			}
		})
		w.on("2026-07-20")
		w.report()
		archive := w.export(w.priya)
		w.holds(archive)
		files := unpacked(w, archive)
		var d binder.Test
		w.must(json.Unmarshal([]byte(files["tests/T-1.json"]), &d))
		found := map[string][]string{}
		for _, r := range d.Results {
			if r.Sample == "S-3" || r.Sample == "S-4" {
				found[r.Sample] = append(found[r.Sample], r.Item+" "+r.Result)
			}
		}
		if got := strings.Join(append(found["S-3"], found["S-4"]...), ", "); got != "Full population of P-1 deviation, Full population of P-2 pass" {
			t.Errorf("got %s", got)
		}
		const said = "An earlier sample (S-3, drawn 2026-04-03, replaced because: The export was cut off) had 1 deviation"
		if !strings.HasSuffix(d.Words, said) || len(d.Earlier) != 3 || len(d.Samples) != 4 {
			t.Errorf("the test says %q", d.Words)
		}
		var f binder.Finding
		w.must(json.Unmarshal([]byte(files["findings/F-002.json"]), &f))
		if len(f.Cells) != 1 || f.Cells[0].Sample != "S-3" {
			t.Errorf("the exception is from %+v", f.Cells)
		}
		forged := w.forge(archive) // it did not come from the draw that passed
		forged.edit("findings/F-002.json", `"sample": "S-3"`, `"sample": "S-4"`)
		forged.insider()
		if problems := strings.Join(w.verify(forged.pack(), nil).Problems, "\n"); !strings.Contains(problems, "F-002 was raised from") {
			t.Errorf("the other draw: %s", problems)
		}
	})
}

// open asserts how much a step before the issue still waits for.
func (w *world) open(step string, n int) {
	w.Helper()
	modelstest.Look(w.T, w.db, w.priya, func(ctx context.Context, tx *models.Tx) error {
		tx.Actor = access.Clock
		steps, err := deliverable.Steps(ctx, tx, w.engagement, nil)
		for _, s := range steps {
			if s.Label == step && s.Open != n {
				w.Errorf("%s: %d are open, not %d", step, s.Open, n)
			}
		}
		return err
	})
}

// omitted is an exception of Jonas', raised from a row that the population lacked.
func (w *world) omitted() {
	w.Helper()
	one := *w.populationOf("P-1")
	text := changes() + "CHG-041,2026-03-07T17:00:00Z,user1,7\n"
	two := w.lockedList(text, &one)
	x, err := population.Omit(two, []string{"CHG-041"}, w.rows(two.Digest), population.Earlier{Population: one, Rows: w.rows(one.Digest)})
	w.must(err)
	w.do(w.priya, func(ctx context.Context, tx *models.Tx) error {
		_, err := finding.ExceptOmitted(ctx, tx, w.engagement, 1, x, finding.Facts{Title: "The list lacked a merge", Condition: "CHG-041 was not listed."}, w.jonas.ID)
		return err
	})
	w.answered(2)
}

func (w *world) populationOf(code string) (p *population.Population) {
	w.Helper()
	modelstest.Look(w.T, w.db, w.priya, func(ctx context.Context, tx *models.Tx) error {
		got, err := population.ByCode(ctx, tx, w.engagement.ID, code)
		p = &got
		return err
	})
	return p
}

func TestAnOmissionIsProvedByTheLists(t *testing.T) {
	w := newWorld(t, modelstest.SQLite(t))
	w.on("2026-04-02")
	w.excepted(w.omitted)
	w.on("2026-07-20")
	w.report()
	good := w.export(w.priya)
	if problems := w.verify(good, nil).Problems; len(problems) > 0 {
		t.Fatal(problems)
	}
	var f binder.Finding
	w.must(json.Unmarshal([]byte(unpacked(w, good)["findings/F-002.json"]), &f))
	if len(f.Cells) != 1 || f.Cells[0].Omitted != "P-2" || f.Cells[0].Item != "CHG-041" {
		t.Errorf("the binder says %+v", f.Cells)
	}
	for what, c := range map[string]struct{ path, from, to, says string }{
		"a row that was there": {"findings/F-002.json", `"item": "CHG-041"`, `"item": "CHG-003"`, "F-002 was raised from the omission of CHG-003: P-1 lists it too"},
		"a row that is not":    {"findings/F-002.json", `"item": "CHG-041"`, `"item": "CHG-999"`, "F-002 was raised from the omission of CHG-999: P-2 does not list it"},
		"another population":   {"findings/F-002.json", `"omitted_before": "P-2"`, `"omitted_before": "P-1"`, "P-1, or the version before it, is not here"},
	} {
		forged := w.forge(good)
		forged.edit(c.path, c.from, c.to)
		forged.insider()
		if problems := strings.Join(w.verify(forged.pack(), nil).Problems, "\n"); !strings.Contains(problems, c.says) {
			t.Errorf("%s: %q is not among\n%s", what, c.says, problems)
		}
	}
}

func TestAnAlteredExceptionIsNamed(t *testing.T) {
	w := newWorld(t, modelstest.SQLite(t))
	w.on("2026-04-02")
	w.excepted()
	w.on("2026-07-20")
	w.report()
	good := w.export(w.priya)
	if problems := w.verify(good, nil).Problems; len(problems) > 0 {
		t.Fatal(problems)
	}
	files := unpacked(w, good)
	var f binder.Finding
	w.must(json.Unmarshal([]byte(files["findings/F-001.json"]), &f))
	if f.Test != "T-1" || len(f.Cells) != 1 || f.ReportEffect != "noted" || f.EffectBy.ID != w.jonas.ID || f.EffectEntered.ID != w.priya.ID || f.EnteredBy.ID != w.priya.ID ||
		len(f.Responses) != 1 || f.Responses[0].Status != "signed" || f.Responses[0].SHA256 == "" || f.Responses[0].ApprovedBy.ID != w.priya.ID {
		t.Errorf("the binder says %+v", f)
	}
	for what, c := range map[string]struct{ path, from, to, says string }{
		"another response": {"findings/F-001.json", "and protect the branch", "and did nothing", "version 1 of the response to F-001 is not the text that was signed"},
		"another author":   {"findings/F-001.json", `"version": 1`, `"version": 2`, "is not the text that was signed"},
		"a result":         {"tests/T-1.json", `"result": "deviation"`, `"result": "pass"`, "which is no deviation there"},
		"another item":     {"findings/F-001.json", `"item": "` + f.Cells[0].Item + `"`, `"item": "CHG-999"`, "was raised from CHG-999"},
	} {
		forged := w.forge(good)
		forged.edit(c.path, c.from, c.to)
		forged.insider()
		problems := strings.Join(w.verify(forged.pack(), nil).Problems, "\n")
		for _, says := range []string{c.says, "the freeze is not the one in the log"} {
			if !strings.Contains(problems, says) {
				t.Errorf("%s: %q is not among\n%s", what, says, problems)
			}
		}
	}
}
