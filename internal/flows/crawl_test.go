package flows_test

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/go-chi/chi/v5"
	"golang.org/x/net/html"

	"assay/handlers"
	"assay/models/access"
	"assay/web"
)

// examples is how many addresses of one kind are read: one route, with one set of
// parameters. Lists of thousands are bounded by it, and pages in every state are not.
const examples = 25

// states is how many pages of one kind a browser looks at.
const states = 2

// table is what the product says it serves.
var table = sync.OnceValues(func() (chi.Router, map[string]access.Permission) {
	routes := (&handlers.App{}).Routes()
	needs := map[string]access.Permission{}
	for _, r := range routes {
		needs[r.Method+" "+r.Pattern] = r.Needs
	}
	return web.New(routes, web.Site{}), needs
})

// route finds the line of the table that answers path, and what it needs.
func route(method, path string) (pattern string, needs access.Permission) {
	mux, permissions := table()
	pattern = mux.(*chi.Mux).Find(chi.NewRouteContext(), method, path)
	return pattern, permissions[method+" "+pattern]
}

// A crawler reads everything that one person is led to.
type crawler struct {
	*visitor
	role    access.Role
	queue   []step
	queued  map[string]bool
	sampled map[string]int
	pages   map[string][]string // some addresses for each pattern that answers with a page
	assets  map[string]asset
	seen    map[string]bool // patterns that answered
	told    map[string]bool // what was complained of, so that a mistake on every page is one line
	read    int
}

// complain fails the test once for each kind of mistake.
func (c *crawler) complain(kind, format string, args ...any) {
	c.tb.Helper()
	if !c.told[kind] {
		c.told[kind] = true
		c.tb.Errorf(format, args...)
	}
}

// A step is an address and where it was found. Loose is one that a form made up, which
// may be refused as long as it is refused politely.
type step struct {
	target, from string
	fragment     bool
	loose        bool
}

var crawls = map[string]*crawler{}

// crawled is what somebody was led to, read once for all tests.
func crawled(t *testing.T, base string, who button) *crawler {
	t.Helper()
	if crawls[who.email] == nil {
		crawls[who.email] = crawl(t, base, who)
	}
	return crawls[who.email]
}

// crawl signs in and reads everything, failing the test for whatever is not as it
// should be.
func crawl(t *testing.T, base string, who button) *crawler {
	t.Helper()
	c := &crawler{
		visitor: newVisitor(t, base), role: roleCalled(t, who.role), queued: map[string]bool{},
		sampled: map[string]int{}, pages: map[string][]string{}, assets: map[string]asset{},
		seen: map[string]bool{}, told: map[string]bool{},
	}
	first := c.signIn(who.email)
	c.follow(step{target: first.url.RequestURI(), from: "sign-in"})
	for len(c.queue) > 0 {
		next := c.queue[0]
		c.queue = c.queue[1:]
		c.visit(next)
	}
	return c
}

func roleCalled(tb testing.TB, label string) access.Role {
	tb.Helper()
	for _, r := range access.Roles {
		if strings.EqualFold(r.Label(), label) {
			return r
		}
	}
	tb.Fatalf("the sign-in page names a role %q, which nobody can hold", label)
	return ""
}

// follow queues an address of our own, unless it was queued or there were enough like it.
func (c *crawler) follow(s step) {
	c.tb.Helper()
	u, err := url.Parse(s.target)
	if err != nil {
		c.tb.Errorf("%s leads to %q: %v", s.from, s.target, err)
		return
	}
	if u.Host != "" && u.Host != c.base.Host || u.Scheme != "" && u.Scheme != "http" {
		return
	}
	u.Scheme, u.Host, u.Fragment = "", "", ""
	s.target = u.String()
	key := fmt.Sprint(s.fragment, s.target)
	pattern, needs := route(http.MethodGet, u.Path)
	switch {
	case pattern == "":
		c.complain("nowhere "+u.Path, "%s leads to %s, which is no address of ours", s.from, s.target)
		return
	case c.queued[key] || pattern == "/static/*":
		return
	case !(access.Actor{ID: 1, Role: c.role}).Can(needs):
		c.complain("closed "+pattern, "%s leads %s to %s, which needs %s", s.from, c.role.Label(), s.target, needs)
		return
	}
	kind := fmt.Sprint(s.fragment, pattern, slices.Sorted(maps.Keys(u.Query())))
	if c.sampled[kind]++; c.sampled[kind] > examples {
		return
	}
	c.queued[key] = true
	c.queue = append(c.queue, s)
}

