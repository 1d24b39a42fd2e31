package enrich

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"unicode/utf8"
)

// SplitArray returns the row whose cells are the elements of a JSON array, as in a reply of the query API. There
// must be one element per column.
func SplitArray(columns *Columns, array []byte) (Row, error) {
	array, original := ValidUTF8(array)
	cells := make([]Span, 0, columns.Len())
	i := skipSpace(array, 0)
	if i >= len(array) || array[i] != '[' {
		return Row{}, &SyntaxError{i, "want '['"}
	}
	for i++; ; i++ {
		start := skipSpace(array, i)
		end, err := ScanValue(array, start)
		if err != nil {
			return Row{}, err
		}
		cells = append(cells, Span{uint32(start), uint32(end)})
		if i = skipSpace(array, end); i >= len(array) {
			return Row{}, io.ErrUnexpectedEOF
		}
		if array[i] == ']' {
			break
		}
		if array[i] != ',' {
			return Row{}, &SyntaxError{i, "want ',' or ']'"}
		}
	}
	if len(cells) != columns.Len() {
		return Row{}, fmt.Errorf("row has %d cells, the table has %d columns", len(cells), columns.Len())
	}
	return NewRow(columns, array, cells).OnOneLine().WithOriginal(original), nil
}

// ValidUTF8 returns text with what isn't UTF-8 replaced by U+FFFD, and text itself as original if there was any.
func ValidUTF8(text []byte) (valid, original []byte) {
	if utf8.Valid(text) {
		return text, nil
	}
	return bytes.ToValidUTF8(text, []byte("\uFFFD")), text
}

// ObjectParser makes rows of JSON objects, one column a member. It remembers the shapes it has seen. It is not for
// use by several goroutines at once.
type ObjectParser struct {
	typeOf func(table, column string) Type
	shapes map[string]*shape // by names, as they stand in the objects
	known  int               // about how many bytes the shapes take
	names  []Span            // of the object's members
	key    []byte            // the names, one behind the other
	cells  []Span            // memory for the cells of the next rows
}

// shape is what the names of an object's members say.
type shape struct {
	repeats bool // a name stands there twice
	ours    bool // there is a name that riskrelay adds, perhaps with a value of riskrelay's
	table   int  // the place of the member "Type", -1 for none
	tables  map[string]tableShape
}

// tableShape is what names say together with the table.
type tableShape struct {
	name    string
	columns *Columns
}

// NewObjectParser returns a parser that asks typeOf for the types of columns; nil means all are strings.
func NewObjectParser(typeOf func(table, column string) Type) *ObjectParser {
	if typeOf == nil {
		typeOf = func(string, string) Type { return String }
	}
	return &ObjectParser{typeOf: typeOf, shapes: map[string]*shape{}}
}

// Parse returns the row in line, which it keeps, and its table, the member "Type". Members called "risk", "event_id" and
// "record_id" are left out of the row when they look like those that riskrelay itself adds; id is the event_id then.
// Of members with one name the last counts.
func (p *ObjectParser) Parse(line []byte) (table, id string, row Row, err error) {
	return p.parse(line, false)
}

// ParseOwn is Parse for a line that riskrelay wrote: "risk", "event_id" and "record_id" are what it added, however they look, as a
// column of such a name leaves under another.
func (p *ObjectParser) ParseOwn(line []byte) (table, id string, row Row, err error) {
	return p.parse(line, true)
}

func (p *ObjectParser) parse(line []byte, ours bool) (table, id string, row Row, err error) {
	line, original := ValidUTF8(line)
	cells, err := p.members(line)
	if err != nil {
		return "", "", Row{}, err
	}
	s := p.shape(line)
	if s.repeats || s.ours {
		cells, id = p.sift(line, cells, s.repeats, ours)
		s = p.shape(line)
	}
	of := p.columns(s, line, cells)
	return of.name, id, NewRow(of.columns, line, cells).OnOneLine().WithOriginal(original), nil
}

