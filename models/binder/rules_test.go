package binder_test

import (
	"context"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"assay/internal/binder"
	"assay/models"
	"assay/models/access"
	"assay/models/controltest"
	"assay/models/engagement"
	"assay/models/evidence"
	"assay/models/finding"
	"assay/models/freeze"
	"assay/models/ledger"
	"assay/models/modelstest"
	"assay/models/request"
)

// TestRule08SupersededEvidenceStaysInTheBinder: E2 replaces E1 before the freeze, and E3
// replaces E2 after it. The binder holds E1, marked as superseded, and E2 as it was.
func TestRule08SupersededEvidenceStaysInTheBinder(t *testing.T) {
	each(t, func(w *world) {
		w.on("2026-04-02")
		first := w.accepted(nil, "2026-01-01", "2026-03-31", w.upload("q1.csv", "first quarter"))
		w.on("2026-05-10")
		second := w.accepted(&first.ID, "2026-01-01", "2026-03-31", w.upload("q1-again.csv", "first quarter, complete"))
		w.on("2026-07-20")
		w.report()
		frozen := w.export(w.priya)
		w.on("2026-08-03")
		w.accepted(&second.ID, "2026-01-01", "2026-03-31", w.upload("q1-third.csv", "third"))
		w.do(w.priya, func(ctx context.Context, tx *models.Tx) error {
			_, err := evidence.Withdraw(ctx, tx, first.ID, w.item(first.ID).Rev, "It named customers.")
			return err
		})
		w.sign()
		later := w.export(w.priya)
		if string(frozen) != string(later) {
			t.Error("what happened after the freeze changed the binder")
		}
		w.holds(later)
		files := unpacked(w, later)
		if files["evidence/CM-01/E-1/01-q1.csv"] != "first quarter" || files["evidence/CM-01/E-2/01-q1-again.csv"] != "first quarter, complete" {
			t.Error("the bytes of E-1 or E-2 are not there")
		}
		for path, status := range map[string]string{"E-1": "superseded", "E-2": "accepted"} {
			var e binder.Evidence
			w.must(json.Unmarshal([]byte(files["evidence/CM-01/"+path+"/item.json"]), &e))
			if e.Status != status {
				t.Errorf("%s is %s in the binder", path, e.Status)
			}
		}
		for path := range files {
			if strings.Contains(path, "E-3") {
				t.Errorf("%s came after the freeze", path)
			}
		}
		w.intact()
	})
}

func (w *world) item(id int64) (i evidence.Item) {
	w.Helper()
	modelstest.Look(w.T, w.db, w.priya, func(ctx context.Context, tx *models.Tx) (err error) {
		i, err = evidence.ByID(ctx, tx, id)
		return err
	})
	return i
}

// intact holds the whole database against its log.
func (w *world) intact() []string {
	w.Helper()
	report, err := ledger.Verify(w.Context(), w.db)
	w.must(err)
	if len(report.Problems) > 0 {
		w.Errorf("the database does not hold: %q", report.Problems)
	}
	return report.Problems
}

// TestRule07AFrozenEngagementKeepsItsCycle: closed on 1 March, frozen on 15 March, back on
// 20 April. The binder says that cycle 1 was closed.
func TestRule07AFrozenEngagementKeepsItsCycle(t *testing.T) {
	each(t, func(w *world) {
		w.on("2026-02-02")
		id := w.raised()
		proof := w.accepted(nil, "2026-01-01", "2026-01-31", w.upload("fixed.csv", "fixed"))
		w.on("2026-02-20")
		w.remedied(id, proof.ID)
		w.on("2026-03-01")
		w.finding(w.ines, id, func(ctx context.Context, tx *models.Tx, c finding.Case) error {
			return finding.Verify(ctx, tx, id, c.Rev, "I read the log of both changes.")
		})
		w.on("2026-03-15")
		w.report()
		before := w.export(w.priya)
		w.on("2026-04-20")
		w.finding(w.priya, id, func(ctx context.Context, tx *models.Tx, c finding.Case) error {
			return finding.Reopen(ctx, tx, id, c.Rev, "It happened again.")
		})
		w.sign()
		if after := w.export(w.priya); string(before) != string(after) {
			t.Error("cycle 2 changed the binder of an engagement that saw cycle 1 closed")
		}
		var f binder.Finding
		w.must(json.Unmarshal([]byte(unpacked(w, before)["findings/F-001.json"]), &f))
		if f.Status != "closed_verified" || f.Cycle != 1 || len(f.Cycles) != 1 || f.Cycles[0].Outcome != "closed_verified" || f.Cycles[0].ClosedAt.Format("2006-01-02") != "2026-03-01" {
			t.Errorf("got %+v", f)
		}
		if len(f.Plans) != 1 || f.Plans[0].Milestones[0].Proof != "E-1" {
			t.Errorf("the proof of cycle 1 is not there: %+v", f.Plans)
		}
		w.intact()
	})
}

