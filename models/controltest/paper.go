package controltest

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"assay/models"
	"assay/models/engagement"
	"assay/models/evidence"
	"assay/models/population"
	"assay/models/sample"
)

// A Paper is a test with all that belongs to it: what its page shows and what its rules
// look at.
type Paper struct {
	Test
	Engagement engagement.Engagement
	Segment    Segment
	Rounds     []Round // the first to the present
	Draws      []Draw  // those drawn again too
	Rows       []Row
	Proofs     []LinkedProof
	Notes      []Note         // those that the actor may read
	Excepted   map[At]int64   // the finding that was raised from a cell
	Omitted    map[Gone]int64 // and from a row that a population lacked
	Dismissed  time.Time      // when an exception from it was dismissed last
	Earlier    []Earlier      // draws that were made again, with what was found in them
}

// Gone is a row that a population lacked, by the version that has it.
type Gone struct {
	PopulationID int64
	Key          string
}

// At is a cell within a test. The design has no item and no letter.
type At struct {
	ItemID int64
	Letter string
}

// A Draw is a linked sample, with what a page says of it and of its population.
type Draw struct {
	Link
	Method      sample.Method
	Seed        string
	Size        int
	SinceID     *int64 // only what this version lacked was selected from
	Name        string // of the population
	System      string
	RowCount    int64
	SourceCount int64
	Columns     models.List[string]
}

// A Row is an item of the sample, or all of it at once.
type Row struct {
	ItemID   int64 // 0: a configuration, below: the WholeItem of a draw
	SampleID int64
	Place    int
	Stratum  string
	Key      string `gorm:"column:item_key"`
	Cells    models.List[string]
	Class    population.Class // of an excluded item, which stays listed
	Reason   string
	Results  map[string]Result `gorm:"-"` // by letter
}

// Excluded reports that the item does not count.
func (r Row) Excluded() bool { return r.Class != "" }

// Deviates lists the attributes that the item failed.
func (r Row) Deviates() (letters []string) {
	for letter, x := range r.Results {
		if x.Result == Deviation {
			letters = append(letters, letter)
		}
	}
	slices.Sort(letters)
	return letters
}

// A LinkedProof is linked evidence with what became of it since.
type LinkedProof struct {
	Proof
	Superseded bool
	Withdrawn  bool
	ReplacedBy int64 // the item that took its place, or 0
	ShownFile  int64 // the first file that is there and not sealed, or 0
}

// ByCode finds a test of an engagement by its human id, such as T-3.
func ByCode(ctx context.Context, tx *models.Tx, engagement int64, code string) (Test, error) {
	digits, ok := strings.CutPrefix(code, "T-")
	id, err := strconv.ParseInt(digits, 10, 64)
	if !ok || err != nil || digits != strconv.FormatInt(id, 10) {
		return Test{}, models.NotFound("Test")
	}
	t, err := models.Rows[Test](tx).Where("control_tests.id = ? AND control_tests.engagement_id = ?", id, engagement).Take(ctx)
	return models.One(t, err, "Test")
}

// ByID finds a test that the actor may see.
func ByID(ctx context.Context, tx *models.Tx, id int64) (Test, error) {
	t, err := models.Rows[Test](tx).Where("control_tests.id = ?", id).Take(ctx)
	return models.One(t, err, "Test")
}

// Load reads all that belongs to a test of e. What else its page needs is read with it.
func Load(ctx context.Context, tx *models.Tx, e engagement.Engagement, t Test, beside ...models.Reading) (Paper, error) {
	papers, err := load(ctx, tx, e, []Test{t}, nil, beside...)
	if err != nil {
		return Paper{}, err
	}
	return papers[0], nil
}

