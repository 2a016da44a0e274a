package oscal

import (
	"io"
	"iter"
	"strconv"

	types "github.com/defenseunicorns/go-oscal/src/types/oscal-1-2-2"

	"assay/models/control"
	"assay/models/framework"
)

// Components writes controls as a component definition: each control is a component, a
// process, that implements the criteria it is mapped to.
func Components(to io.Writer, h Head, controls iter.Seq2[control.Described, error]) error {
	return document(to, "component-definition", func(w *writer) {
		w.member("uuid", h.id("component-definition "+h.version()))
		w.member("metadata", h.metadata("Controls of "+h.Company))
		used := map[string]bool{}
		for c, err := range controls {
			if err != nil {
				w.err = err
				return
			}
			w.item("components", component(h, c, used))
		}
		w.end()
		if sources := sources(h, used); len(sources) > 0 {
			w.member("back-matter", types.BackMatter{Resources: &sources})
		}
	})
}

func component(h Head, c control.Described, used map[string]bool) types.DefinedComponent {
	v := c.Version
	out := types.DefinedComponent{
		UUID: h.id(c.Path()), Type: "process-procedure", Title: line(v.Title), Description: prose(v.Statement),
		Props: props(
			[2]string{"control-id", c.Code}, [2]string{"version", strconv.Itoa(v.Number)}, [2]string{"state", string(v.Status)},
			[2]string{"effective-from", string(v.EffectiveFrom)}, [2]string{"category", v.Category}, [2]string{"type", v.Kind},
			[2]string{"nature", v.Nature}, [2]string{"frequency", v.Frequency}, [2]string{"owner-function", v.OwnerFunction},
			[2]string{"concerns-ai", map[bool]string{true: "yes", false: "no"}[v.AI]},
		),
	}
	var sets []types.ControlImplementationSet
	for _, f := range framework.All() {
		if set, ok := implemented(h, c, f); ok {
			sets, used[f.ID] = append(sets, set), true
		}
	}
	if len(sets) > 0 {
		out.ControlImplementations = &sets
	}
	return out
}

// implemented is what c does for the criteria of f. ok is false when that is nothing.
func implemented(h Head, c control.Described, f framework.Framework) (set types.ControlImplementationSet, ok bool) {
	for _, ref := range c.Version.Criteria {
		if ref.Framework != f.ID {
			continue
		}
		set.ImplementedRequirements = append(set.ImplementedRequirements, types.ImplementedRequirementControlImplementation{
			UUID: h.id(c.Path() + " " + f.ID + " " + ref.Code), ControlId: token(ref.Code), Description: line(c.Code + ": " + c.Version.Title),
			Props: props([2]string{"code", ref.Code}),
		})
	}
	set.UUID, set.Source = h.id(c.Path()+" "+f.ID), "#"+h.id("catalog "+f.ID)
	set.Description = line("Criteria of " + f.Name + " that " + c.Code + " helps to meet.")
	return set, len(set.ImplementedRequirements) > 0
}

func sources(h Head, used map[string]bool) []types.Resource {
	var out []types.Resource
	for _, f := range framework.All() {
		if used[f.ID] {
			out = append(out, types.Resource{
				UUID: h.id("catalog " + f.ID), Title: line(f.Name + " " + f.Version), Description: prose(f.LicenceNote),
				Citation: &types.Citation{Text: line(f.Publisher + ", " + f.Name + ", " + f.Version)},
				Rlinks:   &[]types.ResourceLink{{Href: f.ID + ".oscal.json", MediaType: MediaType}},
			})
		}
	}
	return out
}
