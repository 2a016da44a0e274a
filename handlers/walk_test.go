package handlers_test

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"

	"assay/models"
	"assay/models/access"
	"assay/models/control"
	"assay/models/controltest"
	"assay/models/engagement"
	"assay/models/modelstest"
	"assay/models/population"
	"assay/models/request"
	"assay/models/sample"
	"assay/models/subservice"
	"assay/models/webhook"
)

// A principal is somebody who walks through everything the product answers.
type principal struct {
	name string
	who  access.Actor
}

// principals are all there are. Somebody whose session was revoked is nobody: that is held
// by the tests of sign-in.
func (a *audit) principals() (list []principal, owner, other access.Actor) {
	a.Helper()
	owner, other = modelstest.Person(a.T, a.db, access.Owner), modelstest.Person(a.T, a.db, access.Owner)
	closed := a.miriam
	closed.Engagements = nil // as a request outside the window finds her
	return []principal{
		{"nobody", access.Actor{}},
		{"without a role", access.Actor{ID: owner.ID, Name: "without a role"}},
		{"owner", owner},
		{"other owner", other},
		{"compliance", a.priya},
		{"administrator", modelstest.Person(a.T, a.db, access.Administrator)},
		{"executive", modelstest.Person(a.T, a.db, access.Executive)},
		{"auditor", a.now()},
		{"auditor outside", renamed(closed, "auditor outside")},
	}, owner, other
}

func renamed(a access.Actor, name string) access.Actor {
	a.Name = name
	return a
}

// A thing stands for a part of an address.
type thing struct{ label, value string }

// things are what the parts of addresses can be: one's own, another's, and what is not there.
func (a *audit) things(owner access.Actor) map[string][]thing {
	evidence := func(label, path string) thing { return thing{label, strings.TrimPrefix(path, "evidence/")} }
	finding := func(label, path string) thing { return thing{label, strings.TrimPrefix(path, "findings/")} }
	missing := thing{"missing", "999999"}
	organisations := []thing{{"of hers", a.organisation(a.mine)}, {"of another", a.organisation(a.other)}, {"missing", "SO-999999"}} // before fieldwork, while the company alone may
	return map[string][]thing{
		"{code}": {{"in scope", a.inScope.Code}, {"aside", a.aside.Code}, missing},
		"{item}": {
			evidence("accepted", a.accepted.Path()), evidence("before the period", a.before.Path()),
			evidence("in review", a.submitted.Path()), evidence("of the control aside", a.beside.Path()),
			{"missing", "E-999999"},
		},
		"{file}":         {{"of the accepted", fmt.Sprint(a.file.ID)}, {"of before the period", fmt.Sprint(a.hiddenFile.ID)}},
		"{finding}":      {finding("of the engagement", a.ours.Path()), finding("internal", a.internal.Path()), finding("of another", a.theirs.Path())},
		"{engagement}":   {{"hers", strings.TrimPrefix(a.mine.Path(), "engagements/")}, {"another", strings.TrimPrefix(a.other.Path(), "engagements/")}},
		"{population}":   {{"locked", a.population(a.mine, population.Locked)}, {"a draft", a.population(a.mine, population.Draft)}, {"of another", a.population(a.other, population.Locked)}, {"missing", "P-999999"}},
		"{request}":      {{"open", a.request(a.mine, &owner.ID, true)}, {"a draft", a.request(a.mine, nil, false)}, {"of another", a.request(a.other, nil, true)}, {"missing", "R-999999"}},
		"{sample}":       {{"drawn", "S-1"}, {"missing", "S-999999"}},
		"{test}":         {{"shared", a.test(a.mine, "shared", true)}, {"private", a.test(a.mine, "private", false)}, {"of another", a.test(a.other, "shared", true)}, {"missing", "T-999999"}},
		"{organisation}": organisations,
		"{person}":       {{"owner", fmt.Sprint(owner.ID)}, missing},
		"{framework}":    {{"soc2", "soc2-tsc"}},
		"{criterion}":    {{"CC6.1", "CC6.1"}},
		"{number}":       {{"1", "1"}},
		"{from}":         {{"1 March", "2026-03-01"}},
		"{to}":           {{"31 March", "2026-03-31"}},
		"{group}":        {{"CC6", "CC6"}, {"A1", "A1"}},
		"{month}":        {{"March", "2026-03"}},
	}
}

