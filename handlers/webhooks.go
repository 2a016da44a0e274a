package handlers

import (
	"context"
	"crypto/rand"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"assay/internal/jobs"
	"assay/models"
	"assay/models/people"
	"assay/models/webhook"
	"assay/templates/webhooks"
	"assay/web"
)

const deliveryPageSize = 50

func (app *App) webhookList(w http.ResponseWriter, r *http.Request) error {
	d := webhooks.ListData{Hosts: app.HookHosts}
	var err error
	d.Rows, err = read(app, r, webhook.List)
	if err != nil {
		return err
	}
	return app.page(w, r, http.StatusOK, webhooks.List(d))
}

func (app *App) webhookNew(w http.ResponseWriter, r *http.Request) error {
	d := webhooks.FormData{UID: rand.Text(), Hosts: app.HookHosts}
	d.Format = webhook.Standard
	return app.page(w, r, http.StatusOK, webhooks.New(d))
}

// hookFields reads what the form says, and refuses an address that must not be called.
// The address is as it was typed.
func (app *App) hookFields(f *web.Values) webhook.Fields {
	in := webhook.Fields{
		Name: f.Line("name", 80), URL: f.Line("url", 2000), Format: webhook.Format(f.Line("format", 20)), Events: f.Texts("events"),
	}
	if in.URL == "" {
		return in
	}
	if err := app.permits(in.URL); err != nil {
		f.Refuse("url", sentence(err))
	} else if u, err := url.Parse(in.URL); err == nil {
		in.Host = u.Host
	}
	return in
}

// sealedFor is in with its address as the database keeps it.
func (app *App) sealedFor(uid string, in webhook.Fields) webhook.Fields {
	if in.URL != "" {
		in.URL = jobs.SealURL(app.HookBox, uid, in.URL)
	}
	return in
}

var noHosts = models.Conflict("This installation may call no hosts (ASSAY_WEBHOOK_HOSTS).")

func (app *App) permits(address string) error {
	if app.HookClient == nil {
		return noHosts
	}
	return app.HookClient.Permits(address)
}

// sentence makes one of an error that begins in lower case.
func sentence(err error) string {
	s := strings.TrimSuffix(err.Error(), ".")
	return strings.ToUpper(s[:1]) + s[1:] + "."
}

var uidForm = regexp.MustCompile(`^[A-Z2-7]{20,40}$`)

// webhookCreate answers with the secret, which is shown this once: it cannot be, if the
// answer sends the browser on. Sending the form again makes no second webhook.
func (app *App) webhookCreate(w http.ResponseWriter, r *http.Request) error {
	if app.HookBox == nil {
		return noHosts
	}
	f := web.Form(r)
	in, uid := app.hookFields(f), f.Line("uid", 40)
	if !uidForm.MatchString(uid) {
		f.Refuse("", "This form is incomplete. Please load the page again.")
	}
	err := f.Err()
	var h webhook.Hook
	var secret, sealed string
	if err == nil {
		secret, sealed = jobs.NewSecret(app.HookBox, uid)
		h, err = write(app, r, func(ctx context.Context, tx *models.Tx) (webhook.Hook, error) {
			return webhook.Create(ctx, tx, app.sealedFor(uid, in), uid, sealed)
		})
	}
	if wrong := web.Errors(err); wrong != nil {
		d := webhooks.FormData{UID: rand.Text(), Hosts: app.HookHosts, Errors: wrong, Fields: typedHook(f, in)}
		return app.page(w, r, web.Status(err), webhooks.New(d))
	}
	if err != nil {
		return err
	}
	return app.page(w, r, http.StatusOK, webhooks.Secret(webhooks.SecretData{Hook: h, Secret: secret}))
}

func typedHook(f *web.Values, in webhook.Fields) webhook.Fields {
	in.Name, in.URL = f.Typed("name"), f.Typed("url")
	return in
}

func (app *App) webhookPage(w http.ResponseWriter, r *http.Request) error {
	return app.webhookAgain(w, r, http.StatusOK, nil)
}