func (c *crawler) visit(s step) {
	c.tb.Helper()
	a := c.fetch(s)
	c.read++
	if !c.answered(s, a) || a.doc == nil {
		return
	}
	if !s.fragment && !s.loose {
		pattern, _ := route(http.MethodGet, a.url.Path)
		if len(c.pages[pattern]) < states {
			c.pages[pattern] = append(c.pages[pattern], a.url.RequestURI())
		}
		c.inspect(a)
	}
	c.links(a)
	for _, form := range a.elements("form") {
		c.form(a, form)
	}
}

// answered reports whether the answer is one to go on with.
func (c *crawler) answered(s step, a answer) bool {
	c.tb.Helper()
	pattern, _ := route(http.MethodGet, a.url.Path)
	c.seen[pattern] = true
	if a.status == http.StatusOK || s.loose && a.status == http.StatusUnprocessableEntity {
		return true
	}
	c.complain(fmt.Sprint(pattern, a.status), "%s: status %d, linked from %s\n%.600s", s.target, a.status, s.from, a.words())
	return false
}

// words is the text of a page's main part.
func (a answer) words() string {
	for _, n := range a.elements("main", "body") {
		return text(n)
	}
	return string(a.body)
}

// links queues what the page links to or loads.
func (c *crawler) links(a answer) {
	c.tb.Helper()
	for n := range a.doc.Descendants() {
		for _, name := range []string{"href", "src", "data-pdf", "hx-get"} {
			target, ok := find(n, name)
			if !ok || n.Data == "use" || strings.HasPrefix(target, "#") {
				continue
			}
			u, err := a.url.Parse(target)
			if err != nil {
				c.tb.Errorf("%s: %s %q: %v", a.url, name, target, err)
				continue
			}
			c.follow(step{target: u.String(), from: a.url.RequestURI(), fragment: name == "hx-get"})
		}
	}
}

// form tries a form that reads in all its ways, and looks up where one that changes
// something would go. It sends none of those: what they do is for other tests.
func (c *crawler) form(a answer, form *html.Node) {
	c.tb.Helper()
	if !strings.EqualFold(attr(form, "method"), "post") {
		c.ask(a, form)
		return
	}
	targets := []string{attr(form, "action")}
	for _, n := range under(form, "button", "input") {
		if to, ok := find(n, "formaction"); ok {
			targets = append(targets, to)
		}
	}
	for _, target := range targets {
		u, err := a.url.Parse(target)
		if err != nil {
			c.tb.Errorf("%s has a form to %q: %v", a.url, target, err)
			continue
		}
		pattern, needs := route(http.MethodPost, u.Path)
		switch {
		case pattern == "":
			c.complain("no form "+u.Path, "%s has a form to %s, which takes none", a.url, target)
		case !(access.Actor{ID: 1, Role: c.role}).Can(needs):
			c.complain("form "+pattern, "%s shows %s a form to %s, which needs %s", a.url, c.role.Label(), target, needs)
		}
	}
}

// ask queues a form as it stands, with each choice of each of its selects, and with
// something typed into each of its text fields.
func (c *crawler) ask(a answer, form *html.Node) {
	c.tb.Helper()
	target, err := a.url.Parse(attr(form, "action"))
	if err != nil {
		c.tb.Errorf("%s has a form to %q: %v", a.url, attr(form, "action"), err)
		return
	}
	send := func(values url.Values) {
		u := *target
		u.RawQuery = values.Encode()
		c.follow(step{target: u.String(), from: "a form of " + a.url.RequestURI(), loose: true})
	}
	stands, choices := fields(form)
	send(stands)
	for _, choice := range choices {
		values := maps.Clone(stands)
		values.Set(choice.name, choice.value)
		send(values)
	}
}