func (w *world) finding(a access.Actor, id int64, act func(context.Context, *models.Tx, finding.Case) error) {
	w.Helper()
	w.do(a, func(ctx context.Context, tx *models.Tx) error {
		c, err := finding.Load(ctx, tx, id)
		if err != nil {
			return err
		}
		return act(ctx, tx, c)
	})
}

// remedied brings a finding to where it waits for verification.
func (w *world) remedied(id, proof int64) {
	w.Helper()
	type move struct {
		who access.Actor
		act func(context.Context, *models.Tx, finding.Case) error
	}
	for _, m := range []move{
		{w.owner, func(ctx context.Context, tx *models.Tx, c finding.Case) error {
			return finding.Confirm(ctx, tx, id, c.Rev, "It is so.")
		}},
		{w.priya, func(ctx context.Context, tx *models.Tx, c finding.Case) error {
			return finding.Rate(ctx, tx, id, c.Rev, finding.High, w.owner.ID, "2026-12-31")
		}},
		{w.owner, func(ctx context.Context, tx *models.Tx, _ finding.Case) error {
			_, err := finding.DraftPlan(ctx, tx, id, finding.PlanDraft{Summary: "Branches are protected.", OwnerID: w.owner.ID, DueOn: "2026-12-31"})
			return err
		}},
		{w.owner, func(ctx context.Context, tx *models.Tx, _ finding.Case) error {
			_, err := finding.AddMilestone(ctx, tx, id, finding.Step{Title: "Protect main", OwnerID: w.owner.ID, DueOn: "2026-11-30"})
			return err
		}},
		{w.owner, func(ctx context.Context, tx *models.Tx, c finding.Case) error {
			return finding.SubmitPlan(ctx, tx, id, c.Plan().Rev)
		}},
		{w.priya, func(ctx context.Context, tx *models.Tx, c finding.Case) error {
			return finding.ApprovePlan(ctx, tx, id, c.Plan().Rev, "")
		}},
		{w.owner, func(ctx context.Context, tx *models.Tx, c finding.Case) error {
			return finding.StartMilestone(ctx, tx, id, c.Milestones[0].ID, c.Milestones[0].Rev)
		}},
		{w.owner, func(ctx context.Context, tx *models.Tx, c finding.Case) error {
			return finding.FinishMilestone(ctx, tx, id, c.Milestones[0].ID, c.Milestones[0].Rev, proof, "")
		}},
		{w.owner, func(ctx context.Context, tx *models.Tx, c finding.Case) error {
			return finding.CompletePlan(ctx, tx, id, c.Plan().Rev, "Done.")
		}},
	} {
		w.finding(m.who, id, m.act)
	}
}

