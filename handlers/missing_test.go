package handlers_test

import (
	"testing"

	"assay/internal/blob"
)

// TestBytesThatTheStoreLost: a restore that forgot the evidence, or a disk that did. What
// the record says stays readable, and a reviewer can go on with the rest.
func TestBytesThatTheStoreLost(t *testing.T) {
	s := newShop(t)
	at := s.upload(s.owner)
	empty, err := blob.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	s.App.Blobs = empty
	s.Get(s.priya, at).Want(200)
	s.Get(s.priya, at+"/files/1/preview").Want(200).Has("missing from the store")
	s.Get(s.priya, "/review").Want(200).Has("missing from the store")
	s.Get(s.priya, at+"/files/1").Want(409).Has("missing from the store")
}
