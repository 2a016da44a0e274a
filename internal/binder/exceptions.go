package binder

import (
	"bufio"
	"fmt"
	"slices"
	"strings"
)

// A cell is one item of a sample and one attribute of a test; none of them is the design.
type cell struct{ sample, item, letter string }

// deviations are the cells of a test whose last result is a deviation, and the design if it
// is inadequate.
func deviations(t Test) map[cell]bool {
	out := map[cell]bool{}
	rounds := map[cell]int{}
	for _, r := range t.Results {
		c := cell{r.Sample, r.Item, r.Letter}
		if r.Round >= rounds[c] {
			rounds[c], out[c] = r.Round, r.Result == "deviation"
		}
	}
	out[cell{}] = t.Design == "inadequate"
	return out
}

// exceptions holds what is said about exceptions against what it rests on: each stands on a
// deviation of its test, and each signed response is the text that was signed.
func (v *verifier) exceptions() {
	v.carriedOver()
	v.gone, v.listedIn = map[string]bool{}, map[string]map[string]bool{}
	for _, f := range v.findings {
		for _, c := range f.Cells {
			if c.Omitted != "" {
				v.gone[c.Item] = true
			}
		}
	}
	for _, f := range v.findings {
		for _, c := range f.Cells {
			if c.Omitted != "" {
				if err := v.omitted(c); err != nil {
					v.problem("%s was raised from the omission of %s: %v", clip(f.Code), clip(c.Item), err)
				}
				continue
			}
			if c.EndedAt == nil && !v.tests[f.Test][cell{c.Sample, c.Item, c.Letter}] {
				v.problem("%s was raised from %s %s of %s, which is no deviation there", clip(f.Code), clip(c.Item), clip(c.Letter), clip(f.Test))
			}
		}
		for _, r := range f.Responses {
			if r.Status == "signed" && digestOf([]byte(ResponseText(f.Code, r))) != r.SHA256 {
				v.problem("version %d of the response to %s is not the text that was signed", r.Version, clip(f.Code))
			}
		}
	}
}

// carriedOver holds that what was carried over is no finding of this engagement.
func (v *verifier) carriedOver() {
	for _, f := range v.findings {
		if slices.Contains(v.carried, f.Code) {
			v.problem("%s was carried over from an earlier period, and is listed as a finding of this one", clip(f.Code))
		}
	}
}

// omitted looks whether a population lists an item that the version before lacked.
func (v *verifier) omitted(c Cell) error {
	p, ok := v.populations[c.Omitted]
	before, known := v.populations[p.Replaces]
	if !ok || !known {
		return fmt.Errorf("%s, or the version before it, is not here", clip(c.Omitted))
	}
	has, err := v.lists(p)
	if err != nil {
		return err
	}
	had, err := v.lists(before)
	switch {
	case err != nil:
		return err
	case !has[c.Item]:
		return fmt.Errorf("%s does not list it", clip(p.Code))
	case had[c.Item]:
		return fmt.Errorf("%s lists it too", clip(before.Code))
	}
	return nil
}

// lists are those of all the omitted items that the text of p lists. Each text is read once,
// however many items are said to be omitted.
func (v *verifier) lists(p Population) (map[string]bool, error) {
	if found, done := v.listedIn[p.Code]; done {
		return found, nil
	}
	f := v.byPath[p.Text.Path]
	if f == nil {
		return nil, fmt.Errorf("the text of %s is missing", clip(p.Code))
	}
	r, err := f.Open()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	found := map[string]bool{}
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		if _, item, ok := strings.Cut(lines.Text(), "  "); ok && v.gone[item] {
			found[item] = true
		}
	}
	v.listedIn[p.Code] = found
	return found, lines.Err()
}

// ResponseText is exactly what the author of a response signed.
func ResponseText(code string, r Response) string {
	return fmt.Sprintf("assay-response/1\n%s\ncycle %d\nversion %d\nauthor %d\n%s\n\n%s\n", code, r.Cycle, r.Version, r.Person.ID, r.Position, r.Text)
}
