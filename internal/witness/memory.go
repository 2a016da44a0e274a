package witness

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"assay/internal/tlog"
)

// memory is a folder with the newest checkpoint of each log, a note each.
type memory struct{ dir string }

func (m memory) make() error {
	if err := os.MkdirAll(m.dir, 0o700); err != nil {
		return fmt.Errorf("witness: %w", err)
	}
	return nil
}

// path is the file of a log. Its name is a digest, since an origin can be anything.
func (m memory) path(origin string) string {
	sum := sha256.Sum256([]byte(origin))
	return filepath.Join(m.dir, hex.EncodeToString(sum[:])+".note")
}

// recall is the newest checkpoint of a log, the zero value when there is none. A file that
// the log's key did not sign is an error: a witness that forgot must not sign.
func (m memory) recall(origin, key string) (tlog.Checkpoint, error) {
	b, err := os.ReadFile(m.path(origin))
	if errors.Is(err, fs.ErrNotExist) {
		return tlog.Checkpoint{}, nil
	}
	if err != nil {
		return tlog.Checkpoint{}, fmt.Errorf("witness: %w", err)
	}
	c, err := tlog.OpenCheckpoint(string(b), key)
	if err != nil {
		return c, fmt.Errorf("witness: what is remembered of %s in %s: %w", origin, m.path(origin), err)
	}
	return c, nil
}

// keep remembers a checkpoint. When it returns, the disk has it.
func (m memory) keep(origin, signed string) error {
	path := m.path(origin)
	f, err := os.CreateTemp(m.dir, "new-*")
	if err != nil {
		return fmt.Errorf("witness: %w", err)
	}
	_, err = f.WriteString(signed)
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return fmt.Errorf("witness: %w", errors.Join(err, os.Remove(f.Name())))
	}
	dir, err := os.Open(m.dir)
	if err != nil {
		return fmt.Errorf("witness: %w", err)
	}
	return errors.Join(dir.Sync(), dir.Close())
}
