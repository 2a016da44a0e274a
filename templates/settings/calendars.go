package settings

import (
	"slices"
	"strings"
	"time"

	"assay/models"
	"assay/models/control"
	"assay/models/people"
	"assay/templates/ui"
)

// CalendarsData is what the page of the calendars shows.
type CalendarsData struct {
	Calendars []control.Calendar
	Name      string   // as typed
	Weekend   []string // chosen
	Errors    map[string]string
}

// CalendarData is what the page of one calendar shows.
type CalendarData struct {
	Calendar control.Calendar
	Holidays []control.Holiday
	Today    models.Date
	People   map[int64]people.Person
	Days     string // as typed
	Errors   map[string]string
}

// weekdays are the days of the week from Monday on.
var weekdays = []ui.Option{
	{Value: "1", Label: "Monday"},
	{Value: "2", Label: "Tuesday"},
	{Value: "3", Label: "Wednesday"},
	{Value: "4", Label: "Thursday"},
	{Value: "5", Label: "Friday"},
	{Value: "6", Label: "Saturday"},
	{Value: "0", Label: "Sunday"},
}

// weekend says on which days of the week c has no business.
func weekend(c control.Calendar) string {
	if len(c.Weekend) == 0 {
		return "Business on every day of the week"
	}
	var names []string
	for _, d := range []int{1, 2, 3, 4, 5, 6, 0} {
		if slices.Contains(c.Weekend, d) {
			names = append(names, time.Weekday(d).String())
		}
	}
	return "No business on " + strings.Join(names, ", ")
}
