package handlers

import (
	"context"
	"net/http"
	"strconv"
	"strings"

	"assay/models"
	"assay/models/access"
	"assay/models/activity"
	"assay/models/control"
	"assay/models/evidence"
	"assay/models/finding"
	"assay/models/people"
	"assay/models/programme"
	"assay/models/timeline"
	"assay/templates/controls"
	"assay/templates/evidences"
	"assay/web"
)

func (app *App) controlPage(w http.ResponseWriter, r *http.Request) error {
	return app.controlAgain(w, r, web.Param(r, "code"), http.StatusOK, func(*controls.PageData) {})
}

// controlAgain shows the page of a control, with what was refused on it.
func (app *App) controlAgain(w http.ResponseWriter, r *http.Request, code string, status int, change func(*controls.PageData)) error {
	d, err := read(app, r, func(ctx context.Context, tx *models.Tx) (controls.PageData, error) {
		d, err := controlData(ctx, tx, code, r.URL.Query().Get("period"))
		if d.Timeline != nil {
			d.Timeline.All = r.URL.Query().Get("performances") == "all"
			d.Timeline.Tables = r.URL.Query().Get("tables") == "all"
			d.Timeline.Alone = d.Timeline.All || d.Timeline.Tables
		}
		return d, err
	})
	if err != nil {
		return err
	}
	change(&d)
	if d.Timeline != nil && status != http.StatusOK { // what was refused stands on the whole page
		d.Timeline.Alone = false
	}
	return app.page(w, r, status, controls.Control(d))
}

func controlData(ctx context.Context, tx *models.Tx, code, slug string) (d controls.PageData, err error) {
	if d.Control, d.Versions, err = control.WithVersions(ctx, tx, code); err != nil {
		return d, err
	}
	if d.Shown, err = control.ShownOf(d.Control, d.Versions); err != nil {
		return d, err
	}
	d.MayWrite = control.MayWrite(tx.Actor, d.Control)
	if tx.Actor.Can(access.ControlAssign) {
		if d.Candidates, err = owners(ctx, tx); err != nil {
			return d, err
		}
	}
	t, err := timeline.Of(ctx, tx, d.Control, timeline.Criteria(d.Shown), slug)
	if err != nil {
		return d, err
	}
	found, items, newest, err := aboutControl(ctx, tx, d.Control)
	if err != nil {
		return d, err
	}
	if d.People, err = namesOfControl(ctx, tx, d.Control, d.Versions, append(t.People(), evidence.Uploaders(items)...)...); err != nil {
		return d, err
	}
	if tx.Actor.Company() { // an auditor reads the custody of evidence, and a control has none
		if d.Feed, err = activity.For(ctx, tx, d.Control.Path()); err != nil {
			return d, err
		}
	}
	if tx.Actor.Can(access.EvidenceView) {
		rows := rowsOf(items[:min(len(items), evidenceShown)], d.People, d.Control)
		markNewest(rows, newest)
		d.Evidence = evidences.ForControl(d.Control.Code, rows, len(items) > evidenceShown)
	}
	d.Findings = controls.Findings(found)
	if t.Frame.Zone != nil {
		d.Timeline = &controls.TimelineData{Timeline: t, Control: d.Control, Versions: d.Versions, Findings: found, People: d.People}
	}
	return d, err
}

func namesOfControl(ctx context.Context, tx *models.Tx, c control.Control, versions []control.Version, ids ...int64) (map[int64]people.Person, error) {
	add := func(id *int64) {
		if id != nil {
			ids = append(ids, *id)
		}
	}
	add(c.OwnerID)
	add(c.BackupID)
	for _, v := range versions {
		add(v.AuthorID)
		add(v.ApproverID)
	}
	return control.Named(ctx, tx, ids...)
}

// evidenceShown is how many items the page of a control lists.
const evidenceShown = 10

// aboutControl reads the findings that affect a control, and its newest evidence: one item
// more than are shown, when there are more, and how far what was accepted reaches.
func aboutControl(ctx context.Context, tx *models.Tx, c control.Control) (found []finding.Finding, items []evidence.Item, newest map[int64]models.Date, err error) {
	all := []models.Reading{models.Into(finding.ForControl(tx, c.ID), &found)}
	var reach []evidence.Reach
	if tx.Actor.Can(access.EvidenceView) {
		all = append(all, models.Into(evidence.ForControl(tx, c.ID, evidenceShown+1), &items), evidence.NewestInto(tx, []int64{c.ID}, &reach))
	}
	err = models.Together(ctx, tx, all...)
	return found, items, evidence.ByControl(reach), err
}

