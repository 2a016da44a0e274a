package request

import (
	"cmp"
	"context"
	"iter"
	"slices"
	"strconv"
	"strings"
	"time"

	"assay/models"
	"assay/models/access"
	"assay/models/engagement"
)

// A Filter chooses requests of an engagement. Its zero value chooses all of them.
type Filter struct {
	Status   Status
	Overdue  bool
	OwnerID  int64
	Nobodys  bool // those without an owner
	Control  string
	DueFirst bool // instead of by number
}

// owed are the states in which the auditors wait for the company.
var owed = slices.DeleteFunc(slices.Clone(Statuses), func(s Status) bool { return !s.Owed() })

// answerable are the states in which it is the owner's turn.
var answerable = slices.DeleteFunc(slices.Clone(Statuses), func(s Status) bool { return !s.Answerable() })

// Today is the day in the engagement's zone.
func Today(e engagement.Engagement, now time.Time) (models.Date, error) {
	zone, err := e.Location()
	if err != nil {
		return "", err
	}
	return models.DateOf(now, zone), nil
}

func (f Filter) rows(tx *models.Tx, e engagement.Engagement, today models.Date) models.Query[Request] {
	q := models.Rows[Request](tx).Where("requests.engagement_id = ?", e.ID)
	if f.Status != "" {
		q = q.Where("requests.status = ?", f.Status)
	}
	if f.Overdue {
		q = q.Where("requests.status IN ? AND requests.due_on <> '' AND requests.due_on < ?", owed, today)
	}
	if f.OwnerID != 0 {
		q = q.Where("requests.owner_id = ?", f.OwnerID)
	}
	if f.Nobodys {
		q = q.Where("requests.owner_id IS NULL")
	}
	if f.Control != "" {
		q = q.Where("requests.control = ?", f.Control)
	}
	return q
}

// List reads a page of the requests that f chooses and the actor may see, by number, or
// by date.
func List(ctx context.Context, tx *models.Tx, e engagement.Engagement, f Filter, page models.Page) (models.Window[Request], error) {
	today, err := Today(e, tx.Now)
	if err != nil {
		return models.Window[Request]{}, err
	}
	if f.DueFirst {
		return models.Keyset(ctx, f.rows(tx, e, today), models.Sort{Columns: []string{"due_on", "id"}}, page, func(r Request) []any { return []any{string(r.DueOn), r.ID} })
	}
	return models.Keyset(ctx, f.rows(tx, e, today), models.Sort{Columns: []string{"id"}}, page, func(r Request) []any { return []any{r.ID} })
}

// Every goes through all the requests that f chooses, a few hundred at a time.
func Every(ctx context.Context, tx *models.Tx, e engagement.Engagement, f Filter) iter.Seq2[[]Request, error] {
	return func(yield func([]Request, error) bool) {
		for page := (models.Page{Limit: 500}); ; {
			w, err := List(ctx, tx, e, f, page)
			if !yield(w.Items, err) || err != nil || w.Later == "" {
				return
			}
			page.After = w.Later
		}
	}
}

// A Summary counts the requests of an engagement that the actor may see.
type Summary struct {
	By      map[Status]int
	Overdue int
	Nobodys int // open ones without an owner
}

// Total is how many there are.
func (s Summary) Total() (n int) {
	for _, k := range s.By {
		n += k
	}
	return n
}

// Summarise counts in one query.
func Summarise(ctx context.Context, tx *models.Tx, e engagement.Engagement) (Summary, error) {
	s := Summary{By: map[Status]int{}}
	today, err := Today(e, tx.Now)
	if err != nil {
		return s, err
	}
	type row struct {
		Status          Status
		N, Late, Nobody int
	}
	cond, args := Request{}.VisibleTo(tx.Actor)
	rows, err := models.Raw[row](ctx, tx, `SELECT status, count(*) AS n,
			count(CASE WHEN due_on <> '' AND due_on < ? THEN 1 END) AS late, count(CASE WHEN owner_id IS NULL THEN 1 END) AS nobody
		FROM requests WHERE engagement_id = ? AND `+cond+` GROUP BY status`, append([]any{today, e.ID}, args...)...)
	for _, r := range rows {
		s.By[r.Status] = r.N
		if r.Status.Owed() {
			s.Overdue += r.Late
			s.Nobodys += r.Nobody
		}
	}
	return s, err
}

// A Due is a request that waits for somebody, with what was said when it came back.
type Due struct {
	Request
	Reason string
	Late   bool `gorm:"-"` // told by the day
}

// most bounds each part of what waits for one person.
const most = 100