// TestAFreezeNeverChanges asks the database itself, past every verb.
func TestAFreezeNeverChanges(t *testing.T) {
	each(t, func(w *world) {
		move := func() error {
			return w.as(w.priya, func(ctx context.Context, tx *models.Tx) error {
				e := w.engagement
				return engagement.Move(ctx, tx, &e, engagement.Reporting, "")
			})
		}
		if err := move(); models.KindOf(err) != models.KindConflict || !strings.Contains(err.Error(), "freeze") {
			t.Errorf("reported on without a freeze: %v", err)
		}
		past := func(what, sql string, args ...any) {
			t.Helper()
			err := w.as(w.priya, func(ctx context.Context, tx *models.Tx) error {
				_, err := models.Raw[freeze.Document](ctx, tx, sql, args...)
				return err
			})
			if err == nil || !strings.Contains(err.Error(), "fr") || !strings.Contains(err.Error(), "constraint") && !strings.Contains(err.Error(), "23514") {
				t.Errorf("%s: got %v", what, err)
			}
		}
		past("reported on past the verb", "UPDATE engagements SET status = 'reporting' WHERE id = ? RETURNING id AS place", w.engagement.ID)
		document := `INSERT INTO freeze_documents (engagement_id, place, path, private, digest, body) VALUES (?, 99, 'x.json', false, ?, '{}') RETURNING place`
		row := `INSERT INTO freezes (rev, engagement_id, slug, digest, private_digest, documents, private_documents, counts, frozen_by, frozen_at)
			VALUES (1, ?, 'x', ?, '', 7, 0, '{}', ?, ?) RETURNING id AS place`
		zeros := strings.Repeat("0", 64)
		past("a freeze without its documents", row, w.engagement.ID, zeros, w.priya.ID, w.db.Now())
		w.full()
		w.report()
		past("a document more", document, w.engagement.ID, zeros)
		past("a document of an engagement that is not in fieldwork", document, w.engagement.ID, zeros)
		past("a document changed", "UPDATE freeze_documents SET body = '{}' WHERE engagement_id = ? RETURNING place", w.engagement.ID)
		past("a document gone", "DELETE FROM freeze_documents WHERE engagement_id = ? RETURNING place", w.engagement.ID)
		past("a freeze changed", "UPDATE freezes SET digest = ? WHERE engagement_id = ? RETURNING id AS place", zeros, w.engagement.ID)
		past("a freeze gone", "DELETE FROM freezes WHERE engagement_id = ? RETURNING id AS place", w.engagement.ID)
		w.intact()
		if err := w.as(w.priya, func(ctx context.Context, tx *models.Tx) error { return freeze.Report(ctx, tx, &w.engagement, "") }); models.KindOf(err) != models.KindConflict {
			t.Errorf("frozen twice: %v", err)
		}
	})
}

// TestADocumentThatSomebodyChangedIsFound drops the guard, as whoever has the database can.
func TestADocumentThatSomebodyChangedIsFound(t *testing.T) {
	w := newWorld(t, modelstest.SQLite(t))
	w.full()
	w.report()
	w.holds(w.export(w.priya))
	w.do(w.priya, func(ctx context.Context, tx *models.Tx) error {
		for _, sql := range []string{"DROP TRIGGER freeze_documents_kept", `UPDATE freeze_documents SET body = replace(body, 'Peer', 'Pear') WHERE path LIKE 'controls/%' RETURNING place`} {
			if _, err := models.Raw[freeze.Document](ctx, tx, sql); err != nil {
				return err
			}
		}
		return tx.Record("page.view", "x")
	})
	report, err := ledger.Verify(w.Context(), w.db)
	w.must(err)
	if got := strings.Join(report.Problems, "\n"); !strings.Contains(got, "document controls/CM-01/v1.json of the freeze of soc-2-type-ii-2026 was changed") {
		t.Errorf("verification says %q", got)
	}
	if _, err := w.prepare(w.priya); err == nil {
		t.Error("a binder was made of a changed document")
	}
}

// muttered is a request, about which the audit team says something to itself.
func (w *world) muttered(text string) {
	w.Helper()
	var r request.Request
	w.do(w.priya, func(ctx context.Context, tx *models.Tx) (err error) {
		if r, err = request.Write(ctx, tx, w.engagement, request.Ask{Question: request.Question{Title: "Reviews of the period", DueOn: "2026-05-01"}}); err != nil {
			return err
		}
		return request.OpenUp(ctx, tx, w.engagement, &r)
	})
	auditor := w.jonas
	auditor.Fieldwork = []int64{w.engagement.ID}
	w.do(auditor, func(ctx context.Context, tx *models.Tx) error {
		_, err := request.Say(ctx, tx, w.engagement, r, request.TeamOnly, text)
		return err
	})
}

