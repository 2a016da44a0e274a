// Package mails is how mails look: plain text first, and HTML that says the same. A mail
// program knows neither our style sheet nor our session, so its style is in it and its
// links need a sign-in. There are no images, and nothing that tells us it was read.
package mails

import (
	"embed"
	"html/template"
	"strings"
)

// A Mail is what one mail says.
type Mail struct {
	Subject     string
	Reader      string // the name of who gets it: the only personal data in a mail
	Opening     string
	Groups      []Group
	Button      Link
	Also        Link // a second, quieter way on; no Href is none
	Why         string
	Preferences string // where the reader says which mails they want
}

// A Group is what a mail tells of one kind. Title may be "".
type Group struct {
	Title string
	Items []Item
	More  string // a sentence about what does not stand here
}

// An Item is one sentence and where it leads.
type Item struct {
	Text, Href string // Href may be ""
	HandOver   string // where it can be given to somebody else; may be ""
}

// A Link is a button of a mail.
type Link struct{ Label, Href string }

// Text is the mail as plain text, in lines of any length: a reader's window breaks them
// better than we do.
func (m Mail) Text() string {
	var b strings.Builder
	line := func(parts ...string) { b.WriteString(strings.Join(parts, "") + "\n") }
	line(m.Reader, ",")
	line()
	line(m.Opening)
	for _, g := range m.Groups {
		line()
		if g.Title != "" {
			line(g.Title)
		}
		for _, i := range g.Items {
			line("- ", i.Text)
			if i.Href != "" {
				line("  ", i.Href)
			}
			if i.HandOver != "" {
				line("  Hand over: ", i.HandOver)
			}
		}
		if g.More != "" {
			line("  ", g.More)
		}
	}
	line()
	line(m.Button.Label, ": ", m.Button.Href)
	if m.Also.Href != "" {
		line(m.Also.Label, ": ", m.Also.Href)
	}
	line()
	line("-- ")
	line(m.Why)
	if m.Preferences != "" {
		line("Which mails you get, and when: ", m.Preferences)
	}
	return b.String()
}

//go:embed mail.html
var files embed.FS

var page = template.Must(template.ParseFS(files, "mail.html"))

// HTML is the twin of Text.
func (m Mail) HTML() (string, error) {
	var b strings.Builder
	err := page.Execute(&b, m)
	return b.String(), err
}
