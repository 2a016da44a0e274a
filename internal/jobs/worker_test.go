package jobs_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"assay/internal/jobs"
	"assay/models"
	"assay/models/access"
	"assay/models/job"
	"assay/models/modelstest"
)

// enqueue leaves work as a transaction of somebody would.
func enqueue(t *testing.T, db *models.DB, kind string, keys ...string) {
	t.Helper()
	err := db.Bookkeep(t.Context(), func(tx *models.Tx) error {
		for _, key := range keys {
			if err := job.Enqueue(t.Context(), tx, kind, key, key); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func all(t *testing.T, db *models.DB) []job.Job {
	t.Helper()
	var list []job.Job
	modelstest.Look(t, db, access.Clock, func(ctx context.Context, tx *models.Tx) (err error) {
		list, err = models.Rows[job.Job](tx).Order("id").Find(ctx)
		return err
	})
	return list
}

func drain(t *testing.T, w *jobs.Worker) {
	t.Helper()
	if err := w.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// leaf is work that leaves one leaf of the log, so that how often it happened can be
// counted.
func leaf(kind string, more ...func(context.Context, *jobs.Run) error) jobs.Work {
	return jobs.Work{Kind: kind, Label: kind, Do: func(ctx context.Context, r *jobs.Run) error {
		for _, f := range more {
			if err := f(ctx, r); err != nil {
				return err
			}
		}
		return r.Write(ctx, func(_ context.Context, tx *models.Tx) (int, error) {
			return 1, tx.Record("test.happened", "tests/"+r.Job.Key)
		})
	}}
}

func leaves(t *testing.T, db *models.DB) (n int64) {
	t.Helper()
	modelstest.Look(t, db, access.Clock, func(ctx context.Context, tx *models.Tx) (err error) {
		n, err = tx.LogSize(ctx)
		return err
	})
	return n
}

func TestAJobIsEnqueuedInTheTransactionThatCausesItAndOnce(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		changed := errors.New("a change that is refused")
		err := db.Bookkeep(t.Context(), func(tx *models.Tx) error {
			return errors.Join(job.Enqueue(t.Context(), tx, "k", "a", 1), changed)
		})
		if !errors.Is(err, changed) || len(all(t, db)) != 0 {
			t.Errorf("a transaction that failed left %v, %v", all(t, db), err)
		}
		enqueue(t, db, "k", "a", "b", "a")
		enqueue(t, db, "k", "b")
		if n := len(all(t, db)); n != 2 {
			t.Errorf("two things were enqueued %d times", n)
		}
		if err := db.Bookkeep(t.Context(), func(tx *models.Tx) error { return job.Enqueue(t.Context(), tx, "k", "", 1) }); err == nil {
			t.Error("work without a key was taken")
		}
	})
}

func TestTwoReplicasAtOnceDoEveryJobOnce(t *testing.T) {
	modelstest.Pair(t, func(t *testing.T, a, b *models.DB) {
		var keys []string
		for i := range 40 {
			keys = append(keys, fmt.Sprint(i))
		}
		enqueue(t, a, "k", keys...)
		before := leaves(t, a)
		var wg sync.WaitGroup
		errs := make([]error, 6)
		for i := range errs {
			db := []*models.DB{a, b}[i%2]
			wg.Go(func() { errs[i] = jobs.New(db, leaf("k")).Drain(t.Context()) })
		}
		wg.Wait()
		if err := errors.Join(errs...); err != nil {
			t.Fatal(err)
		}
		if n := leaves(t, a) - before; n != int64(len(keys)) {
			t.Errorf("%d jobs happened %d times", len(keys), n)
		}
		for _, j := range all(t, b) {
			if j.State != job.Done || j.Attempts != 1 || j.Holder != "" {
				t.Errorf("%s: %s after %d attempts, trouble %q", j.Key, j.State, j.Attempts, j.Trouble)
			}
		}
	})
}

func TestStandingWorkHasOneTurnAcrossReplicas(t *testing.T) {
	modelstest.Pair(t, func(t *testing.T, a, b *models.DB) {
		var turns atomic.Int64
		work := jobs.Work{Kind: "daily", Next: jobs.After(24 * time.Hour), Do: func(context.Context, *jobs.Run) error {
			turns.Add(1)
			return nil
		}}
		for day := range 3 {
			at := modelstest.Now.AddDate(0, 0, day)
			modelstest.At(a, at)
			modelstest.At(b, at)
			var wg sync.WaitGroup
			for _, db := range []*models.DB{a, b, a, b} {
				w := jobs.New(db, work)
				wg.Go(func() {
					if err := errors.Join(w.Stand(t.Context()), w.Drain(t.Context())); err != nil {
						t.Error(err)
					}
				})
			}
			wg.Wait()
			if n := turns.Load(); n != int64(day+1) {
				t.Fatalf("on day %d it had %d turns", day+1, n)
			}
		}
		if j := all(t, a)[0]; !j.RunAt.Equal(time.Date(2026, 3, 4, 0, 0, 0, 0, time.UTC)) {
			t.Errorf("the next turn is at %s", j.RunAt)
		}
	})
}

// TestAWorkerThatDies: one replica claims and is never heard of again.
func TestAWorkerThatDiesMidLeaseIsReplaced(t *testing.T) {
	modelstest.Pair(t, func(t *testing.T, a, b *models.DB) {
		enqueue(t, a, "k", "x")
		err := a.Bookkeep(t.Context(), func(tx *models.Tx) error {
			_, _, err := job.Claim(t.Context(), tx, []string{"k"}, "the dead", func(string) time.Duration { return time.Minute })
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		before := leaves(t, b)
		modelstest.At(b, modelstest.Now.Add(59*time.Second))
		drain(t, jobs.New(b, leaf("k")))
		if n := leaves(t, b) - before; n != 0 {
			t.Fatalf("it was done %d times while the lease held", n)
		}
		modelstest.At(b, modelstest.Now.Add(time.Minute))
		drain(t, jobs.New(b, leaf("k")))
		if j, n := all(t, b)[0], leaves(t, b)-before; n != 1 || j.State != job.Done || j.Attempts != 2 {
			t.Errorf("after the lease: %d times, %s, %d attempts", n, j.State, j.Attempts)
		}
	})
}

// TestAWorkerThatWakesUpTooLate: one replica stalls, for example while its machine is
// paused, and goes on after another one has done the work.
func TestAWorkerThatWakesUpTooLateChangesNothing(t *testing.T) {
	modelstest.Pair(t, func(t *testing.T, a, b *models.DB) {
		enqueue(t, a, "k", "x")
		before := leaves(t, a)
		stalled := leaf("k", func(context.Context, *jobs.Run) error {
			modelstest.At(b, modelstest.Now.Add(2*time.Minute))
			return jobs.New(b, leaf("k")).Drain(t.Context())
		})
		drain(t, jobs.New(a, stalled))
		if j, n := all(t, a)[0], leaves(t, a)-before; n != 1 || j.State != job.Done || j.Trouble != "" {
			t.Errorf("it happened %d times, and the job is %s with trouble %q", n, j.State, j.Trouble)
		}
	})
}

func TestWhatFailsIsTriedAgainAfterALongerAndLongerWaitAndThenGivenUp(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		enqueue(t, db, "k", "x")
		tried := 0
		w := jobs.New(db, jobs.Work{Kind: "k", Attempts: 4, Do: func(context.Context, *jobs.Run) error {
			tried++
			if tried == 2 {
				panic("in the handler")
			}
			return fmt.Errorf("the server said no, time %d", tried)
		}})
		now := modelstest.Now
		for i, want := range []time.Duration{15 * time.Second, time.Minute, 4 * time.Minute} {
			drain(t, w)
			j := all(t, db)[0]
			if tried != i+1 || j.State != job.Waiting || j.RunAt.Sub(now) != want || j.Trouble == "" {
				t.Fatalf("attempt %d: tried %d times, %s, next in %s, trouble %q", i+1, tried, j.State, j.RunAt.Sub(now), j.Trouble)
			}
			now = j.RunAt
			modelstest.At(db, now)
		}
		drain(t, w)
		j := all(t, db)[0]
		if j.State != job.Dead || j.Trouble != "the server said no, time 4" {
			t.Errorf("after four attempts it is %s, trouble %q", j.State, j.Trouble)
		}
		modelstest.At(db, now.AddDate(1, 0, 0))
		drain(t, w)
		if tried != 4 {
			t.Errorf("a dead job was tried again")
		}
		priya := modelstest.Person(t, db, access.Administrator)
		err := modelstest.As(t, db, priya, func(ctx context.Context, tx *models.Tx) error {
			_, err := job.Retry(ctx, tx, j.ID)
			return err
		})
		drain(t, jobs.New(db, leaf("k")))
		if again := all(t, db)[0]; err != nil || again.State != job.Done || again.Trouble == "" {
			t.Errorf("retried: %s, trouble %q, %v", again.State, again.Trouble, err)
		}
	})
}

func TestStandingWorkThatFailsComesBackAtItsNextTurn(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		w := jobs.New(db, jobs.Work{Kind: "daily", Attempts: 1, Next: jobs.After(24 * time.Hour), Do: func(context.Context, *jobs.Run) error {
			return errors.New("no")
		}})
		if err := w.Stand(t.Context()); err != nil {
			t.Fatal(err)
		}
		drain(t, w)
		j := all(t, db)[0]
		if j.State != job.Waiting || j.Attempts != 0 || j.Trouble != "no" || !j.RunAt.Equal(time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)) {
			t.Errorf("%s, next at %s after %d attempts", j.State, j.RunAt, j.Attempts)
		}
	})
}

