package rulefile_test

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/riskrelay/riskrelay/enrich/diag"
	"github.com/riskrelay/riskrelay/enrich/rulefile"
)

var update = flag.Bool("update", false, "write the golden files anew")

// TestProblems compares the rendered problems of each file in testdata with the text beside it.
func TestProblems(t *testing.T) {
	files, err := filepath.Glob("testdata/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no files: %v", err)
	}
	for _, name := range files {
		t.Run(filepath.Base(name), func(t *testing.T) {
			data, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			_, problems := rulefile.Parse(filepath.Base(name), data)
			got := problems.Error()
			if got != "" {
				got += "\n"
			}
			golden := strings.TrimSuffix(name, ".yaml") + ".golden"
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(string(want), got); d != "" {
				t.Errorf("problems differ (-want +got):\n%s", d)
			}
		})
	}
}

func TestGoodFile(t *testing.T) {
	data, err := os.ReadFile("testdata/good.yaml")
	if err != nil {
		t.Fatal(err)
	}
	pack, problems := rulefile.Parse("good.yaml", data)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	values := cmp.Options{
		cmp.Transformer("value", func(t diag.Text) string { return t.Value }),
		cmpopts.IgnoreTypes(diag.Pos{}), cmpopts.IgnoreFields(rulefile.Rule{}, "Path"), cmpopts.IgnoreFields(rulefile.Document{}, "Keys"),
	}
	doc := func(s string) rulefile.Document { return rulefile.Document{JSON: json.RawMessage(s)} }
	text := diag.NewText
	want := rulefile.Rule{
		ID: text("my.role.tier0"), Title: text("Service principal received a tier 0 role"),
		Description: text("Why it matters."), Status: text("test"),
		Tables: []diag.Text{text("AuditLogs"), text("AzureActivity")}, Guide: []diag.Text{text("app-role-assigned")},
		Let:      []rulefile.Let{{Name: text("second"), Expr: text("first + 1")}, {Name: text("first"), Expr: text("1")}},
		When:     text(`event.role.principal_type == "ServicePrincipal" && macros.is_tier0(event.role.id)`),
		Severity: text("high"), Score: rulefile.Score{Text: text("60"), Points: 60},
		Adjust: []rulefile.Adjust{
			{If: text("true"), Severity: text("critical"), Score: rulefile.Score{Text: text("+20"), Points: 20, Relative: true}, Reason: text("more")},
			{If: text("false"), Score: rulefile.Score{Text: text("-10"), Points: -10, Relative: true}, Reason: text("less")},
			{If: text("first == 1"), Score: rulefile.Score{Text: text("55"), Points: 55}, Reason: text("fixed")},
		},
		Message: text("{event.actor.label} gave {event.role.name}"),
		Objects: []rulefile.Object{{Type: text("user"), Value: text("event.actor.upn")}},
		Mitre:   []diag.Text{text("T1098.003"), text("TA0003")}, FalsePositives: []diag.Text{text("A new service.")},
		Runbook: text("1. Look.\n2. Act.\n"), References: []diag.Text{text("https://example.com/runbook")},
		Tests: []rulefile.Test{
			{
				Name: text("fires"), At: time.Date(2026, 3, 2, 22, 10, 0, 0, time.UTC),
				Context: doc(`{"verified_domains":["contoso.example"],"seen":{"x":[]}}`),
				Pins:    []rulefile.Pin{{Part: "seen", Name: text("x")}},
				Events:  []rulefile.Document{doc(`{"Type":"AuditLogs","n":12345678901234567890,"f":1.50,"t":true,"z":null,"s":"a\"b\u000aé"}`)},
				Want: rulefile.Want{
					Severity: text("high"), Score: rulefile.Score{Text: text("80"), Points: 80}, Reasons: []diag.Text{text("more")},
					Message: text("hi"), Objects: []rulefile.Object{{Type: text("user"), Value: text("a")}},
				},
			},
			{
				Name: text("is silent"), Want: rulefile.Want{None: true},
				Events: []rulefile.Document{doc(`{"Type":"AuditLogs"}`), doc(`{"Type":"AzureActivity","Properties":{"a":[1,{"b":"c"}]}}`)},
			},
			{Name: text("reads a file"), File: text("rows/a.ndjson"), Want: rulefile.Want{Reasons: []diag.Text{}}},
		},
	}
	if d := cmp.Diff(want, pack.Rules[0], values); d != "" {
		t.Errorf("rule differs (-want +got):\n%s", d)
	}
	wantLists := []rulefile.List{{Name: text("tier0_roles"), Doc: text("Roles that count."), CaseInsensitive: true, Items: []diag.Text{text("62e90394-69f5-4237-9190-012177145e10")}}}
	if d := cmp.Diff(wantLists, pack.Lists, values); d != "" {
		t.Errorf("lists differ (-want +got):\n%s", d)
	}
}

