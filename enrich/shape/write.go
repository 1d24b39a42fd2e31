package shape

import (
	"slices"
	"strings"
	"sync"

	"github.com/riskrelay/riskrelay/enrich"
)

// Writer writes rows as diagnostic records. The zero value is ready; its methods may be called at the same time.
type Writer struct {
	mu    sync.Mutex
	plans map[planKey]*node
}

type planKey struct {
	table   string
	columns *enrich.Columns
}

// maxPlans bounds what a Writer remembers, should every row have columns of its own.
const maxPlans = 512

// AppendMembers appends the members of the event's record as JSON on one line, without braces and with no comma before the first.
// ok is false, and nothing appended, when the event's table has no diagnostic records.
func (w *Writer) AppendMembers(dst []byte, e *enrich.Event) (out []byte, ok bool) {
	if e.Columns() == nil {
		return dst, false
	}
	p := w.plan(planKey{e.Table, e.Columns()})
	if p == nil {
		return dst, false
	}
	return p.appendChildren(dst, &e.Row), true
}

// plan is how rows with the columns are written; nil when their table has no records.
func (w *Writer) plan(key planKey) *node {
	w.mu.Lock()
	defer w.mu.Unlock()
	p, known := w.plans[key]
	if known {
		return p
	}
	if n := namesOf(key.table); n != nil {
		p = n.plan(key.columns)
	}
	if w.plans == nil || len(w.plans) >= maxPlans {
		w.plans = map[planKey]*node{}
	}
	w.plans[planKey{strings.Clone(key.table), key.columns}] = p
	return p
}

// node is a member of a record: an object of other members, or a value from one of several places.
type node struct {
	name     string
	quoted   []byte // the name with a colon behind
	children []*node
	sources  []source
}

// source is where a value comes from.
type source struct {
	column     int // -1 for none
	open       bool
	how        how
	inside     []string
	categories []string // of the member that tells the table
}

// plan lays out the members of a record for rows with the columns.
func (n *names) plan(c *enrich.Columns) *node {
	root := new(node)
	mapped := map[string]bool{}
	for i := range n.fields {
		f := &n.fields[i]
		mapped[f.column] = mapped[f.column] || f.how != written
		s := source{column: -1, how: f.how, inside: f.inside}
		if at, has := c.Index(f.column); has && f.how != isRead {
			column, _ := n.table.Column(f.column)
			s.column, s.open = at, c.Type(at) == enrich.Dynamic || column.JSON
		}
		if f.isCategory() {
			s.categories = n.categories
		}
		if s.column >= 0 || s.categories != nil {
			root.add(f.members[0], s)
		}
	}
	root.add([]string{properties}, source{column: -1}) // where records have it, empty or not
	for i := range c.Len() {
		if name := c.Name(i); !mapped[name] && !n.without[name] {
			root.add(n.unknownMember(c.OutName(i)), source{column: i, how: same, open: c.Type(i) == enrich.Dynamic})
		}
	}
	return root
}

// unknownMember is where a column stands that nobody described, so that unknownColumn finds its name again.
func (n *names) unknownMember(column string) []string {
	if rest, ok := strings.CutPrefix(column, inProperties); ok {
		return []string{properties, rest}
	}
	if first := column[:min(1, len(column))]; first < "A" || first > "Z" || n.wholeProperties() {
		return []string{column}
	}
	if member := camelCase(column); n.unknownColumn(member) == column {
		return []string{properties, member}
	}
	return []string{properties, column}
}

// wholeProperties reports whether all of "properties" is one column.
func (n *names) wholeProperties() bool {
	return slices.ContainsFunc(n.fields, func(f field) bool { return len(f.members[0]) == 1 && f.members[0][0] == properties })
}

// inProperties begins the name of a column for a member of "properties" whose name would be that of another column.
const inProperties = properties + "_"

// unknownColumn is the column for a member of "properties" that nobody described.
func (n *names) unknownColumn(member string) string {
	if member == "" {
		return inProperties
	}
	column := strings.ToUpper(member[:1]) + member[1:]
	if _, known := n.table.Column(column); known || n.without[column] {
		return inProperties + member
	}
	return column
}

// add adds a value at a path.
func (p *node) add(path []string, s source) {
	for _, name := range path {
		i := slices.IndexFunc(p.children, func(c *node) bool { return c.name == name })
		if i < 0 {
			i = len(p.children)
			p.children = append(p.children, &node{name: name, quoted: append(enrich.AppendString(nil, name), ':')})
		}
		p = p.children[i]
	}
	p.sources = append(p.sources, s)
}

func (p *node) appendChildren(dst []byte, r *enrich.Row) []byte {
	start := len(dst)
	for _, c := range p.children {
		before := len(dst)
		if before > start {
			dst = append(dst, ',')
		}
		dst = append(dst, c.quoted...)
		value := len(dst)
		if dst = c.append(dst, r); len(dst) == value {
			dst = dst[:before]
		}
	}
	return dst
}

// append appends the value, nothing when the row has none.
func (p *node) append(dst []byte, r *enrich.Row) []byte {
	before, empty := len(dst), false
	for i := range p.sources {
		switch dst = p.sources[i].append(dst, r); {
		case string(dst[before:]) == `""`: // another may have more to say
			dst, empty = dst[:before], true
		case len(dst) > before:
			return dst
		}
	}
	if empty {
		return append(dst, `""`...)
	}
	if len(p.children) == 0 {
		return dst
	}
	dst = p.appendChildren(append(dst, '{'), r)
	if len(dst) == before+1 && p.name != properties {
		return dst[:before]
	}
	return append(dst, '}')
}

func (s *source) append(dst []byte, r *enrich.Row) []byte {
	if s.categories != nil {
		return s.appendCategory(dst, r)
	}
	if s.column < 0 {
		return dst
	}
	cell := r.Cell(s.column)
	switch s.how {
	case number:
		if text, err := enrich.Unquote(cell); err == nil && isNumber(text) {
			return append(dst, text...)
		}
	case inText:
		if cell = r.JSON(s.column); len(cell) > 0 && (cell[0] == '{' || cell[0] == '[') {
			return appendQuoted(dst, cell)
		}
	case written:
		if len(s.inside) > 0 {
			cell = inside(enrich.Expand(cell), s.inside)
		}
		if len(cell) == 0 || cell[0] == 'n' || string(cell) == `""` {
			return dst
		}
		if len(s.inside) > 0 {
			return appendOnOneLine(dst, cell)
		}
	}
	return r.AppendCell(dst, s.column, s.open)
}

// appendCategory appends what the row says, if it is a category of the table, else the usual one.
func (s *source) appendCategory(dst []byte, r *enrich.Row) []byte {
	if s.column >= 0 {
		if text, err := enrich.Unquote(r.Cell(s.column)); err == nil && slices.Contains(s.categories, string(text)) {
			return r.AppendCell(dst, s.column, false)
		}
	}
	return enrich.AppendString(dst, s.categories[0])
}

// Carried reports whether the record of an event of the table has the column, so that reading it gives the column back.
func Carried(table, column string) bool {
	n := namesOf(table)
	return n != nil && !n.without[column] &&
		!slices.ContainsFunc(n.fields, func(f field) bool { return f.column == column && f.how == isRead })
}
