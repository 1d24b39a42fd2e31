package ruletest

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/diag"
	"github.com/riskrelay/riskrelay/enrich/rulefile"
	"github.com/riskrelay/riskrelay/enrich/schema"
)

// misspeltColumns warns of columns in the rows of a test that nearly are columns of their tables.
func misspeltColumns(t rulefile.Test) (problems diag.Problems) {
	for _, row := range t.Events {
		var named struct{ Type string }
		if json.Unmarshal(row.JSON, &named) != nil {
			continue // running the test says so
		}
		for _, column := range row.Keys {
			if near := nearColumn(named.Type, column.Value); near != "" {
				p := column.Problem(CodeColumn, 0, 0, fmt.Sprintf("%s has no column `%s`", named.Type, column.Value))
				problems = append(problems, warning(p, near))
			}
		}
	}
	return problems
}

// misspelt is misspeltColumns for a row that came from a file, whose place in the file isn't known.
func (r *runner) misspelt(c *testCase, row int, e *enrich.Event) {
	columns := e.Row.Columns()
	if !c.test.File.Present() || columns == nil {
		return
	}
	for i := range columns.Len() {
		name := columns.Name(i)
		if near := nearColumn(e.Table, name); near != "" {
			p := c.test.File.Problem(CodeColumn, 0, 0, fmt.Sprintf("row %d of the file: %s has no column `%s`", row+1, e.Table, name))
			r.report.Problems = append(r.report.Problems, warning(p, near))
		}
	}
}

func warning(p diag.Problem, near string) diag.Problem {
	p.Severity = diag.Warning
	p.Suggestion = "did you mean `" + near + "`?"
	return p
}

// nearColumn is the column of the table that name is probably a misspelling of, "" for none, as in tables that riskrelay
// doesn't know.
func nearColumn(table, name string) string {
	known, ok := schema.Lookup(table)
	if _, has := known.Column(name); !ok || has {
		return ""
	}
	var all []string
	for _, c := range known.Columns {
		if strings.EqualFold(c.Name, name) {
			return c.Name
		}
		if !known.Guessed || stem(c.Name) != stem(name) {
			all = append(all, c.Name)
		}
	}
	return diag.Near(name, all)
}

// stem is a column's name without the type at its end: in tables whose columns the service makes up, one value can come
// under several types.
func stem(name string) string {
	if n := len(name); n > 2 && name[n-2] == '_' {
		return name[:n-2]
	}
	return name
}
