package testenv

import (
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// IdentityProvider is a Dex of this test's own, with one client and three people who share a password.
type IdentityProvider struct {
	Issuer       string
	ClientID     string
	ClientSecret string
	Password     string
}

// The people whom StartDex lets in: one in one group, one in none, one in two.
const (
	DexManager  = "max@example.com" // assay-managers
	DexStranger = "sam@example.com" // no group
	DexTwofold  = "tia@example.com" // assay-auditors and assay-owners
)

// dexConfig takes the issuer's port, the client's secret and its redirect address.
const dexConfig = `
issuer: http://127.0.0.1:%[1]d/dex
storage: {type: memory}
web: {http: "127.0.0.1:%[1]d"}
logger: {level: warn}
oauth2: {skipApprovalScreen: true, passwordConnector: local}
staticClients:
  - {id: assay, name: Assay, secret: %[2]q, redirectURIs: [%[3]q]}
enablePasswordDB: true
staticPasswords:
  - {email: max@example.com, username: Max Manager, userID: "1002", groups: [assay-managers], hash: %[4]q}
  - {email: sam@example.com, username: Sam Stranger, userID: "1003", hash: %[4]q}
  - {email: tia@example.com, username: Tia Twofold, userID: "1004", groups: [assay-auditors, assay-owners], hash: %[4]q}
`

// StartDex starts a Dex that sends people back to the given address.
func StartDex(tb testing.TB, redirect string) IdentityProvider {
	tb.Helper()
	program := Dex(tb)
	dir, err := os.MkdirTemp("", "assay-dex-")
	if err != nil {
		tb.Fatal(err)
	}
	port, secret := freePort(tb), rand.Text()
	// bcrypt of Password.
	const hash = "$2a$10$u84X2AK1Dg0YnpgixVgxFuBrerJNPKe7EEbj8NX4fC7LbIC3rpMOO"
	config := fmt.Sprintf(strings.TrimLeft(dexConfig, "\n"), port, secret, redirect, hash)
	path := filepath.Join(dir, "dex.yaml")
	if err := os.WriteFile(path, []byte(config), 0o600); err != nil {
		tb.Fatal(err)
	}
	leash := leashed(tb, nil, dir, program, "serve", path)
	tb.Cleanup(func() {
		if err := leash.Close(); err != nil {
			tb.Error(err)
		}
	})
	issuer := "http://127.0.0.1:" + strconv.Itoa(port) + "/dex"
	awaitHealth(tb, dir, issuer+"/healthz")
	return IdentityProvider{Issuer: issuer, ClientID: "assay", ClientSecret: secret, Password: "assay-try-out"}
}
