package jobs

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"time"

	"assay/internal/mail"
	"assay/internal/tlog"
	"assay/internal/tsa"
	"assay/internal/witness"
	"assay/models"
	"assay/models/access"
	"assay/models/anchor"
	"assay/models/job"
	"assay/models/notice"
	"assay/models/people"
	"assay/templates/mails"
)

// Anchors is whom outside this installation shows what the log holds.
type Anchors struct {
	Witnesses   []witness.Client
	Authorities []tsa.Client
	Mailboxes   []string // addresses that get the day's checkpoint and belong to nobody here
	Post        *Post    // nil sends no mail
}

const (
	witnessKind = "anchor.witness"
	stampKind   = "anchor.timestamp"
)

// An outside is what the job of one anchor is told: which witness, authority or mailbox.
type outside struct{ Name string }

// Work is the standing work of anchors, and the alarm when there are none.
func (a Anchors) Work() []Work {
	works := []Work{
		{Kind: "anchor.overdue", Label: "Warn when nobody outside confirms the log", Next: After(time.Hour), Do: told(anchor.Overdue, anchor.TellOverdue)},
		{Kind: "anchor.day", Label: "Begin the anchors of a day", Next: After(time.Hour), Do: a.begin},
		{Kind: witnessKind, Label: "Have a witness cosign the log", Do: a.cosign},
		{Kind: stampKind, Label: "Have the log time stamped", Do: a.stamp},
	}
	if a.Post != nil {
		works = append(works,
			Work{Kind: "notice.checkpoint", Label: "Gather the checkpoints of a day", Next: After(quarter), Do: gatherCheckpoints},
			Work{Kind: notice.CheckpointKind, Label: "Mail the checkpoint of the log", Do: a.mail},
		)
	}
	return works
}

func gatherCheckpoints(ctx context.Context, r *Run) error {
	due := func(ctx context.Context, tx *models.Tx) (bool, error) { return notice.AnyCheckpoint(ctx, tx, admitted) }
	return told(due, func(ctx context.Context, tx *models.Tx) (int, error) {
		return notice.PostCheckpoints(ctx, tx, admitted)
	})(ctx, r)
}

// begin leaves a job for each place that has none of today. An attempt that fails is one
// place's, and is tried again.
func (a Anchors) begin(ctx context.Context, r *Run) error {
	wanted := map[string]string{} // kinds by key
	today := r.DB.Now().UTC().Format(time.DateOnly)
	names := map[string]string{}
	add := func(kind, name string) {
		key := name + "/" + today
		wanted[key], names[key] = kind, name
	}
	for _, w := range a.Witnesses {
		add(witnessKind, w.Name())
	}
	for _, t := range a.Authorities {
		add(stampKind, t.URL)
	}
	if a.Post != nil {
		for _, m := range a.Mailboxes {
			add(notice.CheckpointKind, m)
		}
	}
	if len(wanted) == 0 {
		r.Said = "no witness, authority or mailbox is configured"
		return nil
	}
	return r.Bookkeep(ctx, func(ctx context.Context, tx *models.Tx) error {
		n := 0
		for key, kind := range wanted {
			had, err := job.Known(ctx, tx, kind, key)
			if err != nil {
				return err
			}
			if !had {
				n++
				if err := job.Enqueue(ctx, tx, kind, key, outside{names[key]}); err != nil {
					return err
				}
			}
		}
		r.Said = fmt.Sprintf("%d begun", n)
		return nil
	})
}

// newest is the newest checkpoint, the zero value when none is signed yet.
func newest(ctx context.Context, db *models.DB) (c models.Checkpoint, err error) {
	err = db.Read(ctx, access.Clock, func(tx *models.Tx) error {
		c, err = tx.LastCheckpoint(ctx)
		return err
	})
	if err == nil && c.Size == 0 {
		err = errors.New("no checkpoint is signed yet")
	}
	return c, err
}

// keep records an anchor and ends the job.
func keep(ctx context.Context, r *Run, a anchor.Anchor) error {
	return r.Write(ctx, func(ctx context.Context, tx *models.Tx) (int, error) { return 1, anchor.Keep(ctx, tx, a) })
}

func (a Anchors) cosign(ctx context.Context, r *Run) error {
	var p outside
	if err := r.Job.Read(&p); err != nil {
		return Hopeless(err)
	}
	for _, w := range a.Witnesses {
		if w.Name() == p.Name {
			return cosign(ctx, r, w)
		}
	}
	r.Said = "this witness is not configured any more"
	return nil
}

