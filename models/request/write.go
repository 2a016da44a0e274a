package request

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"assay/models"
	"assay/models/access"
	"assay/models/control"
	"assay/models/engagement"
	"assay/models/people"
)

// An Ask is a request on its way in.
type Ask struct {
	Question // its control is named by ControlID
	Items    []string
	Auditor  int64 // who asks, when a compliance manager brings it in; 0 is the company itself
}

// Write adds a draft. An auditor with fieldwork writes for themselves, a compliance
// manager for the company, or brings in what a named auditor asks. Without items, the
// title is what is asked.
func Write(ctx context.Context, tx *models.Tx, e engagement.Engagement, in Ask) (Request, error) {
	side, by, err := author(ctx, tx, e, in.Auditor)
	if err != nil {
		return Request{}, err
	}
	return add(ctx, tx, e, in, side, by)
}

func add(ctx context.Context, tx *models.Tx, e engagement.Engagement, in Ask, side Side, by engagement.Authority) (Request, error) {
	if err := asking(e); err != nil {
		return Request{}, err
	}
	r := Request{
		EngagementID: e.ID, Slug: e.Slug, Side: side, Question: in.Question, Status: Draft,
		RequesterID: by.Auditor, EnteredBy: by.By, CreatedAt: tx.Now,
	}
	if err := r.check(ctx, tx); err != nil {
		return r, err
	}
	if err := models.Insert(ctx, tx, &r, "request.write"); err != nil {
		return r, err
	}
	if err := r.addItems(ctx, tx, 0, wanted(in.Items, r.Title)); err != nil {
		return r, err
	}
	return r, r.index(ctx, tx)
}

// author is who asks, and for which side.
func author(ctx context.Context, tx *models.Tx, e engagement.Engagement, auditor int64) (Side, engagement.Authority, error) {
	own := engagement.Authority{Auditor: tx.Actor.ID, By: tx.Actor.ID}
	switch {
	case tx.Actor.InFieldwork(e.ID):
		return Firm, own, nil
	case !tx.Actor.Company() || !tx.Actor.Can(access.RequestAsk):
		return "", own, models.Forbidden("Requests are written by compliance managers, and by auditors to whom fieldwork is granted.")
	case auditor == 0:
		return Company, own, nil
	}
	by, err := engagement.Act(ctx, tx, e, auditor)
	return Firm, by, err
}

// check completes r and says what is wrong with it.
func (r *Request) check(ctx context.Context, tx *models.Tx) error {
	wrong := map[string]string{}
	if r.Title = strings.TrimSpace(r.Title); r.Title == "" {
		wrong["title"] = "Say in a line what is asked for."
	}
	r.Control = ""
	if r.ControlID != nil {
		c, err := control.ByID(ctx, tx, *r.ControlID)
		if models.KindOf(err) == models.KindNotFound {
			wrong["control"], err = "No control has this id.", nil
		}
		if err != nil {
			return err
		}
		r.Control = c.Code
	}
	if r.OwnerID != nil {
		why, err := unfit(ctx, tx, *r.OwnerID)
		if err != nil {
			return err
		}
		if why != "" {
			wrong["owner"] = why
		}
	}
	if len(wrong) > 0 {
		return models.Invalid(wrong)
	}
	return nil
}

// unfit says why a person cannot answer requests, or "".
func unfit(ctx context.Context, tx *models.Tx, person int64) (string, error) {
	p, err := people.ByID(ctx, tx, person)
	switch {
	case models.KindOf(err) == models.KindNotFound:
		return "Choose one from the list.", nil
	case err != nil:
		return "", err
	case p.Status == people.Deactivated:
		return p.Name + " is deactivated.", nil
	case !p.Actor().Can(access.RequestAnswer):
		return p.Name + " is " + strings.ToLower(p.Role.Label()) + " here. Control owners and compliance managers answer requests.", nil
	}
	return "", nil
}

// wanted are the items of a request, each once and none empty.
func wanted(items []string, title string) []string {
	var out []string
	for _, words := range items {
		if words = strings.TrimSpace(words); words != "" && !slices.Contains(out, words) {
			out = append(out, words)
		}
	}
	if len(out) == 0 {
		out = []string{title}
	}
	return out
}

// addItems adds what is asked for behind the place after.
func (r Request) addItems(ctx context.Context, tx *models.Tx, after int64, words []string) error {
	rows := make([]*Item, len(words))
	for n, w := range words {
		rows[n] = &Item{EngagementID: r.EngagementID, Slug: r.Slug, RequestID: r.ID, Place: after + int64(n) + 1, Words: w}
	}
	return models.InsertAll(ctx, tx, rows, "request.item")
}

