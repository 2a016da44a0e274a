package testenv

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// Postgres creates an empty PostgreSQL database for one test, drops it when the test ends, and returns its address.
//
// The server is the one ASSAY_TEST_POSTGRES names; without it, each test process starts its own on first use. That
// takes about a second, so that no server needs to be shared, or looked after, between the packages of one run.
func Postgres(tb testing.TB) string {
	tb.Helper()
	return create(tb, server(tb), "template0")
}

// Database is Postgres with the tables already there: a copy of a template that prepare fills once per server.
// Copying takes about 30 ms where migrating takes seconds. The name must change whenever what prepare does changes
// (put a hash of the migrations in it), as packages that share a server share its templates.
func Database(tb testing.TB, template string, prepare func(address string) error) string {
	tb.Helper()
	base := server(tb)
	if err := ensureTemplate(tb.Context(), base, template, prepare); err != nil {
		tb.Fatal(err)
	}
	return create(tb, base, template)
}

// DurablePostgres is the address of an empty database on a server of its own that waits for the disk at every commit,
// as one in production does. It is for measuring; tests use Postgres.
func DurablePostgres(tb testing.TB) string {
	tb.Helper()
	address, leash := startPostgres(tb, "", "-c", "shared_buffers=512MB", "-c", "max_wal_size=4GB")
	tb.Cleanup(func() { _ = leash.Close() })
	return create(tb, address, "template0")
}

// A Server is a PostgreSQL server that a test stops and starts. It waits for the disk at every commit.
type Server struct {
	Address string // of an empty database
	dir     string
	port    int
	as      *syscall.Credential
	leash   io.Closer
}

// Postmaster starts a server of this test's own.
func Postmaster(tb testing.TB) *Server {
	tb.Helper()
	dir, err := os.MkdirTemp("", "assay-postmaster-")
	if err != nil {
		tb.Fatal(err)
	}
	s := &Server{dir: dir, as: unprivileged(tb, dir), port: freePort(tb)}
	password := rand.Text()
	initCluster(tb, postgresBin(tb), dir, password, s.as)
	s.Address = fmt.Sprintf("postgres://postgres:%s@127.0.0.1:%d/postgres?sslmode=disable", password, s.port)
	tb.Cleanup(func() {
		s.Stop(tb)
		if err := os.RemoveAll(dir); err != nil {
			tb.Error(err)
		}
	})
	s.Start(tb)
	return s
}

// Start starts the server, with recovery if it was stopped in the middle of something.
func (s *Server) Start(tb testing.TB) {
	tb.Helper()
	run, err := os.MkdirTemp("", "assay-postmaster-run-")
	if err != nil {
		tb.Fatal(err)
	}
	if s.as != nil {
		if err := os.Chown(run, int(s.as.Uid), int(s.as.Gid)); err != nil {
			tb.Fatal(err)
		}
	}
	s.leash = leashed(tb, s.as, run, filepath.Join(postgresBin(tb), "postgres"), "-D", filepath.Join(s.dir, "data"),
		"-h", "127.0.0.1", "-p", strconv.Itoa(s.port), "-k", "", "-N", "300", "-c", "timezone=UTC")
	awaitPostgres(tb, run, s.Address)
}

// Stop stops the server at once, whoever is connected: what was not committed is gone.
func (s *Server) Stop(tb testing.TB) {
	tb.Helper()
	if s.leash == nil {
		return
	}
	if err := s.leash.Close(); err != nil {
		tb.Error(err)
	}
	s.leash = nil
}

// hasty are settings for a server of which nothing survives the test, so that nothing waits for the disk.
var hasty = []string{"-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off"}

// create makes a database with a name of its own. The files are copied, which is three times as fast as to write the
// template through the log once nothing waits for the disk. WITH (FORCE) on the way out: a test that failed may have left
// connections, and the next one should hear of its own failure, not of that.
func create(tb testing.TB, base, template string) string {
	tb.Helper()
	name := "test_" + strings.ToLower(rand.Text())
	if err := execute(tb.Context(), base, fmt.Sprintf(`CREATE DATABASE %s TEMPLATE %s STRATEGY FILE_COPY`, quote(name), quote(template))); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := execute(context.Background(), base, fmt.Sprintf(`DROP DATABASE IF EXISTS %s WITH (FORCE)`, quote(name))); err != nil {
			tb.Errorf("drop the test's database: %v", err)
		}
	})
	return databaseURL(base, name)
}

// ensureTemplate lets one of all the processes that share a server build the template, while the others wait.
// It is built under another name and renamed when it is whole: a process that dies half way leaves no template.
func ensureTemplate(ctx context.Context, base, template string, prepare func(string) error) error {
	conn, err := pgx.Connect(ctx, base)
	if err != nil {
		return fmt.Errorf("connect to the test server: %w", err)
	}
	defer conn.Close(ctx)
	var exists bool
	if _, err = conn.Exec(ctx, `SELECT pg_advisory_lock(20261123)`); err == nil {
		err = conn.QueryRow(ctx, `SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)`, template).Scan(&exists)
	}
	if err != nil || exists {
		return err
	}
	raw := "raw_" + template
	for _, step := range []func() error{
		func() error { return execute(ctx, base, `DROP DATABASE IF EXISTS `+quote(raw)+` WITH (FORCE)`) },
		func() error { return execute(ctx, base, `CREATE DATABASE `+quote(raw)+` TEMPLATE template0`) },
		func() error { return prepare(databaseURL(base, raw)) },
		func() error {
			return execute(ctx, base, fmt.Sprintf(`ALTER DATABASE %s RENAME TO %s`, quote(raw), quote(template)))
		},
	} {
		if err := step(); err != nil {
			return fmt.Errorf("build the template %s: %w", template, err)
		}
	}
	return nil
}

