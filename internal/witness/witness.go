// Package witness is a C2SP tlog-witness: it remembers the newest checkpoint of each log it
// is told of, and signs another one only when that provably extends what it remembers. So
// whoever rewrites a log cannot show a checkpoint that the witness signed, and whoever
// shows two histories to two people needs two witnesses that forget.
//
// It is a program for somebody else than the company: an audit firm runs it, on a machine
// that the company cannot reach into.
package witness

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"assay/internal/tlog"
)

// Path is where a witness takes checkpoints, below its address.
const Path = "/add-checkpoint"

// sizeType is the media type of the size that a witness remembers.
const sizeType = "text/x.tlog.size"

// mostBody bounds a request: 63 hashes and a note with a few signatures.
const mostBody = 64 << 10

// mostProof is how many hashes a proof can have.
const mostProof = 63

// A Witness signs checkpoints of the logs whose keys it has.
type Witness struct {
	cosigner *tlog.Cosigner
	logs     map[string]string // verifier keys by origin
	memory   memory
	mu       sync.Mutex // between what is remembered and what is signed nobody comes
}

// Open makes a witness that remembers in the folder dir, which is made when missing, and
// knows the logs with these verifier keys.
func Open(dir string, cosigner *tlog.Cosigner, keys ...string) (*Witness, error) {
	w := &Witness{cosigner: cosigner, logs: map[string]string{}, memory: memory{dir}}
	for _, k := range keys {
		if err := tlog.CheckLogKey(k); err != nil {
			return nil, fmt.Errorf("witness: the key %q: %w", k, err)
		}
		w.logs[tlog.KeyName(k)] = k
	}
	if len(w.logs) == 0 {
		return nil, errors.New("witness: it needs the verifier key of a log")
	}
	return w, w.memory.make()
}

// A refusal is what a witness answers when it does not sign.
type refusal struct {
	status int
	why    string
	size   int64 // with 409: what it remembers
}

func (r *refusal) Error() string { return r.why }

func refuse(status int, format string, args ...any) error {
	return &refusal{status: status, why: fmt.Sprintf(format, args...)}
}

// ServeHTTP answers POST /add-checkpoint as C2SP has it: 200 with a cosignature, 400 for
// what is malformed, 403 for a checkpoint its log did not sign, 404 for an unknown log, 409
// with the remembered size, 422 for a proof that proves nothing.
func (w *Witness) ServeHTTP(out http.ResponseWriter, r *http.Request) {
	if r.URL.Path != Path || r.Method != http.MethodPost {
		http.NotFound(out, r)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(out, r.Body, mostBody))
	if err != nil {
		http.Error(out, "this is longer than a checkpoint with its proof", http.StatusRequestEntityTooLarge)
		return
	}
	line, err := w.Add(string(body))
	var no *refusal
	switch {
	case errors.As(err, &no) && no.status == http.StatusConflict:
		out.Header().Set("Content-Type", sizeType)
		out.WriteHeader(no.status)
		_, _ = fmt.Fprintf(out, "%d\n", no.size)
	case errors.As(err, &no):
		http.Error(out, no.why, no.status)
	case err != nil:
		http.Error(out, "the witness cannot remember this at the moment", http.StatusInternalServerError)
	default:
		out.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = io.WriteString(out, line)
	}
}

// Add takes the body of a request and returns the line that signs its checkpoint, once it
// is remembered for good.
func (w *Witness) Add(body string) (string, error) {
	a, err := parse(body)
	if err != nil {
		return "", err
	}
	origin, _, _ := strings.Cut(a.signed, "\n")
	key, known := w.logs[origin]
	if !known {
		return "", refuse(http.StatusNotFound, "this witness knows no log %q", origin)
	}
	c, err := tlog.OpenCheckpoint(a.signed, key)
	if err != nil {
		return "", refuse(http.StatusForbidden, "the checkpoint is not signed by the key of %q", origin)
	}
	if a.old > c.Size {
		return "", refuse(http.StatusBadRequest, "a checkpoint of %d leaves extends none of %d", c.Size, a.old)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	last, err := w.memory.recall(origin, key)
	if err != nil {
		return "", err
	}
	if err := extends(a, c, last); err != nil {
		return "", err
	}
	line, err := w.cosigner.Cosign(a.signed)
	if err != nil {
		return "", err
	}
	return line, w.memory.keep(origin, a.signed)
}

// extends checks that the checkpoint c of a extends last, which is the zero value when
// nothing is remembered.
func extends(a addition, c, last tlog.Checkpoint) error {
	if a.old != last.Size || a.old == c.Size && a.old > 0 && c.Root != last.Root {
		return &refusal{http.StatusConflict, "another checkpoint is remembered", last.Size}
	}
	if err := tlog.CheckExtension(a.proof, last.Size, last.Root, c.Size, c.Root); err != nil {
		return refuse(http.StatusUnprocessableEntity, "the proof does not show that %d leaves extend %d", c.Size, last.Size)
	}
	return nil
}

// An addition is a request: a checkpoint, and the proof that it extends one of old leaves.
type addition struct {
	old    int64
	proof  []tlog.Hash
	signed string
}

// parse reads a request: "old N", the hashes of the proof in base64, a line each, an empty
// line, and the signed checkpoint.
func parse(body string) (a addition, err error) {
	head, signed, ok := strings.Cut(body, "\n\n")
	lines := strings.Split(head, "\n")
	digits, isOld := strings.CutPrefix(lines[0], "old ")
	a.old, err = strconv.ParseInt(digits, 10, 64)
	if !ok || !isOld || err != nil || a.old < 0 || strconv.FormatInt(a.old, 10) != digits {
		return a, refuse(http.StatusBadRequest, "a request begins with the size it extends: old N")
	}
	if len(lines)-1 > mostProof {
		return a, refuse(http.StatusBadRequest, "no proof has %d hashes", len(lines)-1)
	}
	for _, line := range lines[1:] {
		b, err := base64.StdEncoding.DecodeString(line)
		if err != nil || len(b) != len(tlog.Hash{}) {
			return a, refuse(http.StatusBadRequest, "%.60q is no hash", line)
		}
		a.proof = append(a.proof, tlog.Hash(b))
	}
	a.signed = signed
	return a, nil
}

// text is a as it travels.
func (a addition) text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "old %d\n", a.old)
	for _, h := range a.proof {
		b.WriteString(base64.StdEncoding.EncodeToString(h[:]) + "\n")
	}
	return b.String() + "\n" + a.signed
}
