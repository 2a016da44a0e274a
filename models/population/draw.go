package population

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strconv"
	"strings"

	"assay/internal/sheet"
	"assay/models"
	"assay/models/engagement"
	"assay/models/sample"
)

// mostItems is how many items one sample can list. More is a test of the whole population.
const mostItems = 2000

// A Ticket is what an auditor decided about a draw.
type Ticket struct {
	Method   sample.Method
	Seed     string
	Stratum  string // a column, or ""
	Amount   string // a column, of a monetary unit sample
	Decimals int
	Every    int64
	Size     int      // of each stratum
	Keys     []string // of a judgemental selection
	Since    *Earlier // to select only from what the version before lacked
	Redraws  int64    // the sample that it takes the place of, 0 for a first
	Reason   string
	Auditor  int64
}

// An Earlier is the version before, and its file.
type Earlier struct {
	Population
	Rows func() (sheet.Rows, error)
}

// AddedStratum is the name of the stratum of what was added in p.
func (p Population) AddedStratum() string { return sample.AddedStratum(p.Version) }

// A Drawn is what came out of a list. It is made outside of a transaction, since a list
// may be long, and only by Repeat.
type Drawn struct {
	population int64
	ticket     Ticket
	size       int
	excluded   []string
	picks      []sample.Pick
	cells      map[string][]string // by key
}

// Repeat selects from the rows of the file of p. The file is read as when it was locked,
// and has to have the same digest still: what was altered is not sampled. rows opens the
// file, and may be called twice.
func Repeat(p Population, rows func() (sheet.Rows, error), t Ticket, size int, excluded []string) (Drawn, error) {
	out := Drawn{population: p.ID, ticket: t, size: size, excluded: excluded}
	if p.Status != Locked {
		return out, models.Conflict("A sample is drawn from a locked population: what could still change cannot be repeated.")
	}
	if t.Method == sample.Full {
		return out, nil
	}
	if size > mostItems { // also of a list that has no more: a binder takes no size beyond all reason
		return out, tooMany(size)
	}
	var err error
	if out.picks, err = t.pick(p, rows, size, excluded); err != nil {
		return out, said(err)
	}
	if len(out.picks) > mostItems {
		return out, tooMany(len(out.picks))
	}
	out.cells, err = cellsOf(p, rows, out.picks)
	return out, err
}

func tooMany(items int) error {
	return refuse("size", fmt.Sprintf("These are %d items. More than %d is a test of the full population.", items, mostItems))
}

// said makes a refusal of the engine one of the form.
func said(err error) error {
	var (
		unusable   sample.UnusableError
		excluded   sample.ExcludedError
		column     *sample.ColumnError
		unreadable sheet.UnreadableError
	)
	if errors.As(err, &unusable) || errors.As(err, &excluded) || errors.As(err, &column) || errors.As(err, &unreadable) {
		return refuse("size", err.Error())
	}
	return err
}

// items are those of the population's file, with the columns of t.
func (p Population) items(rows func() (sheet.Rows, error), t Ticket) (iter.Seq2[sample.Item, error], error) {
	r, err := rows()
	if err != nil {
		return nil, err
	}
	return sample.Items(r, sample.Columns{Key: p.KeyColumn, Stratum: t.Stratum, Amount: t.Amount})
}

// opened is the list of the population's file.
func (p Population) opened(rows func() (sheet.Rows, error)) (*sample.List, error) {
	items, err := p.items(rows, Ticket{})
	if err != nil {
		return nil, err
	}
	return sample.ListOf(items)
}

func (t Ticket) pick(p Population, rows func() (sheet.Rows, error), size int, excluded []string) (picks []sample.Pick, err error) {
	items, err := p.items(rows, t)
	if err != nil {
		return nil, err
	}
	draw := sample.Draw{Population: p.TextDigest, Seed: t.Seed}
	var drawing *sample.Drawing // while the list is read, so that the cells are at hand
	if t.Method == sample.Random && t.Since == nil && size <= mostItems {
		if drawing, err = draw.Begin(size, excluded...); err != nil {
			return nil, err
		}
		items = drawing.Watch(items)
	}
	list, err := sample.ListOf(items)
	if err != nil {
		return nil, err
	}
	defer func() {
		if closed := list.Close(); err == nil {
			err = closed
		}
	}()
	sealed, err := list.Seal(discard{})
	if err != nil {
		return nil, err
	}
	if sealed.Digest != p.TextDigest {
		return nil, models.Conflict("The stored list has the digest " + sealed.Digest + ", and " + p.TextDigest + " was locked. It was altered, so nothing was drawn.")
	}
	switch t.Method {
	case sample.Systematic:
		return draw.Systematic(list.Items(), sealed.Count, size)
	case sample.Monetary:
		m, err := draw.MonetaryUnit(list.Items(), t.Every, t.Decimals)
		return m.Picks, err
	case sample.Judgemental:
		return named(list, t.Keys)
	}
	if t.Since != nil {
		return t.fromAdded(p, list, draw, size, excluded)
	}
	if drawing != nil {
		return drawing.Picks()
	}
	return draw.SelectFrom(list, size, excluded...)
}

