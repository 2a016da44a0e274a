package jobs_test

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"assay/internal/egress"
	"assay/internal/jobs"
	"assay/internal/seal"
	"assay/models"
	"assay/models/access"
	"assay/models/job"
	"assay/models/modelstest"
	"assay/models/occurrence"
	"assay/models/webhook"
)

// A channel is a receiver with TLS on loopback, and an installation that may call it.
type channel struct {
	t      *testing.T
	db     *models.DB
	box    *seal.Box
	worker *jobs.Worker
	ada    access.Actor
	url    string

	mu   sync.Mutex
	got  []call
	says int // its answer
}

type call struct {
	header http.Header
	body   string
}

func newChannel(t *testing.T, db *models.DB) *channel {
	t.Helper()
	c := &channel{t: t, db: db, ada: modelstest.Person(t, db, access.Administrator), says: http.StatusOK}
	s := httptest.NewTLSServer(http.HandlerFunc(c.take))
	t.Cleanup(s.Close)
	roots := x509.NewCertPool()
	roots.AddCert(s.Certificate())
	u, err := url.Parse(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	c.url = s.URL + "/services/T0/B0/hush"
	if c.box, err = seal.New(bytes.Repeat([]byte{7}, seal.KeySize)); err != nil {
		t.Fatal(err)
	}
	client := egress.New([]string{u.Host}, egress.Exempting(netip.MustParseAddrPort(u.Host), roots))
	c.worker = jobs.New(db, jobs.Webhooks(jobs.Hooks{Client: client, Box: c.box, BaseURL: base})...)
	if err := c.worker.Stand(t.Context()); err != nil {
		t.Fatal(err)
	}
	return c
}

func (c *channel) take(w http.ResponseWriter, r *http.Request) {
	b, _ := io.ReadAll(r.Body)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.got = append(c.got, call{r.Header, string(b)})
	w.WriteHeader(c.says)
}

// add makes a webhook and returns it with its secret.
func (c *channel) add(format webhook.Format, events ...string) (h webhook.Hook, secret string) {
	c.t.Helper()
	uid := fmt.Sprintf("HOOK%d", time.Now().UnixNano())
	secret, sealed := jobs.NewSecret(c.box, uid)
	err := modelstest.As(c.t, c.db, c.ada, func(ctx context.Context, tx *models.Tx) (err error) {
		h, err = webhook.Create(ctx, tx, webhook.Fields{Name: "Channel", Host: "127.0.0.1", URL: jobs.SealURL(c.box, uid, c.url), Format: format, Events: events}, uid, sealed)
		return err
	})
	if err != nil {
		c.t.Fatal(err)
	}
	return h, secret
}

// happens leaves a leaf with a verb.
func (c *channel) happens(verb, about string) {
	c.t.Helper()
	err := modelstest.As(c.t, c.db, c.ada, func(_ context.Context, tx *models.Tx) error {
		return tx.Record(verb, about, models.Note{"reason": "Jane Doe"})
	})
	if err != nil {
		c.t.Fatal(err)
	}
}

// after has the worker do what is due so long after the beginning, and returns the calls.
func (c *channel) after(d time.Duration) []call {
	c.t.Helper()
	modelstest.At(c.db, modelstest.Now.Add(d))
	if err := c.worker.Drain(c.t.Context()); err != nil {
		c.t.Fatal(err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	out := c.got
	c.got = nil
	return out
}

// signed checks a call as a receiver does that was written from the specification.
func signed(t *testing.T, c call, secret string) {
	t.Helper()
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
	if err != nil || len(key) < 24 {
		t.Fatalf("secret %q: %v", secret, err)
	}
	mac := hmac.New(sha256.New, key)
	fmt.Fprintf(mac, "%s.%s.%s", c.header.Get("webhook-id"), c.header.Get("webhook-timestamp"), c.body)
	if want := "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil)); c.header.Get("webhook-signature") != want {
		t.Errorf("signature %s, want %s", c.header.Get("webhook-signature"), want)
	}
}

func TestAWebhookIsToldWhatHappensFromThenOn(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		c := newChannel(t, db)
		c.happens("evidence.submit", "evidence/E-1") // before there was a webhook
		c.after(0)
		c.happens("evidence.submit", "evidence/E-2") // before, and not yet gathered
		_, secret := c.add(webhook.Standard, "evidence.submitted", "control.approved")
		c.happens("version.approve", "controls/AC-02/versions/1") // for the first webhook only
		chat, _ := c.add(webhook.Chat, "control.approved")
		c.happens("evidence.submit", "evidence/E-3")
		c.happens("evidence.accept", "evidence/E-3") // not asked for
		c.happens("version.approve", "controls/AC-03/versions/2")
		got := c.after(time.Minute)
		if len(got) != 4 {
			t.Fatalf("%d calls: %+v", len(got), got)
		}
		var first struct {
			Type, Timestamp string
			Data            map[string]string
		}
		about := func(record string) int {
			return slices.IndexFunc(got, func(g call) bool { return strings.Contains(g.body, `"`+record+`"`) })
		}
		submitted := about("evidence/E-3")
		if submitted < 0 || about("controls/AC-02") < 0 || about("controls/AC-03") < 0 {
			t.Fatalf("told %+v", got)
		}
		if err := json.Unmarshal([]byte(got[submitted].body), &first); err != nil {
			t.Fatal(err)
		}
		if first.Type != "evidence.submitted" || first.Data["sentence"] != "E-3 waits for review." || first.Data["url"] != base+"/evidence/E-3" {
			t.Errorf("told %+v", first)
		}
		if at, err := time.Parse(time.RFC3339, first.Timestamp); err != nil || !at.Equal(modelstest.Now) {
			t.Errorf("at %q", first.Timestamp)
		}
		signed(t, got[submitted], secret)
		chats := slices.DeleteFunc(slices.Clone(got), func(g call) bool { return !strings.HasPrefix(g.body, `{"text"`) })
		if len(chats) != 1 || chats[0].body != `{"text":"A version of AC-03 was approved. `+base+`/controls/AC-03"}` {
			t.Errorf("the chat is told %+v", chats)
		}
		for _, g := range got {
			if strings.Contains(g.body, "Jane") || strings.Contains(g.body, c.ada.Name) {
				t.Errorf("told a name: %s", g.body)
			}
		}
		if again := c.after(2 * time.Minute); len(again) != 0 {
			t.Errorf("told again: %+v", again)
		}
		c.switchTo(chat, webhook.Off)
		c.happens("version.approve", "controls/AC-04/versions/1")
		c.after(3 * time.Minute)
		c.switchTo(chat, webhook.On)
		if late := c.after(4 * time.Minute); len(late) != 0 {
			t.Errorf("told of what happened while it was off: %+v", late)
		}
	})
}

