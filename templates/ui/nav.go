package ui

import (
	"context"
	"strconv"
	"strings"
	"sync"

	"assay/models/access"
)

type navItem struct {
	Label, Href, Icon string
	Needs             access.Permission
	Go                string // the key after g
	Tab               bool   // one of the few in the bar of a phone
	Count             func(Counts) int
}

type navGroup struct {
	Label string
	Items []navItem
}

var navigation = []navGroup{
	{"", []navItem{
		{Label: "Readiness", Href: "/readiness", Icon: "gauge", Needs: access.ReadinessView, Go: "r", Tab: true},
		{Label: "My tasks", Href: "/tasks", Icon: "tasks", Needs: access.TaskView, Go: "t", Tab: true, Count: func(c Counts) int { return c.Tasks }},
	}},
	{"Programme", []navItem{
		{Label: "Controls", Href: "/controls", Icon: "controls", Needs: access.ControlView, Go: "c", Tab: true, Count: func(c Counts) int { return c.Controls }},
		{Label: "Review", Href: "/review", Icon: "review", Needs: access.EvidenceQueue, Go: "e", Tab: true, Count: func(c Counts) int { return c.Review }},
		{Label: "Evidence", Href: "/evidence", Icon: "evidence", Needs: access.EvidenceView, Go: "v"},
		{Label: "Findings", Href: "/findings", Icon: "finding", Needs: access.FindingView, Go: "f", Tab: true, Count: func(c Counts) int { return c.Findings }},
		{Label: "Frameworks", Href: "/frameworks", Icon: "book", Needs: access.FrameworkView, Go: "w"},
	}},
	{"Audit", []navItem{
		{Label: "Engagements", Href: "/engagements", Icon: "engage", Needs: access.EngagementView, Go: "a", Tab: true},
		{Label: "Readout", Href: "/readout", Icon: "doc", Needs: access.ReadinessView, Go: "o"},
	}},
	{"Company", []navItem{
		{Label: "People", Href: "/people", Icon: "user", Needs: access.PeopleView, Go: "p"},
		{Label: "Activity", Href: "/activity", Icon: "log", Needs: access.ActivityView, Go: "l"},
		{Label: "Retention", Href: "/settings/retention", Icon: "lock", Needs: access.RetentionView},
		{Label: "Settings", Href: "/settings", Icon: "gear", Needs: access.ProgrammeManage, Go: "s"},
	}},
}

// tabs is how many items the bar of a phone has room for, beside "More".
const tabs = 4

var navByRole sync.Map

// navFor keeps what this person can open, which follows from their role. An item somebody
// cannot use is absent, not grey.
func navFor(ctx context.Context) []navGroup {
	role := ShellOf(ctx).Actor.Role
	if groups, ok := navByRole.Load(role); ok {
		return groups.([]navGroup)
	}
	groups := navOf(access.Actor{Role: role})
	navByRole.Store(role, groups)
	return groups
}

func navOf(a access.Actor) []navGroup {
	var groups []navGroup
	left := tabs
	for _, g := range navigation {
		var items []navItem
		for _, it := range g.Items {
			if !a.Can(it.Needs) {
				continue
			}
			it.Tab = it.Tab && left > 0
			if it.Tab {
				left--
			}
			items = append(items, it)
		}
		if len(items) > 0 {
			groups = append(groups, navGroup{g.Label, items})
		}
	}
	return groups
}

// current is the value of aria-current for a link to href: "page" on the page
// itself, "true" on one below it, "" elsewhere.
func current(ctx context.Context, href string) string {
	path, _, _ := strings.Cut(ShellOf(ctx).Path, "?")
	switch {
	case path == href:
		return "page"
	case strings.HasPrefix(path, href+"/") && !inNavigation(path):
		return "true"
	}
	return ""
}

// inNavigation reports that path is a page of the navigation, which marks itself.
func inNavigation(path string) bool {
	for _, g := range navigation {
		for _, it := range g.Items {
			if it.Href == path {
				return true
			}
		}
	}
	return false
}

// mostUnread is where the number beside the bell stops counting.
const mostUnread = 99

func unread(n int) string {
	if n > mostUnread {
		return strconv.Itoa(mostUnread) + "+"
	}
	return strconv.Itoa(n)
}

func (n navItem) count(c Counts) string {
	if n.Count == nil || n.Count(c) <= 0 {
		return ""
	}
	return strconv.Itoa(n.Count(c))
}