// fromAdded selects from what the version before lacked.
func (t Ticket) fromAdded(p Population, list *sample.List, draw sample.Draw, size int, excluded []string) (picks []sample.Pick, err error) {
	if p.ReplacesID == nil || *p.ReplacesID != t.Since.ID {
		return nil, models.NotFound("Population")
	}
	before, err := t.Since.opened(t.Since.Rows)
	if err != nil {
		return nil, err
	}
	defer func() {
		if closed := before.Close(); err == nil {
			err = closed
		}
	}()
	sealed, err := before.Seal(discard{})
	if err != nil {
		return nil, err
	}
	if sealed.Digest != t.Since.TextDigest {
		return nil, models.Conflict("The stored list of " + t.Since.Code() + " was altered, so nothing was drawn.")
	}
	picks, err = draw.Select(sample.AddedTo(list.Items(), before.Items(), p.AddedStratum()), size, excluded...)
	if err == nil && len(picks) == 0 {
		err = refuse("since", "This version has no row that "+t.Since.Code()+" lacked.")
	}
	return picks, err
}

type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }

// named are the items that somebody picked.
func named(list *sample.List, keys []string) ([]sample.Pick, error) {
	if missing, err := sample.Missing(list.Items(), keys); err != nil || len(missing) > 0 {
		if err == nil {
			err = refuse("keys", "The population has no "+strings.Join(missing, ", ")+".")
		}
		return nil, err
	}
	var out []sample.Pick
	for it, err := range list.Items() {
		if err != nil {
			return nil, err
		}
		if slices.Contains(keys, it.Key) {
			out = append(out, sample.Pick{Item: it})
		}
	}
	return out, nil
}

// cellsOf are the cells of what was picked, for which the list is read again unless they
// were kept.
func cellsOf(p Population, rows func() (sheet.Rows, error), picks []sample.Pick) (map[string][]string, error) {
	out := make(map[string][]string, len(picks))
	for _, pick := range picks {
		out[pick.Key] = pick.Cells
	}
	if !slices.ContainsFunc(picks, func(p sample.Pick) bool { return p.Cells == nil }) {
		return out, nil
	}
	r, err := rows()
	if err != nil {
		return nil, err
	}
	items, err := sample.Rows(r, p.KeyColumn)
	if err != nil {
		return nil, err
	}
	for it, err := range items {
		if err != nil {
			return nil, err
		}
		if _, picked := out[it.Key]; picked {
			out[it.Key] = cloned(it.Cells)
		}
	}
	return out, nil
}

// cloned are cells that keep nothing of their file in memory.
func cloned(cells []string) []string {
	out := slices.Clone(cells)
	for i := range out {
		out[i] = strings.Clone(out[i])
	}
	return out
}

// check says what is wrong with a ticket.
func (t Ticket) check() error {
	wrong := map[string]string{}
	if !slices.Contains(sample.Methods, t.Method) {
		wrong["method"] = "Choose how the items are selected."
	}
	if t.Method.Seeded() {
		if err := sample.CheckSeed(t.Seed); err != nil {
			wrong["seed"] = err.Error()
		}
	}
	if (t.Method == sample.Random || t.Method == sample.Systematic) && t.Size < 1 {
		wrong["size"] = "Say how many items are selected."
	}
	if t.Method == sample.Monetary && t.Every < 1 {
		wrong["every"] = "Say at what interval units are hit."
	}
	if t.Method == sample.Monetary && t.Amount == "" {
		wrong["amount"] = "Choose the column with the amounts."
	}
	if t.Method == sample.Judgemental && len(t.Keys) == 0 {
		wrong["keys"] = "Name the items that were picked, a key on each line."
	}
	if t.Method == sample.Judgemental && t.Reason == "" {
		wrong["reason"] = "Say why these items were picked."
	}
	if t.Redraws != 0 && t.Reason == "" {
		wrong["reason"] = "Say why the sample is drawn again. The earlier one stays."
	}
	if len(wrong) > 0 {
		return models.Invalid(wrong)
	}
	return nil
}

// Prepared is t as it is drawn: what its method does not use is left out.
func (t Ticket) Prepared() (Ticket, error) {
	t.Reason = strings.TrimSpace(t.Reason)
	if !t.Method.Seeded() {
		t.Seed = ""
	}
	if t.Method != sample.Random || t.Since != nil {
		t.Stratum = ""
	}
	if t.Method != sample.Random {
		t.Since = nil
	}
	if t.Method != sample.Monetary {
		t.Amount, t.Decimals, t.Every = "", 0, 0
	}
	if t.Method != sample.Random && t.Method != sample.Systematic {
		t.Size = 0
	}
	if t.Method != sample.Judgemental {
		t.Keys = nil
	}
	return t, t.check()
}

