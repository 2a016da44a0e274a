package idp_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"assay/internal/idp"

	"github.com/go-jose/go-jose/v4"
)

const verifier = "a-verifier-of-forty-three-characters-or-more-0123456789"

// site is a client of the provider: it keeps the logout tokens it is sent.
type site struct {
	t      *testing.T
	idp    *idp.Server
	issuer string
	back   string
	now    time.Time
	mu     sync.Mutex
	told   []string
}

func newSite(t *testing.T) *site {
	t.Helper()
	s := &site{t: t, now: time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)}
	rp := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.told = append(s.told, r.PostFormValue("logout_token"))
	}))
	t.Cleanup(rp.Close)
	s.back = rp.URL + "/auth/demo/callback"

	server := httptest.NewUnstartedServer(nil)
	s.issuer = "http://" + server.Listener.Addr().String() + "/demo-idp"
	provider, err := idp.New(idp.Config{
		Issuer: s.issuer,
		Now:    func() time.Time { return s.now },
		People: []idp.Person{
			{Email: "maya@halyard.example", Name: "Maya Lindqvist", Title: "Head of compliance", Role: "Compliance manager", Groups: []string{"assay-compliance"}},
			{Email: "o'brien@halyard.example", Name: "Ann O'Brien", Title: "SRE", Role: "Control owner", Groups: []string{"assay-owners"}},
		},
		Clients: []idp.Client{
			{ID: "assay", Secret: "s3cret/+%", RedirectURIs: []string{s.back}, LogoutReturns: []string{rp.URL + "/"}, BackChannel: rp.URL + "/auth/demo/logout"},
			{ID: "other", Secret: "another", RedirectURIs: []string{"http://127.0.0.1:1/cb"}},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	s.idp = provider
	server.Config.Handler = provider
	server.Start()
	t.Cleanup(server.Close)
	return s
}

func (s *site) request(change ...func(url.Values)) url.Values {
	sum := sha256.Sum256([]byte(verifier))
	v := url.Values{
		"client_id": {"assay"}, "redirect_uri": {s.back}, "response_type": {"code"},
		"scope": {"openid email profile groups"}, "state": {"st-1"}, "nonce": {"no-1"},
		"code_challenge":        {base64.RawURLEncoding.EncodeToString(sum[:])},
		"code_challenge_method": {"S256"},
	}
	for _, c := range change {
		c(v)
	}
	return v
}

var direct = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}

// press sends the sign-in form and returns what the client is told.
func (s *site) press(login string, v url.Values) (*http.Response, url.Values) {
	s.t.Helper()
	v.Set("login", login)
	resp, err := direct.PostForm(s.issuer+"/authorize", v)
	if err != nil {
		s.t.Fatal(err)
	}
	resp.Body.Close()
	at, err := resp.Location()
	if err != nil {
		return resp, nil
	}
	return resp, at.Query()
}

func (s *site) code() string {
	s.t.Helper()
	_, answer := s.press("maya@halyard.example", s.request())
	if answer.Get("code") == "" || answer.Get("state") != "st-1" || answer.Get("iss") != s.issuer {
		s.t.Fatalf("sign-in answered %v", answer)
	}
	return answer.Get("code")
}

func (s *site) exchange(code string, change ...func(url.Values)) (int, map[string]any) {
	s.t.Helper()
	v := url.Values{
		"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {s.back},
		"code_verifier": {verifier}, "client_id": {"assay"}, "client_secret": {"s3cret/+%"},
	}
	for _, c := range change {
		c(v)
	}
	resp, err := http.PostForm(s.issuer+"/token", v)
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.Header.Get("Cache-Control") != "no-store" {
		s.t.Error("a token response may be kept by a cache")
	}
	var body map[string]any
	if err := json.NewDecoder(resp.Body).Decode(&body); err != nil {
		s.t.Fatal(err)
	}
	return resp.StatusCode, body
}

// claims verifies a token against the published keys.
func (s *site) claims(token string) (header jose.Header, claims map[string]any) {
	s.t.Helper()
	resp, err := http.Get(s.issuer + "/keys")
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	var set jose.JSONWebKeySet
	if err := json.NewDecoder(resp.Body).Decode(&set); err != nil {
		s.t.Fatal(err)
	}
	if len(set.Keys) != 1 || !set.Keys[0].IsPublic() {
		s.t.Fatalf("published keys: %+v", set)
	}
	parsed, err := jose.ParseSigned(token, []jose.SignatureAlgorithm{jose.ES256})
	if err != nil {
		s.t.Fatal(err)
	}
	payload, err := parsed.Verify(set.Keys[0])
	if err != nil {
		s.t.Fatal(err)
	}
	if err := json.Unmarshal(payload, &claims); err != nil {
		s.t.Fatal(err)
	}
	return parsed.Signatures[0].Header, claims
}

func set(key, value string) func(url.Values) { return func(v url.Values) { v.Set(key, value) } }
func del(key string) func(url.Values)        { return func(v url.Values) { v.Del(key) } }

func TestASignInYieldsVerifiableClaims(t *testing.T) {
	s := newSite(t)
	status, body := s.exchange(s.code())
	if status != http.StatusOK {
		t.Fatalf("token endpoint answered %d %v", status, body)
	}
	_, c := s.claims(body["id_token"].(string))
	if c["iss"] != s.issuer || c["aud"] != "assay" || c["nonce"] != "no-1" || c["email"] != "maya@halyard.example" || c["name"] != "Maya Lindqvist" {
		t.Errorf("claims are %v", c)
	}
	if sub, _ := c["sub"].(string); len(sub) < 20 || strings.Contains(sub, "@") {
		t.Errorf("the subject %q is not opaque", sub)
	}
	if groups, _ := c["groups"].([]any); len(groups) != 1 || groups[0] != "assay-compliance" {
		t.Errorf("groups are %v", c["groups"])
	}
	sum := sha256.Sum256([]byte(body["access_token"].(string)))
	if c["at_hash"] != base64.RawURLEncoding.EncodeToString(sum[:16]) {
		t.Error("at_hash does not belong to the access token")
	}
}

func TestASubjectSurvivesARestartAndScopesLimitTheClaims(t *testing.T) {
	one, two := newSite(t), newSite(t)
	_, a := one.exchange(one.code())
	_, answer := two.press("maya@halyard.example", two.request(set("scope", "openid")))
	_, b := two.exchange(answer.Get("code"))
	_, first := one.claims(a["id_token"].(string))
	_, second := two.claims(b["id_token"].(string))
	if first["sub"] != second["sub"] {
		t.Errorf("the subject changed from %v to %v", first["sub"], second["sub"])
	}
	for _, name := range []string{"email", "name", "groups"} {
		if _, sent := second[name]; sent {
			t.Errorf("%s was sent without its scope", name)
		}
	}
}

func TestRequestsThatAreNotRedirected(t *testing.T) {
	s := newSite(t)
	for name, v := range map[string]url.Values{
		"an unknown client":                     s.request(set("client_id", "nobody")),
		"no redirect address":                   s.request(del("redirect_uri")),
		"a redirect address with a path behind": s.request(set("redirect_uri", s.back+"/x")),
		"a redirect address with a query":       s.request(set("redirect_uri", s.back+"?x=1")),
		"another client's redirect address":     s.request(set("redirect_uri", "http://127.0.0.1:1/cb")),
		"a parameter sent twice":                s.request(func(v url.Values) { v.Add("client_id", "assay") }),
	} {
		resp, err := direct.Get(s.issuer + "/authorize?" + v.Encode())
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != http.StatusBadRequest || resp.Header.Get("Location") != "" {
			t.Errorf("%s: %d, Location %q", name, resp.StatusCode, resp.Header.Get("Location"))
		}
	}
}

func TestRequestsThatAreReportedToTheClient(t *testing.T) {
	s := newSite(t)
	for name, tc := range map[string]struct {
		change func(url.Values)
		want   string
	}{
		"no PKCE":                        {del("code_challenge"), "invalid_request"},
		"PKCE in the clear":              {set("code_challenge_method", "plain"), "invalid_request"},
		"PKCE without a method":          {del("code_challenge_method"), "invalid_request"},
		"a challenge that is no digest":  {set("code_challenge", "short"), "invalid_request"},
		"the implicit flow":              {set("response_type", "id_token"), "unsupported_response_type"},
		"the hybrid flow":                {set("response_type", "code id_token"), "unsupported_response_type"},
		"an answer in the fragment":      {set("response_mode", "fragment"), "invalid_request"},
		"no openid in the scope":         {set("scope", "email"), "invalid_scope"},
		"a request object":               {set("request", "e30.e30."), "request_not_supported"},
		"a request object by reference":  {set("request_uri", "http://127.0.0.1/"), "request_uri_not_supported"},
		"a sign-in that may not be seen": {set("prompt", "none"), "login_required"},
	} {
		_, answer := s.press("maya@halyard.example", s.request(tc.change))
		if answer.Get("error") != tc.want || answer.Get("state") != "st-1" || answer.Get("iss") != s.issuer || answer.Has("code") {
			t.Errorf("%s: %v, want %s", name, answer, tc.want)
		}
	}
}

func TestACodeIsBoundAndSingleUse(t *testing.T) {
	s := newSite(t)
	for name, tc := range map[string]struct {
		change func(url.Values)
		want   string
	}{
		"another verifier":           {set("code_verifier", strings.Repeat("x", 43)), "invalid_grant"},
		"no verifier":                {del("code_verifier"), "invalid_grant"},
		"the challenge as verifier":  {set("code_verifier", s.request().Get("code_challenge")), "invalid_grant"},
		"another redirect address":   {set("redirect_uri", "http://127.0.0.1:1/cb"), "invalid_grant"},
		"no redirect address":        {del("redirect_uri"), "invalid_grant"},
		"a code nobody issued":       {set("code", "ABCDEFGH"), "invalid_grant"},
		"the wrong secret":           {set("client_secret", "guess"), "invalid_client"},
		"no secret":                  {del("client_secret"), "invalid_client"},
		"an unknown client":          {set("client_id", "nobody"), "invalid_client"},
		"a grant that is not a code": {set("grant_type", "client_credentials"), "unsupported_grant_type"},
		"the password grant":         {set("grant_type", "password"), "unsupported_grant_type"},
		"a parameter sent twice":     {func(v url.Values) { v.Add("code", "x") }, "invalid_request"},
		"another client": {func(v url.Values) {
			v.Set("client_id", "other")
			v.Set("client_secret", "another")
		}, "invalid_grant"},
	} {
		if status, body := s.exchange(s.code(), tc.change); status/100 != 4 || body["error"] != tc.want {
			t.Errorf("%s: %d %v, want %s", name, status, body, tc.want)
		}
	}

	code := s.code()
	s.exchange(code, set("code_verifier", strings.Repeat("x", 43)))
	if status, _ := s.exchange(code); status == http.StatusOK {
		t.Error("a code could be tried again after a wrong verifier")
	}
}

func TestACodeRunsOutAfterAMinute(t *testing.T) {
	s := newSite(t)
	fresh, stale := s.code(), s.code()
	s.now = s.now.Add(idp.CodeLife)
	if status, body := s.exchange(fresh); status != http.StatusOK {
		t.Errorf("at the last moment: %d %v", status, body)
	}
	s.now = s.now.Add(time.Second)
	if status, body := s.exchange(stale); status != http.StatusBadRequest {
		t.Errorf("a second late: %d %v", status, body)
	}
}

func TestACodeSeenTwiceTakesTheTokensBack(t *testing.T) {
	s := newSite(t)
	code := s.code()
	_, body := s.exchange(code)
	token := body["access_token"].(string)
	if s.whoami(token) != http.StatusOK {
		t.Fatal("the access token does not work")
	}
	if status, _ := s.exchange(code); status != http.StatusBadRequest {
		t.Errorf("the second exchange answered %d", status)
	}
	if got := s.whoami(token); got != http.StatusUnauthorized {
		t.Errorf("after a replay the access token still answers %d", got)
	}
}

func (s *site) whoami(token string) int {
	s.t.Helper()
	req, _ := http.NewRequest(http.MethodGet, s.issuer+"/userinfo", nil)
	req.Header.Set("Authorization", "Bearer "+token)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	resp.Body.Close()
	return resp.StatusCode
}

func TestTheSecretMayTravelInTheHeaderButNotTwice(t *testing.T) {
	s := newSite(t)
	send := func(inForm bool) int {
		v := url.Values{"grant_type": {"authorization_code"}, "code": {s.code()}, "redirect_uri": {s.back}, "code_verifier": {verifier}}
		if inForm {
			v.Set("client_secret", "s3cret/+%")
		}
		req, _ := http.NewRequest(http.MethodPost, s.issuer+"/token", strings.NewReader(v.Encode()))
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.SetBasicAuth("assay", url.QueryEscape("s3cret/+%"))
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		return resp.StatusCode
	}
	if got := send(false); got != http.StatusOK {
		t.Errorf("client_secret_basic answered %d", got)
	}
	if got := send(true); got != http.StatusUnauthorized {
		t.Errorf("two secrets answered %d", got)
	}
}

func TestThePageIsOneFormWithAButtonPerPerson(t *testing.T) {
	s := newSite(t)
	resp, err := http.Get(s.issuer + "/authorize?" + s.request(set("state", `"><script>x</script>`)).Encode())
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, _ := io.ReadAll(resp.Body)
	html := string(body)
	if strings.Count(html, "<form") != 1 || strings.Contains(html, "<script") {
		t.Errorf("the page is not one plain form:\n%s", html)
	}
	buttons := regexp.MustCompile(`<button name="login" value="([^"]+)">`).FindAllStringSubmatch(html, -1)
	if len(buttons) != 2 || buttons[0][1] != "maya@halyard.example" {
		t.Errorf("buttons: %v", buttons)
	}
	for _, words := range []string{"Maya Lindqvist", "Head of compliance", "Compliance manager"} {
		if !strings.Contains(html, words) {
			t.Errorf("the page does not say %q", words)
		}
	}
	csp := resp.Header.Get("Content-Security-Policy")
	if !strings.Contains(csp, "default-src 'none'") || !strings.Contains(csp, "form-action 'self' "+strings.TrimSuffix(s.back, "/auth/demo/callback")) {
		t.Errorf("policy is %q", csp)
	}
}

func TestAnotherSiteCannotPressAButton(t *testing.T) {
	s := newSite(t)
	v := s.request(set("login", "maya@halyard.example"))
	req, _ := http.NewRequest(http.MethodPost, s.issuer+"/authorize", strings.NewReader(v.Encode()))
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Origin", "https://evil.example")
	req.Header.Set("Sec-Fetch-Site", "cross-site")
	resp, err := direct.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusBadRequest {
		t.Errorf("answered %d to %q", resp.StatusCode, resp.Header.Get("Location"))
	}
}

func TestOnlyThisMachineIsAnswered(t *testing.T) {
	s := newSite(t)
	for name, tc := range map[string]struct {
		remote, host string
		want         int
	}{
		"this machine":              {"127.0.0.1:5000", "127.0.0.1:8080", http.StatusOK},
		"this machine over IPv6":    {"[::1]:5000", "[::1]:8080", http.StatusOK},
		"this machine by name":      {"127.0.0.1:5000", "localhost:8080", http.StatusOK},
		"another machine":           {"192.0.2.7:5000", "127.0.0.1:8080", http.StatusForbidden},
		"a name bound to loopback":  {"127.0.0.1:5000", "rebind.example:8080", http.StatusForbidden},
		"a name that begins right":  {"127.0.0.1:5000", "127.0.0.1.example", http.StatusForbidden},
		"a peer without an address": {"", "127.0.0.1", http.StatusForbidden},
	} {
		r := httptest.NewRequest(http.MethodGet, "/demo-idp/keys", nil)
		r.RemoteAddr, r.Host = tc.remote, tc.host
		w := httptest.NewRecorder()
		s.idp.ServeHTTP(w, r)
		if w.Code != tc.want {
			t.Errorf("%s: %d, want %d", name, w.Code, tc.want)
		}
	}
}

func TestConfigurationIsRefused(t *testing.T) {
	good := idp.Client{ID: "a", Secret: "b", RedirectURIs: []string{"http://127.0.0.1/cb"}}
	for name, c := range map[string]idp.Config{
		"an issuer on the network":       {Issuer: "http://192.0.2.1/idp"},
		"an issuer that is a name":       {Issuer: "https://login.example"},
		"an issuer with a slash behind":  {Issuer: "http://127.0.0.1/"},
		"a client without a secret":      {Issuer: "http://127.0.0.1", Clients: []idp.Client{{ID: "a", RedirectURIs: good.RedirectURIs}}},
		"a person without an address":    {Issuer: "http://127.0.0.1", Clients: []idp.Client{good}, People: []idp.Person{{Name: "x"}}},
		"two people behind one address":  {Issuer: "http://127.0.0.1", People: []idp.Person{{Email: "a@b"}, {Email: "a@b"}}},
		"two people behind one identity": {Issuer: "http://127.0.0.1", People: []idp.Person{{Email: "a@b", Subject: "1"}, {Email: "c@d", Subject: "1"}}},
	} {
		if _, err := idp.New(c); err == nil {
			t.Errorf("%s was accepted", name)
		}
	}
}

func TestARefreshTokenIsGoodOnceAndWhileTheSignInLasts(t *testing.T) {
	s := newSite(t)
	_, answer := s.press("maya@halyard.example", s.request(set("scope", "openid email groups offline_access")))
	_, body := s.exchange(answer.Get("code"))
	first, _ := body["refresh_token"].(string)
	if first == "" {
		t.Fatal("no refresh token for offline_access")
	}
	renew := func(token string, change ...func(url.Values)) (int, map[string]any) {
		v := []func(url.Values){set("grant_type", "refresh_token"), set("refresh_token", token), del("code"), del("code_verifier"), del("redirect_uri")}
		return s.exchange("", append(v, change...)...)
	}
	if status, _ := renew(first, set("client_id", "other"), set("client_secret", "another")); status != http.StatusBadRequest {
		t.Errorf("another site renewed it: %d", status)
	}
	s.now = s.now.Add(time.Hour)
	status, body := renew(first)
	second, _ := body["refresh_token"].(string)
	if status != http.StatusOK || second == "" || second == first {
		t.Fatalf("renewing answered %d", status)
	}
	_, claims := s.claims(body["id_token"].(string))
	if claims["auth_time"] != float64(s.now.Add(-time.Hour).Unix()) || claims["iat"] != float64(s.now.Unix()) || claims["email"] != "maya@halyard.example" {
		t.Errorf("the renewed token says %v", claims)
	}
	for name, token := range map[string]string{"a spent one": first, "an ID token": body["id_token"].(string), "none": ""} {
		if status, _ := renew(token); status != http.StatusBadRequest {
			t.Errorf("%s: %d", name, status)
		}
	}
	if _, body := s.exchange(s.code()); body["refresh_token"] != nil {
		t.Error("a refresh token nobody asked for")
	}
	if err := s.idp.Deactivate(t.Context(), "maya@halyard.example"); err != nil {
		t.Fatal(err)
	}
	s.idp.Reactivate("maya@halyard.example")
	if status, _ := renew(second); status != http.StatusBadRequest {
		t.Errorf("a leaver who came back kept the old sign-in: %d", status)
	}
}
