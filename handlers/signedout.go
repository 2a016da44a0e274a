package handlers

import (
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"assay/templates/signins"
)

// signInFirst sends a visitor to the sign-in page, which brings them back. A form that came
// too late is not thrown away: the page that says so carries what was typed and can send it
// once more.
func (app *App) signInFirst(w http.ResponseWriter, r *http.Request) {
	if lost, ok := lostForm(r); ok {
		if err := app.page(w, r, http.StatusUnauthorized, signins.Lost(lost)); err == nil {
			return
		}
	}
	target := "/signin"
	if r.Method == http.MethodGet && r.URL.Path != "/" {
		target += "?return_to=" + url.QueryEscape(r.URL.RequestURI())
	}
	http.Redirect(w, r, target, http.StatusSeeOther)
}

// lostForm is a form that somebody sent after their session ended. Files are not among what
// is kept: nobody is known who could be charged with their bytes. ok is false for what no
// page of ours sends as a form.
func lostForm(r *http.Request) (lost signins.LostData, ok bool) {
	if r.Method != http.MethodPost || r.Header.Get("HX-Request") != "" {
		return lost, false
	}
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	switch {
	case err != nil:
		return lost, false
	case kind == "multipart/form-data":
		return signins.LostData{Files: true}, true
	case kind != "application/x-www-form-urlencoded" || r.ParseForm() != nil || len(r.PostForm) == 0:
		return lost, false
	}
	lost.Action = r.URL.RequestURI()
	for name, values := range r.PostForm {
		for _, v := range values {
			lost.Fields = append(lost.Fields, signins.Field{Name: name, Value: v})
		}
	}
	slices.SortStableFunc(lost.Fields, func(a, b signins.Field) int { return strings.Compare(a.Name, b.Name) })
	return lost, true
}
