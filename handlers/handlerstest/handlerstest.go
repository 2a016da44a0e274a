// Package handlerstest asks the real router as somebody, and reads the answer as a
// document. It is imported by tests only.
package handlerstest

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"assay/handlers"
	"assay/internal/blob"
	"assay/models"
	"assay/models/access"
	"assay/models/people"
	"assay/web"
)

// A Site is the product over a test database, without sign-in: every request says as
// whom it comes.
type Site struct {
	App    *handlers.App
	tb     testing.TB
	router http.Handler
	actors map[string]access.Actor
}

const actorHeader = "Test-Actor"

// New serves the product over db.
func New(tb testing.TB, db *models.DB) *Site {
	tb.Helper()
	store, err := blob.Open(tb.TempDir())
	if err != nil {
		tb.Fatal(err)
	}
	s := &Site{tb: tb, actors: map[string]access.Actor{}}
	s.App = &handlers.App{DB: db, Blobs: store, MaxFile: 100 << 20, Demo: true}
	s.App.Who = func(_ http.ResponseWriter, r *http.Request) (context.Context, access.Actor, error) {
		return s.visitor(db, r)
	}
	s.router = s.App.Router()
	return s
}

// visitor asks what the session's query tells by the way, so that pages ask no more and no
// less here than in life.
func (s *Site) visitor(db *models.DB, r *http.Request) (context.Context, access.Actor, error) {
	a, now := s.actors[r.Header.Get(actorHeader)], db.Now() // everybody has just signed in
	session, ctx := people.Session{AuthAt: &now}, r.Context()
	if a.ID == 0 {
		return web.WithSession(ctx, session), a, nil
	}
	err := db.Read(ctx, a, func(tx *models.Tx) error {
		told, err := models.Raw[struct{ Size, Unread int }](ctx, tx, `SELECT size, (SELECT count(*) FROM (
			SELECT 1 AS one FROM notices WHERE person_id = ? AND read_at IS NULL LIMIT ?) unread) AS unread FROM log_head WHERE id = 1`, a.ID, people.BellLimit)
		if err == nil && len(told) > 0 {
			session.Bell = &told[0].Unread
			models.SawLog(ctx, int64(told[0].Size))
		}
		return err
	})
	return web.WithSession(ctx, session), a, err
}

// A Page is an answer.
type Page struct {
	tb       testing.TB
	Status   int
	Header   http.Header
	Body     string
	Location string
}

// Do sends any request as a. Changes come from the same site, as a browser says.
func (s *Site) Do(a access.Actor, r *http.Request) Page {
	s.tb.Helper()
	rec := httptest.NewRecorder()
	s.DoInto(rec, a, r)
	p := Page{s.tb, rec.Code, rec.Header(), rec.Body.String(), rec.Header().Get("Location")}
	p.leads(r)
	return p
}

// DoInto is Do for answers that may break off.
func (s *Site) DoInto(w http.ResponseWriter, a access.Actor, r *http.Request) {
	if a.ID != 0 {
		s.actors[a.Name] = a
		r.Header.Set(actorHeader, a.Name)
	}
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	s.router.ServeHTTP(w, r)
}

// leads holds every refused form to itself: each line of its summary leads to words on the
// page, and no two places have one id.
func (p Page) leads(r *http.Request) {
	p.tb.Helper()
	if p.Status != http.StatusUnprocessableEntity && p.Status != http.StatusConflict {
		return
	}
	doc, err := html.Parse(strings.NewReader(p.Body))
	if err != nil {
		p.tb.Fatal(err)
	}
	ids, links := map[string]int{}, []string{}
	for n := range doc.Descendants() {
		if id := attr(n, "id"); id != "" {
			ids[id]++
		}
		if n.Data == "div" && attr(n, "class") == "error-summary" {
			for a := range n.Descendants() {
				if to, ok := strings.CutPrefix(attr(a, "href"), "#"); ok {
					links = append(links, to)
				}
			}
		}
	}
	for _, to := range links {
		if ids[to] == 0 {
			p.tb.Errorf("%s %s: the summary leads to #%s, which is nowhere", r.Method, r.URL.Path, to)
		}
	}
	for id, n := range ids {
		if n > 1 {
			p.tb.Errorf("%s %s: %d places have the id %s", r.Method, r.URL.Path, n, id)
		}
	}
}

// Get reads path as a.
func (s *Site) Get(a access.Actor, path string) Page {
	s.tb.Helper()
	return s.Do(a, httptest.NewRequestWithContext(s.tb.Context(), http.MethodGet, path, http.NoBody))
}

// Post sends a form, given as name, value, name, value …, as a.
func (s *Site) Post(a access.Actor, path string, fields ...string) Page {
	s.tb.Helper()
	values := url.Values{}
	for i := 0; i+1 < len(fields); i += 2 {
		values.Add(fields[i], fields[i+1])
	}
	r := httptest.NewRequestWithContext(s.tb.Context(), http.MethodPost, path, strings.NewReader(values.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return s.Do(a, r)
}

// Want fails the test when the status is another one.
func (p Page) Want(status int) Page {
	p.tb.Helper()
	if p.Status != status {
		p.tb.Fatalf("status %d, want %d\n%.1500s", p.Status, status, p.Text())
	}
	return p
}

// Text is the words of the page, without markup, blanks folded.
func (p Page) Text() string {
	doc, err := html.Parse(strings.NewReader(p.Body))
	if err != nil {
		return p.Body
	}
	var b strings.Builder
	for n := range doc.Descendants() {
		if n.Type == html.TextNode {
			b.WriteString(n.Data + " ")
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

// Has fails the test when the words are not on the page.
func (p Page) Has(words ...string) Page {
	p.tb.Helper()
	text := p.Text()
	for _, w := range words {
		if !strings.Contains(text, w) {
			p.tb.Errorf("the page does not say %q:\n%.3000s", w, text)
		}
	}
	return p
}

// Lacks fails the test when the words are on the page.
func (p Page) Lacks(words ...string) Page {
	p.tb.Helper()
	text := p.Text()
	for _, w := range words {
		if strings.Contains(text, w) {
			p.tb.Errorf("the page says %q", w)
		}
	}
	return p
}

// Field is the value of the first input, hidden ones too, or text area with the name.
func (p Page) Field(name string) string {
	p.tb.Helper()
	doc, err := html.Parse(strings.NewReader(p.Body))
	if err != nil {
		p.tb.Fatal(err)
	}
	for n := range doc.Descendants() {
		if n.Type != html.ElementNode || attr(n, "name") != name {
			continue
		}
		if n.Data == "textarea" && n.FirstChild != nil {
			return n.FirstChild.Data
		}
		return attr(n, "value")
	}
	p.tb.Fatalf("the page has no field %q", name)
	return ""
}

func attr(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

// Reader is the body as a stream, for downloads.
func (p Page) Reader() io.Reader { return strings.NewReader(p.Body) }
