package celrule_test

import (
	"context"
	"fmt"
	"log"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/celrule"
	"github.com/riskrelay/riskrelay/enrich/schema"
)

// guestOwners is a rule file as an operator writes one.
const guestOwners = `
apiVersion: riskrelay/v1
kind: RulePack
metadata: {name: acme, version: 1.0.0}
rules:
  - id: acme.owner.added
    title: Somebody became owner of an application
    tables: [AuditLogs]
    when: event.operation == "add owner to application"
    severity: medium
    message: "{event.actor.label} added an owner"
`

// The rules work without a host: configure a module with rule files, and give it events.
func Example() {
	module := celrule.New()
	files := []enrich.File{{Name: "acme.yaml", Data: []byte(guestOwners)}}
	if err := module.Configure(context.Background(), enrich.Config{Files: files}); err != nil {
		log.Fatal(err)
	}
	tags, err := module.Tag(context.Background(), []enrich.Event{owner("Add owner to application"), owner("Add user")})
	if err != nil {
		log.Fatal(err)
	}
	for _, of := range tags {
		for _, tag := range of {
			fmt.Println(tag.Rule, tag.Severity, tag.Message)
		}
	}
	// Output: acme.owner.added medium ann@contoso.example added an owner
}

// A rule with a mistake doesn't load. The error says where it is.
func ExampleModule_Configure() {
	module := celrule.New()
	files := []enrich.File{{Name: "acme.yaml", Data: []byte(`apiVersion: riskrelay/v1
kind: RulePack
metadata: {name: acme, version: 1.0.0}
rules:
  - {id: acme.typo, title: A typo, tables: [AuditLogs], when: event.OperationNmae == "Add user", severity: low}
`)}}
	fmt.Println(module.Configure(context.Background(), enrich.Config{Files: files}))
	// Output:
	// acme.yaml:5:69: error[R202]: unknown field `OperationNmae` on AuditLogs
	//   in pack acme 1.0.0 > rule acme.typo > when
	//     5 |   - {id: acme.typo, title: A typo, tables: [AuditLogs], when: event.OperationNmae == "Add user", severity: low}
	//       |                                                                     ^^^^^^^^^^^^^ did you mean `OperationName`?
}

// Why a rule matched, or didn't, is told condition by condition.
func ExampleModule_Explain() {
	module := celrule.New()
	files := []enrich.File{{Name: "acme.yaml", Data: []byte(guestOwners)}}
	if err := module.Configure(context.Background(), enrich.Config{Files: files}); err != nil {
		log.Fatal(err)
	}
	event := owner("Add user")
	why, err := module.Explain(context.Background(), &event, "acme.owner.added")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s", why.AppendText(nil, ""))
	// Output:
	// when: event.operation == "add owner to application" -> false, event.operation = "add user"
}

// owner is an event in which Ann does something.
func owner(operation string) enrich.Event {
	table, _, row, err := enrich.NewObjectParser(schema.TypeOf).Parse([]byte(`{"Type":"AuditLogs","TimeGenerated":"2026-03-02T10:00:00Z","OperationName":"` + operation +
		`","InitiatedBy":{"user":{"id":"2b7e0c1a-0000-4000-8000-000000000001","userPrincipalName":"ann@contoso.example"}}}`))
	if err != nil {
		log.Fatal(err)
	}
	return enrich.NewEvent(table, row)
}
