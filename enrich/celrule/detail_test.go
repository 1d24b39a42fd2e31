package celrule_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/celrule"
	"github.com/riskrelay/riskrelay/enrich/diag"
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

// TestDetailOfContextLists holds that lists of the context are told like those of rule files.
func TestDetailOfContextLists(t *testing.T) {
	rule := enrich.File{Name: "x.yaml", Data: []byte(`apiVersion: riskrelay/v1
kind: RulePack
metadata: {name: x, version: 1.0.0}
rules:
  - {id: x.vip, title: VIP, tables: [AuditLogs], when: 'event.actor.upn in context.list("vips")', severity: low}
  - {id: x.ips, title: IPs, tables: [AuditLogs], when: 'event.actor.ip in context.list("ips")', severity: low}
`)}
	context := enrich.File{Name: "c.yaml", Data: []byte("lists:\n  vips: [ann, bob]\n  ips: {file: ips.csv, column: ip}\n")}
	m := configured(t, "context_file: c.yaml", rule, context, enrich.File{Name: "ips.csv", Data: []byte("ip\n203.0.113.1\n")})
	for id, want := range map[string]celrule.UsedList{
		"x.vip": {Name: "vips", Size: 2, First: []string{"ann", "bob"}, Source: "the context c.yaml"},
		"x.ips": {Name: "ips", Size: 1, First: []string{"203.0.113.1"}, Source: "column ip of ips.csv, named at c.yaml:3:15"},
	} {
		d, err := m.Detail(t.Context(), id)
		if diff := cmp.Diff([]celrule.UsedList{want}, d.Lists); err != nil || diff != "" {
			t.Errorf("%s: %v (-want +got):\n%s", id, err, diff)
		}
	}
}

// TestList holds that the list is sorted and says of each rule whether and how it runs.
func TestList(t *testing.T) {
	all := explainedModule(t).List()
	if len(all) != 2 || all[0].ID != "x.all" || all[1].ID != "x.needs" {
		t.Fatalf("got %+v", all)
	}
	if all[0].Score != 20 || len(all[0].Running) != 1 || all[0].Running[0].Key == "" || all[0].Unindexed != nil {
		t.Errorf("got %+v", all[0])
	}
	if all[1].Off == "" || len(all[1].Running) != 0 || !slices.Equal(all[1].Needs, []string{"business_hours"}) {
		t.Errorf("got %+v", all[1])
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
	if len(got) != 1 || got[0].Code != "R301" || got[0].Severity != diag.Warning || got[0].Pos.Line != 5 {
		t.Errorf("got %v", got)
	}
}
