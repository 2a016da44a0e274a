package binder

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"strings"
	"time"
)

// The files that every binder has.
const (
	Readme         = "README.html"
	Sums           = "SHA256SUMS"
	ManifestFile   = "manifest.json"
	SignatureFile  = "signature"
	Steps          = "verify.txt"
	EngagementFile = "engagement.json"
	SubserviceFile = "subservice.json"
	FreezeList     = "freeze.txt"     // the documents, as sha256sum lists files
	PrivateList    = "private.txt"    // those of the audit team's own
	FreezeRow      = "freeze-row.txt" // the row that the leaf of the freeze is the digest of
	CheckpointFile = "log/checkpoint"
	HashesFile     = "log/hashes.bin"   // the hash of every leaf under the checkpoint
	LeavesFile     = "log/leaves.jsonl" // the leaves of what is in the binder, with their proofs
)

// The views.
const (
	CompanyView = "company" // what the company may hand on
	FirmView    = "firm"    // with the audit team's own papers
)

// Most is how many files a binder has at most.
const Most = 250_000

// A File is one file of a binder.
type File struct {
	Path     string `json:"path"`
	Size     int64  `json:"size"`
	SHA256   string `json:"sha256"`
	Evidence string `json:"evidence,omitempty"`
	Control  string `json:"control,omitempty"`
	Request  string `json:"request,omitempty"`
	Title    string `json:"title,omitempty"`
	Covers   string `json:"covers,omitempty"` // from/to
	Uploader string `json:"uploader,omitempty"`
	Approver string `json:"approver,omitempty"`
}

// A Manifest says what a binder is of and lists every file but itself, the sums made from
// it and its signature.
type Manifest struct {
	Format     string         `json:"format"`
	View       string         `json:"view"`
	Engagement string         `json:"engagement"`
	Name       string         `json:"name"`
	Firm       string         `json:"firm"`
	Kind       string         `json:"kind"`
	Period     string         `json:"period"`
	FrozenAt   time.Time      `json:"frozen_at"`
	FrozenBy   string         `json:"frozen_by"`
	Freeze     string         `json:"freeze"` // digest of the list of documents
	Leaf       int64          `json:"leaf"`   // of the freeze
	LogSize    int64          `json:"log_size"`
	LogRoot    string         `json:"log_root"`
	Key        string         `json:"key"` // that signs the log and this manifest
	Counts     map[string]int `json:"counts"`
	Files      []File         `json:"files"`
}

// writeTo writes the one form that a manifest has: fields in their order, a file a line.
func (m *Manifest) writeTo(w io.Writer) error {
	head := *m
	head.Files = nil
	b, err := plain(head)
	if err != nil {
		return err
	}
	b, ok := bytes.CutSuffix(b, []byte(`"files":null}`))
	if !ok {
		return fmt.Errorf("binder: the manifest ends in %q", b[max(0, len(b)-20):])
	}
	out := bufio.NewWriter(w)
	_, _ = out.Write(b) // a bufio.Writer keeps its error for Flush
	_, _ = out.WriteString(`"files":[`)
	for i, f := range m.Files {
		line, err := plain(f)
		if err != nil {
			return err
		}
		if i > 0 {
			_ = out.WriteByte(',')
		}
		_ = out.WriteByte('\n')
		_, _ = out.Write(line)
	}
	_, _ = out.WriteString("\n]}\n")
	return out.Flush()
}

// plain is JSON that shell tools and people can read: < stays <.
func plain(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return bytes.TrimRight(b.Bytes(), "\n"), err
}

// sums is what sha256sum prints of every file but itself.
func sums(w io.Writer, files []File) error {
	out := bufio.NewWriter(w)
	for _, f := range files {
		if f.Path != Sums {
			_, _ = out.WriteString(f.SHA256 + "  " + f.Path + "\n")
		}
	}
	return out.Flush()
}

// statement is the text that is signed. It is no checkpoint, which has three lines.
func statement(manifest string) string { return Format + "\n" + manifest + "\n" }

func digestOf(b []byte) string {
	h := sha256.Sum256(b)
	return hex.EncodeToString(h[:])
}

// pathForm keeps to what every system can unpack, and to one spelling.
var pathForm = regexp.MustCompile(`^[A-Za-z0-9._-]+(/[A-Za-z0-9._-]+)*$`)

// deviceNames are no names of files on Windows.
var deviceNames = regexp.MustCompile(`(?i)^(con|prn|aux|nul|com[0-9]|lpt[0-9])(\.|$)`)

const longestPath = 240

// checkPath says why a path cannot stand in a binder.
func checkPath(path string) error {
	if len(path) > longestPath || !pathForm.MatchString(path) {
		return fmt.Errorf("%q is no path of a binder", clip(path))
	}
	for part := range strings.SplitSeq(path, "/") {
		if strings.Trim(part, ".") == "" || strings.HasSuffix(part, ".") || deviceNames.MatchString(part) {
			return fmt.Errorf("%q is no path of a binder", clip(path))
		}
	}
	return nil
}

func clip(s string) string {
	if len(s) > 100 {
		return s[:100] + "…"
	}
	return s
}