// Edit says anew what is asked. r is as the actor saw it. Once it is being answered,
// what is asked is settled, and only whoever asked ever changes it.
func Edit(ctx context.Context, tx *models.Tx, e engagement.Engagement, r *Request, q Question, items []string) error {
	if _, err := r.asker(ctx, tx, e); err != nil {
		return err
	}
	if err := asking(e); err != nil {
		return err
	}
	if r.Status != Draft && r.Status != Open {
		return models.Conflict("It is being answered, so what is asked stays. Write in its thread, or ask anew.")
	}
	if r.Status == Open && q.DueOn.IsZero() {
		return refuse("due_on", "Say by when it is needed.")
	}
	was := r.OwnerID
	r.Question = q
	if err := r.check(ctx, tx); err != nil {
		return err
	}
	if err := models.Update(ctx, tx, r, models.Columns{"Reference", "Title", "Detail", "ControlID", "Control", "OwnerID", "DueOn"}, "request.edit"); err != nil {
		return err
	}
	if err := r.replaceItems(ctx, tx, wanted(items, r.Title)); err != nil {
		return err
	}
	if err := r.index(ctx, tx); err != nil {
		return err
	}
	return r.tellAssigned(ctx, tx, was)
}

// replaceItems keeps the items that say the same at the same place, and writes the rest
// anew.
func (r Request) replaceItems(ctx context.Context, tx *models.Tx, words []string) error {
	have, err := Items(ctx, tx, r.ID)
	if err != nil {
		return err
	}
	same := 0
	for same < len(have) && same < len(words) && have[same].Words == words[same] {
		same++
	}
	for _, i := range have[same:] {
		if err := models.Delete(ctx, tx, &i, "request.drop_item"); err != nil {
			return err
		}
	}
	return r.addItems(ctx, tx, int64(same), words[same:])
}

// Assign gives r to somebody to answer, and nobody is told twice. r is as the actor saw it.
func Assign(ctx context.Context, tx *models.Tx, e engagement.Engagement, r *Request, owner int64) error {
	if err := mayRelease(tx.Actor); err != nil {
		return err
	}
	if err := running(e); err != nil {
		return err
	}
	if r.Status.Over() {
		return models.Conflict(r.Code() + " is " + strings.ToLower(r.Status.Label()) + "; nobody has to answer it any more.")
	}
	if why, err := unfit(ctx, tx, owner); err != nil || why != "" {
		return firstOf(err, why, "owner")
	}
	was := r.OwnerID
	r.OwnerID = &owner
	if err := models.Update(ctx, tx, r, models.Columns{"OwnerID"}, "request.assign"); err != nil {
		return err
	}
	return r.tellAssigned(ctx, tx, was)
}

func firstOf(err error, why, field string) error {
	if err != nil {
		return err
	}
	return refuse(field, why)
}

// Discard removes a draft. The log keeps that it was there.
func Discard(ctx context.Context, tx *models.Tx, e engagement.Engagement, r *Request) error {
	if _, err := r.asker(ctx, tx, e); err != nil {
		return err
	}
	if r.Status != Draft {
		return models.Conflict("It was opened. It can be cancelled, with a reason.")
	}
	if err := r.replaceItems(ctx, tx, nil); err != nil {
		return err
	}
	if err := index.Drop(ctx, tx, r.ID); err != nil {
		return err
	}
	return models.Delete(ctx, tx, r, "request.discard")
}

// CopyDrafts asks in the engagement to what was asked in from, as drafts of the company
// without dates: the same words, controls and, where they still can answer, owners.
// Nothing of answers, messages, steps or decisions goes with them, nor what was cancelled
// or never opened. It returns how many there are.
func CopyDrafts(ctx context.Context, tx *models.Tx, from, to engagement.Engagement) (int, error) {
	if !tx.Actor.Company() || !tx.Actor.Can(access.EngagementManage) {
		return 0, models.Forbidden("Compliance managers and administrators roll an engagement forward.")
	}
	list, err := models.Rows[Request](tx).Where("engagement_id = ? AND opened_at IS NOT NULL AND status <> ?", from.ID, Cancelled).Order("id").Find(ctx)
	if err != nil {
		return 0, err
	}
	items, err := itemsOf(ctx, tx, list)
	if err != nil {
		return 0, err
	}
	for n, old := range list {
		q := old.Question
		q.DueOn = ""
		if q.OwnerID != nil {
			if why, err := unfit(ctx, tx, *q.OwnerID); err != nil || why != "" {
				q.OwnerID = nil
				if err != nil {
					return n, err
				}
			}
		}
		var words []string
		for _, i := range items[old.ID] {
			words = append(words, i.Words)
		}
		own := engagement.Authority{Auditor: tx.Actor.ID, By: tx.Actor.ID}
		if _, err := add(ctx, tx, to, Ask{Question: q, Items: words}, Company, own); err != nil {
			return n, fmt.Errorf("%s: %w", old.Code(), err)
		}
	}
	return len(list), nil
}

func itemsOf(ctx context.Context, tx *models.Tx, list []Request) (map[int64][]Item, error) {
	ids := make([]int64, len(list))
	for n, r := range list {
		ids[n] = r.ID
	}
	out := map[int64][]Item{}
	for part := range slices.Chunk(ids, 500) {
		items, err := Items(ctx, tx, part...)
		if err != nil {
			return nil, err
		}
		for _, i := range items {
			out[i.RequestID] = append(out[i.RequestID], i)
		}
	}
	return out, nil
}
