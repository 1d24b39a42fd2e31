package celrule

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/schema"
)

const guid = "62e90394-69f5-4237-9190-012177145e10"

// maxItems is how many elements of a list rules look at.
const maxItems = 512

// randomRules writes rules whose conditions are made by chance of comparisons of the operation and of other things.
func randomRules(r *rand.Rand, n int) string {
	var b strings.Builder
	b.WriteString("apiVersion: riskrelay/v1\nkind: RulePack\nmetadata: {name: random, version: 1.0.0}\nlists:\n" +
		"  - {name: some, items: [op a, op b, op c]}\n  - {name: any_case, case: insensitive, items: [OP A, op d]}\nrules:\n")
	for i := range n {
		fmt.Fprintf(&b, "  - {id: r.r%d, title: t, tables: [AuditLogs], severity: low, let: {is_a: %q, deep: %q}, when: %q}\n",
			i, `event.operation == "op a"`, randomCondition(r, 2), randomCondition(r, 3))
	}
	return b.String()
}

func randomCondition(r *rand.Rand, depth int) string {
	if depth == 0 {
		return []string{
			`event.operation == "op a"`, `"op b" == event.operation`, `event.operation in ["op a", "op c"]`, `event.operation in lists.some`,
			`event.operation in lists.any_case`, `event.operation != "op a"`, `event.success`, `event.InitiatedBy.user.id == "u1"`, `is_a`,
			`event.operation.startsWith("op")`, `event.OperationName == "Op A "`, `true`, `false`, `event.TargetResources[0].id == "x"`,
			`event.OperationName in ["Op A ", "op b"]`, `event.OperationName in lists.any_case`, `event.OperationName == ""`, `event.operation == ""`,
		}[r.IntN(18)]
	}
	left, right := randomCondition(r, depth-1), randomCondition(r, depth-1)
	switch r.IntN(5) {
	case 0:
		return "!(" + left + ")"
	case 1:
		return "(" + left + " ? " + right + " : " + randomCondition(r, depth-1) + ")"
	case 2:
		return "(" + left + " || " + right + ")"
	}
	return "(" + left + " && " + right + ")"
}

// randomRow is a row by chance; some lack columns.
func randomRow(r *rand.Rand) string {
	columns := []string{`"Type":"AuditLogs"`}
	for _, options := range [][]string{
		{`"OperationName":"Op A "`, `"OperationName":"op b"`, `"OperationName":"op–c"`, `"OperationName":"op d"`, `"OperationName":"Op C"`, ``},
		{`"Result":"success"`, `"Result":"failure"`, ``},
		{`"InitiatedBy":{"user":{"id":"u1"}}`, `"InitiatedBy":"{\"app\":{\"appId\":\"a1\"}}"`, `"InitiatedBy":null`, ``},
		{`"TargetResources":[{"id":"x"}]`, `"TargetResources":"[]"`, `"TargetResources":"oops"`, ``},
	} {
		if c := options[r.IntN(len(options))]; c != "" {
			columns = append(columns, c)
		}
	}
	r.Shuffle(len(columns), func(i, j int) { columns[i], columns[j] = columns[j], columns[i] })
	return "{" + strings.Join(columns, ",") + "}"
}

func events(t testing.TB, rows ...string) (out []enrich.Event) {
	t.Helper()
	p := enrich.NewObjectParser(schema.TypeOf)
	for _, row := range rows {
		table, _, parsed, err := p.Parse([]byte(row))
		if err != nil {
			t.Fatalf("parse the row: %v\n%s", err, row)
		}
		out = append(out, enrich.NewEvent(table, parsed))
	}
	return out
}

// TestIndex compares the index with evaluating every rule on every event.
func TestIndex(t *testing.T) {
	for seed := range uint64(8) {
		r := rand.New(rand.NewPCG(seed, 1))
		set, err := compileSet(enrich.Config{Files: []enrich.File{{Name: "random.yaml", Data: []byte(randomRules(r, 30))}}})
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		var rows []string
		for range 50 {
			rows = append(rows, randomRow(r))
		}
		all := events(t, rows...)
		indexed, err := set.tag(context.Background(), all, false)
		if err != nil {
			t.Fatal(err)
		}
		naive, err := set.tag(context.Background(), all, true)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(naive, indexed); diff != "" {
			t.Fatalf("seed %d: the index changes the tags (-all +indexed):\n%s", seed, diff)
		}
		if len(set.tables["AuditLogs"].index.Always) == 30 {
			t.Errorf("seed %d: the index has no rule", seed)
		}
	}
}

// TestColumns shows that rules see nothing of a row beside the columns that the module names: each view is asked for
// its fields on a whole row, and on one that was cut down to what its rule declares.
func TestColumns(t *testing.T) {
	for _, known := range schema.Tables() {
		full := fullRow(known)
		for _, expression := range viewExpressions(t, known) {
			rule := fmt.Sprintf("apiVersion: riskrelay/v1\nkind: RulePack\nmetadata: {name: p, version: 1.0.0}\nrules:\n"+
				"  - {id: a.b, title: t, tables: [%s], severity: low, when: \"true\", message: '{%s}'}\n", known.Name, expression)
			set, err := compileSet(enrich.Config{Files: []enrich.File{{Name: "p.yaml", Data: []byte(rule)}}})
			if err != nil {
				t.Fatal(err)
			}
			wanted := set.about.Selector.Columns
			tags, err := set.tag(context.Background(), events(t, full(nil), full(wanted)), false)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tags[0], tags[1]); diff != "" {
				t.Errorf("%s: %s reads more than %v:\n%s", known.Name, expression, wanted, diff)
			}
		}
	}
}

