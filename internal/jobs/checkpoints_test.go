package jobs_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"assay/internal/jobs"
	"assay/internal/tlog"
	"assay/models"
	"assay/models/access"
	"assay/models/job"
	"assay/models/modelstest"
)

func lastSigned(t *testing.T, db *models.DB) (c models.Checkpoint) {
	t.Helper()
	modelstest.Look(t, db, access.Clock, func(ctx context.Context, tx *models.Tx) (err error) {
		c, err = tx.LastCheckpoint(ctx)
		return err
	})
	return c
}

func signing(t *testing.T, db *models.DB) job.Job {
	t.Helper()
	for _, j := range all(t, db) {
		if j.Kind == "log.sign" {
			return j
		}
	}
	t.Fatal("signing the log is no standing work")
	return job.Job{}
}

// TestTheLogIsSignedAfterItGrewByOneReplica: one of two takes the turn, and a log that has
// not grown costs no write at all.
func TestTheLogIsSignedAfterItGrewByOneReplica(t *testing.T) {
	modelstest.Pair(t, func(t *testing.T, a, b *models.DB) {
		now := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
		clock := func() time.Time { return now }
		a.Now, b.Now = clock, clock
		signer := loadSigner(t, "assay/test")
		one, two := jobs.New(a, jobs.Checkpoints(a, signer)), jobs.New(b, jobs.Checkpoints(b, signer))
		modelstest.Person(t, a, access.Compliance)
		must(t, one.Stand(t.Context()))
		drain(t, two)
		if c := lastSigned(t, a); c.Size != leaves(t, a) || c.Size == 0 {
			t.Fatalf("%d of %d leaves are under a signature", c.Size, leaves(t, a))
		}
		done := signing(t, a)
		if want := now.Add(2 * time.Second); !strings.Contains(done.Said, "leaves under a signature") || !done.RunAt.Equal(want) {
			t.Errorf("said %q, next %v, want %v", done.Said, done.RunAt, want)
		}
		now = now.Add(time.Hour)
		drain(t, one)
		drain(t, two)
		if quiet := signing(t, a); !quiet.RunAt.Equal(done.RunAt) || !quiet.EndedAt.Equal(*done.EndedAt) {
			t.Errorf("a quiet log was signed again: %+v", quiet)
		}
		modelstest.Person(t, b, access.Owner)
		drain(t, one)
		if c := lastSigned(t, b); c.Size != leaves(t, b) || c.PreviousSize == 0 {
			t.Errorf("a new leaf is not under a signature: %d of %d", c.Size, leaves(t, b))
		}
	})
}

// TestABrokenLogStopsEveryReplica: the one that finds it signs no more, so that the next
// turn is the other's, and the page of the jobs says why.
func TestABrokenLogStopsEveryReplica(t *testing.T) {
	modelstest.Pair(t, func(t *testing.T, a, b *models.DB) {
		now := time.Now().UTC()
		clock := func() time.Time { return now }
		a.Now, b.Now = clock, clock
		signer := loadSigner(t, "assay/test")
		modelstest.Person(t, a, access.Owner)
		modelstest.Person(t, a, access.Owner)
		note, err := signer.Sign(tlog.Checkpoint{Origin: signer.Origin(), Size: 1, Root: tlog.Hash{1}})
		must(t, err)
		must(t, a.Bookkeep(t.Context(), func(tx *models.Tx) error {
			return models.Put(t.Context(), tx, &models.Checkpoint{Size: 1, At: now, Signed: note, VerifierKey: signer.VerifierKey})
		}))
		one, two := jobs.New(a, jobs.Checkpoints(a, signer)), jobs.New(b, jobs.Checkpoints(b, signer))
		must(t, one.Stand(t.Context()))
		for range 3 {
			drain(t, one)
			now = now.Add(3 * time.Second)
		}
		if a.Halted() == "" || b.Halted() != "" {
			t.Fatalf("halted: %q and %q", a.Halted(), b.Halted())
		}
		if j := signing(t, a); !strings.Contains(j.Trouble, "the log does not hold") || j.RunAt.After(now) {
			t.Errorf("the next turn is %v at %v, trouble %q", j.RunAt, now, j.Trouble)
		}
		drain(t, two)
		if b.Halted() == "" {
			t.Error("the other replica still takes writes")
		}
	})
}

// TestSlowWorkKeepsNoTurnOfWhatIsPrompt: mails that hang keep every other hand busy, and the
// log is signed all the same.
func TestSlowWorkKeepsNoTurnOfWhatIsPrompt(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		ctx, stop := context.WithCancel(t.Context())
		ran, ended := make(chan struct{}), make(chan struct{})
		hang := func(ctx context.Context, _ *jobs.Run) error { <-ctx.Done(); return ctx.Err() }
		w := jobs.New(db, jobs.Work{Kind: "hang", Do: hang}, jobs.Work{Kind: "prompt", Prompt: true, Do: func(context.Context, *jobs.Run) error { close(ran); return nil }})
		enqueue(t, db, "hang", "1", "2", "3", "4", "5")
		go func() { w.Run(ctx); close(ended) }()
		for busy := 0; busy < 3; time.Sleep(20 * time.Millisecond) {
			busy = 0
			for _, j := range all(t, db) {
				if j.State == job.Running {
					busy++
				}
			}
		}
		enqueue(t, db, "prompt", "1")
		select {
		case <-ran:
		case <-time.After(30 * time.Second):
			t.Error("it waited for what is slow")
		}
		stop()
		<-ended
	})
}
