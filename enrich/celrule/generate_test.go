package celrule

import (
	"context"
	"strings"
	"testing"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/schema"
)

// writer writes expressions as the bytes of a fuzzer choose. Most are well formed, some have the right types.
type writer struct {
	choices []byte
	b       strings.Builder
}

func (w *writer) pick(n int) int {
	if len(w.choices) == 0 {
		return 0
	}
	c := int(w.choices[0])
	w.choices = w.choices[1:]
	return c % n
}

// text of one expression. The first of each list has no parts, so that a writer without bytes comes to an end.
func (w *writer) expression(choices []byte) string {
	w.choices = choices
	w.b.Reset()
	w.bool(0)
	return w.b.String()
}

// write writes a template, in which B, S, L and D stand for a bool, a text, a list and anything.
func (w *writer) write(depth int, templates ...string) {
	t := templates[0]
	if depth < 8 && w.b.Len() < 3000 {
		t = templates[w.pick(len(templates))]
	}
	for _, r := range t {
		switch r {
		case 'Ⓑ':
			w.bool(depth + 1)
		case 'Ⓢ':
			w.text(depth + 1)
		case 'Ⓛ':
			w.list(depth + 1)
		case 'Ⓓ':
			w.dyn(depth + 1)
		default:
			w.b.WriteRune(r)
		}
	}
}

func (w *writer) bool(depth int) {
	w.write(depth, "true", "Ⓑ && Ⓑ", "(Ⓑ || Ⓑ)", "!Ⓑ", "Ⓢ == Ⓢ", "Ⓢ in Ⓛ", "Ⓢ.startsWith(Ⓢ)", `Ⓢ.matches("a+")`, "Ⓛ.exists(x, x == Ⓢ)",
		"Ⓛ.all(x, Ⓑ)", "Ⓓ == null", "has(event.InitiatedBy.user)", "size(Ⓛ) > 3", "macros.is(Ⓢ, Ⓛ)", "macros.any(Ⓓ)", "event.success", "Ⓓ > 1",
		"context.owns(Ⓢ)", `context.seen("a", Ⓢ)`, "(Ⓑ ? Ⓑ : Ⓑ)", "event.DurationMs / 0 == 1", "looks_like(Ⓢ, Ⓛ)", "under(Ⓢ, Ⓛ)")
}

func (w *writer) text(depth int) {
	w.write(depth, `"a"`, "event.operation", "event.OperationName", "event.actor.upn", "Ⓢ + Ⓢ", "Ⓢ.lower()", "fold(Ⓢ)", "string(Ⓓ)", "x", "who",
		"event.target(Ⓢ).id", "uri(Ⓢ).host", "macros.same(Ⓢ)", "(Ⓑ ? Ⓢ : Ⓢ)", `"é\""`, "'' + Ⓓ", "event.Nope")
}

func (w *writer) list(depth int) {
	w.write(depth, `["a"]`, "lists.l", "lists.f", "words(Ⓢ)", "Ⓛ.filter(x, Ⓑ)", "Ⓛ.map(x, Ⓢ)", "Ⓛ + Ⓛ", "minus(Ⓛ, Ⓛ)", "[]", "[Ⓢ, Ⓓ]",
		`event.change("x").added`, `context.list("vips")`, "event.TargetResources")
}

func (w *writer) dyn(depth int) {
	w.write(depth, "null", "event.InitiatedBy.user", "json(Ⓢ)", "Ⓓ.a", "Ⓓ[0]", `Ⓓ["k"]`, "Ⓓ.?a.orValue(1)", `event.column("x")`, "event.TargetResources[0].id",
		"{Ⓢ: Ⓓ}", "1", "Ⓢ", "Ⓑ", "Ⓛ", "now", "event.targets", "dyn(Ⓢ)")
}

// FuzzGenerated compiles and runs rules whose every expression is written at random: as condition, let, typed macro, key
// of first_seen and field of an exception. The outcome is a set or a problem in words, and each answer is a tag.
func FuzzGenerated(f *testing.F) {
	for i := range 24 {
		f.Add([]byte(strings.Repeat(string(rune('a'+i))+"\x03\x11z", 20)), []byte{byte(i), 7, byte(3 * i), 200}, []byte{byte(i)}, byte(i))
	}
	known, _ := schema.Lookup("AuditLogs")
	row := fullRow(known)(nil)
	f.Fuzz(func(t *testing.T, condition, macro, key []byte, which byte) {
		var w writer
		quote := func(s string) string { return string(enrich.AppendString(nil, s)) }
		types := []string{"string", "dyn", "list(string)", "int", "Actor", "bool"}
		file := "apiVersion: riskrelay/v1\nkind: RulePack\nmetadata: {name: p, version: 1.0.0}\nlists: [{name: l, items: [a]}, {name: f, case: insensitive, items: [A, B]}]\n" +
			"macros: [{name: is, params: [{name: who, type: string}, {name: l, type: list(string)}], expr: " + quote(w.expression(macro)) + "}, {name: any, params: [{name: who, type: " +
			types[int(which)%len(types)] + "}], expr: who == null}, {name: same, params: [x], expr: x + x}]\n" +
			"rules:\n  - id: a.b\n    title: t\n    tables: [AuditLogs]\n    severity: high\n    let: {who: event.actor.label, x: " + quote(w.expression(macro)) + "}\n" +
			"    when: " + quote(w.expression(condition)) + "\n    adjust: [{if: " + quote(w.expression(key)) + ", score: 1, reason: r}]\n" +
			"    first_seen: {key: [" + quote(w.expression(key)) + "], window: 1d, else: {severity: low}}\n" +
			"    exceptions: [{name: e, fields: [" + quote(w.expression(key)) + "], values: [[\"true\"]]}]\n"
		set, err := compileSet(enrich.Config{
			Files:    []enrich.File{{Name: "p.yaml", Data: []byte(file)}},
			Settings: []byte("{context: {lists: {vips: [a]}, seen: {a: [b]}, verified_domains: []}}"),
		})
		if err != nil {
			if strings.TrimSpace(err.Error()) == "" {
				t.Fatal("a problem without words")
			}
			return
		}
		tags, err := set.tag(context.Background(), events(t, row), false)
		if err != nil {
			t.Fatal(err)
		}
		for _, tag := range tags[0] {
			if tag.Rule != "a.b" || strings.HasPrefix(tag.Error, "internal error") {
				t.Fatalf("%+v\n%s", tag, file)
			}
		}
	})
}
