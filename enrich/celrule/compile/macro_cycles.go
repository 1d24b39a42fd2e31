package compile

import (
	"fmt"
	"slices"
	"strings"

	"github.com/google/cel-go/common/ast"

	"github.com/riskrelay/riskrelay/enrich/diag"
)

// cycles reports macros that use themselves, directly or through others: one problem for each cycle, at the macro whose name comes
// first. The macros of a cycle lose their bodies, which keeps their uses from being reported as well.
func (m *macros) cycles() (problems diag.Problems) {
	done := map[string]bool{}
	var visit func(name string, way []string)
	visit = func(name string, way []string) {
		if at := slices.Index(way, name); at >= 0 {
			problems = append(problems, m.cycle(way[at:]))
			return
		}
		if done[name] || m.byName[name] == nil || m.byName[name].body == nil {
			return
		}
		for _, next := range macrosIn(m.byName[name].body) {
			visit(next, append(slices.Clone(way), name))
		}
		done[name] = true
	}
	for _, name := range names(m.byName) {
		visit(name, nil)
	}
	return problems
}

func (m *macros) cycle(way []string) diag.Problem {
	first := slices.Index(way, slices.Min(way))
	way = append(slices.Clone(way[first:]), way[:first]...)
	for _, name := range way {
		m.byName[name].body = nil
	}
	text := m.byName[way[0]].declared.Expr
	return text.Problem(CodeName, 0, 0, fmt.Sprintf("the macro `%s` uses itself: %s > %s", way[0], strings.Join(way, " > "), way[0]))
}

// macrosIn are the names of the macros that e uses.
func macrosIn(e ast.Expr) (all []string) {
	ast.PostOrderVisit(e, ast.NewExprVisitor(func(e ast.Expr) {
		if name := called(e); name != "" && !slices.Contains(all, name) {
			all = append(all, name)
		}
	}))
	return all
}