// sift returns what stays of the cells, and p.names and p.key with it, when members that are there twice and those that
// riskrelay adds are left out, and the id among the latter. Ours says that each one of such a name is riskrelay's.
func (p *ObjectParser) sift(line []byte, cells []Span, repeats, ours bool) (kept []Span, id string) {
	names := p.names
	if repeats {
		names, cells = withoutRepeats(line, names, cells)
	}
	p.names, kept, p.key = names[:0], cells[:0], p.key[:0]
	for i, name := range names {
		value := line[cells[i].Start:cells[i].End]
		switch string(line[name.Start:name.End]) {
		case `"risk"`:
			if ours || value[0] == '{' && bytes.Contains(value, []byte(`"score":`)) {
				continue
			}
		case `"event_id"`:
			if own := unquoted(value); ours || OwnID(own) {
				id = own
				continue
			}
		case `"record_id"`:
			if ours || id != "" { // it stands behind riskrelay's own id
				continue
			}
		}
		p.names, kept = append(p.names, name), append(kept, cells[i])
		p.key = append(p.key, line[name.Start:name.End]...)
	}
	return kept, id
}

// OwnID reports whether text looks like an id that riskrelay gives: 32 hexadecimal digits, with dashes if it is the
// service's, and perhaps a count behind a dash.
func OwnID(text string) bool {
	digits := 0
	for i := 0; i < len(text); i++ {
		_, hex := hexDigit(text[i])
		switch {
		case hex:
			digits++
		case text[i] == '.' && digits > 32, text[i] == '-':
		default:
			return false
		}
	}
	return digits >= 32
}

func unquoted(quoted []byte) string {
	text, err := Unquote(quoted)
	if err != nil {
		return ""
	}
	return string(text)
}

var errNotObject = errors.New("not a JSON object")

// members leaves the places of the names in p.names, and the names themselves in p.key, and returns the places of the
// values.
func (p *ObjectParser) members(line []byte) ([]Span, error) {
	p.names, p.key = p.names[:0], p.key[:0]
	cells := p.room()
	i := skipSpace(line, 0)
	if i >= len(line) || line[i] != '{' {
		return nil, errNotObject
	}
	if i = skipSpace(line, i+1); i < len(line) && line[i] == '}' {
		return cells, trailing(line, i+1)
	}
	for {
		name := skipSpace(line, i)
		nameEnd, value, err := scanName(line, name)
		if err != nil {
			return nil, err
		}
		value = skipSpace(line, value)
		end, err := ScanValue(line, value)
		if err != nil {
			return nil, err
		}
		p.names = append(p.names, Span{uint32(name), uint32(nameEnd)})
		p.key = append(p.key, line[name:nameEnd]...)
		cells = append(cells, Span{uint32(value), uint32(end)})
		if i = skipSpace(line, end); i >= len(line) {
			return nil, io.ErrUnexpectedEOF
		}
		switch line[i] {
		case '}':
			return p.taken(cells), trailing(line, i+1)
		case ',':
			i++
		default:
			return nil, &SyntaxError{i, fmt.Sprintf("unexpected %q, want ',' or '}'", rune(line[i]))}
		}
	}
}

const (
	cellBlock  = 1024 // spans, for the cells of some rows
	cellsOfOne = 64   // more than most tables have columns
)

// room is where the cells of the next row can be appended.
func (p *ObjectParser) room() []Span {
	if cap(p.cells) < cellsOfOne {
		p.cells = make([]Span, 0, cellBlock)
	}
	return p.cells
}

// taken notes that a row holds cells, which lie where room said, or elsewhere if there wasn't enough of it.
func (p *ObjectParser) taken(cells []Span) []Span {
	if len(cells) <= cap(p.cells) {
		p.cells = p.cells[len(cells):len(cells):cap(p.cells)]
	}
	return cells[:len(cells):len(cells)]
}

