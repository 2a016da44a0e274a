package arch_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestNoticeNamesWhatIsLinked: NOTICE has a line for each module in the binary, with its
// licence, and none for another.
func TestNoticeNamesWhatIsLinked(t *testing.T) {
	root := filepath.Join("..", "..")
	list := exec.CommandContext(t.Context(), "go", "list", "-deps", "-f", "{{with .Module}}{{if not .Main}}{{.Path}}{{end}}{{end}}", "./cmd/assay")
	list.Dir = root
	out, err := list.Output()
	if err != nil {
		t.Fatal(err)
	}
	linked := strings.Fields(string(out))
	slices.Sort(linked)
	linked = slices.Compact(linked)
	notice, err := os.ReadFile(filepath.Join(root, "NOTICE"))
	if err != nil {
		t.Fatal(err)
	}
	_, lines, _ := strings.Cut(string(notice), "THIRD_PARTY_LICENSES.\n\n")
	var named []string
	for line := range strings.Lines(lines) {
		module, licence, _ := strings.Cut(strings.TrimSpace(line), " ")
		if !slices.Contains([]string{"MIT", "Apache-2.0", "BSD-3-Clause", "BSD-2-Clause", "ISC"}, licence) {
			t.Errorf("%s has the licence %q", module, licence)
		}
		named = append(named, module)
	}
	if !slices.Equal(linked, named) {
		t.Errorf("run scripts/licences.sh and read the diff; linked are\n%v\nand named\n%v", linked, named)
	}
}
