package flows_test

import (
	"net/http"
	"regexp"
	"strings"

	"golang.org/x/net/html"

	"assay/static"
	"assay/web"
)

// What a page may weigh, packed, on its first visit and when everything it shares with
// others is in the cache.
const (
	cold = 130 << 10
	warm = 12 << 10
)

// inspect holds a page to what every page promises.
func (c *crawler) inspect(a answer) {
	c.tb.Helper()
	where := a.url.RequestURI()
	if got := a.header.Get("Content-Security-Policy"); got != web.Policy {
		c.tb.Errorf("%s: the content security policy is %q", where, got)
	}
	if n := len(a.elements("h1")); n != 1 {
		c.tb.Errorf("%s: %d headings of the first level", where, n)
	}
	titles := a.elements("title")
	if len(titles) == 0 || len(text(titles[0])) < len("X · Assay") {
		c.tb.Errorf("%s: it has no title", where)
	}
	c.inline(where, a.doc)
	c.twice(where, a.doc)
	c.weigh(where, a)
}

// inline finds what the content security policy would block.
func (c *crawler) inline(where string, doc *html.Node) {
	c.tb.Helper()
	for n := range doc.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		if src, ok := find(n, "src"); n.Data == "style" || n.Data == "script" && (!ok || !strings.HasPrefix(src, static.Prefix)) {
			c.tb.Errorf("%s: an inline <%s>", where, n.Data)
		}
		for _, a := range n.Attr {
			if a.Key == "style" || strings.HasPrefix(a.Key, "on") || strings.HasPrefix(a.Key, "hx-on") || strings.HasPrefix(strings.TrimSpace(a.Val), "javascript:") {
				c.tb.Errorf("%s: <%s %s=%q>", where, n.Data, a.Key, a.Val)
			}
		}
	}
}

// twice finds ids that are not one element's, and labels that are nobody's.
func (c *crawler) twice(where string, doc *html.Node) {
	c.tb.Helper()
	ids := map[string]int{}
	for n := range doc.Descendants() {
		if id, ok := find(n, "id"); ok && n.Type == html.ElementNode {
			if ids[id]++; ids[id] == 2 {
				c.tb.Errorf("%s: two elements have the id %q", where, id)
			}
		}
	}
	for _, name := range []string{"for", "aria-controls", "aria-labelledby", "aria-describedby"} {
		for n := range doc.Descendants() {
			for id := range strings.FieldsSeq(attr(n, name)) {
				if n.Type == html.ElementNode && ids[id] == 0 {
					c.tb.Errorf("%s: <%s %s=%q> names no element", where, n.Data, name, id)
				}
			}
		}
	}
}

// An asset is what a page loads besides itself: its weight with all that it loads in
// turn.
type asset struct {
	wire int
	more []string
}

// weigh adds up a page as a browser that has nothing, and one that has everything, loads it.
func (c *crawler) weigh(where string, a answer) {
	c.tb.Helper()
	if a.wire > warm {
		c.complain("warm "+a.url.Path, "%s: %d bytes, more than %d, with everything else in the cache", where, a.wire, warm)
	}
	total, counted := a.wire, map[string]bool{}
	var add func(target string)
	add = func(target string) {
		target, _, _ = strings.Cut(target, "#")
		if counted[target] || !strings.HasPrefix(target, static.Prefix) {
			return
		}
		counted[target] = true
		it := c.asset(target)
		total += it.wire
		for _, next := range it.more {
			add(next)
		}
	}
	for _, n := range a.elements("link", "script", "img", "use") {
		add(attr(n, "href"))
		add(attr(n, "src"))
	}
	if total > cold {
		c.complain("cold "+a.url.Path, "%s: %d bytes, more than %d, on a first visit", where, total, cold)
	}
}

var (
	imported = regexp.MustCompile(`(?m)^import\s[^;]*?["']([^"']+)["']`)
	// A face with U+0100 is for names that most pages do not show; a browser that meets
	// none does not load it.
	face = regexp.MustCompile(`@font-face\s*\{[^}]*\}`)
	link = regexp.MustCompile(`url\(["']?(/static/[^"')]+)`)
)

func (c *crawler) asset(target string) asset {
	c.tb.Helper()
	if known, ok := c.assets[target]; ok {
		return known
	}
	a := c.get(target)
	if a.status != http.StatusOK {
		c.tb.Errorf("%s: status %d", target, a.status)
	}
	it := asset{wire: a.wire}
	for _, m := range imported.FindAllStringSubmatch(string(a.body), -1) {
		if u, err := a.url.Parse(m[1]); err == nil {
			it.more = append(it.more, u.Path)
		}
	}
	for _, f := range face.FindAllString(string(a.body), -1) {
		if m := link.FindStringSubmatch(f); m != nil && !strings.Contains(f, "U+0100") {
			it.more = append(it.more, m[1])
		}
	}
	c.assets[target] = it
	return it
}
