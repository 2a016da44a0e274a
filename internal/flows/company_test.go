package flows_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"assay/handlers"
	"assay/internal/browser"
	"assay/internal/idp"
	"assay/internal/testenv"
)

// The four people of the job, and the administrator who invites the one from outside.
const (
	admin    = "ada@example.com"
	manager  = "mara@example.com"
	owner    = "olu@example.com"
	verifier = "vera@example.com"
	auditor  = "aud@firm.example"
)

var staff = []idp.Person{
	{Email: admin, Name: "Ada Admin", Role: "Administrator", Groups: []string{"admins"}},
	{Email: manager, Name: "Mara Manager", Role: "Compliance manager", Groups: []string{"compliance"}},
	{Email: verifier, Name: "Vera Verifier", Role: "Compliance manager", Groups: []string{"compliance"}},
	{Email: owner, Name: "Olu Owner", Role: "Control owner", Groups: []string{"owners"}},
	{Email: auditor, Name: "Aud Auditor", Role: "External auditor", Groups: []string{"auditors"}},
}

// zone is where the company is.
const zone = "Europe/Berlin"

// A company is an installation that nobody has used, with the people who will.
type company struct {
	*testing.T
	*program
	dir    string
	addr   string
	env    []string
	script bool
	opened map[string]*browser.Page
}

// found runs the program as in production: `assay serve`, on the given database, behind
// a provider of its own that knows the staff.
func found(t *testing.T, databaseURL string, script bool) *company {
	t.Helper()
	addr, secret := freeAddr(t), strings.Repeat("s3cret", 6)
	issuer := provider(t, addr, secret)
	dir := t.TempDir()
	if databaseURL == "" {
		databaseURL = "sqlite://" + filepath.Join(dir, "assay.db")
	}
	env := []string{
		"ASSAY_DATABASE_URL=" + databaseURL, "ASSAY_BLOB_URL=file://" + filepath.Join(dir, "blobs"),
		"ASSAY_BASE_URL=http://" + addr, "ASSAY_SIGNING_KEY_FILE=" + filepath.Join(dir, "log.key"),
		"ASSAY_OIDC_ISSUER=" + issuer, "ASSAY_OIDC_CLIENT_ID=assay", "ASSAY_OIDC_CLIENT_SECRET=" + secret,
		"ASSAY_OIDC_ROLE_MAP=admins=administrator,compliance=compliance_manager,owners=control_owner,auditors=external_auditor",
	}
	c := &company{T: t, dir: dir, addr: addr, env: env, script: script, opened: map[string]*browser.Page{}}
	c.program = start(t, addr, env, "serve", "-addr", addr)
	t.Cleanup(func() { // before its database goes: it signs the log a last time
		if err := c.stop(); err != nil {
			t.Error(err)
		}
	})
	return c
}

// dies kills the program as a power cut would, and starts it again.
func (c *company) dies() {
	c.Helper()
	if err := c.cmd.Process.Kill(); err != nil {
		c.Fatal(err)
	}
	_ = c.cmd.Wait() // it was killed, and says so
	c.program = start(c.T, c.addr, c.env, "serve", "-addr", c.addr)
}

// provider is an OpenID provider for the product that will listen on addr.
func provider(t *testing.T, addr, secret string) (issuer string) {
	t.Helper()
	server := httptest.NewUnstartedServer(nil)
	issuer = "http://" + server.Listener.Addr().String() + "/staff"
	s, err := idp.New(idp.Config{Issuer: issuer, People: staff, Clients: []idp.Client{{
		ID: "assay", Secret: secret, RedirectURIs: []string{"http://" + addr + handlers.CallbackPath},
		LogoutReturns: []string{"http://" + addr + "/signin"},
	}}})
	if err != nil {
		t.Fatal(err)
	}
	server.Config.Handler = s
	server.Start()
	t.Cleanup(server.Close)
	return issuer
}

// as is somebody's browser, signed in since they first used it.
func (c *company) as(email string) *browser.Page {
	c.Helper()
	if p, ok := c.opened[email]; ok {
		return p
	}
	p := browser.Open(c.T, c.base)
	if !c.script {
		p.WithoutScript()
	}
	p.SignIn(email)
	c.opened[email] = p
	return p
}

// open goes to a page that has to be there.
func (c *company) open(p *browser.Page, path string) {
	c.Helper()
	c.want(p, p.Goto(path), 200)
}

// want fails the test when a page came with another status.
func (c *company) want(p *browser.Page, got, want int) {
	c.Helper()
	if got != want {
		c.Fatalf("%s: status %d, want %d; it reads:\n%s", p.Path(), got, want, p.Text("body"))
	}
}

// press presses a button that has to work.
func (c *company) press(p *browser.Page, selector string) {
	c.Helper()
	got := p.Follow(selector)
	if got == http.StatusUnauthorized { // more than five minutes since they signed in, and it gives rights
		got = c.again(p)
	}
	c.want(p, got, 200)
}

// again signs in once more, as the page asks, and goes on with what was entered.
func (c *company) again(p *browser.Page) int {
	c.Helper()
	for email, opened := range c.opened {
		if opened == p {
			c.want(p, p.Follow("main a.btn--primary"), 200)
			c.want(p, p.Follow(`button[name="login"][value="`+email+`"]`), 200)
		}
	}
	return p.Follow(browser.Button("Continue"))
}

// reads fails the test when the page lacks the words.
func (c *company) reads(p *browser.Page, words ...string) {
	c.Helper()
	for _, w := range words {
		if !p.Reads(w) {
			c.Fatalf("%s does not say %q; it reads:\n%s", p.Path(), w, p.Text("body"))
		}
	}
}

// file writes a file that somebody will upload.
func (c *company) file(name, content string) string {
	c.Helper()
	path := filepath.Join(c.dir, name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		c.Fatal(err)
	}
	return path
}

// day is the civil date days from now where the company is.
func day(days int) string { return here().AddDate(0, 0, days).Format(time.DateOnly) }

func here() time.Time {
	place, err := time.LoadLocation(zone)
	if err != nil {
		panic(err) // every Go has it, or the program would have refused it as well
	}
	return time.Now().In(place)
}

// postgres is the address of an empty PostgreSQL database.
func postgres(t *testing.T) string {
	t.Helper()
	return testenv.Postgres(t)
}
