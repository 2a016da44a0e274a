package main

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"assay/handlers"
	"assay/internal/blob"
	"assay/internal/clamd"
	"assay/internal/config"
	"assay/internal/egress"
	"assay/internal/jobs"
	"assay/internal/keeper"
	"assay/internal/mail"
	"assay/internal/seal"
	"assay/internal/tlog"
	"assay/internal/tsa"
	"assay/internal/witness"
	"assay/models"
	"assay/models/custody"
	"assay/models/evidence"
)

func serve(ctx context.Context, s *session) error {
	var c config.Serve
	if err := config.Parse(c.Flags(), s.args, s.getenv); err != nil {
		return refuse(err)
	}
	if err := c.Check(); err != nil {
		return refuse(err)
	}
	if c.LogFormat == "json" {
		slog.SetDefault(slog.New(slog.NewJSONHandler(s.stderr, nil)))
	}
	in, err := open(ctx, c)
	if err != nil {
		return refuse(err)
	}
	defer in.close()
	ln, err := listen(ctx, c.Addr)
	if err != nil {
		return refuse(err)
	}
	return in.answer(ctx, ln, in.app.Router(), func() {
		slog.Info("listening", "addr", ln.Addr().String(), "base_url", c.BaseURL, "build", build())
	})
}

// An instance is everything a server works with, opened and checked.
type instance struct {
	db     *models.DB
	signer *tlog.Signer
	app    *handlers.App
	worker *jobs.Worker

	drainFor time.Duration
	stopping atomic.Bool
}

// open brings up what c names, in an order in which the first thing that is wrong is
// what the operator is told.
func open(ctx context.Context, c config.Serve) (*instance, error) {
	db, err := models.Open(ctx, c.DatabaseURL)
	if err != nil {
		return nil, &config.Error{Setting: config.Variable("database-url"), Message: "cannot be used: " + err.Error()}
	}
	db.Build = build()
	in := &instance{db: db, drainFor: c.Drain}
	if err := in.prepare(ctx, c); err != nil {
		in.close()
		return nil, err
	}
	return in, nil
}

func (in *instance) prepare(ctx context.Context, c config.Serve) error {
	if _, _, err := migrateDB(ctx, in.db); err != nil {
		return fmt.Errorf("the schema could not be brought up to date: %w", err)
	}
	store, err := blob.OpenURL(c.BlobURL, blob.Credentials{AccessKey: c.S3AccessKey, SecretKey: c.S3SecretKey})
	if err == nil {
		err = store.Check(ctx)
	}
	if err != nil {
		return &config.Error{Setting: config.Variable("blob-url"), Message: "cannot be used: " + err.Error()}
	}
	base, err := url.Parse(c.BaseURL)
	if err != nil {
		return config.Bad("base-url", "cannot be read.")
	}
	if in.signer, err = tlog.LoadSigner(c.SigningKey, "assay/"+base.Hostname()); err != nil {
		return &config.Error{Setting: config.Variable("signing-key-file"), Message: "cannot be used: " + err.Error()}
	}
	box, err := sealed(in.signer, "sessions")
	if err != nil {
		return err
	}
	in.app = &handlers.App{
		DB: in.db, Blobs: store, Signer: in.signer, MaxFile: c.MaxUpload, Quota: evidence.Quota{FilesPerDay: c.MaxFilesPerDay, Bytes: c.MaxEvidence},
		Secure: base.Scheme == "https", Box: box, Scanning: c.ClamdAddr != "", Draining: in.stopping.Load,
	}
	if err := in.employ(c, store); err != nil {
		return err
	}
	return signIn(in.app, c)
}

// sealed seals secrets of one purpose. Its key follows from the signing key, which every
// replica has and the database has not.
func sealed(signer *tlog.Signer, purpose string) (*seal.Box, error) {
	key, err := signer.Secret(purpose)
	if err != nil {
		return nil, err
	}
	return seal.New(key)
}

