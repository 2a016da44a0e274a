package control

import (
	"fmt"
	"regexp"
	"strings"
)

// A limit says within which time after its trigger a control must act. It is kept as
// ISO 8601, with " business" behind what counts business days only, and is read and
// shown in words, since nobody says P5D.
var (
	limitPlain = regexp.MustCompile(`^P(|T)(\d{1,5})([WD]|[HMS])( business)?$`)
	limitWords = regexp.MustCompile(`^(\d{1,5}) (business )?(week|day|hour|minute|second)s?$`)
)

var limitUnits = map[string]string{"week": "W", "day": "D", "hour": "TH", "minute": "TM", "second": "TS"}

// ReadLimit reads a limit in words, such as "5 business days", or in ISO 8601.
func ReadLimit(s string) (string, error) {
	s = strings.Join(strings.Fields(s), " ")
	words := strings.ToLower(s)
	if m := limitWords.FindStringSubmatch(words); m != nil && (m[2] == "" || m[3] == "day") {
		unit, business := limitUnits[m[3]], ""
		if m[2] != "" {
			business = " business"
		}
		return "P" + unit[:len(unit)-1] + m[1] + unit[len(unit)-1:] + business, nil
	}
	iso := strings.ToUpper(s)
	if rest, ok := strings.CutSuffix(iso, " BUSINESS"); ok {
		iso = rest + " business"
	}
	if s == "" || LimitLabel(iso) != iso { // what has no words is no limit
		return iso, nil
	}
	return "", fmt.Errorf("The limit “%s” is no time, such as 24 hours or 5 business days.", s) //nolint:revive,staticcheck // a sentence for the reader
}

// LimitLabel is a limit in words, or as it is kept if there are none for it.
func LimitLabel(limit string) string {
	m := limitPlain.FindStringSubmatch(limit)
	if m == nil {
		return limit
	}
	for word, unit := range limitUnits {
		if unit != m[1]+m[3] || m[4] != "" && word != "day" {
			continue
		}
		if m[4] != "" {
			word = "business " + word
		}
		if m[2] != "1" {
			word += "s"
		}
		return m[2] + " " + word
	}
	return limit
}
