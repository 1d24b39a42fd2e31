package event

import (
	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/celrule/celval"
	"github.com/riskrelay/riskrelay/enrich/schema"
)

// cellNamed is the value of a cell in a column that no schema declares, as in custom tables. The type that the service says is
// there for rows that come from it only, and a rule has to say the same of the rows in its tests and in files. So the
// end of the name decides, as where the service makes columns up, and otherwise the JSON in the cell: a number is one, true
// is true, an object has members, and a text is a text. Only a dynamic value, which the service sends as JSON in a text, is
// opened first: typ says so.
func cellNamed(name string, cell []byte, typ enrich.Type) ref.Val {
	if named, ok := schema.SuffixType(name); ok {
		return decodeCell(cell, named)
	}
	if typ == enrich.Dynamic && cell[0] == '"' {
		cell = inText(cell)
	}
	if cell[0] == '"' {
		return decodeCell(cell, enrich.String)
	}
	v := decodeDynamic(cell)
	if _, nothing := v.(*celval.Absent); nothing {
		return types.NullValue
	}
	return v
}

// inText is the JSON value that a cell holds as text, or the cell itself when its text is no JSON: the service sends a dynamic text
// as it is.
func inText(cell []byte) []byte {
	text, err := enrich.Unquote(cell)
	if err != nil || len(text) == 0 {
		return cell
	}
	if end, err := enrich.ScanValue(text, 0); err != nil || end != len(text) {
		return cell
	}
	return text
}