func TestLimits(t *testing.T) {
	head := "apiVersion: riskrelay/v1\nkind: RulePack\nmetadata: {name: x, version: 1.0.0}\n"
	rule := head + "rules:\n- id: a.b\n  title: t\n  tables: [AuditLogs]\n  severity: low\n  when: "
	tests := map[string]struct{ data, want string }{
		"file":            {strings.Repeat("#", rulefile.MaxFileSize+1), "R002"},
		"flow nesting":    {head + "rules: " + strings.Repeat("[", 100_000), "R002"},
		"block nesting":   {head + "rules:\n " + strings.Repeat("- ", 100_000) + "x", "R002"},
		"question marks":  {head + "rules:\n " + strings.Repeat("? ", 100_000) + "x", "R002"},
		"indented blocks": {head + "rules:\n" + steps(2000), "R002"},
		"65 levels":       {head + "lists:\n" + steps(diag.MaxDepth+1), "R002"},
		"expression":      {rule + strings.Repeat("1", rulefile.MaxExpression+1) + "\n", "R002"},
		"list":            {head + "lists:\n- name: x\n  items:\n" + strings.Repeat("  - a\n", rulefile.MaxListItems+1), "R002"},
		"not UTF-8":       {head + "# \xff", "R001"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, problems := rulefile.Parse("x.yaml", []byte(test.data))
			for _, p := range problems {
				if p.Code == test.want {
					return
				}
			}
			t.Errorf("want a problem %s, got %v", test.want, problems)
		})
	}
}

// steps is a mapping in a mapping in a mapping, n deep.
func steps(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(strings.Repeat(" ", i+1) + "a:\n")
	}
	return b.String()
}

func TestCheck(t *testing.T) {
	parse := func(name, version, id, list string) *rulefile.Pack {
		data := "apiVersion: riskrelay/v1\nkind: RulePack\nmetadata: {name: p, version: " + version + "}\n" +
			"lists:\n- {name: " + list + ", items: [x]}\nmacros:\n- {name: m" + list + ", expr: 'true'}\n" +
			"rules:\n- {id: " + id + ", title: t, tables: [AuditLogs], when: true, severity: low}\n"
		pack, problems := rulefile.Parse(name, []byte(data))
		if len(problems) > 0 {
			t.Fatal(problems)
		}
		return pack
	}
	good := []*rulefile.Pack{parse("a.yaml", "1.0.0", "a.a", "la"), nil, parse("b.yaml", "1.0.0", "a.b", "lb")}
	if problems := rulefile.Check(good); len(problems) > 0 {
		t.Errorf("good files: %v", problems)
	}
	bad := []*rulefile.Pack{parse("b.yaml", "1.0.1", "a.a", "la"), parse("a.yaml", "1.0.0", "a.a", "la")}
	problems := rulefile.Check(bad)
	var got []string
	for _, p := range problems {
		got = append(got, p.Pos.File+" "+p.Code+" "+p.Message)
	}
	want := []string{
		"b.yaml R107 pack `p` has version 1.0.1 here and 1.0.0 elsewhere",
		"b.yaml R106 the list `la` exists already",
		"b.yaml R106 the macro `mla` exists already",
		"b.yaml R106 the rule `a.a` exists already",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("problems differ (-want +got):\n%s", d)
	}
	if problems.Err() == nil {
		t.Error("duplicates are errors, Err says nil")
	}
	// What comes with the program is first, whatever the others are called.
	problems = rulefile.Check([]*rulefile.Pack{parse("a.yaml", "1.0.0", "a.a", "la"), parse("builtin/b.yaml", "1.0.0", "a.a", "lb")})
	if len(problems) != 1 || problems[0].Pos.File != "a.yaml" || !strings.HasPrefix(problems[0].Suggestion, "it is built in (builtin/b.yaml:9:8): choose another name") {
		t.Errorf("a name that a built-in rule has: %v", problems)
	}
}

func TestSuggest(t *testing.T) {
	among := []string{"severity", "score", "when", "falsepositives", "if"}
	for word, want := range map[string]string{
		"severty": "severity", "Severity": "severity", "wehn": "when", "false_positives": "falsepositives",
		"fi": "", "colour": "", "": "", "when": "when",
	} {
		if got := diag.Suggest(word, among); got != want {
			t.Errorf("Suggest(%q) = %q, want %q", word, got, want)
		}
	}
}
