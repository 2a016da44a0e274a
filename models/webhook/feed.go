package webhook

import (
	"context"
	"crypto/sha256"
	"fmt"
	"slices"
	"time"

	"assay/models"
	"assay/models/job"
)

// DeliverKind is the kind of job that delivers a Message.
const DeliverKind = "webhook.deliver"

// A Message is the payload of such a job: what one webhook is told of one event.
type Message struct {
	Hook     int64
	ID       string // of the message, the same at every attempt
	Type     string
	About    string // path of the record
	Sentence string
	At       time.Time
}

// feed is how far the log was told.
type feed struct {
	ID  int64 `gorm:"primaryKey;autoIncrement:false"`
	Seq int64
}

// TableName is where the mark lives.
func (feed) TableName() string { return "webhook_feed" }

// WhyUnlogged says why changing it leaves no leaf.
func (feed) WhyUnlogged() string { return "it says how far the log was read" }

func mark(ctx context.Context, tx *models.Tx) (int64, error) {
	return models.Value[int64](ctx, tx, "SELECT COALESCE(MAX(seq), 0) FROM webhook_feed")
}

// Behind reports whether the log has grown since it was last told.
func Behind(ctx context.Context, tx *models.Tx) (bool, error) {
	size, err := tx.LogSize(ctx)
	if err != nil {
		return false, err
	}
	seen, err := mark(ctx, tx)
	return seen < size, err
}

// atOnce bounds how many leaves one turn tells.
const atOnce = 2000

// Gather enqueues a delivery for each event since the last time and each webhook that is
// told of it, and moves the mark past them: together, so that nothing is told twice or
// left out. It returns how many there were.
func Gather(ctx context.Context, tx *models.Tx) (int, error) {
	size, err := tx.LogSize(ctx)
	if err != nil {
		return 0, err
	}
	from, err := mark(ctx, tx)
	if err != nil {
		return 0, err
	}
	to := size
	hooks, err := models.Rows[Hook](tx).Where("status = ?", On).Order("id").Find(ctx)
	if err != nil {
		return 0, err
	}
	told := 0
	if len(hooks) > 0 {
		first := slices.MinFunc(hooks, func(a, b Hook) int { return int(a.FromSeq - b.FromSeq) }).FromSeq
		from = max(from, first)
		to = min(size, from+atOnce)
		if told, err = tell(ctx, tx, hooks, from, to); err != nil {
			return 0, err
		}
	}
	return told, advance(ctx, tx, to)
}

func advance(ctx context.Context, tx *models.Tx, to int64) error {
	n, err := models.Change(ctx, tx, feed{Seq: to}, models.Columns{"Seq"}, "id = 1")
	if err == nil && n == 0 {
		err = models.Put(ctx, tx, &feed{1, to})
	}
	return err
}

func tell(ctx context.Context, tx *models.Tx, hooks []Hook, from, to int64) (int, error) {
	leaves, err := models.Raw[models.LogLeaf](ctx, tx,
		"SELECT seq, at, verb, about FROM log_leaves WHERE seq >= ? AND seq < ? AND verb IN ? ORDER BY seq", from, to, verbs())
	told := 0
	for _, l := range leaves {
		e, known := of(l)
		path, code := record(l.About)
		for _, h := range hooks {
			if !known || l.Seq < h.FromSeq || !slices.Contains(h.Events, e.Type) {
				continue
			}
			m := Message{Hook: h.ID, ID: fmt.Sprintf("msg_%s_%d", h.UID, l.Seq), Type: e.Type, About: path, Sentence: e.about(code), At: l.At}
			if err := job.Enqueue(ctx, tx, DeliverKind, m.ID, m); err != nil {
				return told, err
			}
			told++
		}
	}
	return told, err
}

// Late tells the webhooks that ask for it that a task became late; about is its address.
// The same task is told once, however often its lateness is found: call it within the 30
// days for which jobs that are done are kept.
func Late(ctx context.Context, tx *models.Tx, about, sentence string) error {
	hooks, err := models.Rows[Hook](tx).Where("status = ?", On).Order("id").Find(ctx)
	for _, h := range hooks {
		if !slices.Contains(h.Events, TaskLate) {
			continue
		}
		id := sha256.Sum256([]byte(about))
		m := Message{Hook: h.ID, ID: fmt.Sprintf("msg_%s_late_%x", h.UID, id[:8]), Type: TaskLate, About: about, Sentence: sentence, At: tx.Now}
		if err := job.Enqueue(ctx, tx, DeliverKind, m.ID, m); err != nil {
			return err
		}
	}
	return err
}

// Test enqueues a message that says nothing but that it arrives, whether h is on or off.
func Test(ctx context.Context, tx *models.Tx, h Hook) error {
	if err := tx.Record("webhook.test", h.Path(), models.Note{"name": h.Name}); err != nil {
		return err
	}
	m := Message{
		Hook: h.ID, ID: fmt.Sprintf("msg_%s_test_%d", h.UID, tx.Now.UnixMicro()), Type: Tested, About: "settings",
		Sentence: "Messages from Assay arrive here.", At: tx.Now,
	}
	return job.Enqueue(ctx, tx, DeliverKind, m.ID, m)
}

// A Delivery is one attempt at one message.
type Delivery struct {
	ID        int64 `gorm:"primaryKey"`
	HookID    int64
	Message   string
	Type      string
	Sentence  string
	Attempt   int
	Status    int
	Trouble   string
	Took      int64 // microseconds
	CreatedAt time.Time
}

// TableName is where deliveries live.
func (Delivery) TableName() string { return "webhook_deliveries" }

// WhyUnlogged says why changing one leaves no leaf.
func (Delivery) WhyUnlogged() string { return "what it told of is a leaf" }

// Good reports that the receiver took the message.
func (d Delivery) Good() bool { return d.Status >= 200 && d.Status < 300 && d.Trouble == "" }

// Delivered keeps an attempt.
func Delivered(ctx context.Context, tx *models.Tx, d Delivery) error {
	d.CreatedAt = tx.Now
	return models.Put(ctx, tx, &d)
}

// Deliveries reads a page of the attempts at telling h, the newest first.
func Deliveries(ctx context.Context, tx *models.Tx, h Hook, page models.Page) (models.Window[Delivery], error) {
	q := models.Rows[Delivery](tx).Where("hook_id = ?", h.ID)
	return models.Keyset(ctx, q, models.Sort{Columns: []string{"id"}, Desc: true}, page, func(d Delivery) []any { return []any{d.ID} })
}

// Sweep forgets attempts from before the instant.
func Sweep(ctx context.Context, tx *models.Tx, before time.Time) (int, error) {
	return models.Remove[Delivery](ctx, tx, "created_at < ?", before)
}
