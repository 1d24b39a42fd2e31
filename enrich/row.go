package enrich

import (
	"bytes"
	"slices"
	"unicode/utf16"
	"unicode/utf8"
)

// Type is a column's type, spelled as the query API spells it.
// https://learn.microsoft.com/azure/azure-monitor/logs/api/response-format
type Type string

// The column types of Log Analytics.
const (
	Bool     Type = "bool"
	Datetime Type = "datetime"
	Decimal  Type = "decimal"
	Dynamic  Type = "dynamic"
	GUID     Type = "guid"
	Int      Type = "int"
	Long     Type = "long"
	Real     Type = "real"
	String   Type = "string"
	Timespan Type = "timespan"
)

// Columns are the names and types that rows of one shape share. They don't change.
type Columns struct {
	names  []string
	types  []Type
	quoted []string // names as JSON strings with a colon behind
	sorted []int    // places in the order of the names
	index  map[string]int
}

// NewColumns returns columns with the given names, which must differ, and types, one a name.
func NewColumns(names []string, types []Type) *Columns {
	c := &Columns{names: names, types: types, index: make(map[string]int, len(names))}
	for i, name := range names {
		c.quoted = append(c.quoted, string(AppendString(nil, outName(name)))+":")
		c.sorted = append(c.sorted, i)
		c.index[name] = i
	}
	slices.SortFunc(c.sorted, func(a, b int) int { return bytes.Compare([]byte(names[a]), []byte(names[b])) })
	return c
}

// outName is the name under which a column leaves: riskrelay adds members called risk, event_id and record_id itself, and an
// object has each name once.
func outName(column string) string {
	switch column {
	case "risk", "event_id", "record_id":
		return column + "_column"
	}
	return column
}

// Len is the number of columns.
func (c *Columns) Len() int { return len(c.names) }

// Name is the name of column i.
func (c *Columns) Name(i int) string { return c.names[i] }

// OutName is the name under which column i leaves: riskrelay adds members called risk, event_id and record_id itself.
func (c *Columns) OutName(i int) string { return outName(c.names[i]) }

// Type is the type of column i.
func (c *Columns) Type(i int) Type { return c.types[i] }

// Index is the place of the column called name.
func (c *Columns) Index(name string) (i int, ok bool) {
	i, ok = c.index[name]
	return i, ok
}

// Span is where a cell lies in a row's text. The empty span is a cell that the row doesn't have.
type Span struct{ Start, End uint32 }

// Row is one row as bytes: for each column, the cell's JSON text as it was read.
type Row struct {
	columns *Columns
	text    []byte
	cells   []Span
	oneLine bool // no cell has a line break in it, as far as that is known

	original []byte // what U+FFFD stands for in text, with all that was around it; nil when text is as it was read
}

// NewRow returns the row whose cells lie in text at the given places, one a column. The row keeps all three; each
// cell must be valid JSON in valid UTF-8.
func NewRow(columns *Columns, text []byte, cells []Span) Row {
	return Row{columns: columns, text: text, cells: cells}
}

// WithOriginal is the row with the bytes that it was read from, which weren't all UTF-8. It keeps them.
func (r Row) WithOriginal(read []byte) Row {
	r.original = read
	return r
}

// Original is the JSON text that the row was read from, as the source sent it, when bytes in it weren't UTF-8 and U+FFFD stands
// for them now; otherwise nil.
func (r *Row) Original() []byte { return r.original }

// Columns are the row's columns.
func (r *Row) Columns() *Columns { return r.columns }

// Size is about how many bytes the row takes.
func (r *Row) Size() int { return len(r.text) + len(r.original) }

// Cell is the JSON text in column i as it was read, nil when the row has none.
func (r *Row) Cell(i int) []byte {
	if s := r.cells[i]; s.End > s.Start {
		return r.text[s.Start:s.End]
	}
	return nil
}

// Lookup is the JSON text in the column called name as it was read, nil when the row has none.
func (r *Row) Lookup(name string) []byte {
	if r.columns == nil {
		return nil
	}
	i, ok := r.columns.Index(name)
	if !ok {
		return nil
	}
	return r.Cell(i)
}