func TestAProgramThatDiesOfItsJobGivesUp(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		enqueue(t, db, "k", "x")
		w, now := jobs.New(db, leaf("k")), modelstest.Now
		claim := func(tx *models.Tx) error {
			_, _, err := job.Claim(t.Context(), tx, []string{"k"}, "the dead", func(string) time.Duration { return time.Minute })
			return err
		}
		for range 10 {
			if err := db.Bookkeep(t.Context(), claim); err != nil {
				t.Fatal(err)
			}
			now = now.Add(time.Minute)
			modelstest.At(db, now)
		}
		drain(t, w)
		if j := all(t, db)[0]; j.State != job.Dead || !strings.Contains(j.Trouble, "came to an end") {
			t.Errorf("%s, trouble %q", j.State, j.Trouble)
		}
	})
}

func TestAServerThatStopsGivesItsJobBack(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		enqueue(t, db, "k", "x")
		ctx, stop := context.WithCancel(t.Context())
		w := jobs.New(db, jobs.Work{Kind: "k", Do: func(ctx context.Context, _ *jobs.Run) error {
			stop()
			<-ctx.Done()
			return ctx.Err()
		}})
		w.Run(ctx)
		if j := all(t, db)[0]; j.State != job.Waiting || j.Attempts != 0 || j.RunAt.After(modelstest.Now) {
			t.Errorf("%s after %d attempts, next at %s", j.State, j.Attempts, j.RunAt)
		}
	})
}

func TestAWorkerLeavesKindsItDoesNotKnow(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		enqueue(t, db, "of.a.newer.build", "x")
		drain(t, jobs.New(db, leaf("k")))
		if j := all(t, db)[0]; j.State != job.Waiting {
			t.Errorf("it is %s", j.State)
		}
	})
}

func TestWhatIsDoneIsForgottenAfterAMonthAndWhatIsDeadIsNot(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		enqueue(t, db, "k", "x")
		enqueue(t, db, "bad", "y")
		drain(t, jobs.New(db, leaf("k"), jobs.Work{Kind: "bad", Do: func(context.Context, *jobs.Run) error { return jobs.Hopeless(errors.New("never")) }}))
		modelstest.At(db, modelstest.Now.AddDate(0, 0, 31))
		if err := turn(t, db); err != nil {
			t.Fatal(err)
		}
		var left []string
		for _, j := range all(t, db) {
			if j.Key == "x" || j.Key == "y" {
				left = append(left, j.Key+" "+string(j.State))
			}
		}
		if strings.Join(left, ", ") != "y dead" {
			t.Errorf("left: %v", left)
		}
	})
}
