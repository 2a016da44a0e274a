// Package activity tells what happened, from the log itself: the feed on a record's
// page and the page of everything read the same leaves. It writes nothing.
package activity

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"assay/models"
	"assay/models/access"
	"assay/models/engagement"
	"assay/models/people"
)

// An Entry is one leaf in words.
type Entry struct {
	Seq     int64 // number of the leaf
	At      time.Time
	Who     string
	ActorID int64 // 0 for Assay itself
	Role    access.Role
	Verb    string
	What    string // "accepted E-12": the sentence after the name
	About   string // path of the record
	Within  string // path of the record it belongs to, or ""
	Label   string // the part of What that names the record
	Facts   []string
	Message string // what was written with it, or ""
}

// feedLimit is how many entries a record's page shows.
const feedLimit = 60

// custody lists what an auditor reads of the history of an evidence item: how it came
// into the record. Everything else is the company's own conversation.
var custody = []string{"evidence.store", "evidence.submit", "evidence.accept", "evidence.supersede"}

const leafColumns = "seq, at, actor_id, role, verb, about, within, detail_commit"

// For reads the newest entries about path, or about what belongs to it, newest first.
// The caller has loaded the record, and so knows that the actor may see it. Mere views
// by auditors are left to the page of everything, so that they push nothing out.
//
// An auditor reads the custody of an evidence item and no more: neither reasons, nor
// what happened to other records on the way, which may lie outside their scope.
//
// known are people whose names need not be asked for.
func For(ctx context.Context, tx *models.Tx, path string, known ...people.Person) ([]Entry, error) {
	// Two bounded walks along two indexes: an OR would read everything there is.
	query, args := `SELECT `+leafColumns+` FROM (SELECT `+leafColumns+` FROM log_leaves WHERE about = ? AND verb <> 'page.view' ORDER BY seq DESC LIMIT ?) a
		UNION SELECT `+leafColumns+` FROM (SELECT `+leafColumns+` FROM log_leaves WHERE within = ? AND within <> '' ORDER BY seq DESC LIMIT ?) b
		ORDER BY seq DESC LIMIT ?`, []any{path, feedLimit, path, feedLimit, feedLimit}
	if !tx.Actor.Company() {
		query, args = `SELECT `+leafColumns+` FROM log_leaves WHERE about = ? AND verb IN ? ORDER BY seq DESC LIMIT ?`, []any{path, custody, feedLimit}
	}
	rows, err := models.Raw[told](ctx, tx, `SELECT f.*, COALESCE(p.name, '') AS actor, COALESCE(d.text, '') AS text FROM (`+query+`) f
		LEFT JOIN people p ON p.id = f.actor_id
		LEFT JOIN log_details d ON d.seq = f.seq AND f.detail_commit <> ''
		ORDER BY f.seq DESC`, args...)
	if err != nil {
		return nil, err
	}
	leaves, notes, names := make([]models.LogLeaf, len(rows)), map[int64]models.Note{}, map[int64]people.Person{}
	for _, p := range known {
		names[p.ID] = p
	}
	for i, r := range rows {
		leaves[i] = r.LogLeaf
		if tx.Actor.Company() {
			notes[r.Seq] = noteIn(r.Text)
		}
		if r.Actor != "" {
			names[r.ActorID] = people.Person{Name: r.Actor}
		}
	}
	if err := nameOthers(ctx, tx, leaves, names); err != nil {
		return nil, err
	}
	return worded(ctx, tx, leaves, notes, names)
}

// told is a leaf with what is said of it: the name of whoever acted, and its note.
type told struct {
	models.LogLeaf
	Actor, Text string
}

// nameOthers adds the people whom leaves are about.
func nameOthers(ctx context.Context, tx *models.Tx, leaves []models.LogLeaf, names map[int64]people.Person) error {
	ids := map[int64]bool{}
	for _, l := range leaves {
		if id := personIn(l.About); id != 0 && names[id].Name == "" {
			ids[id] = true
		}
	}
	others, err := people.Named(ctx, tx, slices.Sorted(maps.Keys(ids))...)
	maps.Copy(names, others)
	return err
}

// A Filter narrows the page of everything. Zero fields narrow nothing.
type Filter struct {
	Person   int64
	Record   string // path of a record, or its code
	Group    string // the noun of the verb, such as "evidence"
	From, To models.Date
	Zone     *time.Location // of the dates; nil is UTC
}