// viewExpressions are all fields of all views of a table, as Language lists them, and each method once.
func viewExpressions(t testing.TB, known schema.Table) (out []string) {
	t.Helper()
	language, err := Language()
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range language {
		if e.Of != "event" || e.Tables != nil && !slices.Contains(e.Tables, known.Name) || strings.Contains(e.Signature, "(") && !strings.HasPrefix(e.Signature, "event."+e.Name+" ") {
			continue
		}
		typ := strings.TrimPrefix(e.Signature, "event."+e.Name+" ")
		fields := 0
		for _, f := range language {
			if f.Of == typ && !strings.Contains(f.Signature, "(") {
				out = append(out, "event."+e.Name+"."+f.Name)
				fields++
			}
		}
		switch {
		case fields > 0:
		case strings.HasPrefix(typ, "list("):
			out = append(out, "event."+e.Name+".map(x, x.name)")
		default:
			out = append(out, "event."+e.Name)
		}
	}
	if known.Name == "AuditLogs" {
		out = append(out, `event.target("User").id`, `event.change("Role.TemplateId").new`, `event.changed("Role.TemplateId")`, `event.detail("k")`)
	}
	return append(out, `event.column("Mine_s")`)
}

// fullRow returns a function that writes a row with all columns of a table, or with the wanted ones alone.
func fullRow(known schema.Table) func(wanted []string) string {
	values := map[string]string{
		"Type": `"` + known.Name + `"`, "Mine_s": `"mine"`, "ResourceProvider": `"MICROSOFT.KEYVAULT"`,
		"OperationName": `"SecretGet"`, "OperationNameValue": `"Microsoft.Authorization/roleAssignments/write"`,
		"InitiatedBy":       `{"user":{"id":"u1","userPrincipalName":"ann@contoso.example"}}`,
		"TargetResources":   `[{"id":"u1","type":"User","modifiedProperties":[{"displayName":"Role.TemplateId","newValue":"\"` + guid + `\""}]}]`,
		"AdditionalDetails": `[{"key":"k","value":"v"}]`,
		"Properties":        `"{\"requestbody\":\"{\\\"properties\\\":{\\\"roleDefinitionId\\\":\\\"` + guid + `\\\",\\\"principalId\\\":\\\"p\\\"}}\"}"`,
		"Identity":          `{"claim":{"oid":"u1","upn":"ann@contoso.example"}}`,
	}
	return func(wanted []string) string {
		var cells []string
		add := func(name, value string) {
			if wanted == nil || strings.Contains(","+strings.Join(wanted, ",")+",", ","+name+",") {
				cells = append(cells, `"`+name+`":`+value)
			}
		}
		for _, c := range known.Columns {
			value := values[c.Name]
			if value == "" && c.Type == enrich.String || c.Type == enrich.GUID {
				value = `"` + c.Name + ` text"`
			}
			if c.Type == enrich.Datetime {
				value = `"2026-03-02T22:10:00Z"`
			}
			if value != "" {
				add(c.Name, value)
			}
		}
		add("Mine_s", values["Mine_s"])
		return "{" + strings.Join(cells, ",") + "}"
	}
}

// TestHostile feeds rows that are made to be expensive; the event must be judged, or the reason told.
func TestHostile(t *testing.T) {
	const rules = `
apiVersion: riskrelay/v1
kind: RulePack
metadata: {name: p, version: 1.0.0}
rules:
  - {id: h.walk, title: t, tables: [AuditLogs], severity: low, when: 'event.TargetResources.exists(a, event.TargetResources.exists(b, event.TargetResources.exists(c, a.x + b.x == c.x + "y")))'}
  - {id: h.pattern, title: t, tables: [AuditLogs], severity: low, when: 'event.ResultReason.matches("(a?){50}a{50}b")'}
  - {id: h.double, title: t, tables: [AuditLogs], severity: low, when: 'e.contains("b")', let: {a: 'event.ResultReason + event.ResultReason', b: a + a, c: b + b, d: c + c, e: d + d}}
  - {id: h.fine, title: t, tables: [AuditLogs], severity: low, when: 'event.Result == "success"'}
`
	set, err := compileSet(enrich.Config{Files: []enrich.File{{Name: "p.yaml", Data: []byte(rules)}}})
	if err != nil {
		t.Fatal(err)
	}
	item := func(n int) string { return strings.TrimSuffix(strings.Repeat(`{"x":"x"},`, n), ",") }
	deep := strings.Repeat(`[`, 100) + strings.Repeat(`]`, 100)
	for _, c := range []struct {
		name, row string
		errors    map[string]string
	}{
		{"lists in lists", `"TargetResources":[` + item(maxItems) + `]`, map[string]string{"h.walk": "took too long"}},
		{"a long list", `"TargetResources":[` + item(maxItems+1) + `]`, map[string]string{"h.walk": "more than 512"}},
		{"deep nesting", `"TargetResources":` + deep, map[string]string{"h.walk": "unsupported index type"}},
		{"long texts", `"ResultReason":"` + strings.Repeat("a", 60_000) + `"`, map[string]string{"h.double": "text of", "h.pattern": "too long for matches"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			tags, err := set.tag(context.Background(), events(t, `{"Type":"AuditLogs","Result":"success",`+c.row+`}`), false)
			if err != nil {
				t.Fatal(err)
			}
			fine := false
			for _, tag := range tags[0] {
				if want := c.errors[tag.Rule]; want != "" && strings.Contains(tag.Error, want) {
					delete(c.errors, tag.Rule)
				} else if tag.Error != "" {
					t.Errorf("%s: %s", tag.Rule, tag.Error)
				}
				fine = fine || tag.Rule == "h.fine" && tag.Error == ""
			}
			if len(c.errors) > 0 || !fine {
				t.Errorf("missing errors %v in %+v", c.errors, tags[0])
			}
		})
	}
}
