// Package notices is what came for the reader, and how they want to be told.
package notices

import (
	"slices"
	"strconv"
	"time"

	"assay/models/access"
	"assay/models/notice"
	"assay/models/people"
	"assay/templates/ui"
)

// PageData is what the page behind the bell shows.
type PageData struct {
	Rows           []notice.Notice
	People         map[int64]people.Person
	Unread         bool // something is, on this page or another
	Earlier, Later string
}

// newest is the id of the first row: what is newer was not shown and stays unread.
func (d PageData) newest() string { return strconv.FormatInt(d.Rows[0].ID, 10) }

func (d PageData) who(n notice.Notice) string {
	if p, ok := d.People[n.ActorID]; ok {
		return p.Name
	}
	return "Assay"
}

func openAction(n notice.Notice) string { return "/notices/" + strconv.FormatInt(n.ID, 10) + "/open" }

// PreferencesData is what the form of the preferences shows.
type PreferencesData struct {
	Kinds       []notice.Kind
	Role        access.Role
	Modes       map[notice.Kind]notice.Mode
	Zone        string
	CompanyZone string
	Address     string
	MailOff     bool
	Errors      map[string]string
}

func (d PreferencesData) modeOptions(k notice.Kind) []ui.Option {
	modes := k.Modes()
	out := make([]ui.Option, len(modes))
	for i, m := range modes {
		out[i] = ui.Option{Value: string(m), Label: m.Label()}
		if m == k.Mode(d.Role) {
			out[i].Label += " (usual)"
		}
	}
	return out
}

func (d PreferencesData) order() []string {
	out := []string{"zone"}
	for _, k := range d.Kinds {
		out = append(out, string(k))
	}
	return slices.Clip(out)
}

func (d PreferencesData) clock(now time.Time) string {
	zone, err := time.LoadLocation(d.Zone)
	if d.Zone == "" || err != nil {
		zone, err = time.LoadLocation(d.CompanyZone)
	}
	if err != nil {
		zone = time.UTC
	}
	return now.In(zone).Format("15:04 on Mon 2 Jan")
}
