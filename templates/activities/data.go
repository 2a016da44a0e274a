// Package activities is the page of the log: who did what, newest first.
package activities

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"

	"assay/models/activity"
	"assay/models/anchor"
	"assay/models/people"
	"assay/templates/ui"
)

// PageData is what the page of everything shows.
type PageData struct {
	Entries      []activity.Entry
	Newer, Older string
	Filter       map[string]string // as typed
	People       []ui.Option
	Errors       map[string]string
	Log          Log
}

// Log is the state of the log: its newest checkpoint, and how much there is by now.
type Log struct {
	Size   int64 // leaves under the checkpoint; 0 when none is signed
	Leaves int64
	Root   string // hexadecimal
	At     time.Time
	Key    string
	Anchor *anchor.Anchor // the newest, nil when nobody outside has confirmed anything
	Now    time.Time
}

// AnchorOld reports that the newest anchor is older than it should be.
func (l Log) AnchorOld() bool { return l.Anchor == nil || l.Now.Sub(l.Anchor.At) > anchor.Fresh }

// AnchorsData is the page of anchors.
type AnchorsData struct {
	Log    Log
	List   []anchor.Anchor
	People map[int64]people.Person
}

// where names the place of an anchor: a person by name.
func (d AnchorsData) where(a anchor.Anchor) string {
	digits, isPerson := strings.CutPrefix(a.Place, "people/")
	id, err := strconv.ParseInt(digits, 10, 64)
	if !isPerson || err != nil {
		return a.Place
	}
	return d.People[id].Name
}

func noteHref(a anchor.Anchor) templ.SafeURL {
	return templ.SafeURL(fmt.Sprintf("/activity/anchors/%d/note", a.ID))
}

// A group is what one person did in one step: the leaf of the verb itself, which comes
// first in the log, and those that came with it.
type group struct {
	Head  activity.Entry
	With  []activity.Entry // in the order of the log
	First int64
	Last  int64
}

// looked is the verb of a view, which is a step of its own.
const looked = "page.view"

// fewWith is how many lines a step shows before they fold.
const fewWith = 4

// together makes steps of entries, which come newest first.
func together(entries []activity.Entry) []group {
	var out []group
	for _, e := range slices.Backward(entries) {
		if n := len(out) - 1; n >= 0 && out[n].takes(e) {
			out[n].With, out[n].Last = append(out[n].With, e), e.Seq
			continue
		}
		out = append(out, group{Head: e, First: e.Seq, Last: e.Seq})
	}
	slices.Reverse(out)
	return out
}

// takes reports whether e belongs to g: the same step, or the same look once more.
func (g group) takes(e activity.Entry) bool {
	if g.Head.ActorID != e.ActorID || e.Message != "" { // what somebody wrote is never folded away
		return false
	}
	return g.Head.At.Equal(e.At) && e.Verb != looked || g.again(e)
}

// again reports that e says once more what g says, which only looking does.
func (g group) again(e activity.Entry) bool {
	return e.Verb == looked && g.Head.Verb == looked && e.About == g.Head.About
}

func (g group) event(linked bool) ui.Event {
	e := g.Head
	if n := len(g.With); n > 0 && g.again(g.With[n-1]) {
		e.Facts = append(e.Facts, strconv.Itoa(n+1)+" times")
	}
	proof := "Leaf " + strconv.FormatInt(g.First, 10)
	if g.Last != g.First {
		proof = "Leaves " + strconv.FormatInt(g.First, 10) + " to " + strconv.FormatInt(g.Last, 10)
	}
	return ui.Event{Who: e.Who, What: e.What, Label: e.Label, Href: href(e, linked), At: e.At, Facts: e.Facts, Message: e.Message, Proof: proof}
}

// rest is what happened besides, without what was only said again.
func (g group) rest() []activity.Entry {
	return slices.DeleteFunc(slices.Clone(g.With), g.again)
}

// href is the address of what e is about. On the page of a record all are about that.
// privateTest is a test of controls: the auditors', and nothing to be led to until they share it.
var privateTest = regexp.MustCompile(`^engagements/[^/]+/tests/T-`)

func href(e activity.Entry, linked bool) string {
	if e.About == "" || !linked || privateTest.MatchString(e.About) {
		return ""
	}
	return "/" + message.ReplaceAllString(e.About, "?message=$1$0")
}

// message is a place in a thread. A server hears only of what is before it.
var message = regexp.MustCompile(`#message-(\d+)$`)

func kinds() []ui.Option {
	var out []ui.Option
	for _, g := range activity.Groups() {
		out = append(out, ui.Option{Value: g, Label: strings.ToUpper(g[:1]) + g[1:]})
	}
	return out
}
