package idp

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/go-jose/go-jose/v4"
)

// signingKey dresses a private key with its algorithm and an id that follows from the
// key, so that a restart with the same key publishes the same id.
func signingKey(signer crypto.Signer) (jose.JSONWebKey, error) {
	if signer == nil {
		fresh, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			return jose.JSONWebKey{}, fmt.Errorf("making a signing key: %w", err)
		}
		signer = fresh
	}
	key := jose.JSONWebKey{Key: signer, Use: "sig"}
	switch k := signer.(type) {
	case *ecdsa.PrivateKey:
		if k.Curve != elliptic.P256() {
			return key, errors.New("the demonstration provider's ECDSA key should be on the curve P-256")
		}
		key.Algorithm = string(jose.ES256)
	case *rsa.PrivateKey:
		if k.N.BitLen() < 2048 {
			return key, errors.New("the demonstration provider's RSA key should have 2048 bits or more")
		}
		key.Algorithm = string(jose.RS256)
	default:
		return key, fmt.Errorf("the demonstration provider cannot sign with a %T", signer)
	}
	print, err := key.Thumbprint(crypto.SHA256)
	if err != nil {
		return key, fmt.Errorf("naming the signing key: %w", err)
	}
	key.KeyID = base64.RawURLEncoding.EncodeToString(print[:9])
	return key, nil
}

// sign makes a compact token of the given type.
func (s *Server) sign(typ jose.ContentType, claims map[string]any) (string, error) {
	options := (&jose.SignerOptions{}).WithType(typ)
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: s.algorithm(), Key: s.key}, options)
	if err != nil {
		return "", fmt.Errorf("preparing to sign: %w", err)
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		return "", fmt.Errorf("encoding claims: %w", err)
	}
	signed, err := signer.Sign(payload)
	if err != nil {
		return "", fmt.Errorf("signing: %w", err)
	}
	return signed.CompactSerialize()
}

// ours returns the claims of a token this provider signed, whether it has expired or not.
func (s *Server) ours(token string) (map[string]any, bool) {
	parsed, err := jose.ParseSigned(token, []jose.SignatureAlgorithm{s.algorithm()})
	if err != nil {
		return nil, false
	}
	payload, err := parsed.Verify(s.key.Public())
	if err != nil {
		return nil, false
	}
	var claims map[string]any
	if json.Unmarshal(payload, &claims) != nil || claims["iss"] != s.issuer {
		return nil, false
	}
	return claims, true
}

func (s *Server) algorithm() jose.SignatureAlgorithm {
	return jose.SignatureAlgorithm(s.key.Algorithm)
}

func (s *Server) keys(w http.ResponseWriter, _ *http.Request) {
	reply(w, http.StatusOK, jose.JSONWebKeySet{Keys: []jose.JSONWebKey{s.key.Public()}})
}

func (s *Server) discovery(w http.ResponseWriter, _ *http.Request) {
	reply(w, http.StatusOK, map[string]any{
		"issuer":                                s.issuer,
		"authorization_endpoint":                s.issuer + "/authorize",
		"token_endpoint":                        s.issuer + "/token",
		"userinfo_endpoint":                     s.issuer + "/userinfo",
		"jwks_uri":                              s.issuer + "/keys",
		"end_session_endpoint":                  s.issuer + "/logout",
		"revocation_endpoint":                   s.issuer + "/revoke",
		"scopes_supported":                      []string{"openid", "profile", "email", "groups", offline},
		"response_types_supported":              []string{"code"},
		"response_modes_supported":              []string{"query"},
		"grant_types_supported":                 []string{"authorization_code", "refresh_token"},
		"subject_types_supported":               []string{"public"},
		"id_token_signing_alg_values_supported": []string{s.key.Algorithm},
		"token_endpoint_auth_methods_supported": []string{"client_secret_basic", "client_secret_post"},
		"code_challenge_methods_supported":      []string{"S256"},
		"claims_supported": []string{
			"sub", "iss", "aud", "exp", "iat", "auth_time", "nonce", "sid", "at_hash",
			"email", "email_verified", "name", "groups",
		},
		"request_parameter_supported":                    false,
		"request_uri_parameter_supported":                false,
		"authorization_response_iss_parameter_supported": true,
		"backchannel_logout_supported":                   true,
		"backchannel_logout_session_supported":           true,
	})
}

// reply writes JSON that nobody may keep.
func reply(w http.ResponseWriter, code int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(body) // the reader may have gone; nobody is left to tell
}