func (c *channel) switchTo(h webhook.Hook, to webhook.Status) {
	c.t.Helper()
	err := modelstest.As(c.t, c.db, c.ada, func(ctx context.Context, tx *models.Tx) error {
		h, err := webhook.ByID(ctx, tx, h.ID)
		if err != nil {
			return err
		}
		return webhook.Switch(ctx, tx, &h, to)
	})
	if err != nil {
		c.t.Fatal(err)
	}
}

func deliveries(t *testing.T, db *models.DB, h webhook.Hook) []webhook.Delivery {
	t.Helper()
	var list models.Window[webhook.Delivery]
	modelstest.Look(t, db, access.Clock, func(ctx context.Context, tx *models.Tx) (err error) {
		list, err = webhook.Deliveries(ctx, tx, h, models.Page{})
		return err
	})
	slices.Reverse(list.Items)
	return list.Items
}

// TestAnAttemptThatFails: a receiver that is away hears the same message again, signed
// anew, and every attempt is kept.
func TestAnAttemptThatFails(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		c := newChannel(t, db)
		h, secret := c.add(webhook.Standard, "evidence.submitted")
		c.says = http.StatusServiceUnavailable
		c.happens("evidence.submit", "evidence/E-3")
		first := c.after(time.Minute)
		c.says = http.StatusNoContent
		second := c.after(time.Minute + 15*time.Second)
		if len(first) != 1 || len(second) != 1 || first[0].body != second[0].body ||
			first[0].header.Get("webhook-id") != second[0].header.Get("webhook-id") || first[0].header.Get("webhook-timestamp") == second[0].header.Get("webhook-timestamp") {
			t.Fatalf("%+v\n%+v", first, second)
		}
		signed(t, second[0], secret)
		list := deliveries(t, db, h)
		if len(list) != 2 || list[0].Good() || list[0].Status != 503 || list[0].Attempt != 1 || !list[1].Good() || list[1].Attempt != 2 || list[0].Message != list[1].Message {
			t.Errorf("kept %+v", list)
		}
		c.says = http.StatusGone
		c.happens("evidence.submit", "evidence/E-4")
		c.after(3 * time.Minute)
		if more := c.after(24 * time.Hour); len(more) != 0 {
			t.Errorf("a receiver that is gone is called again: %+v", more)
		}
		for _, j := range all(t, db) {
			if j.State == job.Dead && (strings.Contains(j.Trouble, "hush") || strings.Contains(j.Trouble, secret)) {
				t.Errorf("the trouble tells a secret: %q", j.Trouble)
			}
		}
	})
}