// webhookAgain shows the page of the webhook in the address, changed by what went wrong.
func (app *App) webhookAgain(w http.ResponseWriter, r *http.Request, code int, change func(*webhooks.PageData)) error {
	d := webhooks.PageData{Hosts: app.HookHosts}
	list, err := read(app, r, func(ctx context.Context, tx *models.Tx) (list models.Window[webhook.Delivery], err error) {
		if d.Hook, err = hookOf(ctx, tx, r); err != nil {
			return list, err
		}
		if list, err = webhook.Deliveries(ctx, tx, d.Hook, web.PageOf(r, deliveryPageSize)); err != nil {
			return list, err
		}
		by, err := people.Named(ctx, tx, d.Hook.CreatedBy)
		d.By = by[d.Hook.CreatedBy].Name
		return list, err
	})
	if err != nil {
		return err
	}
	d.Rows = list.Items
	d.Earlier, d.Later = evidenceCursors(r, list.Earlier, list.Later)
	d.Fields = webhook.Fields{Name: d.Hook.Name, Format: d.Hook.Format, Events: d.Hook.Events}
	if change != nil {
		change(&d)
	}
	return app.page(w, r, code, webhooks.Page(d))
}

func hookOf(ctx context.Context, tx *models.Tx, r *http.Request) (webhook.Hook, error) {
	id, err := web.ID(r, "hook")
	if err != nil {
		return webhook.Hook{}, err
	}
	return webhook.ByID(ctx, tx, id)
}

// hookChange runs a verb on the webhook in the address, as it was when the form was
// filled in, and returns it.
func (app *App) hookChange(r *http.Request, f *web.Values, verb func(context.Context, *models.Tx, *webhook.Hook) error) (webhook.Hook, error) {
	rev := f.Rev()
	if err := f.Err(); err != nil {
		return webhook.Hook{}, err
	}
	return write(app, r, func(ctx context.Context, tx *models.Tx) (webhook.Hook, error) {
		h, err := hookOf(ctx, tx, r)
		if err != nil {
			return h, err
		}
		h.Rev = rev
		return h, verb(ctx, tx, &h)
	})
}

func (app *App) webhookSave(w http.ResponseWriter, r *http.Request) error {
	f := web.Form(r)
	in := app.hookFields(f)
	h, err := app.hookChange(r, f, func(ctx context.Context, tx *models.Tx, h *webhook.Hook) error {
		return webhook.Change(ctx, tx, h, app.sealedFor(h.UID, in))
	})
	if wrong := web.Errors(err); wrong != nil {
		return app.webhookAgain(w, r, web.Status(err), func(d *webhooks.PageData) { d.Errors, d.Fields = wrong, typedHook(f, in) })
	}
	if err != nil {
		return err
	}
	web.Flash(w, r, "ok", "Saved.")
	return web.SeeOther(w, r, "/"+h.Path())
}

func (app *App) webhookSwitch(w http.ResponseWriter, r *http.Request) error {
	f := web.Form(r)
	to := webhook.Off
	if f.Bool("on") {
		to = webhook.On
	}
	h, err := app.hookChange(r, f, func(ctx context.Context, tx *models.Tx, h *webhook.Hook) error { return webhook.Switch(ctx, tx, h, to) })
	if err != nil {
		return err
	}
	web.Flash(w, r, "ok", "The webhook is "+string(h.Status)+".")
	return web.SeeOther(w, r, "/"+h.Path())
}

// webhookSecret answers with the new secret, which is shown this once.
func (app *App) webhookSecret(w http.ResponseWriter, r *http.Request) error {
	if app.HookBox == nil {
		return noHosts
	}
	var secret string
	h, err := app.hookChange(r, web.Form(r), func(ctx context.Context, tx *models.Tx, h *webhook.Hook) error {
		var sealed string
		secret, sealed = jobs.NewSecret(app.HookBox, h.UID)
		return webhook.Resecret(ctx, tx, h, sealed)
	})
	if err != nil {
		return err
	}
	return app.page(w, r, http.StatusOK, webhooks.Secret(webhooks.SecretData{Hook: h, Secret: secret}))
}

func (app *App) webhookTest(w http.ResponseWriter, r *http.Request) error {
	h, err := write(app, r, func(ctx context.Context, tx *models.Tx) (webhook.Hook, error) {
		h, err := hookOf(ctx, tx, r)
		if err != nil {
			return h, err
		}
		return h, webhook.Test(ctx, tx, h)
	})
	if err != nil {
		return err
	}
	web.Flash(w, r, "ok", "A test message is on its way. How it went stands below within seconds.")
	return web.SeeOther(w, r, "/"+h.Path())
}
