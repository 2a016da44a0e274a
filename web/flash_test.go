package web_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"

	"assay/models/access"
	"assay/web"
)

func TestAFlashIsShownOnceAndCannotBePlanted(t *testing.T) {
	for _, secure := range []bool{false, true} {
		var shown string
		mux := web.New([]web.Route{
			web.Post("/x", access.Public, func(w http.ResponseWriter, r *http.Request) error {
				web.Flash(w, r, "ok", "Kept.")
				return nil
			}),
			web.Get("/x", access.Public, func(w http.ResponseWriter, r *http.Request) error {
				_, shown, _ = web.TakeFlash(w, r)
				return nil
			}),
		}, web.Site{Secure: secure, Who: func(_ http.ResponseWriter, r *http.Request) (context.Context, access.Actor, error) {
			return r.Context(), access.Actor{}, nil
		}})
		ask := func(method string, cookies ...*http.Cookie) []*http.Cookie {
			r := httptest.NewRequest(method, "/x", http.NoBody)
			r.Header.Set("Sec-Fetch-Site", "same-origin")
			for _, c := range cookies {
				r.AddCookie(c)
			}
			rec := httptest.NewRecorder()
			mux.ServeHTTP(rec, r)
			return rec.Result().Cookies()
		}
		left := ask(http.MethodPost)
		if len(left) != 1 || left[0].Secure != secure || !left[0].HttpOnly || (left[0].Name == "__Host-flash") != secure {
			t.Fatalf("secure %v: the cookie is %v", secure, left)
		}
		gone := ask(http.MethodGet, left[0])
		if shown != "Kept." || len(gone) != 1 || gone[0].MaxAge >= 0 || gone[0].Name != left[0].Name || gone[0].Secure != secure {
			t.Errorf("secure %v: shown %q, then %v", secure, shown, gone)
		}
		if secure {
			ask(http.MethodGet, &http.Cookie{Name: "flash", Value: left[0].Value})
			if shown != "" {
				t.Errorf("a cookie that a neighbour can plant shows %q", shown)
			}
		}
	}
}
