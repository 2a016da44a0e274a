package occurrence

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"assay/internal/tlog"
	"assay/models"
)

// line is t without the list it is of, in one line of text.
func (t Trigger) line() string {
	return lineOf(t.Key, t.At, t.Day, t.Deadline, t.DoneAt, t.Note)
}

func (s signalRow) line() string { return lineOf(s.Line, s.FromAt, s.ToAt, s.Pass, s.CollectedAt) }

// lineOf is JSON with instants as leaves have them, to the microsecond that both databases
// keep.
func lineOf(values ...any) string {
	for i, v := range values {
		switch v := v.(type) {
		case time.Time:
			values[i] = tlog.Instant(v)
		case *time.Time:
			values[i] = nil
			if v != nil {
				values[i] = tlog.Instant(*v)
			}
		}
	}
	text, err := json.Marshal(values)
	if err != nil {
		panic(err) // words, numbers and truth values always can be
	}
	return string(text)
}

func linesOf[T interface{ line() string }](rows []T) []string {
	lines := make([]string, len(rows))
	for i, row := range rows {
		lines[i] = row.line()
	}
	return lines
}

// digestLines is the SHA-256 over the lines in the order of their bytes, each with its line
// feed. The databases do not agree on an order of keys.
func digestLines(lines []string) string {
	slices.Sort(lines)
	h := sha256.New()
	for _, line := range lines {
		h.Write([]byte(line))
		h.Write([]byte{'\n'})
	}
	return hex.EncodeToString(h.Sum(nil))
}

// LinesTable holds the lines that were read from lists against the digest that each list
// was logged with.
func LinesTable() models.DerivedTable {
	return models.DerivedTable{Name: "trigger_events, signal_intervals", Check: checkLines}
}

func checkLines(ctx context.Context, tx *models.Tx, problem func(string)) error {
	for after := int64(0); ; {
		lists, err := models.UnscopedRows[List](tx).Where("id > ?", after).Order("id").Limit(200).Find(ctx)
		if err != nil || len(lists) == 0 {
			return err
		}
		for _, l := range lists {
			lines, err := storedLines(ctx, tx, l.ID)
			if err != nil {
				return err
			}
			if n := len(lines); n != l.Lines || digestLines(lines) != l.LinesDigest {
				problem(fmt.Sprintf("the lines of list %d (%s, %s, %s to %s) were changed: %d are there, %d were read from its file", l.ID, l.Path(), l.Name, l.CoversFrom, l.CoversTo, n, l.Lines))
			}
		}
		after = lists[len(lists)-1].ID
	}
}

// storedLines is every line of a list, of either kind: what a list of the other kind holds
// is wrong as well.
func storedLines(ctx context.Context, tx *models.Tx, list int64) ([]string, error) {
	triggers, err := models.UnscopedRows[Trigger](tx).Where("list_id = ?", list).Find(ctx)
	if err != nil {
		return nil, err
	}
	signals, err := models.UnscopedRows[signalRow](tx).Where("list_id = ?", list).Find(ctx)
	return append(linesOf(triggers), linesOf(signals)...), err
}
