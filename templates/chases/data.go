// Package chases is the mails that ask people for what they owe, before they are sent.
package chases

import (
	"assay/models/reminder"
)

// A Letter is one mail, word for word.
type Letter struct {
	Name, Email   string
	Subject, Text string
}

// Data is what the page shows.
type Data struct {
	Chosen  []string // addresses of tasks
	Letters []Letter
	Nobody  []reminder.Item
	Gone    int
	Sending string // names this form
	Seen    string // digest of the letters: what is sent is what was looked at
	MailOff bool
	Errors  map[string]string
}
