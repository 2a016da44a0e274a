// Package config reads settings from flags and ASSAY_* variables, and says in one
// sentence what is wrong with them. It knows which settings there are, and nothing of
// what they do.
package config

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/mail"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"
)

// ErrHelp means that help was asked for and has been printed.
var ErrHelp = flag.ErrHelp

// An Error names a setting and says what it should be.
type Error struct{ Setting, Message string }

func (e *Error) Error() string { return e.Setting + " " + e.Message }

// Bad is an Error about a flag, which it names with its variable.
func Bad(flagName, format string, args ...any) error {
	return &Error{Variable(flagName) + " (-" + flagName + ")", fmt.Sprintf(format, args...)}
}

// Variable is the environment variable that mirrors a flag.
func Variable(flagName string) string {
	return "ASSAY_" + strings.ToUpper(strings.ReplaceAll(flagName, "-", "_"))
}

// Parse sets the flags of fs from args, and those args leaves out from the variables
// that mirror them. Arguments that are no flags are refused.
func Parse(fs *flag.FlagSet, args []string, getenv func(string) string) error {
	fs.SetOutput(io.Discard)
	if err := fs.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return ErrHelp
		}
		return err
	}
	if fs.NArg() > 0 {
		return fmt.Errorf("%q is no flag; \"assay help %s\" lists them", fs.Arg(0), fs.Name())
	}
	given := map[string]bool{}
	fs.Visit(func(f *flag.Flag) { given[f.Name] = true })
	var err error
	fs.VisitAll(func(f *flag.Flag) {
		if v := getenv(Variable(f.Name)); v != "" && !given[f.Name] && err == nil {
			if fs.Set(f.Name, v) != nil {
				err = Bad(f.Name, "is %q; it should be %s.", v, kind(f))
			}
		}
	})
	return err
}

// kind is what a setting has to be: a number of bytes, true or false, or what its usage
// calls it.
func kind(f *flag.Flag) string {
	name, _ := flag.UnquoteUsage(f)
	switch f.Value.(flag.Getter).Get().(type) {
	case bool:
		return "true or false"
	case int, int64, uint, uint64, float64:
		return "a number of " + name + ", such as " + f.DefValue
	case time.Duration:
		return "a time, such as " + f.DefValue
	}
	return name
}

// Serve is the production configuration.
type Serve struct {
	Addr, DatabaseURL, BlobURL, BaseURL             string
	S3AccessKey, S3SecretKey                        string
	SigningKey                                      string
	OIDCIssuer, OIDCClientID, OIDCClientSecret      string
	OIDCName, OIDCRoleClaim, OIDCRoleMap, OIDCScope string
	OIDCTrustEmail, OIDCTrustPrompt, OIDCOffline    bool
	Contact                                         string
	TrustedProxies                                  string
	MaxUpload, MaxEvidence                          int64
	MaxFilesPerDay                                  int
	SweepOrphans                                    bool
	ClamdAddr                                       string
	SMTPURL, MailFrom, WebhookHosts                 string
	Witnesses, TimestampURL, TimestampRoots         string
	CheckpointMail                                  string
	Drain                                           time.Duration
	LogFormat                                       string
}

