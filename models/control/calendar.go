package control

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"assay/models"
	"assay/models/access"
	"assay/models/period"
	"assay/models/programme"
)

// A Calendar says on which days business is done, for daily controls that rest otherwise
// and for limits in business days.
type Calendar struct {
	models.Meta
	Name      string
	Weekend   models.List[int] // days of the week on which no business is done, 0 is Sunday
	CreatedBy int64
	CreatedAt time.Time
}

// TableName is where calendars live.
func (Calendar) TableName() string { return "calendars" }

// Path is the address of c.
func (c Calendar) Path() string { return fmt.Sprintf("settings/calendars/%d", c.ID) }

// A Holiday is a day on which a calendar has no business.
type Holiday struct {
	models.Meta
	CalendarID int64
	Day        models.Date
	Name       string
	AddedBy    int64
	AddedAt    time.Time
}

// TableName is where holidays live.
func (Holiday) TableName() string { return "holidays" }

// Path is the address of the calendar, which has no page for each day.
func (h Holiday) Path() string { return fmt.Sprintf("settings/calendars/%d", h.CalendarID) }

// CalendarByID finds a calendar.
func CalendarByID(ctx context.Context, tx *models.Tx, id int64) (Calendar, error) {
	c, err := models.Rows[Calendar](tx).Where("id = ?", id).Take(ctx)
	return models.One(c, err, "Calendar")
}

// AllCalendars lists the calendars by name. A company has one for each country it works in.
func AllCalendars(ctx context.Context, tx *models.Tx) ([]Calendar, error) {
	return models.Rows[Calendar](tx).Order("name").Limit(200).Find(ctx)
}

// HolidaysOf lists the holidays of a calendar by date.
func HolidaysOf(ctx context.Context, tx *models.Tx, calendar int64) ([]Holiday, error) {
	return models.Rows[Holiday](tx).Where("calendar_id = ?", calendar).Order("day").Find(ctx)
}

// Calendars reads calendars for the period engine.
func Calendars(ctx context.Context, tx *models.Tx, ids ...int64) (map[int64]*period.Calendar, error) {
	list, err := models.Rows[Calendar](tx).Where("id IN ?", ids).Find(ctx)
	if err != nil {
		return nil, err
	}
	out := map[int64]*period.Calendar{}
	for _, c := range list {
		p := &period.Calendar{Holidays: map[period.Day]string{}}
		for _, d := range c.Weekend {
			p.Weekend[d] = true
		}
		out[c.ID] = p
	}
	days, err := models.Rows[Holiday](tx).Where("calendar_id IN ?", ids).Find(ctx)
	for _, d := range days {
		if c := out[d.CalendarID]; c != nil {
			c.Holidays[period.DayOf(d.Day, period.Never)] = d.Name
		}
	}
	return out, err
}

// AddCalendar makes a calendar. It refuses a name that is empty or taken, and a weekend
// that is the whole week.
func AddCalendar(ctx context.Context, tx *models.Tx, name string, weekend []int) (Calendar, error) {
	if !tx.Actor.Can(access.ProgrammeManage) {
		return Calendar{}, models.Forbidden("Calendars are kept by administrators and compliance managers.")
	}
	wrong := map[string]string{}
	if name = strings.TrimSpace(name); name == "" || len([]rune(name)) > 100 {
		wrong["name"] = "Give the calendar a name of at most 100 characters, such as Germany, Berlin."
	}
	slices.Sort(weekend)
	weekend = slices.Compact(weekend)
	if len(weekend) > 6 || slices.ContainsFunc(weekend, func(d int) bool { return d < 0 || d > 6 }) {
		wrong["weekend"] = "Leave at least one day of the week on which business is done."
	}
	if len(wrong) > 0 {
		return Calendar{}, models.Invalid(wrong)
	}
	c := Calendar{Name: name, Weekend: weekend, CreatedBy: tx.Actor.ID, CreatedAt: tx.Now}
	err := models.Insert(ctx, tx, &c, "calendar.create", models.Note{"name": name})
	if models.Duplicate(err) {
		return c, models.Invalid(map[string]string{"name": "There is a calendar of this name already."})
	}
	return c, err
}

