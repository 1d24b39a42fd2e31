package schema

import (
	"sync"

	"github.com/riskrelay/riskrelay/enrich"
)

// HoldsObjects reports whether the column is text in the table, which holds JSON, and has objects under the same name in
// another: sign-ins of people have DeviceDetail as an object, those of the tables beside it as text.
func HoldsObjects(table, column string) bool {
	t, known := Lookup(table)
	if !known {
		return false
	}
	c, has := t.Column(column)
	return has && c.JSON && objectColumns()[column]
}

// HoldsJSON reports whether the column is text in the table, which holds JSON.
func HoldsJSON(table, column string) bool {
	t := known().lookup(table)
	if t == nil {
		return false
	}
	c, has := t.Column(column)
	return has && c.JSON
}

// objectColumns are the names of columns that have objects in a table.
var objectColumns = sync.OnceValue(func() map[string]bool {
	names := map[string]bool{}
	for _, t := range known().list {
		for _, c := range t.Columns {
			if c.Type == enrich.Dynamic {
				names[c.Name] = true
			}
		}
	}
	return names
})