// organisation names a subservice organisation.
func (a *audit) organisation(of engagement.Engagement) (code string) {
	a.Helper()
	a.do(func(ctx context.Context, tx *models.Tx) error {
		o := subservice.Organisation{EngagementID: of.ID, Slug: of.Slug, Name: "Northgate", Services: "Hosting", Method: subservice.CarveOut, CreatedBy: a.priya.ID, CreatedAt: tx.Now}
		err := models.Insert(ctx, tx, &o, "subservice.add")
		code = o.Code()
		return err
	})
	return code
}

// request adds one that the company asks itself.
func (a *audit) request(of engagement.Engagement, owner *int64, open bool) (code string) {
	a.Helper()
	of.Status = engagement.Fieldwork // whatever it is: who sees it does not hang on that
	a.do(func(ctx context.Context, tx *models.Tx) error {
		q, err := request.Write(ctx, tx, of, request.Ask{Question: request.Question{Title: "Access reviews", OwnerID: owner, DueOn: "2026-03-31"}})
		if err == nil && open {
			err = request.OpenUp(ctx, tx, of, &q)
		}
		code = q.Code()
		return err
	})
	return code
}

// population adds one; of hers a sample is drawn from what is locked.
func (a *audit) population(of engagement.Engagement, status population.Status) string {
	a.Helper()
	file, err := a.App.Blobs.Put(a.Context(), strings.NewReader("key,kind\nCHG-1,a\n"), 1<<20)
	must(a.T, err)
	text, err := a.App.Blobs.Put(a.Context(), strings.NewReader("assay-population/1\n"), 1<<20) // its digest is not asked for here
	must(a.T, err)
	now := modelstest.Now
	p := population.Population{
		EngagementID: of.ID, Slug: of.Slug, ControlID: a.inScope.ID, Control: a.inScope.Code, Version: 1, Status: status, AddedBy: a.priya.ID, AddedAt: now,
		Source: population.Source{Name: "Changes", System: "GitHub", ExtractedAt: now, SourceCount: 1},
		File:   population.File{FileName: "changes.csv", Digest: file.Digest, Columns: []string{"key", "kind"}, KeyColumn: "key", RowCount: 1, TextDigest: text.Digest},
	}
	if status == population.Locked {
		p.LockedBy, p.LockedAt = &a.priya.ID, &now
	}
	a.do(func(ctx context.Context, tx *models.Tx) error {
		if err := models.Insert(ctx, tx, &p, "population.import"); err != nil || status == population.Draft || of.ID != a.mine.ID {
			return err
		}
		for _, to := range []engagement.Status{engagement.Planning, engagement.Fieldwork} { // a sample is drawn in fieldwork
			if err := engagement.Move(ctx, tx, &of, to, ""); err != nil {
				return err
			}
		}
		return models.Insert(ctx, tx, &population.Sample{
			PopulationID: p.ID, Slug: p.Slug, Method: sample.Random, Seed: "s", Stratum: "kind", Size: 1, AuditorID: a.miriam.ID, DrawnBy: a.priya.ID, DrawnAt: now,
		}, "sample.draw")
	})
	return p.Code()
}

