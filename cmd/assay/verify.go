package main

import (
	"context"
	"encoding/base64"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"os"
	"strings"
	"time"

	"assay/internal/config"
	"assay/migrations"
	"assay/models"
	"assay/models/ledger"
)

type verifyOptions struct{ db, key, since string }

func (o *verifyOptions) flags() *flag.FlagSet {
	fs := flag.NewFlagSet("verify", flag.ContinueOnError)
	fs.StringVar(&o.db, "db", "", "`URL` of the database: sqlite:///path/to/file or postgres://…; a binder needs none")
	fs.StringVar(&o.key, "key", "", "`file` that holds the log's verifier key, name+hash+key, and below it, if it replaced others, those, the newest first; without it the key beside the newest checkpoint, or in the binder, is used, which somebody who rewrote the log could have replaced")
	fs.StringVar(&o.since, "since", "", "`file` of a signed checkpoint that was kept outside; the log has to extend it")
	return fs
}

func verify(ctx context.Context, s *session) error {
	var o verifyOptions
	archive, args := archiveOf(s.args)
	if err := config.Parse(o.flags(), args, func(string) string { return "" }); err != nil {
		return refuse(err)
	}
	if archive != "" {
		return verifyBinder(ctx, s, archive, o)
	}
	options, err := o.read()
	if err != nil {
		return refuse(err)
	}
	db, err := openExisting(ctx, o.db, models.OpenToRead)
	if err != nil {
		return refuse(err)
	}
	defer func() { _ = db.Close() }()
	start := time.Now()
	report, err := models.Verify(ctx, db, options)
	if err != nil {
		return refuse(err)
	}
	return s.report(report, o, time.Since(start))
}

func (o *verifyOptions) read() (models.VerifyOptions, error) {
	out := models.VerifyOptions{Tables: ledger.Tables(), Derived: ledger.Derived()}
	if o.db == "" {
		return out, fmt.Errorf("-db is missing; it should be sqlite:///path/to/file or postgres://…, or the path of a binder stands in its place")
	}
	var err error
	out.VerifierKey, out.Replaced, out.Since, err = o.outside()
	return out, err
}

// outside reads what was kept outside of what is verified: the key, those that it replaced,
// and a checkpoint.
func (o *verifyOptions) outside() (key string, replaced []string, since string, err error) {
	if o.key != "" {
		b, err := os.ReadFile(o.key)
		if err != nil {
			return "", nil, "", fmt.Errorf("-key: %w", err)
		}
		keys := verifierKeys(string(b))
		if len(keys) == 0 {
			return "", nil, "", errors.New("-key: the file holds no verifier key, which looks like name+1f2e3d4c+AbC…")
		}
		key, replaced = keys[0], keys[1:]
	}
	if o.since != "" {
		b, err := os.ReadFile(o.since)
		if err != nil {
			return "", nil, "", fmt.Errorf("-since: %w", err)
		}
		since = string(b)
	}
	return key, replaced, since, nil
}

// verifierKeys are the public keys in a file that may hold the private one as well.
func verifierKeys(text string) (keys []string) {
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line != "" && !strings.HasPrefix(line, "PRIVATE+KEY+") {
			keys = append(keys, line)
		}
	}
	return keys
}

// openExisting opens a database without creating one, and refuses a schema that this
// build does not know.
func openExisting(ctx context.Context, url string, open func(context.Context, string) (*models.DB, error)) (*models.DB, error) {
	if path, ok := strings.CutPrefix(url, "sqlite://"); ok {
		if _, err := os.Stat(path); err != nil {
			return nil, fmt.Errorf("there is no database at %s", path)
		}
	}
	db, err := open(ctx, url)
	if err != nil {
		return nil, err
	}
	files, err := migrations.For(db.Dialect())
	if err != nil {
		return nil, err
	}
	current, target, err := db.SchemaVersions(ctx, files)
	switch {
	case err != nil:
	case current == 0:
		err = fmt.Errorf("this is no database of Assay; nothing in it was changed")
	case current != target:
		err = fmt.Errorf("the database has schema %d and this build needs %d; run \"assay migrate\" first", current, target)
	}
	if err != nil {
		_ = db.Close()
		return nil, err
	}
	return db, nil
}

