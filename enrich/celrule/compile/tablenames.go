package compile

import (
	"fmt"
	"strings"

	"github.com/riskrelay/riskrelay/enrich/celrule/event"
	"github.com/riskrelay/riskrelay/enrich/diag"
	"github.com/riskrelay/riskrelay/enrich/schema"
)

// tableNamed is the table that a rule names, nil for a name that is no table's. Of a table whose columns riskrelay doesn't know, rules
// can ask for event.column alone.
func tableNamed(name string, v *event.ViewTypes) *event.Table {
	if t, ok := event.NewTable(name, v); ok {
		return t
	}
	if strings.TrimSpace(name) == "" || wrongTable(name) != "" {
		return nil
	}
	return event.NewOpenTable(name, v)
}

// wrongTable says what is to be named in the place of a table, "" when the name may be right.
func wrongTable(name string) string {
	if t, ok := schema.Lookup(name); ok && t.Name != name {
		return fmt.Sprintf("name `%s`: its rules see the rows of `%s`, too", t.Name, name)
	}
	if schema.Exists(name) || schema.ChosenName(name) {
		return ""
	}
	if near := diag.Misspelt(name, schema.AllNames()); near != "" {
		return "did you mean `" + near + "`?"
	}
	return ""
}

// unknownTable is the error about a table that can't be meant.
func unknownTable(name diag.Text) diag.Problem {
	p := name.Problem(CodeTable, 0, 0, fmt.Sprintf("unknown table `%s`", name.Value))
	p.Suggestion = wrongTable(name.Value)
	return p
}

// untypedTable is the warning about a table whose columns nobody knows.
func untypedTable(name diag.Text) diag.Problem {
	p := name.Problem(CodeUntyped, 0, 0, fmt.Sprintf("riskrelay doesn't know the columns of `%s`: no mistake in them can be found", name.Value))
	p.Severity = diag.Warning
	p.Suggestion = "a column of such a table is event.column(\"NAME\")"
	return p
}
