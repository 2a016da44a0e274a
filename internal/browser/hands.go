package browser

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// A selector is CSS, or XPath when it begins with "/" or "(". The functions here write those XPaths that say what
// a person would say.

// Button is the button that reads name.
func Button(name string) string {
	return fmt.Sprintf(`(//button[normalize-space()=%[1]s] | //input[@type="submit"][@value=%[1]s])[1]`, literal(name))
}

// Link is the first link that reads name.
func Link(name string) string {
	return fmt.Sprintf(`(//a[@href][normalize-space()=%s])[1]`, literal(name))
}

// Field is the input, select or textarea whose label begins with name; a label goes on with "optional" and hints.
func Field(name string) string {
	return fmt.Sprintf(`(//*[@id=//label[starts-with(normalize-space(), %[1]s)]/@for] | `+
		`//label[starts-with(normalize-space(), %[1]s)]//*[self::input or self::select or self::textarea])[1]`, literal(name))
}

// Words is the first innermost element that reads text somewhere.
func Words(text string) string {
	return fmt.Sprintf(`(//body//*[not(self::script)][contains(normalize-space(), %[1]s)][not(*[contains(normalize-space(), %[1]s)])])[1]`, literal(text))
}

// literal quotes for XPath 1.0, which has no escape: text with both kinds of quotes is put together by concat.
func literal(text string) string {
	if !strings.Contains(text, `"`) {
		return `"` + text + `"`
	}
	parts := strings.Split(text, `"`)
	return `concat("` + strings.Join(parts, `", '"', "`) + `")`
}

// Goto asks for a path and answers with the status of the page that came in the end, after any redirects.
func (p *Page) Goto(path string) int {
	p.tb.Helper()
	response := run(p, "go to "+path, chromedp.NavigateResponse(p.base+path))
	return int(response.Status)
}

// Back presses the browser's back button and waits until the page before is there again. A page that the browser
// kept does not load again, so it is the address that tells.
func (p *Page) Back() {
	p.tb.Helper()
	from := p.Path()
	history := call(p, page.GetNavigationHistory, cdp.Empty{})
	if history.CurrentIndex < 1 {
		p.tb.Fatalf("there is nothing before %s to go back to", from)
	}
	call(p, page.NavigateToHistoryEntry, page.NavigateToHistoryEntryParams{EntryID: history.Entries[history.CurrentIndex-1].ID})
	p.until("go back", func() bool {
		return p.Path() != from && evaluate[string](p, "read the state", `document.readyState`) == "complete"
	})
}

// Follow clicks what leads to another page, waits until that has loaded, and answers with its status.
// For a click that stays on the page there is Click: Follow would wait in vain.
func (p *Page) Follow(selector string) int {
	p.tb.Helper()
	return run(p, "follow "+selector, func(ctx context.Context, _ *chromedp.Target) (int, error) {
		response, err := chromedp.RunResponse(ctx, click(selector))
		if err == nil && response == nil { // a script changed the address just then; the page itself is still to come
			response, err = chromedp.RunResponse(ctx)
		}
		if err != nil {
			return 0, err
		}
		return int(response.Status), nil
	})
}

// Click clicks what does not leave the page. What it brings about may take a moment: Wait for it.
func (p *Page) Click(selector string) {
	p.tb.Helper()
	run(p, "click "+selector, click(selector))
}

// Press types keys wherever the focus is, as in Press("j") or Press(kb.Enter).
func (p *Page) Press(keys string) {
	p.tb.Helper()
	run(p, "press a key", chromedp.KeyEvent(keys))
}

// Fill replaces what a field holds, the way its kind is filled: text is typed key by key, a select takes the option
// of that value or words, a date is set as "2006-01-02", a checkbox or radio button is ticked unless value is "".
func (p *Page) Fill(selector, value string) {
	p.tb.Helper()
	p.Wait(selector)
	typed := evaluate[bool](p, "fill "+selector, fmt.Sprintf(fill, quote(selector), quote(value)))
	if typed {
		run(p, "type into "+selector, on(selector,
			func(s chromedp.CSS, o ...chromedp.QueryOption) chromedp.Action[chromedp.Void] {
				return chromedp.SendKeys(s, value, o...)
			},
			func(s chromedp.Search, o ...chromedp.QueryOption) chromedp.Action[chromedp.Void] {
				return chromedp.SendKeys(s, value, o...)
			}))
	}
}

