package mail_test

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"assay/internal/mail"
	"assay/internal/mailtest"
	"assay/internal/testenv"
)

var hello = mail.Message{
	ToName: "Zoë Brännström", To: "zoe@halyard.example", Subject: "Returned: Löschprotokoll für 周美玲",
	Text: "One line.\n.\nA dot alone, and a long one: " + strings.Repeat("é", 300) + "\n",
	HTML: "<p>One line.</p>", ID: "job-7", Preferences: "https://assay.example.com/account/notifications",
}

func open(t *testing.T, s *mailtest.Server) *mail.Sender {
	t.Helper()
	sender, err := mail.Open(s.URL, "Assay <assay@halyard.example>")
	if err != nil {
		t.Fatal(err)
	}
	sender.RootCAs = s.RootCAs
	return sender
}

func TestAMailArrivesInEveryWayOfSpeakingToTheServer(t *testing.T) {
	for name, how := range map[string]mailtest.How{"STARTTLS": mailtest.StartTLS, "TLS at once": mailtest.Implicit, "none on loopback": mailtest.Plain} {
		t.Run(name, func(t *testing.T) {
			s := mailtest.New(t, how)
			if err := open(t, s).Send(t.Context(), hello); err != nil {
				t.Fatal(err)
			}
			got := s.Mails()
			if len(got) != 1 {
				t.Fatalf("%d mails arrived", len(got))
			}
			m := got[0]
			if m.From != "assay@halyard.example" || m.To != "zoe@halyard.example" || m.Subject != hello.Subject || m.Text != hello.Text || m.HTML != hello.HTML {
				t.Errorf("arrived: %+v", m)
			}
			if strings.Join(m.Parts, " ") != "text/plain text/html" {
				t.Errorf("parts %v: the plain text is not first", m.Parts)
			}
			for header, want := range map[string]string{
				"Message-Id": "<job-7@halyard.example>", "Auto-Submitted": "auto-generated",
				"List-Unsubscribe": "<https://assay.example.com/account/notifications>",
			} {
				if m.Header.Get(header) != want {
					t.Errorf("%s: %q", header, m.Header.Get(header))
				}
			}
			if how != mailtest.Plain && s.SignIns() != 1 {
				t.Errorf("signed in %d times", s.SignIns())
			}
		})
	}
}

