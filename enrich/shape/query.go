package shape

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/schema"
)

// queryRows makes rows of the arrays in a reply of the query API.
// https://learn.microsoft.com/azure/azure-monitor/logs/api/response-format
type queryRows struct {
	of      func() []byte // the reply's "columns" before the array at hand
	header  []byte        // what known and table were made of
	columns *enrich.Columns
	table   int // the place of Type, -1 for none
}

// Parse returns the row in an array and its table.
func (p *queryRows) Parse(array []byte) (table, id string, row enrich.Row, err error) {
	if header := p.of(); p.columns == nil || !bytes.Equal(header, p.header) {
		if err := p.read(header); err != nil {
			return "", "", enrich.Row{}, err
		}
	}
	row, err = enrich.SplitArray(p.columns, array)
	if err == nil && p.table >= 0 {
		table = row.Text("Type")
	}
	return table, "", row, err
}

func (p *queryRows) read(header []byte) error {
	var list []struct {
		Name string
		Type enrich.Type
	}
	if len(header) == 0 {
		return errors.New("the reply has rows before the \"columns\" that name what is in them")
	}
	if err := json.Unmarshal(header, &list); err != nil {
		return fmt.Errorf("read the reply's \"columns\": %w", err)
	}
	seen := map[string]bool{}
	var names []string
	var types []enrich.Type
	p.table = -1
	for i, c := range list {
		if c.Name == "Type" {
			p.table = i
		}
		for seen[c.Name] {
			c.Name += "_"
		}
		seen[c.Name] = true
		names, types = append(names, c.Name), append(types, c.Type)
	}
	p.header, p.columns = header, enrich.NewColumns(names, types)
	return nil
}

// rowObjects makes rows of Log Analytics' rows as objects.
type rowObjects struct{ parser *enrich.ObjectParser }

func newRowObjects() rowObjects { return rowObjects{enrich.NewObjectParser(schema.TypeOf)} }

// Parse returns the row in an object and its table.
func (p rowObjects) Parse(text []byte) (table, id string, row enrich.Row, err error) {
	return p.parser.Parse(text)
}

// auditObjects makes rows of the unified audit as JSON: the records themselves, or what Search-UnifiedAuditLog prints, in which they
// stand as text.
// https://learn.microsoft.com/powershell/module/exchange/search-unifiedauditlog
type auditObjects struct{ objects *Objects }

// Parse returns the row in an object and its table.
func (p auditObjects) Parse(text []byte) (table, id string, row enrich.Row, err error) {
	const data = "AuditData"
	if bytes.Contains(text, []byte(`"`+data+`"`)) {
		if end, err := enrich.ScanValue(text, 0); err == nil && end == len(text) {
			if inner, err := enrich.Unquote(memberOf(text, data)); err == nil {
				text = inner
			}
		}
	}
	return p.objects.Parse(text)
}
