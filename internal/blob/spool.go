package blob

import "os"

// A spool is a file for bytes on their way. It is removed as soon as it is open, so that
// nothing has to be swept after a crash; where an open file cannot be removed it goes when
// it is closed.
type spool struct {
	*os.File
	left string
}

func newSpool(dir string) (*spool, error) {
	f, err := os.CreateTemp(dir, "assay-upload-*")
	if err != nil {
		return nil, err
	}
	s := &spool{File: f}
	if err := os.Remove(f.Name()); err != nil {
		s.left = f.Name()
	}
	return s, nil
}

func (s *spool) Close() error {
	err := s.File.Close()
	if s.left != "" {
		_ = os.Remove(s.left)
	}
	return err
}
