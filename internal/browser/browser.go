// Package browser lets a test be a person at a browser: open a page, sign in, press, fill, read.
// It is imported by tests only and knows nothing of the product but how one signs in at the demo identity provider.
//
// A page that breaks the content security policy, throws in a script or misses a resource fails its test at the end,
// whatever the test was about; so no test needs to remember to ask.
package browser

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"assay/internal/testenv"
)

// patience is how long one step may take. Generous, as the machines of CI are slow and shared: it is only ever
// waited out by a test that fails.
const patience = 30 * time.Second

// chromium is the one browser of this test process. Pages share it but not their cookies.
var chromium struct {
	sync.Mutex
	ctx context.Context // chromedp keeps the browser in its context
}

// Page is one tab in a browser profile of its own: one person at one machine.
type Page struct {
	tb   testing.TB
	ctx  context.Context // and the tab in this one
	base string

	features []*emulation.MediaFeature

	mu         sync.Mutex
	documents  map[string]int // what the pages themselves answered, by address
	complaints []string
}

// Main runs the tests of a package that opens pages and then closes the browser: call it from TestMain. A package
// that does not still works, but leaves the browser's profile in the temporary folder.
func Main(m *testing.M) int {
	code := m.Run()
	chromium.Lock()
	defer chromium.Unlock()
	if chromium.ctx != nil {
		ctx, cancel := context.WithTimeout(chromium.ctx, patience)
		defer cancel()
		_ = chromedp.Cancel(ctx) // the browser is killed if it does not go by itself
	}
	return code
}

// Open gives a person who is not signed in a page of the server at base, "http://127.0.0.1:1234".
func Open(tb testing.TB, base string) *Page {
	tb.Helper()
	p := &Page{tb: tb, base: strings.TrimSuffix(base, "/"), documents: map[string]int{}}
	ctx, cancel := chromedp.NewContext(shared(tb), chromedp.WithNewBrowserContext(), chromedp.WithListener(p.listen))
	p.ctx = ctx
	tb.Cleanup(func() {
		p.report()
		cancel()
	})
	// The first call opens the tab and must not carry a timeout: the tab would end with it.
	if err := chromedp.Do(ctx); err != nil {
		tb.Fatalf("open a tab: %v", err)
	}
	p.Viewport(1280, 900)
	p.Media("prefers-reduced-motion", "reduce") // axe measures colours, and a transition is every colour in turn
	return p
}

func shared(tb testing.TB) context.Context {
	tb.Helper()
	chromium.Lock()
	defer chromium.Unlock()
	if chromium.ctx != nil {
		return chromium.ctx
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(testenv.Chromium(tb)), chromedp.DisableGPU, chromedp.Flag("lang", "en-GB"))
	if os.Geteuid() == 0 {
		options = append(options, chromedp.NoSandbox) // the sandbox refuses root; what it opens here is our own
	}
	allocator, _ := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, _ := chromedp.NewContext(allocator)
	if err := chromedp.Do(ctx); err != nil {
		tb.Fatalf("start Chromium: %v", err)
	}
	chromium.ctx = ctx //nolint:fatcontext // kept on purpose, set once
	return ctx
}

// run takes one step, or fails the test naming what was tried and where.
func run[T any](p *Page, what string, action chromedp.Action[T]) T {
	p.tb.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	result, err := chromedp.Run(ctx, action)
	if errors.Is(err, context.DeadlineExceeded) {
		p.tb.Fatalf("%s: nothing came of it in %s, at %s", what, patience, p.where())
	}
	if err != nil {
		p.tb.Fatalf("%s: %v, at %s", what, err, p.where())
	}
	return result
}

func (p *Page) where() string {
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	location, err := chromedp.Run(ctx, chromedp.Location())
	if err != nil {
		return "a page that does not answer"
	}
	return location
}

// call sends one command of the DevTools protocol.
func call[P, R any](p *Page, command cdp.Command[P, R], params P) R {
	p.tb.Helper()
	return run(p, command.Method, func(ctx context.Context, t *chromedp.Target) (R, error) {
		return cdp.Call(ctx, t, command, params)
	})
}

// Viewport sets the size of the window's inside, in CSS pixels.
func (p *Page) Viewport(width, height int64) {
	p.tb.Helper()
	run(p, "resize the window", chromedp.EmulateViewport(width, height))
}

// Media sets a media feature ("prefers-color-scheme", "dark"); the others stay as they were set.
func (p *Page) Media(name, value string) {
	p.tb.Helper()
	p.features = slices.DeleteFunc(p.features, func(f *emulation.MediaFeature) bool { return f.Name == name })
	p.features = append(p.features, &emulation.MediaFeature{Name: name, Value: value})
	call(p, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: p.features})
}

// Print shows the page as it would be printed.
func (p *Page) Print() {
	p.tb.Helper()
	call(p, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Media: "print", Features: p.features})
}

// PDF prints the page, on the paper its style sheet names.
func (p *Page) PDF() []byte {
	p.tb.Helper()
	yes := true
	return call(p, page.PrintToPDF, page.PrintToPDFParams{PreferCSSPageSize: &yes, PrintBackground: &yes}).Data
}

// WithoutScript makes the page's own scripts stay silent from the next page on; the test's keep working.
func (p *Page) WithoutScript() {
	p.tb.Helper()
	call(p, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
}

// Screenshot is the whole page as a PNG.
func (p *Page) Screenshot() []byte {
	p.tb.Helper()
	return run(p, "take a screenshot", chromedp.FullScreenshot(100))
}

// Keep saves a screenshot as NAME.png in the folder ASSAY_TEST_SCREENSHOTS, and does nothing when that is not set.
func (p *Page) Keep(name string) {
	p.tb.Helper()
	dir := os.Getenv("ASSAY_TEST_SCREENSHOTS")
	if dir == "" {
		return
	}
	if err := os.WriteFile(filepath.Join(dir, name+".png"), p.Screenshot(), 0o644); err != nil {
		p.tb.Fatal(err)
	}
}
