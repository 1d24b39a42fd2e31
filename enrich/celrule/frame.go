package celrule

import (
	"bytes"
	"reflect"
	"strconv"
	"time"

	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"

	"github.com/riskrelay/riskrelay/enrich"
)

// frame is the variable "event" while rules look at one event. Cells and the views over them are decoded when the
// first rule asks and kept for the next. A frame is used again for the next event of its table.
type frame struct {
	table  *table
	row    *enrich.Row
	known  *known
	place  []int // by column of the table, where it is in the row, -1 for nowhere
	cells  []ref.Val
	views  views
	opened bool  // cells are set
	spent  int64 // by the rules that looked at the event, in steps; see budget
	over   int   // rules that were not run because the event had spent too much
}

// known is what frames of one table remember from one event to the next.
type known struct {
	places map[*enrich.Columns][]int // by the shape of rows, see frame.place
	folds  map[string]string         // cells with operations -> what they are folded
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
	return newFrames(t)()
}

// newFrames returns a function that makes frames of one table, which share what they know.
func newFrames(t *table) func() *frame {
	k := &known{places: map[*enrich.Columns][]int{}, folds: map[string]string{}}
	return func() *frame { return &frame{table: t, cells: make([]ref.Val, len(t.columns)), known: k} }
}

// close lets go of the event.
func (f *frame) close() {
	if f.opened {
		f.opened = false
		clear(f.cells)
	}
	f.row, f.views, f.spent, f.over = nil, views{}, 0, 0
}

// reset points the frame at another event.
func (f *frame) reset(e *enrich.Event) {
	f.close()
	f.row = &e.Row
	columns := e.Columns()
	place, ok := f.known.places[columns]
	if !ok {
		place = f.find(columns)
	}
	f.place = place
}

// find looks the table's columns up in rows of a shape that comes for the first time.
func (f *frame) find(columns *enrich.Columns) []int {
	place := make([]int, len(f.table.columns))
	for i, c := range f.table.columns {
		place[i] = -1
		if columns == nil {
			continue
		}
		if at, ok := columns.Index(c.Name); ok {
			place[i] = at
		}
	}
	if len(f.known.places) >= maxShapes {
		clear(f.known.places)
	}
	f.known.places[columns] = place
	return place
}

// size is the length of the row in bytes.
func (f *frame) size() int { return f.row.Size() }

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
	f.cells[i], f.opened = v, true
	return v
}

// text is the text of a column by name; columns that the table doesn't declare are looked for in the row. A text that
// is too long for rules is left out.
func (f *frame) text(name string) string {
	cell := f.rawColumn(name)
	if len(cell) > maxText {
		return ""
	}
	return textCell(cell)
}

// rawColumn is a column by name as it was read, nil for none.
func (f *frame) rawColumn(name string) []byte {
	if i, ok := f.table.index[name]; ok {
		return f.raw(i)
	}
	return notNull(f.row.Lookup(name))
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
		return boolCell(cell)
	case enrich.Int, enrich.Long:
		return wholeCell(cell)
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
	if len(cell) > maxText {
		return types.NewErr("a text of %d bytes is too long for rules, which look at %d", len(cell), maxText)
	}
	return types.String(textCell(cell))
}

func boolCell(cell []byte) types.Bool {
	s := plainCell(cell)
	return types.Bool(bytes.EqualFold(s, []byte("true")) || string(s) == "1")
}

func wholeCell(cell []byte) types.Int {
	s := plainCell(cell)
	if len(s) == 0 {
		return 0 // an error would cost memory
	}
	if n, err := strconv.ParseInt(string(s), 10, 64); err == nil {
		return types.Int(n)
	}
	f, _ := strconv.ParseFloat(string(s), 64)
	return types.Int(int64(f))
}

// decodeDynamic reads a dynamic cell, which comes as JSON or as a string with JSON in it.
func decodeDynamic(cell []byte) ref.Val {
	cell = enrich.Expand(cell)
	if len(cell) == 0 {
		return newAbsent()
	}
	if len(cell) > maxJSONText {
		return types.NewErr("a dynamic value of %d bytes is too large for rules, which look at %d", len(cell), maxJSONText)
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
func textCell(cell []byte) string { return string(plainCell(cell)) }

// plainCell is textCell as bytes, which lie in the cell unless something had to be decoded.
func plainCell(cell []byte) []byte {
	if len(cell) == 0 || cell[0] != '"' {
		return cell
	}
	s, err := enrich.Unquote(cell)
	if err != nil {
		return nil
	}
	return s
}
