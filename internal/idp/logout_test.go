package idp_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

func (s *site) logout(v url.Values) *http.Response {
	s.t.Helper()
	resp, err := direct.Get(s.issuer + "/logout?" + v.Encode())
	if err != nil {
		s.t.Fatal(err)
	}
	resp.Body.Close()
	return resp
}

func TestSigningOutTellsTheSiteAndReturns(t *testing.T) {
	s := newSite(t)
	_, body := s.exchange(s.code())
	hint := body["id_token"].(string)
	_, identity := s.claims(hint)
	home := strings.TrimSuffix(s.back, "auth/demo/callback")
	s.now = s.now.Add(time.Hour) // the hint has expired; it still says who

	resp := s.logout(url.Values{"id_token_hint": {hint}, "post_logout_redirect_uri": {home}, "state": {"bye"}})
	if resp.StatusCode != http.StatusSeeOther || resp.Header.Get("Location") != home+"?state=bye" {
		t.Errorf("answered %d to %q", resp.StatusCode, resp.Header.Get("Location"))
	}
	if len(s.told) != 1 {
		t.Fatalf("%d logout tokens arrived", len(s.told))
	}
	header, c := s.claims(s.told[0])
	if header.ExtraHeaders["typ"] != "logout+jwt" || c["sub"] != identity["sub"] || c["sid"] != identity["sid"] || c["aud"] != "assay" || c["jti"] == "" {
		t.Errorf("logout token is %v %v", header, c)
	}
	if _, ok := c["nonce"]; ok {
		t.Error("the logout token carries a nonce")
	}
	events, _ := c["events"].(map[string]any)
	if _, ok := events["http://schemas.openid.net/event/backchannel-logout"]; !ok {
		t.Errorf("events are %v", c["events"])
	}
	if got := s.whoami(body["access_token"].(string)); got != http.StatusUnauthorized {
		t.Errorf("after signing out the access token still answers %d", got)
	}
}

func TestAStrayLinkSignsNobodyOut(t *testing.T) {
	s := newSite(t)
	_, body := s.exchange(s.code())
	hint := body["id_token"].(string)
	for name, v := range map[string]url.Values{
		"no hint":               {},
		"a hint nobody signed":  {"id_token_hint": {hint[:strings.LastIndex(hint, ".")] + ".AAAA"}},
		"another site's name":   {"id_token_hint": {hint}, "client_id": {"other"}},
		"an address not listed": {"id_token_hint": {hint}, "post_logout_redirect_uri": {"https://evil.example/"}},
	} {
		if resp := s.logout(v); resp.StatusCode != http.StatusBadRequest || resp.Header.Get("Location") != "" {
			t.Errorf("%s: %d to %q", name, resp.StatusCode, resp.Header.Get("Location"))
		}
	}
	if len(s.told) != 0 || s.whoami(body["access_token"].(string)) != http.StatusOK {
		t.Error("somebody was signed out")
	}
}

func TestDeactivatingAPersonTellsEverySignIn(t *testing.T) {
	s := newSite(t)
	s.exchange(s.code())
	_, body := s.exchange(s.code())
	waiting := s.code()
	if err := s.idp.Deactivate(t.Context(), "maya@halyard.example"); err != nil {
		t.Fatal(err)
	}
	if len(s.told) != 2 {
		t.Errorf("%d of 2 sign-ins were announced", len(s.told))
	}
	if got := s.whoami(body["access_token"].(string)); got != http.StatusUnauthorized {
		t.Errorf("the access token still answers %d", got)
	}
	if status, _ := s.exchange(waiting); status != http.StatusBadRequest {
		t.Errorf("a code issued before still answers %d", status)
	}
	if resp, _ := s.press("maya@halyard.example", s.request()); resp.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("the button still answers %d", resp.StatusCode)
	}
	if err := s.idp.Deactivate(t.Context(), "nobody@halyard.example"); err == nil {
		t.Error("deactivating nobody succeeded")
	}
	s.idp.Reactivate("maya@halyard.example")
	s.code()
}