// WaitingFor reads, in one query, what waits for the actor: what they have to answer, what
// came back first, and for those who release, what waits for the check.
func WaitingFor(ctx context.Context, tx *models.Tx) (answer, check []Due, err error) {
	if !tx.Actor.Can(access.RequestAnswer) {
		return nil, nil, nil
	}
	list, err := waiting(ctx, tx)
	if err != nil {
		return nil, nil, err
	}
	if list, err = dated(ctx, tx, list); err != nil {
		return nil, nil, err
	}
	for _, d := range list {
		if d.Status == Fulfilled {
			check = append(check, d)
		} else {
			answer = append(answer, d)
		}
	}
	slices.SortFunc(answer, func(a, b Due) int {
		return cmp.Or(back(b)-back(a), cmp.Compare(a.DueOn, b.DueOn), cmp.Compare(a.ID, b.ID))
	})
	return answer, check, nil
}

// why is the reason for which a request came back: that of the last return, or of the last
// check that failed, as long as nothing was released since. A release says nothing, and so
// ends what was said before it.
const why = `COALESCE((SELECT s.reason FROM request_steps s WHERE s.request_id = requests.id
	AND (s.to_status IN ('returned', 'released') OR s.from_status = 'fulfilled') ORDER BY s.place DESC LIMIT 1), '')`

func waiting(ctx context.Context, tx *models.Tx) ([]Due, error) {
	visible, scope := Request{}.VisibleTo(tx.Actor)
	query := "SELECT * FROM (SELECT requests.*, " + why + " AS reason FROM requests WHERE requests.owner_id = ? AND requests.status IN ? AND " + visible + " ORDER BY due_on, id LIMIT ?) mine"
	args := append([]any{tx.Actor.ID, answerable}, append(slices.Clone(scope), most)...)
	if tx.Actor.Can(access.RequestRelease) {
		query += " UNION ALL SELECT * FROM (SELECT requests.*, '' AS reason FROM requests WHERE requests.status = 'fulfilled' AND " + visible + " ORDER BY due_on, id LIMIT ?) checks"
		args = append(args, append(slices.Clone(scope), most)...)
	}
	return models.Raw[Due](ctx, tx, query, args...)
}

func back(d Due) int {
	if d.Reason != "" {
		return 1
	}
	return 0
}

// dated says of requests whether they are late, each by the day of its engagement. What an
// engagement that is over still asks for waits for nobody.
func dated(ctx context.Context, tx *models.Tx, list []Due) ([]Due, error) {
	if len(list) == 0 {
		return nil, nil
	}
	all, err := engagement.List(ctx, tx)
	var out []Due
	for _, d := range list {
		at := slices.IndexFunc(all, func(e engagement.Engagement) bool { return e.ID == d.EngagementID })
		if at < 0 || !all[at].Status.Running() {
			continue
		}
		today, wrong := Today(all[at], tx.Now)
		if wrong != nil {
			return nil, wrong
		}
		d.Late = d.Overdue(today)
		out = append(out, d)
	}
	return out, err
}

// Soon lists the requests of running engagements whose answer is due within days, or
// late, for reminders.
func Soon(ctx context.Context, tx *models.Tx, days int) ([]Due, error) {
	// The latest civil day anywhere: which day it is where the engagement is decides below.
	limit := models.DateOf(tx.Now, time.UTC).AddDays(days + 1)
	list, err := models.Rows[Request](tx).Where("requests.owner_id IS NOT NULL AND requests.status IN ? AND requests.due_on <> '' AND requests.due_on <= ?", answerable, limit).
		Order("requests.owner_id, requests.due_on, requests.id").Find(ctx)
	if err != nil {
		return nil, err
	}
	due := make([]Due, len(list))
	for n, r := range list {
		due[n].Request = r
	}
	return dated(ctx, tx, due)
}

// Waiting picks those of the addresses at which a request still waits for its owner.
func Waiting(ctx context.Context, tx *models.Tx, abouts []string) ([]string, error) {
	var ids []int64
	for _, at := range abouts {
		if _, code, ok := strings.Cut(at, "/requests/R-"); ok {
			if id, err := strconv.ParseInt(code, 10, 64); err == nil {
				ids = append(ids, id)
			}
		}
	}
	if len(ids) == 0 {
		return nil, nil
	}
	list, err := models.Rows[Request](tx).Where("requests.id IN ? AND requests.status IN ?", ids, answerable).Find(ctx)
	var out []string
	for _, r := range list {
		out = append(out, r.Path())
	}
	return out, err
}
