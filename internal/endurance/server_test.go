// Package endurance holds the program to what it acknowledged while everything around it
// fails: it is killed, its disk fills up, its database is restarted, its replicas are
// replaced. The program is built and run as in production; only the tests are here.
package endurance_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/net/html"

	"assay/handlers"
	"assay/internal/idp"
	"assay/migrations"
	"assay/models"
	"assay/models/access"
	"assay/models/control"
	"assay/models/modelstest"
	"assay/models/programme"
)

var built struct {
	sync.Once
	path string
	err  error
}

func TestMain(m *testing.M) {
	code := m.Run()
	if built.path != "" {
		_ = os.RemoveAll(filepath.Dir(built.path)) // a temporary folder
	}
	os.Exit(code)
}

func program(tb testing.TB) string {
	tb.Helper()
	built.Do(func() {
		dir, err := os.MkdirTemp("", "assay-endurance-")
		if err != nil {
			built.err = err
			return
		}
		built.path = filepath.Join(dir, "assay")
		out, err := exec.Command("go", "build", "-o", built.path, "assay/cmd/assay").CombinedOutput()
		if err != nil {
			built.err = fmt.Errorf("%w\n%s", err, out)
		}
	})
	if built.err != nil {
		tb.Fatal(built.err)
	}
	return built.path
}

// A site is an installation with a company, a control, and one person who signed in.
type site struct {
	*testing.T
	dir, database string
	address       string // under which people reach it
	issuer        string
	cookies       http.CookieJar
}

const (
	person = "mara@example.com"
	secret = "s3cret-of-the-client"
)

// found makes an installation on a database, "" for SQLite, in a folder. base is the
// address that people use; listening there is the caller's business.
func found(t *testing.T, dir, database, base string) *site {
	t.Helper()
	if database == "" {
		database = "sqlite://" + filepath.Join(dir, "assay.db")
	}
	s := &site{T: t, dir: dir, database: database, address: base}
	s.provider()
	s.seed()
	return s
}

// provider is who signs people in.
func (s *site) provider() {
	s.Helper()
	server := httptest.NewUnstartedServer(nil)
	s.issuer = "http://" + server.Listener.Addr().String() + "/staff"
	p, err := idp.New(idp.Config{
		Issuer: s.issuer, People: []idp.Person{{Email: person, Name: "Mara Manager", Groups: []string{"compliance"}}},
		Clients: []idp.Client{{ID: "assay", Secret: secret, RedirectURIs: []string{"http://" + s.address + handlers.CallbackPath}}},
	})
	s.must(err)
	server.Config.Handler = p
	server.Start()
	s.Cleanup(server.Close)
}