func execute(ctx context.Context, address, statement string) error {
	conn, err := pgx.Connect(ctx, address)
	if err != nil {
		return fmt.Errorf("connect to the test server: %w", err)
	}
	defer conn.Close(ctx)
	if _, err := conn.Exec(ctx, statement); err != nil {
		return fmt.Errorf("%s: %w", statement, err)
	}
	return nil
}

func quote(name string) string { return pgx.Identifier{name}.Sanitize() }

func databaseURL(base, name string) string {
	address, err := url.Parse(base)
	if err != nil {
		panic(err) // it was good enough to connect with
	}
	address.Path = "/" + name
	return address.String()
}

// own is the server of this process. The leash is kept here so that nothing lets go of it before the process ends:
// a pipe that nobody refers to is closed by the garbage collector.
var own struct {
	sync.Mutex
	address string
	leash   io.Closer
}

// server is the address of a server on which databases can be created.
func server(tb testing.TB) string {
	tb.Helper()
	if address := os.Getenv("ASSAY_TEST_POSTGRES"); address != "" {
		return address
	}
	own.Lock()
	defer own.Unlock()
	if own.address == "" {
		own.address, own.leash = startPostgres(tb, memory(), hasty...)
	}
	return own.address
}

// memory is a folder that lies in memory, or empty where none has room for the databases of a package's tests.
func memory() string {
	const shm, room = "/dev/shm", 4 << 30
	var fs syscall.Statfs_t
	if syscall.Statfs(shm, &fs) != nil || fs.Bavail*uint64(fs.Bsize) < room {
		return ""
	}
	return shm
}

// startPostgres starts a server whose files are in a new folder below parent, or below the usual one if that is empty.
func startPostgres(tb testing.TB, parent string, settings ...string) (string, io.Closer) {
	tb.Helper()
	bin := postgresBin(tb)
	dir, err := os.MkdirTemp(parent, "assay-postgres-")
	if err != nil {
		tb.Fatal(err)
	}
	as := unprivileged(tb, dir)
	password := rand.Text()
	initCluster(tb, bin, dir, password, as)
	port := freePort(tb)
	command := []string{
		filepath.Join(bin, "postgres"), "-D", filepath.Join(dir, "data"),
		"-h", "127.0.0.1", "-p", strconv.Itoa(port), "-k", "", "-N", "300", "-c", "timezone=UTC",
	}
	leash := leashed(tb, as, dir, append(command, settings...)...)
	address := fmt.Sprintf("postgres://postgres:%s@127.0.0.1:%d/postgres?sslmode=disable", password, port)
	awaitPostgres(tb, dir, address)
	return address, leash
}

// postgresBin is the folder of the newest PostgreSQL server installed.
// Debian keeps it out of PATH, one folder a version.
func postgresBin(tb testing.TB) string {
	tb.Helper()
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	slices.Sort(found)
	if len(found) == 0 {
		path, err := exec.LookPath("initdb")
		if err != nil {
			missing(tb, "This test needs a PostgreSQL server: `make tools` installs it as root on Debian; elsewhere install it by hand, or name a running one in ASSAY_TEST_POSTGRES.")
		}
		found = []string{path}
	}
	return filepath.Dir(found[len(found)-1])
}

// unprivileged is who runs the server when we are root, as PostgreSQL refuses to; nil means ourselves.
// The folder becomes theirs.
func unprivileged(tb testing.TB, dir string) *syscall.Credential {
	tb.Helper()
	if os.Geteuid() != 0 {
		return nil
	}
	account, err := user.Lookup("postgres")
	if err != nil {
		account, err = user.Lookup("nobody")
	}
	if err != nil {
		tb.Fatal("PostgreSQL does not run as root, and there is no account postgres or nobody to run it as: ", err)
	}
	uid, _ := strconv.ParseUint(account.Uid, 10, 32)
	gid, _ := strconv.ParseUint(account.Gid, 10, 32)
	if err := os.Chown(dir, int(uid), int(gid)); err != nil {
		tb.Fatal(err)
	}
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
}

// initCluster asks for a password although the server is on loopback: on a shared machine, anyone there could
// otherwise run programs as its superuser.
func initCluster(tb testing.TB, bin, dir, password string, as *syscall.Credential) {
	tb.Helper()
	secret := filepath.Join(dir, "password")
	if err := os.WriteFile(secret, []byte(password), 0o600); err != nil {
		tb.Fatal(err)
	}
	if as != nil {
		if err := os.Chown(secret, int(as.Uid), int(as.Gid)); err != nil {
			tb.Fatal(err)
		}
	}
	cmd := exec.CommandContext(tb.Context(), filepath.Join(bin, "initdb"), "-D", filepath.Join(dir, "data"), "-U", "postgres",
		"--auth=password", "--pwfile", secret, "--no-sync", "--encoding=UTF8", "--locale=C.UTF-8")
	cmd.Dir = dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: as}
	if out, err := cmd.CombinedOutput(); err != nil {
		tb.Fatalf("create the test's PostgreSQL cluster: %v\n%s", err, out)
	}
}

func awaitPostgres(tb testing.TB, dir, address string) {
	tb.Helper()
	var err error
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(30 * time.Millisecond) {
		if err = execute(tb.Context(), address, `SELECT 1`); err == nil {
			return
		}
	}
	tb.Fatalf("the test's PostgreSQL server did not start: %v\n%s", err, said(dir))
}
