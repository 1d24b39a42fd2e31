package rulefile_test

import (
	"fmt"

	"github.com/riskrelay/riskrelay/enrich/rulefile"
)

// Parse reads a rule file strictly: a key that it doesn't know is an error at its place, with what may have been meant.
func ExampleParse() {
	pack, problems := rulefile.Parse("acme.yaml", []byte(`apiVersion: riskrelay/v1
kind: RulePack
metadata: {name: acme, version: 1.0.0}
rules:
  - id: acme.owner.added
    title: Somebody became owner of an application
    tables: [AuditLogs]
    wen: event.operation == "add owner to application"
    severity: medium
`))
	fmt.Println(pack.Name.Value, len(pack.Rules), "rule")
	fmt.Println(problems)
	// Output:
	// acme 1 rule
	// acme.yaml:5:5: error[R103]: a rule needs the key `when`
	//   in pack acme 1.0.0 > rule acme.owner.added
	//     5 |   - id: acme.owner.added
	//       |     ^
	// acme.yaml:8:5: error[R101]: unknown key `wen` in a rule
	//   in pack acme 1.0.0 > rule acme.owner.added
	//     8 |     wen: event.operation == "add owner to application"
	//       |     ^^^ did you mean `when`?
}
