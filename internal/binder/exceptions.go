package binder

import "fmt"

// A cell is one item and one attribute of a test; neither is the design.
type cell struct{ item, letter string }

// deviations are the cells of a test whose last result is a deviation, and the design if it
// is inadequate.
func deviations(t Test) map[cell]bool {
	out := map[cell]bool{}
	rounds := map[cell]int{}
	for _, r := range t.Results {
		c := cell{r.Item, r.Letter}
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
	for _, f := range v.findings {
		for _, c := range f.Cells {
			if c.EndedAt == nil && !v.tests[f.Test][cell{c.Item, c.Letter}] {
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

// ResponseText is exactly what the author of a response signed.
func ResponseText(code string, r Response) string {
	return fmt.Sprintf("assay-response/1\n%s\ncycle %d\nversion %d\nauthor %d\n%s\n\n%s\n", code, r.Cycle, r.Version, r.Person.ID, r.Position, r.Text)
}
