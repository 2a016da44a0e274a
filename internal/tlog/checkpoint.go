package tlog

import (
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
)

// A Checkpoint is the head of a log as C2SP tlog-checkpoint writes it: origin, size,
// root, and nothing else.
type Checkpoint struct {
	Origin string
	Size   int64
	Root   Hash
}

// Text is the signed part of the note.
func (c Checkpoint) Text() string {
	return fmt.Sprintf("%s\n%d\n%s\n", c.Origin, c.Size, base64.StdEncoding.EncodeToString(c.Root[:]))
}

// ParseCheckpoint reads the text of a note. Extension lines are allowed and ignored.
func ParseCheckpoint(text string) (Checkpoint, error) {
	lines := strings.SplitN(text, "\n", 4)
	if len(lines) < 4 || lines[0] == "" {
		return Checkpoint{}, errors.New("tlog: a checkpoint has an origin, a size and a root, one a line")
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil || size < 0 || strconv.FormatInt(size, 10) != lines[1] {
		return Checkpoint{}, fmt.Errorf("tlog: %q is no size of a log", lines[1])
	}
	root, err := base64.StdEncoding.DecodeString(lines[2])
	if err != nil || len(root) != len(Hash{}) {
		return Checkpoint{}, fmt.Errorf("tlog: %q is no root hash", lines[2])
	}
	return Checkpoint{Origin: lines[0], Size: size, Root: Hash(root)}, nil
}

// A Signer signs checkpoints with the log's Ed25519 key.
type Signer struct {
	signer note.Signer
	secret string // the private half, as the file has it
	// VerifierKey is the public half, in the form name+hash+key of signed notes.
	VerifierKey string
}

// Origin is the name of the log: the key's name.
func (s *Signer) Origin() string { return s.signer.Name() }

// Sign returns the signed note of a checkpoint.
func (s *Signer) Sign(c Checkpoint) (string, error) {
	b, err := note.Sign(&note.Note{Text: c.Text()}, s.signer)
	if err != nil {
		return "", fmt.Errorf("tlog: sign: %w", err)
	}
	return string(b), nil
}

// Secret is 32 bytes for a purpose other than signing, derived from the private key so
// that there is one file to keep and nothing that has the database alone can know them.
// They tell nothing of the key, and nothing of those for another purpose.
func (s *Signer) Secret(purpose string) ([]byte, error) {
	b, err := hkdf.Key(sha256.New, []byte(s.secret), nil, "assay "+purpose, 32)
	if err != nil {
		return nil, fmt.Errorf("tlog: %w", err)
	}
	return b, nil
}

// LoadSigner reads the signing key at path, or makes one that is named origin when
// there is none. The file holds the private and the public key, a line each, and is
// readable by its owner alone; a file that others can read is refused.
func LoadSigner(path, origin string) (*Signer, error) {
	b, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return createSigner(path, origin)
	}
	if err != nil {
		return nil, fmt.Errorf("signing key: %w", err)
	}
	if info, err := os.Stat(path); err == nil && info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("signing key %s can be read by others; set its mode to 0600", path)
	}
	skey, vkey, ok := strings.Cut(strings.TrimSpace(string(b)), "\n")
	if !ok {
		return nil, fmt.Errorf("signing key %s should hold the private and the public key, a line each", path)
	}
	return newSigner(skey, vkey)
}

func newSigner(skey, vkey string) (*Signer, error) {
	s, err := note.NewSigner(skey)
	if err != nil {
		return nil, fmt.Errorf("signing key: %w", err)
	}
	v, err := note.NewVerifier(vkey)
	if err != nil || v.KeyHash() != s.KeyHash() {
		return nil, errors.New("signing key: the public key does not belong to the private one")
	}
	return &Signer{signer: s, secret: skey, VerifierKey: vkey}, nil
}

func createSigner(path, origin string) (*Signer, error) {
	skey, vkey, err := note.GenerateKey(rand.Reader, origin)
	if err != nil {
		return nil, fmt.Errorf("signing key: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("signing key: %w", err)
	}
	// O_EXCL: of two replicas that start at once, one makes the key and the other fails.
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, fmt.Errorf("signing key: %w", err)
	}
	_, err = fmt.Fprintf(f, "%s\n%s\n", skey, vkey)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return nil, fmt.Errorf("signing key: %w", err)
	}
	return newSigner(skey, vkey)
}

// OpenCheckpoint checks the signature of a note by one of these keys and parses it. The
// origin must be the key's name, as C2SP asks. Signatures by unknown keys are
// ignored, not refused. The error is that of the first key.
func OpenCheckpoint(signed string, vkeys ...string) (c Checkpoint, err error) {
	for i, vkey := range vkeys {
		opened, wrong := openCheckpoint(signed, vkey)
		if wrong == nil {
			return opened, nil
		}
		if i == 0 {
			err = wrong
		}
	}
	return c, err
}

func openCheckpoint(signed, vkey string) (Checkpoint, error) {
	v, err := note.NewVerifier(strings.TrimSpace(vkey))
	if err != nil {
		return Checkpoint{}, fmt.Errorf("tlog: verifier key: %w", err)
	}
	n, err := note.Open([]byte(signed), note.VerifierList(v))
	if err != nil {
		return Checkpoint{}, fmt.Errorf("tlog: checkpoint: %w", err)
	}
	c, err := ParseCheckpoint(n.Text)
	if err == nil && c.Origin != v.Name() {
		err = fmt.Errorf("tlog: the checkpoint is of %q, the key of %q", c.Origin, v.Name())
	}
	return c, err
}

// SignText returns a signed note of any text, which ends in a line break. What is no
// checkpoint begins with a line that says what it is.
func (s *Signer) SignText(text string) (string, error) {
	b, err := note.Sign(&note.Note{Text: text}, s.signer)
	if err != nil {
		return "", fmt.Errorf("tlog: sign: %w", err)
	}
	return string(b), nil
}

// OpenText checks the signature of a note by the key vkey and returns its text.
func OpenText(signed, vkey string) (string, error) {
	v, err := note.NewVerifier(strings.TrimSpace(vkey))
	if err != nil {
		return "", fmt.Errorf("tlog: verifier key: %w", err)
	}
	n, err := note.Open([]byte(signed), note.VerifierList(v))
	if err != nil {
		return "", fmt.Errorf("tlog: signed note: %w", err)
	}
	return n.Text, nil
}
