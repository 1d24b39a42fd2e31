package shape

import (
	"errors"
	"fmt"
	"io"

	"github.com/riskrelay/riskrelay/enrich"
)

// Objects makes rows of the objects of one kind: [Records], [Graph] or [Office]. It remembers how the objects look that it has seen.
// It is not for use by several goroutines at once.
type Objects struct {
	kind    Kind
	layouts map[string]*layout // by names, as they stand in the objects
	known   int                // about how many bytes the layouts take
	members []member           // of the object at hand
	key     []byte             // their names
}

// member is one member of an object, or of an object in it.
type member struct {
	parent      int // the place of the member that it lies in, -1 for the object itself
	name, value enrich.Span
	opened      bool // its own members follow
}

// layout is what the names in an object say.
type layout struct {
	category, resource int                     // the places of these members, -1 for none
	risk, id, recordID int                     // of what riskrelay itself added to a record
	byCategory         map[string]*tableLayout // of records, by the quoted category
	forms              []*tableLayout          // of other kinds: those that the names allow
}

// tableLayout is what names say together with the table.
type tableLayout struct {
	names   *names
	columns *enrich.Columns
	cells   []cell
	when    []int // the places of the members that the conditions are about
}

// cell is where a column's value stands: in the first of the members that isn't empty.
type cell struct {
	members []int
	asText  bool // what isn't text becomes it
	words   map[string]string
	mask    []string
}

// NewObjects returns a reader of objects of a kind.
func NewObjects(kind Kind) *Objects { return &Objects{kind: kind, layouts: map[string]*layout{}} }

// errUnknown says that an object isn't of the kind.
func (p *Objects) errUnknown() error {
	if p.kind == Records {
		return errors.New("not a diagnostic record that riskrelay knows: its category belongs to no table")
	}
	return fmt.Errorf("not one of the objects that are read as %s", p.kind)
}

// Parse returns the row in an object and its table. It keeps text, and may change it. Id is the event_id, when riskrelay wrote the
// object; what it added besides is left out.
func (p *Objects) Parse(text []byte) (table, id string, row enrich.Row, err error) {
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
		return "", "", enrich.Row{}, p.errUnknown()
	}
	if l.id >= 0 {
		if own, err := enrich.Unquote(p.value(text, l.id)); err == nil && enrich.OwnID(string(own)) {
			id = string(own)
		}
	}
	return t.names.table.Name, id, p.row(text, t).OnOneLine().WithOriginal(original), nil
}

// opens reports whether names.txt may name members of a member called name.
func opens(name []byte) bool {
	switch string(name) {
	case `"properties"`, `"identity"`, `"claims"`, `"status"`, `"location"`:
		return true
	}
	return false
}

// deepest is how deep the members that it names lie in each other.
const deepest = 2

// scan reads the object at i, whose place among the members is parent, and returns the offset behind it.
func (p *Objects) scan(d []byte, i, parent int) (int, error) {
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

func (p *Objects) depth(at int) (depth int) {
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

func (p *Objects) value(text []byte, at int) []byte {
	v := p.members[at].value
	return text[v.Start:v.End]
}

func (p *Objects) name(text []byte, at int) string {
	n := p.members[at].name
	name, err := enrich.Unquote(text[n.Start:n.End])
	if err != nil {
		return ""
	}
	return string(name)
}

// row takes the cells of the record at hand. Those that become text stand behind the record.
func (p *Objects) row(text []byte, t *tableLayout) enrich.Row {
	spans := make([]enrich.Span, len(t.cells))
	copied := false
	for i := range t.cells {
		at := p.choose(text, &t.cells[i])
		spans[i] = p.members[at].value
		value := p.value(text, at)
		for _, name := range t.cells[i].mask {
			mask(value, name)
		}
		if !t.cells[i].asText || value[0] == '"' || value[0] == 'n' {
			continue
		}
		if !copied {
			text, copied = append(make([]byte, 0, len(text)+len(text)/2), text...), true
		}
		if word, ok := t.cells[i].words[string(value)]; ok {
			value = []byte(word)
		}
		start := len(text)
		text = appendQuoted(text, value)
		spans[i] = enrich.Span{Start: uint32(start), End: uint32(len(text))}
	}
	return enrich.NewRow(t.columns, text, spans)
}

// choose is the first of a cell's members that isn't empty, or the last.
func (p *Objects) choose(text []byte, c *cell) (at int) {
	for _, at = range c.members {
		if v := p.value(text, at); v[0] != 'n' && len(v) > len(`""`) {
			return at
		}
	}
	return at
}
