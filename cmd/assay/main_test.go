package main

import (
	"bytes"
	"context"
	"database/sql"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"assay/internal/tlog"
)

// assay runs the program with arguments and variables.
func assay(t *testing.T, env map[string]string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, err bytes.Buffer
	code = run(t.Context(), args, func(k string) string { return env[k] }, &out, &err)
	return code, out.String(), err.String()
}

// production is a configuration with which assay serve would start.
func production(t *testing.T) map[string]string {
	t.Helper()
	dir := t.TempDir()
	return map[string]string{
		"ASSAY_ADDR":               "127.0.0.1:0",
		"ASSAY_DATABASE_URL":       "sqlite://" + filepath.Join(dir, "assay.db"),
		"ASSAY_BLOB_URL":           "file://" + filepath.Join(dir, "blobs"),
		"ASSAY_BASE_URL":           "https://assay.example.com",
		"ASSAY_SIGNING_KEY_FILE":   filepath.Join(dir, "log.key"),
		"ASSAY_OIDC_ISSUER":        "https://login.example.com",
		"ASSAY_OIDC_CLIENT_ID":     "assay",
		"ASSAY_OIDC_CLIENT_SECRET": "secret",
		"ASSAY_OIDC_ROLE_MAP":      "cn=grc=administrator",
	}
}