// load reads many tests of e in as many queries as one: what is short in one, then items
// and results. If items are named, it reads the rows of these only.
func load(ctx context.Context, tx *models.Tx, e engagement.Engagement, tests []Test, items []int64, beside ...models.Reading) ([]Paper, error) {
	papers := make([]Paper, len(tests))
	at := map[int64]*Paper{}
	var ids, controls []int64
	sampled := false
	for i, t := range tests {
		papers[i] = Paper{Test: t, Engagement: e}
		at[t.ID] = &papers[i]
		ids, controls, sampled = append(ids, t.ID), append(controls, t.ControlID), sampled || t.SampledAt != nil
	}
	var short parts
	if err := models.Together(ctx, tx, append(short.readings(tx, e, ids, controls, sampled), beside...)...); err != nil {
		return nil, err
	}
	short.share(e, at)
	if sampled { // before the selection there are no items and no results
		if err := readRows(ctx, tx, ids, items, at); err != nil {
			return nil, err
		}
		if err := readResults(ctx, tx, ids, items, at); err != nil {
			return nil, err
		}
	}
	short.except(at)
	return papers, nil
}

// parts are the short lists of papers.
type parts struct {
	phases   []phase
	rounds   []Round
	proofs   []proofRow
	notes    []Note
	draws    []Draw
	excepted []exceptedRow
	earlier  []earlierRow
}

type proofRow struct {
	Proof
	Status     string
	ReplacedBy int64
	ShownFile  int64
}

type exceptedRow struct {
	TestID, FindingID int64
	At
	PopulationID int64
	ItemKey      string
	EndedAt      *time.Time
}

func (x *parts) readings(tx *models.Tx, e engagement.Engagement, ids, controls []int64, sampled bool) []models.Reading {
	all := []models.Reading{
		models.Into(phases(tx, e, controls), &x.phases),
		models.Into(models.Rows[Round](tx).Where("test_rounds.test_id IN ?", ids).Order("test_id, number"), &x.rounds),
		models.RawInto(&x.proofs, "test_id, id", `SELECT l.id, l.rev, l.test_id, l.engagement_id, l.slug, l.purpose, l.item_id, l.letters, l.evidence_id, l.title, l.files,
			l.auditor_id, l.entered_by, l.linked_at, e.status,
			COALESCE((SELECT max(n.id) FROM evidence n WHERE n.supersedes_id = e.id AND n.status IN ('accepted', 'superseded')), 0) AS replaced_by,
			COALESCE((SELECT min(f.id) FROM evidence_files f WHERE f.evidence_id = e.id AND f.removal_id IS NULL AND NOT `+evidence.SealedBytes+`), 0) AS shown_file
			FROM test_evidence l JOIN evidence e ON e.id = l.evidence_id WHERE l.test_id IN ?`, ids),
		models.Into(models.Rows[Note](tx).Where("test_notes.test_id IN ?", ids).Order("test_id, id"), &x.notes),
		models.RawInto(&x.excepted, "id", `SELECT id, test_id, finding_id, item_id, letter, COALESCE(population_id, 0) AS population_id, item_key, ended_at
			FROM finding_cells WHERE engagement_id = ? AND test_id IN ?`, e.ID, ids),
	}
	if sampled {
		all = append(all, models.RawInto(&x.draws, "test_id, id", `SELECT l.id, l.rev, l.test_id, l.engagement_id, l.slug, l.sample_id, l.population_id, l.digest, l.whole_item, l.ended_at,
			l.auditor_id, l.entered_by, l.linked_at, s.method, s.seed, s.size, s.since_id, p.name, p.system, p.row_count, p.source_count, p.columns
			FROM test_samples l JOIN samples s ON s.id = l.sample_id JOIN populations p ON p.id = l.population_id WHERE l.test_id IN ?`, ids), readEarlier(ids, &x.earlier))
	}
	return all
}

