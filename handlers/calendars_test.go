package handlers_test

import (
	"net/http"
	"strings"
	"testing"
)

const calendars = "/settings/calendars"

func TestCalendarsAreKeptByManagers(t *testing.T) {
	eachShop(t, func(s shop) {
		s.Get(s.owner, calendars).Want(http.StatusNotFound)
		s.Post(s.owner, calendars, "name", "Germany").Want(http.StatusNotFound)
		s.Get(s.priya, "/settings").Want(200).Has("Business days")
		s.Get(s.priya, calendars).Want(200).Has("No calendar yet", "Saturday")
		s.Post(s.priya, calendars, "name", "", "weekend", "6").Want(422).Has("Give the calendar a name")
		refused := s.Post(s.priya, calendars, "name", "Land <b>ohne</b> Werktag", "weekend", "0", "weekend", "1", "weekend", "2", "weekend", "3", "weekend", "4", "weekend", "5", "weekend", "6").
			Want(422).Has("Leave at least one day")
		if !strings.Contains(refused.Body, "Land &lt;b&gt;ohne") {
			s.Error("what was typed is lost")
		}
		s.Post(s.priya, calendars, "name", "Germany", "weekend", "someday").Want(422).Has("Leave at least one day")
		at := s.Post(s.priya, calendars, "name", "Germany, Berlin", "weekend", "6", "weekend", "0").Want(303).Location
		s.Post(s.ines, calendars, "name", "Germany, Berlin").Want(422).Has("There is a calendar of this name already.")
		s.Get(s.priya, calendars).Want(200).Has("Germany, Berlin", "No business on Saturday, Sunday")
		s.Get(s.priya, at).Want(200).Has("Holidays", "None yet")
	})
}

func TestHolidaysArePastedAndThoseToComeCanBeRemoved(t *testing.T) {
	eachShop(t, func(s shop) {
		at := s.Post(s.priya, calendars, "name", "Germany", "weekend", "6").Want(303).Location
		add := at + "/holidays"
		s.Post(s.priya, add, "days", "").Want(422).Has("there is none")
		s.Post(s.priya, add, "days", "2026-01-01 New Year\n25.12.2026 Christmas").Want(422).
			Has("Line 2 begins with “25.12.2026”", "2026-01-01 New Year 25.12.2026 Christmas")
		s.Post(s.priya, add, "days", "2026-12-25").Want(422).Has("Line 1 gives 2026-12-25 no name")
		s.Post(s.owner, add, "days", "2026-12-25 Christmas Day").Want(404)
		s.Post(s.priya, calendars+"/99/holidays", "days", "2026-12-25 Christmas Day").Want(404)
		s.Post(s.priya, add, "days", "2026-01-01 New Year\n\n2026-12-25, Xmas\r\n").Want(303)
		s.Post(s.priya, add, "days", "2026-12-25 Christmas again").Want(422).Has("Every one of these days is there already")
		page := s.Get(s.priya, at).Want(200).Has("Fri 25 Dec 2026", "Xmas", "New Year")
		if n := strings.Count(page.Body, "/remove\""); n != 1 {
			s.Errorf("%d days can be removed, want the one to come", n)
		}
		s.Post(s.priya, at+"/holidays/1/remove").Want(http.StatusConflict).Has("This day is past")
		s.Post(s.owner, at+"/holidays/2/remove").Want(404)
		s.Post(s.priya, at+"/holidays/2/remove").Want(303)
		s.Post(s.priya, at+"/holidays/2/remove").Want(404)
		s.Get(s.priya, at).Want(200).Lacks("Xmas")
	})
}
