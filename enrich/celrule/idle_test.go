package celrule_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/celrule"
)

const idlePack = `
lists:
  - {name: unused, items: [a]}
  - {name: by_macro, items: [a]}
  - {name: by_unused_macro, items: [a]}
  - {name: by_exception, items: [a]}
macros:
  - {name: outer, expr: macros.inner(event)}
  - {name: inner, params: [e], expr: e.Identity in lists.by_macro}
  - {name: unused, params: [e], expr: e.Identity in lists.by_unused_macro}
rules:
  - id: a.b
    title: t
    tables: [AuditLogs, SigninLogs]
    let:
      deep: event.Identity
      through: deep + "x"
      said: '"x"'
      chain: '"x"'
      unused: chain
    when: macros.outer() && through == "x" && !(event.Identity in context.list("admins")) && !context.seen("apps", event.Identity)
    severity: low
    message: "{said}"
    exceptions: [{name: who, fields: ['event.Identity in lists.by_exception ? "a" : "b"']}]
    tests:
      - {name: pins, context: {lists: {admins: [x], admin: [x], by_macro: [x]}, seen: {apps: [x], a.b: [x]}}, event: {Type: AuditLogs}, want: none}
  - id: a.first
    title: t
    tables: [AuditLogs]
    when: event.success
    severity: low
    first_seen: {key: [event.Identity], window: 30d, else: {score: 1}}
    tests:
      - {name: pins, context: {seen: {a.first: [x], a.frist: [x]}}, event: {Type: AuditLogs}, want: none}
`

// TestIdle names what is declared and does nothing, once for all tables, and what tests pin in vain.
func TestIdle(t *testing.T) {
	tuned := tuning("acme", "rules: [{id: a.first, tests: [{name: t, context: {lists: {x: [y]}}, event: {Type: AuditLogs}, want: none}]}]\nlists: [{name: unused, add: [b]}]")
	m := configured(t, "", pack(idlePack), tuned)
	var got []string
	for _, p := range m.Idle() {
		got = append(got, string(p.Severity)+" "+p.Code+" "+p.Message+" | "+p.Suggestion)
	}
	want := []string{
		"warning R307 the rule `a.first` doesn't ask for `lists.x` of the context | ",
		"warning R306 no rule uses the list `unused` | ",
		"warning R306 no rule uses the list `by_unused_macro` | ",
		"warning R306 no rule uses the macro `unused` | ",
		"warning R306 no expression of the rule uses the let `chain` | ",
		"warning R306 no expression of the rule uses the let `unused` | ",
		"warning R307 the rule `a.b` doesn't ask for `lists.admin` of the context | did you mean `admins`?",
		"warning R307 the rule `a.b` doesn't ask for `lists.by_macro` of the context | lists.by_macro is a list of the rule files, which no context changes",
		"warning R307 the rule `a.b` doesn't ask for `seen.a.b` of the context | ",
		"warning R307 the rule `a.first` doesn't ask for `seen.a.frist` of the context | did you mean `a.first`?",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	if w := m.Warnings(); len(w) > 0 {
		t.Errorf("what runs is warned of: %v", w)
	}
	if err := m.Configure(t.Context(), enrich.Config{}); err != nil || len(m.Idle()) > 0 || len(celrule.New().Idle()) > 0 {
		t.Errorf("%v %v", err, m.Idle())
	}
}
