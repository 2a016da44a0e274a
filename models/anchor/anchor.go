// Package anchor is where outside of this installation it is known what the log held: a
// mailbox, a witness, a time stamping authority. Whoever holds the signing key and the
// database could write another history and sign it; not one that contradicts an anchor. So
// the age of the newest one is the time in which that could go unseen.
package anchor

import (
	"context"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"assay/internal/tlog"
	"assay/models"
	"assay/models/access"
	"assay/models/notice"
	"assay/models/people"
)

// An Anchor is one confirmation from outside.
type Anchor struct {
	models.Meta
	Kind  Kind
	Place string // the witness, the authority, or whose mailbox
	Size  int64  // leaves
	Note  string // the checkpoint; with the witness's signature, when it is one
	Token []byte // of an authority: the time stamp, DER
	At    time.Time
}

// A Kind is what confirms.
type Kind string

// The kinds.
const (
	Mail      Kind = "mail"
	Witness   Kind = "witness"
	Timestamp Kind = "timestamp"
)

// Label is k in words.
func (k Kind) Label() string {
	return map[Kind]string{Mail: "Mailed to", Witness: "Cosigned by", Timestamp: "Time stamped by"}[k]
}

// TableName is where anchors live.
func (Anchor) TableName() string { return "anchors" }

// Path is where anchors are shown.
func (Anchor) Path() string { return "activity/anchors" }

// VisibleTo shows anchors to the company. Auditors get their own by mail.
func (Anchor) VisibleTo(a access.Actor) (string, []any) {
	if a.Role == access.System || a.Can(access.ActivityView) {
		return "", nil
	}
	return "1 = 0", nil
}

// Fresh is for how long an anchor is new enough: a day, and two hours for a mail that is
// late.
const Fresh = 26 * time.Hour

// Keep records that the outside confirmed a checkpoint.
func Keep(ctx context.Context, tx *models.Tx, a Anchor) error {
	return models.Insert(ctx, tx, &a, "anchor."+string(a.Kind), models.Note{"place": a.Place, "leaves": fmt.Sprint(a.Size)})
}

// Newest is the newest anchor there is, by the time that the outside states. ok is false
// when there is none.
func Newest(ctx context.Context, tx *models.Tx) (a Anchor, ok bool, err error) {
	list, err := models.Rows[Anchor](tx).Order("anchors.at DESC, anchors.id DESC").Limit(1).Find(ctx)
	if err != nil || len(list) == 0 {
		return a, false, err
	}
	return list[0], true, nil
}

// Latest lists the newest anchors, at most limit.
func Latest(ctx context.Context, tx *models.Tx, limit int) ([]Anchor, error) {
	return models.Rows[Anchor](tx).Order("anchors.at DESC, anchors.id DESC").Limit(limit).Find(ctx)
}

// ByID finds an anchor that the actor may see.
func ByID(ctx context.Context, tx *models.Tx, id int64) (Anchor, error) {
	a, err := models.Rows[Anchor](tx).Where("anchors.id = ?", id).Take(ctx)
	return models.One(a, err, "Anchor")
}

// Seen is how many leaves a place confirmed last, 0 when none.
func Seen(ctx context.Context, tx *models.Tx, k Kind, place string) (int64, error) {
	list, err := models.Rows[Anchor](tx).Where("anchors.kind = ? AND anchors.place = ?", k, place).Order("anchors.id DESC").Limit(1).Find(ctx)
	if err != nil || len(list) == 0 {
		return 0, err
	}
	return list[0].Size, nil
}

// Overdue reports whether the newest anchor is older than Fresh, or there is none although
// the log is older than that.
func Overdue(ctx context.Context, tx *models.Tx) (bool, error) {
	since, err := quietSince(ctx, tx)
	return err == nil && !since.IsZero() && tx.Now.Sub(since) > Fresh, err
}

// quietSince is the instant of the newest anchor, or that of the first leaf.
func quietSince(ctx context.Context, tx *models.Tx) (time.Time, error) {
	if a, ok, err := Newest(ctx, tx); err != nil || ok {
		return a.At, err
	}
	first, err := tx.Leaves(ctx, 0, 1)
	if err != nil || len(first) == 0 {
		return time.Time{}, err
	}
	return first[0].At, nil
}

// TellOverdue tells administrators, once a day, that the log is not anchored any more. It
// returns how many there are to tell.
func TellOverdue(ctx context.Context, tx *models.Tx) (int, error) {
	since, err := quietSince(ctx, tx)
	if err != nil {
		return 0, err
	}
	return tell(ctx, tx, notice.Notice{
		Once:     "anchor/" + tx.Now.UTC().Format(time.DateOnly),
		Sentence: fmt.Sprintf("Nobody outside has confirmed the log for %d hours. Until somebody does, a rewrite of what came since could go unseen.", int(tx.Now.Sub(since).Hours())),
	})
}

// TellContradiction tells administrators that a witness does not find in the log what it
// signed before. It returns how many there are to tell.
func TellContradiction(ctx context.Context, tx *models.Tx, witness, why string) (int, error) {
	return tell(ctx, tx, notice.Notice{Sentence: "The witness " + witness + " contradicts the log: " + why + ". Find out before anything else is done here."})
}

func tell(ctx context.Context, tx *models.Tx, n notice.Notice) (int, error) {
	admins, err := models.Rows[people.Person](tx).Where("role = ? AND status = ?", access.Administrator, people.Active).Order("id").Limit(100).Find(ctx)
	if err != nil {
		return 0, err
	}
	ids := make([]int64, len(admins))
	for i, p := range admins {
		ids[i] = p.ID
	}
	n.Kind, n.About = notice.AnchorOld, Anchor{}.Path()
	return len(ids), notice.Tell(ctx, tx, n, ids...)
}

// Table holds every anchor against the log: what the outside has must be how the log
// begins.
func Table() models.DerivedTable {
	return models.DerivedTable{Name: "anchors", Check: check}
}

func check(ctx context.Context, tx *models.Tx, problem func(string)) error {
	for after := int64(0); ; {
		list, err := models.UnscopedRows[Anchor](tx).Where("anchors.id > ?", after).Order("anchors.id").Limit(200).Find(ctx)
		if err != nil || len(list) == 0 {
			return err
		}
		for _, a := range list {
			if err := a.holds(ctx, tx, problem); err != nil {
				return err
			}
		}
		after = list[len(list)-1].ID
	}
}

func (a Anchor) holds(ctx context.Context, tx *models.Tx, problem func(string)) error {
	text, _, _ := strings.Cut(a.Note, "\n\n")
	c, err := tlog.ParseCheckpoint(text + "\n")
	if err != nil {
		problem(fmt.Sprintf("anchor %d, %s %s: its checkpoint cannot be read", a.ID, a.Kind, a.Place))
		return nil //nolint:nilerr // it was told
	}
	root, err := tx.RootAt(ctx, c.Size)
	switch {
	case models.KindOf(err) == models.KindNotFound:
		problem(fmt.Sprintf("anchor %d, %s %s: %d leaves were confirmed, and the log is shorter", a.ID, a.Kind, a.Place, c.Size))
	case err != nil:
		return err
	case root != c.Root:
		problem(fmt.Sprintf("anchor %d, %s %s: the first %d leaves are not those that were confirmed; their root is %s", a.ID, a.Kind, a.Place, c.Size, hex.EncodeToString(root[:])))
	}
	return nil
}