// TestTheBinderHoldsWhatIsTheirs: nothing of another engagement, nothing out of scope,
// nothing that was not accepted, no sealed original; and the audit team's own only in the
// firm's copy.
func TestTheBinderHoldsWhatIsTheirs(t *testing.T) {
	each(t, func(w *world) {
		w.full()
		w.on("2026-04-03")
		w.do(w.owner, func(ctx context.Context, tx *models.Tx) error {
			_, err := evidence.Store(ctx, tx, evidence.Parcel{ControlID: w.control.ID, Details: evidence.Details{Title: "A secret draft"}, Files: []evidence.Upload{w.upload("draft.txt", "secret draft")}})
			return err
		})
		w.redacted("salaries of people")
		w.scoped("XX-01", "A1.1") // a control out of scope
		w.muttered("Their answer is evasive.")
		test := w.tested("The owner of CHG-003 seems to know nothing.", "Please send the log of CHG-017.")
		w.on("2026-07-20")
		w.report()
		company, firm := w.export(w.priya), w.export(w.jonas)
		w.holds(company)
		w.holds(firm)
		if _, err := w.prepare(w.olga); models.KindOf(err) != models.KindNotFound {
			t.Errorf("an auditor of another engagement: %v", err)
		}
		if _, err := w.prepare(w.owner); models.KindOf(err) != models.KindForbidden {
			t.Errorf("a control owner: %v", err)
		}
		for _, leak := range []string{"secret draft", "A secret draft", "XX-01", "HR-09", "another-one", "Olga", "@firm.example", "salaries of people"} {
			if strings.Contains(string(company), leak) || strings.Contains(string(firm), leak) {
				t.Errorf("the binder says %q", leak)
			}
		}
		if private := "seems to know nothing"; strings.Contains(string(company), private) || !strings.Contains(string(firm), private) {
			t.Error("the note of the audit team is in the company's copy, or not in the firm's")
		}
		if private := "Their answer is evasive."; strings.Contains(string(company), private) || !strings.Contains(unpacked(w, firm)["notes/R-001-1.json"], private) {
			t.Error("what the audit team said to itself about a request is in the company's copy, or not in the firm's")
		}
		if thread := unpacked(w, company)["requests/R-001.json"]; thread == "" || strings.Contains(thread, "request_messages") {
			t.Errorf("the request in the company's copy says %q", thread)
		}
		for path, text := range unpacked(w, company) {
			if strings.HasPrefix(path, "notes/") || strings.Contains(text, "notes/") {
				t.Errorf("%s tells of notes", path)
			}
		}
		for view, want := range map[string]int{string(company): 1, string(firm): 2} {
			if got := strings.Count(unpacked(w, []byte(view))[binder.LeavesFile], `"entity":"test_notes"`); got != want {
				t.Errorf("%d leaves are about notes, want %d", got, want)
			}
		}
		if !strings.Contains(string(company), "Please send the log of CHG-017.") {
			t.Error("a shared note is missing")
		}
		if _, ok := unpacked(w, company)["tests/"+test.Code()+".json"]; !ok {
			t.Error("the test is missing")
		}
		for _, a := range []access.Actor{w.priya, w.exec, w.owner, w.olga, {}} {
			modelstest.Look(w.T, w.db, a, func(ctx context.Context, tx *models.Tx) error {
				list, err := freeze.Index(ctx, tx, w.engagement.ID)
				for _, d := range list {
					if d.Private {
						t.Errorf("%s finds %s", a.Role, d.Path)
					}
				}
				return err
			})
		}
	})
}

// redacted is accepted evidence of which auditors get a copy.
func (w *world) redacted(text string) {
	w.Helper()
	i := w.accepted(nil, "2026-03-01", "2026-03-31", w.upload("raw.csv", text))
	w.do(w.priya, func(ctx context.Context, tx *models.Tx) error {
		files, err := evidence.FilesOf(ctx, tx, i.ID)
		if err != nil {
			return err
		}
		_, err = evidence.Redact(ctx, tx, i.ID, files[0].ID, w.upload("covered.csv", "covered"), "Personal data.")
		return err
	})
}

// grants lets Jonas write in the engagement.
func (w *world) grants() {
	w.Helper()
	w.jonas.Fieldwork = []int64{w.engagement.ID}
	admin := modelstest.Person(w.T, w.db, access.Administrator)
	w.do(admin, func(ctx context.Context, tx *models.Tx) error {
		team, err := engagement.Team(ctx, tx, w.engagement.ID)
		if err != nil {
			return err
		}
		return engagement.GrantFieldwork(ctx, tx, w.engagement, team[0].ID, team[0].Rev)
	})
}

