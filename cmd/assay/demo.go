package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"text/tabwriter"

	"assay/handlers"
	"assay/internal/config"
	"assay/internal/demo"
	"assay/internal/idp"
)

func demonstrate(ctx context.Context, s *session) error {
	var c config.Demo
	if err := config.Parse(c.Flags(), s.args, s.getenv); err != nil {
		return refuse(err)
	}
	if err := c.Check(s.getenv); err != nil {
		return refuse(err)
	}
	ln, err := listen(ctx, c.Addr) // first: everything else depends on the port
	if err != nil {
		return refuse(err)
	}
	serveConfig, err := demoConfig(c, ln.Addr())
	if err != nil {
		return errors.Join(refuse(err), ln.Close())
	}
	held, err := holdFolder(filepath.Join(c.Data, "lock"))
	if err != nil {
		return errors.Join(refuse(err), ln.Close())
	}
	defer held.Close()
	in, err := open(ctx, serveConfig)
	if err != nil {
		return errors.Join(refuse(err), ln.Close())
	}
	defer in.close()
	in.app.Demo = true
	h, err := in.withProvider(ctx, c, serveConfig)
	if err != nil {
		return errors.Join(err, ln.Close())
	}
	return in.answer(ctx, ln, h, func() { introduce(s.stdout, serveConfig.BaseURL) })
}

// demoConfig is the production configuration that a demonstration runs with, so that
// what it shows is what runs in production.
func demoConfig(c config.Demo, addr net.Addr) (config.Serve, error) {
	if err := os.MkdirAll(c.Data, 0o700); err != nil {
		return config.Serve{}, config.Bad("data", "cannot be used: %v.", err)
	}
	db, err := fileURL("sqlite", filepath.Join(c.Data, "assay.db"))
	if err != nil {
		return config.Serve{}, err
	}
	blobs, err := fileURL("file", filepath.Join(c.Data, "blobs"))
	host, _, _ := net.SplitHostPort(c.Addr) // Check has read it
	_, port, _ := net.SplitHostPort(addr.String())
	base := "http://" + net.JoinHostPort(host, port)
	out := config.Serve{}
	out.Flags() // sets the defaults
	out.DatabaseURL, out.BlobURL, out.BaseURL = db, blobs, base
	out.SigningKey = filepath.Join(c.Data, "log.key")
	out.OIDCIssuer, out.OIDCClientID, out.OIDCClientSecret = base+config.DemoIssuerPath, "assay", rand.Text()
	out.OIDCName, out.OIDCRoleMap, out.Contact = demo.Company+" single sign-on", demo.RoleMap(), demo.Contact
	return out, err
}

// withProvider makes the company on the first start, and puts the identity provider of
// the demonstration beside Assay on the same address.
func (in *instance) withProvider(ctx context.Context, c config.Demo, sc config.Serve) (http.Handler, error) {
	if err := demo.Open(ctx, in.db, in.app.Blobs, sc.OIDCIssuer); err != nil {
		return nil, err
	}
	key, err := providerKey(filepath.Join(c.Data, "idp.key"))
	if err != nil {
		return nil, refuse(config.Bad("data", "holds idp.key, which cannot be used: %v.", err))
	}
	provider, err := idp.New(idp.Config{
		Issuer: sc.OIDCIssuer, People: demo.People(), Key: key,
		Clients: []idp.Client{{
			ID: sc.OIDCClientID, Secret: sc.OIDCClientSecret,
			RedirectURIs:  []string{sc.BaseURL + handlers.CallbackPath},
			LogoutReturns: []string{sc.BaseURL + "/signin"},
			BackChannel:   sc.BaseURL + handlers.LogoutPath,
		}},
	})
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.Handle(config.DemoIssuerPath+"/", provider)
	mux.Handle("/", in.app.Router())
	return mux, nil
}

// providerKey reads the key of the demonstration's provider, or makes it, so that a
// restart does not make strangers of everybody's tokens.
func providerKey(path string) (*ecdsa.PrivateKey, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return newProviderKey(path)
	}
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, errors.New("it is no PEM file")
	}
	return x509.ParseECPrivateKey(block.Bytes)
}

func newProviderKey(path string) (*ecdsa.PrivateKey, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return nil, err
	}
	return key, os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der}), 0o600)
}

// introduce says where it is and who can sign in as what.
func introduce(w io.Writer, base string) {
	fmt.Fprintf(w, "\nAssay demonstration for %s: %s\n\nNo passwords: choose a person on the sign-in page.\n\n", demo.Company, base)
	table := tabwriter.NewWriter(w, 0, 0, 3, ' ', 0)
	for _, p := range demo.People() {
		fmt.Fprintf(table, "  %s\t%s\t%s\t%s\n", p.Name, p.Email, p.Role, p.Title)
	}
	_ = table.Flush() // a closed terminal is no reason to stop serving
	fmt.Fprintln(w, "\nThe company and its data are invented. Stop with Ctrl-C.")
}