// Flags declares the settings of c on a new flag set.
func (c *Serve) Flags() *flag.FlagSet {
	fs := flag.NewFlagSet("serve", flag.ContinueOnError)
	fs.StringVar(&c.Addr, "addr", "127.0.0.1:8080", "`host:port` to listen on")
	fs.StringVar(&c.DatabaseURL, "database-url", "", "`URL` of the database: sqlite:///path/to/file or postgres://user:password@host:5432/name (required)")
	fs.StringVar(&c.BlobURL, "blob-url", "", "`URL` of the evidence store: file:///path/to/folder or s3://bucket/prefix?endpoint=https://…&region=…&path_style=true (required)")
	fs.StringVar(&c.S3AccessKey, "s3-access-key", "", "access `key` of the S3 store; without it the AWS variables, the shared credentials file and the role of the machine are asked")
	fs.StringVar(&c.S3SecretKey, "s3-secret-key", "", "secret `key` of the S3 store; better given as a variable than as a flag")
	fs.StringVar(&c.BaseURL, "base-url", "", "`URL` under which people reach Assay, https://assay.example.com (required)")
	fs.StringVar(&c.SigningKey, "signing-key-file", "", "`path` of the key that signs the log; made if missing, mode 0600, kept outside the database and its backups (required)")
	fs.StringVar(&c.OIDCIssuer, "oidc-issuer", "", "`URL` of the OpenID Connect issuer, exactly as it names itself (required)")
	fs.StringVar(&c.OIDCClientID, "oidc-client-id", "", "client `id` registered with the issuer (required)")
	fs.StringVar(&c.OIDCClientSecret, "oidc-client-secret", "", "client `secret`; better given as a variable than as a flag (required)")
	fs.StringVar(&c.OIDCName, "oidc-name", "single sign-on", "`name` of the issuer on the sign-in button")
	fs.StringVar(&c.OIDCScope, "oidc-scopes", "openid profile email groups", "`scopes` to ask for, blank separated")
	fs.StringVar(&c.OIDCRoleClaim, "oidc-role-claim", "groups", "`claim` that holds groups or app roles; a dotted path reaches into objects")
	fs.StringVar(&c.OIDCRoleMap, "oidc-role-map", "", "which `group=role` gives which role, comma separated; roles: administrator, compliance_manager, control_owner, external_auditor, executive_viewer (required)")
	fs.BoolVar(&c.OIDCTrustEmail, "oidc-trust-email", false, "believe e-mail addresses that the issuer does not call verified; Microsoft Entra ID never does")
	fs.BoolVar(&c.OIDCTrustPrompt, "oidc-trust-prompt", false, "believe that the issuer asks people to sign in anew when told to (prompt=login) though it never says when they did (auth_time); Dex never says")
	fs.BoolVar(&c.OIDCOffline, "oidc-offline-access", true, "ask for a refresh token (offline_access) where the issuer offers it, so that a leaver is noticed within minutes")
	fs.StringVar(&c.Contact, "contact", "", "`whom` people without a role should ask, a name or an e-mail address")
	fs.StringVar(&c.SMTPURL, "smtp-url", "", "`URL` of the mail server: smtps://user:password@host:465, or smtp://user:password@host:587 for STARTTLS; smtp://127.0.0.1:25?tls=none on this machine only; empty sends no mail")
	fs.StringVar(&c.MailFrom, "mail-from", "", "sender `address` of mails, assay@example.com or Assay <assay@example.com> (required with a mail server)")
	fs.StringVar(&c.Witnesses, "witnesses", "", "`witnesses` that cosign the log once a day, comma separated, each an address and the key it printed: https://witness.example.com witness.example.com+1a2b3c4d+BH…")
	fs.StringVar(&c.TimestampURL, "timestamp-url", "", "`URL` of a time stamping authority (RFC 3161) that confirms the log once a day")
	fs.StringVar(&c.TimestampRoots, "timestamp-roots", "", "`path` of the certificates, PEM, that may vouch for the authority; without it those of the machine")
	fs.StringVar(&c.CheckpointMail, "checkpoint-mail", "", "`addresses` outside of the company, comma separated, that get the day's checkpoint of the log by mail, beside auditors of open engagements")
	fs.StringVar(&c.WebhookHosts, "webhook-hosts", "", "`hosts` that webhooks may call, comma separated: hooks.slack.com, chat.example.com:8443, *.webhook.office.com; empty allows none")
	fs.StringVar(&c.TrustedProxies, "trusted-proxies", "", "`networks`, comma separated, whose X-Forwarded-For is believed")
	fs.Int64Var(&c.MaxUpload, "max-upload", 100<<20, "largest evidence file in `bytes`, up to 5 GiB")
	fs.Int64Var(&c.MaxEvidence, "max-evidence", 50<<30, "how large all evidence may become in `bytes`; 0 for as large as the store")
	fs.IntVar(&c.MaxFilesPerDay, "max-files-per-day", 500, "`number` of evidence files that one person may store in 24 hours; 0 for any")
	fs.BoolVar(&c.SweepOrphans, "sweep-orphans", false, "remove stored bytes that no record needs, a day after they came; without it they are counted only")
	fs.StringVar(&c.ClamdAddr, "clamd-addr", "", "`address` of a ClamAV daemon that scans evidence for malware: tcp://127.0.0.1:3310 or unix:///run/clamav/clamd.ctl; auditors then get only what was found clean")
	fs.DurationVar(&c.Drain, "drain", 0, "for how `long` a server that is told to stop goes on serving, while /healthz answers 503: a little longer than whatever asks there waits between two questions")
	fs.StringVar(&c.LogFormat, "log-format", "text", "`format` of the program's own log: text or json")
	return fs
}

