package controltest

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"assay/models"
)

// An Earlier is a sample that was drawn again, in which deviations had been found. They are
// no part of the count any more, and never silent: a redraw could otherwise make them go.
type Earlier struct {
	SampleID   int64
	DrawnAt    time.Time
	Reason     string // why it was drawn again
	Deviations int
}

// Words is what the report says of it.
func (e Earlier) Words() string {
	return fmt.Sprintf("An earlier sample (S-%d, drawn %s, replaced because: %s) had %s", e.SampleID, models.DateOf(e.DrawnAt, time.UTC), strings.TrimRight(e.Reason, ". "), models.Plural(e.Deviations, "deviation"))
}

type earlierRow struct {
	TestID int64
	Earlier
}

// readEarlier reads what was found in draws that were made again. An item that was excluded
// was no item of the population, or the same one twice. A draw from a population that gave
// its place to a next version was replaced for what that version says of itself, and so was
// one of what the version lacked.
func readEarlier(tests []int64, into *[]earlierRow) models.Reading {
	return models.RawInto(into, "test_id, sample_id", `SELECT l.test_id, l.sample_id, s.drawn_at, COALESCE(n.reason, v.change_note, o.change_note, '') AS reason, count(*) AS deviations
		FROM test_samples l JOIN samples s ON s.id = l.sample_id LEFT JOIN samples n ON n.redraws_id = s.id LEFT JOIN populations v ON v.replaces_id = s.population_id
		LEFT JOIN populations o ON o.id = s.population_id AND s.since_id IS NOT NULL
		JOIN test_results r ON r.test_id = l.test_id
		WHERE l.test_id IN ? AND l.ended_at IS NOT NULL AND r.result = 'deviation'
		AND (r.item_id IN (SELECT i.id FROM sample_items i WHERE i.sample_id = s.id) OR r.item_id < 0 AND r.item_id = l.whole_item OR r.item_id = 0 AND l.id = (`+lastFull+`))
		AND NOT EXISTS (SELECT 1 FROM test_results x WHERE x.test_id = r.test_id AND x.item_id = r.item_id AND x.letter = r.letter AND x.round > r.round)
		AND NOT EXISTS (SELECT 1 FROM sample_exclusions x WHERE x.item_id = r.item_id)
		GROUP BY l.test_id, l.sample_id, s.drawn_at, n.reason, v.change_note, o.change_note`, tests)
}

// lastFull is the full population that a test took last when the results of all of them had
// one place, unless it still has it.
const lastFull = `SELECT max(f.id) FROM test_samples f JOIN samples w ON w.id = f.sample_id AND w.method = 'full'
	WHERE f.test_id = l.test_id AND f.whole_item = 0 HAVING count(f.ended_at) = count(*)`

// earlierWords follow the conclusion.
func (p *Paper) earlierWords() string {
	var b strings.Builder
	for _, e := range p.Earlier {
		b.WriteString(". " + e.Words())
	}
	return b.String()
}

// fromEarlier are the findings that stand on cells of draws that were made again.
func (p *Paper) fromEarlier() (codes []string) {
	for cell, id := range p.Excepted {
		if code := fmt.Sprintf("F-%03d", id); cell.Letter != "" && p.index(cell.ItemID) < 0 && !slices.Contains(codes, code) {
			codes = append(codes, code)
		}
	}
	slices.Sort(codes)
	return codes
}