// share gives each paper what is its own.
func (x *parts) share(e engagement.Engagement, at map[int64]*Paper) {
	segments := segmentsOf(x.phases, e)
	for _, p := range at {
		p.Segment, _ = segmentAt(segments[p.ControlID], p.FirstVersion)
	}
	for _, r := range x.rounds {
		at[r.TestID].Rounds = append(at[r.TestID].Rounds, r)
	}
	for _, r := range x.proofs {
		at[r.TestID].Proofs = append(at[r.TestID].Proofs, LinkedProof{
			Proof: r.Proof, Superseded: r.Status == "superseded", Withdrawn: r.Status == "withdrawn", ReplacedBy: r.ReplacedBy, ShownFile: r.ShownFile,
		})
	}
	for _, n := range x.notes {
		at[n.TestID].Notes = append(at[n.TestID].Notes, n)
	}
	for _, d := range x.draws {
		at[d.TestID].Draws = append(at[d.TestID].Draws, d)
	}
	for _, r := range x.earlier {
		at[r.TestID].Earlier = append(at[r.TestID].Earlier, r.Earlier)
	}
}

// except says which findings stand on cells and on omitted rows, if there can be any.
func (x *parts) except(at map[int64]*Paper) {
	for _, r := range x.excepted {
		p := at[r.TestID]
		switch can := p.Design == Inadequate || p.PopulationID != nil || slices.ContainsFunc(p.Rows, func(r Row) bool { return len(r.Deviates()) > 0 }); {
		case can && r.EndedAt != nil:
			p.Dismissed = latest(&p.Dismissed, r.EndedAt)
		case can:
			p.except(r.FindingID, r.At, Gone{r.PopulationID, r.ItemKey})
		}
	}
}

func (p *Paper) except(finding int64, cell At, row Gone) {
	if p.Excepted == nil {
		p.Excepted, p.Omitted = map[At]int64{}, map[Gone]int64{}
	}
	if row.PopulationID != 0 {
		p.Omitted[row] = finding
	} else {
		p.Excepted[cell] = finding
	}
}

func readRows(ctx context.Context, tx *models.Tx, ids, items []int64, at map[int64]*Paper) error {
	type row struct {
		TestID int64
		Row
	}
	only, args := "", []any{ids}
	if items != nil {
		only, args = " AND i.id IN ?", append(args, items)
	}
	list, err := models.Raw[row](ctx, tx, `SELECT l.test_id, i.id AS item_id, i.sample_id, i.place, i.stratum, i.item_key, i.cells,
			COALESCE(x.class, '') AS class, COALESCE(x.reason, '') AS reason
		FROM test_samples l JOIN sample_items i ON i.sample_id = l.sample_id LEFT JOIN sample_exclusions x ON x.item_id = i.id
		WHERE l.test_id IN ? AND l.ended_at IS NULL`+only+` ORDER BY l.test_id, l.id, i.stratum, i.place`, args...)
	for _, r := range list {
		at[r.TestID].Rows = append(at[r.TestID].Rows, r.Row)
	}
	for _, p := range at {
		p.Rows = append(p.whole(), p.Rows...)
		for i := range p.Rows {
			p.Rows[i].Results = map[string]Result{}
		}
	}
	return err
}

// whole are the rows of what is looked at all at once: a configuration, or full populations.
func (p *Paper) whole() (rows []Row) {
	live := p.Live()
	if len(live) == 0 && p.Automated && p.SampledAt != nil {
		return []Row{{Key: p.Configuration}}
	}
	for _, d := range live {
		if d.Method == sample.Full {
			rows = append(rows, Row{ItemID: d.WholeItem, SampleID: d.SampleID, Key: p.wholeKey(d)})
		}
	}
	return rows
}

// wholeKey names all of a full population, and when they share their results only that it is
// one.
func (p *Paper) wholeKey(d Draw) string {
	switch {
	case p.Automated:
		return p.Configuration
	case d.WholeItem == 0:
		return "Full population"
	}
	return WholeOf(d.PopulationID)
}

// WholeOf names all of a population.
func WholeOf(population int64) string { return fmt.Sprintf("Full population of P-%d", population) }

// RestsOn reports that the test took one of these populations, or a sample of it.
func (p *Paper) RestsOn(populations ...int64) bool {
	if p.PopulationID != nil && slices.Contains(populations, *p.PopulationID) {
		return true
	}
	return slices.ContainsFunc(p.Draws, func(d Draw) bool { return slices.Contains(populations, d.PopulationID) })
}