// tested is a test of Jonas with a note of the team's own and one that was shared.
func (w *world) tested(own, shared string) (test controltest.Test) {
	w.Helper()
	w.grants()
	jonas := w.jonas
	w.do(jonas, func(ctx context.Context, tx *models.Tx) (err error) {
		if test, err = controltest.Begin(ctx, tx, w.engagement, controltest.Plan{ControlID: w.control.ID, FirstVersion: 1}, w.jonas.ID); err != nil {
			return err
		}
		_, err = controltest.Jot(ctx, tx, test.ID, w.jonas.ID, []controltest.Jotting{{Text: shared}})
		return err
	})
	w.do(jonas, func(ctx context.Context, tx *models.Tx) error {
		if err := controltest.Share(ctx, tx, test.ID, test.Rev, w.jonas.ID); err != nil {
			return err
		}
		notes, err := models.Rows[controltest.Note](tx).Find(ctx)
		if err != nil {
			return err
		}
		if err := controltest.ShareNote(ctx, tx, test.ID, notes[0].ID, w.jonas.ID); err != nil {
			return err
		}
		_, err = controltest.Jot(ctx, tx, test.ID, w.jonas.ID, []controltest.Jotting{{Text: own}})
		return err
	})
	w.done(jonas, test.ID, controltest.NotTested, "The control was retired.")
	return test
}

// TestTheStepsOfAShell runs verify.txt with the tools it names, on a binder that holds and
// on one that was changed.
func TestTheStepsOfAShell(t *testing.T) {
	for _, tool := range []string{"sh", "sha256sum", "sort", "dd", "od"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skip("this machine has no " + tool)
		}
	}
	w := newWorld(t, modelstest.SQLite(t))
	w.full()
	w.report()
	files := unpacked(w, w.export(w.priya))
	out, ok := w.steps(files)
	for _, says := range []string{"ok    every file", "ok    no other file", "ok    the signed manifest", "ok    frozen documents", "ok    the list of documents", "ok    the leaf of the freeze", "ok    every leaf", "ok    sample S-1"} {
		if !strings.Contains(out, says) {
			t.Errorf("%q is not said", says)
		}
	}
	if _, err := exec.LookPath("openssl"); err == nil && !strings.Contains(out, "ok    the key signed signature\nok    the key signed log/checkpoint") {
		t.Error("openssl does not find the signatures good")
	}
	if !ok || strings.Contains(out, "WRONG") {
		t.Errorf("it says\n%s", out)
	}
	for path, wrong := range map[string]string{
		january: "WRONG every file", "findings/F-001.json": "WRONG frozen documents", binder.LeavesFile: "WRONG leaves", binder.ManifestFile: "WRONG the signed manifest",
		binder.FreezeList: "WRONG the list of documents", binder.FreezeRow: "WRONG the leaf of the freeze", "populations/P-1/population.txt": "WRONG sample S-1",
	} {
		changed := map[string]string{}
		for p, text := range files {
			changed[p] = text
		}
		changed[path] = strings.NewReplacer("0", "1", "ana", "ben", "audit", "oudit").Replace(files[path])
		if out, ok := w.steps(changed); ok || !strings.Contains(out, wrong) {
			t.Errorf("%s was changed, and it says\n%s", path, out)
		}
	}
	files["evidence/more.txt"] = "more"
	if out, ok := w.steps(files); ok || !strings.Contains(out, "WRONG no other file") {
		t.Errorf("a file was added, and it says\n%s", out)
	}
}

func (w *world) steps(files map[string]string) (out string, ok bool) {
	w.Helper()
	dir := w.TempDir()
	for path, text := range files {
		at := filepath.Join(dir, filepath.FromSlash(path))
		w.must(os.MkdirAll(filepath.Dir(at), 0o700))
		w.must(os.WriteFile(at, []byte(text), 0o600))
	}
	cmd := exec.CommandContext(w.Context(), "sh", "verify.txt")
	cmd.Dir, cmd.Env = dir, append(os.Environ(), "TMPDIR="+w.TempDir())
	b, err := cmd.CombinedOutput()
	return string(b), err == nil
}

// TestBytesThatWereRemovedSinceAreSaidSo: then the binder cannot be made any more.
func TestBytesThatWereLostAreNoBinder(t *testing.T) {
	w := newWorld(t, modelstest.SQLite(t))
	w.full()
	w.report()
	j, err := w.prepare(w.priya)
	w.must(err)
	for digest, text := range w.files {
		if strings.Contains(text, "1,ana") {
			w.files[digest] = strings.Replace(text, "ana", "ben", 1)
		}
	}
	if err := j.Write(t.Context(), io.Discard); err == nil || !strings.Contains(err.Error(), "do not match their digest") {
		t.Errorf("altered bytes were sent: %v", err)
	}
}

// TestWithoutAnythingTested: an engagement with next to nothing has a binder as well.
func TestAnEmptyEngagementHasABinder(t *testing.T) {
	each(t, func(w *world) {
		w.report()
		w.holds(w.export(w.priya))
		w.holds(w.export(w.jonas))
	})
}