// onControl runs a verb on the control of the address, in the state the form was
// filled in against, and goes back to its page; a refusal opens the question again.
func (app *App) onControl(w http.ResponseWriter, r *http.Request, question, said string, f *web.Values, verb func(context.Context, *models.Tx, *control.Control) error) error {
	err := f.Err()
	if err == nil {
		_, err = write(app, r, func(ctx context.Context, tx *models.Tx) (struct{}, error) {
			c, err := control.ByCode(ctx, tx, web.Param(r, "code"))
			if err != nil {
				return struct{}{}, err
			}
			c.Rev = f.Rev()
			return struct{}{}, verb(ctx, tx, &c)
		})
	}
	if errs := web.Errors(err); errs != nil {
		return app.controlAgain(w, r, web.Param(r, "code"), web.Status(err), func(d *controls.PageData) {
			d.Open, d.Errors = asked(question, errs), errs
			d.Typed = map[string]string{"owner": f.Typed("owner"), "backup": f.Typed("backup"), "reason": f.Typed("reason")}
		})
	}
	if err != nil {
		return err
	}
	web.Flash(w, r, "ok", said)
	return web.SeeOther(w, r, "/controls/"+web.Param(r, "code"))
}

// asked is the question to open again: none when the whole of it was refused, since
// the record may no longer be in a state that asks it.
func asked(question string, errs map[string]string) string {
	if errs[""] != "" || question == "submit" {
		return ""
	}
	return question
}

func (app *App) controlAssign(w http.ResponseWriter, r *http.Request) error {
	f := web.Form(r)
	owner, backup := personChosen(f, "owner"), personChosen(f, "backup")
	return app.onControl(w, r, "assign", "Assigned.", f, func(ctx context.Context, tx *models.Tx, c *control.Control) error {
		return control.Assign(ctx, tx, c, owner, backup)
	})
}

func (app *App) controlRetire(w http.ResponseWriter, r *http.Request) error {
	f := web.Form(r)
	reason, override := f.Text("reason", 2000), f.Bool("override")
	return app.onControl(w, r, "retire", "Retired. It stays in the record.", f, func(ctx context.Context, tx *models.Tx, c *control.Control) error {
		return control.Retire(ctx, tx, c, reason, override)
	})
}

// controlRevise begins a version and goes to its form.
func (app *App) controlRevise(w http.ResponseWriter, r *http.Request) error {
	editorial := web.Form(r).Bool("editorial")
	code := web.Param(r, "code")
	_, err := write(app, r, func(ctx context.Context, tx *models.Tx) (control.Version, error) {
		c, err := control.ByCode(ctx, tx, code)
		if err != nil {
			return control.Version{}, err
		}
		return control.Revise(ctx, tx, &c, editorial)
	})
	if errs := web.Errors(err); errs != nil {
		return app.controlAgain(w, r, code, web.Status(err), func(d *controls.PageData) { d.Errors = errs })
	}
	if err != nil {
		return err
	}
	return web.SeeOther(w, r, "/controls/"+code+"/edit")
}

// versionOf finds the version of the address.
func versionOf(ctx context.Context, tx *models.Tx, r *http.Request) (control.Control, control.Version, error) {
	c, err := control.ByCode(ctx, tx, web.Param(r, "code"))
	if err != nil {
		return c, control.Version{}, err
	}
	n, err := strconv.Atoi(web.Param(r, "number"))
	if err != nil {
		return c, control.Version{}, models.NotFound("Version")
	}
	v, err := control.VersionOf(ctx, tx, c, n)
	return c, v, err
}

func (app *App) versionPage(w http.ResponseWriter, r *http.Request) error {
	return app.versionAgain(w, r, http.StatusOK, func(*controls.VersionData) {})
}

func (app *App) versionAgain(w http.ResponseWriter, r *http.Request, code int, change func(*controls.VersionData)) error {
	d, err := read(app, r, func(ctx context.Context, tx *models.Tx) (controls.VersionData, error) { return versionData(ctx, tx, r) })
	if err != nil {
		return err
	}
	change(&d)
	return app.page(w, r, code, controls.Version(d))
}

