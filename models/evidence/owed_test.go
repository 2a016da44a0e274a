package evidence_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"assay/models"
	"assay/models/access"
	"assay/models/evidence"
	"assay/models/modelstest"
)

// owed says what a owes, as "late AC-05 2026-01-01 to 2026-01-31 due 2026-02-10".
func (c company) owed(a access.Actor, zone *time.Location) (lines []string) {
	c.Helper()
	modelstest.Look(c.T, c.db, a, func(ctx context.Context, tx *models.Tx) error {
		debts, err := evidence.Owed(ctx, tx, zone, c.since)
		for name, list := range map[string][]evidence.Debt{"late": debts.Late, "due": debts.Due, "coming": debts.Coming, "backup": debts.Backup} {
			for _, d := range list {
				line := fmt.Sprintf("%s %s %s to %s due %s", name, d.Control.Code, d.Window.From, d.Window.To, d.Window.Due)
				if d.Partly() {
					line += fmt.Sprintf(" misses %s to %s", d.Missing[0].From, d.Missing[0].To)
				}
				lines = append(lines, line)
			}
		}
		for _, u := range debts.Undated {
			lines = append(lines, "undated "+u.Code)
		}
		return err
	})
	slices.Sort(lines)
	return lines
}

func (c company) owes(what string, got []string, want ...string) {
	c.Helper()
	slices.Sort(want)
	if !slices.Equal(got, want) {
		c.Errorf("%s: got\n%q, want\n%q", what, got, want)
	}
}

func TestWhatAnOwnerOwes(t *testing.T) {
	each(t, func(c company) {
		monthly := c.addControl("AC-05", "monthly", "CC6.1")
		c.addControl("CM-01", "event", "CC8.1")
		modelstest.At(c.db, time.Date(2026, 3, 5, 12, 0, 0, 0, time.UTC))
		const (
			q1  = "coming AC-03 2026-01-01 to 2026-03-31 due 2026-04-15"
			mar = "coming AC-05 2026-03-01 to 2026-03-31 due 2026-04-10"
			feb = "due AC-05 2026-02-01 to 2026-02-28 due 2026-03-10"
			jan = "late AC-05 2026-01-01 to 2026-01-31 due 2026-02-10"
		)
		c.owes("nothing was sent", c.owed(c.owner, time.UTC), q1, mar, feb, jan, "undated CM-01")
		c.owes("the backup owner may have to stand in", c.owed(c.backup, time.UTC), strings.Replace(feb, "due", "backup", 1), strings.Replace(jan, "late", "backup", 1))
		c.owes("somebody else owes nothing", c.owed(c.other, time.UTC))

		c.control = monthly
		send := func(from, to models.Date) evidence.Item {
			d := details()
			d.CoversFrom, d.CoversTo = from, to
			return c.submitted(c.owner, d, upload(string(from+to)+".csv", string(from+to)))
		}
		half := send("2026-01-01", "2026-01-15")
		c.owes("half of January was sent", c.owed(c.owner, time.UTC), q1, mar, feb, jan+" misses 2026-01-16 to 2026-01-31", "undated CM-01")
		send("2026-01-16", "2026-02-28")
		c.owes("the rest and February were sent", c.owed(c.owner, time.UTC), q1, mar, "undated CM-01")
		_, err := c.returned(c.priya, half, "Whose export is this?")
		c.must(err)
		c.owes("the first half was returned", c.owed(c.owner, time.UTC), q1, mar, jan+" misses 2026-01-01 to 2026-01-15", "undated CM-01")
	})
}

func TestWhatEndedBeforeThePeriodIsNotOwed(t *testing.T) {
	each(t, func(c company) {
		c.addControl("AC-05", "monthly", "CC6.1")
		modelstest.At(c.db, time.Date(2026, 3, 5, 12, 0, 0, 0, time.UTC))
		for since, want := range map[models.Date]bool{"2026-01-31": true, "2026-02-01": false} {
			c.since = since
			got := slices.Contains(c.owed(c.owner, time.UTC), "late AC-05 2026-01-01 to 2026-01-31 due 2026-02-10")
			if got != want {
				c.Errorf("January is owed in a period from %s: %v", since, got)
			}
		}
	})
}

func TestDueDatesFollowTheCompanysZone(t *testing.T) {
	each(t, func(c company) {
		c.control = c.addControl("AC-05", "monthly", "CC6.1")
		modelstest.At(c.db, time.Date(2026, 2, 11, 3, 0, 0, 0, time.UTC)) // still the 10th in New York
		newYork, err := time.LoadLocation("America/New_York")
		c.must(err)
		const tail = " AC-05 2026-01-01 to 2026-01-31 due 2026-02-10"
		if got := c.owed(c.owner, newYork); !slices.Contains(got, "due"+tail) {
			c.Errorf("in New York: %q", got)
		}
		if got := c.owed(c.owner, time.UTC); !slices.Contains(got, "late"+tail) {
			c.Errorf("in UTC: %q", got)
		}
	})
}

func TestOnlyTheTwoNewestFinishedWindowsAreAsked(t *testing.T) {
	each(t, func(c company) {
		c.addControl("LO-01", "daily", "CC7.2")
		modelstest.At(c.db, time.Date(2026, 2, 20, 12, 0, 0, 0, time.UTC))
		c.owes("a daily control", c.owed(c.owner, time.UTC),
			"coming AC-03 2026-01-01 to 2026-03-31 due 2026-04-15",
			"late LO-01 2026-02-18 to 2026-02-18 due 2026-02-19",
			"due LO-01 2026-02-19 to 2026-02-19 due 2026-02-20",
			"coming LO-01 2026-02-20 to 2026-02-20 due 2026-02-21")
	})
}
