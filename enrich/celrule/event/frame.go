package event

import (
	"bytes"
	"reflect"
	"strconv"
	"time"

	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/celrule/celval"
)

// Frame is the variable "event" while rules look at one event. Cells and the views over them are decoded when the
// first rule asks and kept for the next. A frame is used again for the next event of its table.
type Frame struct {
	Table   *Table
	row     *enrich.Row
	known   *known
	place   []int // by column of the table, where it is in the row, -1 for nowhere
	cells   []ref.Val
	views   views
	opened  bool  // cells are set
	Spent   int64 // by the rules that looked at the event, in steps; see budget
	Skipped int   // rules that were not run because the event had spent too much
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

// MaxRemembered bounds how many shapes of rows and how many operations a frame remembers.
const MaxRemembered = 256

func NewFrame(t *Table) *Frame {
	return NewFrames(t)()
}

// NewFrames returns a function that makes frames of one table, which share what they know.
func NewFrames(t *Table) func() *Frame {
	k := &known{places: map[*enrich.Columns][]int{}, folds: map[string]string{}}
	return func() *Frame { return &Frame{Table: t, cells: make([]ref.Val, len(t.columns)), known: k} }
}

// Close lets go of the event.
func (f *Frame) Close() {
	if f.opened {
		f.opened = false
		clear(f.cells)
	}
	f.row, f.views, f.Spent, f.Skipped = nil, views{}, 0, 0
}

// Reset points the frame at another event.
func (f *Frame) Reset(e *enrich.Event) {
	f.Close()
	f.row = &e.Row
	columns := e.Columns()
	place, ok := f.known.places[columns]
	if !ok {
		place = f.find(columns)
	}
	f.place = place
}

// find looks the table's columns up in rows of a shape that comes for the first time.
func (f *Frame) find(columns *enrich.Columns) []int {
	place := make([]int, len(f.Table.columns))
	for i, c := range f.Table.columns {
		place[i] = -1
		if columns == nil {
			continue
		}
		if at, ok := columns.Index(c.Name); ok {
			place[i] = at
		}
	}
	if len(f.known.places) >= MaxRemembered {
		clear(f.known.places)
	}
	f.known.places[columns] = place
	return place
}

// Size is the length of the row in bytes.
func (f *Frame) Size() int { return f.row.Size() }

// raw is the cell of the table's column i as it was read; nil when the row has none or it is null.
func (f *Frame) raw(i int) []byte {
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
func (f *Frame) cell(i int) ref.Val {
	if v := f.cells[i]; v != nil {
		return v
	}
	v := decodeCell(f.raw(i), f.Table.columns[i].Type)
	f.cells[i], f.opened = v, true
	return v
}

// text is the text of a column by name; columns that the table doesn't declare are looked for in the row. A text that
// is too long for rules is left out.
func (f *Frame) text(name string) string {
	cell := f.RawColumn(name)
	if len(cell) > MaxText {
		return ""
	}
	return textCell(cell)
}

// RawColumn is a column by name as it was read, nil for none.
func (f *Frame) RawColumn(name string) []byte {
	if i, ok := f.Table.index[name]; ok {
		return f.raw(i)
	}
	return notNull(f.row.Lookup(name))
}

// dynamic is a column by name as a JSON value, whatever its type; null when there is nothing to see.
func (f *Frame) dynamic(name string) ref.Val {
	i, ok := f.Table.index[name]
	if ok && f.Table.columns[i].Type == enrich.Dynamic {
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
func (f *Frame) Value() any { return f }

// Type is the table's type.
func (f *Frame) Type() ref.Type { return f.Table.Type.CEL }

// Equal reports whether it is the same event.
func (f *Frame) Equal(other ref.Val) ref.Val { return types.Bool(other == ref.Val(f)) }

// ConvertToNative always fails.
func (f *Frame) ConvertToNative(reflect.Type) (any, error) { return nil, celval.ErrNoConversion }

// ConvertToType always fails.
func (f *Frame) ConvertToType(t ref.Type) ref.Val {
	return types.NewErr("type conversion error from %s to '%s'", f.Table.Type.Name, t)
}

// decodeCell makes the CEL value of a cell, nil for none. A cell that doesn't hold what its type says is read as far as
// it makes sense; what doesn't is the type's zero value, as in Kusto.
func decodeCell(cell []byte, typ enrich.Type) ref.Val {
	switch typ {
	case enrich.Dynamic:
		return decodeDynamic(cell)
	case enrich.Bool:
		return BoolCell(cell)
	case enrich.Int, enrich.Long:
		return WholeCell(cell)
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
	if len(cell) > MaxText {
		return types.NewErr("a text of %d bytes is too long for rules, which look at %d", len(cell), MaxText)
	}
	return types.String(textCell(cell))
}

func BoolCell(cell []byte) types.Bool {
	s := plainCell(cell)
	return types.Bool(bytes.EqualFold(s, []byte("true")) || string(s) == "1")
}

func WholeCell(cell []byte) types.Int {
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
		return celval.NewAbsent()
	}
	if len(cell) > celval.MaxJSON {
		return types.NewErr("a dynamic value of %d bytes is too large for rules, which look at %d", len(cell), celval.MaxJSON)
	}
	v, err := celval.Parse(cell)
	if err != nil {
		return types.WrapErr(err)
	}
	if v == types.NullValue || v == types.String("") {
		return celval.NewAbsent()
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
