package event

import (
	"reflect"
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
	known   *memo
	place   []int // by column of the table, where it is in the row, -1 for nowhere
	cells   []ref.Val
	views   views
	opened  bool  // cells are set
	Spent   int64 // by the rules that looked at the event, in steps; see budget
	Skipped int   // rules that were not run because the event had spent too much
}

// memo is what the frames of one table remember from one event to the next, shared by all frames of a worker.
type memo struct {
	places map[*enrich.Columns][]int // by the shape of rows, see frame.place
	folds  map[string]string         // cells with operations -> what they are folded
}

// views are the decoded views of the event, nil until a rule asks for one.
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

// NewFrame returns a frame for rows of the table.
func NewFrame(t *Table) *Frame {
	return NewFrames(t)()
}

// NewFrames returns a function that makes frames of one table, which share what they know.
func NewFrames(t *Table) func() *Frame {
	k := &memo{places: map[*enrich.Columns][]int{}, folds: map[string]string{}}
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

// find returns where the table's columns stand in rows of a shape that comes for the first time, and remembers it.
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

// MayBeCut reports whether the row says that its lists may be cut.
func (f *Frame) MayBeCut() bool { return f.row.MayBeCut() }

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
	cell, column := f.raw(i), &f.Table.columns[i]
	v := decodeCell(cell, column.Type)
	if column.JSON && isComposite(cell) && len(cell) <= MaxText {
		v = types.String(cell) // the value that the service writes as text
	}
	f.cells[i], f.opened = v, true
	return v
}

// text is the text of a column by name, "" for one that stands for nothing; columns that the table doesn't declare are looked for
// in the row. A text that is too long for rules is left out, and so is what is no text.
func (f *Frame) text(name string) string {
	cell := f.RawColumn(name)
	if len(cell) > MaxText || isComposite(cell) {
		return ""
	}
	return known(textCell(cell))
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

// Time is when it happened; zero when the row doesn't say.
func (f *Frame) Time() time.Time {
	at, _ := enrich.HappenedAt(f.row)
	return at
}

// time is event.time, which is unknown when the row doesn't say: no condition on it holds then.
func (f *Frame) time() ref.Val {
	if at := f.Time(); !at.IsZero() {
		return types.Timestamp{Time: at}
	}
	return unknownCell(f.RawColumn(TimeColumn), enrich.Datetime)
}

// Success is event.success: it was done, not only tried. Tables that don't tell have only what was done.
func (f *Frame) Success() bool {
	read := f.Table.special.done.read
	return read == nil || read(f)
}

// Operation is event.operation: what was done, folded; "" when the row doesn't say.
func (f *Frame) Operation() string {
	if !f.views.folded {
		f.views.operation, f.views.folded = f.foldColumn(f.Table.OperationColumn), true
		if f.views.operation == "" {
			f.views.operation = f.foldColumn(f.Table.special.olderOperation)
		}
	}
	return f.views.operation
}

// maxKept bounds the texts that are remembered.
const maxKept = 1 << 10

// foldColumn returns the text of a column folded, "" if the row has none or one that stands for nothing. It remembers what it folded, as the same few operations
// and results come again and again.
func (f *Frame) foldColumn(name string) string {
	if name == "" {
		return ""
	}
	cell := f.RawColumn(name)
	if cell == nil {
		return ""
	}
	if len(cell) > maxKept || isComposite(cell) {
		return Fold(f.text(name))
	}
	folded, ok := f.known.folds[string(cell)]
	if !ok {
		folded = Fold(known(textCell(cell)))
		if len(f.known.folds) >= MaxRemembered {
			clear(f.known.folds)
		}
		f.known.folds[string(cell)] = folded
	}
	return folded
}

func (f *Frame) reason() string {
	for _, column := range f.Table.special.reason {
		if s := f.text(column); s != "" {
			return s
		}
	}
	return ""
}
