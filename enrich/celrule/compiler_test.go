package celrule

import (
	"context"
	"testing"

	"github.com/riskrelay/riskrelay/enrich"
)

// TestCompiledAnew holds that rules are compiled anew where something but the context is different: a file, why one couldn't be
// read, which files are the context's lists, a tuning file, or a list of rules that stands in the context file.
func TestCompiledAnew(t *testing.T) {
	pack := func(lists string) enrich.File {
		return enrich.File{Name: "x.yaml", Data: []byte("apiVersion: riskrelay/v1\nkind: RulePack\nmetadata: {name: x, version: 1.0.0}\n" + lists +
			"rules: [{id: my.a, title: t, tables: [AuditLogs], when: event.OperationName != \"\", severity: low}]\n")}
	}
	plain := enrich.Config{Files: []enrich.File{pack("")}}
	tuned := enrich.Config{Files: []enrich.File{pack(""), {Name: "t.yaml", Data: []byte("apiVersion: riskrelay/v1\nkind: Tuning\nmetadata: {name: m}\nfor: {pack: x}\n" +
		"rules: [{id: my.a, set: {severity: high}}]\n")}}}
	inContext := func(content string) enrich.Config {
		return enrich.Config{Settings: []byte("context_file: context.txt"), Files: []enrich.File{
			pack("lists: [{name: l, file: context.txt}]\n"), {Name: "context.txt", Data: []byte(content)},
		}}
	}
	for name, c := range map[string]struct {
		before, after enrich.Config
		same          bool
	}{
		"nothing":            {plain, plain, true},
		"a clock":            {plain, enrich.Config{Files: plain.Files, Settings: []byte("at: 2026-03-02T10:00:00Z")}, true},
		"a file":             {plain, enrich.Config{Files: []enrich.File{pack("lists: [{name: l, items: [a]}]\n")}}, false},
		"a tuning file":      {plain, tuned, false},
		"the clock, tuned":   {tuned, tuned, false},
		"a list's own file":  {inContext("verified_domains: []"), inContext("verified_domains: [a.example]"), false},
		"why one isn't read": {plain, enrich.Config{Files: plain.Files, Settings: []byte("unread: {a.csv: not there}")}, false},
	} {
		t.Run(name, func(t *testing.T) {
			m := New()
			sets := make([]*ruleSet, 2)
			for i, config := range []enrich.Config{c.before, c.after} {
				set, err := compileAsking(context.Background(), config, nil, m.compiler)
				if err != nil {
					t.Fatal(err)
				}
				sets[i] = set
			}
			if same := sets[0].lang == sets[1].lang; same != c.same {
				t.Errorf("compiled once: %t, want %t", same, c.same)
			}
		})
	}
}
