package shape

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"strings"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/schema"
)

// Records makes rows of diagnostic records. It remembers how the records look that it has seen. It is not for use by several
// goroutines at once.
type Records struct {
	layouts map[string]*layout // by names, as they stand in the records
	known   int                // about how many bytes the layouts take
	members []member           // of the record at hand
	key     []byte             // their names
}

// member is one member of a record, or of an object in it that records have.
type member struct {
	parent      int // the place of the member that it lies in, -1 for the record itself
	name, value enrich.Span
	opened      bool // its own members follow
}

// layout is what the names in a record say.
type layout struct {
	category, resource int // the places of these members, -1 for none
	risk, id           int // of what riskrelay itself added to a record
	tables             map[string]*tableLayout
}

// tableLayout is what names say together with the table.
type tableLayout struct {
	names   *names
	columns *enrich.Columns
	cells   []cell
}

// cell is where a column's value stands: in the first of the members that isn't empty.
type cell struct {
	members []int
	asText  bool // what isn't text becomes it
}

// NewRecords returns a reader of records.
func NewRecords() *Records { return &Records{layouts: map[string]*layout{}} }

// errNoRecord says that an object isn't a diagnostic record.
var errNoRecord = errors.New("not a diagnostic record: it has no \"category\" that riskrelay knows")

// Parse returns the row in a record and its table. It keeps text. Id is the event_id, when riskrelay wrote the record; what it added
// besides is left out.
func (p *Records) Parse(text []byte) (table, id string, row enrich.Row, err error) {
	text, original := enrich.ValidUTF8(text)
	p.members, p.key = p.members[:0], p.key[:0]
	end, err := p.scan(text, skipSpace(text, 0), -1)
	if err != nil {
		return "", "", enrich.Row{}, err
	}
	if skipSpace(text, end) < len(text) {
		return "", "", enrich.Row{}, &enrich.SyntaxError{Offset: end, Reason: "text after the object"}
	}
	l := p.layout(text)
	t := l.table(p, text)
	if t == nil {
		return "", "", enrich.Row{}, errNoRecord
	}
	if l.id >= 0 {
		if own, err := enrich.Unquote(p.value(text, l.id)); err == nil && enrich.OwnID(string(own)) {
			id = string(own)
		}
	}
	return t.names.table.Name, id, p.row(text, t).OnOneLine().WithOriginal(original), nil
}

// opens reports whether the members of a member called name are members of records.
func opens(name []byte) bool {
	switch string(name) {
	case `"properties"`, `"identity"`, `"claims"`:
		return true
	}
	return false
}

// deepest is how deep the members of records lie in each other.
const deepest = 2

// scan reads the object at i, whose place among the members is parent, and returns the offset behind it.
func (p *Records) scan(d []byte, i, parent int) (int, error) {
	if i >= len(d) || d[i] != '{' {
		return i, errNotObject
	}
	if i = skipSpace(d, i+1); i < len(d) && d[i] == '}' {
		return i + 1, nil
	}
	for {
		name, value, err := scanName(d, i)
		if err != nil {
			return i, err
		}
		at := len(p.members)
		p.members = append(p.members, member{parent: parent, name: name, value: enrich.Span{Start: uint32(value)}})
		p.key = append(p.key, d[name.Start:name.End]...)
		if value < len(d) && d[value] == '{' && opens(d[name.Start:name.End]) && p.depth(parent) < deepest {
			p.members[at].opened = true
			p.key = append(p.key, '{')
			i, err = p.scan(d, value, at)
			p.key = append(p.key, '}')
		} else {
			i, err = enrich.ScanValue(d, value)
		}
		if err != nil {
			return i, err
		}
		p.members[at].value.End = uint32(i)
		if i = skipSpace(d, i); i >= len(d) {
			return i, io.ErrUnexpectedEOF
		}
		switch d[i] {
		case '}':
			return i + 1, nil
		case ',':
			i = skipSpace(d, i+1)
		default:
			return i, &enrich.SyntaxError{Offset: i, Reason: "want ',' or '}'"}
		}
	}
}

func (p *Records) depth(at int) (depth int) {
	for ; at >= 0; at = p.members[at].parent {
		depth++
	}
	return depth
}

var errNotObject = errors.New("not a JSON object")

// scanName scans the member's name at i and the colon behind it, and returns where its value begins.
func scanName(d []byte, i int) (name enrich.Span, value int, err error) {
	if i >= len(d) {
		return name, i, io.ErrUnexpectedEOF
	}
	if d[i] != '"' {
		return name, i, &enrich.SyntaxError{Offset: i, Reason: "want a name in quotes"}
	}
	end, err := enrich.ScanValue(d, i)
	if err != nil {
		return name, i, err
	}
	name = enrich.Span{Start: uint32(i), End: uint32(end)}
	if i = skipSpace(d, end); i >= len(d) {
		return name, i, io.ErrUnexpectedEOF
	}
	if d[i] != ':' {
		return name, i, &enrich.SyntaxError{Offset: i, Reason: "want ':'"}
	}
	return name, skipSpace(d, i+1), nil
}

func (p *Records) value(text []byte, at int) []byte {
	v := p.members[at].value
	return text[v.Start:v.End]
}

func (p *Records) name(text []byte, at int) string {
	n := p.members[at].name
	name, err := enrich.Unquote(text[n.Start:n.End])
	if err != nil {
		return ""
	}
	return string(name)
}

// maxKnown bounds what is remembered, in bytes, should every record have other members.
const maxKnown = 16 << 20

