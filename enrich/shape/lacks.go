package shape

import (
	"slices"

	"github.com/riskrelay/riskrelay/enrich/schema"
)

// Lacks are the columns of a table that events in a shape don't have, but for those that the workspace itself adds and leaves out of
// exports; ok is false where the shape holds no events of the table.
func Lacks(kind Kind, table string) (columns []string, ok bool) {
	t, known := schema.Lookup(table)
	has := map[string]bool{"Type": true}
	switch kind {
	case Rows, RowsCSV, Query:
		return nil, known && !t.Local
	case EntraCSV:
		for _, p := range portalTables() {
			if ok = p.table == table || p.table == "SigninLogs" && table == "AADNonInteractiveUserSignInLogs"; ok {
				for _, place := range p.places {
					has[place.path[0]] = true
				}
				break
			}
		}
	case OfficeCSV:
		return Lacks(Office, table)
	default:
		for _, n := range forms(kind) {
			if n.table.Name != table {
				continue
			}
			ok = true
			for _, f := range n.fields {
				has[f.column] = has[f.column] || f.how != written
			}
		}
	}
	for _, c := range t.Columns {
		if ok && !has[c.Name] && !c.Hidden {
			columns = append(columns, c.Name)
		}
	}
	return slices.Clip(columns), ok
}
