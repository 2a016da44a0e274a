// Package mailtest is a mail server with TLS on loopback, so that tests deliver to a
// peer that speaks SMTP. It is imported by tests only.
package mailtest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	"net/mail"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// User and Password are what the server wants to hear.
const (
	User     = "assay"
	Password = "correct horse/battery"
)

// A Server takes mail and keeps it.
type Server struct {
	URL     string // of the kind that was asked for, with user and password
	RootCAs *x509.CertPool
	// Refuse, when set, answers RCPT TO.
	Refuse func(to string) error

	mu   sync.Mutex
	mail []Mail
	auth int
}

// A Mail is what arrived.
type Mail struct {
	From, To   string // of the envelope
	Header     mail.Header
	Subject    string
	Text, HTML string
	Parts      []string          // content types, in order
	Files      map[string][]byte // what is attached, by name
	Raw        string
}

// How says how the server speaks TLS.
type How int

// The ways to speak to the server.
const (
	StartTLS How = iota
	Implicit
	Plain // none, and no password
)

// New starts a server that stops with the test.
func New(tb testing.TB, how How) *Server {
	tb.Helper()
	s := &Server{}
	cert := s.certificate(tb)
	srv := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return &session{server: s, open: how == Plain}, nil }))
	srv.Domain = "mail.halyard.example"
	ln, err := (&net.ListenConfig{}).Listen(tb.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	login := strings.NewReplacer(" ", "%20", "/", "%2F").Replace(User + ":" + Password)
	switch how {
	case StartTLS:
		srv.TLSConfig = cert
		s.URL = "smtp://" + login + "@" + ln.Addr().String()
	case Implicit:
		s.URL = "smtps://" + login + "@" + ln.Addr().String()
		ln = tls.NewListener(ln, cert)
	case Plain:
		s.URL = "smtp://" + ln.Addr().String() + "?tls=none"
	}
	go func() { _ = srv.Serve(ln) }() // ends with Close
	tb.Cleanup(func() { _ = srv.Close() })
	return s
}

// Mails is what arrived so far.
func (s *Server) Mails() []Mail {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Mail(nil), s.mail...)
}

// Take is Mails, and forgets them.
func (s *Server) Take() []Mail {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := s.mail
	s.mail = nil
	return out
}

// SignIns is how often somebody gave the right password.
func (s *Server) SignIns() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.auth
}

func (s *Server) certificate(tb testing.TB) *tls.Config {
	tb.Helper()
	cert, key, roots := Certificate(tb)
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil {
		tb.Fatal(err)
	}
	s.RootCAs = roots
	return &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}
}

// Certificate is a certificate for this machine and its key, in PEM, and who vouches for
// it: itself.
func Certificate(tb testing.TB) (cert, key []byte, roots *x509.CertPool) {
	tb.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	t := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "mail.halyard.example"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, DNSNames: []string{"localhost"},
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, t, t, &private.PublicKey, private)
	if err != nil {
		tb.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		tb.Fatal(err)
	}
	cert = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	key = pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8})
	roots = x509.NewCertPool()
	roots.AppendCertsFromPEM(cert)
	return cert, key, roots
}

// Read takes a message apart as a mail program does.
func Read(raw string) (Mail, error) {
	var m Mail
	err := m.read(strings.ReplaceAll(raw, "\r\n", "\n"))
	return m, err
}

// A session is one connection.
type session struct {
	server *Server
	open   bool // no sign-in needed
	m      Mail
}

func (*session) AuthMechanisms() []string { return []string{sasl.Plain} }

func (s *session) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		if user != User || password != Password {
			return smtp.ErrAuthFailed
		}
		s.server.mu.Lock()
		defer s.server.mu.Unlock()
		s.open, s.server.auth = true, s.server.auth+1
		return nil
	}), nil
}

func (s *session) Mail(from string, _ *smtp.MailOptions) error {
	if !s.open {
		return smtp.ErrAuthRequired
	}
	s.m = Mail{From: from}
	return nil
}

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.m.To = to
	if s.server.Refuse != nil {
		return s.server.Refuse(to)
	}
	return nil
}

func (s *session) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	if err := s.m.read(string(raw)); err != nil {
		return &smtp.SMTPError{Code: 554, Message: "this is no mail: " + err.Error()}
	}
	s.server.mu.Lock()
	defer s.server.mu.Unlock()
	s.server.mail = append(s.server.mail, s.m)
	return nil
}

func (s *session) Reset()      { s.m = Mail{} }
func (*session) Logout() error { return nil }

// read takes a message apart as a mail program does.
func (m *Mail) read(raw string) error {
	m.Raw, m.Files = raw, map[string][]byte{}
	msg, err := mail.ReadMessage(strings.NewReader(raw))
	if err != nil {
		return err
	}
	m.Header = msg.Header
	if m.Subject, err = new(mime.WordDecoder).DecodeHeader(msg.Header.Get("Subject")); err != nil {
		return err
	}
	kind, params, err := mime.ParseMediaType(msg.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/alternative" && kind != "multipart/mixed" {
		return fmt.Errorf("content type %q, %w", kind, errors.Join(err))
	}
	return m.parts(msg.Body, params["boundary"])
}

func (m *Mail) parts(body io.Reader, boundary string) error {
	parts := multipart.NewReader(body, boundary)
	for {
		p, err := parts.NextRawPart()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := m.part(p); err != nil {
			return err
		}
	}
}

func (m *Mail) part(p *multipart.Part) error {
	kind, params, err := mime.ParseMediaType(p.Header.Get("Content-Type"))
	if err != nil {
		return err
	}
	if kind == "multipart/alternative" {
		return m.parts(p, params["boundary"])
	}
	var r io.Reader = p
	switch strings.ToLower(p.Header.Get("Content-Transfer-Encoding")) {
	case "quoted-printable":
		r = quotedprintable.NewReader(p)
	case "base64":
		r = base64.NewDecoder(base64.StdEncoding, p)
	}
	text, err := io.ReadAll(r)
	m.Parts = append(m.Parts, kind)
	switch {
	case p.FileName() != "":
		m.Files[p.FileName()] = text
	case kind == "text/html":
		m.HTML = string(text)
	default:
		m.Text = strings.ReplaceAll(string(text), "\r\n", "\n")
	}
	return err
}
