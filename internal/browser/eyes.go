package browser

import (
	"fmt"
	"strings"
	"time"

	"github.com/chromedp/chromedp"

	"assay/internal/testenv"
)

// find is the test's own querySelector. It is evaluated through the DevTools protocol, as all script here is, so the
// page's content security policy neither knows nor minds.
const find = `var findAll = s => {
	if (!/^[/(]/.test(s)) return [...document.querySelectorAll(s)];
	const found = document.evaluate(s, document, null, XPathResult.ORDERED_NODE_SNAPSHOT_TYPE, null);
	return Array.from({length: found.snapshotLength}, (_, i) => found.snapshotItem(i));
}, find = s => findAll(s)[0];
`

func evaluate[T any](p *Page, what, script string) T {
	p.tb.Helper()
	return run(p, what, chromedp.Evaluate[T](script, chromedp.EvalAwaitPromise))
}

// Has tells whether something matches now.
func (p *Page) Has(selector string) bool {
	p.tb.Helper()
	return p.Count(selector) > 0
}

// Count tells how many elements match now.
func (p *Page) Count(selector string) int {
	p.tb.Helper()
	return evaluate[int](p, "count "+selector, find+fmt.Sprintf(`findAll(%s).length`, quote(selector)))
}

// Wait waits until something matches, and fails the test when nothing ever does.
func (p *Page) Wait(selector string) {
	p.tb.Helper()
	p.until("wait for "+selector, func() bool { return p.Has(selector) })
}

// WaitGone waits until nothing matches any more.
func (p *Page) WaitGone(selector string) {
	p.tb.Helper()
	p.until("wait for the end of "+selector, func() bool { return !p.Has(selector) })
}

// until asks again and again rather than let the page tell: a page that is being replaced cannot.
func (p *Page) until(what string, happened func() bool) {
	p.tb.Helper()
	for deadline := time.Now().Add(patience); !happened(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			p.tb.Fatalf("%s: it did not happen in %s, at %s, which reads:\n%s", what, patience, p.where(), p.Text("body"))
		}
	}
}

// Text is what the first match reads as, one space between words; the test fails when nothing matches.
func (p *Page) Text(selector string) string {
	p.tb.Helper()
	text := evaluate[*string](p, "read "+selector, find+fmt.Sprintf(`(find(%s) ?? {innerText: null}).innerText`, quote(selector)))
	if text == nil {
		p.tb.Fatalf("nothing matches %s, at %s", selector, p.where())
	}
	return strings.Join(strings.Fields(*text), " ")
}

// Reads tells whether the page shows these words now.
func (p *Page) Reads(words string) bool {
	p.tb.Helper()
	return strings.Contains(p.Text("body"), words)
}

// Path is where the page is, without the server.
func (p *Page) Path() string {
	p.tb.Helper()
	return strings.TrimPrefix(run(p, "read the address", chromedp.Location()), p.base)
}

// Script evaluates an expression in the page, awaiting it if it is a promise.
func Script[T any](p *Page, expression string) T {
	p.tb.Helper()
	return evaluate[T](p, "evaluate "+expression, expression)
}

// Overflow is by how many CSS pixels the page is wider than the window: zero on every page that reflows.
func (p *Page) Overflow() int {
	p.tb.Helper()
	return evaluate[int](p, "measure the width", `Math.max(0, document.documentElement.scrollWidth - document.documentElement.clientWidth)`)
}

// Sticking names a few elements that reach beyond the right edge, outside of what scrolls by itself.
func (p *Page) Sticking() string {
	p.tb.Helper()
	return evaluate[string](p, "look for what sticks out", `[...document.body.querySelectorAll("*")]
		.filter(e => e.getBoundingClientRect().right > document.documentElement.clientWidth + 1 && !e.closest("[tabindex='0'], .vh"))
		.slice(-3).map(e => e.outerHTML.slice(0, 120)).join(" ")`)
}

// Squeezed names a few texts that are broken into lines of hardly a letter, as where what
// stands beside them takes all of the room.
func (p *Page) Squeezed() string {
	p.tb.Helper()
	return evaluate[string](p, "look for what is squeezed", `(() => {
		const found = [], texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT), range = document.createRange();
		for (let text = texts.nextNode(); text && found.length < 3; text = texts.nextNode()) {
			const words = text.data.trim();
			if (words.length < 8 || text.parentElement.closest("svg") || !text.parentElement.checkVisibility()) continue;
			if (text.parentElement.offsetWidth <= 1) continue; // for those who listen
			range.selectNodeContents(text);
			const lines = range.getClientRects().length;
			if (lines > 3 && words.length < 4 * lines) found.push(words.slice(0, 60));
		}
		return found.join(" | ");
	})()`)
}

// Violation is one rule of axe-core that the page breaks, and where.
type Violation struct {
	ID     string `json:"id"`
	Impact string `json:"impact"`
	Help   string `json:"help"`
	Nodes  []struct {
		HTML    string `json:"html"`
		Summary string `json:"failureSummary"`
	} `json:"nodes"`
}

// String is the rule, its words, and every place with what to mend there.
func (v Violation) String() string {
	var text strings.Builder
	fmt.Fprintf(&text, "%s (%s): %s", v.ID, v.Impact, v.Help)
	for _, node := range v.Nodes {
		fmt.Fprintf(&text, "\n    %s\n      %s", node.HTML, strings.ReplaceAll(node.Summary, "\n", "\n      "))
	}
	return text.String()
}

// Violations runs axe-core over the page as it is now: WCAG 2.0 to 2.2 at levels A and AA, and its best practices.
func (p *Page) Violations() []Violation {
	p.tb.Helper()
	if !evaluate[bool](p, "look for axe-core", `!!window.axe`) {
		run(p, "load axe-core", chromedp.Evaluate[chromedp.Void](testenv.Axe(p.tb)))
	}
	return evaluate[[]Violation](p, "run axe-core", `axe.run(document, {
		runOnly: {type: "tag", values: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa", "best-practice"]},
		resultTypes: ["violations"],
	}).then(result => result.violations)`)
}

// Accessible fails the test, and goes on, when axe-core finds anything.
func (p *Page) Accessible() {
	p.tb.Helper()
	for _, violation := range p.Violations() {
		p.tb.Errorf("%s: %s", p.Path(), violation)
	}
}
