package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"

	"assay/internal/blob"
	"assay/internal/clamd"
	"assay/internal/config"
	"assay/internal/keeper"
	"assay/models"
)

// blobsOptions are the flags of the three; each declares those it has.
type blobsOptions struct {
	db, blob, from, to string
	clamd              string
	remove, all        bool
}

// A blobsCommand is the word after assay blobs.
type blobsCommand struct {
	name, summary string
	flags         func(*blobsOptions) *flag.FlagSet
	run           func(context.Context, *session, blobsOptions) error
}

func blobsCommands() []blobsCommand {
	return []blobsCommand{
		{"check", "hash everything again, and look for the bytes of every file", checkFlags, checkBlobs},
		{"copy", "bring everything into another store", copyFlags, copyBlobs},
		{"scan", "scan the files of evidence for malware", scanFlags, scanBlobs},
		{"sweep", "find, or remove, what no record needs", sweepFlags, sweepBlobs},
	}
}

func checkFlags(o *blobsOptions) *flag.FlagSet {
	fs := flag.NewFlagSet("blobs check", flag.ContinueOnError)
	fs.StringVar(&o.db, "db", "", "`URL` of the database; ASSAY_DATABASE_URL if not given, and without both nothing is looked for by its record")
	blobFlag(fs, o)
	return fs
}

func sweepFlags(o *blobsOptions) *flag.FlagSet {
	fs := flag.NewFlagSet("blobs sweep", flag.ContinueOnError)
	fs.StringVar(&o.db, "db", "", "`URL` of the database; ASSAY_DATABASE_URL if not given")
	blobFlag(fs, o)
	fs.BoolVar(&o.remove, "delete", false, "remove what is found; without it the command only says what it would remove")
	return fs
}

func scanFlags(o *blobsOptions) *flag.FlagSet {
	fs := flag.NewFlagSet("blobs scan", flag.ContinueOnError)
	fs.StringVar(&o.db, "db", "", "`URL` of the database; ASSAY_DATABASE_URL if not given")
	blobFlag(fs, o)
	fs.StringVar(&o.clamd, "clamd", "", "`address` of a ClamAV daemon; ASSAY_CLAMD_ADDR if not given")
	fs.BoolVar(&o.all, "all", false, "scan again what was scanned before, as with new signatures")
	return fs
}

func blobFlag(fs *flag.FlagSet, o *blobsOptions) {
	fs.StringVar(&o.blob, "blob", "", "`URL` of the store; ASSAY_BLOB_URL if not given")
}

func copyFlags(o *blobsOptions) *flag.FlagSet {
	fs := flag.NewFlagSet("blobs copy", flag.ContinueOnError)
	fs.StringVar(&o.from, "from", "", "`URL` of the store to read (required)")
	fs.StringVar(&o.to, "to", "", "`URL` of the store to fill (required)")
	return fs
}

func blobs(ctx context.Context, s *session) error {
	if len(s.args) == 0 {
		return refusef("blobs needs one of check, copy, scan and sweep; \"assay help blobs\" explains them")
	}
	if name := s.args[0]; name == "-h" || name == "-help" || name == "--help" {
		return config.ErrHelp
	}
	for _, c := range blobsCommands() {
		if c.name != s.args[0] {
			continue
		}
		var o blobsOptions
		if err := config.Parse(c.flags(&o), s.args[1:], func(string) string { return "" }); err != nil {
			return refuse(err)
		}
		if o.db == "" {
			o.db = s.getenv(config.Variable("database-url"))
		}
		if o.blob == "" {
			o.blob = s.getenv(config.Variable("blob-url"))
		}
		if o.clamd == "" {
			o.clamd = s.getenv(config.Variable("clamd-addr"))
		}
		return c.run(ctx, s, o)
	}
	return refusef("there is no \"blobs %s\"; it is one of check, copy, scan and sweep", s.args[0])
}

// store opens the store at an address with the keys of this session; those of a source
// may be others.
func (s *session) store(ctx context.Context, flagName, address, keys string) (blob.Store, error) {
	if address == "" {
		return nil, refusef("-%s is missing; it should be file:///path/to/folder or s3://bucket/prefix?endpoint=…", flagName)
	}
	k := blob.Credentials{AccessKey: s.getenv("ASSAY_" + keys + "S3_ACCESS_KEY"), SecretKey: s.getenv("ASSAY_" + keys + "S3_SECRET_KEY")}
	if k.AccessKey == "" && keys != "" {
		return s.store(ctx, flagName, address, "")
	}
	if folder, ok := strings.CutPrefix(address, "file://"); ok && flagName != "to" {
		if _, err := os.Stat(folder); err != nil { // opening one would make it
			return nil, refusef("-%s: there is no store at %s", flagName, folder)
		}
	}
	store, err := blob.OpenURL(address, k)
	if err != nil {
		return nil, refusef("-%s: %w", flagName, err)
	}
	for _, err := range store.List(ctx) { // the first is enough to know that it answers
		if err != nil {
			return nil, refusef("-%s: %w", flagName, err)
		}
		break
	}
	return store, nil
}

