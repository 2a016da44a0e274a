package witness_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	xlog "golang.org/x/mod/sumdb/tlog"

	"assay/internal/testenv"
	"assay/internal/tlog"
	"assay/internal/witness"
)

// A tree is a log in memory.
type tree struct {
	t      *testing.T
	signer *tlog.Signer
	hashes []tlog.Hash
	size   int64
}

func newTree(t *testing.T, origin string) *tree {
	t.Helper()
	return &tree{t: t, signer: signer(t, origin)}
}

func signer(t *testing.T, name string) *tlog.Signer {
	t.Helper()
	s, err := tlog.LoadSigner(filepath.Join(t.TempDir(), "key"), name)
	must(t, err)
	return s
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (l *tree) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for i, x := range indexes {
		out[i] = l.hashes[x]
	}
	return out, nil
}

// grow adds leaves until there are size.
func (l *tree) grow(size int64, salt string) *tree {
	l.t.Helper()
	for ; l.size < size; l.size++ {
		added, err := xlog.StoredHashes(l.size, []byte(fmt.Sprint(salt, l.size)), l)
		must(l.t, err)
		l.hashes = append(l.hashes, added...)
	}
	return l
}

// note is the signed checkpoint of the first size leaves.
func (l *tree) note(size int64) string {
	l.t.Helper()
	root, err := tlog.TreeHash(size, l)
	must(l.t, err)
	signed, err := l.signer.Sign(tlog.Checkpoint{Origin: l.signer.Origin(), Size: size, Root: root})
	must(l.t, err)
	return signed
}

func (l *tree) proof(from, to int64) []tlog.Hash {
	l.t.Helper()
	p, err := tlog.Extension(from, to, l)
	must(l.t, err)
	return p
}

func request(old int64, proof []tlog.Hash, signed string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "old %d\n", old)
	for _, h := range proof {
		b.WriteString(base64.StdEncoding.EncodeToString(h[:]) + "\n")
	}
	return b.String() + "\n" + signed
}

// A stand is a witness behind HTTP that follows one log.
type stand struct {
	t      *testing.T
	dir    string
	signer *tlog.Signer
	log    *tree
	key    string
	server *httptest.Server
}

func newStand(t *testing.T) *stand {
	t.Helper()
	s := &stand{t: t, dir: filepath.Join(t.TempDir(), "memory"), signer: signer(t, "witness.firm.example"), log: newTree(t, "assay.halyard.example").grow(20, "leaf ")}
	s.start()
	return s
}

// start begins the witness, anew with what its folder holds.
func (s *stand) start() {
	s.t.Helper()
	cosigner, err := s.signer.Cosigner()
	must(s.t, err)
	w, err := witness.Open(s.dir, cosigner, s.log.signer.VerifierKey)
	must(s.t, err)
	s.key = cosigner.VerifierKey
	if s.server != nil {
		s.server.Close()
	}
	s.server = httptest.NewServer(w)
	s.t.Cleanup(s.server.Close)
}

// post sends a body and returns what came back.
func (s *stand) post(body string) (status int, said, kind string) {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), http.MethodPost, s.server.URL+witness.Path, strings.NewReader(body))
	must(s.t, err)
	resp, err := http.DefaultClient.Do(r)
	must(s.t, err)
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	must(s.t, err)
	return resp.StatusCode, string(b), resp.Header.Get("Content-Type")
}

func (s *stand) client() witness.Client {
	return witness.Client{URL: s.server.URL, VerifierKey: s.key, HTTP: http.DefaultClient}
}

// TestAWitnessSignsWhatExtendsWhatItSaw walks through the answers that C2SP names.
func TestAWitnessSignsWhatExtendsWhatItSaw(t *testing.T) {
	s := newStand(t)
	l := s.log
	fork := newTree(t, "assay.halyard.example")
	fork.signer = l.signer
	fork.grow(5, "leaf ").grow(20, "other ")
	stranger, forged := newTree(t, "log.stranger.example").grow(3, "x"), newTree(t, "assay.halyard.example").grow(3, "leaf ")
	for _, step := range []struct {
		name   string
		body   string
		status int
	}{
		{"a log it does not know", request(0, nil, stranger.note(3)), 404},
		{"a key that is not the log's", request(0, nil, forged.note(3)), 403},
		{"nothing", "", 400},
		{"no size", "old\n\n" + l.note(3), 400},
		{"a size with a sign", "old +0\n\n" + l.note(3), 400},
		{"a proof that is no base64", "old 3\nnot base64\n\n" + l.note(8), 400},
		{"too many hashes", request(3, make([]tlog.Hash, 64), l.note(8)), 400},
		{"a size it never saw", request(3, l.proof(3, 8), l.note(8)), 409},
		{"hashes for the empty tree", request(0, l.proof(3, 8), l.note(8)), 422},
		{"the first checkpoint", request(0, nil, l.note(7)), 200},
		{"the same once more", request(7, nil, l.note(7)), 200},
		{"from the beginning again", request(0, nil, l.note(9)), 409},
		{"a shorter one", request(7, nil, l.note(5)), 400},
		{"an extension with the proof of another", request(7, l.proof(6, 12), l.note(12)), 422},
		{"another history of the same length", request(7, nil, fork.note(7)), 409},
		{"another history that is longer", request(7, fork.proof(7, 15), fork.note(15)), 422},
		{"an extension", request(7, l.proof(7, 12), l.note(12)), 200},
		{"the proof it has seen", request(7, l.proof(7, 12), l.note(12)), 409},
	} {
		status, said, kind := s.post(step.body)
		if status != step.status {
			t.Errorf("%s: got %d %q, want %d", step.name, status, said, step.status)
		}
		switch status {
		case http.StatusOK:
			_, signed, _ := strings.Cut(step.body, "\n\n")
			at, err := tlog.OpenCosignature(signed+said, s.key)
			if err != nil || time.Since(at) > time.Minute {
				t.Errorf("%s: cosigned at %v: %v", step.name, at, err)
			}
			if _, err := tlog.OpenCheckpoint(signed+said, l.signer.VerifierKey); err != nil {
				t.Errorf("%s: with the cosignature the log's own no longer stands: %v", step.name, err)
			}
		case http.StatusConflict:
			if kind != "text/x.tlog.size" || strings.TrimSpace(said) == "" {
				t.Errorf("%s: %q %q", step.name, kind, said)
			}
		}
	}
	s.start()
	if status, said, _ := s.post(request(7, l.proof(7, 15), l.note(15))); status != 409 || said != "12\n" {
		t.Errorf("after a restart it remembers %d %q", status, said)
	}
	if status, _, _ := s.post(request(12, l.proof(12, 15), l.note(15))); status != 200 {
		t.Errorf("after a restart: %d", status)
	}
}