// Resting are the tests of an engagement that rest on one of two populations.
func Resting(ctx context.Context, tx *models.Tx, engagement, one, two int64) ([]Test, error) {
	return models.Rows[Test](tx).Where(`control_tests.engagement_id = ? AND (control_tests.population_id IN ? OR control_tests.id IN (
		SELECT l.test_id FROM test_samples l WHERE l.population_id IN ?))`, engagement, []int64{one, two}, []int64{one, two}).Order("control_tests.id").Limit(50).Find(ctx)
}

// Live are the draws that count: those that were not drawn again.
func (p *Paper) Live() (out []Draw) {
	for _, d := range p.Draws {
		if d.EndedAt == nil {
			out = append(out, d)
		}
	}
	return out
}

func readResults(ctx context.Context, tx *models.Tx, ids, items []int64, at map[int64]*Paper) error {
	q := models.Rows[Result](tx).Where("test_results.test_id IN ?", ids)
	if items != nil {
		q = q.Where("test_results.item_id IN ?", items)
	}
	list, err := q.Order("test_id, item_id, letter, round").Find(ctx)
	for _, r := range list {
		at[r.TestID].put(r)
	}
	return err
}

// put places a result in its row. The latest round says what counts.
func (p *Paper) put(r Result) {
	i := p.index(r.ItemID)
	if i >= 0 {
		p.Rows[i].Results[r.Letter] = r
	}
}

func (p *Paper) index(item int64) int {
	return slices.IndexFunc(p.Rows, func(r Row) bool { return r.ItemID == item })
}

// Now is the present round.
func (p *Paper) Now() *Round { return &p.Rounds[len(p.Rounds)-1] }

// ProofsOf is the evidence linked for an item, or for the walkthrough.
func (p *Paper) ProofsOf(purpose Purpose, item int64) (out []LinkedProof) {
	for _, x := range p.Proofs {
		if x.Purpose == purpose && x.ItemID == item {
			out = append(out, x)
		}
	}
	return out
}

// NotesOf are the notes about a cell, an item (no letter), or the test (neither).
func (p *Paper) NotesOf(item int64, letter string) (out []Note) {
	for _, n := range p.Notes {
		if n.ItemID == item && n.Letter == letter {
			out = append(out, n)
		}
	}
	return out
}

// A Tally counts what was found so far.
type Tally struct {
	Items      int // that count
	Done       int // of these, with a result for every attribute
	Deviating  int // of these, with at least one deviation
	Deviations map[string]int
	Passes     int
	Missing    int // deviations because there is no evidence
}

// Tally counts the rows that count.
func (p *Paper) Tally() Tally {
	t := Tally{Deviations: map[string]int{}}
	for _, r := range p.Rows {
		if r.Excluded() {
			continue
		}
		t.Items++
		marked := 0
		for _, a := range p.Attributes {
			x := r.Results[a.Letter]
			switch x.Result {
			case "":
				continue
			case Pass:
				t.Passes++
			case Deviation:
				t.Deviations[a.Letter]++
				if x.Missing {
					t.Missing++
				}
			case NotApplicable:
			}
			marked++
		}
		if marked == len(p.Attributes) && marked > 0 {
			t.Done++
		}
		if len(r.Deviates()) > 0 {
			t.Deviating++
		}
	}
	return t
}

// Hands are everybody whose name the test shows.
func (p *Paper) Hands() []int64 {
	ids := []int64{p.AuditorID, p.EnteredBy}
	add := func(more ...*int64) {
		for _, id := range more {
			if id != nil {
				ids = append(ids, *id)
			}
		}
	}
	for _, r := range p.Rounds {
		ids = append(ids, r.AuditorID, r.EnteredBy)
		add(r.DesignedBy, r.DesignedEntry, r.ConcludedBy, r.ConcludedEntry, r.ReviewedBy, r.ReviewedEntry)
	}
	for _, row := range p.Rows {
		for _, x := range row.Results {
			ids = append(ids, x.AuditorID, x.EnteredBy)
		}
	}
	for _, n := range p.Notes {
		ids = append(ids, n.AuditorID, n.EnteredBy)
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}