func TestWrongConfigurationIsOneSentence(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = taken.Close() }()
	type vars = map[string]string
	for _, c := range []struct {
		sentence string
		set      vars
		says     string
	}{
		{"no database", vars{"ASSAY_DATABASE_URL": ""}, "ASSAY_DATABASE_URL (-database-url) is missing; it should be sqlite:///"},
		{"a database of another kind", vars{"ASSAY_DATABASE_URL": "mysql://x"}, "ASSAY_DATABASE_URL (-database-url) should begin with sqlite:/// or postgres://."},
		{"a database that does not answer", vars{"ASSAY_DATABASE_URL": "postgres://assay@127.0.0.1:1/assay"}, "ASSAY_DATABASE_URL cannot be used: "},
		{"no blob store", vars{"ASSAY_BLOB_URL": ""}, "ASSAY_BLOB_URL (-blob-url) is missing; it should be file:///"},
		{"a blob store of another kind", vars{"ASSAY_BLOB_URL": "ftp://x/y"}, "ASSAY_BLOB_URL (-blob-url) should be file:///"},
		{"a blob store that is a file", vars{"ASSAY_BLOB_URL": "file://" + file}, "ASSAY_BLOB_URL cannot be used: "},
		{"an S3 store without a bucket", vars{"ASSAY_BLOB_URL": "s3://"}, "ASSAY_BLOB_URL cannot be used: "},
		{"an S3 server that does not answer", vars{"ASSAY_BLOB_URL": "s3://evidence?endpoint=http://127.0.0.1:1", "ASSAY_S3_ACCESS_KEY": "a", "ASSAY_S3_SECRET_KEY": "b"}, "the bucket evidence cannot be reached: the blob store does not answer"},
		{"half of the S3 keys", vars{"ASSAY_S3_ACCESS_KEY": "a"}, "ASSAY_S3_SECRET_KEY (-s3-secret-key) and -s3-access-key belong together"},
		{"a scanner's address that is none", vars{"ASSAY_CLAMD_ADDR": "localhost:3310"}, "ASSAY_CLAMD_ADDR cannot be used: the scanner's address"},
		{"no base URL", vars{"ASSAY_BASE_URL": ""}, "ASSAY_BASE_URL (-base-url) is missing"},
		{"a base URL with a path", vars{"ASSAY_BASE_URL": "https://example.com/assay"}, "ASSAY_BASE_URL (-base-url) is \"https://example.com/assay\"; it should be scheme and host only"},
		{"a base URL in the clear", vars{"ASSAY_BASE_URL": "http://assay.example.com"}, "it should begin with https://"},
		{"no signing key", vars{"ASSAY_SIGNING_KEY_FILE": ""}, "ASSAY_SIGNING_KEY_FILE (-signing-key-file) is missing"},
		{"a signing key that is none", vars{"ASSAY_SIGNING_KEY_FILE": file}, "ASSAY_SIGNING_KEY_FILE cannot be used: "},
		{"no issuer", vars{"ASSAY_OIDC_ISSUER": ""}, "ASSAY_OIDC_ISSUER (-oidc-issuer) is missing"},
		{"an issuer in the clear", vars{"ASSAY_OIDC_ISSUER": "http://login.example.com"}, "it should begin with https://"},
		{"the provider of the demonstration", vars{"ASSAY_OIDC_ISSUER": "http://127.0.0.1:8080/demo-idp"}, "ASSAY_OIDC_ISSUER (-oidc-issuer) is the demonstration provider, which asks for no password"},
		{"the provider of the demonstration, dressed up", vars{"ASSAY_OIDC_ISSUER": "https://assay.example.com/demo-idp/"}, "is the demonstration provider"},
		{"no client id", vars{"ASSAY_OIDC_CLIENT_ID": ""}, "ASSAY_OIDC_CLIENT_ID (-oidc-client-id) is missing"},
		{"no client secret", vars{"ASSAY_OIDC_CLIENT_SECRET": ""}, "ASSAY_OIDC_CLIENT_SECRET (-oidc-client-secret) is missing"},
		{"no role map", vars{"ASSAY_OIDC_ROLE_MAP": ""}, "ASSAY_OIDC_ROLE_MAP (-oidc-role-map) is missing; it should be group=role pairs"},
		{"a role map without roles", vars{"ASSAY_OIDC_ROLE_MAP": "engineering"}, "ASSAY_OIDC_ROLE_MAP (-oidc-role-map) has \"engineering\""},
		{"a role that there is not", vars{"ASSAY_OIDC_ROLE_MAP": "grc=root"}, "ASSAY_OIDC_ROLE_MAP (-oidc-role-map) gives \"grc\" the role \"root\""},
		{"an address that is none", vars{"ASSAY_ADDR": "8080"}, "ASSAY_ADDR (-addr) is \"8080\"; it should be host:port"},
		{"an address that is taken", vars{"ASSAY_ADDR": taken.Addr().String()}, "ASSAY_ADDR (-addr) is " + taken.Addr().String() + ", where another program listens already"},
		{"uploads of no size", vars{"ASSAY_MAX_UPLOAD": "0"}, "ASSAY_MAX_UPLOAD (-max-upload) is 0"},
		{"uploads without end", vars{"ASSAY_MAX_UPLOAD": "5368709121"}, "it should be between 1 and 5368709120 bytes (5 GiB)"},
		{"room of no size", vars{"ASSAY_MAX_EVIDENCE": "-1"}, "ASSAY_MAX_EVIDENCE (-max-evidence) is -1"},
		{"fewer files than none", vars{"ASSAY_MAX_FILES_PER_DAY": "-1"}, "ASSAY_MAX_FILES_PER_DAY (-max-files-per-day) is -1"},
		{"a number that is none", vars{"ASSAY_MAX_UPLOAD": "many"}, "ASSAY_MAX_UPLOAD (-max-upload) is \"many\""},
		{"a truth that is none", vars{"ASSAY_OIDC_TRUST_EMAIL": "perhaps"}, "ASSAY_OIDC_TRUST_EMAIL (-oidc-trust-email) is \"perhaps\""},
		{"a log format that there is not", vars{"ASSAY_LOG_FORMAT": "xml"}, "ASSAY_LOG_FORMAT (-log-format) is \"xml\"; it should be text or json."},
		{"a proxy that is no network", vars{"ASSAY_TRUSTED_PROXIES": "10.0.0.1"}, "ASSAY_TRUSTED_PROXIES (-trusted-proxies) names \"10.0.0.1\""},
	} {
		t.Run(c.sentence, func(t *testing.T) {
			env := production(t)
			for k, v := range c.set {
				env[k] = v
			}
			refused(t, c.says, env, "serve")
		})
	}
}

// refused expects status 2 and one sentence, and that nothing was said to listen.
func refused(t *testing.T, says string, env map[string]string, args ...string) {
	t.Helper()
	code, stdout, stderr := assay(t, env, args...)
	if code != exitUnusable || stdout != "" {
		t.Errorf("status %d, printed %q", code, stdout)
	}
	if !strings.HasPrefix(stderr, "assay: ") || !strings.Contains(stderr, says) || strings.Count(strings.TrimSpace(stderr), "\n") > 0 {
		t.Errorf("said %q, want one line with %q", stderr, says)
	}
}

