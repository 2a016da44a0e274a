package binder

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"

	"assay/internal/binder"
	"assay/internal/sheet"
	"assay/models/sample"
)

// Redraw repeats the draw of a sample from the list as it came, as binder.Options asks. What
// somebody picked, or took in full, has no draw; then only the list is checked.
func Redraw(ctx context.Context, of binder.Listed, before *binder.Listed, s binder.Sample) (digest string, picks []binder.SampleItem, err error) {
	l, sealed, err := listOf(ctx, of, sample.Columns{Key: of.KeyColumn, Stratum: s.Stratum, Amount: s.Amount})
	if err != nil {
		return "", nil, err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	items := l.Items()
	if before != nil {
		earlier, was, broken := listOf(ctx, *before, sample.Columns{Key: before.KeyColumn})
		if broken != nil {
			return "", nil, broken
		}
		defer func() { err = errors.Join(err, earlier.Close()) }()
		if was.Digest != before.Digest {
			return "", nil, fmt.Errorf("the list of %s is not the one that was locked", before.Code)
		}
		items = sample.AddedTo(items, earlier.Items(), sample.AddedStratum(of.Version))
	}
	chosen, err := choose(items, sealed, of.Population, s)
	return sealed.Digest, placed(chosen, s), err
}

// listOf reads a list that was locked. Whoever gets it closes it.
func listOf(ctx context.Context, of binder.Listed, c sample.Columns) (*sample.List, sample.Sealed, error) {
	rows, err := sheet.Stream(ctx, of.Rows, of.List.Name, sheet.Large)
	if err != nil {
		return nil, sample.Sealed{}, err
	}
	items, err := sample.Items(rows, c)
	if err != nil {
		return nil, sample.Sealed{}, err
	}
	l, err := sample.ListOf(items)
	if err != nil {
		return nil, sample.Sealed{}, err
	}
	sealed, err := l.Seal(io.Discard)
	if err == nil {
		err = sealed.Faults.Err()
	}
	if err != nil {
		return nil, sealed, errors.Join(err, l.Close())
	}
	return l, sealed, nil
}

// Steps are those of a shell that repeat a draw from the text of its population, where one
// line of ranks is enough.
func Steps(s binder.Sample, text string) (binder.DrawSteps, bool) {
	if s.Method != string(sample.Random) || s.Stratum != "" || s.Since != "" || text == "" || len(s.Items) == 0 {
		return binder.DrawSteps{}, false
	}
	recipe := sample.Recipe{Draw: sample.Draw{Seed: s.Seed}, Text: text, Size: len(s.Items)}
	steps := binder.DrawSteps{Sample: s.Code}
	for _, line := range recipe.Lines() {
		steps.Lines = append(steps.Lines, strings.ReplaceAll(line, "ranks.txt", `"${TMPDIR:-/tmp}/ranks.$$"`))
	}
	steps.Lines = append(steps.Lines, `rm -f "${TMPDIR:-/tmp}/ranks.$$"`)
	for _, i := range s.Items {
		steps.Want += i.Rank + "  " + i.Key + "\n"
	}
	return steps, true
}

// mostAsked keeps a hostile sample from asking for a heap that no machine has.
const mostAsked = 1_000_000

func choose(items iter.Seq2[sample.Item, error], sealed sample.Sealed, p binder.Population, s binder.Sample) ([]sample.Pick, error) {
	draw := sample.Draw{Population: p.Digest, Seed: s.Seed}
	if s.Target < 0 || s.Target > mostAsked || s.Size < 0 || s.Size > mostAsked || s.Decimals < 0 || s.Decimals > 18 {
		return nil, fmt.Errorf("it asks for %d items", s.Target)
	}
	switch sample.Method(s.Method) {
	case sample.Random:
		return draw.Select(items, s.Target, excluded(s)...)
	case sample.Systematic:
		return draw.Systematic(items, sealed.Count, s.Size)
	case sample.Monetary:
		m, err := draw.MonetaryUnit(items, s.Every, s.Decimals)
		return m.Picks, err
	case sample.Full, sample.Judgemental:
		return picked(items, s)
	}
	return nil, fmt.Errorf("nobody knows the method %q", s.Method)
}

// excluded are keys in the order in which they were excluded.
func excluded(s binder.Sample) []string {
	var out []binder.SampleItem
	for _, i := range s.Items {
		if i.Excluded != nil {
			out = append(out, i)
		}
	}
	slices.SortFunc(out, func(a, b binder.SampleItem) int { return a.Excluded.Place - b.Excluded.Place })
	keys := make([]string, len(out))
	for i, item := range out {
		keys[i] = item.Key
	}
	return keys
}

// picked are the listed items as the population has them.
func picked(items iter.Seq2[sample.Item, error], s binder.Sample) ([]sample.Pick, error) {
	listed := map[string]bool{}
	for _, i := range s.Items {
		listed[i.Key] = true
	}
	var out []sample.Pick
	for it, err := range items {
		if err != nil {
			return nil, err
		}
		if listed[it.Key] {
			it.Stratum = ""
			out = append(out, sample.Pick{Item: it})
		}
	}
	return out, nil
}

// placed counts picks within their strata, as samples list them.
func placed(picks []sample.Pick, s binder.Sample) []binder.SampleItem {
	place := map[string]int{}
	out := make([]binder.SampleItem, len(picks))
	for i, p := range picks {
		place[p.Stratum]++
		out[i] = binder.SampleItem{Place: place[p.Stratum], Stratum: p.Stratum, Key: p.Key, RowDigest: p.Digest.String(), Hits: p.Hits}
		if sample.Method(s.Method) == sample.Random {
			out[i].Rank = p.Rank.String()
		}
		if p.Excluded {
			out[i].Excluded = &binder.Exclusion{}
		}
	}
	return out
}
