package rulefile_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/riskrelay/riskrelay/enrich/diag"
	"github.com/riskrelay/riskrelay/enrich/rulefile"
)

// TestCodesAreDocumented holds that each code constant of the packages that make problems is documented.
func TestCodesAreDocumented(t *testing.T) {
	declared := map[string]string{}
	for _, dir := range []string{".", "../celrule", "../celrule/compile", "../ruletest"} {
		for code, where := range declaredCodes(t, dir) {
			if first, taken := declared[code]; taken {
				t.Errorf("%s stands for %s and %s", code, first, where)
			}
			declared[code] = where
		}
	}
	for code, where := range declared {
		if _, ok := rulefile.CodeByName(code); !ok {
			t.Errorf("%s: %s isn't documented in codes.go", where, code)
		}
	}
	codes := rulefile.Codes()
	if !slices.IsSortedFunc(codes, func(a, b diag.Code) int { return strings.Compare(a.Code, b.Code) }) {
		t.Error("the codes aren't in order")
	}
	for _, c := range codes {
		if c.Title == "" || c.Explanation == "" || c.Example == "" || c.Fix == "" || c.Severity == "" {
			t.Errorf("%s: something is empty", c.Code)
		}
	}
	if _, ok := rulefile.CodeByName("R999"); ok {
		t.Error("a code that isn't there was found")
	}
}

// declaredCodes are the constants of a package that are named Code… and have a code's shape, with their places.
func declaredCodes(t *testing.T, dir string) map[string]string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no files in %s: %v", dir, err)
	}
	shape := regexp.MustCompile(`^"(R\d{3})"$`)
	codes := map[string]string{}
	for _, name := range files {
		source, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		set := token.NewFileSet()
		file, err := parser.ParseFile(set, name, source, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			spec, ok := n.(*ast.ValueSpec)
			if !ok || len(spec.Names) != 1 || len(spec.Values) != 1 || !strings.HasPrefix(spec.Names[0].Name, "Code") {
				return true
			}
			if value, ok := spec.Values[0].(*ast.BasicLit); ok {
				if m := shape.FindStringSubmatch(value.Value); m != nil {
					codes[m[1]] = set.Position(spec.Pos()).String()
				}
			}
			return true
		})
	}
	return codes
}
