// Package ui is the house style in templ: the layout every page stands in and the
// primitives pages are made of. Primitives take words and states, never CSS, and
// the only thing they read from the context is one Shell.
package ui

import (
	"context"
	"time"

	"assay/models/access"
)

// Shell is what a page's surroundings need to know: who looks, where they are and
// what waits for them. The web layer fills it once per request.
type Shell struct {
	Actor      access.Actor
	Company    string
	Theme      string    // "light", "dark", or "" to follow the device
	Path       string    // of this request, with its query; marks the current page and is where sign-in returns to
	Now        time.Time // in the company's time zone; decides "today", relative dates and which years are spelt out
	Flash      []Flash
	Counts     Counts
	Unread     int // notices
	Engagement Engagement
	Banner     string // a standing sentence above the page, such as what an auditor may do and until when
	Lens       string // what links between the parts of an engagement keep of this one's query
	Leave      string // where the view that Banner speaks of ends
	Demo       bool
	RequestID  string
	Keys       bool // single-key shortcuts are on
}

// Flash is one sentence about what just happened. Kind is "ok", or "bad" for what
// must not fade away by itself.
type Flash struct{ Kind, Text string }

// CountLimit is as far as is counted beside the navigation: counting all there is would
// cost more than the page.
const CountLimit = 1000

// Counts are the numbers beside the navigation. Zero and less show nothing, nor does what
// reaches CountLimit: no number is better than a wrong one.
type Counts struct{ Tasks, Controls, Review, Findings int }

// Engagement is the audit the page speaks about. The zero value shows none.
type Engagement struct {
	Name, Slug string
	Ruler      Ruler
}

// A Page is what one page tells the layout.
type Page struct {
	Title  string // of the document; the page's own h1 may say more
	Crumbs []Crumb
	Dense  bool // compact rows, for pages that are one long table
	// Engagement is the one whose period the page is about, and the ruler under the top bar
	// draws; the zero value is the current one. Periods lead to the same page in the others. See engagements.InPeriod.
	Engagement Engagement
	Periods    []PeriodLink
}

// A Crumb is one step of the way here. The last one is this page and needs no Href.
type Crumb struct{ Label, Href string }

type shellKey struct{}

// WithShell returns a context that carries s.
func WithShell(ctx context.Context, s Shell) context.Context {
	return context.WithValue(ctx, shellKey{}, &s)
}

// ShellOf returns the shell in ctx, or the zero Shell, whose actor is nobody.
func ShellOf(ctx context.Context) Shell {
	if s, ok := ctx.Value(shellKey{}).(*Shell); ok {
		return *s
	}
	return Shell{}
}

// provenance says on paper what was printed, and when.
func provenance(ctx context.Context) string {
	s := ShellOf(ctx)
	return s.Company + ", " + s.Path + ", printed " + s.Now.UTC().Format("2006-01-02 15:04 MST")
}

// Can reports whether the person looking may do p. Buttons ask the same constants
// as routes, so a page never offers what the server would refuse.
func Can(ctx context.Context, p access.Permission) bool {
	s, ok := ctx.Value(shellKey{}).(*Shell) // asked for each row of a list
	return ok && s.Actor.Can(p)
}
