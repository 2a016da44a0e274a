package browser

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
)

// listen collects what the browser has against the page. It runs on the goroutine that reads the browser's messages,
// so it only takes notes.
func (p *Page) listen(event any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch e := event.(type) {
	case *network.EventResponseReceived:
		if e.Type == network.ResourceTypeDocument {
			p.documents[e.Response.URL] = int(e.Response.Status)
		}
	case *runtime.EventExceptionThrown:
		p.complain("uncaught: %s", exception(e.ExceptionDetails))
	case *runtime.EventConsoleAPICalled:
		if e.Type == "error" || e.Type == "assert" {
			p.complain("console.%s: %s", e.Type, arguments(e.Args))
		}
	case *log.EventEntryAdded:
		p.logged(e.Entry)
	}
}

// logged leaves out what a test asserts by itself: the status of the page it asked for, and the 422 of a form that
// a script sent.
func (p *Page) logged(entry *log.Entry) {
	if entry.Level != log.EntryLevelError {
		return
	}
	if entry.Source == log.EntrySourceNetwork {
		_, page := p.documents[entry.URL]
		if page || strings.Contains(entry.Text, fmt.Sprint(http.StatusUnprocessableEntity)) {
			return
		}
	}
	p.complain("%s: %s (%s)", entry.Source, entry.Text, entry.URL)
}

func (p *Page) complain(format string, args ...any) {
	p.complaints = append(p.complaints, fmt.Sprintf(format, args...))
}

// Complaints are the violations of the content security policy, uncaught errors, console errors and failed requests
// so far. Taking them answers for them: the test does not fail for these any more.
func (p *Page) Complaints() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	taken := slices.Clone(p.complaints)
	p.complaints = nil
	return taken
}

func (p *Page) report() {
	p.tb.Helper()
	if complaints := p.Complaints(); len(complaints) > 0 {
		p.tb.Errorf("the browser complains:\n  %s", strings.Join(complaints, "\n  "))
	}
}

func exception(details *runtime.ExceptionDetails) string {
	if details.Exception != nil && details.Exception.Description != "" {
		return details.Exception.Description
	}
	return details.Text
}

func arguments(args []*runtime.RemoteObject) string {
	words := make([]string, len(args))
	for i, arg := range args {
		if words[i] = arg.Description; words[i] == "" {
			words[i] = strings.Trim(string(arg.Value), `"`)
		}
	}
	return strings.Join(words, " ")
}
