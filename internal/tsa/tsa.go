// Package tsa asks a time stamping authority (RFC 3161) to confirm that bytes existed, and
// checks what it answered.
package tsa

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"time"

	"github.com/digitorus/pkcs7"
	"github.com/digitorus/timestamp"
)

// mostAnswer bounds what an authority may answer: a token with a chain of certificates.
const mostAnswer = 1 << 20

// A Client asks one authority.
type Client struct {
	URL  string
	HTTP *http.Client
	// Roots are the authorities that may vouch for its certificate.
	Roots *x509.CertPool
}

// A Token is a time stamp as it came, DER, and the instant it states.
type Token struct {
	DER []byte
	At  time.Time
}

// Stamp has data confirmed. The token is checked before it is returned: that it is about
// this data and this request, and who signed it.
func (c Client) Stamp(ctx context.Context, data []byte) (Token, error) {
	nonce, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 63))
	if err != nil {
		return Token{}, fmt.Errorf("tsa: %w", err)
	}
	query, err := timestamp.CreateRequest(bytes.NewReader(data), &timestamp.RequestOptions{Hash: crypto.SHA256, Certificates: true, Nonce: nonce})
	if err != nil {
		return Token{}, fmt.Errorf("tsa: %w", err)
	}
	answer, err := c.post(ctx, query)
	if err != nil {
		return Token{}, err
	}
	ts, err := timestamp.ParseResponse(answer)
	if err != nil {
		return Token{}, fmt.Errorf("tsa: %w", err)
	}
	if ts.Nonce == nil || ts.Nonce.Cmp(nonce) != 0 {
		return Token{}, errors.New("tsa: the answer is to another request")
	}
	t := Token{ts.RawToken, ts.Time.UTC()}
	return t, t.Check(data, c.Roots)
}

func (c Client) post(ctx context.Context, query []byte) ([]byte, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.URL, bytes.NewReader(query))
	if err != nil {
		return nil, fmt.Errorf("tsa: %w", err)
	}
	r.Header.Set("Content-Type", "application/timestamp-query")
	resp, err := c.HTTP.Do(r)
	if err != nil {
		return nil, fmt.Errorf("tsa: %w", err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("tsa: the authority answered %s", resp.Status)
	}
	b, err := io.ReadAll(io.LimitReader(resp.Body, mostAnswer))
	if err != nil {
		return nil, fmt.Errorf("tsa: %w", err)
	}
	return b, nil
}

// Check checks that t is about data, that it is signed, and, unless roots is nil, that one
// of roots vouches for whoever signed it to stamp time, at the time it states.
func (t Token) Check(data []byte, roots *x509.CertPool) error {
	ts, err := timestamp.Parse(t.DER)
	if err != nil {
		return fmt.Errorf("tsa: %w", err)
	}
	sum := sha256.Sum256(data)
	if ts.HashAlgorithm != crypto.SHA256 || !bytes.Equal(ts.HashedMessage, sum[:]) {
		return errors.New("tsa: the time stamp is about something else")
	}
	if !ts.Time.Equal(t.At) {
		return errors.New("tsa: the time stamp states another time")
	}
	if roots == nil {
		return nil
	}
	p, err := pkcs7.Parse(t.DER)
	if err != nil {
		return fmt.Errorf("tsa: %w", err)
	}
	signer := p.GetOnlySigner()
	if signer == nil {
		return errors.New("tsa: the time stamp does not say which certificate signed it")
	}
	between := x509.NewCertPool()
	for _, cert := range p.Certificates {
		between.AddCert(cert)
	}
	_, err = signer.Verify(x509.VerifyOptions{
		Roots: roots, Intermediates: between, CurrentTime: ts.Time, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageTimeStamping},
	})
	if err != nil {
		return fmt.Errorf("tsa: nobody vouches for the authority: %w", err)
	}
	return nil
}
