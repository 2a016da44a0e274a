package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"assay/internal/binder"
	nouns "assay/models/binder"
)

// archiveOf takes the path of a binder from the arguments of verify, wherever it stands:
// what is no flag, nor the value of one.
func archiveOf(args []string) (path string, rest []string) {
	for i := 0; i < len(args); i++ {
		switch a := args[i]; {
		case strings.HasPrefix(a, "-"):
			rest = append(rest, a)
			if !strings.Contains(a, "=") && !strings.HasSuffix(a, "help") && a != "-h" && i+1 < len(args) {
				i++
				rest = append(rest, args[i])
			}
		case path == "" && isArchive(a):
			path = a
		default:
			rest = append(rest, a)
		}
	}
	return path, rest
}

// isArchive reports whether path is called a ZIP or is one.
func isArchive(path string) bool {
	if strings.HasSuffix(strings.ToLower(path), ".zip") {
		return true
	}
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer func() { _ = f.Close() }()
	head := make([]byte, 4)
	_, err = io.ReadFull(f, head)
	return err == nil && string(head) == "PK\x03\x04"
}

// verifyBinder needs no network and no database.
func verifyBinder(ctx context.Context, s *session, path string, o verifyOptions) error {
	if o.db != "" {
		return refusef("give a binder or -db, not both")
	}
	options := binder.Options{Redraw: nouns.Redraw, Steps: nouns.Steps}
	var err error
	if options.Key, options.Replaced, options.Since, err = o.outside(); err != nil {
		return refuse(err)
	}
	f, err := os.Open(path)
	if err != nil {
		return refuse(err)
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil {
		return refuse(err)
	}
	start := time.Now()
	report, err := binder.Verify(ctx, f, info.Size(), options)
	if err != nil {
		return refuse(err)
	}
	return s.reportBinder(report, o, time.Since(start))
}

func (s *session) reportBinder(r binder.Report, o verifyOptions, took time.Duration) error {
	for _, p := range r.Problems {
		fmt.Fprintln(s.stdout, p)
	}
	if n := len(r.Problems); n > 0 {
		fmt.Fprintf(s.stdout, "\nDoes not hold: %d found in %s.\n", n, counted(int64(r.Files), "file"))
		return errFindings
	}
	m := r.Manifest
	fmt.Fprintf(s.stdout, "Holds: %s of %d bytes, %d records proved by %d leaves, %s, %s, checked in %s.\n",
		counted(int64(r.Files), "file"), r.Bytes, r.Records, r.Leaves, counted(int64(r.Draws), "draw"), counted(int64(r.Checkpoints), "checkpoint"), took.Round(time.Millisecond))
	fmt.Fprintf(s.stdout, "%s, %s, period %s, frozen at %s; %s view.\n", binder.Printable(m.Name), binder.Printable(m.Firm), binder.Printable(m.Period), m.FrozenAt.Format(time.RFC3339), m.View)
	fmt.Fprintf(s.stdout, "Manifest %s\nSigned by %s\n", r.Digest, binder.Printable(m.Key))
	if r.Replaced {
		fmt.Fprintln(s.stdout, "That key was replaced. Whoever has it by now could sign another binder of the same engagement, also today.")
	}
	if r.Extends > 0 {
		fmt.Fprintf(s.stdout, "Its log extends the %d leaves that were known.\n", r.Extends)
	}
	if o.key == "" {
		fmt.Fprintln(s.stdout, "The key was taken from the binder itself; compare it with one you hold, or give it with -key. Whoever can replace it can sign anything.")
	}
	if o.since == "" {
		fmt.Fprintln(s.stdout, "No earlier checkpoint was given, so an older binder passed off as a newer one would not show.")
	}
	return nil
}
