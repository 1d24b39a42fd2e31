package celrule_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/celrule"
	"github.com/riskrelay/riskrelay/enrich/diag"
	"github.com/riskrelay/riskrelay/enrich/rulefile"
)

// found are the problems of a file, warnings of one that loads included.
func found(t *testing.T, files ...enrich.File) diag.Problems {
	t.Helper()
	m := celrule.New()
	err := m.Configure(context.Background(), enrich.Config{Files: files})
	if err == nil {
		return m.Warnings()
	}
	var problems diag.Problems
	if !errors.As(err, &problems) {
		t.Fatal(err)
	}
	return problems
}

// TestTyposInTexts holds that a text that can never be is found at its place, and that one that can be is left alone.
// The want is the code, the text under the caret and the suggestion; "" for no problem.
func TestTyposInTexts(t *testing.T) {
	const vault, activity = "AzureDiagnostics", "AzureActivity"
	for _, c := range []struct{ table, when, want string }{
		{"", `event.target("Usr").present`, `R209 "Usr" did you mean ` + "`User`?"},
		{"", `event.target("nonsense").present`, `R209 "nonsense" known: User, ServicePrincipal, Application, Role, Group, Policy, Device, Directory, Request, Other`},
		{"", `event.target("application").present`, ""},
		{"", `event.actor.kind == "App"`, `R209 "App" did you mean ` + "`app`?"},
		{"", `"usr" != event.actor.kind`, `R209 "usr" did you mean ` + "`user`?"},
		{"", `event.actor.kind in ["user", "apps"]`, `R209 "apps" did you mean ` + "`app`?"},
		{"", `event.actor.kind == "unknown" || event.actor.name == "App"`, ""},
		{"", `event.role.principal_type == "Serviceprincipal"`, `R209 "Serviceprincipal" did you mean ` + "`ServicePrincipal`?"},
		{activity, `event.role.principal_type == "Users"`, `R209 "Users" did you mean ` + "`User`?"},
		{"", `event.role.principal_type in ["", "Group"]`, ""},
		{vault, `event.vault.class == "raed"`, `R209 "raed" did you mean ` + "`read`?"},
		{vault, `event.vault.class in ["read", "list", "other"]`, ""},
		{vault, `event.vault.class in lists.classes`, "R209 reed did you mean `read`?"},
		{"", `macros.by("usr")`, "R209 \"usr\" did you mean `user`?"},
		{"", `macros.by_robot()`, "R209 by_robot known: user, app, unknown"},

		{"", `event.change("KeyDescripton").present`, `R302 "KeyDescripton" did you mean ` + "`KeyDescription`?"},
		{"", `event.changed("LogoutUlr")`, `R302 "LogoutUlr" did you mean ` + "`LogoutUrl`?"},
		{"", `event.targets.exists(t, t.change("AppAdress").present)`, `R302 "AppAdress" did you mean ` + "`AppAddress`?"},
		{"", `event.change("keydescription").present && event.changed("Entirely.Unknown")`, ""},

		{"", `event.operation in lists.operations`, `R209 Add Owner write "add owner"`},
		{"", `event.operation in lists.folded || event.operation in lists.any_case`, ""},
		{"", `event.OperationName in lists.operations`, ""},
		{"", `event.operation.startsWith("Add ")`, `R209 "Add " write "add "`},
		{"", `event.operation.endsWith("to  role.")`, `R209 "to  role." write "to role"`},
		{"", `event.operation.contains(" – ")`, `R209 " – " write " - "`},
		{"", `event.operation.startsWith("add ") && event.operation.endsWith(" role") && event.operation.contains(" to ")`, ""},
		{"", `event.OperationName.startsWith("Add ")`, ""},
		{"", `event.operation.matches("^Add (member|owner)")`, `R303 "^Add (member|owner)" write it in lower case`},
		{"", `event.operation.matches("(?i)^Add") || event.operation.matches("[A-Za-z]\\S\\D") || event.Result.matches("Add")`, ""},

		{"", `event.role.id == "62E90394-69f5-4237-9190-012177145e10"`, `R303 "62E90394-69f5-4237-9190-012177145e10" write "62e90394-69f5-4237-9190-012177145e10"`},
		{"", `"Ann" != event.actor.upn.lower()`, `R303 "Ann" write "ann"`},
		{"", `event.actor.upn.lower() in ["ann", "Bob"]`, `R303 "Bob" write "bob"`},
		{"", `fold(event.Category) == "User  Management"`, `R303 "User  Management" write "user management"`},
		{"", `uri(event.Category).host.endsWith(".Example")`, `R303 ".Example" write ".example"`},
		{"", `event.Category.lower().contains("Mail.")`, `R303 "Mail." write "mail."`},
		{vault, `event.vault.name == "KV-One"`, `R303 "KV-One" write "kv-one"`},
		{"", `event.Category.lower() in lists.operations`, "R303 operations give the list `case: insensitive`, or write its items in lower case"},
		{"", `event.Category.lower() in lists.any_case && event.Category in lists.operations && event.Category.lower() in lists.folded`, ""},
		{"", `event.role.name == "Owner" || event.api.name == "Graph" || event.Category.contains("A") || event.Category.lower() == "a"`, ""},
	} {
		table := c.table
		if table == "" {
			table = "AuditLogs"
		}
		file := pack(fmt.Sprintf(`lists:
  - {name: operations, items: [add member, Add Owner]}
  - {name: folded, items: [add member]}
  - {name: any_case, case: insensitive, items: [Add Member]}
  - {name: classes, items: [read, reed]}
macros:
  - {name: by, params: [kind], expr: event.actor.kind == kind}
  - {name: by_robot, expr: event.actor.kind == "robot"}
rules:
  - id: a.b
    title: t
    tables: [%s]
    severity: low
    when: |
      %s
`, table, c.when))
		var got []string
		for _, p := range found(t, file) {
			line := []rune(p.Line)
			got = append(got, strings.Join([]string{p.Code, string(line[p.Pos.Column-1:][:p.Width]), p.Suggestion}, " "))
			if info, _ := rulefile.CodeByName(p.Code); info.Severity != p.Severity {
				t.Errorf("%s: %s is documented as %q, not %q", c.when, p.Code, info.Severity, p.Severity)
			}
		}
		if all := strings.Join(got, "\n"); all != c.want {
			t.Errorf("%s:\ngot  %s\nwant %s", c.when, all, c.want)
		}
	}
}

