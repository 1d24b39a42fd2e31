package schema

import (
	"embed"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/riskrelay/riskrelay/enrich"
)

//go:embed tables.txt properties.txt apis.txt roles.txt sharedhosts.txt vaultops.txt
var data embed.FS

// Column is one column of a table.
type Column struct {
	Name   string // spelled as the service spells it; case counts
	Type   enrich.Type
	JSON   bool // the column is a string whose text is JSON
	Hidden bool // the service leaves the column out unless a query names it
}

// Table is one Log Analytics table, or one that riskrelay makes itself.
type Table struct {
	Name    string
	Columns []Column // in the order of their names
	// TimeColumn holds when it happened, CorrelationColumn what joins the rows of one action, OperationColumn what
	// was done, and IDColumn the row's own id. All but the first are "" where the table has no such column.
	TimeColumn, IDColumn, CorrelationColumn, OperationColumn string
	// Guessed says that the service makes the columns up as rows arrive and that the last letters of their names tell
	// the types: a workspace may lack any of them, and a query has to ask with column_ifexists.
	// https://learn.microsoft.com/azure/azure-monitor/reference/tables/azurediagnostics
	Guessed bool
	// Local says that riskrelay makes the rows; a workspace has no such table.
	Local bool
}

// Column is the column called name.
func (t *Table) Column(name string) (Column, bool) {
	i, ok := slices.BinarySearchFunc(t.Columns, name, func(c Column, n string) int { return strings.Compare(c.Name, n) })
	if !ok {
		return Column{}, false
	}
	return t.Columns[i], true
}

// Tables returns all tables in the order of tables.txt. The result is the caller's; the columns in it are shared.
func Tables() []Table { return slices.Clone(known().list) }

// Names are the names of all tables.
func Names() (names []string) {
	for _, t := range Tables() {
		names = append(names, t.Name)
	}
	return names
}

// Lookup returns the table called name.
func Lookup(name string) (Table, bool) {
	i, ok := known().place[name]
	if !ok {
		return Table{}, false
	}
	return known().list[i], true
}

// TypeOf is the type of a column: as tables.txt says; in a guessed table by the end of its name; String for all else.
// It is what an [enrich.ObjectParser] asks for.
func TypeOf(table, column string) enrich.Type {
	i, ok := known().place[table]
	if !ok {
		return enrich.String
	}
	t := &known().list[i]
	if c, ok := t.Column(column); ok {
		return c.Type
	}
	if t.Guessed {
		return guess(column)
	}
	return enrich.String
}

// guess reads the suffix that the service adds to columns it makes up.
func guess(column string) enrich.Type {
	switch {
	case strings.HasSuffix(column, "_d"):
		return enrich.Real
	case strings.HasSuffix(column, "_b"):
		return enrich.Bool
	case strings.HasSuffix(column, "_g"):
		return enrich.GUID
	case strings.HasSuffix(column, "_t"):
		return enrich.Datetime
	}
	return enrich.String
}

type tables struct {
	list  []Table
	place map[string]int
}

// known reads tables.txt once. The file is part of the program, so a mistake in it stops the first caller.
var known = sync.OnceValue(func() *tables {
	t := &tables{place: map[string]int{}}
	for n, line := range lines("tables.txt") {
		if err := t.read(strings.Fields(line)); err != nil {
			panic(fmt.Sprintf("tables.txt:%d: %v", n+1, err))
		}
	}
	for i := range t.list {
		slices.SortFunc(t.list[i].Columns, func(a, b Column) int { return strings.Compare(a.Name, b.Name) })
		t.place[t.list[i].Name] = i
	}
	return t
})

// lines returns the lines of a data file, comments as empty lines.
func lines(file string) []string {
	text, err := data.ReadFile(file)
	if err != nil {
		panic(err) // the file is compiled in
	}
	all := strings.Split(string(text), "\n")
	for i, l := range all {
		if strings.HasPrefix(l, "#") {
			all[i] = ""
		}
	}
	return all
}

func (t *tables) read(words []string) error {
	switch {
	case len(words) == 0:
		return nil
	case words[0] == "table" && len(words) > 1:
		return t.begin(words[1], words[2:])
	case len(t.list) == 0:
		return fmt.Errorf("columns before the first table")
	}
	column := Column{}
	if words[0] == "hidden" && len(words) > 1 {
		column.Hidden, words = true, words[1:]
	}
	if column.Type = enrich.Type(words[0]); words[0] == "json" {
		column.Type, column.JSON = enrich.String, true
	}
	table := &t.list[len(t.list)-1]
	for _, column.Name = range words[1:] {
		table.Columns = append(table.Columns, column)
	}
	return nil
}

func (t *tables) begin(name string, options []string) error {
	table := Table{Name: name, TimeColumn: "TimeGenerated"}
	for _, o := range options {
		key, value, _ := strings.Cut(o, "=")
		switch key {
		case "id":
			table.IDColumn = value
		case "correlation":
			table.CorrelationColumn = value
		case "operation":
			table.OperationColumn = value
		case "guessed":
			table.Guessed = true
		case "local":
			table.Local = true
		default:
			return fmt.Errorf("unknown option %q", key)
		}
	}
	t.list = append(t.list, table)
	return nil
}
