package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"assay/internal/config"
	"assay/internal/tlog"
	"assay/internal/witness"
)

type witnessOptions struct{ addr, dir, name, logs string }

func (o *witnessOptions) flags() *flag.FlagSet {
	fs := flag.NewFlagSet("witness", flag.ContinueOnError)
	fs.StringVar(&o.addr, "witness-addr", "127.0.0.1:8090", "`host:port` to listen on; put a proxy with TLS before it")
	fs.StringVar(&o.dir, "witness-dir", "", "`folder` for the key of the witness and what it remembers, made when missing (required)")
	fs.StringVar(&o.name, "witness-name", "", "`name` of the witness, by custom its host: witness.example.com; needed on the first start, when the key is made")
	fs.StringVar(&o.logs, "witness-logs", "", "verifier `keys` of the logs to follow, comma separated, as their page Activity shows them (required)")
	return fs
}

func (o *witnessOptions) check() error {
	switch {
	case o.dir == "":
		return config.Bad("witness-dir", "is missing; it should be a folder, such as /var/lib/assay-witness.")
	case len(o.keys()) == 0:
		return config.Bad("witness-logs", "is missing; it should be the verifier key of a log, as its page Activity shows it.")
	}
	for _, k := range o.keys() {
		if err := tlog.CheckLogKey(k); err != nil {
			return config.Bad("witness-logs", "has %q, which is no verifier key.", k)
		}
	}
	if _, err := os.Stat(o.keyFile()); errors.Is(err, os.ErrNotExist) && (o.name == "" || strings.ContainsAny(o.name, " +\t\n")) {
		return config.Bad("witness-name", "is %q; it should be a name without blanks and plus signs, such as witness.example.com.", o.name)
	}
	return nil
}

func (o *witnessOptions) keys() []string {
	return strings.FieldsFunc(o.logs, func(r rune) bool { return r == ',' || r == ' ' || r == '\n' })
}

func (o *witnessOptions) keyFile() string { return filepath.Join(o.dir, "witness.key") }

func (o *witnessOptions) open() (*witness.Witness, *tlog.Cosigner, error) {
	signer, err := tlog.LoadSigner(o.keyFile(), o.name)
	if err != nil {
		return nil, nil, err
	}
	cosigner, err := signer.Cosigner()
	if err != nil {
		return nil, nil, err
	}
	w, err := witness.Open(filepath.Join(o.dir, "logs"), cosigner, o.keys()...)
	return w, cosigner, err
}

// stand runs a witness until it is told to stop.
func stand(ctx context.Context, s *session) error {
	var o witnessOptions
	if err := config.Parse(o.flags(), s.args, s.getenv); err != nil {
		return refuse(err)
	}
	if err := o.check(); err != nil {
		return refuse(err)
	}
	w, cosigner, err := o.open()
	if err != nil {
		return refuse(err)
	}
	ln, err := listen(ctx, o.addr)
	if err != nil {
		return refuse(err)
	}
	srv := &http.Server{
		Handler: w, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second, WriteTimeout: 10 * time.Second, MaxHeaderBytes: 16 << 10,
		ErrorLog: slog.NewLogLogger(slog.Default().Handler(), slog.LevelWarn),
	}
	failed := make(chan error, 1)
	go func() { failed <- srv.Serve(ln) }()
	fmt.Fprintf(s.stdout, "The witness listens on http://%s. Tell those whose logs it follows its address and its key:\n\n    %s\n\n", ln.Addr(), cosigner.VerifierKey)
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	return srv.Shutdown(grace)
}
