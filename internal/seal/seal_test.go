package seal_test

import (
	"bytes"
	"errors"
	"testing"

	"assay/internal/seal"
)

func TestWhatIsSealedOpensInItsPlaceOnly(t *testing.T) {
	box, err := seal.New(bytes.Repeat([]byte{1}, seal.KeySize))
	if err != nil {
		t.Fatal(err)
	}
	secret := []byte("a refresh token")
	sealed := box.Seal(secret, "session 1")
	if bytes.Contains(sealed, secret) || bytes.Equal(sealed, box.Seal(secret, "session 1")) {
		t.Error("the secret shows, or is sealed the same way twice")
	}
	if got, err := box.Open(sealed, "session 1"); err != nil || !bytes.Equal(got, secret) {
		t.Errorf("%q %v", got, err)
	}
	other, err := seal.New(bytes.Repeat([]byte{2}, seal.KeySize))
	if err != nil {
		t.Fatal(err)
	}
	changed := bytes.Clone(sealed)
	changed[len(changed)/2] ^= 1
	for name, open := range map[string]func() ([]byte, error){
		"another key":   func() ([]byte, error) { return other.Open(sealed, "session 1") },
		"another place": func() ([]byte, error) { return box.Open(sealed, "session 2") },
		"one bit":       func() ([]byte, error) { return box.Open(changed, "session 1") },
		"the beginning": func() ([]byte, error) { return box.Open(sealed[:5], "session 1") },
		"nothing":       func() ([]byte, error) { return box.Open(nil, "session 1") },
	} {
		if got, err := open(); !errors.Is(err, seal.ErrNotOurs) {
			t.Errorf("%s: %q %v", name, got, err)
		}
	}
	if _, err := seal.New([]byte("short")); err == nil {
		t.Error("a short key was taken")
	}
}
