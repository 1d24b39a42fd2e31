package shape

import (
	"fmt"
	"slices"
	"strings"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/schema"
)

// rowsOfCSV makes rows of what the Logs blade exports: the columns of the table, with "[UTC]" behind the names of times.
type rowsOfCSV struct {
	names   []string
	table   int // the place of Type, -1 for none
	columns map[string]*enrich.Columns
	fields  [][]byte
}

// newRowsOfCSV returns nil when the header isn't that of such an export.
func newRowsOfCSV(header []string) *rowsOfCSV {
	p := &rowsOfCSV{table: -1, columns: map[string]*enrich.Columns{}}
	for i, h := range header {
		name, _, _ := strings.Cut(strings.TrimSpace(h), " [")
		if slices.Contains(p.names, name) {
			name = fmt.Sprintf("%s_%d", name, i)
		}
		if p.names = append(p.names, name); name == "Type" {
			p.table = i
		}
	}
	if p.table < 0 && !slices.Contains(p.names, "TimeGenerated") {
		return nil
	}
	return p
}

// maxTables bounds what is remembered, should each row name another table.
const maxTables = 1000

// Parse returns the row in a record, which it changes, and its table. Of fields that are empty it has no cells: in CSV nothing and an
// empty text are the same.
func (p *rowsOfCSV) Parse(record []byte) (table, id string, row enrich.Row, err error) {
	record, original := enrich.ValidUTF8(record)
	p.fields = splitCSV(p.fields[:0], record)
	if len(p.fields) != len(p.names) {
		return "", "", enrich.Row{}, fmt.Errorf("the record has %d fields, the first line names %d columns", len(p.fields), len(p.names))
	}
	if p.table >= 0 {
		table = string(p.fields[p.table])
	}
	columns := p.columns[table]
	if columns == nil {
		types := make([]enrich.Type, len(p.names))
		for i, name := range p.names {
			types[i] = schema.TypeOf(table, name)
		}
		if columns = enrich.NewColumns(p.names, types); len(p.columns) >= maxTables {
			clear(p.columns)
		}
		p.columns[table] = columns
	}
	text := make([]byte, 0, len(record)+len(record)/4)
	cells := make([]enrich.Span, len(p.names))
	for i, field := range p.fields {
		if len(field) > 0 {
			start := len(text)
			text = appendQuoted(text, field)
			cells[i] = enrich.Span{Start: uint32(start), End: uint32(len(text))}
		}
	}
	return table, "", enrich.NewRow(columns, text, cells).OnOneLine().WithOriginal(original), nil
}

// auditOfCSV makes rows of what Purview exports: the whole record stands in one column.
type auditOfCSV struct {
	data    int
	objects *Objects
	fields  [][]byte
}

// newAuditOfCSV returns nil when the header isn't that of such an export.
func newAuditOfCSV(header []string) *auditOfCSV {
	i := slices.Index(header, "AuditData")
	if i < 0 {
		return nil
	}
	return &auditOfCSV{data: i, objects: NewObjects(Office)}
}

// Parse returns the row in a record, which it changes, and its table.
func (p *auditOfCSV) Parse(record []byte) (table, id string, row enrich.Row, err error) {
	p.fields = splitCSV(p.fields[:0], record)
	if len(p.fields) <= p.data {
		return "", "", enrich.Row{}, fmt.Errorf("the record has %d fields, AuditData is the %dth", len(p.fields), p.data+1)
	}
	return p.objects.Parse(p.fields[p.data])
}