// learn makes room for n bytes more, about.
func (p *Records) learn(n int) {
	if p.known += n; p.known > maxKnown {
		clear(p.layouts)
		p.known = n
	}
}

// layout is what the names in p.key say.
func (p *Records) layout(text []byte) *layout {
	if l := p.layouts[string(p.key)]; l != nil {
		return l
	}
	l := &layout{
		category: p.find(text, []string{category}), resource: p.find(text, []string{"resourceId"}),
		risk: p.find(text, []string{"risk"}), id: p.find(text, []string{"event_id"}),
		tables: map[string]*tableLayout{},
	}
	p.learn(2*len(p.key) + 256)
	p.layouts[string(p.key)] = l
	return l
}

// find is the place of the last member at a path, the case of whose names doesn't count, as the services don't agree on it; -1
// for none.
func (p *Records) find(text []byte, path []string) int {
	parent := -1
	for _, name := range path {
		at := -1
		for i := range p.members {
			if p.members[i].parent == parent && strings.EqualFold(p.name(text, i), name) {
				at = i
			}
		}
		if at < 0 {
			return -1
		}
		parent = at
	}
	return parent
}

// table is how the record at hand becomes a row; nil when nobody knows its table.
func (l *layout) table(p *Records, text []byte) *tableLayout {
	if l.category < 0 {
		return nil
	}
	quoted := p.value(text, l.category)
	t, known := l.tables[string(quoted)]
	if !known {
		if n := categoryNames(quoted); n != nil {
			t = p.lay(text, l, n)
		}
		p.learn(len(quoted) + 128*len(p.members))
		l.tables[string(quoted)] = t
	}
	if t != nil && t.names.resource != "" && (l.resource < 0 || !containsFold(p.value(text, l.resource), t.names.resource)) {
		return nil
	}
	return t
}

// categoryNames are the names of the table with a category; nil for none.
func categoryNames(quoted []byte) *names {
	text, err := enrich.Unquote(quoted)
	if err != nil {
		return nil
	}
	for _, n := range spelled() {
		if slices.ContainsFunc(n.categories, func(c string) bool { return strings.EqualFold(c, string(text)) }) {
			return n
		}
	}
	return nil
}

// containsFold reports whether text has part, which is in lower case, whatever the case of text.
func containsFold(text []byte, part string) bool {
	return bytes.Contains(bytes.ToLower(text), []byte(part))
}

// lay finds the columns of a record's members.
func (p *Records) lay(text []byte, l *layout, n *names) *tableLayout {
	t := &tableLayout{names: n}
	var columns []string
	var types []enrich.Type
	used := map[int]bool{}
	add := func(column string, c cell) {
		if slices.Contains(columns, column) {
			return
		}
		typ := schema.TypeOf(n.table.Name, column)
		known, _ := n.table.Column(column)
		c.asText = known.JSON || typ == enrich.String && known.Name != ""
		columns, types, t.cells = append(columns, column), append(types, typ), append(t.cells, c)
	}
	for i := range n.fields {
		f := &n.fields[i]
		var c cell
		for _, path := range f.members {
			if at := p.find(text, path); at >= 0 {
				c.members = append(c.members, at)
				p.use(used, at, f)
			}
		}
		if len(c.members) > 0 && f.how != written && f.column != "" {
			add(f.column, c)
		}
	}
	for at := range p.members {
		m := &p.members[at]
		switch {
		case used[at], at == l.risk, at == l.id, p.repeated(text, at), m.opened && m.parent < 0 && p.name(text, at) == properties:
		case m.parent < 0:
			add(p.name(text, at), cell{members: []int{at}})
		case p.members[m.parent].parent < 0 && p.name(text, m.parent) == properties && !used[m.parent]:
			add(n.unknownColumn(p.name(text, at)), cell{members: []int{at}})
		}
	}
	t.columns = enrich.NewColumns(columns, types)
	return t
}

// use notes that a member is a column's, and so isn't one of its own, nor is the object that it lies in.
func (p *Records) use(used map[int]bool, at int, f *field) {
	used[at] = true
	if parent := p.members[at].parent; parent >= 0 && f.members[0][0] != properties {
		used[parent] = true
	}
}

// repeated reports whether a later member has the same name, which is the one that counts.
func (p *Records) repeated(text []byte, at int) bool {
	m := &p.members[at]
	for i := at + 1; i < len(p.members); i++ {
		if p.members[i].parent == m.parent && p.name(text, i) == p.name(text, at) {
			return true
		}
	}
	return false
}

// row takes the cells of the record at hand. Those that become text stand behind the record.
func (p *Records) row(text []byte, t *tableLayout) enrich.Row {
	spans := make([]enrich.Span, len(t.cells))
	copied := false
	for i := range t.cells {
		at := p.choose(text, &t.cells[i])
		spans[i] = p.members[at].value
		value := p.value(text, at)
		if !t.cells[i].asText || value[0] == '"' || value[0] == 'n' {
			continue
		}
		if !copied {
			text, copied = append(make([]byte, 0, len(text)+len(text)/2), text...), true
		}
		start := len(text)
		text = appendQuoted(text, value)
		spans[i] = enrich.Span{Start: uint32(start), End: uint32(len(text))}
	}
	return enrich.NewRow(t.columns, text, spans)
}

// choose is the first of a cell's members that isn't empty, or the last.
func (p *Records) choose(text []byte, c *cell) (at int) {
	for _, at = range c.members {
		if v := p.value(text, at); v[0] != 'n' && len(v) > len(`""`) {
			return at
		}
	}
	return at
}
