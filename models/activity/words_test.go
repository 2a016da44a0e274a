package activity_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"assay/models/activity"
)

var verbLike = regexp.MustCompile(`^[a-z]+\.[a-z_]+$`)

// writes are the calls of the kernel that take a verb.
var writes = map[string]bool{"Insert": true, "InsertAll": true, "Update": true, "Delete": true, "Record": true, "Observe": true}

// TestEveryVerbHasAPhrase reads the source for verbs: what is passed to the kernel, and
// what a function or variable named for it holds.
func TestEveryVerbHasAPhrase(t *testing.T) {
	found := map[string]string{}
	err := filepath.WalkDir("../..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		return verbsIn(path, found)
	})
	if err != nil {
		t.Fatal(err)
	}
	if found["page.view"] == "" {
		t.Fatal("the verb of a view was not found: the test looks in the wrong place")
	}
	for verb, where := range found {
		if _, ok := activity.Phrase(verb); !ok {
			t.Errorf("%s: the verb %q has no phrase in models/activity/words.go", where, verb)
		}
	}
}

func verbsIn(path string, found map[string]string) error {
	set := token.NewFileSet()
	file, err := parser.ParseFile(set, path, nil, parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	note := func(e ast.Expr) {
		if lit, ok := e.(*ast.BasicLit); ok && lit.Kind == token.STRING {
			if s, err := strconv.Unquote(lit.Value); err == nil && verbLike.MatchString(s) && !strings.HasSuffix(s, ".id") { // a column
				found[s] = set.Position(lit.Pos()).String()
			}
		}
	}
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.CallExpr:
			if takesVerb(n) {
				for _, arg := range n.Args {
					note(arg)
				}
			}
		case *ast.AssignStmt:
			for i, left := range n.Lhs {
				if id, ok := left.(*ast.Ident); ok && strings.Contains(strings.ToLower(id.Name), "verb") && i < len(n.Rhs) {
					note(n.Rhs[i])
				}
			}
		case *ast.KeyValueExpr:
			if id, ok := n.Key.(*ast.Ident); ok && strings.EqualFold(id.Name, "verb") {
				note(n.Value)
			}
		}
		return true
	})
	return nil
}

// takesVerb reports whether call writes through the kernel, or passes a Tx on to a verb
// that several others share: move(ctx, tx, &row, "evidence.accept").
func takesVerb(call *ast.CallExpr) bool {
	fun := call.Fun
	if generic, ok := fun.(*ast.IndexExpr); ok {
		fun = generic.X
	}
	if sel, ok := fun.(*ast.SelectorExpr); ok && writes[sel.Sel.Name] {
		return true
	}
	for _, arg := range call.Args {
		if id, ok := arg.(*ast.Ident); ok && id.Name == "tx" {
			return true
		}
	}
	return false
}
