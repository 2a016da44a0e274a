package endurance_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	mathrand "math/rand/v2"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"assay/internal/blob"
	"assay/internal/keeper"
	"assay/models"
	"assay/models/access"
	"assay/models/ledger"
)

// A load is people at work: some upload, one writes records, one reads. What was
// acknowledged is kept, to be asked for in the end.
type load struct {
	*site
	client *http.Client
	all    sync.WaitGroup
	end    context.CancelFunc
	ctx    context.Context //nolint:containedctx // it is the life of the load

	uploaded chan struct{} // a token for somebody who waits for the next one

	mu      sync.Mutex
	uploads map[string]string // digest of the file by the key of its form
	records []string
	reads   int
	errors  []trouble
}

// A trouble is an answer, or none, that a person would not like.
type trouble struct {
	at   time.Time
	what string
}

// work begins. Whoever meets an error tries the same again, as a browser's user would.
func (s *site) work() *load {
	s.Helper()
	l := &load{site: s, uploads: map[string]string{}, uploaded: make(chan struct{})}
	l.client = &http.Client{
		Jar: s.cookies, Timeout: 30 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 8},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	l.ctx, l.end = context.WithCancel(context.Background())
	for range 3 {
		l.all.Go(func() { l.forever(l.upload) })
	}
	l.all.Go(func() { l.forever(l.record) })
	l.all.Go(func() { l.forever(l.read) })
	return l
}

// rest ends the work and waits for what is under way.
func (l *load) rest() {
	l.end()
	l.all.Wait()
}

// forever makes tasks, and does each until it is acknowledged.
func (l *load) forever(begin func() func() error) {
	for l.ctx.Err() == nil {
		for attempt := begin(); l.ctx.Err() == nil; {
			err := attempt()
			if err == nil {
				break
			}
			l.mu.Lock()
			l.errors = append(l.errors, trouble{time.Now(), err.Error()})
			l.mu.Unlock()
			select {
			case <-l.ctx.Done():
			case <-time.After(10 * time.Millisecond):
			}
		}
	}
}

// acknowledged counts everything so far.
func (l *load) acknowledged() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.uploads) + len(l.records)
}

func (l *load) upload() func() error {
	key, content := rand.Text(), make([]byte, 1+mathrand.IntN(60_000))
	_, _ = rand.Read(content) // never fails
	text := hex.AppendEncode(nil, content)
	sum := sha256.Sum256(text)
	return func() error {
		var body bytes.Buffer
		form := multipart.NewWriter(&body)
		for _, f := range [][2]string{{"key", key}, {"control", "AC-01"}} {
			if err := form.WriteField(f[0], f[1]); err != nil {
				return err
			}
		}
		part, err := form.CreateFormFile("files", "export.txt")
		if err != nil {
			return err
		}
		if _, err := part.Write(text); err != nil {
			return err
		}
		if err := form.Close(); err != nil {
			return err
		}
		code, said, err := l.send(http.MethodPost, "/evidence", form.FormDataContentType(), &body)
		// 422 is the form with the file kept, which lacks the words around it.
		if err == nil && code != http.StatusSeeOther && (code != http.StatusUnprocessableEntity || !strings.Contains(said, "export.txt")) {
			err = fmt.Errorf("upload: %d", code)
		}
		if err != nil {
			return err
		}
		l.mu.Lock()
		l.uploads[key] = hex.EncodeToString(sum[:])
		l.mu.Unlock()
		select {
		case l.uploaded <- struct{}{}:
		default:
		}
		return nil
	}
}

func (l *load) record() func() error {
	reason, sent := rand.Text(), false
	return func() error {
		form := url.Values{"control": {"AC-01"}, "hold_reason": {reason}}
		code, said, err := l.send(http.MethodPost, "/settings/retention/holds", "application/x-www-form-urlencoded", strings.NewReader(form.Encode()))
		// Whose first answer was lost is told at the second that the first was recorded.
		recorded := code == http.StatusSeeOther || sent && code == http.StatusConflict && strings.Contains(said, "This hold is on already")
		if sent = true; err == nil && !recorded {
			err = fmt.Errorf("record: %d", code)
		}
		if err != nil {
			return err
		}
		l.mu.Lock()
		defer l.mu.Unlock()
		l.records = append(l.records, reason)
		return nil
	}
}