func checkBlobs(ctx context.Context, s *session, o blobsOptions) error {
	store, err := s.store(ctx, "blob", o.blob, "")
	if err != nil {
		return err
	}
	var db *models.DB
	if o.db != "" {
		if db, err = openExisting(ctx, o.db, models.Open); err != nil {
			return refuse(err)
		}
		defer func() { _ = db.Close() }()
	}
	r, err := keeper.Check(ctx, db, store, func(line string) { fmt.Fprintln(s.stdout, line) })
	if err != nil {
		return refuse(err)
	}
	fmt.Fprintf(s.stdout, "Read %d blobs, %d bytes", r.Blobs, r.Bytes)
	if db != nil {
		fmt.Fprintf(s.stdout, ", and looked for %d files", r.Files)
	}
	fmt.Fprintf(s.stdout, ": %d missing, %d altered, %d orphaned.\n", r.Missing, r.Altered, r.Orphaned)
	if db == nil {
		fmt.Fprintln(s.stdout, "No database was given, so a file whose bytes are missing would not show.")
	}
	if !r.Holds() {
		return errFindings
	}
	return nil
}

func copyBlobs(ctx context.Context, s *session, o blobsOptions) error {
	from, err := s.store(ctx, "from", o.from, "FROM_")
	if err != nil {
		return err
	}
	to, err := s.store(ctx, "to", o.to, "")
	if err != nil {
		return err
	}
	if err := to.Check(ctx); err != nil {
		return refusef("-to: %w", err)
	}
	c, err := keeper.Copy(ctx, from, to, func(digest string, err error) {
		fmt.Fprintf(s.stdout, "not copied: %s: %v\n", digest, err)
	})
	fmt.Fprintf(s.stdout, "Copied %d blobs, %d bytes; %d were there already; %d could not be copied.\n", c.Copied, c.Bytes, c.There, c.Failed)
	if err != nil {
		return fmt.Errorf("the copy stopped, and can be run again: %w", err)
	}
	if c.Failed > 0 {
		return errFindings
	}
	return nil
}

// both opens the store and the database of a command that needs the two.
func (s *session) both(ctx context.Context, o blobsOptions) (blob.Store, *models.DB, error) {
	if o.db == "" {
		return nil, nil, refusef("-db is missing; it should be sqlite:///path/to/file or postgres://…")
	}
	store, err := s.store(ctx, "blob", o.blob, "")
	if err != nil {
		return nil, nil, err
	}
	db, err := openExisting(ctx, o.db, models.Open)
	if err != nil {
		return nil, nil, refuse(err)
	}
	db.Build = build()
	return store, db, nil
}

func scanBlobs(ctx context.Context, s *session, o blobsOptions) error {
	scanner, err := clamd.Parse(o.clamd)
	if err != nil {
		return refusef("-clamd: %w", err)
	}
	store, db, err := s.both(ctx, o)
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	if _, err := scanner.Version(ctx); err != nil {
		return refusef("-clamd: %w", err)
	}
	n, err := keeper.ScanAll(ctx, db, store, scanner, !o.all, func(line string) { fmt.Fprintln(s.stdout, line) })
	fmt.Fprintf(s.stdout, "%d clean, %d infected, %d not scanned.\n", n.Clean, n.Infected, n.Unscanned)
	if err == nil && n.Infected > 0 {
		err = errFindings
	}
	return err
}

func sweepBlobs(ctx context.Context, s *session, o blobsOptions) error {
	store, db, err := s.both(ctx, o)
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	swept, err := keeper.Sweep(ctx, db, store, o.remove, func(i blob.Info) {
		fmt.Fprintf(s.stdout, "%s  %d bytes, since %s\n", i.Digest, i.Size, i.ModTime.UTC().Format("2006-01-02 15:04"))
	})
	fmt.Fprintf(s.stdout, "%s.\n", swept)
	if err != nil {
		return err
	}
	if !o.remove && swept.Orphans > 0 {
		fmt.Fprintln(s.stdout, "Nothing was removed; -delete does.")
	}
	return nil
}

func blobsHelp(w io.Writer) {
	paragraph(w, "assay blobs: look after the stored evidence.", "")
	for _, c := range blobsCommands() {
		fmt.Fprintf(w, "    assay blobs %-6s %s\n", c.name, c.summary)
	}
	paragraph(w, "",
		"check names what is missing, altered or orphaned. An orphan is what an upload that",
		"was given up leaves, and no damage.",
		"copy can be run again after it was cut off. Bytes that no longer match their digest",
		"are named and left behind. Run it once beside a server and once more after stopping",
		"it, then start the server on the new store.",
		"scan asks a ClamAV daemon about the files that no scan is known of. What it calls",
		"infected is set aside: the record stands, and nobody can open the file.",
		"sweep removes nothing unless asked to, and then only what came more than a day ago.",
		"Each removal leaves a leaf in the log.", "",
		"The keys of an S3 store are ASSAY_S3_ACCESS_KEY and ASSAY_S3_SECRET_KEY; those of the",
		"store that copy reads can be others, ASSAY_FROM_S3_ACCESS_KEY and",
		"ASSAY_FROM_S3_SECRET_KEY.", "",
		"Exit status: 0 done or everything holds; 1 something is missing, altered, infected or",
		"could not be copied; 2 the input cannot be used.")
	for _, c := range blobsCommands() {
		fmt.Fprintf(w, "\n%s", strings.ToUpper(c.name[:1])+c.name[1:])
		flags(w, c.flags(new(blobsOptions)), false)
	}
}
