package jobs

import (
	"crypto/rand"
	"encoding/base64"
	"fmt"

	"assay/internal/seal"
	"assay/models/webhook"
)

// NewSecret makes the secret of the webhook with this uid: as its receiver gets it, and
// as the database keeps it.
func NewSecret(box *seal.Box, uid string) (secret, sealed string) {
	key := make([]byte, 32)
	_, _ = rand.Read(key) // never fails
	secret = "whsec_" + base64.StdEncoding.EncodeToString(key)
	return secret, sealText(box, uid, "secret", secret)
}

// SealURL is the address of the webhook with this uid as the database keeps it: whoever
// has the address of a chat can write to it.
func SealURL(box *seal.Box, uid, address string) string { return sealText(box, uid, "url", address) }

// OpenHook is the address and the secret of a webhook.
func OpenHook(box *seal.Box, h webhook.Hook) (address, secret string, err error) {
	if address, err = openText(box, h.UID, "url", h.URL); err == nil {
		secret, err = openText(box, h.UID, "secret", h.Secret)
	}
	if err != nil {
		err = fmt.Errorf("webhook %s: %w; enter its address again and make a new secret", h.Name, err)
	}
	return address, secret, err
}

func sealText(box *seal.Box, uid, what, text string) string {
	return base64.StdEncoding.EncodeToString(box.Seal([]byte(text), place(uid, what)))
}

func openText(box *seal.Box, uid, what, sealed string) (string, error) {
	b, err := base64.StdEncoding.DecodeString(sealed)
	if err != nil {
		return "", err
	}
	b, err = box.Open(b, place(uid, what))
	return string(b), err
}

func place(uid, what string) string { return "webhook " + uid + " " + what }
