package handlers

import (
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"assay/templates/signins"
	"assay/web"
)

// signInFirst sends a visitor to the sign-in page, which brings them back. A form that came
// too late is not thrown away: the page that says so carries what was typed and can send it
// once more.
func (app *App) signInFirst(w http.ResponseWriter, r *http.Request) {
	if lost, ok := lostForm(w, r); ok {
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
// is kept: nobody is known who could be charged with their bytes; their names are, so that
// they can be chosen again. ok is false for what no page of ours sends as a form.
func lostForm(w http.ResponseWriter, r *http.Request) (lost signins.LostData, ok bool) {
	if r.Method != http.MethodPost || r.Header.Get("HX-Request") != "" {
		return lost, false
	}
	lost.Action = r.URL.RequestURI()
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	switch {
	case err != nil:
		return lost, false
	case kind == "multipart/form-data":
		r.Body = web.UploadPace.Body(w, r.Body)
		lost.Files, lost.Fields = lostParts(r)
		return lost, true
	case kind != "application/x-www-form-urlencoded" || r.ParseForm() != nil || len(r.PostForm) == 0:
		return lost, false
	}
	for name, values := range r.PostForm {
		for _, v := range values {
			lost.Fields = append(lost.Fields, signins.Field{Name: name, Value: v})
		}
	}
	slices.SortStableFunc(lost.Fields, func(a, b signins.Field) int { return strings.Compare(a.Name, b.Name) })
	return lost, true
}

// lostMost is how much is read of a form with files that came too late, and lostParts how
// many parts of it: the fields come first, and a file that is too large to be read past
// hides the names of those after it.
const (
	lostMost      = 8 << 20
	lostPartsMost = 200
)

// lostParts reads the fields and the names of the files, under the name of their field.
func lostParts(r *http.Request) (files map[string][]string, fields []signins.Field) {
	files = map[string][]string{}
	parts, err := r.MultipartReader()
	for left := int64(lostMost); err == nil && left > 0 && len(fields) < lostPartsMost && len(files["files"]) < lostPartsMost; {
		part, next := parts.NextPart()
		if next != nil {
			break
		}
		body := io.LimitReader(part, left)
		var read int64
		if name := part.FileName(); name != "" {
			files[part.FormName()] = append(files[part.FormName()], strings.ToValidUTF8(name, ""))
			read, err = io.Copy(io.Discard, body)
		} else if part.FormName() != "" {
			var value []byte
			value, err = io.ReadAll(body)
			read = int64(len(value))
			fields = append(fields, signins.Field{Name: part.FormName(), Value: strings.ToValidUTF8(string(value), "")})
		}
		left -= read
	}
	return files, fields
}
