package compile

import (
	"fmt"
	"slices"
	"strings"

	"github.com/google/cel-go/common/ast"

	"github.com/riskrelay/riskrelay/enrich/diag"
)

// lowered is what brings the text e into the case that it always has; nil for a text that may have upper case.
func (v *vocabulary) lowered(e ast.Expr) func(string) string {
	switch e.Kind() {
	case ast.IdentKind:
		return v.aliases[e.AsIdent()].lowered
	case ast.SelectKind:
		s := e.AsSelect()
		if !s.IsTestOnly() && v.field(s).Lower {
			return strings.ToLower
		}
	case ast.CallKind:
		return v.lang.lowered[e.AsCall().FunctionName()]
	}
	return nil
}

// sameCase warns of comparing a text in lower case with one that isn't, which is never equal.
func (v *vocabulary) sameCase(of, value ast.Expr) {
	s, ok := Literal(value)
	if lower := v.lowered(of); ok && lower != nil && lower(s) != s {
		v.warnOfUpper(value, fmt.Sprintf("this is never %q: it is in lower case", s), fmt.Sprintf("write %q", lower(s)))
	}
}

// sameCaseInList is sameCase for the items of lists.NAME; it tells of the first one. Others may be there for another rule.
func (v *vocabulary) sameCaseInList(of, list ast.Expr) {
	lower, name := v.lowered(of), ListNamed(list)
	declared := v.lang.declared[name]
	if lower == nil || declared == nil || declared.CaseInsensitive {
		return
	}
	all := declared.Values()
	if at := slices.IndexFunc(all, func(s string) bool { return lower(s) != s }); at >= 0 {
		v.warnOfUpper(list, fmt.Sprintf("the list `%s` has the item %q, and what is looked for in it is in lower case", name, all[at]),
			"give the list `case: insensitive`, or write its items in lower case")
	}
}

// pieceInLower warns of looking in a text in lower case for one that isn't.
func (v *vocabulary) pieceInLower(c ast.CallExpr) {
	s, ok := Literal(c.Args()[0])
	if ok && v.lowered(c.Target()) != nil && strings.ToLower(s) != s {
		v.warnOfUpper(c.Args()[0], fmt.Sprintf("this never has %q in it: it is in lower case", s), fmt.Sprintf("write %q", strings.ToLower(s)))
	}
}

func (v *vocabulary) warnOfUpper(e ast.Expr, message, suggestion string) {
	p := v.problem(e, CodeUpper, message, suggestion)
	p.Severity = diag.Warning
	v.problems = append(v.problems, p)
}