func TestTheDatabaseAloneSignsNothing(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		c := newChannel(t, db)
		h, secret := c.add(webhook.Standard, "evidence.submitted")
		if row := fmt.Sprintf("%+v", h); strings.Contains(row, strings.TrimPrefix(secret, "whsec_")) || strings.Contains(row, "hush") {
			t.Errorf("a secret is in the table: %s", row)
		}
		if address, got, err := jobs.OpenHook(c.box, h); err != nil || got != secret || address != c.url {
			t.Errorf("%q, %q, %v", address, got, err)
		}
		other := h
		other.UID = "ANOTHER"
		box, err := seal.New(bytes.Repeat([]byte{8}, seal.KeySize))
		if err != nil {
			t.Fatal(err)
		}
		_, _, moved := jobs.OpenHook(c.box, other)
		_, _, stranger := jobs.OpenHook(box, h)
		if !errors.Is(moved, seal.ErrNotOurs) || !errors.Is(stranger, seal.ErrNotOurs) {
			t.Errorf("moved: %v, another key: %v", moved, stranger)
		}
	})
}

// TestTwoReplicasTellOnce: both gather at once.
func TestTwoReplicasTellOnce(t *testing.T) {
	modelstest.Pair(t, func(t *testing.T, a, b *models.DB) {
		c := newChannel(t, a)
		c.add(webhook.Standard, "evidence.submitted")
		for i := range 30 {
			c.happens("evidence.submit", fmt.Sprintf("evidence/E-%d", i+1))
		}
		at := modelstest.Now.Add(time.Minute)
		modelstest.At(a, at)
		modelstest.At(b, at)
		u, err := url.Parse(c.url)
		if err != nil {
			t.Fatal(err)
		}
		second := jobs.New(b, jobs.Webhooks(jobs.Hooks{Client: egress.New([]string{u.Host}), Box: c.box, BaseURL: base})[:1]...)
		var wg sync.WaitGroup
		for _, w := range []*jobs.Worker{c.worker, second, c.worker, second} {
			wg.Go(func() {
				if err := w.Drain(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		got := c.after(time.Minute)
		seen := map[string]int{}
		for _, g := range got {
			seen[g.header.Get("webhook-id")]++
		}
		if len(got) != 30 || len(seen) != 30 {
			t.Errorf("%d calls with %d messages for 30 events", len(got), len(seen))
		}
	})
}

// TestAWebhookIsToldOfLateTasksAndQuestions: a task that became late is told on the day
// it did and never again; one that was late for long before, not at all.
func TestAWebhookIsToldOfLateTasksAndQuestions(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		c, o := newChannel(t, db), newOffice(t, db)
		sam, kim := modelstest.Person(t, db, access.Owner), modelstest.Person(t, db, access.Owner)
		_, secret := c.add(webhook.Standard, "task.late", "question.asked", "exemption.asked")
		c.add(webhook.Standard, "evidence.accepted") // asked for something else
		ac := o.monthly("AC-03", sam, kim)
		on := func(at string) []call {
			o.at(at) // reminders of the day
			return c.after(instant(t, at).Sub(modelstest.Now))
		}
		if got := on("2026-04-05T12:00:00Z"); len(got) != 0 {
			t.Errorf("on the last day of the grace: %+v", got)
		}
		got := on("2026-04-06T12:00:00Z")
		if len(got) != 1 || !strings.Contains(got[0].body, `"type":"task.late"`) || !strings.Contains(got[0].body, "AC-03, Access review, for March 2026 was due Tue 31 Mar 2026 and is late.") ||
			!strings.Contains(got[0].body, base+"/tasks/AC-03/2026-03-01/2026-03-31") {
			t.Fatalf("told %+v", got)
		}
		signed(t, got[0], secret)
		for _, at := range []string{"2026-04-07T12:00:00Z", "2026-04-12T12:00:00Z", "2026-04-20T12:00:00Z"} {
			if got := on(at); len(got) != 0 {
				t.Errorf("%s: told again: %+v", at, got)
			}
		}
		err := modelstest.As(t, db, sam, func(ctx context.Context, tx *models.Tx) error {
			if _, err := occurrence.Ask(ctx, tx, ac, march, "Does Jane count?"); err != nil {
				return err
			}
			_, err := occurrence.Excuse(ctx, tx, ac, march, "No accounts existed.")
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		got = on("2026-04-20T12:05:00Z")
		if len(got) != 2 || strings.Contains(got[0].body+got[1].body, "Jane") || !strings.Contains(got[0].body+got[1].body, "question.asked") || !strings.Contains(got[0].body+got[1].body, base+"/controls/AC-03") {
			t.Errorf("told %+v", got)
		}
	})
}