func TestTheDemonstrationStaysOnItsMachine(t *testing.T) {
	data := "-data=" + t.TempDir()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = taken.Close() }()
	refused(t, "should listen on loopback only", nil, "demo", data, "-addr=0.0.0.0:0")
	refused(t, "should listen on loopback only", nil, "demo", data, "-addr=192.0.2.1:8080")
	refused(t, "where another program listens already", nil, "demo", data, "-addr="+taken.Addr().String())
	refused(t, "is a production setting", map[string]string{"ASSAY_DATABASE_URL": "postgres://x/y"}, "demo", data)
	refused(t, "is a production setting", map[string]string{"ASSAY_OIDC_ISSUER": "https://login.example.com"}, "demo", data)
	refused(t, "is no flag", nil, "demo", data, "now")
}

func TestASchemaThisBuildDoesNotKnowIsRefused(t *testing.T) {
	spoil := func(statement string) map[string]string {
		env := production(t)
		if code, _, stderr := assay(t, env, "migrate"); code != exitOK {
			t.Fatal(stderr)
		}
		db, err := sql.Open("sqlite", strings.TrimPrefix(env["ASSAY_DATABASE_URL"], "sqlite://"))
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = db.Close() }()
		if _, err := db.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
		return env
	}
	newer := spoil("INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, 1)")
	refused(t, "newer than", newer, "serve")
	refused(t, "newer than", newer, "migrate")
	half := spoil("DELETE FROM goose_db_version WHERE version_id > 1") // the tables are there: the second migration fails
	refused(t, "the schema could not be brought up to date", half, "serve")
}

