//go:build !unix

package main

import (
	"os"

	"assay/internal/config"
)

// holdFolder opens the file and keeps nobody off: this system has no flock.
func holdFolder(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, config.Bad("data", "cannot be used: %v.", err)
	}
	return f, nil
}
