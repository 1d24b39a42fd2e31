package celrule

import (
	"context"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/cel-go/common/types"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/rulefile"
	"github.com/riskrelay/riskrelay/enrich/schema"
)

func FuzzJSONValue(f *testing.F) {
	for _, s := range []string{`{"a":[1,2.5,null,true],"a":"b"}`, `[[[]]]`, ` "x" `, `1e999`, `-0`, `{"a":null,"a":1}`, `{`, `[1,]`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		v, err := jsonValue([]byte(s))
		if err != nil || !utf8.ValidString(s) {
			return
		}
		again, err := jsonValue([]byte(compact(v)))
		if err != nil {
			if strings.Contains(compact(v), "Inf") {
				return // a number out of range
			}
			t.Fatalf("%q written as %q: %v", s, compact(v), err)
		}
		if types.Equal(v, again) != types.True && !strings.Contains(s, "e") {
			t.Fatalf("%q and %q differ", compact(v), compact(again))
		}
	})
}

func FuzzFold(f *testing.F) {
	f.Add("Update application – Certificates and secrets management ")
	f.Add("a. .")
	f.Fuzz(func(t *testing.T, s string) {
		once := fold(s)
		if twice := fold(once); twice != once {
			t.Fatalf("fold(%q) = %q, again %q", s, once, twice)
		}
	})
}

func FuzzCredential(f *testing.F) {
	f.Add("[KeyIdentifier=b7a1,KeyType=Password,KeyUsage=Verify,DisplayName=a=b, c]d]")
	f.Fuzz(func(t *testing.T, name string) {
		c := parseCredential(name) // any text
		_ = c
		if c = parseCredential("[KeyIdentifier=x,KeyType=Password,KeyUsage=Verify,DisplayName=" + name + "]"); c.name != name || c.id != "x" {
			t.Fatalf("the display name %q became %+v", name, c)
		}
	})
}

func FuzzPermissions(f *testing.F) {
	f.Add("[] => [[Id: AbC, ConsentType: Principal, Scope:  Mail.Read offline_access, CreatedDateTime: ]]; ")
	f.Fuzz(func(t *testing.T, s string) {
		p := parsePermissions(s)
		for _, scope := range p.added {
			if !slices.Contains(p.scopes, scope) {
				t.Fatalf("%q: added %q isn't among %q", s, scope, p.scopes)
			}
		}
		for _, scope := range p.scopes {
			if strings.ContainsAny(scope, ",] \t\n") {
				t.Fatalf("%q: scope %q", s, scope)
			}
		}
	})
}

func FuzzURI(f *testing.F) {
	f.Add("https://user@*.App.Contoso.example:8443/cb?x#y")
	f.Add("http://[::ffff:127.0.0.1]/")
	f.Fuzz(func(t *testing.T, s string) {
		if u := parseURI(s); !u.valid && (u.host != "" || u.scheme != "" || u.loopback || u.ip) || u.host != strings.ToLower(u.host) {
			t.Fatalf("%q: %+v", s, u)
		}
	})
}

func FuzzLooksLike(f *testing.F) {
	f.Add("Micros0ft", "Microsoft")
	f.Fuzz(func(t *testing.T, a, b string) {
		if looksLike(a, []string{a}) {
			t.Fatalf("%q looks like itself", a)
		}
		if looksLike(a, []string{b}) != looksLike(b, []string{a}) {
			t.Fatalf("%q and %q: the order matters", a, b)
		}
	})
}

func FuzzMessage(f *testing.F) {
	f.Add(`{event.actor.label} {{x}} {"}" + '\'' + {"a": "b"}["a"]}`)
	f.Fuzz(func(t *testing.T, s string) {
		if !utf8.ValidString(s) {
			return
		}
		pieces, problems := parseMessage(rulefile.NewText(s))
		if len(problems) > 0 {
			return
		}
		var b strings.Builder
		for _, p := range pieces {
			if p.expr.expr != "" {
				b.WriteString("{" + p.expr.expr + "}")
				if got := string([]rune(s)[p.expr.start:][:len([]rune(p.expr.expr))]); got != p.expr.expr {
					t.Fatalf("%q: the piece %q isn't at %d", s, p.expr.expr, p.expr.start)
				}
				continue
			}
			b.WriteString(strings.NewReplacer("{", "{{", "}", "}}").Replace(p.fixed))
		}
		if b.String() != s {
			t.Fatalf("%q came back as %q", s, b.String())
		}
	})
}

// FuzzRow looks at any row through every helper.
func FuzzRow(f *testing.F) {
	sets := map[string]*ruleSet{}
	l, err := newLanguage(nil)
	if err != nil {
		f.Fatal(err)
	}
	for _, known := range schema.Tables() {
		f.Add(fullRow(known)(nil))
		rule := "apiVersion: riskrelay/v1\nkind: RulePack\nmetadata: {name: p, version: 1.0.0}\nrules:\n" +
			"  - {id: a.b, title: t, tables: [" + known.Name + "], severity: low, when: \"true\", message: '{" + strings.Join(helperExpressions(l, known), "} {") + "}'}\n"
		if sets[known.Name], err = compileSet(enrich.Config{Files: []enrich.File{{Name: "p.yaml", Data: []byte(rule)}}}); err != nil {
			f.Fatal(err)
		}
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