func TestASubjectBeginsNoHeaderOfItsOwn(t *testing.T) {
	s := mailtest.New(t, mailtest.Implicit)
	m := hello
	m.Subject, m.ToName = "x\r\nBcc: all@halyard.example", "Eve\r\nX-Evil: yes"
	if err := open(t, s).Send(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	got := s.Mails()[0]
	if got.Header.Get("Bcc") != "" || got.Header.Get("X-Evil") != "" || got.Subject != "x Bcc: all@halyard.example" {
		t.Errorf("arrived:\n%s", got.Raw)
	}
}

// TestWithoutTLSNothingIsSaid: a server, or somebody between, that offers no TLS hears
// neither the password nor the mail.
func TestWithoutTLSNothingIsSaid(t *testing.T) {
	s := mailtest.New(t, mailtest.Plain)
	sender, err := mail.Open(strings.TrimSuffix(s.URL, "?tls=none"), "assay@halyard.example")
	if err != nil {
		t.Fatal(err)
	}
	if err := sender.Send(t.Context(), hello); err == nil || len(s.Mails()) != 0 {
		t.Errorf("a mail went out without TLS: %v", err)
	}
	tls := mailtest.New(t, mailtest.Implicit)
	stranger := open(t, tls)
	stranger.RootCAs = nil // the system does not know this authority
	if err := stranger.Send(t.Context(), hello); err == nil || len(tls.Mails()) != 0 {
		t.Errorf("a mail went to a server with a certificate nobody vouches for: %v", err)
	}
}

func TestWhatTheServerRefuses(t *testing.T) {
	s := mailtest.New(t, mailtest.StartTLS)
	for code, hopeless := range map[int]bool{550: true, 450: false} {
		s.Refuse = func(string) error { return &smtp.SMTPError{Code: code, Message: "not here"} }
		err := open(t, s).Send(t.Context(), hello)
		if err == nil || errors.Is(err, mail.ErrNoSuchAddress) != hopeless {
			t.Errorf("%d: %v", code, err)
		}
		if strings.Contains(err.Error(), mailtest.Password) {
			t.Errorf("the error tells the password: %v", err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	nobody, err := mail.Open("smtps://127.0.0.1:1", "assay@halyard.example")
	if err != nil {
		t.Fatal(err)
	}
	if err := nobody.Send(ctx, hello); err == nil {
		t.Error("nobody listens, and it was sent")
	}
}

func TestWhichServersCanBeNamed(t *testing.T) {
	for url, want := range map[string]string{
		"smtps://u:p@mail.example.com:465":    "",
		"smtp://mail.example.com":             "",
		"smtp://localhost:1025?tls=none":      "",
		"smtp://[::1]:1025?tls=none":          "",
		"smtp://mail.example.com?tls=none":    "this machine only",
		"smtps://localhost?tls=none":          "this machine only",
		"smtp://mail.example.com?tls=maybe":   "unknown",
		"mail.example.com:25":                 "should be smtps://",
		"https://mail.example.com":            "should be smtps://",
		"smtp://mail.example.com:99999":       "between 1 and 65535",
		"smtp://mail.example.com/a/path":      "should be smtps://",
		"smtps://u:secret@mail.example.com:x": "should be smtps://",
	} {
		_, err := mail.Open(url, "assay@halyard.example")
		if (err == nil) != (want == "") || err != nil && (!strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "secret")) {
			t.Errorf("%s: %v", url, err)
		}
	}
	if _, err := mail.Open("smtps://mail.example.com", "nobody"); err == nil {
		t.Error("a sender that is no address was taken")
	}
}

// TestAnotherServerTakesIt: the server of the other tests is written in Go, as is the
// library that sends. This one is neither, and refuses what is said before STARTTLS.
func TestAnotherServerTakesIt(t *testing.T) {
	cert, key, roots := mailtest.Certificate(t)
	address, mails := testenv.SMTP(t, cert, key)
	sender, err := mail.Open("smtp://"+address, "Assay <assay@halyard.example>")
	if err != nil {
		t.Fatal(err)
	}
	sender.RootCAs = roots
	for range 2 {
		if err := sender.Send(t.Context(), hello); err != nil {
			t.Fatal(err)
		}
	}
	got := mails()
	if len(got) != 2 {
		t.Fatalf("%d mails arrived", len(got))
	}
	m, err := mailtest.Read(got[0])
	if err != nil || m.Subject != hello.Subject || m.Text != hello.Text || m.HTML != hello.HTML || m.Header.Get("Message-Id") != "<job-7@halyard.example>" {
		t.Errorf("%v: %+v", err, m)
	}
}

// TestAFileGoesWithAMail, to both servers, with every byte that a text would lose.
func TestAFileGoesWithAMail(t *testing.T) {
	file := mail.File{Name: "readout-2026-04-13.pdf", Type: "application/pdf", Bytes: []byte("%PDF-\r\n.\n\x00\xff\n.\r\n" + strings.Repeat("x", 5000))}
	m := hello
	m.Attached = []mail.File{file}
	cert, key, roots := mailtest.Certificate(t)
	address, mails := testenv.SMTP(t, cert, key)
	foreign, err := mail.Open("smtp://"+address, "Assay <assay@halyard.example>")
	if err != nil {
		t.Fatal(err)
	}
	foreign.RootCAs = roots
	s := mailtest.New(t, mailtest.StartTLS)
	if err := errors.Join(foreign.Send(t.Context(), m), open(t, s).Send(t.Context(), m)); err != nil {
		t.Fatal(err)
	}
	abroad, err := mailtest.Read(mails()[0])
	if err != nil {
		t.Fatal(err)
	}
	for _, got := range []mailtest.Mail{abroad, s.Mails()[0]} {
		if strings.Join(got.Parts, " ") != "text/plain text/html application/pdf" || got.Text != hello.Text || got.HTML != hello.HTML {
			t.Errorf("parts %v, text %q", got.Parts, got.Text)
		}
		if !bytes.Equal(got.Files[file.Name], file.Bytes) {
			t.Errorf("arrived: %q", got.Files)
		}
	}
}
