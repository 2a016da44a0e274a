// Package confine does work on bytes nobody trusts in a process of its own: one that
// holds no secret, can open nothing, and is stopped when it takes too much memory or
// time. The process is this same program, started again.
package confine

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"strings"
	"time"
)

// What a child may take. Memory is what it may hold beyond what an empty child holds. On
// an idle machine its time of the processor is up first; on a busy one it may take longer,
// up to Deadline, for work that would do no harm elsewhere.
const (
	Memory    = 768 << 20
	Processor = 10 * time.Second
	Deadline  = 30 * time.Second
	answer    = 64 << 20 // bytes of what it found
	patience  = 30 * time.Second
)

// ErrExceeded means that the work took more memory or time than a child may take.
var ErrExceeded = errors.New("confine: the work took more memory or time than it may")

// ErrBroken means that the work panicked: its input is not what it says it is.
var ErrBroken = errors.New("confine: the work could not make sense of its input")

// ErrTooLarge means that there was more input than the work takes.
var ErrTooLarge = errors.New("confine: the input is too large")

// ErrBusy means that other work kept this from being begun.
var ErrBusy = errors.New("confine: too much other work is waiting")

// A Refusal is what the work itself said against its input.
type Refusal string

func (r Refusal) Error() string { return string(r) }

// Work is a named function from untrusted bytes to something that JSON can carry.
type Work[In, Out any] struct {
	name string
	most int64
}

// slots bounds how many children run at once: each may hold Memory.
var slots = make(chan struct{}, 2)

// word is the hidden command of a child.
const word = "__confined"

// Register declares work on no more than most bytes of input, and is called for a package's
// variables. In a child that was started for this very work it does not return: it does
// the work, writes the answer and ends the process. So every program that links the work,
// tests too, is its own child without having to know, and nothing else of it has run: no
// flag was read and no file opened.
func Register[In, Out any](name string, most int64, do func(In, []byte) (Out, error)) Work[In, Out] {
	if len(os.Args) == 4 && os.Args[1] == word && os.Args[2] == name {
		os.Exit(serve(os.Args[3], most, do))
	}
	return Work[In, Out]{name: name, most: most}
}

// panicked is the status of a child whose work panicked.
const panicked = 3

// reply is what a child writes.
type reply[Out any] struct {
	TooLarge bool // the input
	Refused  string
	Out      Out
}

// serve is the child.
func serve[In, Out any](given string, most int64, do func(In, []byte) (Out, error)) (code int) {
	var in In
	input, err := io.ReadAll(io.LimitReader(os.Stdin, most+1))
	if err == nil {
		err = json.Unmarshal([]byte(given), &in)
	}
	if err == nil {
		err = lock()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	// Collect hard before the limit is reached, rather than die of garbage.
	debug.SetMemoryLimit(Memory * 3 / 4)
	defer func() {
		if p := recover(); p != nil {
			fmt.Fprintln(os.Stderr, "panic:", p)
			code = panicked
		}
	}()
	said := reply[Out]{TooLarge: int64(len(input)) > most}
	if !said.TooLarge {
		if said.Out, err = do(in, input); err != nil {
			said.Refused = err.Error()
		}
	}
	if err := json.NewEncoder(os.Stdout).Encode(said); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// Do has a child do the work on what r holds. It returns a Refusal when the work refused
// its input, ErrExceeded when the child took too much, ErrBusy when its turn did not come,
// and ErrTooLarge when r holds more than the work takes. The bytes pass through; none of
// them are held here.
func (w Work[In, Out]) Do(ctx context.Context, in In, r io.Reader) (out Out, err error) {
	given, err := json.Marshal(in)
	if err != nil {
		return out, fmt.Errorf("confine: %w", err)
	}
	leave, err := enter(ctx)
	if err != nil {
		return out, err
	}
	defer leave()
	said, err := w.run(ctx, string(given), io.LimitReader(r, w.most+1))
	if err != nil {
		return out, err
	}
	var found reply[Out]
	if err := json.Unmarshal(said, &found); err != nil {
		return out, fmt.Errorf("confine: %s answered something else: %w", w.name, err)
	}
	switch {
	case found.TooLarge:
		return out, ErrTooLarge
	case found.Refused != "":
		return out, Refusal(found.Refused)
	}
	return found.Out, nil
}

func enter(ctx context.Context) (leave func(), err error) {
	ctx, cancel := context.WithTimeoutCause(ctx, patience, ErrBusy)
	defer cancel()
	select {
	case slots <- struct{}{}:
		return func() { <-slots }, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

func (w Work[In, Out]) run(ctx context.Context, given string, input io.Reader) ([]byte, error) {
	program, err := self()
	if err != nil {
		return nil, err
	}
	limited, cancel := context.WithTimeoutCause(ctx, Deadline, ErrExceeded)
	defer cancel()
	cmd := exec.CommandContext(limited, program, word, w.name, given)
	cmd.Env, cmd.WaitDelay = []string{}, time.Second // no secret of ours is in an empty environment
	stdout, stderr := &capped{most: answer}, &capped{most: 4 << 10}
	cmd.Stdin, cmd.Stdout, cmd.Stderr = input, stdout, stderr
	err = cmd.Run()
	switch {
	case err == nil && !stdout.over:
		return stdout.held.Bytes(), nil
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	}
	slog.WarnContext(ctx, "a parser was stopped", "work", w.name, "err", err, "said", firstLine(stderr.held.String()))
	if cmd.ProcessState != nil && cmd.ProcessState.ExitCode() == panicked {
		return nil, ErrBroken
	}
	if cmd.ProcessState == nil || cmd.ProcessState.Success() && !stdout.over {
		return nil, fmt.Errorf("confine: %w", err) // it could not be started, or r could not be read
	}
	return nil, ErrExceeded
}

// self is this program. Linux finds it even when a newer one lies in its place.
func self() (string, error) {
	if runtime.GOOS == "linux" {
		return "/proc/self/exe", nil
	}
	return os.Executable()
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}

// A capped writer keeps what is written to it, and fails what would make it more than most.
type capped struct {
	held bytes.Buffer
	most int
	over bool
}

func (c *capped) Write(b []byte) (int, error) {
	if c.held.Len()+len(b) > c.most {
		c.over = true
		return 0, io.ErrShortWrite
	}
	return c.held.Write(b)
}
