package web

import (
	"io"
	"net/http"
	"time"
)

// A Pace is what a body has to keep up with: so many bytes in every window, and an end.
type Pace struct {
	Window time.Duration
	Least  int64
	Total  time.Duration
}

// UploadPace cuts off a sender that holds a connection and sends next to nothing: 1 KiB/s,
// averaged over half a minute, and six hours in all. That is slower than any line people
// work over, and no line is held for ever.
var UploadPace = Pace{Window: 30 * time.Second, Least: 30 << 10, Total: 6 * time.Hour}

// Body holds a request's body to the pace. A deadline that each byte renewed would keep
// slow senders for ever; one for the whole body would keep those who send a lot first.
func (p Pace) Body(w http.ResponseWriter, body io.ReadCloser) io.ReadCloser {
	b := &pacedBody{ReadCloser: body, pace: p, conn: http.NewResponseController(w), end: time.Now().Add(p.Total)}
	b.renew()
	return b
}

type pacedBody struct {
	io.ReadCloser
	pace     Pace
	conn     *http.ResponseController
	end      time.Time
	received int64 // in this window
}

func (b *pacedBody) Read(buf []byte) (int, error) {
	n, err := b.ReadCloser.Read(buf)
	if b.received += int64(n); b.received >= b.pace.Least {
		b.renew()
	}
	return n, err
}

// renew begins the next window. A connection without deadlines, as in tests, cannot hang.
func (b *pacedBody) renew() {
	b.received = 0
	deadline := time.Now().Add(b.pace.Window)
	if deadline.After(b.end) {
		deadline = b.end
	}
	_ = b.conn.SetReadDeadline(deadline)
}