// Text is the string in the column called name, "" when there is none or it holds something else.
func (r *Row) Text(name string) string {
	text, err := Unquote(r.Lookup(name))
	if err != nil {
		return ""
	}
	return string(text)
}

// OnOneLine is the row that knows whether its text, all of which belongs to it, has a line break in it: when not, writing is faster.
func (r Row) OnOneLine() Row {
	r.oneLine = bytes.IndexByte(r.text, '\n') < 0 && bytes.IndexByte(r.text, '\r') < 0
	return r
}

// JSON is column i as JSON: the cell itself, or, for a dynamic column that came as text, the value in that text.
func (r *Row) JSON(i int) []byte {
	cell := r.Cell(i)
	if r.columns.types[i] != Dynamic {
		return cell
	}
	return Expand(cell)
}

// AppendFields appends the row as the members of a JSON object, without braces: dynamic columns as real JSON, cells
// that the row doesn't have left out. Nothing in it breaks a line. There is no comma before the first.
func (r *Row) AppendFields(dst []byte) []byte { return r.AppendFieldsOpening(dst, nil) }

// AppendFieldsOpening is AppendFields that also writes the text of other columns as real JSON, where it is an object or array and
// the column's name is among open.
func (r *Row) AppendFieldsOpening(dst []byte, open map[string]bool) []byte {
	for i := range r.cells {
		dst = r.appendField(dst, i, i > 0, open)
	}
	return dst
}

func (r *Row) appendField(dst []byte, i int, comma bool, open map[string]bool) []byte {
	cell := r.Cell(i)
	if cell == nil {
		return dst
	}
	if comma && len(dst) > 0 && dst[len(dst)-1] != '{' && dst[len(dst)-1] != ',' {
		dst = append(dst, ',')
	}
	dst = append(dst, r.columns.quoted[i]...)
	return r.appendCell(dst, cell, r.columns.types[i] == Dynamic || open != nil && mayExpand(cell) && open[r.columns.names[i]])
}

// AppendCell appends the JSON in column i, on one line; nothing when the row has none. With open the text of an object or array is
// written as that.
func (r *Row) AppendCell(dst []byte, i int, open bool) []byte {
	if cell := r.Cell(i); cell != nil {
		return r.appendCell(dst, cell, open)
	}
	return dst
}

func (r *Row) appendCell(dst, cell []byte, open bool) []byte {
	start := len(dst)
	if open {
		dst = appendExpanded(dst, cell)
	} else if dst = append(dst, cell...); r.oneLine {
		return dst
	}
	joinLines(dst[start:])
	return dst
}

// joinLines makes spaces of the line breaks in JSON, which can only be white space.
func joinLines(value []byte) {
	for _, end := range []byte{'\n', '\r'} {
		for i := 0; i < len(value); i++ {
			k := bytes.IndexByte(value[i:], end)
			if k < 0 {
				break
			}
			i += k
			value[i] = ' '
		}
	}
}

// Limits for JSON inside JSON; what is larger or deeper stays the text it was.
const (
	maxExpandSize  = 256 << 10
	maxExpandDepth = 32
)

// Expand returns the object or array that a cell holds as text, or the cell itself when it holds anything else.
func Expand(cell []byte) []byte {
	if !mayExpand(cell) {
		return cell
	}
	text, err := Unquote(cell)
	if err != nil || !isExpanded(text) {
		return cell
	}
	return bytes.Trim(text, whiteSpace)
}

// appendExpanded appends what Expand returns, without memory for the text in between.
func appendExpanded(dst, cell []byte) []byte {
	if !mayExpand(cell) {
		return append(dst, cell...)
	}
	start := len(dst)
	out, err := AppendUnquoted(dst, cell)
	if err != nil || !isExpanded(out[start:]) {
		return append(dst, cell...)
	}
	return out[:start+copy(out[start:], bytes.Trim(out[start:], whiteSpace))]
}

// whiteSpace is that of JSON (RFC 8259, section 2).
const whiteSpace = " \t\r\n"