func (s *session) report(r models.Report, o verifyOptions, took time.Duration) error {
	for _, p := range r.Problems {
		fmt.Fprintln(s.stdout, p)
	}
	if n := len(r.Problems); n > 0 {
		fmt.Fprintf(s.stdout, "\nDoes not hold: %d found in %d leaves and %d rows.\n", n, r.Leaves, r.Rows)
		return errFindings
	}
	fmt.Fprintf(s.stdout, "Holds: %d leaves, %d rows, %s, checked in %s.\n", r.Leaves, r.Rows, counted(r.Checkpoints, "checkpoint"), took.Round(time.Millisecond))
	fmt.Fprintf(s.stdout, "Root %s; %d of the leaves are under a signed checkpoint.\n", base64.StdEncoding.EncodeToString(r.Root[:]), r.Signed)
	if r.Erased > 0 {
		fmt.Fprintf(s.stdout, "The notes of %d leaves were erased, as the law may ask; the leaves stand.\n", r.Erased)
	}
	if r.VerifierKey != "" {
		fmt.Fprintf(s.stdout, "Signed by %s\n", r.VerifierKey)
	}
	if r.Replaced > 0 {
		fmt.Fprintf(s.stdout, "%s by a key that it replaced.\n", counted(r.Replaced, "earlier checkpoint"))
	}
	if o.key == "" {
		fmt.Fprintln(s.stdout, "The key was taken from the database itself; compare it with one you hold, or give it with -key.")
	}
	if o.since == "" {
		fmt.Fprintln(s.stdout, "No earlier checkpoint was given, so an older database put back in place would not show.")
	}
	return nil
}

func counted(n int64, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

func migrateFlags(url *string) *flag.FlagSet {
	fs := flag.NewFlagSet("migrate", flag.ContinueOnError)
	fs.StringVar(url, "database-url", "", "`URL` of the database: sqlite:///path/to/file or postgres://… (required)")
	return fs
}

func migrate(ctx context.Context, s *session) error {
	var url string
	if err := config.Parse(migrateFlags(&url), s.args, s.getenv); err != nil {
		return refuse(err)
	}
	if url == "" {
		return refuse(config.Bad("database-url", "is missing; it should be sqlite:///path/to/file or postgres://user:password@host:5432/name."))
	}
	db, err := models.Open(ctx, url)
	if err != nil {
		return refuse(err)
	}
	defer func() { _ = db.Close() }()
	from, to, err := migrateDB(ctx, db)
	if err != nil {
		return refuse(err)
	}
	if from == to {
		_, err = fmt.Fprintf(s.stdout, "The schema is up to date, version %d.\n", to)
	} else {
		_, err = fmt.Fprintf(s.stdout, "Migrated the schema from version %d to %d.\n", from, to)
	}
	return err
}

func migrateDB(ctx context.Context, db *models.DB) (from, to int64, err error) {
	files, err := migrations.For(db.Dialect())
	if err != nil {
		return 0, 0, err
	}
	return db.Migrate(ctx, files)
}

func healthFlags(addr *string) *flag.FlagSet {
	fs := flag.NewFlagSet("health", flag.ContinueOnError)
	fs.StringVar(addr, "addr", "127.0.0.1:8080", "`host:port` the server listens on")
	return fs
}

func health(ctx context.Context, s *session) error {
	var addr string
	if err := config.Parse(healthFlags(&addr), s.args, s.getenv); err != nil {
		return refuse(err)
	}
	if strings.HasPrefix(addr, ":") || strings.HasPrefix(addr, "0.0.0.0:") || strings.HasPrefix(addr, "[::]:") {
		addr = "127.0.0.1:" + addr[strings.LastIndexByte(addr, ':')+1:]
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+addr+"/healthz", http.NoBody)
	if err != nil {
		return refuse(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return fmt.Errorf("the server at %s does not answer: %w", addr, err)
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("the server at %s is not well: status %d", addr, res.StatusCode)
	}
	_, err = fmt.Fprintln(s.stdout, "ok")
	return err
}
