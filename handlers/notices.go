package handlers

import (
	"context"
	"net/http"
	"slices"

	"assay/models"
	"assay/models/notice"
	"assay/models/people"
	"assay/models/programme"
	"assay/templates/notices"
	"assay/web"
)

const noticePageSize = 50

func (app *App) noticeList(w http.ResponseWriter, r *http.Request) error {
	var d notices.PageData
	list, err := read(app, r, func(ctx context.Context, tx *models.Tx) (list models.Window[notice.Notice], err error) {
		if list, err = notice.List(ctx, tx, web.PageOf(r, noticePageSize)); err != nil {
			return list, err
		}
		var who []int64
		for _, n := range list.Items {
			if n.ActorID != 0 && !slices.Contains(who, n.ActorID) {
				who = append(who, n.ActorID)
			}
			d.Unread = d.Unread || n.ReadAt == nil
		}
		d.People, err = people.Named(ctx, tx, who...)
		return list, err
	})
	if err != nil {
		return err
	}
	d.Rows = list.Items
	d.Earlier, d.Later = evidenceCursors(r, list.Earlier, list.Later)
	return app.page(w, r, http.StatusOK, notices.Page(d))
}

// noticeOpen marks a notice as read and goes on to what it is about. Auditors, who can
// write nothing, do it too: that they read it is kept for the bell alone.
func (app *App) noticeOpen(w http.ResponseWriter, r *http.Request) error {
	id, err := web.ID(r, "notice")
	if err != nil {
		return err
	}
	var n notice.Notice
	err = app.DB.Bookkeep(r.Context(), func(tx *models.Tx) error {
		n, err = notice.Read(r.Context(), tx, web.ActorOf(r).ID, id)
		return err
	})
	if err != nil {
		return err
	}
	return web.SeeOther(w, r, "/"+n.About)
}

func (app *App) noticeReadAll(w http.ResponseWriter, r *http.Request) error {
	upTo := web.Form(r).ID("up_to")
	err := app.DB.Bookkeep(r.Context(), func(tx *models.Tx) error {
		return notice.ReadAll(r.Context(), tx, web.ActorOf(r).ID, upTo)
	})
	if err != nil {
		return err
	}
	return web.SeeOther(w, r, "/notices")
}

func (app *App) preferencesPage(w http.ResponseWriter, r *http.Request) error {
	return app.preferencesAgain(w, r, http.StatusOK, nil)
}

// preferencesAgain shows the form, changed by what went wrong.
func (app *App) preferencesAgain(w http.ResponseWriter, r *http.Request, code int, change func(*notices.PreferencesData)) error {
	a := web.ActorOf(r)
	d := notices.PreferencesData{Kinds: notice.For(a), Role: a.Role, Modes: map[notice.Kind]notice.Mode{}, MailOff: app.MailServer == ""}
	_, err := read(app, r, func(ctx context.Context, tx *models.Tx) (struct{}, error) {
		company, err := programme.Current(ctx, tx)
		if err != nil {
			return struct{}{}, err
		}
		me, err := people.ByID(ctx, tx, a.ID)
		if err != nil {
			return struct{}{}, err
		}
		p, err := notice.PreferenceOf(ctx, tx, a.ID)
		d.Zone, d.CompanyZone, d.Address = p.Zone, company.Location().String(), me.Email
		for _, k := range d.Kinds {
			d.Modes[k] = p.Mode(k, a.Role)
		}
		return struct{}{}, err
	})
	if err != nil {
		return err
	}
	if change != nil {
		change(&d)
	}
	return app.page(w, r, code, notices.Preferences(d))
}

func (app *App) preferencesSave(w http.ResponseWriter, r *http.Request) error {
	f, a := web.Form(r), web.ActorOf(r)
	zone, choices := f.Line("zone", 60), notice.Choices{}
	for _, k := range notice.For(a) {
		if mode := f.Line(string(k), 20); mode != "" {
			choices[k] = notice.Mode(mode)
		}
	}
	err := f.Err()
	if err == nil {
		err = app.DB.Bookkeep(r.Context(), func(tx *models.Tx) error { return notice.Prefer(r.Context(), tx, a, zone, choices) })
	}
	if wrong := web.Errors(err); wrong != nil {
		return app.preferencesAgain(w, r, web.Status(err), func(d *notices.PreferencesData) {
			d.Errors, d.Zone, d.Modes = wrong, f.Typed("zone"), choices
		})
	}
	if err != nil {
		return err
	}
	web.Flash(w, r, "ok", "Saved.")
	return web.SeeOther(w, r, "/account/notifications")
}
