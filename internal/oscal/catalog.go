package oscal

import (
	"io"

	types "github.com/defenseunicorns/go-oscal/src/types/oscal-1-2-2"

	"assay/models/framework"
)

// Catalog writes the criteria of a framework as a catalog. Texts are our own titles and
// summaries, never those of the publisher.
func Catalog(to io.Writer, h Head, f framework.Framework) error {
	return document(to, "catalog", func(w *writer) {
		meta := h.metadata(f.Name + " " + f.Version)
		meta.Remarks = prose(f.LicenceNote)
		w.member("uuid", h.id("catalog "+f.ID))
		w.member("metadata", meta)
		for _, g := range f.Groups {
			var controls []types.Control
			for _, c := range f.Criteria {
				if c.Group == g.ID {
					controls = append(controls, requirement(c))
				}
			}
			if len(controls) > 0 {
				w.item("groups", types.Group{ID: "group-" + token(g.ID), Title: line(g.Title), Controls: &controls})
			}
		}
	})
}

func requirement(c framework.Criterion) types.Control {
	out := types.Control{ID: token(c.Code), Title: line(c.Title), Props: props([2]string{"code", c.Code}, [2]string{"category", c.Category})}
	var parts []types.Part
	if c.Summary != "" {
		parts = append(parts, types.Part{ID: token(c.Code) + "_smt", Name: "statement", Prose: prose(c.Summary)})
	}
	if c.AuditorFocus != "" {
		parts = append(parts, types.Part{ID: token(c.Code) + "_gdn", Name: "guidance", Prose: prose(c.AuditorFocus)})
	}
	if len(parts) > 0 {
		out.Parts = &parts
	}
	return out
}