type choice struct{ name, value string }

// fields is what a form would send now, and what else one could enter.
func fields(form *html.Node) (url.Values, []choice) {
	stands, choices := url.Values{}, []choice(nil)
	for _, n := range under(form, "input", "select") {
		name := attr(n, "name")
		if name == "" {
			continue
		}
		if n.Data == "select" {
			for i, o := range under(n, "option") {
				if _, chosen := find(o, "selected"); i == 0 || chosen {
					stands.Set(name, attr(o, "value"))
				}
				choices = append(choices, choice{name, attr(o, "value")})
			}
			continue
		}
		switch attr(n, "type") {
		case "checkbox", "radio":
			if _, on := find(n, "checked"); on {
				stands.Set(name, attr(n, "value"))
			}
			choices = append(choices, choice{name, attr(n, "value")})
		case "hidden":
			stands.Set(name, attr(n, "value"))
		case "date":
			stands.Set(name, attr(n, "value"))
			choices = append(choices, choice{name, "2026-01-31"})
		default:
			stands.Set(name, attr(n, "value"))
			choices = append(choices, choice{name, "access review"}, choice{name, `"' OR 1=1 -- %_<`})
		}
	}
	return stands, choices
}

// fetch asks as a person's browser does, or as htmx does for a part of a page.
func (c *crawler) fetch(s step) answer {
	c.tb.Helper()
	if !s.fragment {
		return c.get(s.target)
	}
	return c.part(s.target)
}

func TestCrawl(t *testing.T) {
	p := demo(t)
	all := cast(t, p.base)
	if len(all) != len(access.Roles) {
		t.Errorf("the demonstration lets %d roles sign in, of %d: %v", len(all), len(access.Roles), all)
	}
	missing := readable()
	for _, who := range all {
		t.Run(who.role, func(t *testing.T) {
			c := crawled(t, p.base, who)
			t.Logf("%d addresses read, %d kinds of page", c.read, len(c.pages))
			for pattern := range c.seen {
				delete(missing, pattern)
			}
		})
	}
	for pattern := range missing {
		t.Errorf("nothing leads anybody to %s", pattern)
	}
	if t.Failed() {
		t.Logf("the program says:\n%s", tail(p.said.String(), "ERROR"))
	}
}

// readable are the routes that somebody signed in should be led to.
func readable() map[string]bool {
	out := map[string]bool{}
	for _, r := range (&handlers.App{}).Routes() {
		if r.Method == http.MethodGet && r.Needs != access.Public && !unlinked[r.Pattern] {
			out[r.Pattern] = true
		}
	}
	return out
}

// unlinked lists what no link leads to, and why.
var unlinked = map[string]bool{
	"/uploads/known":            true, // the sender of files asks these
	"/uploads/{upload}":         true,
	"/":                         true, // sends everybody on
	"/setup":                    true, // until it is done
	"/controls/import/{upload}": true, // after a file was sent
	"/auth/continue":            true, // after somebody signed in again
	"/settings/webhooks/new":    true, // a demonstration may call no hosts
	"/settings/webhooks/{hook}": true,

	"/activity/anchors/{anchor}/note":                           true, // nobody outside confirms a demonstration
	"/engagements/{engagement}/scope/propose":                   true, // a proposal is open there already
	"/engagements/{engagement}/requests/import/{upload}":        true, // after a file was sent
	"/engagements/{engagement}/tests/{test}/worksheet/{upload}": true, // likewise
	"/engagements/{engagement}/deliverables/subservice/new":     true, // the demonstration's engagements are past set-up: changes are proposed
	"/findings/{finding}/amend":                                 true, // its exceptions were raised by an auditor's own hand
}

// tail is the last lines of said that contain words.
func tail(said, words string) string {
	var out []string
	for line := range strings.Lines(said) {
		if strings.Contains(line, words) {
			out = append(out, line)
		}
	}
	return strings.Join(out[max(0, len(out)-20):], "")
}
