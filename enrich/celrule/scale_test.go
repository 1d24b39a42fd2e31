package celrule

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/riskrelay/riskrelay/enrich"
)

// manyFiles are packs of 500 rules each, of several shapes, with as many tuning files.
func manyFiles(rules int) (files []enrich.File) {
	const each = 500
	whens := []string{
		`event.operation == "op %[1]d" && event.actor.upn != "user%[1]d@example.org"`, `event.Identity in lists.list%[1]d`,
		`macros.macro%[1]d(event.OperationName)`, `event.Category == "v%[1]d" || event.actor.upn.startsWith("u%[1]d")`,
		`event.LoggedByService.contains("x%[1]d") && first`,
	}
	for from := 0; from < rules; from += each {
		var lists, macros, body, tuned strings.Builder
		for i := from; i < min(rules, from+each); i++ {
			fmt.Fprintf(&lists, "  - {name: list%[1]d, items: [a%[1]d, b%[1]d]}\n", i)
			fmt.Fprintf(&macros, "  - {name: macro%[1]d, params: [{name: x, type: string}], expr: 'x == \"m%[1]d\"'}\n", i)
			fmt.Fprintf(&body, "  - id: acme.rule%[1]d\n    title: Rule %[1]d\n    tables: [AuditLogs]\n    let: {first: event.success}\n    when: '%[2]s'\n    severity: medium\n", i, fmt.Sprintf(whens[i%len(whens)], i))
			fmt.Fprintf(&tuned, "  - {id: acme.rule%d, set: {score: 30}}\n", i)
		}
		name := fmt.Sprintf("p%d", from)
		files = append(files,
			enrich.File{Name: name + ".yaml", Data: []byte("apiVersion: riskrelay/v1\nkind: RulePack\nmetadata: {name: " + name + ", version: 1.0.0}\nlists:\n" + lists.String() + "macros:\n" + macros.String() + "rules:\n" + body.String())},
			enrich.File{Name: name + "-tuning.yaml", Data: []byte("apiVersion: riskrelay/v1\nkind: Tuning\nmetadata: {name: " + name + "}\nfor: {pack: " + name + "}\nrules:\n" + tuned.String())})
	}
	return files
}

// BenchmarkScale loads 2,000 rules and 20,000, and looks at them as `rules lint` and `rules list` do. "times" is how much
// dearer a rule is in the larger set: 1 when that doesn't depend on how many there are.
func BenchmarkScale(b *testing.B) {
	const few, many = 2000, 20_000
	cost := func(rules int) float64 {
		files := manyFiles(rules)
		begin := time.Now()
		m := New()
		if err := m.Configure(b.Context(), enrich.Config{Files: files}); err != nil {
			b.Fatal(err)
		}
		if len(m.List()) != rules {
			b.Fatal("rules are missing")
		}
		m.Warnings()
		m.Costly()
		m.Idle()
		return float64(time.Since(begin)) / float64(rules)
	}
	var small, large float64
	for b.Loop() {
		small += (cost(few) + cost(few) + cost(few)) / 3
		large += cost(many)
	}
	b.ReportMetric(large/small, "times")
	b.ReportMetric(large/float64(b.N), "ns/rule")
}
