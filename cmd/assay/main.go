// Assay is a portal for companies that run AI systems and have to pass a SOC 2 Type
// II audit. This program is all of it: the server, the demonstration, and the
// commands an operator or an auditor needs.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"

	"assay/internal/config"
)

// version is set by the build; without that it is what Go knows of the source.
var version = ""

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Getenv, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// Exit statuses. A command that checks something tells "it does not hold" from "it
// could not look".
const (
	exitOK       = 0
	exitFailed   = 1
	exitUnusable = 2
)

// A command is one word after assay.
type command struct {
	name, summary string
	help          func(io.Writer)
	run           func(context.Context, *session) error
}

// A session is what a command works with.
type session struct {
	args           []string
	getenv         func(string) string
	stdout, stderr io.Writer
}

// errFindings ends a check that found something, which it has printed.
var errFindings = errors.New("it does not hold")

func commands() []command {
	return []command{
		{"serve", "run the portal", serveHelp, serve},
		{"demo", "run a demonstration with an invented company", demoHelp, demonstrate},
		{"migrate", "bring the database schema up to date", migrateHelp, migrate},
		{"verify", "prove that nothing in the database, or in a binder, was altered", verifyHelp, verify},
		{"sample", "repeat the draw of a sample", sampleHelp, repeatDraw},
		{"witness", "cosign the logs of others, so that they cannot be rewritten", witnessHelp, stand},
		{"blobs", "check, copy or sweep the stored evidence", blobsHelp, blobs},
		{"break-glass", "let an administrator in while the identity provider is down", breakGlassHelp, breakGlass},
		{"health", "ask a running server whether it is well", healthHelp, health},
		{"version", "print the version", versionHelp, printVersion},
	}
}

// run finds the command and turns its error into an exit status and one sentence.
func run(ctx context.Context, args []string, getenv func(string) string, stdout, stderr io.Writer) int {
	s := &session{getenv: getenv, stdout: stdout, stderr: stderr}
	if len(args) == 0 {
		usage(stderr)
		return exitUnusable
	}
	name := args[0]
	s.args = args[1:]
	if name == "help" || name == "-h" || name == "-help" || name == "--help" {
		return help(s)
	}
	for _, c := range commands() {
		if c.name == name {
			return s.exit(c, c.run(ctx, s))
		}
	}
	fmt.Fprintf(stderr, "assay: there is no command %q; \"assay help\" lists them.\n", name)
	return exitUnusable
}

func (s *session) exit(c command, err error) int {
	var refused *refusal
	switch {
	case err == nil:
		return exitOK
	case errors.Is(err, config.ErrHelp):
		c.help(s.stdout)
		return exitOK
	case errors.Is(err, errFindings):
		return exitFailed
	case errors.As(err, &refused):
		// One line, whatever a driver thinks of line breaks.
		fmt.Fprintf(s.stderr, "assay: %s\n", strings.Join(strings.Fields(refused.Error()), " "))
		return exitUnusable
	}
	fmt.Fprintf(s.stderr, "assay: %v\n", err)
	return exitFailed
}

// A refusal is input that a command cannot work with.
type refusal struct{ err error }

func (r *refusal) Error() string { return r.err.Error() }
func (r *refusal) Unwrap() error { return r.err }

func refuse(err error) error {
	if err == nil || errors.Is(err, config.ErrHelp) {
		return err
	}
	return &refusal{err}
}

func refusef(format string, args ...any) error { return &refusal{fmt.Errorf(format, args...)} }

func build() string {
	if version != "" {
		return version
	}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				return "dev-" + s.Value[:min(len(s.Value), 12)]
			}
		}
	}
	return "dev"
}

func printVersion(_ context.Context, s *session) error {
	if len(s.args) > 0 {
		if s.args[0] == "-h" || s.args[0] == "-help" || s.args[0] == "--help" {
			return config.ErrHelp
		}
		return refusef("version takes no arguments")
	}
	_, err := fmt.Fprintf(s.stdout, "assay %s\n", build())
	return err
}
