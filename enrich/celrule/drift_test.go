package celrule_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const driftPack = `
lists: [{name: noise, items: [a, b]}, {name: other, items: [c]}]
macros: [{name: quiet, params: [e], expr: e.OperationName in lists.noise}]
rules:
  - id: a.b
    title: t
    tables: [AuditLogs]
    let: {who: event.actor.upn}
    when: '!macros.quiet(event) && who != ""'
    severity: high
    adjust: [{if: who == "root", score: 90, reason: r}]
    first_seen: {key: [who], window: 30d, else: {severity: low}}
    exceptions: [{name: who, fields: [event.actor.upn]}]
`

// TestDriftNamesParts writes the base that the warning shows, changes parts of the rule, and looks which ones are named.
func TestDriftNamesParts(t *testing.T) {
	tuned := func(base string) string {
		return "rules:\n  - id: a.b\n    base: " + base + "\n    set: {severity: low}\n"
	}
	ask := configured(t, "", pack(driftPack), tuning("acme", tuned("sha256:000000000000")))
	w := ask.Warnings()
	if len(w) != 1 {
		t.Fatalf("warnings %v", w)
	}
	_, base, ok := strings.Cut(w[0].Suggestion, "then write base: ")
	if !ok || !strings.HasPrefix(base, "when:") || strings.Count(base, ":") != 9 {
		t.Fatalf("the warning shows no base: %v", w)
	}
	const since = "the rule `a.b` has changed since this was written: "
	for name, c := range map[string]struct {
		from, to string
		want     []string
	}{
		"nothing":             {"", "", nil},
		"words":               {"title: t", "title: another", nil},
		"spaces":              {"'!macros.quiet(event) && ", "'!macros.quiet(event)  &&  ", nil},
		"when":                {`who != ""`, `who != "x"`, []string{since + "its `when` changed"}},
		"a list":              {"items: [a, b]", "items: [b]", []string{since + "its list `noise` changed"}},
		"a let and a list":    {"let: {who: event.actor.upn}\n    when: '", "let: {who: event.actor.id}\n    when: 'event.Identity in lists.other && ", []string{since + "its `when` and let `who` changed, its list `other` is new"}},
		"a macro's list":      {"expr: e.OperationName in lists.noise", `expr: e.OperationName == ""`, []string{since + "its macro `quiet` changed, its list `noise` is gone"}},
		"the window":          {"window: 30d", "window: 60d", []string{since + "its `first_seen` changed"}},
		"the slot and adjust": {"adjust: [{if: who == \"root\", score: 90, reason: r}]\n", "\n", []string{since + "its `adjust` is gone"}},
	} {
		t.Run(name, func(t *testing.T) {
			for _, form := range []string{base, `"` + base + `"`, ">-\n      " + strings.ReplaceAll(base, " ", "\n      ")} {
				m := configured(t, "", pack(strings.Replace(driftPack, c.from, c.to, 1)), tuning("acme", tuned(form)))
				var got []string
				for _, w := range m.Warnings() {
					got = append(got, w.Message)
				}
				if d := cmp.Diff(c.want, got); d != "" {
					t.Errorf("base: %s (-want +got):\n%s", form, d)
				}
			}
		})
	}
}

// TestDriftWithoutTuning holds that nothing is asked of a rule that no tuning file has a base for.
func TestDriftWithoutTuning(t *testing.T) {
	m := configured(t, "", pack(driftPack), tuning("acme", "rules: [{id: a.b, set: {severity: low}}]"))
	if w := m.Warnings(); len(w) > 0 {
		t.Errorf("%v", w)
	}
}
