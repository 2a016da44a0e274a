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

// attestation is a person's word, dated by nothing else.
const attestation = "attestation"

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

// instants are the kinds that show one moment: whatever was before and after it, they do
// not tell.
var instants = []string{"screenshot", attestation, "verification_event"}

// records are the kinds that can show on their own that a control acted, again and again,
// in the days that they cover. The table evidence holds the same list in a CHECK.
var records = []string{onlyAutomatic, "observed_export", "system_export", "log_extract", "population", "report_third_party"}

// OneInstant reports whether evidence of a kind shows one moment, so that it covers one
// day and no range.
func OneInstant(kind string) bool { return slices.Contains(instants, kind) }

// Instants lists the kinds of which OneInstant is true.
func Instants() []string { return slices.Clone(instants) }

// Record reports whether evidence of a kind can go without a day on which the control
// acted: an export or a log shows that it acted in each window that it covers whole.
func Record(kind string) bool { return slices.Contains(records, kind) }

func knownKind(id string) bool {
	return slices.ContainsFunc(Kinds(), func(k Kind) bool { return k.ID == id })
}
