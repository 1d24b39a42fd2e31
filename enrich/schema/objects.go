package schema

import (
	"sync"

	"github.com/riskrelay/riskrelay/enrich"
)

// ObjectTexts are the columns that are text in the table, which holds JSON, and have objects under the same name in another:
// sign-ins of people have DeviceDetail as an object, those of the tables beside it as text. Nil for none.
func ObjectTexts(table string) map[string]bool {
	t, known := Lookup(table)
	if !known {
		return nil
	}
	return objectTexts()[t.Name]
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

// objectTexts are the columns of ObjectTexts by table.
var objectTexts = sync.OnceValue(func() map[string]map[string]bool {
	objects := map[string]bool{}
	for _, t := range known().list {
		for _, c := range t.Columns {
			objects[c.Name] = objects[c.Name] || c.Type == enrich.Dynamic
		}
	}
	texts := map[string]map[string]bool{}
	for _, t := range known().list {
		for _, c := range t.Columns {
			if !c.JSON || !objects[c.Name] {
				continue
			}
			if texts[t.Name] == nil {
				texts[t.Name] = map[string]bool{}
			}
			texts[t.Name][c.Name] = true
		}
	}
	return texts
})