// Check reports the first setting that is missing or wrong.
func (c *Serve) Check() error {
	required := []struct{ flag, value, should string }{
		{"database-url", c.DatabaseURL, "sqlite:///path/to/file or postgres://user:password@host:5432/name"},
		{"blob-url", c.BlobURL, "file:///path/to/folder or s3://bucket/prefix"},
		{"base-url", c.BaseURL, "the address people use, such as https://assay.example.com"},
		{"signing-key-file", c.SigningKey, "the path of a file outside the database, such as /var/lib/assay/log.key"},
		{"oidc-issuer", c.OIDCIssuer, "the issuer's address, such as https://login.example.com"},
		{"oidc-client-id", c.OIDCClientID, "the client id registered with the issuer"},
		{"oidc-client-secret", c.OIDCClientSecret, "the client secret registered with the issuer"},
		{"oidc-role-map", c.OIDCRoleMap, "group=role pairs, such as grc-admins=administrator,engineering=control_owner"},
	}
	for _, r := range required {
		if strings.TrimSpace(r.value) == "" {
			return Bad(r.flag, "is missing; it should be %s.", r.should)
		}
	}
	return firstError(c.checkURLs(), c.checkIssuer(), checkAddr(c.Addr), c.checkRest())
}

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func (c *Serve) checkURLs() error {
	if !strings.HasPrefix(c.DatabaseURL, "sqlite:///") && !strings.HasPrefix(c.DatabaseURL, "postgres://") && !strings.HasPrefix(c.DatabaseURL, "postgresql://") {
		return Bad("database-url", "should begin with sqlite:/// or postgres://.")
	}
	if !strings.HasPrefix(c.BlobURL, "file:///") && !strings.HasPrefix(c.BlobURL, "s3://") {
		return Bad("blob-url", "should be file:///path/to/folder or s3://bucket/prefix?endpoint=….")
	}
	if (c.S3AccessKey == "") != (c.S3SecretKey == "") {
		return Bad("s3-secret-key", "and -s3-access-key belong together; give both or neither.")
	}
	u, err := url.Parse(c.BaseURL)
	if err != nil || u.Host == "" || u.Path != "" && u.Path != "/" || u.RawQuery != "" || u.Fragment != "" {
		return Bad("base-url", "is %q; it should be scheme and host only, such as https://assay.example.com.", c.BaseURL)
	}
	if u.Scheme != "https" && (u.Scheme != "http" || !Loopback(u.Host)) {
		return Bad("base-url", "is %q; it should begin with https://, as session cookies travel to it. Plain http:// is for loopback only.", c.BaseURL)
	}
	return nil
}

func (c *Serve) checkIssuer() error {
	u, err := url.Parse(c.OIDCIssuer)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return Bad("oidc-issuer", "is %q; it should be the issuer's address, such as https://login.example.com.", c.OIDCIssuer)
	}
	if strings.HasSuffix(strings.TrimSuffix(u.Path, "/"), DemoIssuerPath) {
		return Bad("oidc-issuer", "is the demonstration provider, which asks for no password; it should be a real OpenID Connect issuer.")
	}
	if u.Scheme == "http" && !Loopback(u.Host) {
		return Bad("oidc-issuer", "is %q; it should begin with https://.", c.OIDCIssuer)
	}
	return nil
}

func (c *Serve) checkRest() error {
	if c.MaxUpload < 1 || c.MaxUpload > 5<<30 {
		return Bad("max-upload", "is %d; it should be between 1 and %d bytes (5 GiB).", c.MaxUpload, int64(5)<<30)
	}
	if c.MaxEvidence < 0 {
		return Bad("max-evidence", "is %d; it should be a number of bytes, or 0 for as large as the store.", c.MaxEvidence)
	}
	if c.MaxFilesPerDay < 0 {
		return Bad("max-files-per-day", "is %d; it should be a number of files, or 0 for any.", c.MaxFilesPerDay)
	}
	if (c.SMTPURL == "") != (c.MailFrom == "") {
		return Bad("mail-from", "and ASSAY_SMTP_URL belong together; set both to send mail, or neither.")
	}
	if c.Drain < 0 || c.Drain > 10*time.Minute {
		return Bad("drain", "is %s; it should be between 0s and 10m.", c.Drain)
	}
	if c.LogFormat != "text" && c.LogFormat != "json" {
		return Bad("log-format", "is %q; it should be text or json.", c.LogFormat)
	}
	for _, h := range c.Hosts() {
		if u, err := url.Parse("https://" + strings.TrimPrefix(h, "*.")); err != nil || u.Host != strings.TrimPrefix(h, "*.") || u.Hostname() == "" {
			return Bad("webhook-hosts", "names %q; it should be hosts such as hooks.slack.com, without https:// and without a path.", h)
		}
	}
	if _, err := c.WitnessList(); err != nil {
		return err
	}
	if u, err := url.Parse(c.TimestampURL); c.TimestampURL != "" && (err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http") {
		return Bad("timestamp-url", "is %q; it should be the address of an authority, such as https://freetsa.example.com/tsr.", c.TimestampURL)
	}
	if c.TimestampRoots != "" && c.TimestampURL == "" {
		return Bad("timestamp-roots", "is of no use without -timestamp-url.")
	}
	if c.CheckpointMail != "" && c.SMTPURL == "" {
		return Bad("checkpoint-mail", "needs a mail server; set ASSAY_SMTP_URL.")
	}
	for _, m := range c.Mailboxes() {
		if a, err := mail.ParseAddress(m); err != nil || a.Address != m {
			return Bad("checkpoint-mail", "names %q; it should be addresses such as evidence@firm.example.com.", m)
		}
	}
	for _, p := range c.Proxies() {
		if _, _, err := net.ParseCIDR(p); err != nil {
			return Bad("trusted-proxies", "names %q; it should be networks such as 10.0.0.0/8.", p)
		}
	}
	return nil
}

