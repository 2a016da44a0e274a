package egress_test

import (
	"crypto/x509"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"assay/internal/egress"
)

// addresses that mean a machine of ours, or none. The first, the second and the third of
// IPv6 are those that let a naive check through to a cloud's metadata.
var ours = []string{
	"64:ff9b::a9fe:a9fe", "2002:a9fe:a9fe::1", "100.64.0.1", "169.254.169.254", "::ffff:169.254.169.254",
	"127.0.0.1", "127.255.255.254", "0.0.0.0", "0.1.2.3", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1",
	"192.0.0.192", "192.0.2.1", "192.88.99.1", "198.18.0.1", "198.51.100.7", "203.0.113.9", "224.0.0.1", "240.0.0.1", "255.255.255.255",
	"::", "::1", "::127.0.0.1", "::ffff:10.0.0.1", "::ffff:0:127.0.0.1", "64:ff9b:1::a00:1", "100::1", "2001::1", "2001:0:a9fe:a9fe::1", "2001:2::1", "2001:10::1", "2001:db8::1",
	"3fff::1", "5f00::1", "fc00::1", "fd00:ec2::254", "fe80::1", "fe80::1%eth0", "fec0::1", "ff02::1", "2620:4f:8000::1", "192.31.196.1", "192.52.193.1", "192.175.48.1",
}

func TestWhichAddressesAreNotCalled(t *testing.T) {
	for _, s := range ours {
		if egress.Public(netip.MustParseAddr(s)) {
			t.Errorf("%s would be called", s)
		}
	}
	if egress.Public(netip.Addr{}) {
		t.Error("no address would be called")
	}
	for _, s := range []string{
		"1.1.1.1", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255", "169.253.255.255", "172.15.255.255", "172.32.0.0",
		"192.167.255.255", "198.17.255.255", "198.20.0.0", "223.255.255.255", "::ffff:1.1.1.1", "2606:4700::1111", "2a00:1450::1", "2001:4860::8888", "2003::1",
	} {
		if !egress.Public(netip.MustParseAddr(s)) {
			t.Errorf("%s would not be called", s)
		}
	}
}

func TestWhichHostsArePermitted(t *testing.T) {
	c := egress.New([]string{"hooks.slack.com", "*.webhook.office.com", "chat.example.com:8443"})
	for address, want := range map[string]string{
		"https://hooks.slack.com/services/T/B/x":   "",
		"https://HOOKS.slack.com:443/x":            "",
		"https://a.webhook.office.com/x":           "",
		"https://chat.example.com:8443/x":          "",
		"https://chat.example.com/x":               "may call",
		"https://hooks.slack.com:8443/x":           "may call",
		"https://webhook.office.com/x":             "may call",
		"https://hooks.slack.com.evil.example/x":   "may call",
		"https://evil.example/?hooks.slack.com":    "may call",
		"https://hooks.slack.com@evil.example/x":   "password",
		"https://169.254.169.254/latest/meta-data": "may call",
		"https://[::ffff:a9fe:a9fe]/":              "may call",
		"http://hooks.slack.com/x":                 "only https",
		"file:///etc/passwd":                       "no address",
		"https:hooks.slack.com":                    "no address",
		"https://hooks.slack.com/x#y":              "#",
		"hooks.slack.com":                          "no address",
		"https://hooks.slack.com%2eevil.example/":  "no address",
	} {
		if err := c.Permits(address); (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", address, err, want)
		}
	}
}

// receiver is a server with TLS on loopback, and the client that tests may give it.
func receiver(t *testing.T, answer http.HandlerFunc) (*httptest.Server, []string, egress.Option) {
	t.Helper()
	s := httptest.NewTLSServer(answer)
	t.Cleanup(s.Close)
	roots := x509.NewCertPool()
	roots.AddCert(s.Certificate())
	u, err := url.Parse(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	return s, []string{u.Host}, egress.Exempting(netip.MustParseAddrPort(u.Host), roots)
}

func TestACallArrives(t *testing.T) {
	var got, kind string
	s, hosts, exempt := receiver(t, func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		got, kind = string(b), r.Header.Get("Content-Type")
		w.WriteHeader(http.StatusAccepted)
	})
	code, err := egress.New(hosts, exempt).Post(t.Context(), s.URL+"/hook", http.Header{"Content-Type": {"application/json"}}, []byte(`{}`))
	if err != nil || code != http.StatusAccepted || got != "{}" || kind != "application/json" {
		t.Errorf("%d, %v, arrived %q as %q", code, err, got, kind)
	}
}

// TestAListedNameThatLeadsInside: the name is on the list, and resolves to this machine.
func TestAListedNameThatLeadsInside(t *testing.T) {
	called := false
	s, hosts, _ := receiver(t, func(http.ResponseWriter, *http.Request) { called = true })
	_, port, err := net.SplitHostPort(hosts[0])
	if err != nil {
		t.Fatal(err)
	}
	name := net.JoinHostPort("localhost", port)
	for _, address := range []string{"https://" + name + "/", s.URL + "/", "https://" + net.JoinHostPort("::1", port) + "/"} {
		u, err := url.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		_, err = egress.New([]string{u.Host}).Post(t.Context(), address, nil, nil)
		if err == nil || !strings.Contains(err.Error(), "not on the public internet") {
			t.Errorf("%s: %v", address, err)
		}
	}
	if called {
		t.Error("this machine was called")
	}
}

func TestARedirectIsNotFollowedAndAProxyIsNotAsked(t *testing.T) {
	calls := 0
	s, hosts, exempt := receiver(t, func(w http.ResponseWriter, r *http.Request) {
		calls++
		http.Redirect(w, r, "/again", http.StatusTemporaryRedirect)
	})
	t.Setenv("HTTPS_PROXY", "http://127.0.0.1:1")
	t.Setenv("https_proxy", "http://127.0.0.1:1")
	code, err := egress.New(hosts, exempt).Post(t.Context(), s.URL, nil, nil)
	if err != nil || code != http.StatusTemporaryRedirect || calls != 1 {
		t.Errorf("%d after %d calls, %v", code, calls, err)
	}
}

func TestWhatAnAnswerMayCost(t *testing.T) {
	s, hosts, exempt := receiver(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/slow" {
			<-r.Context().Done()
			return
		}
		b := make([]byte, 1<<20)
		for range 6 {
			_, _ = w.Write(b)
		}
	})
	c := egress.New(hosts, exempt)
	if _, err := c.Post(t.Context(), s.URL+"/long", nil, nil); err == nil || !strings.Contains(err.Error(), "longer than") {
		t.Errorf("an answer without end: %v", err)
	}
	begin := time.Now()
	_, err := c.Post(t.Context(), s.URL+"/slow?secret=hush", nil, nil)
	if err == nil || time.Since(begin) > egress.Timeout+2*time.Second {
		t.Errorf("an answer that does not come: %v after %s", err, time.Since(begin))
	}
	if err != nil && strings.Contains(err.Error(), "hush") {
		t.Errorf("the error tells the address: %v", err)
	}
}

func TestACertificateThatNobodyVouchesFor(t *testing.T) {
	s, hosts, _ := receiver(t, func(http.ResponseWriter, *http.Request) {})
	u, err := url.Parse(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	c := egress.New(hosts, egress.Exempting(netip.MustParseAddrPort(u.Host), nil))
	if _, err := c.Post(t.Context(), s.URL, nil, nil); err == nil || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("%v", err)
	}
}
