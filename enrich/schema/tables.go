package schema

import (
	"embed"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/riskrelay/riskrelay/enrich"
)

//go:embed tables.txt azuretables.txt properties.txt apis.txt roles.txt sharedhosts.txt vaultops.txt
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
	// States says that the id is that of a thing, of which each row says how it stands: several rows have one id.
	States bool
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

// Exists reports whether Azure Monitor or riskrelay has a table called name, be its columns known or not, or one that a table
// called so was copied from.
func Exists(name string) bool {
	if known().lookup(name) != nil {
		return true
	}
	_, ok := enrich.Origin(name, func(table string) bool { return azureTables()[table] })
	return ok
}

// AllNames are the names of all tables that riskrelay has and that Azure Monitor lists, sorted.
func AllNames() []string {
	all := slices.Concat(Names(), slices.Collect(maps.Keys(azureTables())))
	slices.Sort(all)
	return slices.Compact(all)
}

// ChosenName reports whether whoever makes a table called so chooses its name: a custom table, or a copy of another one.
// https://learn.microsoft.com/azure/azure-monitor/logs/create-custom-table
func ChosenName(name string) bool {
	return strings.HasSuffix(name, "_CL") || strings.HasSuffix(name, enrich.RestoredSuffix) || strings.HasSuffix(name, enrich.FoundSuffix)
}

// azureTables are the names in azuretables.txt.
var azureTables = sync.OnceValue(func() map[string]bool {
	all := map[string]bool{}
	for _, line := range lines("azuretables.txt") {
		for _, name := range strings.Fields(line) {
			all[name] = true
		}
	}
	return all
})

// Lookup returns the table called name, or the one that a table called name was copied from, see [enrich.Origin].
func Lookup(name string) (Table, bool) {
	t := known().lookup(name)
	if t == nil {
		return Table{}, false
	}
	return *t, true
}

// RecordIDColumn is the column with the id that the service gave the record of a row, which is the same on every way that the record
// takes; "" when the table has none.
func RecordIDColumn(table string) string {
	if t := known().lookup(table); t != nil && !t.States {
		return t.IDColumn
	}
	return ""
}

// lookup is Lookup; nil for none.
func (t *tables) lookup(name string) *Table {
	i, ok := t.place[name]
	if !ok {
		name, ok = enrich.Origin(name, func(table string) bool { _, has := t.place[table]; return has })
		i = t.place[name]
	}
	if !ok {
		return nil
	}
	return &t.list[i]
}

// TypeOf is the type of a column: as tables.txt says; in a guessed table by the end of its name; String for all else.
// It is what an [enrich.ObjectParser] asks for.
func TypeOf(table, column string) enrich.Type {
	t := known().lookup(table)
	if t == nil {
		return enrich.String
	}
	if c, ok := t.Column(column); ok {
		return c.Type
	}
	if typ, ok := SuffixType(column); ok && t.Guessed {
		return typ
	}
	return enrich.String
}

// SuffixType is the type that the last two characters of a column's name tell, as the service adds them to columns that it makes up;
// false when they tell none. https://learn.microsoft.com/azure/azure-monitor/logs/data-collector-api#record-type-and-properties
func SuffixType(column string) (enrich.Type, bool) {
	const suffix = 2
	if len(column) <= suffix {
		return "", false
	}
	switch column[len(column)-suffix:] {
	case "_s":
		return enrich.String, true
	case "_d":
		return enrich.Real, true
	case "_b":
		return enrich.Bool, true
	case "_g":
		return enrich.GUID, true
	case "_t":
		return enrich.Datetime, true
	}
	return "", false
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
		case "states":
			table.States = true
		default:
			return fmt.Errorf("unknown option %q", key)
		}
	}
	t.list = append(t.list, table)
	return nil
}
