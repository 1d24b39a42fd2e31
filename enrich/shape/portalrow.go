package shape

import (
	"slices"
	"strconv"
	"strings"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/schema"
)

// portalCSV makes rows of a CSV file of the portal.
type portalCSV struct {
	table   string
	columns *enrich.Columns
	roots   []*branch // one a column
	cut     []int     // places of fields that the file has no further ones for
	fields  [][]byte
}

// branch is a member, or an element, of what a column holds.
type branch struct {
	name     string
	quoted   []byte
	list     bool // its branches are elements
	branches []*branch
	leaves   []leaf // where its value may come from; the first that has one counts
}

// leaf is a field of the file.
type leaf struct {
	field int
	other int // only where this field is one of only; -1 for always
	only  []string
	words map[string]string
	kind  string
	part  int // of a city
}

// newPortalCSV returns what makes rows of files with the header; nil when it is none of the portal's. Of sign-ins of people, name tells
// whether they were interactive: the columns are the same.
func newPortalCSV(header []string, name string) *portalCSV {
	names := make([]string, len(header))
	for i, h := range header {
		names[i] = plainName(h)
	}
	for _, t := range portalTables() {
		if !slices.ContainsFunc(t.tells, func(column string) bool { return !slices.Contains(names, column) }) {
			return t.csv(names, name)
		}
	}
	return nil
}

func (t *portalTable) csv(header []string, name string) *portalCSV {
	p := &portalCSV{table: t.table}
	if t.table == "SigninLogs" && strings.Contains(strings.ToLower(name), "noninteractive") {
		p.table = "AADNonInteractiveUserSignInLogs"
	}
	for i, column := range header {
		if slices.Contains(header[:i], column) {
			continue // a name that stands twice: the first has the value
		}
		part := 0
		for _, place := range t.places {
			path, ok := place.numbered(column)
			if !ok {
				continue
			}
			l := leaf{field: i, other: -1, words: t.words[column], kind: t.kinds[column], part: part}
			part++
			if place.other != "" {
				if l.other = slices.Index(header, place.other); l.other < 0 {
					continue
				}
				l.only = place.words
			}
			p.add(path, l)
		}
		if slices.Contains(t.cut, column) {
			p.cut = append(p.cut, i)
		}
	}
	var names []string
	var types []enrich.Type
	for _, r := range p.roots {
		names, types = append(names, r.name), append(types, schema.TypeOf(p.table, r.name))
	}
	p.columns = enrich.NewColumns(append(names, enrich.CutColumn), append(types, enrich.Bool))
	return p
}

// add adds a leaf at a path.
func (p *portalCSV) add(path []string, l leaf) {
	branches := &p.roots
	var at *branch
	for _, name := range path {
		i := slices.IndexFunc(*branches, func(b *branch) bool { return b.name == name })
		if i < 0 {
			i = len(*branches)
			*branches = append(*branches, &branch{name: name, quoted: append(enrich.AppendString(nil, name), ':')})
		}
		if _, err := strconv.Atoi(name); err == nil && at != nil {
			at.list = true
		}
		at = (*branches)[i]
		branches = &at.branches
	}
	at.leaves = append(at.leaves, l)
}

// Parse returns the row in a record, which it changes, and its table.
func (p *portalCSV) Parse(record []byte) (table, id string, row enrich.Row, err error) {
	record, original := enrich.ValidUTF8(record)
	p.fields = splitCSV(p.fields[:0], record)
	text := make([]byte, 0, len(record)+len(record)/4)
	cells := make([]enrich.Span, p.columns.Len())
	for i, r := range p.roots {
		start := len(text)
		text = r.append(text, p.fields)
		cells[i] = enrich.Span{Start: uint32(start), End: uint32(len(text))}
	}
	if slices.ContainsFunc(p.cut, func(i int) bool { return i < len(p.fields) && len(p.fields[i]) > 0 }) {
		start := len(text)
		text = append(text, "true"...)
		cells[len(cells)-1] = enrich.Span{Start: uint32(start), End: uint32(len(text))}
	}
	return p.table, "", enrich.NewRow(p.columns, text, cells).OnOneLine().WithOriginal(original), nil
}

// append appends the value, nothing when the fields have none.
func (b *branch) append(dst []byte, fields [][]byte) []byte {
	start := len(dst)
	for i := range b.leaves {
		if dst = b.leaves[i].append(dst, fields); len(dst) > start {
			return dst
		}
	}
	if len(b.branches) == 0 {
		return dst
	}
	opening, closing := byte('{'), byte('}')
	if b.list {
		opening, closing = '[', ']'
	}
	dst = append(dst, opening)
	for _, c := range b.branches {
		before := len(dst)
		if before > start+1 {
			dst = append(dst, ',')
		}
		if !b.list {
			dst = append(dst, c.quoted...)
		}
		value := len(dst)
		if dst = c.append(dst, fields); len(dst) == value {
			dst = dst[:before]
		}
	}
	if len(dst) == start+1 {
		return dst[:start]
	}
	return append(dst, closing)
}

func (l *leaf) append(dst []byte, fields [][]byte) []byte {
	if l.field >= len(fields) || len(fields[l.field]) == 0 {
		return dst
	}
	if l.other >= 0 && (l.other >= len(fields) || !slices.Contains(l.only, string(fields[l.other]))) {
		return dst
	}
	value := fields[l.field]
	if word, ok := l.words[string(value)]; ok {
		value = []byte(word)
	}
	switch l.kind {
	case "number":
		if l.part > 0 && isNumber(value) { // its first place is text
			return append(dst, value...)
		}
	case "flag":
		switch strings.ToLower(string(value)) {
		case "yes", "true":
			return append(dst, "true"...)
		case "no", "false":
			return append(dst, "false"...)
		}
	case "city":
		if value = cityPart(value, l.part); len(value) == 0 {
			return dst
		}
	}
	return appendQuoted(dst, value)
}

// cityPart is a part of "CITY, STATE, COUNTRY": the country is the last, which the fourth place has again.
func cityPart(value []byte, part int) []byte {
	parts := strings.Split(string(value), ", ")
	country := len(parts) - 1
	switch {
	case part >= 2:
		return []byte(parts[country])
	case part < country:
		return []byte(parts[part])
	}
	return nil
}
