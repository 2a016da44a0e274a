package models_test

import (
	"testing"
	"time"

	"assay/models"
)

func TestADayBeginsWhereItsZoneSays(t *testing.T) {
	for name, c := range map[string]struct {
		day        models.Date
		zone, want string
	}{
		"an ordinary day":                          {"2026-01-01", "America/New_York", "2026-01-01T05:00:00Z"},
		"summer time":                              {"2026-07-01", "America/New_York", "2026-07-01T04:00:00Z"},
		"clocks go forward at midnight, west":      {"2026-09-06", "America/Santiago", "2026-09-06T04:00:00Z"},
		"clocks go forward at midnight, east":      {"2026-04-24", "Africa/Cairo", "2026-04-23T22:00:00Z"},
		"clocks go back to midnight, the first":    {"2026-11-01", "America/Havana", "2026-11-01T04:00:00Z"},
		"half an hour off":                         {"2026-05-01", "Asia/Kolkata", "2026-04-30T18:30:00Z"},
		"a day ahead of everybody":                 {"2026-05-01", "Pacific/Kiritimati", "2026-04-30T10:00:00Z"},
		"clocks go forward in the night, as usual": {"2026-03-29", "Europe/Berlin", "2026-03-28T23:00:00Z"},
	} {
		t.Run(name, func(t *testing.T) {
			zone, err := time.LoadLocation(c.zone)
			if err != nil {
				t.Fatal(err)
			}
			if got := c.day.In(zone).UTC().Format(time.RFC3339); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}