// List reads a page of everything that happened, newest first. It is for the company
// only; an auditor finds nothing.
func List(ctx context.Context, tx *models.Tx, f Filter, page models.Page) (models.Window[Entry], error) {
	if !tx.Actor.Company() {
		return models.Window[Entry]{}, models.NotFound("Page")
	}
	q := models.Rows[models.LogLeaf](tx)
	if f.Person > 0 {
		q = q.Where("actor_id = ?", f.Person)
	}
	if path := PathOf(f.Record); path != "" {
		q = q.Where("seq IN (SELECT seq FROM log_leaves WHERE about = ? UNION SELECT seq FROM log_leaves WHERE within = ? AND within <> '')", path, path)
	}
	if f.Group != "" {
		q = q.Where("verb IN ?", verbsOf(f.Group))
	}
	zone := f.Zone
	if zone == nil {
		zone = time.UTC
	}
	if !f.From.IsZero() {
		q = q.Where("at >= ?", f.From.In(zone).UTC())
	}
	if !f.To.IsZero() {
		q = q.Where("at < ?", f.To.AddDays(1).In(zone).UTC())
	}
	w, err := models.Keyset(ctx, q, models.Sort{Columns: []string{"seq"}, Desc: true}, page, func(l models.LogLeaf) []any { return []any{l.Seq} })
	if err != nil {
		return models.Window[Entry]{}, err
	}
	entries, err := inWords(ctx, tx, w.Items)
	return models.Window[Entry]{Items: entries, Earlier: w.Earlier, Later: w.Later}, err
}

// inWords adds names and notes to leaves, in two queries.
func inWords(ctx context.Context, tx *models.Tx, leaves []models.LogLeaf) ([]Entry, error) {
	if len(leaves) == 0 {
		return nil, nil
	}
	var seqs []int64
	ids := map[int64]bool{}
	for _, l := range leaves {
		if l.DetailCommit != "" {
			seqs = append(seqs, l.Seq)
		}
		ids[l.ActorID] = true
		ids[personIn(l.About)] = true
	}
	delete(ids, 0)
	notes, err := notesOf(ctx, tx, seqs)
	if err != nil {
		return nil, err
	}
	names, err := people.Named(ctx, tx, slices.Sorted(maps.Keys(ids))...)
	if err != nil {
		return nil, err
	}
	return worded(ctx, tx, leaves, notes, names)
}

// worded says what leaves say.
func worded(ctx context.Context, tx *models.Tx, leaves []models.LogLeaf, notes map[int64]models.Note, names map[int64]people.Person) ([]Entry, error) {
	engagements, err := engagementsIn(ctx, tx, leaves)
	if err != nil {
		return nil, err
	}
	out := make([]Entry, len(leaves))
	for i, l := range leaves {
		label := labelFor(l, names, engagements)
		out[i] = Entry{
			What: sentence(l.Verb, label), Label: label,
			Seq: l.Seq, At: l.At, Who: who(l, names), ActorID: l.ActorID, Role: access.Role(l.Role),
			Verb: l.Verb, About: l.About, Within: l.Within, Message: message(notes[l.Seq]), Facts: facts(notes[l.Seq]),
		}
	}
	return out, nil
}

// engagementsIn is the names of the engagements that leaves are about, by their path.
func engagementsIn(ctx context.Context, tx *models.Tx, leaves []models.LogLeaf) (map[string]string, error) {
	out := map[string]string{}
	if !slices.ContainsFunc(leaves, func(l models.LogLeaf) bool { return strings.HasPrefix(l.About, "engagements/") }) {
		return out, nil
	}
	list, err := engagement.List(ctx, tx)
	for _, e := range list {
		out[e.Path()] = e.Name
	}
	return out, err
}

func notesOf(ctx context.Context, tx *models.Tx, seqs []int64) (map[int64]models.Note, error) {
	out := map[int64]models.Note{}
	if len(seqs) == 0 {
		return out, nil
	}
	details, err := models.Rows[models.LogDetail](tx).Where("seq IN ?", seqs).Find(ctx)
	for _, d := range details {
		out[d.Seq] = noteIn(d.Text)
	}
	return out, err
}

// noteIn reads the text of a note. Verify reports those that were changed.
func noteIn(text string) (n models.Note) {
	if json.Unmarshal([]byte(text), &n) != nil {
		return nil
	}
	return n
}

// personIn is the id of the person a path is about, or 0.
func personIn(path string) int64 {
	rest, ok := strings.CutPrefix(path, "people/")
	if !ok {
		return 0
	}
	id, err := strconv.ParseInt(rest, 10, 64)
	if err != nil {
		return 0
	}
	return id
}

func who(l models.LogLeaf, names map[int64]people.Person) string {
	if p, ok := names[l.ActorID]; ok {
		return p.Name
	}
	return access.System.Label()
}
