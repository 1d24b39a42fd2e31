package celrule

import (
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"

	"github.com/riskrelay/riskrelay/enrich"
)

// frame is the variable "event" while rules look at one event. Cells and the views over them are decoded when the
// first rule asks and kept for the next. A frame is used again for the next event of its table.
type frame struct {
	table *table
	row   *enrich.Row
	// place tells where each column of the table is in rows of one shape, -1 for nowhere.
	place  []int
	places map[*enrich.Columns][]int
	folds  map[string]string // cells with operations -> what they are folded
	cells  []ref.Val
	views  views
}

// views are the decoded helpers, nil until asked for.
type views struct {
	operation string
	folded    bool // operation is set
	actor     *actor
	targets   *[]target
	details   ref.Val
	overflow  ref.Val
	api       *api
	grant     *grant
	consent   *consent
	role      *role
	vault     *vault
}

// maxShapes bounds how many shapes of rows and how many operations a frame remembers.
const maxShapes = 256

func newFrame(t *table) *frame {
	return &frame{
		table: t, cells: make([]ref.Val, len(t.columns)), places: map[*enrich.Columns][]int{}, folds: map[string]string{},
	}
}

// reset points the frame at another event.
func (f *frame) reset(e *enrich.Event) {
	f.row, f.views = &e.Row, views{}
	clear(f.cells)
	columns := e.Columns()
	place, ok := f.places[columns]
	if !ok {
		place = make([]int, len(f.table.columns))
		for i, c := range f.table.columns {
			place[i] = -1
			if columns == nil {
				continue
			}
			if at, ok := columns.Index(c.Name); ok {
				place[i] = at
			}
		}
		if len(f.places) >= maxShapes {
			clear(f.places)
		}
		f.places[columns] = place
	}
	f.place = place
}

// raw is the cell of the table's column i as it was read; nil when the row has none or it is null.
func (f *frame) raw(i int) []byte {
	if i < 0 || f.place[i] < 0 {
		return nil
	}
	cell := f.row.Cell(f.place[i])
	if len(cell) == 0 || cell[0] == 'n' {
		return nil
	}
	return cell
}

// cell is the CEL value of the table's column i. An error stands for a cell that is over the limits.
func (f *frame) cell(i int) ref.Val {
	if v := f.cells[i]; v != nil {
		return v
	}
	v := decodeCell(f.raw(i), f.table.columns[i].Type)
	f.cells[i] = v
	return v
}

// text is the text of a column by name; columns that the table doesn't declare are looked for in the row.
func (f *frame) text(name string) string {
	if i, ok := f.table.index[name]; ok {
		return textCell(f.raw(i))
	}
	return textCell(notNull(f.row.Lookup(name)))
}

// dynamic is a column by name as a JSON value, whatever its type; null when there is nothing to see.
func (f *frame) dynamic(name string) ref.Val {
	i, ok := f.table.index[name]
	if ok && f.table.columns[i].Type == enrich.Dynamic {
		return present(f.cell(i))
	}
	return present(decodeCell(notNull(f.row.Lookup(name)), enrich.Dynamic))
}

// present turns an error into null: helpers see what they can.
func present(v ref.Val) ref.Val {
	if types.IsError(v) {
		return types.NullValue
	}
	return v
}

func notNull(cell []byte) []byte {
	if len(cell) == 0 || cell[0] == 'n' {
		return nil
	}
	return cell
}

// Value is what the fields' getters take.
func (f *frame) Value() any { return f }

// Type is the table's type.
func (f *frame) Type() ref.Type { return f.table.typ.cel }

// Equal reports whether it is the same event.
func (f *frame) Equal(other ref.Val) ref.Val { return types.Bool(other == ref.Val(f)) }

// ConvertToNative always fails.
func (f *frame) ConvertToNative(reflect.Type) (any, error) { return nil, errNoConversion }

// ConvertToType always fails.
func (f *frame) ConvertToType(t ref.Type) ref.Val {
	return types.NewErr("type conversion error from %s to '%s'", f.table.typ.name, t)
}

// decodeCell makes the CEL value of a cell, nil for none. A cell that doesn't hold what its type says is read as far as
// it makes sense; what doesn't is the type's zero value, as in Kusto.
func decodeCell(cell []byte, typ enrich.Type) ref.Val {
	switch typ {
	case enrich.Dynamic:
		return decodeDynamic(cell)
	case enrich.Bool:
		s := textCell(cell)
		return types.Bool(strings.EqualFold(s, "true") || s == "1")
	case enrich.Int, enrich.Long:
		s := textCell(cell)
		if n, err := strconv.ParseInt(s, 10, 64); err == nil {
			return types.Int(n)
		}
		f, _ := strconv.ParseFloat(s, 64)
		return types.Int(int64(f))
	case enrich.Real:
		n, _ := strconv.ParseFloat(textCell(cell), 64)
		return types.Double(n)
	case enrich.Datetime:
		t, err := time.Parse(time.RFC3339Nano, textCell(cell))
		if err != nil {
			return types.Timestamp{}
		}
		return types.Timestamp{Time: t.UTC()}
	}
	return types.String(textCell(cell))
}

// decodeDynamic reads a dynamic cell, which comes as JSON or as a string with JSON in it.
func decodeDynamic(cell []byte) ref.Val {
	cell = enrich.Expand(cell)
	if len(cell) == 0 {
		return newAbsent()
	}
	v, err := jsonValue(cell)
	if err != nil {
		return types.WrapErr(err)
	}
	if v == types.NullValue || v == types.String("") {
		return newAbsent()
	}
	return v
}

// textCell is a cell as text: a string decoded, anything else as it stands.
func textCell(cell []byte) string {
	if len(cell) == 0 {
		return ""
	}
	if cell[0] != '"' {
		return string(cell)
	}
	s, err := enrich.Unquote(cell)
	if err != nil {
		return ""
	}
	return string(s)
}
