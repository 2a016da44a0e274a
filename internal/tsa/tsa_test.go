package tsa_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/digitorus/timestamp"

	"assay/internal/tsa"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func file(t *testing.T, name string) []byte {
	t.Helper()
	b, err := os.ReadFile("testdata/" + name)
	must(t, err)
	return b
}

// An authority stamps whatever it is asked to, or what a test makes of that.
type authority struct {
	*httptest.Server
	cert  *x509.Certificate
	key   *ecdsa.PrivateKey
	roots *x509.CertPool
	// Answer changes what is stamped, or answers by itself.
	change func(*timestamp.Timestamp)
	answer []byte
}

func newAuthority(t *testing.T, usage x509.ExtKeyUsage) *authority {
	t.Helper()
	a := &authority{roots: x509.NewCertPool()}
	var err error
	a.key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(7), Subject: pkix.Name{CommonName: "Time of the firm"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, ExtKeyUsage: []x509.ExtKeyUsage{usage}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &a.key.PublicKey, a.key)
	must(t, err)
	a.cert, err = x509.ParseCertificate(der)
	must(t, err)
	a.roots.AddCert(a.cert)
	a.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, err := io.ReadAll(r.Body)
		if err != nil || r.Header.Get("Content-Type") != "application/timestamp-query" {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		if a.answer != nil {
			_, _ = w.Write(a.answer)
			return
		}
		q, err := timestamp.ParseRequest(b)
		if err != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		ts := &timestamp.Timestamp{
			HashAlgorithm: q.HashAlgorithm, HashedMessage: q.HashedMessage, Time: time.Now().UTC().Truncate(time.Second), Nonce: q.Nonce,
			Policy: asn1.ObjectIdentifier{1, 2, 3, 4}, AddTSACertificate: q.Certificates, SerialNumber: big.NewInt(time.Now().UnixNano()),
		}
		if a.change != nil {
			a.change(ts)
		}
		out, err := ts.CreateResponseWithOpts(a.cert, a.key, crypto.SHA256)
		if err != nil {
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "application/timestamp-reply")
		_, _ = w.Write(out)
	}))
	t.Cleanup(a.Close)
	return a
}

func TestAnAuthorityStamps(t *testing.T) {
	a := newAuthority(t, x509.ExtKeyUsageTimeStamping)
	c := tsa.Client{URL: a.URL, HTTP: http.DefaultClient, Roots: a.roots}
	note := []byte("assay.halyard.example\n12\nroot\n")
	token, err := c.Stamp(t.Context(), note)
	must(t, err)
	if since := time.Since(token.At); since < -time.Second || since > time.Minute {
		t.Errorf("stamped at %v", token.At)
	}
	must(t, token.Check(note, a.roots))
	if token.Check([]byte("something else"), a.roots) == nil {
		t.Error("it vouches for something else too")
	}
	if (tsa.Token{DER: token.DER, At: token.At.Add(-time.Hour)}).Check(note, a.roots) == nil {
		t.Error("it vouches for another time too")
	}
	if token.Check(note, x509.NewCertPool()) == nil {
		t.Error("nobody vouches for the authority, and it was believed")
	}
	for n := 0; n < len(token.DER); n += 7 { // whatever is altered
		altered := bytes.Clone(token.DER)
		altered[n] ^= 1
		if err := (tsa.Token{DER: altered, At: token.At}).Check(note, a.roots); err == nil && !harmless(t, token.DER, altered) {
			t.Errorf("byte %d of the token can be altered", n)
		}
	}
}

// harmless reports that two tokens state the same and were signed by the same: some bytes
// of a certificate that is not the signer's are nobody's statement.
func harmless(t *testing.T, a, b []byte) bool {
	t.Helper()
	x, err := timestamp.Parse(a)
	must(t, err)
	y, err := timestamp.Parse(b)
	return err == nil && x.Time.Equal(y.Time) && bytes.Equal(x.HashedMessage, y.HashedMessage)
}

func TestWhatIsNoTimeStampOfOurs(t *testing.T) {
	for name, c := range map[string]struct {
		usage  x509.ExtKeyUsage
		change func(*timestamp.Timestamp)
		answer []byte
		want   string
	}{
		"an answer to another request":     {x509.ExtKeyUsageTimeStamping, func(ts *timestamp.Timestamp) { ts.Nonce = big.NewInt(1) }, nil, "another request"},
		"no nonce":                         {x509.ExtKeyUsageTimeStamping, func(ts *timestamp.Timestamp) { ts.Nonce = nil }, nil, "another request"},
		"another text":                     {x509.ExtKeyUsageTimeStamping, func(ts *timestamp.Timestamp) { h := sha256.Sum256([]byte("x")); ts.HashedMessage = h[:] }, nil, "something else"},
		"a certificate for something else": {x509.ExtKeyUsageServerAuth, nil, nil, "vouches"},
		"a refusal":                        {x509.ExtKeyUsageTimeStamping, nil, file(t, "rejection.tsr"), "tsa:"},
		"a real one about something else":  {x509.ExtKeyUsageTimeStamping, nil, file(t, "sigstage-sha256.tsr"), "another request"},
		"a bad signature":                  {x509.ExtKeyUsageTimeStamping, nil, file(t, "sigstage-invalid-signature.tsr"), "tsa:"},
		"a page":                           {x509.ExtKeyUsageTimeStamping, nil, []byte("<html>"), "tsa:"},
	} {
		t.Run(name, func(t *testing.T) {
			a := newAuthority(t, c.usage)
			a.change, a.answer = c.change, c.answer
			_, err := tsa.Client{URL: a.URL, HTTP: http.DefaultClient, Roots: a.roots}.Stamp(t.Context(), []byte("note"))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

// TestARealTimeStampHolds checks one that another program got from another authority.
func TestARealTimeStampHolds(t *testing.T) {
	ts, err := timestamp.ParseResponse(file(t, "sigstage-sha256.tsr"))
	must(t, err)
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(file(t, "sigstage-chain.pem")) {
		t.Fatal("no certificate")
	}
	token := tsa.Token{DER: ts.RawToken, At: ts.Time.UTC()}
	must(t, token.Check([]byte("hello"), roots))
	if token.Check([]byte("hello "), roots) == nil {
		t.Error("it is about something else too")
	}
}
