package witness

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"assay/internal/tlog"
)

// A Client brings the checkpoints of one log to one witness.
type Client struct {
	URL         string // where the witness is, without Path
	VerifierKey string
	HTTP        *http.Client
}

// Name is that of the witness: its key's.
func (c Client) Name() string { return tlog.KeyName(c.VerifierKey) }

// An AheadError means that the witness signed a longer log than this one: what it saw is no
// longer here.
type AheadError struct{ Witness, Log int64 }

// Error says it in words.
func (e *AheadError) Error() string {
	return fmt.Sprintf("the witness signed %d leaves, and this log has %d: leaves are gone", e.Witness, e.Log)
}

// A SplitError means that the witness does not find what it signed at the beginning of this
// log: history was rewritten, or the witness follows another copy.
type SplitError struct{ Said string }

// Error says it in words.
func (e *SplitError) Error() string {
	return "the witness does not find in this log what it signed before: " + e.Said
}

// Add has the signed checkpoint of a log with size leaves cosigned. since is the size that
// the witness is thought to remember; prove gives the proof from another one. It returns
// the note with the cosignature on it, and when the witness signed.
func (c Client) Add(ctx context.Context, signed string, size, since int64, prove func(from int64) ([]tlog.Hash, error)) (string, time.Time, error) {
	for range 2 { // the second time with what the witness says it remembers
		if since > size {
			return "", time.Time{}, &AheadError{since, size}
		}
		a := addition{old: since, signed: signed}
		if since > 0 {
			var err error
			if a.proof, err = prove(since); err != nil {
				return "", time.Time{}, err
			}
		}
		status, said, err := c.post(ctx, a.text())
		if err != nil {
			return "", time.Time{}, err
		}
		switch status {
		case http.StatusOK:
			at, err := tlog.OpenCosignature(signed+said, c.VerifierKey)
			return signed + said, at, err
		case http.StatusConflict:
			remembered, err := strconv.ParseInt(strings.TrimSpace(said), 10, 64)
			if err != nil {
				return "", time.Time{}, fmt.Errorf("witness: %q is no size", said)
			}
			if remembered == since { // the same size, and another root
				return "", time.Time{}, &SplitError{"another log of the same length"}
			}
			since = remembered
		case http.StatusUnprocessableEntity:
			return "", time.Time{}, &SplitError{said}
		default:
			return "", time.Time{}, fmt.Errorf("witness: it answered %d: %.200s", status, said)
		}
	}
	return "", time.Time{}, fmt.Errorf("witness: what it remembers changes all the time; another copy of this log may be talking to it")
}

func (c Client) post(ctx context.Context, body string) (int, string, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, strings.TrimSuffix(c.URL, "/")+Path, bytes.NewReader([]byte(body)))
	if err != nil {
		return 0, "", fmt.Errorf("witness: %w", err)
	}
	r.Header.Set("Content-Type", "text/plain; charset=utf-8")
	resp, err := c.HTTP.Do(r)
	if err != nil {
		return 0, "", fmt.Errorf("witness: %w", err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(io.LimitReader(resp.Body, mostBody))
	if err != nil {
		return 0, "", fmt.Errorf("witness: %w", err)
	}
	return resp.StatusCode, string(b), nil
}
