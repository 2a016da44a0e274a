package control

import (
	"fmt"
	"slices"
	"strings"

	"assay/models/framework"
)

// An Expected is one item of evidence that a version asks for.
type Expected struct {
	Version  int    // of the control
	Number   int    // within the version, from 1: its address for ever, for a version never changes
	Words    string // "Account export with time and query"
	Kind     string // what it should be, one of framework.EvidenceKinds, or ""
	How      string // how to get it
	Optional bool
}

// Key names e within its control: "2.1".
func (e Expected) Key() string { return fmt.Sprintf("%d.%d", e.Version, e.Number) }

// Anchor is where e stands on the page of its version.
func (e Expected) Anchor() string { return fmt.Sprintf("expected-%d", e.Number) }

// Expects lists what v asks for. Each line of Evidence says it in words; what an author
// wrote after a bar is its kind, and after another one how to get it:
//
//	Account export with time and query | system_export | Okta, Reports, Current assignments
//
// An item that begins with "(optional)" need not be there.
func (v Version) Expects() []Expected {
	out := make([]Expected, len(v.Evidence))
	for n, line := range v.Evidence {
		out[n] = expected(line)
		out[n].Version, out[n].Number = v.Number, n+1
	}
	return out
}

func expected(line string) Expected {
	words, rest, _ := strings.Cut(line, "|")
	kind, how, _ := strings.Cut(rest, "|")
	e := Expected{Words: strings.TrimSpace(words), Kind: strings.TrimSpace(kind), How: strings.TrimSpace(how)}
	e.Words, e.Optional = strings.CutPrefix(e.Words, "(optional)")
	e.Words = strings.TrimSpace(e.Words)
	if e.How == "" {
		e.How = howTo[e.Kind]
	}
	return e
}

// checkExpected says which line cannot be read, or nothing.
func checkExpected(lines []string) string {
	for _, line := range lines {
		e := expected(line)
		if e.Words == "" {
			return fmt.Sprintf("Say in words what is expected: %q.", line)
		}
		known := slices.ContainsFunc(framework.EvidenceKinds(), func(k framework.EvidenceKind) bool { return k.ID == e.Kind })
		if e.Kind != "" && !known {
			return fmt.Sprintf("There is no kind %q. What stands after the first bar is a kind such as system_export, ticket or screenshot.", e.Kind)
		}
	}
	return ""
}

// howTo says how evidence of a kind is taken, where the author said nothing closer.
var howTo = map[string]string{
	"system_pull":        "A connector collects it.",
	"observed_export":    "Export it while an independent person watches, and name them.",
	"system_export":      "Export it from the system itself, with the query, its parameters and the time in the file.",
	"signed_record":      "Take the document with who approved it and when.",
	"screenshot":         "Have the system's name, the clock, the user and the content in one picture.",
	"ticket":             "Export the work item with its history, not only its title.",
	"log_extract":        "Take the part of the log for the period, with its source and time range.",
	"attestation":        "Write who states what about which days, where no system can show it.",
	"report_third_party": "Take the whole report as the outside party sent it.",
	"population":         "Export the full list of the period, with a count to compare with the source.",
	"verification_event": "Take the signed result as the check wrote it.",
}