// test adds one that an auditor of the engagement planned and Priya brought in.
func (a *audit) test(of engagement.Engagement, configuration string, shared bool) string {
	a.Helper()
	now, auditor := modelstest.Now, a.miriam
	if of.ID != a.mine.ID {
		auditor = modelstest.Person(a.T, a.db, access.Auditor)
		a.do(func(ctx context.Context, tx *models.Tx) error {
			return models.Insert(ctx, tx, &engagement.Auditor{EngagementID: of.ID, PersonID: auditor.ID, Part: engagement.Member, AddedBy: a.priya.ID, AddedAt: now}, "auditor.grant")
		})
	}
	t := controltest.Test{
		EngagementID: of.ID, Slug: of.Slug, ControlID: a.inScope.ID, Control: a.inScope.Code, FirstVersion: 1, Configuration: configuration, Status: controltest.Planned, Round: 1,
		AuditorID: auditor.ID, EnteredBy: a.priya.ID, PlannedAt: now,
	}
	if shared {
		t.SharedBy, t.SharedAt = &auditor.ID, &now
	}
	a.do(func(ctx context.Context, tx *models.Tx) error {
		if err := models.Insert(ctx, tx, &t, "test.plan"); err != nil {
			return err
		}
		return models.Insert(ctx, tx, &controltest.Round{TestID: t.ID, EngagementID: of.ID, Slug: of.Slug, Number: 1, AuditorID: auditor.ID, EnteredBy: a.priya.ID, OpenedAt: now}, "test.round")
	})
	return t.Code()
}

// addresses fills the parts of a pattern in, in every way there is.
func addresses(pattern string, things map[string][]thing) (list []thing) {
	list = []thing{{pattern, pattern}}
	for _, name := range param.FindAllString(pattern, -1) {
		choices := things[name]
		if choices == nil {
			choices = []thing{{"any", "1"}}
		}
		var more []thing
		for _, at := range list {
			for _, c := range choices {
				more = append(more, thing{strings.Replace(at.label, name, "{"+c.label+"}", 1), strings.Replace(at.value, name, c.value, 1)})
			}
		}
		list = more
	}
	return list
}

// state counts the leaves of changes: those that are about a row, and not only about who
// came and who saw what.
func (a *audit) state() (n int64) {
	a.Helper()
	modelstest.Look(a.T, a.db, access.Clock, func(ctx context.Context, tx *models.Tx) (err error) {
		n, err = models.Value[int64](ctx, tx, "SELECT count(*) FROM log_leaves WHERE entity <> ''")
		return err
	})
	return n
}

// TestRoutesWalkedByEverybody reads every address as everybody and compares who gets in with
// testdata/walk.golden, where each refusal stands beside somebody it was granted to. It
// also sends every form to those who may not. Nothing is changed by any of it.
func TestRoutesWalkedByEverybody(t *testing.T) {
	a := newAudit(t, modelstest.SQLite(t))
	everybody, owner, other := a.principals()
	a.do(func(ctx context.Context, tx *models.Tx) error {
		for code, who := range map[string]access.Actor{a.inScope.Code: owner, a.aside.Code: other} {
			c, err := control.ByCode(ctx, tx, code)
			if err == nil {
				err = control.Assign(ctx, tx, &c, &who.ID, nil)
			}
			if err != nil {
				return err
			}
		}
		if _, err := control.AddCalendar(ctx, tx, "Germany", nil); err != nil {
			return err
		}
		_, err := webhook.Create(ctx, tx, webhook.Fields{Name: "Chat", Host: "x", URL: "x", Format: webhook.Chat, Events: []string{"finding.raised"}}, "UID", "x")
		return err
	})
	things := a.things(owner)
	before := a.state()
	var lines []string
	granted := map[string]bool{}
	for _, rt := range a.App.Routes() {
		for _, at := range addresses(rt.Pattern, things) {
			if rt.Method == http.MethodGet && rt.Pattern != "/static/*" {
				line, some := a.read(at, everybody)
				lines = append(lines, line)
				granted[rt.Pattern] = granted[rt.Pattern] || some
				continue
			}
			for _, p := range everybody {
				if p.who.Can(rt.Needs) || rt.Needs == access.Public {
					continue
				}
				a.refuses(rt.Method, at, p)
			}
		}
		if now := a.state(); now != before {
			t.Fatalf("%s %s left %d leaves of changes", rt.Method, rt.Pattern, now-before)
		}
	}
	for pattern, some := range granted {
		if !some && !ungranted[pattern] {
			t.Errorf("nobody gets GET %s, so its refusals say nothing", pattern)
		}
	}
	slices.Sort(lines)
	golden(t, "testdata/walk.golden", strings.Join(lines, "\n")+"\n")
}

