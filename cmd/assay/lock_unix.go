//go:build unix

package main

import (
	"errors"
	"os"
	"syscall"

	"assay/internal/config"
)

// holdFolder keeps a second demonstration off the same data for as long as the file it
// returns is open; the kernel lets go of it however the program ends.
func holdFolder(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, config.Bad("data", "cannot be used: %v.", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil, errors.Join(config.Bad("data", "is in use by another demonstration; stop that one, or give a folder of its own."), f.Close())
	}
	return f, nil
}