// employ gives the worker all that this installation does by itself.
func (in *instance) employ(c config.Serve, store blob.Store) error {
	anchors, err := anchorsOf(c)
	if err != nil {
		return err
	}
	works := slices.Concat(jobs.Clock(), []jobs.Work{jobs.Checkpoints(in.db, in.signer), jobs.Uploads(store), in.app.SessionCheck(), in.app.GrantRevoke()}, keeper.Work(store, c.SweepOrphans), []jobs.Work{keeper.RemovalWork(store)}, keeper.LockWork(store))
	if c.SMTPURL != "" {
		sender, err := mail.Open(c.SMTPURL, c.MailFrom)
		if err != nil {
			return &config.Error{Setting: config.Variable("smtp-url"), Message: "cannot be used: " + err.Error() + "."}
		}
		in.app.MailServer, in.app.MailFrom = sender.Server, c.MailFrom
		post := jobs.Post{Sender: sender, BaseURL: strings.TrimSuffix(c.BaseURL, "/")}
		anchors.Post = &post
		works = append(works, jobs.Mail(post)...)
	}
	if c.ClamdAddr != "" {
		scanner, err := clamd.Parse(c.ClamdAddr)
		if err != nil {
			return &config.Error{Setting: config.Variable("clamd-addr"), Message: "cannot be used: " + err.Error()}
		}
		works = append(works, keeper.ScanWork(store, scanner)...)
	}
	if hosts := c.Hosts(); len(hosts) > 0 {
		box, err := sealed(in.signer, "webhooks")
		if err != nil {
			return err
		}
		in.app.HookClient, in.app.HookHosts, in.app.HookBox = egress.New(hosts), hosts, box
		works = append(works, jobs.Webhooks(jobs.Hooks{Client: in.app.HookClient, Box: box, BaseURL: strings.TrimSuffix(c.BaseURL, "/")})...)
	}
	works = append(works, anchors.Work()...)
	in.worker = jobs.New(in.db, works...)
	in.app.JobLabel, in.app.JobWaits = in.worker.Label, in.worker.Waits
	return nil
}

// anchorsOf is whom outside the configuration names.
func anchorsOf(c config.Serve) (a jobs.Anchors, err error) {
	client := &http.Client{Timeout: time.Minute}
	list, err := c.WitnessList()
	if err != nil {
		return a, err
	}
	for _, w := range list {
		if err := tlog.CheckWitnessKey(w.Key); err != nil {
			return a, config.Bad("witnesses", "has the key %q, which no witness printed: %v.", w.Key, err)
		}
		a.Witnesses = append(a.Witnesses, witness.Client{URL: w.URL, VerifierKey: w.Key, HTTP: client})
	}
	a.Mailboxes = c.Mailboxes()
	if c.TimestampURL == "" {
		return a, nil
	}
	roots, err := x509.SystemCertPool()
	if c.TimestampRoots != "" {
		roots = x509.NewCertPool()
		var pem []byte
		if pem, err = os.ReadFile(c.TimestampRoots); err == nil && !roots.AppendCertsFromPEM(pem) {
			err = errors.New("it holds no certificate")
		}
	}
	if err != nil {
		return a, config.Bad("timestamp-roots", "cannot be used: %v.", err)
	}
	a.Authorities = []tsa.Client{{URL: c.TimestampURL, HTTP: client, Roots: roots}}
	return a, nil
}

func (in *instance) close() {
	if err := in.db.Close(); err != nil {
		slog.Error("close", "err", err)
	}
}

func listen(ctx context.Context, addr string) (net.Listener, error) {
	ln, err := (&net.ListenConfig{}).Listen(ctx, "tcp", addr)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, config.Bad("addr", "is %s, where another program listens already; it should be a free port.", addr)
	}
	if err != nil {
		return nil, config.Bad("addr", "cannot be listened on: %v.", err)
	}
	return ln, nil
}

// drain lets whoever sends visitors here notice that they should go elsewhere, while all
// are still served.
func (in *instance) drain() {
	in.stopping.Store(true)
	time.Sleep(in.drainFor)
}

// leaving ends each connection of a server that drains with an answer that says so. Closing
// the idle ones, as SetKeepAlivesEnabled(false) does, would lose what somebody who has not
// heard yet sends on them in that moment.
func (in *instance) leaving(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if in.stopping.Load() {
			w.Header().Set("Connection", "close")
		}
		h.ServeHTTP(w, r)
	})
}

// answer serves until ctx ends, then drains, then lets requests and jobs finish, and signs a last
// time so that nothing acknowledged is left without a signature.
func (in *instance) answer(ctx context.Context, ln net.Listener, h http.Handler, ready func()) error {
	// Not earlier: the demonstration fills the store from within one transaction.
	in.app.Blobs.Before(custody.Arrive(in.db))
	background, stop := context.WithCancel(context.WithoutCancel(ctx))
	var clock sync.WaitGroup
	defer clock.Wait()
	defer stop()
	clock.Go(func() { in.worker.Run(background) })
	srv := &http.Server{
		Handler: in.leaving(h), ReadHeaderTimeout: 5 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10,
		ErrorLog: slog.NewLogLogger(slog.Default().Handler(), slog.LevelWarn),
	}
	failed := make(chan error, 1)
	go func() { failed <- srv.Serve(ln) }()
	ready()
	clock.Go(func() { in.app.SayHowChecked(background) }) // its line stands below what ready prints
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	in.drain()
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), 20*time.Second)
	defer cancel()
	err := srv.Shutdown(grace)
	stop()
	clock.Wait()
	if _, signErr := in.db.SignCheckpoint(grace, in.signer); signErr != nil {
		err = errors.Join(err, signErr)
	}
	return err
}

// fileURL is the URL of a path on this machine.
func fileURL(scheme, path string) (string, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	return scheme + "://" + filepath.ToSlash(abs), nil
}