func cosign(ctx context.Context, r *Run, w witness.Client) error {
	c, err := newest(ctx, r.DB)
	if err != nil {
		return err
	}
	var since int64
	err = r.DB.Read(ctx, access.Clock, func(tx *models.Tx) (err error) {
		since, err = anchor.Seen(ctx, tx, anchor.Witness, w.Name())
		return err
	})
	if err != nil {
		return err
	}
	cosigned, at, err := w.Add(ctx, c.Signed, c.Size, since, func(from int64) (proof []tlog.Hash, err error) {
		err = r.DB.Read(ctx, access.Clock, func(tx *models.Tx) error {
			proof, err = tx.Extension(ctx, from, c.Size)
			return err
		})
		return proof, err
	})
	var ahead *witness.AheadError
	var split *witness.SplitError
	if errors.As(err, &ahead) || errors.As(err, &split) {
		return alarm(ctx, r, w.Name(), err)
	}
	if err != nil {
		return err
	}
	return keep(ctx, r, anchor.Anchor{Kind: anchor.Witness, Place: w.Name(), Size: c.Size, Note: cosigned, At: at})
}

// alarm tells administrators what a witness found: that is no failure to try again.
func alarm(ctx context.Context, r *Run, name string, why error) error {
	slog.ErrorContext(ctx, "a witness contradicts the log", "witness", name, "err", why)
	err := r.DB.Bookkeep(ctx, func(tx *models.Tx) error {
		tx.Actor = access.Clock
		_, err := anchor.TellContradiction(ctx, tx, name, why.Error())
		return err
	})
	return Hopeless(errors.Join(why, err))
}

func (a Anchors) stamp(ctx context.Context, r *Run) error {
	var p outside
	if err := r.Job.Read(&p); err != nil {
		return Hopeless(err)
	}
	for _, t := range a.Authorities {
		if t.URL != p.Name {
			continue
		}
		c, err := newest(ctx, r.DB)
		if err != nil {
			return err
		}
		token, err := t.Stamp(ctx, []byte(c.Signed))
		if err != nil {
			return err
		}
		return keep(ctx, r, anchor.Anchor{Kind: anchor.Timestamp, Place: hostOf(t.URL), Size: c.Size, Note: c.Signed, Token: token.DER, At: token.At})
	}
	r.Said = "this authority is not configured any more"
	return nil
}

func hostOf(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return address
	}
	return u.Host
}

// mail sends the newest checkpoint to a person who wants it, or to a configured mailbox.
// The mail server taking it is the anchor: from then on it is not ours to take back.
func (a Anchors) mail(ctx context.Context, r *Run) error {
	var to struct {
		notice.Letter
		outside
	}
	if err := r.Job.Read(&to); err != nil {
		return Hopeless(err)
	}
	reader, where := people.Person{Name: to.Name, Email: to.Name}, to.Name
	if to.Name == "" {
		var err error
		if reader, err = checkpointReader(ctx, r.DB, to.Person); err != nil || reader.ID == 0 {
			r.Said = "not sent: the reader does not want it, or has no open engagement, any more"
			return err
		}
		where = reader.Path()
	}
	c, err := newest(ctx, r.DB)
	if err != nil {
		return err
	}
	sent := r.DB.Now().UTC()
	file := mail.File{Name: fmt.Sprintf("checkpoint-%d.note", c.Size), Type: "text/plain", Bytes: []byte(c.Signed)}
	if err := a.Post.send(ctx, r, reader, checkpointMail(c, a.Post.BaseURL), file); err != nil {
		return err
	}
	return keep(ctx, r, anchor.Anchor{Kind: anchor.Mail, Place: where, Size: c.Size, Note: c.Signed, At: sent})
}

// checkpointReader is the person, or nobody when they are not to get it.
func checkpointReader(ctx context.Context, db *models.DB, id int64) (reader people.Person, err error) {
	err = db.Read(ctx, access.Clock, func(tx *models.Tx) error {
		p, err := people.ByID(ctx, tx, id)
		if err != nil {
			return err
		}
		wants, err := notice.WantsCheckpoint(ctx, tx, p)
		if err == nil && wants && p.Role == access.Auditor {
			wants, err = admitted(ctx, tx, p.ID)
		}
		if wants {
			reader = p
		}
		return err
	})
	return reader, err
}

// checkpointMail says what the checkpoint is for, and gives it line by line: a mail archive
// keeps text longer than files.
func checkpointMail(c models.Checkpoint, base string) mails.Mail {
	g := mails.Group{Title: "The checkpoint, also attached as a file:"}
	for line := range strings.SplitSeq(strings.TrimSpace(c.Signed), "\n") {
		if line != "" {
			g.Items = append(g.Items, mails.Item{Text: line})
		}
	}
	return mails.Mail{
		Subject: fmt.Sprintf("Checkpoint of the log, %d leaves", c.Size),
		Opening: "Keep this mail. It is a signed statement of what the log of Assay held: with it, assay verify -since finds out whether anything before it was changed or taken out later, whoever did it.",
		Groups:  []mails.Group{g},
		Button:  mails.Link{Label: "How it is checked", Href: base + "/help"},
		Why:     "You get this mail once a day as a copy outside of the company's reach.",
	}
}
