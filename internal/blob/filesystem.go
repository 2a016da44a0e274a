package blob

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
)

// fileSystem is all the store asks of a disk. It is an interface so that a test can record
// what was asked, and in which order, and replay a power cut between any two steps. Names
// are relative, with forward slashes.
type fileSystem interface {
	Create(name string) (file, error) // must not exist yet
	Open(name string) (io.ReadSeekCloser, fs.FileInfo, error)
	Stat(name string) (fs.FileInfo, error)
	Rename(from, to string) error // replaces
	Link(from, to string) error   // a second name
	Remove(name string) error
	Mkdir(name string) error // no error when it exists
	ReadDir(name string) ([]fs.DirEntry, error)
	SyncDir(name string) error
	Room() (free, total uint64, err error) // in bytes; all zero when it cannot be told
	Close() error
}

type file interface {
	io.WriteCloser
	Sync() error
}

// disk is the production fileSystem. os.Root keeps every name, and every symbolic link met
// on the way, inside the directory.
type disk struct{ root *os.Root }

// openDisk creates the directory if need be. A new directory is durable only once the
// directory above it has been synced, all the way up to one that was there before.
func openDisk(dir string) (disk, error) {
	if err := mkdirDurably(filepath.Clean(dir)); err != nil {
		return disk{}, err
	}
	root, err := os.OpenRoot(dir)
	return disk{root}, err
}

func mkdirDurably(dir string) error {
	if info, err := os.Stat(dir); err == nil && info.IsDir() {
		return nil
	}
	parent := filepath.Dir(dir)
	if parent != dir {
		if err := mkdirDurably(parent); err != nil {
			return err
		}
	}
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	d, err := os.Open(parent)
	return syncDir(d, err)
}

// Create makes a file nobody may write to again once this handle is closed.
func (d disk) Create(name string) (file, error) {
	f, err := d.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o440)
	if err != nil {
		return nil, err
	}
	return &ahead{File: f}, nil
}

// ahead sends bytes on to the disk while more are coming, so that Sync, which alone says
// that they are there, has little left to wait for.
type ahead struct {
	*os.File
	written, sent int64
}

const sendEvery = 1 << 20

func (a *ahead) Write(p []byte) (int, error) {
	n, err := a.File.Write(p)
	if a.written += int64(n); a.written-a.sent >= sendEvery {
		sendOn(a.File, a.sent, a.written-a.sent)
		a.sent = a.written
	}
	return n, err
}

// Open refuses anything that is not a regular file, a directory in a blob's place included.
func (d disk) Open(name string) (io.ReadSeekCloser, fs.FileInfo, error) {
	f, err := d.root.Open(name)
	if err != nil {
		return nil, nil, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fs.ErrNotExist
	}
	if err != nil {
		f.Close()
		return nil, nil, err
	}
	return f, info, nil
}

func (d disk) Mkdir(name string) error {
	if err := d.root.Mkdir(name, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return nil
}

func (d disk) ReadDir(name string) ([]fs.DirEntry, error) {
	f, err := d.root.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return f.ReadDir(-1)
}

func (d disk) SyncDir(name string) error {
	f, err := d.root.Open(name)
	return syncDir(f, err)
}

func (d disk) Stat(name string) (fs.FileInfo, error) { return d.root.Stat(name) }
func (d disk) Rename(from, to string) error          { return d.root.Rename(from, to) }
func (d disk) Link(from, to string) error            { return d.root.Link(from, to) }
func (d disk) Remove(name string) error              { return d.root.Remove(name) }
func (d disk) Close() error                          { return d.root.Close() }

// syncDir flushes and closes an opened directory. Windows has no such call: it refuses to
// flush a directory, and its journal orders the entries by itself.
func syncDir(dir *os.File, err error) error {
	if err != nil {
		return err
	}
	defer dir.Close()
	if runtime.GOOS == "windows" {
		return nil
	}
	return dir.Sync()
}
