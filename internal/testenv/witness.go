package testenv

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"
	_ "modernc.org/sqlite" // the driver of what litewitness keeps
)

// Witness starts litewitness, which nobody here wrote, over an empty folder. It cosigns the
// log with this origin and verifier key. What is returned is its address and its own
// verifier key.
func Witness(tb testing.TB, origin, log string) (address, verifierKey string) {
	tb.Helper()
	program, ok := tool("litewitness")
	if !ok {
		missing(tb, "This test needs a witness: `make tools` builds litewitness.")
	}
	dir, err := os.MkdirTemp("", "assay-witness-") // short: a socket's path has 108 bytes at most
	if err != nil {
		tb.Fatal(err)
	}
	db, socket := filepath.Join(dir, "witness.db"), filepath.Join(dir, "agent")
	key := keyAgent(tb, socket)
	listen := "127.0.0.1:" + strconv.Itoa(freePort(tb))
	leash := leashed(tb, nil, dir, program, "-name", "witness.example/lite", "-db", db, "-ssh-agent", socket, "-key", key, "-listen", listen)
	tb.Cleanup(func() {
		if err := leash.Close(); err != nil {
			tb.Error(err)
		}
	})
	awaitHealth(tb, dir, "http://"+listen+"/")
	introduce(tb, db, origin, log)
	found := regexp.MustCompile(`witness\.example/lite\+[0-9a-f]{8}\+[A-Za-z0-9+/=]+`).FindString(said(dir))
	if found == "" {
		tb.Fatalf("the witness names no key:\n%s", said(dir))
	}
	return "http://" + listen, found
}

// introduce tells a running litewitness of a log, as its witnessctl does, which needs a module
// that is not to be had everywhere.
func introduce(tb testing.TB, db, origin, log string) {
	tb.Helper()
	pool, err := sql.Open("sqlite", db)
	if err != nil {
		tb.Fatal(err)
	}
	defer pool.Close()
	nothing := sha256.Sum256(nil)
	_, err = pool.ExecContext(tb.Context(), "INSERT INTO log (origin, tree_size, tree_hash) VALUES (?, 0, ?)", origin, base64.StdEncoding.EncodeToString(nothing[:]))
	if err == nil {
		_, err = pool.ExecContext(tb.Context(), "INSERT INTO key (origin, key) VALUES (?, ?)", origin, log)
	}
	if err != nil {
		tb.Fatal(err)
	}
}

// keyAgent holds a new key as ssh-agent would, which is the only place where litewitness
// takes one from, and returns its fingerprint.
func keyAgent(tb testing.TB, socket string) string {
	tb.Helper()
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	public, err := ssh.NewPublicKey(private.Public())
	if err != nil {
		tb.Fatal(err)
	}
	ring := agent.NewKeyring()
	if err := ring.Add(agent.AddedKey{PrivateKey: private}); err != nil {
		tb.Fatal(err)
	}
	door, err := new(net.ListenConfig).Listen(tb.Context(), "unix", socket)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = door.Close() })
	go func() {
		for {
			visitor, err := door.Accept()
			if err != nil {
				return
			}
			go func() { _ = agent.ServeAgent(ring, visitor) }()
		}
	}()
	return ssh.FingerprintSHA256(public)
}
