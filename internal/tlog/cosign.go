package tlog

import (
	"fmt"
	"strings"
	"time"

	formats "github.com/transparency-dev/formats/note"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// Extension is the proof that the tree of size to begins with the tree of size from, for
// 0 < from ≤ to. It is empty when they are the same.
func Extension(from, to int64, r tlog.HashReader) ([]Hash, error) {
	p, err := tlog.ProveTree(to, from, r)
	if err != nil {
		return nil, fmt.Errorf("tlog: %w", err)
	}
	return p, nil
}

// CheckExtension checks that proof shows the tree (to, root) to begin with (from, old).
// Every tree begins with the empty one.
func CheckExtension(proof []Hash, from int64, old Hash, to int64, root Hash) error {
	if from == 0 {
		if len(proof) > 0 {
			return fmt.Errorf("tlog: nothing is to be proved of the empty tree, and there are %d hashes", len(proof))
		}
		return nil
	}
	if err := tlog.CheckTree(proof, to, root, from, old); err != nil {
		return fmt.Errorf("tlog: %w", err)
	}
	return nil
}

// A Cosigner signs the checkpoints of others with the instant at which it saw them: C2SP
// tlog-cosignature, version 1, Ed25519.
type Cosigner struct {
	signer *formats.Signer
	// VerifierKey is the public half, in the form name+hash+key of signed notes.
	VerifierKey string
}

// Cosigner signs checkpoints of others with the key of s, under its name.
func (s *Signer) Cosigner() (*Cosigner, error) {
	c, err := formats.NewSignerForCosignatureV1(s.secret)
	if err != nil {
		return nil, fmt.Errorf("tlog: cosigner: %w", err)
	}
	vkey, err := formats.VKeyToCosignatureV1(s.VerifierKey)
	if err != nil {
		return nil, fmt.Errorf("tlog: cosigner: %w", err)
	}
	return &Cosigner{c, vkey}, nil
}

// Cosign is the line with which c signs the checkpoint of signed, with a newline.
func (c *Cosigner) Cosign(signed string) (string, error) {
	text, _, ok := strings.Cut(signed, "\n\n")
	if !ok {
		return "", fmt.Errorf("tlog: this is no signed note")
	}
	b, err := note.Sign(&note.Note{Text: text + "\n"}, c.signer)
	if err != nil {
		return "", fmt.Errorf("tlog: cosign: %w", err)
	}
	_, line, _ := strings.Cut(string(b), "\n\n")
	return line, nil
}

// OpenCosignature checks that the witness with the key vkey cosigned a checkpoint, and
// says when.
func OpenCosignature(signed, vkey string) (time.Time, error) {
	v, err := formats.NewVerifierForCosignatureV1(strings.TrimSpace(vkey))
	if err != nil {
		return time.Time{}, fmt.Errorf("tlog: witness key: %w", err)
	}
	n, err := note.Open([]byte(signed), note.VerifierList(v))
	if err != nil {
		return time.Time{}, fmt.Errorf("tlog: cosignature: %w", err)
	}
	at, err := formats.CoSigV1Timestamp(n.Sigs[0])
	if err != nil {
		return time.Time{}, fmt.Errorf("tlog: cosignature: %w", err)
	}
	return at.UTC(), nil
}

// KeyName is the name in a verifier key.
func KeyName(vkey string) string {
	name, _, _ := strings.Cut(strings.TrimSpace(vkey), "+")
	return name
}

// CheckWitnessKey says what is wrong with the verifier key of a witness.
func CheckWitnessKey(vkey string) error {
	_, err := formats.NewVerifierForCosignatureV1(strings.TrimSpace(vkey))
	return err
}

// CheckLogKey says what is wrong with the verifier key of a log.
func CheckLogKey(vkey string) error {
	_, err := note.NewVerifier(strings.TrimSpace(vkey))
	return err
}
