package handlers

import (
	"assay/models/access"
	"assay/web"
)

// Routes is every address the product answers, and what each one needs.
func (app *App) Routes() []web.Route {
	return []web.Route{
		web.Get("/healthz", access.Public, app.health),
		web.Get("/static/*", access.Public, app.static),
		web.Get("/", access.SignedIn, app.home),
		web.Get("/components", access.SignedIn, app.components),
	}
}
