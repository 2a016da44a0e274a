package flows_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// A visitor uses the product without a browser: links, forms and cookies, no script.
type visitor struct {
	tb     testing.TB
	base   *url.URL
	client *http.Client
}

// newVisitor is somebody whom the product at base does not know.
func newVisitor(tb testing.TB, base string) *visitor {
	tb.Helper()
	u, err := url.Parse(base)
	if err != nil {
		tb.Fatal(err)
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		tb.Fatal(err)
	}
	return &visitor{tb: tb, base: u, client: &http.Client{Jar: jar}}
}

// An answer is what came back in the end, after any redirects.
type answer struct {
	url    *url.URL
	status int
	header http.Header
	wire   int // bytes of the body as they travelled
	body   []byte
	doc    *html.Node // nil unless it is a page
}

func (v *visitor) get(target string) answer {
	v.tb.Helper()
	return v.send(v.request(http.MethodGet, target, ""))
}

// part asks for a piece of a page, as htmx does.
func (v *visitor) part(target string) answer {
	v.tb.Helper()
	r := v.request(http.MethodGet, target, "")
	r.Header.Set("HX-Request", "true")
	return v.send(r)
}

func (v *visitor) post(target string, form url.Values) answer {
	v.tb.Helper()
	r := v.request(http.MethodPost, target, form.Encode())
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return v.send(r)
}

func (v *visitor) request(method, target, body string) *http.Request {
	v.tb.Helper()
	u, err := v.base.Parse(target)
	if err != nil {
		v.tb.Fatal(err)
	}
	r, err := http.NewRequestWithContext(v.tb.Context(), method, u.String(), strings.NewReader(body))
	if err != nil {
		v.tb.Fatal(err)
	}
	r.Header.Set("Accept-Encoding", "gzip") // asked for by hand, so that the client leaves it packed and it can be weighed
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	return r
}

func (v *visitor) send(r *http.Request) answer {
	v.tb.Helper()
	got, err := v.client.Do(r)
	if err != nil {
		v.tb.Fatal(err)
	}
	defer got.Body.Close()
	return v.unpack(got)
}

func (v *visitor) unpack(got *http.Response) answer {
	v.tb.Helper()
	body, err := io.ReadAll(got.Body)
	a := answer{url: got.Request.URL, status: got.StatusCode, header: got.Header, wire: len(body), body: body}
	if err == nil && got.Header.Get("Content-Encoding") == "gzip" {
		var z *gzip.Reader
		if z, err = gzip.NewReader(bytes.NewReader(body)); err == nil {
			a.body, err = io.ReadAll(z)
		}
	}
	if err == nil && strings.HasPrefix(got.Header.Get("Content-Type"), "text/html") {
		a.doc, err = html.Parse(bytes.NewReader(a.body))
	}
	if err != nil {
		v.tb.Fatalf("%s: %v", a.url, err)
	}
	return a
}

// elements are those of the page with one of the tag names.
func (a answer) elements(tags ...string) []*html.Node {
	if a.doc == nil {
		return nil
	}
	return under(a.doc, tags...)
}

func under(root *html.Node, tags ...string) []*html.Node {
	var out []*html.Node
	for n := range root.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		for _, tag := range tags {
			if n.Data == tag {
				out = append(out, n)
			}
		}
	}
	return out
}

func attr(n *html.Node, name string) string {
	value, _ := find(n, name)
	return value
}

func find(n *html.Node, name string) (string, bool) {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val, true
		}
	}
	return "", false
}

func text(n *html.Node) string {
	var b strings.Builder
	for c := range n.Descendants() {
		if c.Type == html.TextNode {
			b.WriteString(c.Data)
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

// A button is one person of the demonstration's sign-in page.
type button struct{ email, role string }

// door is the sign-in page of the demonstration, as the product sends one there.
func (v *visitor) door() answer {
	v.tb.Helper()
	a := v.get("/auth/start")
	if a.status != http.StatusOK || a.doc == nil {
		v.tb.Fatalf("the sign-in page answers %d at %s:\n%s", a.status, a.url, a.body)
	}
	return a
}

func (a answer) buttons() []button {
	var out []button
	for _, n := range a.elements("button") {
		if attr(n, "name") == "login" {
			b := button{email: attr(n, "value")}
			for _, s := range under(n, "span") {
				if attr(s, "class") == "role" {
					b.role = text(s)
				}
			}
			out = append(out, b)
		}
	}
	return out
}

// signIn presses somebody's button.
func (v *visitor) signIn(email string) answer {
	v.tb.Helper()
	door := v.door()
	form := url.Values{"login": {email}}
	for _, n := range door.elements("input") {
		form.Set(attr(n, "name"), attr(n, "value"))
	}
	action := attr(door.elements("form")[0], "action")
	target, err := door.url.Parse(action)
	if err != nil {
		v.tb.Fatal(err)
	}
	a := v.post(target.String(), form)
	if a.status != http.StatusOK {
		v.tb.Fatalf("signing in as %s ends with status %d at %s:\n%s", email, a.status, a.url, a.body)
	}
	return a
}

// cast is one person for each role of the demonstration, by role in words.
func cast(tb testing.TB, base string) []button {
	tb.Helper()
	seen := map[string]bool{}
	var out []button
	for _, b := range newVisitor(tb, base).door().buttons() {
		if b.role != "" && !seen[b.role] {
			seen[b.role] = true
			out = append(out, b)
		}
	}
	return out
}
