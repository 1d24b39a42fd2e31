package schema_test

import (
	"fmt"

	"github.com/riskrelay/riskrelay/enrich/schema"
)

// Tables are known by their names in Log Analytics, and their columns by name and type.
func ExampleLookup() {
	table, known := schema.Lookup("AuditLogs")
	column, _ := table.Column("InitiatedBy")
	fmt.Println(table.Name, known, column.Name, column.Type)
	fmt.Println(schema.VaultClass("SecretGet"))
	// Output:
	// AuditLogs true InitiatedBy dynamic
	// read
}