func trailing(line []byte, i int) error {
	if i = skipSpace(line, i); i < len(line) {
		return &SyntaxError{i, "text after the object"}
	}
	return nil
}

// withoutRepeats keeps the last of members with one name.
func withoutRepeats(line []byte, names, cells []Span) (_, _ []Span) {
	last := make(map[string]int, len(names))
	for i, n := range names {
		last[unquoted(line[n.Start:n.End])] = i
	}
	kept := 0
	for i, n := range names {
		if last[unquoted(line[n.Start:n.End])] == i {
			names[kept], cells[kept] = n, cells[i]
			kept++
		}
	}
	return names[:kept], cells[:kept]
}

// maxKnown bounds what a parser remembers, in bytes, should every object have other members or another table.
const maxKnown = 16 << 20

// learn makes room for what the names in p.key say, perhaps together with a table.
func (p *ObjectParser) learn(table []byte) {
	const ofOne = 128 // bytes for a column, about, beside its name
	more := ofOne*(1+len(p.names)) + 2*(len(p.key)+len(table))
	if p.known += more; p.known > maxKnown {
		clear(p.shapes)
		p.known = more
	}
}

// shape is what the names in p.key say.
func (p *ObjectParser) shape(line []byte) *shape {
	if s := p.shapes[string(p.key)]; s != nil {
		return s
	}
	s := &shape{table: -1, tables: map[string]tableShape{}}
	seen := make(map[string]bool, len(p.names))
	for i, n := range p.names {
		quoted := line[n.Start:n.End]
		name := unquoted(quoted)
		s.repeats = s.repeats || seen[name]
		seen[name] = true
		switch string(quoted) {
		case `"Type"`:
			s.table = i
		case `"risk"`, `"event_id"`, `"record_id"`:
			s.ours = true
		}
	}
	p.learn(nil)
	p.shapes[string(p.key)] = s
	return s
}

// columns are those of an object with shape s, and its table.
func (p *ObjectParser) columns(s *shape, line []byte, cells []Span) tableShape {
	var quoted []byte
	if s.table >= 0 {
		quoted = line[cells[s.table].Start:cells[s.table].End]
	}
	if of, ok := s.tables[string(quoted)]; ok {
		return of
	}
	of := tableShape{name: strings.Clone(unquoted(quoted))}
	names, types := make([]string, len(p.names)), make([]Type, len(p.names))
	for i, n := range p.names {
		names[i] = strings.Clone(unquoted(line[n.Start:n.End]))
		types[i] = p.typeOf(of.name, names[i])
	}
	of.columns = NewColumns(names, types)
	p.learn(quoted)
	s.tables[string(quoted)] = of
	return of
}

// NewEvent makes an event of a row: its time is when the row's event happened as far as that can be read, see [HappenedAt], its
// id _ItemId, or the row's digest where there is none.
func NewEvent(table string, row Row) Event {
	e := Event{Table: table, Row: row, ID: row.Text("_ItemId")}
	e.Time, _ = HappenedAt(&row) // the zero time says that nobody knows
	if e.ID == "" {
		e.ID = row.Digest()
	}
	return e
}

// maxPooled is the longest text that is kept for the next digest.
const maxPooled = 256 << 10

// digests recycles the texts of digests.
var digests = sync.Pool{New: func() any { return new([]byte) }}

// Digest is 32 hexadecimal digits that depend on the row's content alone: the order of columns and whether a
// dynamic column came as text or as JSON make no difference.
func (r *Row) Digest() string {
	buffer := digests.Get().(*[]byte)
	text := (*buffer)[:0]
	if r.columns != nil {
		for _, i := range r.columns.sorted {
			text = r.appendField(text, i, true, nil)
		}
	}
	sum := sha256.Sum256(text)
	if cap(text) <= maxPooled {
		*buffer = text
	}
	digests.Put(buffer)
	return hex.EncodeToString(sum[:16])
}
