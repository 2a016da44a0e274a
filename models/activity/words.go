package activity

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"assay/models"
	"assay/models/people"
)

// phrases says every verb of the log in words; %s is the record. A test reads the
// source for verbs and fails when one has no phrase here.
var phrases = map[string]string{
	"page.view":       "looked at %s",
	"file.download":   "downloaded from %s",
	"export.download": "exported %s",

	"session.start":  "signed in",
	"session.end":    "signed out",
	"session.revoke": "ended a session of %s",
	"person.invite":  "invited %s",
	"person.rename":  "renamed %s",

	"control.take_up":    "took %s from the catalog into use",
	"control.create":     "wrote %s",
	"evidence.store":     "stored the files of %s",
	"evidence.file":      "added a file to %s",
	"evidence.submit":    "submitted %s for review",
	"evidence.accept":    "accepted %s",
	"evidence.return":    "returned %s",
	"evidence.amend":     "corrected %s",
	"evidence.supersede": "marked %s as superseded",
	"evidence.withdraw":  "withdrew %s",

	"engagement.create":         "set up the engagement %s",
	"engagement.change":         "changed the engagement %s",
	"engagement.plan":           "moved %s to planning",
	"engagement.start":          "started the fieldwork of %s",
	"engagement.report":         "moved %s to reporting",
	"engagement.issue":          "marked the report of %s as issued",
	"engagement.archive":        "archived %s",
	"engagement.cancel":         "cancelled %s",
	"engagement.add_auditor":    "gave an auditor access to %s",
	"engagement.remove_auditor": "took an auditor's access to %s away",
	"auditor.grant":             "gave %s access to an engagement",
	"auditor.revoke":            "took the access of %s to an engagement away",
}

// Phrase is how verb is said, and whether it can be. %s stands for the record.
func Phrase(verb string) (string, bool) {
	p, ok := phrases[verb]
	return p, ok
}

// Groups lists the nouns of the verbs, for a filter.
func Groups() []string {
	seen := map[string]bool{}
	for verb := range phrases {
		seen[noun(verb)] = true
	}
	return slices.Sorted(maps.Keys(seen))
}

func verbsOf(group string) []string {
	out := []string{""} // never empty, since IN () is no SQL
	for verb := range phrases {
		if noun(verb) == group {
			out = append(out, verb)
		}
	}
	slices.Sort(out)
	return out
}

func noun(verb string) string {
	n, _, _ := strings.Cut(verb, ".")
	return n
}

// sentence is what follows the name. A verb of a newer build is shown as it is.
func sentence(l models.LogLeaf, names map[int64]people.Person) string {
	label := labelOf(l.About)
	if p, ok := names[personIn(l.About)]; ok {
		label = p.Name
	}
	p, ok := phrases[l.Verb]
	switch {
	case !ok:
		return strings.TrimSpace("did " + l.Verb + " on " + label)
	case strings.Contains(p, "%s"):
		return fmt.Sprintf(p, label)
	}
	return p
}

// labelOf is what people call the record at path: its code, and the part of it.
func labelOf(path string) string {
	path, _, _ = strings.Cut(path, "?")
	parts := strings.FieldsFunc(path, func(r rune) bool { return r == '/' || r == '#' })
	switch len(parts) {
	case 0:
		return "the start page"
	case 1:
		return "the page " + parts[0]
	case 2:
		return parts[1]
	}
	return parts[1] + " (" + strings.Join(parts[2:], " ") + ")"
}

// message joins what was written with a leaf: the reason as it is, the rest by name.
func message(n models.Note) string {
	var out []string
	for _, key := range []string{"reason", "note", "comment"} {
		if n[key] != "" {
			out = append(out, n[key])
		}
	}
	for _, key := range slices.Sorted(maps.Keys(n)) {
		switch key {
		case "reason", "note", "comment", "path":
		default:
			out = append(out, strings.ReplaceAll(key, "_", " ")+": "+n[key])
		}
	}
	return strings.Join(out, "\n")
}

var (
	evidenceCode = regexp.MustCompile(`^E-\d+$`)
	findingCode  = regexp.MustCompile(`^F-\d+$`)
	controlCode  = regexp.MustCompile(`^[A-Z][A-Z0-9]{0,5}-[A-Z0-9-]+$`)
)

// PathOf is the path that a code, a path or an address within the site names, or "".
func PathOf(typed string) string {
	s := strings.Trim(strings.TrimSpace(typed), "/")
	code := strings.ToUpper(s)
	switch {
	case strings.Contains(s, "/"):
		return s
	case evidenceCode.MatchString(code):
		return "evidence/" + code
	case findingCode.MatchString(code):
		return "findings/" + code
	case controlCode.MatchString(code):
		return "controls/" + code
	}
	return s
}
