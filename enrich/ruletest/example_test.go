package ruletest_test

import (
	"context"
	"fmt"
	"log"
	"os"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/celrule"
	"github.com/riskrelay/riskrelay/enrich/ruletest"
)

// Run runs the tests that stand beside the rules in their files.
func ExampleRun() {
	const pack = `apiVersion: riskrelay/v1
kind: RulePack
metadata: {name: acme, version: 1.0.0}
rules:
  - id: acme.owner.added
    title: Somebody became owner of an application
    tables: [AuditLogs]
    when: event.operation == "add owner to application"
    severity: medium
    tests:
      - name: an owner is added
        event: {Type: AuditLogs, OperationName: Add owner to application}
        want: {severity: high}
      - name: something else
        event: {Type: AuditLogs, OperationName: Add user}
        want: none
`
	shared := celrule.New()
	report, err := ruletest.Run(context.Background(), ruletest.Options{
		Files: []enrich.File{{Name: "acme.yaml", Data: []byte(pack)}},
		New:   func() enrich.Module { return shared.Fresh() },
	})
	if err != nil {
		log.Fatal(err)
	}
	if err := report.WriteText(os.Stdout, false); err != nil {
		log.Fatal(err)
	}
	fmt.Println(report.OK())
	// Output:
	// FAIL  acme.owner.added: an owner is added (acme.yaml:11:15)
	//       want severity high, got medium
	//       got, row 1: medium 40 ""
	//         when: event.operation == "add owner to application" -> true, event.operation = "add owner to application"
	//         rule: severity medium, score 40
	// 1 rule, 2 tests: 1 passed, 1 failed
	// false
}
