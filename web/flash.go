package web

import (
	"encoding/base64"
	"net/http"
	"strings"
)

const flashCookie = "flash"

// Flash leaves a sentence for the next page that this browser is shown. It travels in
// a cookie, so that any replica can answer next and no neighbouring host can plant one;
// it is text and is escaped like any other. Kind is "ok", or "bad" for what must not fade away by itself.
func Flash(w http.ResponseWriter, r *http.Request, kind, text string) {
	http.SetCookie(w, SecretCookie(flashCookie, base64.RawURLEncoding.EncodeToString([]byte(kind+"\n"+text)), 60, secureSite(r)))
}

// TakeFlash returns what Flash left and clears it.
func TakeFlash(w http.ResponseWriter, r *http.Request) (kind, text string, ok bool) {
	value := Secret(r, flashCookie, secureSite(r))
	if value == "" {
		return "", "", false
	}
	http.SetCookie(w, SecretCookie(flashCookie, "", -1, secureSite(r)))
	b, err := base64.RawURLEncoding.DecodeString(value)
	if err != nil || len(b) > 1000 {
		return "", "", false
	}
	kind, text, ok = strings.Cut(string(b), "\n")
	return kind, text, ok && text != ""
}