// A Witness is where one is, and the key it signs with.
type Witness struct{ URL, Key string }

// WitnessList is the list of witnesses.
func (c *Serve) WitnessList() ([]Witness, error) {
	var out []Witness
	for pair := range strings.SplitSeq(c.Witnesses, ",") {
		parts := strings.Fields(pair)
		if len(parts) == 0 {
			continue
		}
		if len(parts) != 2 {
			return nil, Bad("witnesses", "has %q; each should be an address and a key with a blank between.", strings.TrimSpace(pair))
		}
		u, err := url.Parse(parts[0])
		if err != nil || u.Host == "" || u.Scheme != "https" && (u.Scheme != "http" || !Loopback(u.Host)) {
			return nil, Bad("witnesses", "names %q; it should begin with https://.", parts[0])
		}
		out = append(out, Witness{parts[0], parts[1]})
	}
	return out, nil
}

// Mailboxes is the list of addresses that get the day's checkpoint.
func (c *Serve) Mailboxes() []string {
	return strings.FieldsFunc(c.CheckpointMail, func(r rune) bool { return r == ',' || r == ' ' })
}

// Hosts is the list of hosts that webhooks may call.
func (c *Serve) Hosts() []string {
	return strings.FieldsFunc(c.WebhookHosts, func(r rune) bool { return r == ',' || r == ' ' })
}

// Proxies is the list of trusted networks.
func (c *Serve) Proxies() []string {
	return strings.FieldsFunc(c.TrustedProxies, func(r rune) bool { return r == ',' || r == ' ' })
}

// DemoIssuerPath ends the issuer of the demonstration provider, so that a production
// configuration can tell.
const DemoIssuerPath = "/demo-idp"

// Demo is the configuration of a demonstration.
type Demo struct{ Addr, Data string }

// Flags declares the settings of c on a new flag set.
func (c *Demo) Flags() *flag.FlagSet {
	fs := flag.NewFlagSet("demo", flag.ContinueOnError)
	fs.StringVar(&c.Addr, "addr", "127.0.0.1:8080", "loopback `host:port` to listen on")
	fs.StringVar(&c.Data, "data", "./assay-data", "`folder` for the database, the evidence and the keys")
	return fs
}

// Check refuses what would let the demonstration out of its machine, or mix it with a
// production configuration.
func (c *Demo) Check(getenv func(string) string) error {
	for _, name := range []string{"database-url", "blob-url", "base-url", "oidc-issuer"} {
		if getenv(Variable(name)) != "" {
			return &Error{Variable(name), "is set, which is a production setting; \"assay demo\" signs people in without a password and should run without it. Use \"assay serve\"."}
		}
	}
	if err := checkAddr(c.Addr); err != nil {
		return err
	}
	if !Loopback(c.Addr) {
		return Bad("addr", "is %q; the demonstration asks for no passwords and should listen on loopback only, such as 127.0.0.1:8080.", c.Addr)
	}
	if strings.TrimSpace(c.Data) == "" {
		return Bad("data", "is empty; it should be a folder, such as ./assay-data.")
	}
	if info, err := os.Stat(c.Data); err == nil && !info.IsDir() {
		return Bad("data", "is %q, which is a file; it should be a folder.", c.Data)
	}
	return nil
}

func checkAddr(addr string) error {
	_, port, err := net.SplitHostPort(addr)
	n, convErr := strconv.Atoi(port)
	if err != nil || convErr != nil || n < 0 || n > 65535 {
		return Bad("addr", "is %q; it should be host:port, such as 127.0.0.1:8080.", addr)
	}
	return nil
}

// Loopback reports whether host, with or without a port, is this machine only.
func Loopback(host string) bool {
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	host = strings.Trim(host, "[]")
	if host == "localhost" {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}
