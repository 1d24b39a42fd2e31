package rulefile_test

import (
	"testing"

	"github.com/riskrelay/riskrelay/enrich/diag"
	"github.com/riskrelay/riskrelay/enrich/rulefile"
)

// TestTestNames holds that two tests of one rule can't have the same name, while those of two rules can.
func TestTestNames(t *testing.T) {
	const tests = "tests: [{name: a, event: {}, want: none}, {name: b, event: {}, want: none}"
	const rule = "  - {id: a.b, title: t, tables: [AuditLogs], when: event.success, severity: low, " + tests
	const head = "apiVersion: riskrelay/v1\nkind: RulePack\nmetadata: {name: p, version: 1.0.0}\nrules:\n"
	_, problems := rulefile.Parse("x.yaml", []byte(head+rule+"]}\n"+"  - {id: a.c, title: t, tables: [AuditLogs], when: event.success, severity: low, "+tests+", {name: a, event: {}, want: none}]}\n"))
	var repeated diag.Problems
	for _, p := range problems {
		if p.Code == rulefile.CodeRepeated {
			repeated = append(repeated, p)
		}
	}
	if len(repeated) != 1 || repeated[0].Pos.Line != 6 || repeated[0].Message != "the test `a` is given twice" {
		t.Errorf("got %v", problems)
	}
}
