// Package activities is the page of the log: who did what, newest first.
package activities

import (
	"strings"
	"time"

	"assay/models/activity"
	"assay/templates/ui"
)

// PageData is what the page of everything shows.
type PageData struct {
	Entries      []activity.Entry
	Newer, Older string
	Filter       map[string]string // as typed
	People       []ui.Option
	Errors       map[string]string
	Log          Log
}

// Log is the state of the log: its newest checkpoint, and how much there is by now.
type Log struct {
	Size   int64 // leaves under the checkpoint; 0 when none is signed
	Leaves int64
	Root   string // hexadecimal
	At     time.Time
	Key    string
}

func kinds() []ui.Option {
	var out []ui.Option
	for _, g := range activity.Groups() {
		out = append(out, ui.Option{Value: g, Label: strings.ToUpper(g[:1]) + g[1:]})
	}
	return out
}
