// Package arch holds the rules of the house, as tests: who may import whom, which
// columns a record has, who may look past the row scope.
package arch_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "assay/"

// may lists, for each folder, the folders of ours it may import. The longest match
// counts.
var may = map[string][]string{
	"cmd":                    {"handlers", "web", "models", "migrations", "internal", "templates"},
	"handlers":               {"web", "models", "templates", "static", "internal"},
	"web":                    {"models", "models/access", "internal/oidc"},
	"templates":              {"templates", "models", "static", "internal/preview", "internal/filetype"},
	"templates/ui":           {"models/access", "static"},
	"models":                 {"models/access", "internal/tlog"},
	"models/access":          {},
	"models/modelstest":      {"models", "migrations", "internal/testenv"},
	"models/ledger":          {"models"},
	"models/freeze":          {"internal/binder"},
	"models/binder":          {"internal/binder", "internal/tlog"},
	"models/framework":       {},
	"models/period":          {"models"},
	"migrations":             {},
	"static":                 {},
	"internal":               {}, // leaves know nothing of us
	"internal/binder":        {"internal/tlog"},
	"internal/jobs":          {"models", "internal", "templates/mails"},
	"templates/mails":        {},
	"internal/readout":       {"models"},
	"internal/oscal":         {"models", "internal/sheet"},
	"internal/preview":       {"internal/confine"},
	"internal/sheet":         {"internal/confine"},
	"internal/witness":       {"internal/tlog"},
	"internal/keeper":        {"models", "internal/blob", "internal/jobs", "internal/clamd"},
	"internal/demo":          {"models", "internal/idp", "internal/blob", "internal/filetype", "internal/sheet"},
	"internal/bench":         {"models", "handlers", "web", "migrations", "internal"},
	"internal/idp":           {"internal/oidc"},
	"internal/testpeers/dex": {},
}

// nouns is the order of the nouns: each may import those before it.
var nouns = []string{"job", "people", "framework", "programme", "notice", "anchor", "breakglass", "webhook", "view", "period", "engagement", "sample", "control", "upload", "scan", "evidence", "occurrence", "custody", "subservice", "population", "request", "controltest", "retention", "finding", "rollforward", "deliverable", "freeze", "binder", "reminder", "readiness", "activity", "timeline", "ledger"}

// only names the folder that may import a library.
var only = map[string]string{
	"gorm.io/":                      "models",
	"modernc.org/sqlite":            "models",
	"github.com/jackc/pgx":          "models",
	"github.com/pressly/goose":      "models",
	"github.com/go-chi/chi":         "web",
	"github.com/gorilla/":           "web",
	"github.com/xuri/excelize":      "internal",
	"github.com/coreos/":            "internal/oidc",
	"github.com/chromedp/":          "internal/browser",
	"github.com/arran4/golang-ical": "handlers",
	"github.com/wneessen/":          "internal/mail",
	"github.com/standard-webhooks/": "internal/jobs",
	"github.com/minio/":             "internal/blob",
	"codeberg.org/go-pdf/":          "internal/readout",
}

// source is one Go file of ours, parsed.
type source struct {
	dir  string
	path string
	ast  *ast.File
	fset *token.FileSet
}

// sources parses every Go file that is no test. It reads the files rather than asking
// go list, because the test cache notices files a test opens, and not commands it runs.
func sources(t *testing.T) []source {
	t.Helper()
	root := filepath.Join("..", "..")
	fset := token.NewFileSet()
	var out []source
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (strings.HasPrefix(d.Name(), ".") && path != root || d.Name() == "testdata" || d.Name() == "node_modules") {
			return filepath.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		f, err := parser.ParseFile(fset, path, text, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		dir, err := filepath.Rel(root, filepath.Dir(path))
		out = append(out, source{filepath.ToSlash(dir), path, f, fset})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(out) < 50 {
		t.Fatalf("only %d files were found: the walk is wrong", len(out))
	}
	return out
}

func (s source) imports() []string {
	var out []string
	for _, spec := range s.ast.Imports {
		path, _ := strconv.Unquote(spec.Path.Value)
		out = append(out, path)
	}
	return out
}

func testSupport(dir string) bool {
	return strings.HasSuffix(dir, "test") || strings.HasPrefix(dir, "internal/testenv") || dir == "internal/browser" || dir == "internal/bench"
}

func TestImports(t *testing.T) {
	for _, s := range sources(t) {
		for _, imp := range s.imports() {
			for prefix, owner := range only {
				if strings.HasPrefix(imp, prefix) && s.dir != owner && !strings.HasPrefix(s.dir, owner+"/") && !testSupport(s.dir) {
					t.Errorf("%s imports %s; only %s may", s.path, imp, owner)
				}
			}
			if to, ours := strings.CutPrefix(imp, module); ours && !allowed(s.dir, to) && !testSupport(s.dir) {
				t.Errorf("%s may not import %s", s.path, to)
			}
		}
	}
}

func allowed(from, to string) bool {
	if i, j := slices.Index(nouns, noun(from)), slices.Index(nouns, noun(to)); i >= 0 && j >= 0 {
		return j < i
	}
	rule := ""
	for dir := range may {
		if (from == dir || strings.HasPrefix(from, dir+"/")) && len(dir) > len(rule) {
			rule = dir
		}
	}
	if noun(from) != "" && slices.Contains([]string{"models", "models/access", "internal/sheet"}, to) {
		return true
	}
	return slices.ContainsFunc(may[rule], func(m string) bool { return to == m || strings.HasPrefix(to, m+"/") })
}

// noun is the noun of a folder of models, or "".
func noun(dir string) string {
	name, ok := strings.CutPrefix(dir, "models/")
	if !ok || !slices.Contains(nouns, name) {
		return ""
	}
	return name
}

// unscoped lists who may read past the row scope, and why.
var unscoped = map[string]string{
	"models":            "the kernel itself",
	"models/anchor":     "verification holds every anchor against the log",
	"models/control":    "which version is shown, and which codes are taken, are the same for every reader",
	"models/engagement": "finds the engagements that make an auditor's scope",
	"models/freeze":     "verification holds every document of every freeze against the log",
	"models/notice":     "marks the notice of a person as read through bookkeeping, which has no actor",
	"models/occurrence": "verification holds every line of every list against the log",
}

func TestWhoLooksPastTheScope(t *testing.T) {
	for _, s := range sources(t) {
		ast.Inspect(s.ast, func(n ast.Node) bool {
			if sel, ok := n.(*ast.SelectorExpr); ok && sel.Sel.Name == "UnscopedRows" && unscoped[s.dir] == "" {
				t.Errorf("%s: UnscopedRows; scope it, or give the reason here", s.fset.Position(sel.Pos()))
			}
			return true
		})
	}
}

// TestOnlyTestsCallThisMachine: the one exception of the client that calls webhooks is for
// tests. Sources are those that are no tests.
func TestOnlyTestsCallThisMachine(t *testing.T) {
	for _, s := range sources(t) {
		ast.Inspect(s.ast, func(n ast.Node) bool {
			if sel, ok := n.(*ast.SelectorExpr); ok && sel.Sel.Name == "Exempting" {
				t.Errorf("%s: a program would call an address on its own machine", s.fset.Position(sel.Pos()))
			}
			return true
		})
	}
}