// AddHolidays reads holidays, one to a line: a date and a name, "2026-12-25 Christmas
// Day". Days that are there already are left alone. A day that is past is taken as long as no
// control rested on the calendar then: what was expected of one is not excused by one person.
func AddHolidays(ctx context.Context, tx *models.Tx, calendar Calendar, text string) (int, error) {
	if !tx.Actor.Can(access.ProgrammeManage) {
		return 0, models.Forbidden("Calendars are kept by administrators and compliance managers.")
	}
	there, err := HolidaysOf(ctx, tx, calendar.ID)
	if err != nil {
		return 0, err
	}
	seen := map[models.Date]bool{}
	for _, h := range there {
		seen[h.Day] = true
	}
	var rows []*Holiday
	for n, line := range strings.Split(text, "\n") {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		first, name, _ := strings.Cut(line, " ")
		day, err := models.ParseDate(strings.TrimRight(first, ",;"))
		if err != nil {
			return 0, models.Invalid(map[string]string{"days": fmt.Sprintf("Line %d begins with “%s”, which is no date. Write 2026-12-25 Christmas Day.", n+1, clip(first))})
		}
		if name = strings.TrimSpace(name); name == "" || len([]rune(name)) > 100 {
			return 0, models.Invalid(map[string]string{"days": fmt.Sprintf("Line %d gives %s no name, or one of more than 100 characters.", n+1, day)})
		}
		if !seen[day] {
			seen[day] = true
			rows = append(rows, &Holiday{CalendarID: calendar.ID, Day: day, Name: name, AddedBy: tx.Actor.ID, AddedAt: tx.Now})
		}
	}
	if len(rows) == 0 {
		return 0, models.Invalid(map[string]string{"days": "Every one of these days is there already, or there is none."})
	}
	if err := expectedOn(ctx, tx, calendar, rows); err != nil {
		return 0, err
	}
	return len(rows), models.InsertAll(ctx, tx, rows, "holiday.add", models.Note{"calendar": calendar.Name})
}

// expectedOn refuses days that are past and on which a version rested on the calendar. The
// trigger holidays_past asks the same.
func expectedOn(ctx context.Context, tx *models.Tx, calendar Calendar, days []*Holiday) error {
	today, err := programme.Today(ctx, tx)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(days, func(h *Holiday) bool { return h.Day < today }) {
		return nil
	}
	rested, err := models.Raw[period.Span](ctx, tx, `SELECT effective_from AS "from", effective_to AS "to" FROM control_versions
		WHERE calendar_id = ? AND status IN ('effective', 'superseded', 'retired')`, calendar.ID)
	for _, h := range days {
		if err == nil && h.Day < today && slices.ContainsFunc(rested, func(s period.Span) bool { return s.Contains(h.Day) }) {
			err = models.Invalid(map[string]string{"days": fmt.Sprintf("%s is past, and controls rested on this calendar, so it stays a day of business. If a control had nothing to do on it, say so at its task; somebody else approves that.", h.Day)})
		}
	}
	return err
}

func clip(s string) string {
	if r := []rune(s); len(r) > 20 {
		return string(r[:20]) + "…"
	}
	return s
}

// RemoveHoliday takes back a day that is still to come. What is past was expected, or was
// not, as the calendar said then.
func RemoveHoliday(ctx context.Context, tx *models.Tx, id int64) error {
	if !tx.Actor.Can(access.ProgrammeManage) {
		return models.Forbidden("Calendars are kept by administrators and compliance managers.")
	}
	h, err := models.Rows[Holiday](tx).Where("id = ?", id).Take(ctx)
	if h, err = models.One(h, err, "Holiday"); err != nil {
		return err
	}
	today, err := programme.Today(ctx, tx)
	if err != nil {
		return err
	}
	if h.Day <= today {
		return models.Conflict("This day is past, so it stays as the calendar said then.")
	}
	return models.Delete(ctx, tx, &h, "holiday.remove", models.Note{"day": string(h.Day), "name": h.Name})
}