// fill answers whether the value is left to be typed.
const fill = find + `(() => {
	const field = find(%s), value = %s;
	field.scrollIntoView({block: "center"});
	field.focus();
	const changed = () => ["input", "change"].forEach(name => field.dispatchEvent(new Event(name, {bubbles: true})));
	if (field.type === "checkbox" || field.type === "radio") {
		if (field.checked !== (value !== "")) field.click();
		return false;
	}
	if (field.tagName === "SELECT") {
		const option = [...field.options].find(o => o.value === value || o.text.trim() === value);
		if (!option) throw new Error("no option " + value + " among " + [...field.options].map(o => o.text.trim()).join(", "));
		field.value = option.value;
		changed();
		return false;
	}
	const textual = field.tagName === "TEXTAREA" || ["text", "search", "email", "url", "tel", "password", "number"].includes(field.type);
	field.value = textual ? "" : value;
	changed();
	return textual && value !== "";
})()`

// Upload chooses files, by their absolute paths, in a file field.
func (p *Page) Upload(selector string, paths ...string) {
	p.tb.Helper()
	run(p, "choose files in "+selector, on(selector,
		func(s chromedp.CSS, o ...chromedp.QueryOption) chromedp.Action[chromedp.Void] {
			return chromedp.SetUploadFiles(s, paths, o...)
		},
		func(s chromedp.Search, o ...chromedp.QueryOption) chromedp.Action[chromedp.Void] {
			return chromedp.SetUploadFiles(s, paths, o...)
		}))
}

// Submit presses Enter in the field that has the focus and waits for the page that follows.
func (p *Page) Submit() int {
	p.tb.Helper()
	return run(p, "press Enter", func(ctx context.Context, _ *chromedp.Target) (int, error) {
		response, err := chromedp.RunResponse(ctx, chromedp.KeyEvent(kb.Enter))
		if err != nil {
			return 0, err
		}
		return int(response.Status), nil
	})
}

// SignIn signs a person of the demo company in, from wherever the product sends somebody it does not know.
func (p *Page) SignIn(email string) {
	p.tb.Helper()
	p.Goto("/")
	person := fmt.Sprintf(`button[name="login"][value=%q]`, email)
	if !p.Has(person) {
		p.Follow(`a[href^="/auth/start"]`)
	}
	if status := p.Follow(person); status != 200 {
		p.tb.Fatalf("signing in as %s ends with status %d, at %s", email, status, p.where())
	}
}

// A line is what Chromium of every age understands; the library knows only its successor, which new ones do.
type line struct {
	Offline  bool    `json:"offline"`
	Latency  float64 `json:"latency"`
	Download float64 `json:"downloadThroughput"`
	Upload   float64 `json:"uploadThroughput"`
}

var emulateLine = cdp.Command[line, cdp.Empty]{Method: "Network.emulateNetworkConditions"}

// Slow lets the page send so many bytes a second, so that something can happen meanwhile; 0 is as fast as it can.
func (p *Page) Slow(perSecond float64) {
	p.tb.Helper()
	if perSecond == 0 {
		perSecond = -1
	}
	call(p, emulateLine, line{Download: -1, Upload: perSecond})
}

// Forget drops the cookies of this person's browser, as if the session had ended elsewhere.
func (p *Page) Forget() {
	p.tb.Helper()
	call(p, network.ClearBrowserCookies, cdp.Empty{})
}

func click(selector string) chromedp.Action[chromedp.Void] {
	return on(selector, chromedp.Click[chromedp.CSS], chromedp.Click[chromedp.Search])
}

// on lets an action of chromedp take either kind of selector.
func on[T any](selector string, css func(chromedp.CSS, ...chromedp.QueryOption) chromedp.Action[T],
	search func(chromedp.Search, ...chromedp.QueryOption) chromedp.Action[T],
) chromedp.Action[T] {
	if xpath(selector) {
		return search(chromedp.Search(selector))
	}
	return css(chromedp.CSS(selector))
}

func xpath(selector string) bool {
	return strings.HasPrefix(selector, "/") || strings.HasPrefix(selector, "(")
}

func quote(text string) string {
	literal, err := json.Marshal(text)
	if err != nil {
		panic(err) // a string always marshals
	}
	return string(literal)
}