// ungranted lists what this company has nothing of.
var ungranted = map[string]bool{
	"/findings/{finding}/responses/{part}/text":             true,
	"/engagements/{engagement}/requests/import/{upload}":    true, // an upload is its sender's own
	"/activity/checkpoint":                                  true, // nothing is signed
	"/activity/anchors/{anchor}/note":                       true, // nor anchored
	"/engagements/{engagement}/report/file":                 true, // nothing is issued
	"/engagements/{engagement}/tests/{test}/exceptions/new": true, // nothing deviates
	"/findings/{finding}/amend":                             true, // so there is no exception

	"/engagements/{engagement}/deliverables/{document}":      true, // nothing is drafted
	"/engagements/{engagement}/deliverables/{document}/text": true,
	"/engagements/{engagement}/deliverables/{document}/docx": true,

	"/auth/callback":                          true, // no provider
	"/auth/start":                             true,
	"/auth/continue":                          true, // no form waits
	"/break-glass/{token}":                    true, // the host made no link
	"/calendar/{token}.ics":                   true, // nobody has a calendar address
	"/controls/import/{upload}":               true, // no file was sent
	"/controls/{code}/versions/{number}/diff": true, // there is one version
	"/controls/{code}/lists":                  true, // nothing is driven by events
	"/controls/{code}/lists/{month}":          true,
	"/engagements/{engagement}/binder.zip":    true, // nothing is frozen
	"/evidence/{item}/files/{file}/picture":   true, // the files are tables

	"/engagements/{engagement}/tests/{test}/worksheet/{upload}": true, // no file was sent
	"/uploads/known":    true, // asked about no digest
	"/uploads/{upload}": true, // no file is on its way
}

// read asks for an address as everybody, and says who got what, and whether anybody did.
func (a *audit) read(at thing, everybody []principal) (line string, granted bool) {
	a.Helper()
	by := map[int][]string{}
	for _, p := range everybody {
		got := a.Get(p.who, at.value)
		by[got.Status] = append(by[got.Status], p.name)
		granted = granted || p.who.ID != 0 && got.Status < 400 || p.who.ID == 0 && got.Status == http.StatusOK
		if got.Status == http.StatusForbidden || got.Status >= 500 && at.value != "/auth/start" && !strings.HasPrefix(at.value, "/auth/callback") {
			a.Errorf("%s reads %s: %d", p.name, at.label, got.Status)
		}
	}
	line = "GET " + at.label
	for _, status := range slices.Sorted(maps.Keys(by)) {
		line += fmt.Sprintf("\n    %d %s", status, strings.Join(by[status], ", "))
	}
	return line, granted
}

// refuses sends an empty form to an address that is not for p.
func (a *audit) refuses(method string, at thing, p principal) {
	a.Helper()
	r := httptest.NewRequestWithContext(a.Context(), method, at.value, http.NoBody)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	got := a.Do(p.who, r)
	if got.Status != http.StatusNotFound && (p.who.ID != 0 || got.Location != "/signin") {
		a.Errorf("%s sends to %s %s: %d to %q", p.name, method, at.label, got.Status, got.Location)
	}
}

func golden(t *testing.T, path, got string) {
	t.Helper()
	if os.Getenv("UPDATE") != "" {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil || got != string(want) {
		t.Errorf("%s does not hold (run with UPDATE=1 and read the diff): %v\n%s", path, err, got)
	}
}
