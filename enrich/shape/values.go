package shape

import (
	"bytes"
	"errors"
	"io"

	"github.com/riskrelay/riskrelay/enrich"
)

// Record is one event as a file has it.
type Record struct {
	Text   []byte // the caller's
	Line   int    // where it begins, from 1
	Offset int64  // of its first byte, in what was unpacked
	Err    error  // why Text is no record, nil for one that is
}

// values takes JSON apart: objects that stand behind each other, lists of them, and lists in objects (wrappers) such as the "value" of
// Graph's replies.
type values struct {
	b       *block
	limit   int
	wrapped bool // objects at the top are wrappers
	stack   []level
	columns []byte // the last "columns" of a table in a query's reply
	done    bool   // what follows can't be taken apart
	more    bool   // a reply said that it has further pages
}

// level is a list or a wrapper that is being read.
type level struct {
	close byte
	name  string // of the member whose value it is
}

// errCut says that a file ends too early.
var errCut = errors.New("the file ends in the middle of a record: was it copied while it was written?")

// wraps reports whether the member of a wrapper called name holds the records, or what holds them.
func wraps(name string) bool {
	switch name {
	case "records", "value", "tables", "rows":
		return true
	}
	return false
}

// next is the next record; io.EOF behind the last.
func (v *values) next() (Record, error) {
	for {
		c, ok := v.b.peek()
		switch {
		case v.done:
			return Record{}, io.EOF
		case !ok:
			return v.end()
		case len(v.stack) > 0 && c == v.top().close:
			v.b.take(1)
			v.stack = v.stack[:len(v.stack)-1]
		case c == ',':
			v.b.take(1)
		case len(v.stack) > 0 && v.top().close == '}':
			if err := v.member(); err != nil {
				return Record{}, err
			}
		case c == '[' && len(v.stack) == 0:
			v.push(']', "")
		case c == '{' && v.enters():
			v.push('}', "")
		default:
			return v.record(), nil
		}
	}
}

// end is the end of the file.
func (v *values) end() (Record, error) {
	if err := v.b.failure(); err != nil {
		return Record{}, err
	}
	if len(v.stack) > 0 {
		v.stack = nil
		return Record{Line: v.b.line + 1, Offset: v.b.offset(), Err: errCut}, nil
	}
	return Record{}, io.EOF
}

func (v *values) top() level { return v.stack[len(v.stack)-1] }

// enters reports whether an object here is a wrapper.
func (v *values) enters() bool {
	switch len(v.stack) {
	case 0:
		return v.wrapped
	case 1:
		return v.wrapped && v.top().name == ""
	}
	return v.top().name == "tables"
}

func (v *values) push(end byte, name string) {
	v.b.take(1)
	v.stack = append(v.stack, level{end, name})
}

// member reads a member of a wrapper: a list of records is entered, all else left behind.
func (v *values) member() error {
	at := v.place()
	quoted, _, whole := v.value()
	name, err := enrich.Unquote(quoted)
	if err != nil || !whole {
		return v.broken(at, quoted, "want the name of a member")
	}
	if c, ok := v.b.peek(); !ok || c != ':' {
		return v.broken(at, quoted, "want ':' behind the name of a member")
	}
	v.b.take(1)
	c, ok := v.b.peek()
	if ok && c == '[' && wraps(string(name)) {
		v.push(']', string(name))
		return nil
	}
	value, _, whole := v.value()
	switch {
	case !whole:
		return nil // the end says so
	case string(name) == "columns":
		v.columns = bytes.Clone(value)
	case string(name) == "@odata.nextLink" && !isEmpty(value):
		v.more = true
	}
	return nil
}

func (v *values) place() Record { return Record{Line: v.b.line + 1, Offset: v.b.offset()} }

// BrokenError says where a file stops being JSON that can be taken apart; what stands behind can't be read.
type BrokenError struct {
	Record Record
	Reason string
}

// Error is the reason.
func (e *BrokenError) Error() string { return e.Reason + "; what stands behind can't be read" }

func (v *values) broken(at Record, text []byte, reason string) error {
	at.Text, v.done = text, true
	return &BrokenError{at, reason}
}

// record is the value that stands here.
func (v *values) record() Record {
	r := v.place()
	var long, whole bool
	r.Text, long, whole = v.value()
	switch {
	case long:
		r.Err = errLong
	case !whole:
		r.Err, v.stack = errCut, nil
	}
	return r
}

var errLong = errors.New("longer than any record of Azure's")

// value returns the value that stands here, as far as its brackets and quotes tell: what else is wrong in it is found when it is read.
func (v *values) value() (text []byte, long, whole bool) {
	var s scan
	return v.b.until(v.limit, s.find)
}

// scan finds the end of a JSON value.
type scan struct {
	depth   int
	quoted  bool
	escaped bool
}

// find is for [block.until].
func (s *scan) find(text []byte, from int) (end, seen int) {
	i := from
	for i < len(text) {
		if s.quoted {
			if i = s.string(text, i); i < 0 {
				return -1, len(text)
			}
			if s.depth == 0 {
				return i, i
			}
			continue
		}
		switch c := text[i]; c {
		case '"':
			s.quoted = true
		case '{', '[':
			s.depth++
		case '}', ']':
			if s.depth == 0 {
				return max(i, 1), i // a number or a word ends before it
			}
			if s.depth--; s.depth == 0 {
				return i + 1, i + 1
			}
		case ',', ' ', '\t', '\r', '\n':
			if s.depth == 0 && i > 0 {
				return i, i
			}
		}
		i++
	}
	return -1, i
}

// string is behind the quote that ends the string at i, -1 when it goes on.
func (s *scan) string(text []byte, i int) int {
	for i < len(text) {
		if s.escaped {
			s.escaped = false
			i++
			continue
		}
		quote := bytes.IndexByte(text[i:], '"')
		slash := bytes.IndexByte(text[i:max(i, i+quote)], '\\')
		if quote < 0 {
			slash = bytes.IndexByte(text[i:], '\\')
		}
		switch {
		case slash >= 0:
			i += slash + 1
			s.escaped = true
		case quote >= 0:
			s.quoted = false
			return i + quote + 1
		default:
			return -1
		}
	}
	return -1
}
