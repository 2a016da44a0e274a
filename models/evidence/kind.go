package evidence

import (
	"slices"
	"strings"

	"assay/models/framework"
)

// A Kind says what an item is: an export, a screenshot, a ticket.
type Kind struct {
	ID, Label, Description string
}

// onlyAutomatic is what a connector says of what it pulled itself. No person can.
const onlyAutomatic = "system_pull"

// Kinds lists the kinds a person can choose, the most reliable first.
func Kinds() []Kind {
	var kinds []Kind
	list := slices.Clone(framework.EvidenceKinds())
	slices.SortStableFunc(list, func(a, b framework.EvidenceKind) int { return a.Reliability - b.Reliability })
	for _, k := range list {
		if k.ID != onlyAutomatic {
			kinds = append(kinds, Kind{k.ID, KindLabel(k.ID), k.Description})
		}
	}
	return kinds
}

// KindLabel is a kind's id in words: "system_export" gives "System export".
func KindLabel(id string) string {
	switch id {
	case "":
		return ""
	case "report_third_party":
		return "Third-party report"
	}
	return strings.ToUpper(id[:1]) + strings.ReplaceAll(id[1:], "_", " ")
}

func knownKind(id string) bool {
	return slices.ContainsFunc(Kinds(), func(k Kind) bool { return k.ID == id })
}