func TestAWitnessThatForgotDoesNotSign(t *testing.T) {
	s := newStand(t)
	if status, said, _ := s.post(request(0, nil, s.log.note(7))); status != 200 {
		t.Fatal(status, said)
	}
	files, err := filepath.Glob(filepath.Join(s.dir, "*.note"))
	if err != nil || len(files) != 1 {
		t.Fatal(files, err)
	}
	for name, damage := range map[string]string{"half of it": s.log.note(7)[:60], "nothing": "", "another log": newTree(t, "x").grow(1, "").note(1)} {
		must(t, os.WriteFile(files[0], []byte(damage), 0o600))
		if status, said, _ := s.post(request(7, s.log.proof(7, 9), s.log.note(9))); status != 500 || strings.Contains(said, s.dir) {
			t.Errorf("%s: %d %q", name, status, said)
		}
	}
}

// TestOfTwoHistoriesAWitnessSignsOne: many senders at once, of which half bring another
// history; whatever is signed is one history.
func TestOfTwoHistoriesAWitnessSignsOne(t *testing.T) {
	s := newStand(t)
	fork := newTree(t, "assay.halyard.example")
	fork.signer = s.log.signer
	fork.grow(20, "other ")
	signed := make([]string, 40)
	var all sync.WaitGroup
	for n := range signed {
		all.Go(func() {
			l := s.log
			if n%2 == 1 {
				l = fork
			}
			if status, _, _ := s.post(request(0, nil, l.note(int64(n/2+1)))); status == 200 {
				signed[n] = fmt.Sprint(n % 2)
			}
		})
	}
	all.Wait()
	if got := strings.Join(signed, ""); len(got) != 1 {
		t.Errorf("from nothing it signed %q", got)
	}
}

// TestAClientLearnsWhatTheWitnessRemembers, from ours and from litewitness, which nobody
// here wrote.
func TestAClientLearnsWhatTheWitnessRemembers(t *testing.T) {
	t.Run("ours", func(t *testing.T) {
		s := newStand(t)
		converse(t, s.log, s.client())
	})
	t.Run("litewitness", func(t *testing.T) {
		log := newTree(t, "assay.halyard.example").grow(20, "leaf ")
		address, key := testenv.Witness(t, log.signer.Origin(), log.signer.VerifierKey)
		converse(t, log, witness.Client{URL: address, VerifierKey: key, HTTP: http.DefaultClient})
	})
}

// converse brings a log of 20 leaves to a witness that has not seen it, then others of its
// name.
func converse(t *testing.T, log *tree, c witness.Client) {
	t.Helper()
	add := func(l *tree, size, since int64) (time.Time, error) {
		signed := l.note(size)
		cosigned, at, err := c.Add(context.WithoutCancel(t.Context()), signed, size, since, func(from int64) ([]tlog.Hash, error) {
			return tlog.Extension(from, size, l)
		})
		if err == nil && !strings.HasPrefix(cosigned, signed) {
			t.Errorf("the note became %q", cosigned)
		}
		return at, err
	}
	for _, step := range []struct{ size, since int64 }{{6, 0}, {6, 6}, {9, 0}, {12, 3}, {20, 12}} {
		if at, err := add(log, step.size, step.since); err != nil || time.Since(at) > time.Minute {
			t.Errorf("%+v: %v %v", step, at, err)
		}
	}
	var ahead *witness.AheadError
	if _, err := add(log, 10, 0); !errors.As(err, &ahead) || ahead.Witness != 20 {
		t.Errorf("a log that lost leaves: %v", err)
	}
	fork := newTree(t, "assay.halyard.example")
	fork.signer = log.signer
	fork.grow(30, "other ")
	var split *witness.SplitError
	for size, since := range map[int64]int64{20: 20, 30: 20, 25: 0} {
		if _, err := add(fork, size, since); !errors.As(err, &split) {
			t.Errorf("a rewritten log of %d leaves: %v", size, err)
		}
	}
	c.VerifierKey = newStand(t).key
	if _, _, err := c.Add(t.Context(), log.note(20), 20, 20, func(int64) ([]tlog.Hash, error) { return nil, nil }); err == nil {
		t.Error("the signature of another witness was taken")
	}
}
