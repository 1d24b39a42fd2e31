package celrule

import (
	"context"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/schema"
)

// FuzzRow looks at any row through every view.
func FuzzRow(f *testing.F) {
	sets := map[string]*ruleSet{}
	for _, known := range schema.Tables() {
		f.Add(fullRow(known)(nil))
		rule := "apiVersion: riskrelay/v1\nkind: RulePack\nmetadata: {name: p, version: 1.0.0}\nrules:\n" +
			"  - {id: a.b, title: t, tables: [" + known.Name + "], severity: low, when: \"true\", message: '{" + strings.Join(viewExpressions(f, known), "} {") + "}'}\n"
		sets[known.Name] = compiled(f, rule)
	}
	f.Fuzz(func(t *testing.T, row string) {
		table, _, parsed, err := enrich.NewObjectParser(schema.TypeOf).Parse([]byte(row))
		if err != nil || sets[table] == nil {
			return
		}
		tags, err := sets[table].tag(context.Background(), []enrich.Event{enrich.NewEvent(table, parsed)}, false)
		if err != nil {
			t.Fatal(err)
		}
		for _, tag := range tags[0] {
			if tag.Error != "" || !utf8.ValidString(tag.Message) || strings.ContainsAny(tag.Message, "\n\r") {
				t.Fatalf("%+v", tag)
			}
		}
	})
}

// FuzzExpression compiles any text as a condition and a macro: whatever it is, the outcome is a rule or a problem that
// can be shown.
func FuzzExpression(f *testing.F) {
	for _, s := range []string{
		`event.operation == "x"`, `macros.m(1) || macros.n()`, `event.Nope.x[0].?y == null`, `lists.l.exists(event, event == "x")`, `a.matches("(")`,
		`event.change("x").added.map(k, credential(k).nam)`, `[1, {"a": null != b}][1 +`, "é\n\t&& event.x", `context.list(x)`, `Actor{}`, `"x" in [`,
	} {
		f.Add(s, s)
	}
	f.Fuzz(func(t *testing.T, condition, macro string) {
		quote := func(s string) string { return string(enrich.AppendString(nil, strings.ToValidUTF8(s, "?"))) }
		file := "apiVersion: riskrelay/v1\nkind: RulePack\nmetadata: {name: p, version: 1.0.0}\nlists: [{name: l, items: [x]}]\n" +
			"macros: [{name: m, params: [x], expr: " + quote(macro) + "}, {name: n, expr: macros.m(x)}]\n" +
			"rules:\n  - {id: a.b, title: t, tables: [AuditLogs], severity: low, when: " + quote(condition) + "}\n"
		set, err := compileSet(enrich.Config{Files: []enrich.File{{Name: "p.yaml", Data: []byte(file)}}})
		if err != nil {
			if err.Error() == "" {
				t.Fatal("a problem without words")
			}
			return
		}
		if _, err := set.tag(context.Background(), events(t, `{"Type":"AuditLogs"}`), false); err != nil {
			t.Fatal(err)
		}
	})
}
