package web

import (
	"encoding/base64"
	"net/http"
	"strings"
)

const flashCookie = "flash"

// Flash leaves a sentence for the next page that this browser is shown. It travels in
// a cookie, so that any replica can answer next; it is text and is escaped like any
// other. Kind is "ok", or "bad" for what must not fade away by itself.
func Flash(w http.ResponseWriter, r *http.Request, kind, text string) {
	http.SetCookie(w, &http.Cookie{
		Name: flashCookie, Value: base64.RawURLEncoding.EncodeToString([]byte(kind + "\n" + text)),
		Path: "/", MaxAge: 60, HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: r.TLS != nil || r.Header.Get("X-Forwarded-Proto") == "https",
	})
}

// TakeFlash returns what Flash left and clears it.
func TakeFlash(w http.ResponseWriter, r *http.Request) (kind, text string, ok bool) {
	c, err := r.Cookie(flashCookie)
	if err != nil || c.Value == "" {
		return "", "", false
	}
	http.SetCookie(w, &http.Cookie{Name: flashCookie, Path: "/", MaxAge: -1, HttpOnly: true, SameSite: http.SameSiteLaxMode})
	b, err := base64.RawURLEncoding.DecodeString(c.Value)
	if err != nil || len(b) > 1000 {
		return "", "", false
	}
	kind, text, ok = strings.Cut(string(b), "\n")
	return kind, text, ok && text != ""
}