// fieldwork is on whose behalf the actor selects from p: the auditor's own, or that of a
// named auditor whose decision a compliance manager brings in. Outside of fieldwork nobody
// selects.
func fieldwork(ctx context.Context, tx *models.Tx, p Population, auditor int64) (engagement.Authority, error) {
	e, err := models.Rows[engagement.Engagement](tx).Where("id = ?", p.EngagementID).Take(ctx)
	if e, err = models.One(e, err, "Engagement"); err != nil {
		return engagement.Authority{}, err
	}
	by, err := engagement.Act(ctx, tx, e, auditor)
	if err == nil && e.Status != engagement.Fieldwork {
		err = models.Conflict("Samples are drawn in fieldwork, and this engagement is in state " + e.Status.Label() + ".")
	}
	return by, err
}

// Draw keeps a sample and its items.
func Draw(ctx context.Context, tx *models.Tx, d Drawn) (Selection, error) {
	t := d.ticket
	p, err := ByID(ctx, tx, d.population)
	if err != nil {
		return Selection{}, err
	}
	by, err := fieldwork(ctx, tx, p, t.Auditor)
	if err != nil {
		return Selection{}, err
	}
	if _, accepted, err := AcceptanceOf(ctx, tx, p); err != nil || !accepted {
		return Selection{}, cmp.Or(err, models.Conflict("The auditor accepts the record of "+p.Code()+" first. A sample is drawn after that."))
	}
	s := Sample{
		EngagementID: p.EngagementID, PopulationID: p.ID, Slug: p.Slug, Method: t.Method, Seed: t.Seed, Stratum: t.Stratum, Amount: t.Amount, Decimals: t.Decimals, Every: t.Every,
		Size: t.Size, Reason: t.Reason, AuditorID: by.Auditor, DrawnBy: by.By, DrawnAt: tx.Now,
	}
	if t.Since != nil {
		s.SinceID = &t.Since.ID
	}
	if err := s.redraw(ctx, tx, t.Redraws); err != nil {
		return Selection{}, err
	}
	if err := models.Insert(ctx, tx, &s, "sample.draw", models.Note{
		"method": string(s.Method), "seed": s.Seed, "digest": p.TextDigest, "size": strconv.Itoa(s.Size), "reason": s.Reason,
	}); err != nil {
		return Selection{}, err
	}
	if err := s.add(ctx, tx, p.EngagementID, d, nil); err != nil {
		return Selection{}, err
	}
	return whole(ctx, tx, s)
}

// redraw makes s take the place of another one. A population has one sample that counts
// for each method: whoever draws by the same method again says that it is again, also who
// does so at the same moment.
func (s *Sample) redraw(ctx context.Context, tx *models.Tx, id int64) error {
	if tx.Postgres() {
		if _, err := models.Value[int64](ctx, tx, "SELECT id FROM populations WHERE id = ? FOR UPDATE", s.PopulationID); err != nil {
			return err
		}
	}
	earlier, err := Samples(ctx, tx, s.PopulationID)
	if err != nil {
		return err
	}
	replaced := map[int64]bool{}
	for _, e := range earlier {
		if e.RedrawsID != nil {
			replaced[*e.RedrawsID] = true
		}
	}
	if id != 0 {
		at := slices.IndexFunc(earlier, func(e Sample) bool { return e.ID == id })
		if at < 0 {
			return models.NotFound("Sample")
		}
		if replaced[id] {
			return models.Conflict(earlier[at].Code() + " was drawn again already.")
		}
		s.RedrawsID = &id
	}
	for _, e := range earlier {
		if e.ID != id && e.Method == s.Method && (e.SinceID == nil) == (s.SinceID == nil) && s.Method != sample.Judgemental && !replaced[e.ID] {
			return models.Conflict(e.Code() + " is there. Draw it again, with the reason, so that nobody has to ask which one counts.")
		}
	}
	return nil
}

// add keeps the items of d that s does not have yet. What it has stands at the beginning
// of each stratum, in the same order.
func (s Sample) add(ctx context.Context, tx *models.Tx, engagement int64, d Drawn, has []Item) error {
	known := map[string]int{}
	for _, i := range has {
		known[i.Key] = i.Place
	}
	place := map[string]int{}
	var rows []*Item
	for _, p := range d.picks {
		place[p.Stratum]++
		if at, ok := known[p.Key]; ok {
			if at != place[p.Stratum] {
				return fmt.Errorf("population: %s of %s moved from place %d to %d", p.Key, s.Code(), at, place[p.Stratum])
			}
			delete(known, p.Key)
			continue
		}
		i := &Item{
			EngagementID: engagement, SampleID: s.ID, PopulationID: s.PopulationID, Slug: s.Slug, Place: place[p.Stratum], Stratum: p.Stratum, Key: p.Key,
			RowDigest: p.Digest.String(), Line: p.Line, Hits: p.Hits, Cells: d.cells[p.Key], AddedAt: tx.Now,
		}
		if s.Method == sample.Random {
			i.Rank = p.Rank.String()
		}
		rows = append(rows, i)
	}
	if len(known) > 0 {
		return fmt.Errorf("population: %d items of %s were lost", len(known), s.Code())
	}
	err := models.InsertAll(ctx, tx, rows, "sample.select")
	if models.Duplicate(err) { // somebody who did not wait selected the same ranks
		return models.Conflict("Someone changed this sample a moment ago. Please look again.")
	}
	return err
}
