package oidc

import (
	"context"
	"crypto/rsa"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"
)

const (
	keysCoolDown  = 30 * time.Second // between two readings that succeeded
	keysRetry     = 5 * time.Second  // after one that failed
	keysAge       = time.Hour        // then withdrawn keys are noticed
	smallestRSA   = 2048
	tokenSizeMost = 64 << 10
)

// keySet is the provider's published keys. go-oidc's own reads them again for every
// unknown key id, without pause or limit, which lets anybody with a made-up token turn
// us against the provider.
type keySet struct {
	address string
	client  *http.Client
	now     func() time.Time

	mu     sync.Mutex
	keys   []jose.JSONWebKey
	read   time.Time // last success
	tried  time.Time // last attempt
	failed error     // outcome of that attempt
}

// verdict carries the outcome of a signature check past go-oidc, which turns our errors
// into text.
type verdict struct {
	payload []byte
	err     error
}

type verdictKey struct{}

// VerifySignature implements go-oidc's KeySet.
func (k *keySet) VerifySignature(ctx context.Context, token string) ([]byte, error) {
	payload, err := k.verify(ctx, token)
	if v, ok := ctx.Value(verdictKey{}).(*verdict); ok {
		v.payload, v.err = payload, err
	}
	return payload, err
}

func (k *keySet) verify(ctx context.Context, token string) ([]byte, error) {
	parsed, err := jose.ParseSigned(token, signatureAlgorithms(asymmetric))
	if err != nil {
		return nil, fail(Malformed, "parsing: %w", err)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.now().Sub(k.read) >= keysAge {
		k.fetch(ctx)
	}
	payload, named := k.try(parsed)
	if payload == nil && k.fetch(ctx) {
		payload, named = k.try(parsed)
	}
	switch {
	case payload != nil:
		return payload, nil
	case k.read.IsZero():
		return nil, fail(KeysUnavailable, "%w", k.failed)
	case !named:
		return nil, fail(KeyUnknown, "no published key is called %q", parsed.Signatures[0].Header.KeyID)
	}
	return nil, fail(Signature, "no published key made this signature")
}

// try checks a signature against the keys at hand; named reports whether any of them
// bears the token's key id.
func (k *keySet) try(token *jose.JSONWebSignature) (payload []byte, named bool) {
	header := token.Signatures[0].Header
	for _, key := range k.keys {
		if header.KeyID != "" && key.KeyID != header.KeyID {
			continue
		}
		named = true
		if key.Algorithm != "" && key.Algorithm != header.Algorithm {
			continue
		}
		if payload, err := token.Verify(key); err == nil {
			return payload, true
		}
	}
	return nil, named
}

// fetch reads the keys again, unless it did so a moment ago, and reports whether it did.
// The lock is held meanwhile, so a storm of unknown key ids makes one request.
func (k *keySet) fetch(ctx context.Context) bool {
	pause := keysCoolDown
	if k.failed != nil {
		pause = keysRetry
	}
	if !k.tried.IsZero() && k.now().Sub(k.tried) < pause {
		return false
	}
	keys, err := k.request(context.WithoutCancel(ctx))
	k.tried, k.failed = k.now(), err
	if err != nil {
		return false
	}
	k.keys, k.read = keys, k.tried
	return true
}

func (k *keySet) request(ctx context.Context) ([]jose.JSONWebKey, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, k.address, nil)
	if err != nil {
		return nil, fmt.Errorf("asking for keys: %w", err)
	}
	resp, err := k.client.Do(req)
	if err != nil {
		return nil, fmt.Errorf("fetching keys: %w", err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, fmt.Errorf("reading keys: %w", err)
	}
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("fetching keys: the provider answered %s", resp.Status)
	}
	return usableKeys(body)
}

// usableKeys keeps the keys that can check one of our algorithms and passes over the
// rest, as RFC 7517 section 5 asks: a provider may publish kinds we do not know.
func usableKeys(body []byte) ([]jose.JSONWebKey, error) {
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := json.Unmarshal(body, &set); err != nil {
		return nil, fmt.Errorf("reading keys: %w", err)
	}
	var usable []jose.JSONWebKey
	for _, raw := range set.Keys {
		var key jose.JSONWebKey
		if key.UnmarshalJSON(raw) == nil && fit(key) {
			usable = append(usable, key)
		}
	}
	return usable, nil
}

// fit refuses private and symmetric keys, keys meant for encryption, and short RSA keys.
func fit(key jose.JSONWebKey) bool {
	if !key.Valid() || !key.IsPublic() || (key.Use != "" && key.Use != "sig") {
		return false
	}
	if k, ok := key.Key.(*rsa.PublicKey); ok {
		return k.N.BitLen() >= smallestRSA
	}
	return true
}

func signatureAlgorithms(names []string) []jose.SignatureAlgorithm {
	out := make([]jose.SignatureAlgorithm, len(names))
	for i, name := range names {
		out[i] = jose.SignatureAlgorithm(name)
	}
	return out
}
