// Package egress is the one way out: the client with which Assay calls addresses that
// people typed in. Such an address may name anything, so it goes to listed hosts only,
// over TLS, and never to a machine that is not on the public internet, whatever a name
// resolves to at the moment of the call.
package egress

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"syscall"
	"time"
)

// Limits of a call.
const (
	Timeout = 10 * time.Second
	Most    = 5 << 20 // bytes of an answer
)

// A Client calls listed hosts.
type Client struct {
	hosts  []string
	http   *http.Client
	exempt netip.AddrPort // of tests
	roots  *x509.CertPool
}

// An Option changes a new Client.
type Option func(*Client)

// Exempting lets a test call its own server on loopback, at this one address, with a
// certificate that these roots vouch for. A rule of the house keeps it in tests.
func Exempting(addr netip.AddrPort, roots *x509.CertPool) Option {
	return func(c *Client) { c.exempt, c.roots = addr, roots }
}

// New makes a client for hosts, each a name, a name and a port, or *.example.com for
// every name below it. Without a port it is 443.
func New(hosts []string, options ...Option) *Client {
	c := &Client{}
	for _, h := range hosts {
		c.hosts = append(c.hosts, withPort(strings.ToLower(h)))
	}
	for _, o := range options {
		o(c)
	}
	dialer := &net.Dialer{Timeout: Timeout, ControlContext: c.control}
	c.http = &http.Client{
		Timeout: Timeout,
		Transport: &http.Transport{ // not a copy of the default one, which asks a proxy
			DialContext:     dialer.DialContext,
			TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: c.roots}, TLSHandshakeTimeout: Timeout,
			ForceAttemptHTTP2: true, DisableKeepAlives: true, // a kept connection would outlive its check
			MaxResponseHeaderBytes: 64 << 10, ResponseHeaderTimeout: Timeout,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return c
}

func withPort(host string) string {
	if _, _, err := net.SplitHostPort(host); err == nil {
		return host
	}
	return net.JoinHostPort(strings.Trim(host, "[]"), "443")
}

// Permits says in a sentence why an address may not be called, or returns nil.
func (c *Client) Permits(address string) error {
	u, err := url.Parse(address)
	switch {
	case err != nil || u.Host == "" || u.Opaque != "":
		return errors.New("this is no address; it should begin with https://")
	case u.Scheme != "https":
		return errors.New("only https:// is called")
	case u.User != nil:
		return errors.New("a name or a password in an address is not sent; leave them out")
	case u.Fragment != "":
		return errors.New("what follows # is not sent; leave it out")
	case !c.lists(withPort(strings.ToLower(u.Host))):
		return fmt.Errorf("the host %s is not one that this installation may call", u.Hostname())
	}
	return nil
}

func (c *Client) lists(host string) bool {
	return slices.ContainsFunc(c.hosts, func(listed string) bool {
		if below, ok := strings.CutPrefix(listed, "*."); ok {
			name, found := strings.CutSuffix(host, "."+below)
			return found && name != ""
		}
		return host == listed
	})
}

// control looks at the very address that is about to be dialled.
func (c *Client) control(_ context.Context, _, address string, _ syscall.RawConn) error {
	addr, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("egress: %w", err)
	}
	if c.exempt.IsValid() && addr == c.exempt {
		return nil
	}
	if !Public(addr.Addr()) {
		return fmt.Errorf("egress: %s is not on the public internet", addr.Addr())
	}
	return nil
}

// Post sends body and returns the status of the answer. An answer that is a redirect is an
// answer, and one that is too long is an error.
func (c *Client) Post(ctx context.Context, address string, header http.Header, body []byte) (int, error) {
	if err := c.Permits(address); err != nil {
		return 0, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return 0, err
	}
	req.Header = header.Clone()
	res, err := c.http.Do(req)
	if err != nil {
		return 0, plain(err)
	}
	defer func() { _ = res.Body.Close() }()
	n, err := io.Copy(io.Discard, io.LimitReader(res.Body, Most+1))
	if err == nil && n > Most {
		err = fmt.Errorf("the answer is longer than %d bytes", Most)
	}
	return res.StatusCode, plain(err)
}

// plain drops the address from an error of the client: the path of a webhook is often
// itself the secret.
func plain(err error) error {
	if wrapped, ok := errors.AsType[*url.Error](err); ok {
		return wrapped.Err
	}
	return err
}