func (l *load) read() func() error {
	paths := []string{"/controls/AC-01", "/evidence", "/activity", "/controls"}
	path := paths[mathrand.IntN(len(paths))]
	return func() error {
		code, _, err := l.send(http.MethodGet, path, "", http.NoBody)
		if err == nil && code != http.StatusOK {
			err = fmt.Errorf("%s: %d", path, code)
		}
		if err == nil {
			l.mu.Lock()
			l.reads++
			l.mu.Unlock()
		}
		return err
	}
}

func (l *load) send(method, path, kind string, body io.Reader) (code int, said string, err error) {
	// What is under way when the load ends is let finish: its outcome counts.
	r, err := http.NewRequestWithContext(context.WithoutCancel(l.ctx), method, "http://"+l.address+path, body)
	if err != nil {
		return 0, "", err
	}
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	if kind != "" {
		r.Header.Set("Content-Type", kind)
	}
	a, err := l.client.Do(r)
	if err != nil {
		return 0, "", err
	}
	defer a.Body.Close()
	text, err := io.ReadAll(a.Body)
	if err != nil {
		err = fmt.Errorf("%s %s: %d after %d bytes: %w", method, path, a.StatusCode, len(text), err)
	}
	return a.StatusCode, string(text), err
}

// settle looks for everything that was acknowledged, and at the whole of the log and of
// the store. No server may be running.
func (l *load) settle() {
	l.Helper()
	db := l.open()
	defer db.Close()
	store, err := blob.Open(l.dir + "/blobs")
	l.must(err)
	defer store.Close()
	ctx := context.Background()
	l.must(db.Read(ctx, access.Clock, func(tx *models.Tx) error {
		for key, digest := range l.uploads {
			n, err := models.Value[int](ctx, tx, `SELECT count(*) FROM evidence e JOIN evidence_files f ON f.evidence_id = e.id WHERE e.form_key = ? AND f.digest = ?`, key, digest)
			if err != nil {
				return err
			}
			if n != 1 {
				l.Errorf("the upload %s was acknowledged, and there are %d records of it", key, n)
			}
			if err := blob.Verify(ctx, store, digest); err != nil {
				l.Error(err)
			}
		}
		for _, reason := range l.records {
			n, err := models.Value[int](ctx, tx, "SELECT count(*) FROM legal_holds WHERE reason = ?", reason)
			if err != nil {
				return err
			}
			if n != 1 {
				l.Errorf("the record %s was acknowledged, and there are %d of it", reason, n)
			}
		}
		return nil
	}))
	if r, err := keeper.Check(ctx, db, store, func(line string) { l.Error(line) }); err != nil || !r.Holds() {
		l.Errorf("the store does not hold: %+v, %v", r, err)
	}
	r, err := ledger.Verify(ctx, db)
	if err != nil || len(r.Problems) > 0 {
		l.Errorf("the log does not hold: %v\n%s", err, strings.Join(r.Problems, "\n"))
	}
}

// quiet fails the test for every trouble there was.
func (l *load) quiet() {
	l.Helper()
	for _, e := range l.errors {
		l.Error(e.what)
	}
}

// troubles counts what went wrong, by what it was.
func (l *load) troubles() map[string]int {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := map[string]int{}
	for _, e := range l.errors {
		out[e.what[max(0, len(e.what)-60):]]++
	}
	return out
}

// calmAfter is the first trouble after an instant, or nil.
func (l *load) calmAfter(at time.Time) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, e := range l.errors {
		if e.at.After(at) {
			return errors.New(e.at.Format("15:04:05.000") + " " + e.what)
		}
	}
	return nil
}
