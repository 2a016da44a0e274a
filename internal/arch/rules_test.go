package arch_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// later are the rules about samples and the next engagement, which no test can name before
// there are any.
var later = map[string]bool{"10": true, "11": true, "13": true}

// TestEveryRuleOfTheDomainHasItsTests: `go test ./... -run TestRule07` finds what holds the
// seventh of the fifteen rules that break implementations.
func TestEveryRuleOfTheDomainHasItsTests(t *testing.T) {
	found := ruleTests(t)
	for _, rule := range []string{"01", "02", "03", "04", "05", "06", "07", "08", "09", "10", "11", "12", "13", "14", "15"} {
		if !found[rule] && !later[rule] {
			t.Errorf("no test is called TestRule%s…", rule)
		}
		delete(found, rule)
	}
	for rule := range found {
		t.Errorf("there is no rule %s: rules are numbered with two digits", rule)
	}
}

// ruleTests are the numbers that tests of models and handlers carry in their names.
func ruleTests(t *testing.T) map[string]bool {
	t.Helper()
	named, found := regexp.MustCompile(`(?m)^func TestRule(\d+)[A-Z]`), map[string]bool{}
	for _, dir := range []string{"models", "handlers"} {
		err := filepath.WalkDir(filepath.Join("..", "..", dir), func(path string, _ fs.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(path, "_test.go") {
				return err
			}
			text, err := os.ReadFile(path)
			for _, m := range named.FindAllStringSubmatch(string(text), -1) {
				found[m[1]] = true
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return found
}
