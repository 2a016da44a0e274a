// Package jobs does what waits in the table of jobs: work that a request left for
// later, and standing work that the clock causes. Every replica runs one Worker; a
// lease in the database says which of them does what.
//
// What a job changes in the database and the end of the job are one transaction (see
// Run.Write), so it happens exactly once, whoever dies. What leaves the house, such as
// a mail, can only be done at least once: it carries the name of its job, by which a
// second copy is recognised.
package jobs

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"assay/models"
	"assay/models/access"
	"assay/models/job"
)

// A Work is one kind of job and how it is done.
type Work struct {
	Kind  string
	Label string // for people: "Send a mail"
	Do    func(context.Context, *Run) error
	// Next makes it standing work: when its turn after this one is. Work without it is
	// enqueued by somebody.
	Next func(now time.Time) time.Time
	// When, if there is one, lets a turn that has come wait until there is something to do,
	// without a write until then. Waits says what it waits for: "when something was written".
	When  func(context.Context, *models.Tx) (bool, error)
	Waits string
	// Prompt work has a hand of its own, which nothing slow keeps busy.
	Prompt bool
	// Lease is how long one attempt may take; 0 is a minute. After it the attempt is
	// stopped, and another replica may try.
	Lease time.Duration
	// Attempts is how often it is tried, each time after a longer wait; 0 is ten times,
	// over about a day. Standing work that fails so often waits for its next turn.
	Attempts int
}

func (w Work) lease() time.Duration {
	if w.Lease == 0 {
		return time.Minute
	}
	return w.Lease
}

func (w Work) attempts() int {
	if w.Attempts == 0 {
		return 10
	}
	return w.Attempts
}

func (w Work) next(now time.Time) time.Time {
	if w.Next == nil {
		return now
	}
	return w.Next(now)
}

// A Run is one attempt at a job.
type Run struct {
	DB   *models.DB
	Job  job.Job
	Said string // what came of it, for the page of the jobs

	next    time.Time
	settled bool
}

// errNothing drops a transaction in which nothing was left to do: a write without a
// leaf is refused.
var errNothing = errors.New("nothing was due")

// Write does f as the clock and ends the job, in one transaction: if this worker lost
// its lease meanwhile, what f did is undone. f says how many records it changed; when
// there were none the transaction is dropped, and the job ends by itself.
func (r *Run) Write(ctx context.Context, f func(context.Context, *models.Tx) (int, error)) error {
	err := r.DB.Write(ctx, access.Clock, func(tx *models.Tx) error {
		n, err := f(ctx, tx)
		if err != nil {
			return err
		}
		if n == 0 {
			return errNothing
		}
		r.Said = fmt.Sprintf("%d changed", n)
		return r.Job.End(ctx, tx, r.Said, r.next)
	})
	if errors.Is(err, errNothing) {
		return nil
	}
	r.settled = err == nil
	return err
}

// Bookkeep is Write for what is not logged. It is done as the clock, too: what f looks at
// is everything.
func (r *Run) Bookkeep(ctx context.Context, f func(context.Context, *models.Tx) error) error {
	err := r.DB.Bookkeep(ctx, func(tx *models.Tx) error {
		tx.Actor = access.Clock
		if err := f(ctx, tx); err != nil {
			return err
		}
		return r.Job.End(ctx, tx, r.Said, r.next)
	})
	r.settled = err == nil
	return err
}

// Poll is how often a worker looks for work that is due.
const Poll = time.Second

// A Worker does the work of one replica.
type Worker struct {
	db    *models.DB
	works map[string]Work
	kinds []string
}

// New makes a worker that can do these works. Two of one kind are a mistake in the
// program.
func New(db *models.DB, works ...Work) *Worker {
	w := &Worker{db: db, works: map[string]Work{}}
	for _, work := range works {
		if _, twice := w.works[work.Kind]; twice || work.Kind == "" || work.Do == nil {
			panic("jobs: kind " + work.Kind + " is named twice or does nothing")
		}
		w.works[work.Kind] = work
		w.kinds = append(w.kinds, work.Kind)
	}
	return w
}

// Label is a kind in words.
func (w *Worker) Label(kind string) string {
	if work, ok := w.works[kind]; ok {
		return work.Label
	}
	return kind // of a newer or an older build
}

// Waits is what the turns of a kind wait for once their time has come, or "" for those
// that wait for nothing else.
func (w *Worker) Waits(kind string) string { return w.works[kind].Waits }

// hands is how many jobs a replica does at once, so that a slow mail server keeps
// nothing else from being done. What is prompt comes beside them.
const hands = 3

// Run works until ctx ends. It returns when its last job has ended or was given back.
func (w *Worker) Run(ctx context.Context) {
	var all sync.WaitGroup
	defer all.Wait()
	for w.tried(ctx, w.Stand) != nil {
		if !pause(ctx) {
			return
		}
	}
	hand := func(kinds []string) {
		all.Go(func() {
			for ok := true; ok; ok = pause(ctx) {
				_ = w.tried(ctx, func(ctx context.Context) error { return w.drain(ctx, kinds) })
			}
		})
	}
	var prompt, others []string
	for _, kind := range w.kinds {
		if w.works[kind].Prompt {
			prompt = append(prompt, kind)
		} else {
			others = append(others, kind)
		}
	}
	if len(prompt) > 0 {
		hand(prompt)
	}
	for range hands {
		hand(others)
	}
}

