package ui_test

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"time"

	"github.com/a-h/templ"
	"golang.org/x/net/html"

	"assay/models/access"
	"assay/templates/ui"
)

var monday = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func shell(role access.Role) ui.Shell {
	return ui.Shell{
		Actor:   access.Actor{ID: 7, Name: "Priya Raman", Role: role},
		Company: "Halyard AI", Path: "/controls?state=late", Now: monday, Keys: true,
		Counts:     ui.Counts{Tasks: 4, Controls: 142},
		Engagement: ui.Engagement{Name: "SOC 2 Type II, 2026", Slug: "soc2-2026"},
	}
}

func signedIn(role access.Role) context.Context {
	return ui.WithShell(context.Background(), shell(role))
}

func render(t *testing.T, ctx context.Context, c templ.Component) string {
	t.Helper()
	var b bytes.Buffer
	if err := c.Render(ctx, &b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func parse(t *testing.T, page string) *html.Node {
	t.Helper()
	doc, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

func attr(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

func has(n *html.Node, name string) bool {
	for _, a := range n.Attr {
		if a.Key == name {
			return true
		}
	}
	return false
}

// pages are every layout with every primitive in it.
func pages(t *testing.T) map[string]string {
	manager := shell(access.Compliance)
	manager.Demo, manager.RequestID, manager.Banner, manager.Theme = true, "01JD", "You read and change nothing.", "dark"
	manager.Flash = []ui.Flash{{Kind: "ok", Text: "Saved."}, {Kind: "bad", Text: "Not saved."}}
	manager.Engagement.Ruler = ui.NewRuler(day("2026-01-01"), day("2026-12-31"), monday)
	ctx := ui.WithShell(context.Background(), manager)
	return map[string]string{
		"the storybook":         render(t, ctx, ui.Components()),
		"the gate":              render(t, context.Background(), ui.Gate("Sign in to Halyard AI")),
		"an error at the gate":  render(t, context.Background(), ui.ErrorPage(404, "Page not found", "There is nothing at this address.", "")),
		"an error in the shell": render(t, ctx, ui.ErrorPage(500, "Something broke", "Nothing was changed.", "01JD")),
		"an owner's page":       render(t, signedIn(access.Owner), ui.Layout(ui.Page{Title: "Tasks"})),
		"an auditor's page":     render(t, signedIn(access.Auditor), ui.Layout(ui.Page{Title: "Controls"})),
	}
}

func TestPagesKeepToTheContentPolicy(t *testing.T) {
	for name, page := range pages(t) {
		for n := range parse(t, page).Descendants() {
			if n.Type != html.ElementNode {
				continue
			}
			if n.Data == "style" || n.Data == "script" && !has(n, "src") {
				t.Errorf("%s: inline <%s>", name, n.Data)
			}
			for _, a := range n.Attr {
				if a.Key == "style" || strings.HasPrefix(a.Key, "on") || strings.HasPrefix(a.Key, "hx-on") {
					t.Errorf("%s: <%s %s=%q>", name, n.Data, a.Key, a.Val)
				}
				if strings.Contains(a.Val, "javascript:") || strings.HasPrefix(a.Val, "js:") {
					t.Errorf("%s: <%s %s=%q> runs code", name, n.Data, a.Key, a.Val)
				}
			}
		}
	}
}

func TestReferencesWithinAPageLeadSomewhere(t *testing.T) {
	for name, page := range pages(t) {
		doc := parse(t, page)
		ids := map[string]int{}
		for n := range doc.Descendants() {
			if id := attr(n, "id"); id != "" {
				ids[id]++
			}
		}
		for id, n := range ids {
			if n > 1 {
				t.Errorf("%s: the id %q stands %d times", name, id, n)
			}
		}
		for n := range doc.Descendants() {
			for _, ref := range []string{"for", "aria-labelledby", "aria-describedby", "aria-controls", "data-open", "data-drop"} {
				for id := range strings.FieldsSeq(attr(n, ref)) {
					if ids[id] == 0 {
						t.Errorf("%s: <%s %s=%q> leads nowhere", name, n.Data, ref, id)
					}
				}
			}
			if href, ok := strings.CutPrefix(attr(n, "href"), "#"); ok && ids[href] == 0 {
				t.Errorf("%s: the link to #%s leads nowhere", name, href)
			}
		}
	}
}

func TestEveryAnswerHasALabelThatItIsTiedTo(t *testing.T) {
	for name, page := range pages(t) {
		doc := parse(t, page)
		labelled := map[string]bool{}
		for n := range doc.Descendants() {
			if n.Data == "label" {
				labelled[attr(n, "for")] = true
			}
		}
		for n := range doc.Descendants() {
			switch n.Data {
			case "input", "select", "textarea":
				if attr(n, "type") != "hidden" && !labelled[attr(n, "id")] && attr(n, "aria-label") == "" && !within(n, "label") {
					t.Errorf("%s: <%s name=%q> has no label", name, n.Data, attr(n, "name"))
				}
			}
		}
	}
}

func within(n *html.Node, tag string) bool {
	for p := range n.Ancestors() {
		if p.Data == tag {
			return true
		}
	}
	return false
}

// A tag the parser has to repair (a <div> in a <p>, an unclosed <li>) comes out of the
// tree in another place than it was written: the sequence of tags differs.
func TestMarkupIsWellFormed(t *testing.T) {
	for name, page := range pages(t) {
		var b bytes.Buffer
		if err := html.Render(&b, parse(t, page)); err != nil {
			t.Fatal(err)
		}
		written, read := tags(page), tags(b.String())
		for i := range min(len(written), len(read)) {
			if written[i] != read[i] {
				t.Errorf("%s: tag %d was written %s and read %s, after %v", name, i, written[i], read[i], written[max(0, i-6):i])
				break
			}
		}
		if len(written) != len(read) {
			t.Errorf("%s: %d tags written, %d read", name, len(written), len(read))
		}
	}
}

// void elements have no end and are written with and without a slash.
var void = map[string]bool{"meta": true, "link": true, "input": true, "br": true, "col": true}

func tags(page string) []string {
	var out []string
	z := html.NewTokenizer(strings.NewReader(page))
	for {
		switch z.Next() {
		case html.ErrorToken:
			return out
		case html.StartTagToken:
			if name, _ := z.TagName(); !void[string(name)] {
				out = append(out, "<"+string(name)+">")
			}
		case html.EndTagToken:
			name, _ := z.TagName()
			out = append(out, "</"+string(name)+">")
		}
	}
}

func TestNavigationShowsOnlyWhatARoleCanOpen(t *testing.T) {
	for _, c := range []struct {
		role         access.Role
		shown, hides []string
	}{
		{access.Compliance, []string{"/readiness", "/tasks", "/controls", "/review", "/evidence", "/findings", "/frameworks", "/engagements", "/people", "/activity", "/settings"}, nil},
		{access.Owner, []string{"/tasks", "/controls", "/evidence", "/findings"}, []string{"/readiness", "/review", "/people", "/activity", "/settings", "/engagements"}},
		{access.Auditor, []string{"/controls", "/evidence", "/findings", "/engagements"}, []string{"/readiness", "/tasks", "/review", "/people", "/activity", "/settings"}},
		{access.Executive, []string{"/readiness", "/controls", "/findings"}, []string{"/tasks", "/evidence", "/review", "/people"}},
	} {
		page := render(t, signedIn(c.role), ui.Layout(ui.Page{Title: "Page"}))
		for _, href := range c.shown {
			if !strings.Contains(page, `class="nav-item" href="`+href+`"`) {
				t.Errorf("%s does not find %s", c.role, href)
			}
		}
		for _, href := range c.hides {
			if strings.Contains(page, `href="`+href+`"`) {
				t.Errorf("%s is offered %s", c.role, href)
			}
		}
		if n := strings.Count(page, "<li data-tab>"); n > 4 {
			t.Errorf("%s has %d items in the bar of a phone, which has room for 4 beside More", c.role, n)
		}
	}
}

func TestTheLayoutSaysWhereOneIs(t *testing.T) {
	page := render(t, signedIn(access.Compliance), ui.Layout(ui.Page{Title: "Controls", Crumbs: []ui.Crumb{{Label: "Halyard AI", Href: "/"}, {Label: "Controls"}}}))
	for _, want := range []string{
		`<title>Controls · Assay</title>`,
		`href="/controls" data-go="c" aria-current="page"`,
		`<span class="n">142</span>`,
		`<span aria-current="page">Controls</span>`,
		`action="/signout" method="post"`,
		`&#34;allowEval&#34;:false`,
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not hold %s", want)
		}
	}
	if strings.Contains(page, "data-theme=") || strings.Contains(page, "data-keys=") {
		t.Error("the page sets a theme or switches keys off although nobody asked for it")
	}
}

func TestAnErrorSummaryKeepsTheOrderOfTheForm(t *testing.T) {
	errs := map[string]string{"b": "Second.", "a": "First.", "": "All of it.", "z": "Last."}
	out := render(t, context.Background(), ui.ErrorSummary("Four things to fix", errs, "a", "b"))
	at := -1
	for _, text := range []string{"First.", "Second.", "All of it.", "Last."} {
		next := strings.Index(out, text)
		if next <= at {
			t.Errorf("%q is out of order in %s", text, out)
		}
		at = next
	}
	if !strings.Contains(out, `<a href="#e-a">First.</a>`) || strings.Contains(out, `href="#e-"`) {
		t.Errorf("links do not lead to the fields: %s", out)
	}
	if out := render(t, context.Background(), ui.ErrorSummary("None", nil)); out != "" {
		t.Errorf("without errors there is %q", out)
	}
}

func TestWordsOfTheUserAreEscaped(t *testing.T) {
	const evil = `<script>alert(1)</script>"'`
	out := render(t, signedIn(access.Owner), ui.Field(ui.Input{Name: "t", Label: evil, Value: evil, Hint: evil, Error: evil})) +
		render(t, signedIn(access.Owner), ui.Record(evil)) +
		render(t, signedIn(access.Owner), ui.LinkButton(evil, "javascript:alert(1)", ui.Plain))
	if strings.Contains(out, "<script>") || strings.Contains(out, `href="javascript:`) {
		t.Errorf("user text reached the page unescaped: %s", out)
	}
}

func TestDatesFollowTheRules(t *testing.T) {
	ctx := signedIn(access.Compliance)
	for _, c := range []struct {
		name string
		show templ.Component
		want string
	}{
		{"this year has no year", ui.Date("2026-11-18"), "Wed 18 Nov<"},
		{"another year is spelt out", ui.Date("2027-01-15"), "Fri 15 Jan 2027<"},
		{"nothing for no date", ui.Date(""), ""},
		{"what is no date is shown as it came", ui.Date("soon"), ">soon<"},
		{"today", ui.DueDate("2026-11-23"), ">today<"},
		{"tomorrow", ui.DueDate("2026-11-24"), ">tomorrow<"},
		{"within a fortnight", ui.DueDate("2026-12-06"), ">in 13 days<"},
		{"past, within a fortnight", ui.DueDate("2026-11-20"), ">3 days ago<"},
		{"instants are in UTC", ui.Time(time.Date(2026, 11, 20, 10, 4, 0, 0, time.FixedZone("CET", 3600))), "Fri 20 Nov 09:04 UTC<"},
		{"nothing for no instant", ui.Time(time.Time{}), ""},
		{"a period of one day is a day", ui.Period("2026-11-18", "2026-11-18"), "Wed 18 Nov</time>"},
	} {
		out := render(t, ctx, c.show)
		if !strings.Contains(out, c.want) || c.want == "" && strings.TrimSpace(out) != "" {
			t.Errorf("%s: %q does not hold %q", c.name, out, c.want)
		}
	}
	if out := render(t, ctx, ui.DueDate("2026-12-07")); strings.Contains(out, "in 14") {
		t.Errorf("a fortnight away still says so: %s", out)
	}
}

func TestPrimitivesSayTheirWords(t *testing.T) {
	ctx := signedIn(access.Compliance)
	words := templ.Raw("Inner words.")
	for name, c := range map[string]templ.Component{
		"Status":     ui.Status(ui.Late, "Outer words."),
		"StatusPill": ui.StatusPill(ui.OK, "Outer words."),
		"Severity":   ui.Severity("high", "Outer words."),
		"Person":     ui.Person("Outer words.", "Inner words."),
		"Hallmark":   ui.Hallmark(true, "Outer words."),
		"Button":     ui.Button(ui.Action{Label: "Outer words.", More: "Inner words."}),
		"Notice":     ui.Notice(ui.Warn, "Outer words.", "Inner words."),
		"Empty":      ui.Empty("Outer words.", "Inner words."),
		"Section":    ui.Section("s", "Outer words.", ""),
		"Head":       ui.Head("Outer words.", "", words),
		"Ask":        ui.Ask("a", "Outer words.", "Title", ui.Plain),
		"Fact":       ui.Fact("Outer words."),
		"Field":      ui.Field(ui.Input{Name: "n", Label: "Outer words.", Hint: "Inner words."}),
		"FeedItem":   ui.FeedItem(ui.Event{Who: "Priya Raman", What: "Outer words.", At: monday, Message: "Inner words."}),
		"Tabs":       ui.Tabs("Views", []ui.Tab{{Label: "Outer words."}}),
		"Layout":     ui.Layout(ui.Page{Title: "Outer words."}),
		"Gate":       ui.Gate("Outer words."),
	} {
		out := render(t, templ.WithChildren(ctx, words), c)
		if !strings.Contains(out, "Outer words.") {
			t.Errorf("%s does not say its words: %s", name, out)
		}
		switch name {
		case "Status", "StatusPill", "Severity", "Hallmark", "Tabs": // have no room for more
		default:
			if !strings.Contains(out, "Inner words.") {
				t.Errorf("%s loses what stands in it: %s", name, out)
			}
		}
	}
}

func TestInitialsAreFirstAndLast(t *testing.T) {
	for name, want := range map[string]string{"Priya Raman": "PR", "Tomás de la Cruz": "TC", "élodie": "É", "Mei-Ling Zhou 周美玲": "MZ", "周 美玲": "周美", "": "?", "  ": "?"} {
		if got := ui.Initials(name); got != want {
			t.Errorf("Initials(%q) = %q, want %q", name, got, want)
		}
	}
}

func TestCountsAreReadInThousands(t *testing.T) {
	for n, want := range map[int64]string{0: "0", 999: "999", 1000: "1,000", 2_773: "2,773", 500_000: "500,000", -1_234_567: "-1,234,567", -123: "-123"} {
		if got := ui.Count(n); got != want {
			t.Errorf("Count(%d) = %q, want %q", n, got, want)
		}
	}
}

func TestBytesAreSaidAsPeopleSayThem(t *testing.T) {
	for n, want := range map[int64]string{0: "0 bytes", 999: "999 bytes", 1000: "1.0 KB", 48_213: "48 KB", 1_400_000: "1.4 MB", 5 << 30: "5.4 GB"} {
		if got := ui.Bytes(n); got != want {
			t.Errorf("Bytes(%d) = %q, want %q", n, got, want)
		}
	}
}
