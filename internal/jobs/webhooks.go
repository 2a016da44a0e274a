package jobs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"assay/internal/egress"
	"assay/internal/seal"
	"assay/models"
	"assay/models/access"
	"assay/models/webhook"
)

// Hooks is how webhooks are called.
type Hooks struct {
	Client  *egress.Client
	Box     *seal.Box // opens their secrets
	BaseURL string    // links of messages begin with it
}

// Webhooks is the work of an installation that may call hosts.
func Webhooks(h Hooks) []Work {
	return []Work{
		{Kind: "webhook.gather", Label: "Gather what webhooks are told", Next: After(15 * time.Second), Do: told(webhook.Behind, webhook.Gather)},
		{Kind: webhook.DeliverKind, Label: "Tell a webhook", Do: h.deliver},
		{Kind: "webhook.sweep", Label: "Forget webhook deliveries older than 30 days", Next: After(24 * time.Hour), Do: sweepDeliveries},
	}
}

func sweepDeliveries(ctx context.Context, r *Run) error {
	return r.Bookkeep(ctx, func(ctx context.Context, tx *models.Tx) error {
		n, err := webhook.Sweep(ctx, tx, tx.Now.Add(-kept))
		r.Said = fmt.Sprintf("%d forgotten", n)
		return err
	})
}

// deliver makes one attempt and keeps how it went. A receiver that is gone for good says
// so with 410.
func (h Hooks) deliver(ctx context.Context, r *Run) error {
	var m webhook.Message
	if err := r.Job.Read(&m); err != nil {
		return err
	}
	var hook webhook.Hook
	err := r.DB.Read(ctx, access.Clock, func(tx *models.Tx) (err error) {
		hook, err = webhook.ByID(ctx, tx, m.Hook)
		return err
	})
	if err != nil {
		return err
	}
	if hook.Status == webhook.Off && m.Type != webhook.Tested {
		r.Said = "not sent: the webhook is off"
		return nil
	}
	d := webhook.Delivery{HookID: hook.ID, Message: m.ID, Type: m.Type, Sentence: m.Sentence, Attempt: r.Job.Attempts}
	begin := time.Now()
	d.Status, err = h.call(ctx, hook, m, r.DB.Now())
	d.Took = time.Since(begin).Microseconds()
	if err == nil && (d.Status < 200 || d.Status > 299) {
		err = fmt.Errorf("the receiver answered %d %s", d.Status, http.StatusText(d.Status))
	}
	if err != nil {
		return h.failed(ctx, r, d, err)
	}
	r.Said = fmt.Sprintf("answered %d", d.Status)
	return r.Bookkeep(ctx, func(ctx context.Context, tx *models.Tx) error { return webhook.Delivered(ctx, tx, d) })
}

func (h Hooks) failed(ctx context.Context, r *Run, d webhook.Delivery, cause error) error {
	d.Trouble = cause.Error()
	keep := context.WithoutCancel(ctx) // the attempt may have used up its time
	err := r.DB.Bookkeep(keep, func(tx *models.Tx) error { return webhook.Delivered(keep, tx, d) })
	if d.Status == http.StatusGone {
		cause = Hopeless(cause)
	}
	if err != nil {
		return errors.Join(cause, err)
	}
	return cause
}

// call signs the message as Standard Webhooks says and sends it.
func (h Hooks) call(ctx context.Context, hook webhook.Hook, m webhook.Message, now time.Time) (int, error) {
	body, err := h.body(hook, m)
	if err != nil {
		return 0, err
	}
	address, secret, err := OpenHook(h.Box, hook)
	if err != nil {
		return 0, err
	}
	signer, err := standardwebhooks.NewWebhook(secret)
	if err != nil {
		return 0, err
	}
	signature, err := signer.Sign(m.ID, now, body)
	if err != nil {
		return 0, err
	}
	return h.Client.Post(ctx, address, http.Header{
		"Content-Type": {"application/json"}, "User-Agent": {"Assay"},
		"Webhook-Id": {m.ID}, "Webhook-Timestamp": {strconv.FormatInt(now.Unix(), 10)}, "Webhook-Signature": {signature},
	}, body)
}

func (h Hooks) body(hook webhook.Hook, m webhook.Message) ([]byte, error) {
	link := h.BaseURL + "/" + m.About
	if hook.Format == webhook.Chat {
		return json.Marshal(map[string]string{"text": m.Sentence + " " + link})
	}
	return json.Marshal(map[string]any{
		"type": m.Type, "timestamp": m.At.UTC().Format(time.RFC3339Nano),
		"data": map[string]string{"sentence": m.Sentence, "record": m.About, "url": link},
	})
}