func (w *Worker) tried(ctx context.Context, f func(context.Context) error) error {
	err := f(ctx)
	if err != nil && ctx.Err() == nil {
		slog.ErrorContext(ctx, "jobs", "err", err)
	}
	return err
}

// pause waits for the next look, and reports false when ctx ended.
func pause(ctx context.Context) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(Poll):
		return true
	}
}

// Stand makes sure that all standing work has its turn.
func (w *Worker) Stand(ctx context.Context) error {
	return w.db.Bookkeep(ctx, func(tx *models.Tx) error {
		for _, kind := range w.kinds {
			if w.works[kind].Next == nil {
				continue
			}
			if err := job.Stand(ctx, tx, kind); err != nil {
				return err
			}
		}
		return nil
	})
}

// Drain does what is due, one after the other, until nothing is.
func (w *Worker) Drain(ctx context.Context) error { return w.drain(ctx, w.kinds) }

func (w *Worker) drain(ctx context.Context, kinds []string) error {
	for ctx.Err() == nil {
		j, ok, err := w.claim(ctx, kinds)
		if err != nil || !ok {
			return err
		}
		if err := w.work(ctx, j); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// claim looks before it locks, so that a quiet second costs one small read.
func (w *Worker) claim(ctx context.Context, kinds []string) (j job.Job, ok bool, err error) {
	due := false
	err = w.db.Read(ctx, access.Clock, func(tx *models.Tx) error {
		if kinds, err = w.wanted(ctx, tx, kinds); err == nil && len(kinds) > 0 {
			due, err = job.Due(ctx, tx, kinds)
		}
		return err
	})
	if err != nil || !due {
		return j, false, err
	}
	err = w.db.Bookkeep(ctx, func(tx *models.Tx) error {
		j, ok, err = job.Claim(ctx, tx, kinds, rand.Text(), func(kind string) time.Duration { return w.works[kind].lease() })
		return err
	})
	return j, ok, err
}

// wanted are those of kinds that wait for nothing but their turn.
func (w *Worker) wanted(ctx context.Context, tx *models.Tx, kinds []string) (wanted []string, err error) {
	for _, kind := range kinds {
		found := true
		if when := w.works[kind].When; when != nil {
			if found, err = when(ctx, tx); err != nil {
				return nil, err
			}
		}
		if found {
			wanted = append(wanted, kind)
		}
	}
	return wanted, nil
}

// work makes one attempt at j and settles it. The error is about the settling only:
// what went wrong with the job is kept with the job.
func (w *Worker) work(ctx context.Context, j job.Job) error {
	work, now := w.works[j.Kind], w.db.Now().UTC()
	r := &Run{DB: w.db, Job: j, next: work.next(now)}
	err := attempt(ctx, work, r)
	if r.settled {
		return nil
	}
	settle := context.WithoutCancel(ctx)
	stopped := ctx.Err() != nil && err != nil
	end := w.db.Bookkeep(settle, func(tx *models.Tx) error {
		switch {
		case stopped:
			return j.Release(settle, tx)
		case err != nil:
			return w.failed(settle, tx, work, j, err)
		}
		return j.End(settle, tx, r.Said, r.next)
	})
	if models.KindOf(end) == models.KindConflict {
		slog.WarnContext(settle, "job passed to another worker", "kind", j.Kind, "key", j.Key)
		return nil
	}
	return end
}

// attempt is bounded by the lease, so that this worker has stopped when another one may
// begin.
func attempt(ctx context.Context, work Work, r *Run) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
			slog.ErrorContext(ctx, "job panicked", "kind", work.Kind, "err", err, "stack", string(debug.Stack()))
		}
	}()
	if r.Job.Attempts > work.attempts() {
		return errors.New("no attempt came to an end: the program stopped, or was stopped, each time")
	}
	ctx, cancel := context.WithTimeout(ctx, work.lease())
	defer cancel()
	return work.Do(ctx, r)
}

// A refusal is a failure that no further attempt would mend.
type refusal struct{ error }

func (r refusal) Unwrap() error { return r.error }

// Hopeless marks an error after which the job is given up on at once.
func Hopeless(err error) error { return refusal{err} }

func (w *Worker) failed(ctx context.Context, tx *models.Tx, work Work, j job.Job, cause error) error {
	_, hopeless := errors.AsType[refusal](cause)
	dead := hopeless || j.Attempts >= work.attempts()
	next := tx.Now.Add(wait(j.Attempts))
	if dead && j.Standing() {
		next = work.next(tx.Now)
	}
	slog.ErrorContext(ctx, "job failed", "kind", j.Kind, "key", j.Key, "attempt", j.Attempts, "dead", dead, "err", cause)
	return j.Fail(ctx, tx, strings.Join(strings.Fields(cause.Error()), " "), next, dead)
}

// wait is how long after the nth attempt the next one follows: 15 seconds, then four
// times as long each time, up to six hours.
func wait(n int) time.Duration {
	d := 15 * time.Second
	for ; n > 1 && d < 6*time.Hour; n-- {
		d *= 4
	}
	return min(d, 6*time.Hour)
}
