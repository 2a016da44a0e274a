package handlers

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"strings"
	"time"

	ics "github.com/arran4/golang-ical"

	"assay/models"
	"assay/models/access"
	"assay/models/reminder"
	"assay/templates/persons"
	"assay/web"
)

// calendarPrefix makes a token recognisable where it should not be, such as in a commit.
const calendarPrefix = "assay_cal_"

// calendarFile answers a calendar program, which has no session: the token is in its
// address. What does not fit any is counted, and a network that tries many is refused.
func (app *App) calendarFile(w http.ResponseWriter, r *http.Request) error {
	if err := app.guessing(r); err != nil {
		return err
	}
	a, feed, err := app.calendarOf(r)
	r.URL.Path = "/calendar" // what fails from here on is logged with its path, which is the key
	if models.KindOf(err) == models.KindNotFound && err != nil {
		app.guessed(r)
	}
	if err != nil {
		return err
	}
	var dues []reminder.Due
	err = app.DB.Read(r.Context(), a, func(tx *models.Tx) (err error) {
		dues, err = reminder.Dues(r.Context(), tx)
		return err
	})
	if err != nil {
		return err
	}
	if err := app.DB.Bookkeep(r.Context(), func(tx *models.Tx) error { return feed.Used(r.Context(), tx) }); err != nil {
		return err
	}
	return app.sendCalendar(w, r, app.calendar(dues))
}

func (app *App) calendarOf(r *http.Request) (a access.Actor, f reminder.Feed, err error) {
	token := web.Param(r, "token")
	if !strings.HasPrefix(token, calendarPrefix) {
		return a, f, models.NotFound("Calendar")
	}
	err = app.DB.Read(r.Context(), access.Actor{}, func(tx *models.Tx) error {
		a, f, err = reminder.ByToken(r.Context(), tx, tokenDigest(token))
		return err
	})
	return a, f, err
}

func tokenDigest(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

// calendar writes dues as RFC 5545 does. Its instants are those of the day, so that it is
// the same file all day unless something changes.
func (app *App) calendar(dues []reminder.Due) string {
	cal := ics.NewCalendarFor("Assay")
	cal.SetMethod(ics.MethodPublish)
	cal.SetName("Assay")
	cal.SetXWRCalName("Assay")
	cal.SetRefreshInterval("PT6H")
	host := "assay"
	if u, err := url.Parse(app.BaseURL); err == nil && u.Hostname() != "" {
		host = u.Hostname()
	}
	stamp := app.DB.Now().UTC().Truncate(24 * time.Hour)
	for _, d := range dues {
		sum := sha256.Sum256([]byte(d.About + "\n" + string(d.Day)))
		e := cal.AddEvent(hex.EncodeToString(sum[:12]) + "@" + host)
		e.SetDtStampTime(stamp)
		day := d.Day.In(stamp.Location())
		e.SetAllDayStartAt(day)
		e.SetAllDayEndAt(day.AddDate(0, 0, 1))
		e.SetSummary("Due: " + d.Title)
		link := app.BaseURL + "/" + d.About
		e.SetDescription(strings.TrimSpace(d.Sentence + "\n" + link))
		e.SetURL(link)
		e.SetTimeTransparency(ics.TransparencyTransparent)
	}
	return cal.Serialize(ics.WithNewLineWindows)
}

// sendCalendar lets a calendar program ask whether anything changed. Pages are not to be
// stored at all; this has to be, for the program to compare, so it may be kept by that
// program and by nothing between, and is asked for again each time.
func (app *App) sendCalendar(w http.ResponseWriter, r *http.Request, text string) error {
	tag := `"` + tokenDigest(text)[:32] + `"`
	w.Header().Set("Cache-Control", "private, no-cache")
	w.Header().Set("ETag", tag)
	w.Header().Set("Referrer-Policy", "no-referrer") // the address is the key
	if r.Header.Get("If-None-Match") == tag {
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	w.Header().Set("Content-Type", "text/calendar; charset=utf-8")
	w.Header().Set("Content-Disposition", `inline; filename="assay.ics"`)
	_, err := w.Write([]byte(text))
	return err
}

// calendarMake answers with the address of the visitor's calendar, which is shown this
// once. Sending the form again makes another and ends this one.
func (app *App) calendarMake(w http.ResponseWriter, r *http.Request) error {
	token := calendarPrefix + rand.Text()
	_, err := write(app, r, func(ctx context.Context, tx *models.Tx) (struct{}, error) {
		return struct{}{}, reminder.MakeFeed(ctx, tx, tokenDigest(token))
	})
	if err != nil {
		return err
	}
	return app.page(w, r, http.StatusOK, persons.Calendar(app.BaseURL+"/calendar/"+token+".ics"))
}

func (app *App) calendarRevoke(w http.ResponseWriter, r *http.Request) error {
	_, err := write(app, r, func(ctx context.Context, tx *models.Tx) (struct{}, error) {
		return struct{}{}, reminder.RevokeFeed(ctx, tx)
	})
	if err != nil {
		return err
	}
	web.Flash(w, r, "ok", "Revoked. The address is good for nothing from now on.")
	return web.SeeOther(w, r, "/account")
}
