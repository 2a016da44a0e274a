package demo

import (
	"context"
	"fmt"
	"strings"

	"assay/models"
	"assay/models/access"
	"assay/models/control"
	"assay/models/framework"
	"assay/models/people"
	"assay/models/programme"
)

// owners says who owns the controls of which function.
var owners = map[string]string{
	"Platform": "seun", "Engineering": "tomas", "Security": "ines", "Compliance": "yusuf",
	"Legal and privacy": "zoe", "ML engineering": "meiling", "Data engineering": "meiling",
	"AI governance": "meiling", "IT": "dana", "Product": "rawiri", "Support": "rawiri",
	"People": "sam", "Finance": "sam", "System owners": "tomas", "Executive": "priya",
}

// ownerless are the controls for which nobody was found when Rawiri left.
var ownerless = []string{"AI-42", "PV-09"}

// ownerOf is who owns the control of a template on a day.
func (s *story) ownerOf(code string, day models.Date) string {
	t, _ := framework.TemplateOf(code)
	who := owners[t.OwnerFunction]
	if who == "rawiri" && day >= s.departure() {
		return "camille"
	}
	return who
}

// reviewerOf is a compliance manager who has no part in the control.
func (s *story) reviewerOf(code string) string {
	t, ok := framework.TemplateOf(code)
	if ok && owners[t.OwnerFunction] == "priya" {
		return "yusuf"
	}
	return "priya"
}

// departure is Rawiri's last day.
func (s *story) departure() models.Date { return workday(s.in(61)) }

func categories() []string {
	var ids []string
	for _, c := range framework.Categories() {
		ids = append(ids, c.ID)
	}
	return ids
}

// foundation is the first fortnight: the company signs in, takes the catalog into use,
// and gives every control an owner.
func (s *story) foundation() {
	first := workday(s.begin)
	s.arrives(first, 0, cast[0])
	s.on(first, 12, "aoife", func(ctx context.Context, tx *models.Tx) error {
		_, err := programme.SetUp(ctx, tx, Company, Zone, categories())
		return err
	})
	for i, m := range cast[1:] {
		switch {
		case m.role == access.Auditor:
		case m.state == people.Invited:
			s.invites(s.ago(6), 140, m)
		default:
			s.invites(first, 20+2*i, m)
			s.arrives(first.AddDays(1+i/4), 30+7*i, m)
		}
	}
	s.on(first.AddDays(6), 45, "priya", func(ctx context.Context, tx *models.Tx) error {
		_, err := control.Adopt(ctx, tx, categories())
		return err
	})
	s.on(first.AddDays(7), 20, "priya", s.assignAll)
	s.on(first.AddDays(7), 70, "priya", s.calendar)
	s.leaves(s.departure(), ownerless...)
}

// calendar is the days on which the office in New York is closed.
func (s *story) calendar(ctx context.Context, tx *models.Tx) error {
	c, err := control.AddCalendar(ctx, tx, "United States, New York", []int{0, 6})
	if err != nil {
		return err
	}
	var days strings.Builder
	for year := s.period.from.In(s.zone).Year(); year <= s.period.to.In(s.zone).Year(); year++ {
		fmt.Fprintf(&days, "%d-01-01 New Year’s Day\n%d-06-19 Juneteenth\n%d-07-04 Independence Day\n%d-11-11 Veterans Day\n%d-12-25 Christmas Day\n", year, year, year, year, year)
	}
	_, err = control.AddHolidays(ctx, tx, c, days.String())
	return err
}

func (s *story) assignAll(ctx context.Context, tx *models.Tx) error {
	mine := map[string][]string{}
	for _, t := range framework.Controls() {
		who := owners[t.OwnerFunction]
		mine[who] = append(mine[who], t.Code)
	}
	for _, m := range cast {
		if len(mine[m.login]) == 0 {
			continue
		}
		owner, backup := s.id(m.login), s.id(m.backup)
		a := control.Assignment{SetOwner: true, Owner: &owner, SetBackup: true, Backup: &backup}
		if _, err := control.AssignMany(ctx, tx, mine[m.login], a); err != nil {
			return err
		}
	}
	return nil
}
