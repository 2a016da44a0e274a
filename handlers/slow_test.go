package handlers_test

import (
	"bytes"
	"context"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/iotest"
	"time"

	"assay/models/access"
	"assay/web"
)

// slowly gives a little at a time.
type slowly struct {
	r     io.Reader
	pause time.Duration
}

func (s slowly) Read(p []byte) (int, error) {
	time.Sleep(s.pause)
	return s.r.Read(p[:min(len(p), 20<<10)])
}

// A form takes as long as its line needs, and no longer than it sends.
func TestAFormOnASlowLine(t *testing.T) {
	s := newShop(t)
	app := *s.App
	app.Who = func(_ http.ResponseWriter, r *http.Request) (context.Context, access.Actor, error) {
		return r.Context(), s.owner, nil
	}
	pace := web.UploadPace
	web.UploadPace = web.Pace{Window: 500 * time.Millisecond, Least: 15 << 10, Total: time.Minute}
	t.Cleanup(func() { web.UploadPace = pace })
	server := httptest.NewServer(app.Router())
	defer server.Close()
	send := func(key string, slow func(io.Reader) io.Reader) (int, error) {
		var b bytes.Buffer
		w := multipart.NewWriter(&b)
		must(t, form(w, fields("key", key), file{"slow.txt", string(bytesOf(300 << 10))}))
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL+"/evidence", slow(&b))
		must(t, err)
		r.Header.Set("Content-Type", w.FormDataContentType())
		r.Header.Set("Sec-Fetch-Site", "same-origin")
		res, err := (&http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}).Do(r)
		if err != nil {
			return 0, err
		}
		return res.StatusCode, res.Body.Close()
	}
	if code, err := send("slow", func(r io.Reader) io.Reader { return slowly{r, 80 * time.Millisecond} }); err != nil || code != http.StatusSeeOther {
		t.Errorf("a slow line: %d, %v", code, err)
	}
	if code, err := send("stuck", func(r io.Reader) io.Reader { return slowly{iotest.OneByteReader(r), 100 * time.Millisecond} }); err == nil && code == http.StatusSeeOther {
		t.Error("a line that stands nearly still was waited for")
	}
}
