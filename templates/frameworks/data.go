// Package frameworks is how frameworks and their criteria look, and which controls
// help to meet them.
package frameworks

import (
	"fmt"

	"assay/models/control"
	"assay/models/framework"
	"assay/templates/controls"
)

// Summary is one framework in the list of them.
type Summary struct {
	framework.Framework
	Covered int // criteria with a control in effect
}

// PageData is the page of one framework.
type PageData struct {
	Framework framework.Framework
	Covers    map[string]control.Cover
	InScope   func(framework.Criterion) bool
}

// uncovered are the criteria in scope without a control in effect.
func (d PageData) uncovered() []framework.Criterion {
	var out []framework.Criterion
	for _, c := range d.Framework.Criteria {
		if d.InScope(c) && d.Covers[c.Code].Effective == 0 {
			out = append(out, c)
		}
	}
	return out
}

func count(n int) string {
	if n == 1 {
		return "1 control"
	}
	return fmt.Sprintf("%d controls", n)
}

// CriterionData is the page of one criterion.
type CriterionData struct {
	Framework framework.Framework
	Criterion framework.Criterion
	Rows      []controls.Row
	Crosswalk []Crossing
	InScope   bool
}

// Crossing is what controls of this criterion do for another framework.
type Crossing struct {
	Name     string
	Criteria []control.Crossing
}

func (d CriterionData) covered() bool {
	for _, r := range d.Rows {
		if r.Status == control.Effective {
			return true
		}
	}
	return false
}

func href(r framework.Ref) string { return controls.CriterionHref(r) }

func titleOf(r framework.Ref) string {
	c, _ := framework.CriterionOf(r.Framework, r.Code)
	return c.Title
}
