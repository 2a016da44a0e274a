package handlers

import (
	"context"
	"net/http"
	"strconv"

	"assay/models"
	"assay/models/control"
	"assay/models/people"
	"assay/models/programme"
	"assay/templates/settings"
	"assay/web"
)

// calendarList shows the calendars, and the form that adds one.
func (app *App) calendarList(w http.ResponseWriter, r *http.Request) error {
	return app.calendarsWith(w, r, http.StatusOK, settings.CalendarsData{Weekend: []string{"6", "0"}})
}

func (app *App) calendarsWith(w http.ResponseWriter, r *http.Request, code int, d settings.CalendarsData) error {
	calendars, err := read(app, r, control.AllCalendars)
	if err != nil {
		return err
	}
	d.Calendars = calendars
	return app.page(w, r, code, settings.Calendars(d))
}

func (app *App) calendarAdd(w http.ResponseWriter, r *http.Request) error {
	f := web.Form(r)
	name, chosen := f.Text("name", 1000), f.Texts("weekend")
	err := f.Err()
	var c control.Calendar
	if err == nil {
		c, err = write(app, r, func(ctx context.Context, tx *models.Tx) (control.Calendar, error) {
			return control.AddCalendar(ctx, tx, name, weekdays(chosen))
		})
	}
	if refused := web.Errors(err); refused != nil {
		return app.calendarsWith(w, r, web.Status(err), settings.CalendarsData{Name: name, Weekend: chosen, Errors: refused})
	}
	if err != nil {
		return err
	}
	web.Flash(w, r, "ok", "Added. Its holidays come next.")
	return web.SeeOther(w, r, "/"+c.Path())
}

// weekdays reads days of the week; what is none becomes one that the verb refuses.
func weekdays(chosen []string) []int {
	out := make([]int, len(chosen))
	for i, c := range chosen {
		day, err := strconv.Atoi(c)
		if err != nil {
			day = -1
		}
		out[i] = day
	}
	return out
}

// calendarPage shows the holidays of a calendar.
func (app *App) calendarPage(w http.ResponseWriter, r *http.Request) error {
	return app.calendarWith(w, r, http.StatusOK, settings.CalendarData{})
}

func (app *App) calendarWith(w http.ResponseWriter, r *http.Request, code int, d settings.CalendarData) error {
	id, err := web.ID(r, "calendar")
	if err != nil {
		return err
	}
	d, err = read(app, r, func(ctx context.Context, tx *models.Tx) (_ settings.CalendarData, err error) {
		if d.Calendar, err = control.CalendarByID(ctx, tx, id); err != nil {
			return d, err
		}
		if d.Holidays, err = control.HolidaysOf(ctx, tx, id); err != nil {
			return d, err
		}
		if d.Today, err = programme.Today(ctx, tx); err != nil {
			return d, err
		}
		var ids []int64
		for _, h := range d.Holidays {
			ids = append(ids, h.AddedBy)
		}
		d.People, err = people.Named(ctx, tx, ids...)
		return d, err
	})
	if err != nil {
		return err
	}
	return app.page(w, r, code, settings.Calendar(d))
}

func (app *App) holidayAdd(w http.ResponseWriter, r *http.Request) error {
	id, err := web.ID(r, "calendar")
	if err != nil {
		return err
	}
	f := web.Form(r)
	text := f.Text("days", 20_000)
	added := 0
	if err = f.Err(); err == nil {
		added, err = write(app, r, func(ctx context.Context, tx *models.Tx) (int, error) {
			c, err := control.CalendarByID(ctx, tx, id)
			if err != nil {
				return 0, err
			}
			return control.AddHolidays(ctx, tx, c, text)
		})
	}
	if refused := web.Errors(err); refused != nil {
		return app.calendarWith(w, r, web.Status(err), settings.CalendarData{Days: text, Errors: refused})
	}
	if err != nil {
		return err
	}
	said := strconv.Itoa(added) + " days were added."
	if added == 1 {
		said = "One day was added."
	}
	web.Flash(w, r, "ok", said)
	return web.SeeOther(w, r, "/settings/calendars/"+strconv.FormatInt(id, 10))
}

func (app *App) holidayRemove(w http.ResponseWriter, r *http.Request) error {
	id, err := web.ID(r, "holiday")
	if err != nil {
		return err
	}
	_, err = write(app, r, func(ctx context.Context, tx *models.Tx) (struct{}, error) {
		return struct{}{}, control.RemoveHoliday(ctx, tx, id)
	})
	if refused := web.Errors(err); refused != nil {
		return app.calendarWith(w, r, web.Status(err), settings.CalendarData{Errors: refused})
	}
	if err != nil {
		return err
	}
	web.Flash(w, r, "ok", "Removed. Business is done on that day.")
	return web.SeeOther(w, r, "/settings/calendars/"+web.Param(r, "calendar"))
}
