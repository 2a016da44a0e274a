package main

import (
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"assay/internal/blob"
	"assay/internal/testenv"
	"assay/models"
	"assay/models/access"
	"assay/models/custody"
)

// outcome runs assay blobs and expects a status and a sentence.
func outcome(t *testing.T, env map[string]string, status int, says string, args ...string) {
	t.Helper()
	code, stdout, stderr := assay(t, env, append([]string{"blobs"}, args...)...)
	if code != status || !strings.Contains(stdout+stderr, says) {
		t.Errorf("assay blobs %v: status %d, want %d; said\n%s%s\nwant %q", args, code, status, stdout, stderr, says)
	}
}

func TestBlobsMoveToS3AndAreCheckedThere(t *testing.T) {
	env := production(t)
	folder := filepath.Join(t.TempDir(), "blobs")
	disk, err := blob.Open(folder)
	if err != nil {
		t.Fatal(err)
	}
	defer disk.Close()
	var last blob.Blob
	for _, text := range []string{"one", "two", "three"} {
		if last, err = disk.Put(t.Context(), strings.NewReader(text), 100); err != nil {
			t.Fatal(err)
		}
	}
	bucket := testenv.S3(t)
	env["ASSAY_S3_ACCESS_KEY"], env["ASSAY_S3_SECRET_KEY"] = bucket.AccessKey, bucket.SecretKey
	from, to := "-from=file://"+folder, "-to="+bucket.URL("moved")
	outcome(t, env, exitOK, "Copied 3 blobs, 11 bytes; 0 were there already; 0 could not be copied.", "copy", from, to)
	outcome(t, env, exitOK, "Copied 0 blobs, 0 bytes; 3 were there already", "copy", from, to)
	outcome(t, map[string]string{"ASSAY_S3_ACCESS_KEY": "wrong", "ASSAY_S3_SECRET_KEY": "wrong"}, exitUnusable, "-to: ", "copy", from, to)
	outcome(t, map[string]string{
		"ASSAY_S3_ACCESS_KEY": "wrong", "ASSAY_S3_SECRET_KEY": "wrong",
		"ASSAY_FROM_S3_ACCESS_KEY": bucket.AccessKey, "ASSAY_FROM_S3_SECRET_KEY": bucket.SecretKey,
	}, exitOK, "Copied 3 blobs", "copy", "-from="+bucket.URL("moved"), "-to=file://"+filepath.Join(t.TempDir(), "back"))

	delete(env, "ASSAY_DATABASE_URL")
	env["ASSAY_BLOB_URL"] = bucket.URL("moved")
	outcome(t, env, exitOK, "Read 3 blobs, 11 bytes: 0 missing, 0 altered, 0 orphaned.", "check")
	object := filepath.Join(bucket.Folder(), "moved", last.Digest[:2], last.Digest)
	if err := os.WriteFile(object, []byte("THREE"), 0o600); err != nil {
		t.Fatal(err)
	}
	outcome(t, env, exitFailed, "altered: "+last.Digest, "check")
}

func TestBlobsCommandsRefuseInOneSentence(t *testing.T) {
	folder := "file://" + t.TempDir()
	missing := "file://" + filepath.Join(t.TempDir(), "not here")
	refused(t, "needs one of check, copy, scan and sweep", nil, "blobs")
	refused(t, `there is no "blobs shred"`, nil, "blobs", "shred")
	refused(t, "-blob is missing", nil, "blobs", "check")
	refused(t, "there is no store at", nil, "blobs", "check", "-blob="+(&url.URL{Path: missing}).Path)
	refused(t, "there is no database at", nil, "blobs", "check", "-blob="+folder, "-db=sqlite:///nowhere/assay.db")
	refused(t, "-from is missing", nil, "blobs", "copy", "-to="+folder)
	refused(t, "-db is missing", nil, "blobs", "sweep", "-blob="+folder)
	refused(t, "-clamd: the scanner's address", nil, "blobs", "scan", "-blob="+folder)
	refused(t, "is no flag", nil, "blobs", "sweep", "-blob="+folder, "now")
}

func TestTheDemonstrationsStoreHolds(t *testing.T) {
	data := t.TempDir()
	d := startDemo(t, data)
	if code, _, stderr := d.stop(); code != exitOK {
		t.Fatal(stderr)
	}
	env := map[string]string{
		"ASSAY_DATABASE_URL": "sqlite://" + filepath.Join(data, "assay.db"), "ASSAY_BLOB_URL": "file://" + filepath.Join(data, "blobs"),
	}
	outcome(t, env, exitOK, "0 missing, 0 altered, 0 orphaned", "check")
	outcome(t, env, exitOK, "are needed by nothing (0 bytes), 0 removed", "sweep")
	env["ASSAY_CLAMD_ADDR"] = "tcp://127.0.0.1:1"
	outcome(t, env, exitUnusable, "the scanner does not answer", "scan")
	env["ASSAY_CLAMD_ADDR"] = testenv.Clamd(t)
	outcome(t, env, exitOK, " clean, 0 infected, 0 not scanned.", "scan")
	outcome(t, env, exitOK, "0 clean, 0 infected, 0 not scanned.", "scan")
	if code, stdout, _ := assay(t, nil, "verify", "-db="+env["ASSAY_DATABASE_URL"]); code != exitOK {
		t.Error(stdout)
	}
	lost := firstFile(t, env["ASSAY_DATABASE_URL"])
	if err := os.Remove(filepath.Join(data, "blobs", "blobs", lost.Digest[:2], lost.Digest)); err != nil {
		t.Fatal(err)
	}
	outcome(t, env, exitFailed, "missing: "+lost.Digest+", "+lost.String(), "check")
}

// firstFile is a file that a record names.
func firstFile(t *testing.T, database string) custody.File {
	t.Helper()
	db, err := models.Open(t.Context(), database)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	var files []custody.File
	err = db.Read(t.Context(), access.Clock, func(tx *models.Tx) (err error) {
		files, err = custody.FilesAfter(t.Context(), tx, 0, 1)
		return err
	})
	if err != nil || len(files) != 1 {
		t.Fatal("the demonstration names no file", err)
	}
	return files[0]
}
