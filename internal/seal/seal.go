// Package seal keeps secrets that a database has to hold from whoever has only the
// database: AES-256-GCM under a key that comes from elsewhere.
package seal

import (
	"crypto/aes"
	"crypto/cipher"
	"errors"
	"fmt"
)

// KeySize is how many bytes a key has.
const KeySize = 32

// A Box seals and opens. It is safe for use by many at once.
type Box struct{ aead cipher.AEAD }

// New makes a box of a key of KeySize bytes.
func New(key []byte) (*Box, error) {
	if len(key) != KeySize {
		return nil, fmt.Errorf("seal: a key has %d bytes, not %d", KeySize, len(key))
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("seal: %w", err)
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, fmt.Errorf("seal: %w", err)
	}
	return &Box{aead}, nil
}

// Seal seals a secret for one place: sealed bytes that are moved to another do not open.
func (b *Box) Seal(secret []byte, place string) []byte {
	return b.aead.Seal(nil, nil, secret, []byte(place))
}

// ErrNotOurs means that the bytes were sealed with another key or for another place, or
// were changed.
var ErrNotOurs = errors.New("seal: sealed with another key, for another place, or changed since")

// Open returns the secret that was sealed for the place.
func (b *Box) Open(sealed []byte, place string) ([]byte, error) {
	secret, err := b.aead.Open(nil, nil, sealed, []byte(place))
	if err != nil {
		return nil, ErrNotOurs
	}
	return secret, nil
}