func TestHelp(t *testing.T) {
	var all strings.Builder
	for _, args := range [][]string{{"help"}, {"help", "serve"}, {"help", "demo"}, {"help", "migrate"}, {"help", "verify"}, {"help", "sample"}, {"help", "witness"}, {"help", "blobs"}, {"help", "break-glass"}, {"help", "health"}, {"help", "version"}} {
		code, stdout, stderr := assay(t, nil, args...)
		if code != exitOK || stderr != "" {
			t.Errorf("%v: status %d, %s", args, code, stderr)
		}
		all.WriteString("$ assay " + strings.Join(args, " ") + "\n" + stdout + "\n")
		if len(args) == 2 {
			if _, again, _ := assay(t, nil, args[1], "-h"); again != stdout {
				t.Errorf("assay %s -h says something else than assay help %s", args[1], args[1])
			}
		}
	}
	golden := filepath.Join("testdata", "help.golden")
	if os.Getenv("UPDATE") != "" {
		if err := os.WriteFile(golden, []byte(all.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if all.String() != string(want) {
		t.Errorf("the help changed; look at it, then run with UPDATE=1:\n%s", all.String())
	}
}

func TestUnknownCommandsAreNamed(t *testing.T) {
	refused(t, `there is no command "server"`, nil, "server")
	refused(t, `there is no command "server"`, nil, "help", "server")
	refused(t, "version takes no arguments", nil, "version", "please")
}

// A running demonstration.
type running struct {
	base string
	stop func() (code int, stdout, stderr string)
}

type safeBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *safeBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *safeBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

var address = regexp.MustCompile(`http://127\.0\.0\.1:\d+`)

func startDemo(t *testing.T, data string) running {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	var stdout, stderr safeBuffer
	done := make(chan int, 1)
	go func() {
		done <- run(ctx, []string{"demo", "-addr", "127.0.0.1:0", "-data", data}, func(string) string { return "" }, &stdout, &stderr)
	}()
	t.Cleanup(cancel)
	for range 6000 { // the race detector makes SQLite ten times slower
		if found := address.FindString(stdout.String()); found != "" && strings.Contains(stdout.String(), "Ctrl-C") {
			return running{found, func() (int, string, string) {
				cancel()
				return <-done, stdout.String(), stderr.String()
			}}
		}
		select {
		case code := <-done:
			t.Fatalf("ended with %d: %s", code, stderr.String())
		case <-time.After(50 * time.Millisecond):
		}
	}
	t.Fatal("it did not come up in five minutes")
	return running{}
}

func TestTheDemonstrationContinues(t *testing.T) {
	data := filepath.Join(t.TempDir(), "assay-data")
	first := startDemo(t, data)
	if status := fetch(t, first.base+"/healthz"); status != http.StatusOK {
		t.Errorf("health answered %d", status)
	}
	if status := fetch(t, first.base+"/demo-idp/.well-known/openid-configuration"); status != http.StatusOK {
		t.Errorf("the provider answered %d", status)
	}
	if code, _, stderr := assay(t, nil, "demo", "-data", data, "-addr", "127.0.0.1:0"); code != exitUnusable || !strings.Contains(stderr, "is in use by another demonstration") {
		t.Errorf("a second demonstration on the same data: status %d\n%s", code, stderr)
	}
	code, stdout, stderr := first.stop()
	if code != exitOK || !strings.Contains(stdout, "priya@halyard.example") {
		t.Fatalf("status %d\n%s\n%s", code, stdout, stderr)
	}
	url := "sqlite://" + filepath.Join(data, "assay.db")
	before := leaves(t, url)
	key, err := os.ReadFile(filepath.Join(data, "idp.key"))
	if err != nil {
		t.Fatal(err)
	}
	startDemo(t, data).stop()
	// Another port: fifteen people's identities follow, and nothing is made again.
	if after := leaves(t, url); after != before+15 {
		t.Errorf("the second start added %d leaves", after-before)
	}
	if again, _ := os.ReadFile(filepath.Join(data, "idp.key")); !bytes.Equal(key, again) {
		t.Error("the provider has another key")
	}
	code, stdout, _ = assay(t, nil, "verify", "-db", url, "-key", filepath.Join(data, "log.key"))
	if code != exitOK || !strings.HasPrefix(stdout, "Holds: ") {
		t.Errorf("verify: status %d\n%s", code, stdout)
	}
	// The key was replaced, and the new one has signed nothing yet.
	next, err := tlog.LoadSigner(filepath.Join(data, "next.key"), "assay/127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	old, err := os.ReadFile(filepath.Join(data, "log.key"))
	if err != nil {
		t.Fatal(err)
	}
	both := filepath.Join(data, "keys")
	if err := os.WriteFile(both, []byte(next.VerifierKey+"\n"+string(old)), 0o600); err != nil {
		t.Fatal(err)
	}
	code, stdout, _ = assay(t, nil, "verify", "-db", url, "-key", both)
	if code != exitOK || !strings.HasPrefix(stdout, "Holds: ") || !strings.Contains(stdout, "by a key that it replaced.") {
		t.Errorf("verify with two keys: status %d\n%s", code, stdout)
	}
}

// TestVerifyOnlyLooks: whatever it is pointed at is afterwards what it was, byte for byte,
// with nothing beside it.
func TestVerifyOnlyLooks(t *testing.T) {
	own := filepath.Join(t.TempDir(), "assay.db")
	if code, _, stderr := assay(t, nil, "migrate", "-database-url", "sqlite://"+own); code != exitOK {
		t.Fatal(stderr)
	}
	foreign := filepath.Join(t.TempDir(), "foreign.db")
	db, err := sql.Open("sqlite", foreign)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.ExecContext(t.Context(), "CREATE TABLE t (a)"); err != nil {
		t.Fatal(err)
	}
	_ = db.Close()
	text := filepath.Join(t.TempDir(), "letter.db")
	empty := filepath.Join(t.TempDir(), "empty.db")
	for path, content := range map[string]string{text: "Dear auditor,", empty: ""} {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		path, want string
		status     int
	}{
		{own, "Holds: 0 leaves, 0 rows, 0 checkpoints", exitOK},
		{foreign, "this is no database of Assay", exitUnusable},
		{text, "file is not a database", exitUnusable},
		{empty, "this is no database of Assay", exitUnusable},
		{filepath.Join(t.TempDir(), "none.db"), "there is no database at", exitUnusable},
	} {
		before, _ := os.ReadFile(c.path)
		if err := os.Chmod(filepath.Dir(c.path), 0o500); err != nil { // a mounted copy
			t.Fatal(err)
		}
		code, stdout, stderr := assay(t, nil, "verify", "-db", "sqlite://"+c.path)
		_ = os.Chmod(filepath.Dir(c.path), 0o700)
		if code != c.status || !strings.Contains(stdout+stderr, c.want) {
			t.Errorf("%s: status %d\n%s%s", filepath.Base(c.path), code, stdout, stderr)
		}
		after, _ := os.ReadFile(c.path)
		beside, err := os.ReadDir(filepath.Dir(c.path))
		if err != nil || !bytes.Equal(before, after) || len(beside) > 1 {
			t.Errorf("%s was changed, or %v lie beside it", filepath.Base(c.path), beside)
		}
	}
}

func fetch(t *testing.T, url string) int {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, res.Body)
	_ = res.Body.Close()
	return res.StatusCode
}

func leaves(t *testing.T, url string) (n int) {
	t.Helper()
	db, err := sql.Open("sqlite", strings.TrimPrefix(url, "sqlite://"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	if err := db.QueryRowContext(t.Context(), "SELECT size FROM log_head").Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}
