package controls

import (
	"assay/models/occurrence"
	"assay/models/people"
	"assay/models/period"
	"assay/templates/ui"
)

// MonthData is the list of one month, where somebody comes for it.
type MonthData struct {
	Code       string // of the control
	Month      period.Span
	Task       *occurrence.Task // nil when no list of it is missing
	OwnerID    int64
	May        bool // the reader holds it, or can give it to somebody
	Candidates []ui.Option
	Questions  []occurrence.Question
	People     map[int64]people.Person
	// The form that is open, and what was refused in it.
	Open   string
	Errors map[string]string
	Typed  map[string]string
}

func (m MonthData) action(form string) string {
	return "/" + occurrence.ListsPath(m.Code) + "/" + string(m.Month.From)[:len("2026-01")] + "/" + form
}

// asks reports whether the page shows the forms.
func (m MonthData) asks() bool { return m.Task != nil && m.May }

func (m MonthData) errors(form string) map[string]string {
	if m.Open != form {
		return nil
	}
	return m.Errors
}

func (m MonthData) typed(form, name string) string {
	if m.Open != form {
		return ""
	}
	return m.Typed[name]
}

// holder is who has it, and whose control it is if that is somebody else.
func (m MonthData) holder() (who, instead string) {
	owner := m.People[m.OwnerID].Name
	if m.Task.Handed {
		return m.People[m.Task.PersonID].Name, owner
	}
	return owner, ""
}

func (m MonthData) words() string { return occurrence.InWords(m.Month) }
