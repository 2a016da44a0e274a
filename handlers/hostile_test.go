package handlers_test

import (
	"crypto/rand"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"assay/models"
	"assay/models/modelstest"
)

// hostile is what nobody types: bytes that PostgreSQL keeps in no text, numbers beyond
// every column, and what reads as a pattern or a query.
var hostile = []string{
	"%00", "a%00b", "%FF%FE", "99999999999999999999", "9223372036854775807", "-1", "%27", "%25", "_", "%22*", "%28",
	"0000-00-00", "9999-12-31", "WyJcdTAwMDAiLDFd", "bnVsbA", "%F0%9F%98%80",
}

var parameter = regexp.MustCompile(`\{[a-z]+\}|\*$`)

// filled is the address of a route with bad in each of its parts, and in its query.
func filled(pattern, bad string) []string {
	real := strings.NewReplacer("{code}", "AC-03", "{number}", "1", "{item}", "E-1", "{file}", "1").Replace(pattern)
	query := "?"
	for _, name := range []string{
		"q", "after", "before", "control", "criterion", "category", "framework", "owner", "uploader", "frequency", "state", "status",
		"kind", "severity", "source", "from", "to", "sort", "view", "about", "actor", "verb", "person", "supersedes", "with", "return_to",
	} {
		query += name + "=" + bad + "&"
	}
	list := []string{real + query, real + "?after=" + bad, real + "?q=" + bad, real + "?control=" + bad + "&status=" + bad}
	if parameter.MatchString(pattern) {
		list = append(list, parameter.ReplaceAllString(pattern, bad), parameter.ReplaceAllString(real, bad))
	}
	return list
}

// TestNoAddressBreaksAPage asks every page for what is not there, on both databases.
func TestNoAddressBreaksAPage(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s := newShopOn(t, db)
		for _, rt := range s.App.Routes() {
			if rt.Method != http.MethodGet || strings.HasPrefix(rt.Pattern, "/auth/") {
				continue
			}
			for _, bad := range hostile {
				for _, path := range filled(rt.Pattern, bad) {
					if p := s.Get(s.priya, path); p.Status >= http.StatusInternalServerError {
						t.Errorf("%s answers %d", path, p.Status)
					}
				}
			}
		}
	})
}

// TestNoFormBreaksThePagesAfterIt sends evidence whose words no database keeps, and looks
// at the list that everybody opens.
func TestNoFormBreaksThePagesAfterIt(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, db *models.DB) {
		s := newShopOn(t, db)
		for _, bad := range [][2]string{
			{"performed_at", "9999-12-31T23:59"},
			{"collected_at", "9999-12-31T23:59"},
			{"performed_at", "0000-01-01T00:00"},
			{"covers_from", "0000-01-01"},
			{"covers_to", "9999-12-31"},
			{"key", "k\x00"},
			{"key", "k\xff"},
			{"key", rand.Text() + strings.Repeat("0123456789abcdefghij", 3000)},
			{"control", "AC-03\x00\xff"},
			{"title", "\x00\xff"},
		} {
			changes := append([]string{"key", bad[0] + bad[1][:2]}, bad[:]...)
			if p := s.send(s.owner, "/evidence", fields(changes...), review); p.Status >= http.StatusInternalServerError {
				t.Errorf("%s %.20q answers %d", bad[0], bad[1], p.Status)
			}
			s.Get(s.owner, "/evidence").Want(http.StatusOK)
		}
	})
}
