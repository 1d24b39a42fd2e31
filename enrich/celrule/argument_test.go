package celrule_test

import (
	"fmt"
	"strings"
	"testing"
)

// TestWrongArguments holds that what is wrong with an argument of a macro is said at the argument, and what is wrong in
// the body at the macro's name.
func TestWrongArguments(t *testing.T) {
	for _, c := range []struct{ when, want string }{
		{`macros.gt("x")`, "R204 \"x\" in the macro `gt`: `>` can't work on string and int"},
		{`macros.gt(event.Result)`, "R204 Result in the macro `gt`: `>` can't work on string and int"},
		{`["x"].exists(v, macros.gt(v))`, "R204 v in the macro `gt`: `>` can't work on string and int"},
		{`macros.outer("x")`, "R204 \"x\" in the macro `gt`: `>` can't work on string and int"},
		{`macros.outer_text()`, "R204 outer_text in the macro `gt`: `>` can't work on string and int"},
		{`macros.typed(1)`, "R204 1 the macro `typed` wants string for `x`, not int"},
		{`macros.typed("X")`, `R209 "X" event.operation is never equal to this: it is in lower case, with plain hyphens and single spaces`},
		{`macros.two("x", 1)`, "R204 two in the macro `two`: `==` can't work on string and int"},
		{`macros.size2(7)`, "R204 7 in the macro `size2`: `size` can't take (int)"},
		{`macros.matching("a(")`, `R204 "a(" missing closing ): ` + "`a(` (regular expression, RE2)"},
		{`macros.matching(event.Result)`, "R206 Result a regular expression must be a literal text"},
		{`macros.kind("usr")`, `R209 "usr" actor.kind is never "usr"`},
		{`macros.body("x")`, "R202 body in the macro `body`: unknown field `Nope` on AuditLogs"},
		{`macros.name_of(event.actor)`, "R202 name_of in the macro `name_of`: unknown field `nam` on Actor"},
	} {
		file := pack(fmt.Sprintf(`
macros:
  - {name: gt, params: [x], expr: x > 1}
  - {name: outer, params: [o], expr: macros.gt(o)}
  - {name: outer_text, expr: macros.gt("x")}
  - {name: typed, params: [{name: x, type: string}], expr: event.operation == x}
  - {name: two, params: [a, b], expr: a == b}
  - {name: size2, params: [v], expr: size(v) > 2}
  - {name: matching, params: [p], expr: event.OperationName.matches(p)}
  - {name: kind, params: [k], expr: event.actor.kind == k}
  - {name: body, params: [v], expr: event.Nope == v}
  - {name: name_of, params: [a], expr: a.nam == "x"}
rules:
  - id: a.b
    title: t
    tables: [AuditLogs]
    severity: low
    when: |
      %s
`, c.when))
		var got []string
		for _, p := range found(t, file) {
			got = append(got, strings.Join([]string{p.Code, string([]rune(p.Line)[p.Pos.Column-1:][:p.Width]), p.Message}, " "))
		}
		if all := strings.Join(got, "\n"); all != c.want {
			t.Errorf("%s:\ngot  %s\nwant %s", c.when, all, c.want)
		}
	}
}
