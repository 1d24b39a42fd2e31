package celrule_test

import (
	"testing"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/rulefile"
)

func TestDetail(t *testing.T) {
	m := explainedModule(t)
	d, err := m.Detail(t.Context(), "x.all")
	if err != nil {
		t.Fatal(err)
	}
	if len(d.Lists) != 1 || d.Lists[0].Size != 3 || d.Lists[0].First[2] != "c" || d.Lists[0].Doc != "Roles." {
		t.Errorf("lists: %+v", d.Lists)
	}
	if len(d.Macros) != 2 || d.Macros[1].Name != "known" || d.Macros[1].Params[0] != "id" {
		t.Errorf("macros: %+v", d.Macros)
	}
	if len(d.Running) != 1 || d.Running[0].Key == "" || d.Running[0].Cost < 10 {
		t.Errorf("running: %+v", d.Running)
	}
	off, err := m.Detail(t.Context(), "x.needs")
	if err != nil || len(off.Needs) != 1 || off.Needs[0] != "business_hours" || len(off.Running) != 0 {
		t.Errorf("got %+v, %v", off, err)
	}
	if _, err := m.Detail(t.Context(), "absent"); err == nil {
		t.Error("a rule that isn't there was found")
	}
}

func TestCostly(t *testing.T) {
	m := configured(t, "", enrich.File{Name: "x.yaml", Data: []byte(`apiVersion: riskrelay/v1
kind: RulePack
metadata: {name: x, version: 1.0.0}
rules:
  - {id: x.any, title: Any, tables: [AuditLogs], when: event.DurationMs > 7, severity: low}
  - {id: x.one, title: One, tables: [AuditLogs], when: event.operation == "x", severity: low}
`)})
	got := m.Costly()
	if len(got) != 1 || got[0].Code != "R301" || got[0].Severity != rulefile.Warning || got[0].Pos.Line != 5 {
		t.Errorf("got %v", got)
	}
}