// TestTyposBehindLets holds that a let is looked through when it is another name of a field, unless a loop has its name
// for something else.
func TestTyposBehindLets(t *testing.T) {
	for when, want := range map[string]string{
		`op == "Add owner"`:             "R209",
		`again.startsWith("Add")`:       "R209",
		`op.matches("^Add")`:            "R303",
		`kind == "usr"`:                 "R209",
		`low == "Ann"`:                  "R303",
		`low == "ann"`:                  "",
		`who.kind in ["user", "apps"]`:  "R209",
		`op == "add owner"`:             "",
		`["Add"].exists(op, op == "A")`: "",
		`kind == "app" && other == "A"`: "",
	} {
		var codes []string
		for _, p := range found(t, pack(`rules:
  - id: a.b
    title: t
    tables: [AuditLogs]
    severity: low
    let: {op: event.operation, again: op, who: event.actor, kind: who.kind, other: event.Result, low: event.actor.upn.lower()}
    when: |
      `+when+"\n")) {
			codes = append(codes, p.Code)
		}
		if got := strings.Join(codes, " "); got != want {
			t.Errorf("%s: got %q, want %q", when, got, want)
		}
	}
}

// TestTyposInListFiles holds that an operation in a file of its own is reported where the list is used.
func TestTyposInListFiles(t *testing.T) {
	problems := found(t, pack(`lists: [{name: ops, file: ops.txt}]
rules: [{id: a.b, title: t, tables: [AuditLogs], severity: low, when: event.operation in lists.ops}]
`), enrich.File{Name: "ops.txt", Data: []byte("add member\nAdd Owner\n")})
	if len(problems) != 1 || problems[0].Code != "R209" || problems[0].Pos.Line != 5 || !strings.Contains(problems[0].Message, `"Add Owner"`) {
		t.Errorf("got %v", problems)
	}
}

// TestWarningsForEachRule holds that two rules with the same expression each get its warning.
func TestWarningsForEachRule(t *testing.T) {
	const rule = "  - {id: a.%d, title: t, tables: [AuditLogs], severity: low, when: event.changed(\"AppAdress\")}\n"
	if got := found(t, pack("rules:\n"+fmt.Sprintf(rule, 1)+fmt.Sprintf(rule, 2))); len(got) != 2 || got.HasErrors() {
		t.Errorf("got %v", got)
	}
}

// TestHelperOfOtherTables says where a helper exists instead of how to read a column.
func TestHelperOfOtherTables(t *testing.T) {
	for when, want := range map[string]string{
		`event.vault.present`:                 "only the rows of AZKVAuditLogs and AzureDiagnostics have event.vault",
		`event.target("User").present`:        "only the rows of AuditLogs have event.target",
		`event.Mine_s == ""`:                  "", // Azure gives the table no such column
		`event.role.id == "x" && event.grant`: "only the rows of AuditLogs have event.grant",
	} {
		got := found(t, pack("rules: [{id: a.b, title: t, tables: [AzureActivity], severity: low, when: '"+when+"'}]\n"))
		if len(got) != 1 || got[0].Suggestion != want {
			t.Errorf("%s: %v", when, got)
		}
	}
}

// TestAbsentExpressions holds that an expression that isn't there is one problem with a place, and hides no other.
func TestAbsentExpressions(t *testing.T) {
	got := found(t, pack(`macros: [{name: m}]
lists: []
rules:
  - {id: a.a, title: t, tables: [AuditLogs], severity: low, when: event.success, adjust: [{score: "+1", reason: x}]}
  - {id: a.b, title: t, tables: [AuditLogs], severity: low, when: event.success, objects: [{type: user}]}
  - {id: a.c, title: t, tables: [AuditLogs], severity: low, when: event.success, let: {x: ""}}
  - {id: a.d, title: t, tables: [AuditLogs], severity: low, when: event.sucess, objects: [{type: user}]}
`))
	var codes []string
	for _, p := range got {
		codes = append(codes, fmt.Sprintf("%d %s", p.Pos.Line, p.Code))
	}
	if all := strings.Join(codes, ", "); all != "4 R103, 7 R103, 8 R103, 9 R105, 10 R202, 10 R103" {
		t.Errorf("got %s\n%v", all, got)
	}
}
