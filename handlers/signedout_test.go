package handlers_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"assay/models/access"
)

// TestWhatWasTypedOutlivesTheSession: a form that comes after its sender was signed out
// changes nothing, and can be sent again from the page that says so.
func TestWhatWasTypedOutlivesTheSession(t *testing.T) {
	s := newShop(t)
	typed := []string{"title", "Seven accounts <b>", "condition", "First line.\nSecond line.", "source", "incident", "controls", "AC-03"}
	page := s.Post(access.Actor{}, "/findings", typed...).Want(http.StatusUnauthorized).Has("You are signed out", "nothing was changed", "Send it again")
	again := []string{}
	for i := 0; i < len(typed); i += 2 {
		if got := page.Field(typed[i]); got != typed[i+1] {
			t.Errorf("%s is kept as %q", typed[i], got)
		}
		again = append(again, typed[i], page.Field(typed[i]))
	}
	if !strings.Contains(page.Body, `action="/findings"`) || strings.Contains(page.Body, "<b>\"") {
		t.Errorf("the page does not send it to where it went:\n%s", page.Body)
	}
	s.Get(s.priya, "/findings/F-001").Want(http.StatusNotFound)
	s.Post(s.priya, "/findings", again...).Want(http.StatusSeeOther)
	s.Get(s.priya, "/findings/F-001").Want(http.StatusOK).Has("Seven accounts <b>", "Second line.")

	late := s.send(access.Actor{}, "/evidence", fields("source", "Okta <b>"), review, file{"huge.csv", strings.Repeat("user\n", 2<<20)}, file{"behind.csv", "a\n"}).Want(http.StatusUnauthorized)
	late.Has("files are not", "Choose again", review.name+", huge.csv").Lacks("behind.csv")
	if late.Field("source") != "Okta <b>" || !strings.Contains(late.Body, `action="/evidence" enctype="multipart/form-data"`) {
		t.Errorf("what was typed beside the files is lost:\n%s", late.Body)
	}
	r := httptest.NewRequest(http.MethodPost, "/uploads", http.NoBody) // a program's, which has its own words for it
	r.Header.Set("Content-Type", "application/offset+octet-stream")
	s.Do(access.Actor{}, r).Want(http.StatusSeeOther)
	if at := s.Get(access.Actor{}, "/findings?q=a").Want(http.StatusSeeOther).Location; at != "/signin?return_to=%2Ffindings%3Fq%3Da" {
		t.Errorf("a page leads to %s", at)
	}
}

// TestAFormThatWasSentBefore: going back and sending it again makes nothing twice, and
// drops nothing that is new.
func TestAFormThatWasSentBefore(t *testing.T) {
	s := newShop(t)
	s.send(s.owner, "/evidence", fields(), review).Want(http.StatusSeeOther)
	for what, files := range map[string][]file{"as it was": {review}, "without its file, as browsers come back": nil} {
		if at := s.send(s.owner, "/evidence", fields(), files...).Want(http.StatusSeeOther).Location; at != "/evidence/E-1" {
			t.Errorf("%s it leads to %s", what, at)
		}
	}
	page := s.send(s.owner, "/evidence", fields("source", "Entra"), file{"march.csv", "user\nben\n"}).Want(422).Has("made E-1. To make another item")
	if key := page.Field("key"); key == "" || key == "k1" || page.Field("source") != "Entra" {
		t.Errorf("the form comes back with key %q and source %q", key, page.Field("source"))
	}
	s.send(s.owner, "/evidence", fields("key", page.Field("key")), file{"march.csv", "user\nben\n"}).Want(http.StatusSeeOther)
	s.Get(s.owner, "/evidence/E-2").Want(200).Has("march.csv")
}