func (s *site) must(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

// open opens the database of the site beside its servers.
func (s *site) open() *models.DB {
	s.Helper()
	db, err := models.Open(context.Background(), s.database)
	s.must(err)
	return db
}

func (s *site) seed() {
	s.Helper()
	db := s.open()
	defer db.Close()
	files, err := migrations.For(db.Dialect())
	s.must(err)
	_, _, err = db.Migrate(s.Context(), files)
	s.must(err)
	approver := modelstest.Person(s.T, db, access.Compliance)
	s.must(db.Write(s.Context(), access.Clock, func(tx *models.Tx) error {
		p := programme.Programme{Company: "Halyard", Zone: "UTC", Categories: []string{"security"}}
		if err := models.Insert(s.Context(), tx, &p, "programme.set_up"); err != nil {
			return err
		}
		c := control.Control{Code: "AC-01", Title: "Access", Frequency: "monthly", Status: control.Effective, Version: 1, CreatedAt: tx.Now}
		if err := models.Insert(s.Context(), tx, &c, "control.create"); err != nil {
			return err
		}
		if err := control.Place(s.Context(), tx, &c); err != nil {
			return err
		}
		v := control.Version{
			ControlID: c.ID, Code: c.Code, Number: 1, Status: control.Effective, AuthoredAt: tx.Now, EffectiveFrom: "2026-01-01", ApproverID: &approver.ID, ApprovedAt: &tx.Now,
			Content: control.Content{Title: c.Title, Frequency: c.Frequency, Statement: "Access is reviewed."},
		}
		return models.Insert(s.Context(), tx, &v, "control.approve")
	}))
}

// A server is the running program.
type server struct {
	*site
	cmd  *exec.Cmd
	base string
	said *notes
}

type notes struct {
	sync.Mutex
	bytes.Buffer
}

func (n *notes) Write(b []byte) (int, error) {
	n.Lock()
	defer n.Unlock()
	return n.Buffer.Write(b)
}

func (n *notes) String() string {
	n.Lock()
	defer n.Unlock()
	return n.Buffer.String()
}

// serve starts a server of the site on addr and waits until it is well.
func (s *site) serve(addr string, more ...string) *server {
	s.Helper()
	v := &server{site: s, base: "http://" + addr, said: &notes{}}
	v.cmd = exec.Command(program(s), append([]string{"serve", "-addr", addr}, more...)...)
	v.cmd.Env = append(os.Environ(),
		"ASSAY_DATABASE_URL="+s.database, "ASSAY_BLOB_URL=file://"+filepath.Join(s.dir, "blobs"),
		"ASSAY_BASE_URL=http://"+s.address, "ASSAY_SIGNING_KEY_FILE="+filepath.Join(s.dir, "log.key"),
		"ASSAY_OIDC_ISSUER="+s.issuer, "ASSAY_OIDC_CLIENT_ID=assay", "ASSAY_OIDC_CLIENT_SECRET="+secret,
		"ASSAY_OIDC_ROLE_MAP=compliance=compliance_manager", "ASSAY_MAX_FILES_PER_DAY=0")
	v.cmd.Stdout, v.cmd.Stderr = v.said, v.said
	s.must(v.cmd.Start())
	s.Cleanup(v.kill)
	for deadline := time.Now().Add(time.Minute); !well(v.base); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			s.Fatalf("the server does not answer; it says:\n%s", v.said)
		}
	}
	return v
}

var plain = &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}

func well(base string) bool {
	a, err := plain.Get(base + "/healthz")
	if err != nil {
		return false
	}
	_ = a.Body.Close() // the status is all that counts
	return a.StatusCode == http.StatusOK
}

// kill ends the server as a power cut would, as far as the page cache allows.
func (v *server) kill() {
	_ = v.cmd.Process.Kill()
	_ = v.cmd.Wait() // it was killed, or is gone already
}

// stop asks the server to end, and expects that it does so cleanly.
func (v *server) stop() {
	v.Helper()
	v.must(v.cmd.Process.Signal(syscall.SIGTERM))
	if err := v.cmd.Wait(); err != nil {
		v.Errorf("it did not stop cleanly: %v\n%s", err, v.said)
	}
}

// freeAddr is a loopback address that nobody listened on a moment ago.
func freeAddr(tb testing.TB) string {
	tb.Helper()
	l, err := new(net.ListenConfig).Listen(tb.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// signIn makes the person known to every later client of the site.
func (s *site) signIn() {
	s.Helper()
	jar, err := cookiejar.New(nil)
	s.must(err)
	c := &http.Client{Jar: jar, Timeout: time.Minute}
	door, err := c.Get("http://" + s.address + "/auth/start")
	s.must(err)
	defer door.Body.Close()
	doc, err := html.Parse(door.Body)
	s.must(err)
	fields, action := url.Values{"login": {person}}, ""
	for n := range doc.Descendants() {
		switch {
		case n.Type != html.ElementNode:
		case n.Data == "form" && action == "":
			action = attr(n, "action")
		case n.Data == "input":
			fields.Set(attr(n, "name"), attr(n, "value"))
		}
	}
	target, err := door.Request.URL.Parse(action)
	s.must(err)
	r, err := http.NewRequestWithContext(s.Context(), http.MethodPost, target.String(), strings.NewReader(fields.Encode()))
	s.must(err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	a, err := c.Do(r)
	s.must(err)
	defer a.Body.Close()
	if body, _ := io.ReadAll(a.Body); a.StatusCode != http.StatusOK {
		s.Fatalf("signing in ends with %d at %s:\n%s", a.StatusCode, a.Request.URL, body)
	}
	s.cookies = jar
}

func attr(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}
