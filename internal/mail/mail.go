// Package mail hands messages to an SMTP server. It knows what a message needs on its
// way, and nothing of what it says.
package mail

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/mail"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode"

	gomail "github.com/wneessen/go-mail"
)

// A Message is one mail to one person, in plain text and in HTML that says the same.
type Message struct {
	ToName, To  string
	Subject     string
	Text, HTML  string
	ID          string // left of the @ of the Message-ID: the same for every attempt at one mail
	Preferences string // the address where the reader says which mails they want
	Attached    []File
}

// A File goes with a mail.
type File struct {
	Name, Type string // application/pdf
	Bytes      []byte
}

// A Sender is an SMTP server that takes our mail.
type Sender struct {
	host   string
	port   int
	opts   []gomail.Option
	from   mail.Address
	Server string // what it is called on the settings page; no password in it
	// RootCAs are trusted for the server's certificate; nil is the system's.
	RootCAs *x509.CertPool
}

// timeout bounds connecting, and each exchange after.
const timeout = 30 * time.Second

// Open reads where mail goes and whom it is from. smtps://user:password@host:465 speaks
// TLS from the first byte, smtp://user:password@host:587 begins it with STARTTLS and
// sends nothing without; smtp://127.0.0.1:25?tls=none speaks none, on loopback only.
func Open(rawURL, from string) (*Sender, error) {
	u, err := url.Parse(rawURL)
	if err != nil || u.Hostname() == "" || u.Path != "" && u.Path != "/" || u.Scheme != "smtp" && u.Scheme != "smtps" {
		return nil, errors.New("it should be smtps://user:password@host:465, or smtp://user:password@host:587 for STARTTLS")
	}
	addr, err := mail.ParseAddress(from)
	if err != nil {
		return nil, fmt.Errorf("the sender %q should be an address such as assay@example.com or Assay <assay@example.com>", from)
	}
	s := &Sender{host: u.Hostname(), from: *addr, Server: u.Scheme + "://" + u.Host}
	if err := s.secure(u); err != nil {
		return nil, err
	}
	if u.Port() != "" {
		if s.port, err = strconv.Atoi(u.Port()); err != nil || s.port < 1 || s.port > 65535 {
			return nil, errors.New("the port should be a number between 1 and 65535")
		}
	}
	s.opts = append(s.opts, gomail.WithPort(s.port), gomail.WithTimeout(timeout))
	if password, ok := u.User.Password(); ok {
		s.opts = append(s.opts, gomail.WithSMTPAuth(gomail.SMTPAuthAutoDiscover), gomail.WithUsername(u.User.Username()), gomail.WithPassword(password))
	}
	return s, nil
}

// secure says how TLS begins, and which port that usually has.
func (s *Sender) secure(u *url.URL) error {
	wish := u.Query().Get("tls")
	switch {
	case u.Scheme == "smtps" && wish == "":
		s.port, s.opts = 465, append(s.opts, gomail.WithSSL())
	case u.Scheme == "smtp" && wish == "":
		s.port, s.opts = 587, append(s.opts, gomail.WithTLSPolicy(gomail.TLSMandatory))
	case u.Scheme == "smtp" && wish == "none" && loopback(s.host):
		s.port, s.opts = 25, append(s.opts, gomail.WithTLSPolicy(gomail.NoTLS))
	case wish == "none":
		return errors.New("?tls=none is for smtp:// to a server on this machine only, such as smtp://127.0.0.1:25?tls=none")
	default:
		return fmt.Errorf("?tls=%s is unknown; leave it out for TLS", wish)
	}
	return nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// ErrNoSuchAddress means that the server does not know the reader, so that sending
// again is no use.
var ErrNoSuchAddress = errors.New("the mail server refuses the address")

// Send hands m over. When it returns nil the server has taken responsibility.
func (s *Sender) Send(ctx context.Context, m Message) error {
	msg, err := s.message(m)
	if err != nil {
		return err
	}
	opts := append([]gomail.Option{gomail.WithTLSConfig(&tls.Config{ServerName: s.host, MinVersion: tls.VersionTLS12, RootCAs: s.RootCAs})}, s.opts...)
	client, err := gomail.NewClient(s.host, opts...)
	if err != nil {
		return err
	}
	conn, err := client.DialToSMTPClientWithContext(ctx)
	if err != nil {
		return fmt.Errorf("mail server %s: %w", s.Server, err)
	}
	// What follows an accepted message cannot un-send it, so its error is not told: the
	// job would send a second copy.
	defer func() { _ = client.CloseWithSMTPClient(conn) }()
	if err := client.SendWithSMTPClient(conn, msg); err != nil {
		return refusedFor(err)
	}
	return nil
}

func refusedFor(err error) error {
	var refused *gomail.SendError
	if errors.As(err, &refused) && refused.Reason == gomail.ErrSMTPRcptTo && !refused.IsTemp() {
		return fmt.Errorf("%w: %w", ErrNoSuchAddress, err)
	}
	return err
}

// message is m with the headers that mark it as sent by a program: no robot answers it,
// and a second copy of it is recognised.
func (s *Sender) message(m Message) (*gomail.Msg, error) {
	msg := gomail.NewMsg()
	msg.FromMailAddress(&s.from)
	if err := msg.AddToFormat(line(m.ToName), m.To); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNoSuchAddress, err)
	}
	_, domain, _ := strings.Cut(s.from.Address, "@")
	msg.SetMessageIDWithValue(m.ID + "@" + domain)
	msg.SetDate()
	msg.Subject(line(m.Subject))
	msg.SetGenHeader("Auto-Submitted", "auto-generated")
	msg.SetGenHeader(gomail.HeaderXAutoResponseSuppress, "All")
	if m.Preferences != "" {
		msg.SetListUnsubscribe(m.Preferences)
	}
	msg.SetBodyString(gomail.TypeTextPlain, m.Text)
	msg.AddAlternativeString(gomail.TypeTextHTML, m.HTML)
	for _, f := range m.Attached {
		if err := msg.AttachReader(line(f.Name), bytes.NewReader(f.Bytes), gomail.WithFileContentType(gomail.ContentType(f.Type))); err != nil {
			return nil, err
		}
	}
	return msg, nil
}

// line keeps a name or a title from beginning a header of its own.
func line(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, s)
	return strings.Join(strings.Fields(s), " ")
}
