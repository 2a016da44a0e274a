// Package binders is the page of the evidence binder.
package binders

import (
	"strconv"

	"assay/models"
	"assay/models/binder"
	"assay/models/engagement"
	"assay/models/freeze"
	"assay/models/people"
)

// PageData is the page of one binder.
type PageData struct {
	Engagement engagement.Engagement
	View       string
	Key        string // that checks the binder, public
	Replaced   bool   // the log is signed with another key since
	Freeze     freeze.Freeze
	Frozen     bool
	By         map[int64]people.Person
	Leaf       int64
	Checkpoint models.Checkpoint
	Signed     bool
	Made       binder.Made
	WasMade    bool

	SealedSince []string // evidence with an original that was sealed after the freeze
}

func (d PageData) sealed() string {
	verb := "were"
	if len(d.SealedSince) == 1 {
		verb = "was"
	}
	return models.Plural(len(d.SealedSince), "item") + " of evidence " + verb + " sealed after the freeze."
}

// FileName is how the archive is called.
func FileName(slug, view string) string { return "binder-" + slug + "-" + view + ".zip" }

func (d PageData) file() string { return FileName(d.Engagement.Slug, d.View) }

// commands are what one types to verify the archive.
func (d PageData) commands() string {
	return "assay verify -key log.pub " + d.file() + "\n" +
		"assay verify -key log.pub -since checkpoint.txt " + d.file()
}

type line struct {
	label string
	n     int
}

func (d PageData) lines() []line {
	c := d.Freeze.Counts.V
	return []line{
		{"Controls", c.Controls},
		{"Versions of them in effect in the period", c.Versions},
		{"Evidence items", c.Evidence},
		{"Files of evidence", c.Files},
		{"Files whose bytes are withheld", c.Withheld},
		{"Locked populations", c.Populations},
		{"Samples", c.Samples},
		{"Tests of controls", c.Tests},
		{"Requests", c.Requests},
		{"Findings", c.Findings},
		{"Carried over from earlier periods", c.Carried},
	}
}

func number(n int64) string { return strconv.FormatInt(n, 10) }

// size is bytes as people say them.
func size(n int64) string {
	switch {
	case n < 1<<10:
		return number(n) + " bytes"
	case n < 1<<20:
		return strconv.FormatFloat(float64(n)/(1<<10), 'f', 1, 64) + " KiB"
	case n < 1<<30:
		return strconv.FormatFloat(float64(n)/(1<<20), 'f', 1, 64) + " MiB"
	}
	return strconv.FormatFloat(float64(n)/(1<<30), 'f', 2, 64) + " GiB"
}