func versionData(ctx context.Context, tx *models.Tx, r *http.Request) (d controls.VersionData, err error) {
	if d.Control, d.Version, err = versionOf(ctx, tx, r); err != nil {
		return d, err
	}
	if _, err := control.VersionOf(ctx, tx, d.Control, d.Version.Number-1); err == nil {
		d.Before = d.Version.Number - 1
	} else if models.KindOf(err) != models.KindNotFound {
		return d, err
	}
	d.MayWrite, d.Approve = control.MayWrite(tx.Actor, d.Control), control.MayApprove(tx.Actor, d.Version)
	today, err := programme.Today(ctx, tx)
	if err != nil {
		return d, err
	}
	d.Today = string(today)
	if d.People, err = namesOfControl(ctx, tx, d.Control, []control.Version{d.Version}); err != nil {
		return d, err
	}
	d.Feed, err = activity.For(ctx, tx, d.Version.Path())
	return d, err
}

// onVersion runs a verb on the version of the address, in the state the form was
// filled in against, and goes back to it.
func (app *App) onVersion(w http.ResponseWriter, r *http.Request, question, said string, f *web.Values, verb func(context.Context, *models.Tx, *control.Version) error) error {
	if answered, err := app.tryVersion(w, r, question, f, verb); answered || err != nil {
		return err
	}
	web.Flash(w, r, "ok", said)
	return web.SeeOther(w, r, strings.TrimSuffix(r.URL.Path, "/"+question))
}

// tryVersion runs the verb. answered says that it was refused and the page shown again.
func (app *App) tryVersion(w http.ResponseWriter, r *http.Request, question string, f *web.Values, verb func(context.Context, *models.Tx, *control.Version) error) (answered bool, err error) {
	if err = f.Err(); err == nil {
		_, err = write(app, r, func(ctx context.Context, tx *models.Tx) (struct{}, error) {
			_, v, err := versionOf(ctx, tx, r)
			if err != nil {
				return struct{}{}, err
			}
			v.Rev = f.Rev()
			return struct{}{}, verb(ctx, tx, &v)
		})
	}
	errs := web.Errors(err)
	if errs == nil {
		return false, err
	}
	return true, app.versionAgain(w, r, web.Status(err), func(d *controls.VersionData) {
		d.Open, d.Errors = asked(question, errs), errs
		d.Typed = map[string]string{"reason": f.Typed("reason"), "effective_from": f.Typed("effective_from")}
	})
}

func (app *App) versionSubmit(w http.ResponseWriter, r *http.Request) error {
	return app.onVersion(w, r, "submit", "Submitted. Somebody else has to approve it.", web.Form(r), control.Submit)
}

func (app *App) versionDiscard(w http.ResponseWriter, r *http.Request) error {
	to := "/controls/" + web.Param(r, "code")
	answered, err := app.tryVersion(w, r, "discard", web.Form(r), func(ctx context.Context, tx *models.Tx, v *control.Version) error {
		gone, err := control.Discard(ctx, tx, v)
		if gone {
			to = "/controls"
		}
		return err
	})
	if answered || err != nil {
		return err
	}
	web.Flash(w, r, "ok", "Discarded. The history keeps that it was written, and by whom.")
	return web.SeeOther(w, r, to)
}

func (app *App) versionReturn(w http.ResponseWriter, r *http.Request) error {
	f := web.Form(r)
	reason := f.Text("reason", 2000)
	return app.onVersion(w, r, "return", "Returned to draft.", f, func(ctx context.Context, tx *models.Tx, v *control.Version) error {
		return control.Return(ctx, tx, v, reason)
	})
}

func (app *App) versionApprove(w http.ResponseWriter, r *http.Request) error {
	f := web.Form(r)
	from := f.Date("effective_from")
	return app.onVersion(w, r, "approve", "Approved.", f, func(ctx context.Context, tx *models.Tx, v *control.Version) error {
		return control.Approve(ctx, tx, v, from)
	})
}

// versionDiff compares a version with the one before it, or with another.
func (app *App) versionDiff(w http.ResponseWriter, r *http.Request) error {
	d, err := read(app, r, func(ctx context.Context, tx *models.Tx) (d controls.DiffData, err error) {
		if d.Control, d.Newer, err = versionOf(ctx, tx, r); err != nil {
			return d, err
		}
		all, err := control.Versions(ctx, tx, d.Control)
		if err != nil {
			return d, err
		}
		with, err := strconv.Atoi(r.URL.Query().Get("with"))
		if err != nil {
			with = d.Newer.Number - 1
		}
		for _, v := range all {
			if v.Number != d.Newer.Number {
				d.Numbers = append(d.Numbers, v.Number)
			}
			if v.Number == with {
				d.Older = v
			}
		}
		if d.Older.ID == 0 {
			return d, models.NotFound("Version")
		}
		d.Changes = control.Diff(d.Older, d.Newer)
		return d, nil
	})
	if err != nil {
		return err
	}
	return app.page(w, r, http.StatusOK, controls.Diff(d))
}
