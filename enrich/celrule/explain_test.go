package celrule_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/celrule"
)

const explained = `apiVersion: riskrelay/v1
kind: RulePack
metadata: {name: x, version: 1.0.0}
lists: [{name: roles, doc: Roles., items: [a, b, c]}]
macros:
  - {name: known, params: [id], expr: id in lists.roles && event.success}
  - {name: any_of, params: [all], expr: 'all.exists(x, x == "a")'}
rules:
  - id: x.all
    title: All
    tables: [AuditLogs]
    let:
      by_app: event.actor.is_app && event.actor.name != ""
      first: event.TargetResources[0].displayName
    when: |
      event.operation == "add owner to application" &&
      (by_app || macros.known(event.Category)) &&
      !event.ResultReason.startsWith("No") && event.AdditionalDetails.exists(d, d.key == "(a)" && d.value != null)
    severity: low
    adjust:
      - {if: first == "web", severity: high, reason: it is web}
      - {if: "macros.any_of([first, 'b'])", score: "+3", reason: any}
  - {id: x.needs, title: Needs, tables: [AuditLogs], when: context.outside_hours(event.time), severity: low}
`

func explainedModule(t *testing.T) *celrule.Module {
	t.Helper()
	return configured(t, "", enrich.File{Name: "x.yaml", Data: []byte(explained)})
}

// outline is a condition as indented lines.
func outline(c enrich.Condition, indent string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s%s [%s] %q %s", indent, c.Text, c.Op, c.Result, c.Error)
	if c.Decides {
		b.WriteString(" <-")
	}
	b.WriteString("\n")
	for _, v := range c.Values {
		fmt.Fprintf(&b, "%s  . %s = %s\n", indent, v.Text, v.Value)
	}
	for _, p := range c.Parts {
		b.WriteString(outline(p, indent+"  "))
	}
	return b.String()
}

// TestExplain compares the explanations of one rule for several events with the golden file.
func TestExplain(t *testing.T) {
	m := explainedModule(t)
	var got strings.Builder
	for _, row := range []string{
		`{"Type": "AuditLogs", "OperationName": "Add owner to application", "Category": "a", "Result": "success", "ResultReason": "Yes",
		  "AdditionalDetails": [{"key": "(a)", "value": "1"}], "TargetResources": [{"displayName": "web"}]}`,
		`{"Type": "AuditLogs", "OperationName": "Other"}`,
		`{"Type": "AuditLogs", "OperationName": "Add owner to application", "Category": "z"}`,
		`{"Type": "AuditLogs", "OperationName": "Add owner to application", "Category": "a", "Result": "success", "ResultReason": "None"}`,
		`{"Type": "AuditLogs", "OperationName": "Add owner to application", "Category": "a", "Result": "success", "AdditionalDetails": [{"k": 1}]}`,
		`{"Type": "AuditLogs", "OperationName": "Add owner to application", "Category": "a", "Result": "success", "AdditionalDetails": [{"key": "(a)", "value": "1"}]}`,
	} {
		e := event(t, row)
		x, err := m.Explain(t.Context(), &e, "x.all")
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&got, "%s %s\n%s", x.Outcome, x.Reason, outline(*x.When, ""))
		for _, a := range x.Adjust {
			fmt.Fprintf(&got, "%s:\n%s", a.Key, outline(a, ""))
		}
	}
	golden(t, "explain.txt", got.String())
}

func TestExplainWithoutAnswer(t *testing.T) {
	m := explainedModule(t)
	for _, test := range []struct{ row, rule, outcome, reason string }{
		{`{"Type": "SigninLogs"}`, "x.all", enrich.OutcomeTable, "the event is of SigninLogs, the rule is about AuditLogs"},
		{`{"Type": "AuditLogs"}`, "x.needs", enrich.OutcomeOff, "needs context business_hours"},
	} {
		e := event(t, test.row)
		x, err := m.Explain(t.Context(), &e, test.rule)
		if err != nil || x.Outcome != test.outcome || x.Reason != test.reason {
			t.Errorf("got %+v, %v", x, err)
		}
	}
	e := event(t, `{"Type": "AuditLogs"}`)
	if _, err := m.Explain(t.Context(), &e, "x.al"); err == nil || !strings.Contains(err.Error(), "did you mean `x.all`") {
		t.Errorf("got %v", err)
	}
}

func TestOnly(t *testing.T) {
	m := explainedModule(t)
	only, err := m.Only("x.needs")
	if err != nil {
		t.Fatal(err)
	}
	about, err := only.Describe(t.Context())
	if err != nil || len(about.Rules) != 1 || about.Rules[0].ID != "x.needs" {
		t.Errorf("got %+v, %v", about.Rules, err)
	}
	if _, err := m.Only("absent"); err == nil {
		t.Error("a rule that isn't there was found")
	}
}
