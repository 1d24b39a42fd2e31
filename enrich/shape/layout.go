package shape

import (
	"bytes"
	"slices"
	"strings"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/schema"
)

// maxKnown bounds what is remembered, in bytes, should every record have other members.
const maxKnown = 16 << 20

// learn makes room for n bytes more, about.
func (p *Objects) learn(n int) {
	if p.known += n; p.known > maxKnown {
		clear(p.layouts)
		p.known = n
	}
}

// layout is what the names in p.key say.
func (p *Objects) layout(text []byte) *layout {
	if l := p.layouts[string(p.key)]; l != nil {
		return l
	}
	l := &layout{
		category: p.find(text, []string{category}), resource: p.find(text, []string{"resourceId"}),
		risk: p.find(text, []string{"risk"}), id: p.find(text, []string{"event_id"}), recordID: p.find(text, []string{"record_id"}),
		byCategory: map[string]*tableLayout{},
	}
	if p.kind != Records {
		for _, n := range forms(p.kind) {
			if t := p.form(text, l, n); t != nil {
				l.forms = append(l.forms, t)
			}
		}
	}
	p.learn(2*len(p.key) + 256 + 128*len(p.members)*len(l.forms))
	p.layouts[string(p.key)] = l
	return l
}

// form is how the object at hand becomes a row, if its names tell that it has the form; nil otherwise.
func (p *Objects) form(text []byte, l *layout, n *names) *tableLayout {
	for _, name := range n.tells {
		if p.find(text, []string{name}) < 0 {
			return nil
		}
	}
	t := p.lay(text, l, n)
	for _, w := range n.when {
		t.when = append(t.when, p.find(text, []string{w.member}))
	}
	return t
}

// holds reports whether one of the conditions of the form holds for the object at hand.
func (t *tableLayout) holds(p *Objects, text []byte) bool {
	for i, w := range t.names.when {
		at := t.when[i]
		if w.text == "" && (at < 0 || isEmpty(p.value(text, at))) || w.text != "" && at >= 0 && bytes.Contains(p.value(text, at), []byte(w.text)) {
			return true
		}
	}
	return len(t.names.when) == 0
}

// isEmpty reports whether a value is null or an empty text.
func isEmpty(value []byte) bool { return value[0] == 'n' || string(value) == `""` }

// find is the place of the last member at a path, the case of whose names doesn't count, as the services don't agree on it; -1
// for none.
func (p *Objects) find(text []byte, path []string) int {
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

// table is how the object at hand becomes a row; nil when nobody knows its table.
func (l *layout) table(p *Objects, text []byte) *tableLayout {
	for _, t := range l.forms {
		if t.holds(p, text) {
			return t
		}
	}
	if p.kind != Records || l.category < 0 {
		return nil
	}
	quoted := p.value(text, l.category)
	t, known := l.byCategory[string(quoted)]
	if !known {
		if n := categoryNames(quoted); n != nil {
			t = p.lay(text, l, n)
		}
		p.learn(len(quoted) + 128*len(p.members))
		l.byCategory[string(quoted)] = t
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
	for _, n := range forms(Records) {
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
func (p *Objects) lay(text []byte, l *layout, n *names) *tableLayout {
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
		c.words, c.mask = n.words[column], n.masked[column]
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
		case used[at], at == l.risk, at == l.id, at == l.recordID, p.repeated(text, at), m.opened && m.parent < 0 && p.name(text, at) == properties:
		case m.parent < 0 && n.kind == Records:
			add(p.name(text, at), cell{members: []int{at}})
		case m.parent < 0:
			if name := p.name(text, at); !strings.HasPrefix(name, "@") { // that is of OData, not of the object
				add(n.unknownColumn(name), cell{members: []int{at}})
			}
		case p.members[m.parent].parent < 0 && p.name(text, m.parent) == properties && !used[m.parent]:
			add(n.unknownColumn(p.name(text, at)), cell{members: []int{at}})
		}
	}
	t.columns = enrich.NewColumns(columns, types)
	return t
}

// use notes that a member is a column's, and so isn't one of its own, nor is the object that it lies in.
func (p *Objects) use(used map[int]bool, at int, f *field) {
	used[at] = true
	if parent := p.members[at].parent; parent >= 0 && f.members[0][0] != properties {
		used[parent] = true
	}
}

// repeated reports whether a later member has the same name, which is the one that counts.
func (p *Objects) repeated(text []byte, at int) bool {
	m := &p.members[at]
	for i := at + 1; i < len(p.members); i++ {
		if p.members[i].parent == m.parent && p.name(text, i) == p.name(text, at) {
			return true
		}
	}
	return false
}