func mayExpand(cell []byte) bool {
	return len(cell) >= 4 && cell[0] == '"' && len(cell) <= 2*maxExpandSize && opensComposite(cell[1:])
}

func isExpanded(text []byte) bool {
	return len(text) <= maxExpandSize && validWithin(text, maxExpandDepth)
}

func opensComposite(text []byte) bool {
	for _, c := range text {
		switch c {
		case '{', '[':
			return true
		case ' ', '\\', 'n', 'r', 't': // white space, some of it escaped
		default:
			return false
		}
	}
	return false
}

// Unquote decodes a JSON string. Half a surrogate pair becomes U+FFFD. Without escapes the result shares memory
// with quoted.
func Unquote(quoted []byte) ([]byte, error) {
	n := len(quoted)
	if n < 2 || quoted[0] != '"' || quoted[n-1] != '"' {
		return nil, errNotString
	}
	body := quoted[1 : n-1]
	i := bytes.IndexByte(body, '\\')
	if i < 0 {
		return body, nil
	}
	return unquoteRest(make([]byte, 0, len(body)), body, i)
}

// AppendUnquoted appends what Unquote returns, so that a buffer can be used again.
func AppendUnquoted(dst, quoted []byte) ([]byte, error) {
	n := len(quoted)
	if n < 2 || quoted[0] != '"' || quoted[n-1] != '"' {
		return dst, errNotString
	}
	body := quoted[1 : n-1]
	return unquoteRest(dst, body, bytes.IndexByte(body, '\\'))
}

// unquoteRest appends the decoded body of a string whose first escape is at i.
func unquoteRest(out, body []byte, i int) ([]byte, error) {
	for ; i >= 0; i = bytes.IndexByte(body, '\\') {
		out = append(out, body[:i]...)
		var used int
		if out, used = AppendUnescaped(out, body[i:]); used == 0 {
			return nil, errNotString
		}
		body = body[i+used:]
	}
	return append(out, body...), nil
}

// AppendUnescaped appends the character of the JSON escape at the start of s (RFC 8259, section 7) and says how many
// bytes of s it took, 0 when there is none.
func AppendUnescaped(out, s []byte) ([]byte, int) {
	if len(s) < 2 {
		return out, 0
	}
	switch s[1] {
	case '"', '\\', '/':
		return append(out, s[1]), 2
	case 'b':
		return append(out, '\b'), 2
	case 'f':
		return append(out, '\f'), 2
	case 'n':
		return append(out, '\n'), 2
	case 'r':
		return append(out, '\r'), 2
	case 't':
		return append(out, '\t'), 2
	}
	r, ok := codeUnit(s)
	if !ok {
		return out, 0
	}
	if utf16.IsSurrogate(r) {
		if low, ok := codeUnit(s[6:]); ok {
			if pair := utf16.DecodeRune(r, low); pair != utf8.RuneError {
				return utf8.AppendRune(out, pair), 12
			}
		}
		r = utf8.RuneError
	}
	return utf8.AppendRune(out, r), 6
}

// codeUnit reads the \uXXXX at the start of s.
func codeUnit(s []byte) (rune, bool) {
	if len(s) < 6 || s[0] != '\\' || s[1] != 'u' {
		return 0, false
	}
	var r rune
	for _, c := range s[2:6] {
		d, ok := hexDigit(c)
		if !ok {
			return 0, false
		}
		r = r<<4 | d
	}
	return r, true
}

// AppendString appends s as a JSON string. Bytes that aren't UTF-8 become U+FFFD.
func AppendString(dst []byte, s string) []byte {
	const hex = "0123456789abcdef"
	dst = append(dst, '"')
	for _, r := range s { // ranging decodes bytes that aren't UTF-8 as U+FFFD
		switch {
		case r == '"' || r == '\\':
			dst = append(dst, '\\', byte(r))
		case r < 0x20 || r == 0x7f:
			dst = append(dst, '\\', 'u', '0', '0', hex[r>>4], hex[r&15])
		default:
			dst = utf8.AppendRune(dst, r)
		}
	}
	return append(dst, '"')
}
