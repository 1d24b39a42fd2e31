package shape

import (
	_ "embed"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/riskrelay/riskrelay/enrich/schema"
)

//go:embed names.txt
var namesText string

// how says which way a field goes, and what becomes of its value.
type how byte

const (
	same    how = '=' // both ways
	number  how = '#' // a number in the record, text in the column
	inText  how = '~' // text that holds JSON in the record, JSON in the column
	written how = '<' // only written
	isRead  how = '>' // only read
)

// field is a member of a record, and the column that it stands for.
type field struct {
	members [][]string // the paths of the member; only a field that is only read has more than one
	column  string
	inside  []string // path within the column's JSON; of fields that are only written
	how     how
}

// names is how the events of one table are spelled in diagnostic records, or in another form of objects.
type names struct {
	table      schema.Table
	kind       Kind // Records, or that of another form
	sourcetype string
	categories []string
	resource   string // in lower case
	tells      []string
	when       []when
	fields     []field
	without    map[string]bool              // columns that records don't have
	words      map[string]map[string]string // by column and number
	masked     map[string][]string          // members by column
}

// when is a condition on an object: a member contains a text, or, for no text, is absent or empty.
type when struct{ member, text string }

// properties is the member of a record that holds most of it.
const properties = "properties"

// spelled are the names of all tables that have records, in the order of names.txt.
var spelled = sync.OnceValue(func() []*names {
	all, err := parseNames(namesText)
	if err != nil {
		panic("names.txt:" + err.Error()) // the file is part of the program
	}
	return all
})

// forms are the names of a kind, in the order of names.txt.
func forms(kind Kind) (all []*names) {
	for _, n := range spelled() {
		if n.kind == kind {
			all = append(all, n)
		}
	}
	return all
}

// namesOf are the names of a table in records, or of the one that a table called so was copied from; nil where it has no record.
func namesOf(table string) *names {
	t, ok := schema.Lookup(table)
	if !ok {
		return nil
	}
	for _, n := range forms(Records) {
		if n.table.Name == t.Name {
			return n
		}
	}
	return nil
}

// section is what the lines below a "common" or "table" line say.
type section struct {
	names
	common string
	drops  []string // members that the common lines don't add
	rest   string   // how other forms spell the columns that no line names
}

func parseNames(text string) ([]*names, error) {
	commons := map[string]*section{"-": {}}
	var tables []*section
	var now *section
	for i, line := range strings.Split(text, "\n") {
		words := strings.Fields(line)
		if len(words) == 0 || strings.HasPrefix(line, "#") {
			continue
		}
		switch {
		case words[0] == "common" && len(words) == 2:
			now = new(section)
			commons[words[1]] = now
		case words[0] == "table" && len(words) == 4:
			now = &section{common: words[2], names: names{kind: Records, sourcetype: words[3]}}
			now.table.Name = words[1]
			tables = append(tables, now)
		case words[0] == "form" && len(words) == 4:
			now = &section{common: "-", names: names{kind: Kind(words[1])}, rest: words[3]}
			now.table.Name = words[2]
			tables = append(tables, now)
		case now == nil:
			return nil, fmt.Errorf("%d: nothing to add %q to", i+1, line)
		default:
			if err := now.add(words[0], words[1:]); err != nil {
				return nil, fmt.Errorf("%d: %w", i+1, err)
			}
		}
	}
	var all []*names
	for _, t := range tables {
		common := commons[t.common]
		if common == nil {
			return nil, fmt.Errorf("table %s: nothing is called %q", t.table.Name, t.common)
		}
		n, err := t.complete(common, all)
		if err != nil {
			return nil, err
		}
		all = append(all, n)
	}
	return all, nil
}

// add is one line.
func (b *section) add(kind string, words []string) error {
	switch kind {
	case "category":
		b.categories = words
	case "resource":
		b.resource = strings.ToLower(words[0])
	case "tells":
		b.tells = words
	case "when":
		for _, w := range words {
			at := strings.IndexAny(w, "~=")
			if at < 0 {
				return fmt.Errorf("%q is no condition", w)
			}
			b.when = append(b.when, when{w[:at], w[at+1:]})
		}
	case "values":
		b.addWords(words[0], words[1:])
	case "mask":
		if b.masked == nil {
			b.masked = map[string][]string{}
		}
		b.masked[words[0]] = words[1:]
	case "none":
		if b.without == nil {
			b.without = map[string]bool{}
		}
		for _, w := range words {
			b.without[w] = true
		}
	case "top", properties:
		for _, w := range words {
			if err := b.addField(kind, w); err != nil {
				return err
			}
		}
	default:
		return fmt.Errorf("what is %q?", kind)
	}
	return nil
}

func (b *section) addWords(column string, pairs []string) {
	if b.words == nil {
		b.words = map[string]map[string]string{}
	}
	if b.words[column] == nil {
		b.words[column] = map[string]string{}
	}
	for _, pair := range pairs {
		n, word, _ := strings.Cut(pair, "=")
		b.words[column][n] = word
	}
}

func (b *section) addField(kind, word string) error {
	prefix := []string{}
	if kind == properties {
		prefix = []string{properties}
	}
	if name, ok := strings.CutPrefix(word, "-"); ok {
		b.drops = append(b.drops, strings.Join(append(prefix, name), "."))
		return nil
	}
	at := strings.IndexAny(word, "=#~<>")
	if at < 0 {
		return fmt.Errorf("%q is no field", word)
	}
	f := field{how: how(word[at])}
	for _, member := range strings.Split(word[:at], "|") {
		path, err := parsePath(member)
		if err != nil {
			return err
		}
		f.members = append(f.members, append(slices.Clone(prefix), path...))
	}
	column, err := parsePath(word[at+1:])
	if err != nil {
		return err
	}
	f.column, f.inside = column[0], column[1:]
	b.fields = append(b.fields, f)
	return nil
}

func parsePath(text string) (path []string, err error) {
	for _, part := range strings.Split(text, ".") {
		if part, err = url.PathUnescape(part); err != nil {
			return nil, err
		}
		path = append(path, part)
	}
	return path, nil
}

// complete adds to a table's lines what the common ones and the rule for all other columns say.
func (b *section) complete(common *section, before []*names) (*names, error) {
	t, known := schema.Lookup(b.table.Name)
	if !known {
		return nil, fmt.Errorf("table %s is unknown", b.table.Name)
	}
	b.table = t
	own := slices.Clone(b.fields)
	b.fields = nil
	for _, f := range common.fields { // in the order of the common lines, the table's own in place of theirs
		at := f.members[0]
		if i := slices.IndexFunc(own, func(o field) bool { return slices.Equal(o.members[0], at) }); i >= 0 {
			b.fields, own = append(b.fields, own[i]), slices.Delete(own, i, i+1)
		} else if !slices.Contains(b.drops, strings.Join(at, ".")) {
			b.fields = append(b.fields, f)
		}
	}
	b.fields = append(b.fields, own...)
	for i := range b.fields {
		if f := &b.fields[i]; f.isCategory() && !has(&t, f.column) {
			f.column = "" // always written: it tells the table
		}
	}
	b.fields = slices.DeleteFunc(b.fields, func(f field) bool { return f.column != "" && !has(&t, f.column) })
	without := map[string]bool{}
	for _, of := range []*section{common, b} {
		for column := range of.without {
			without[column] = true
		}
	}
	b.without = without
	if b.rest == properties {
		b.addProperties(before)
	} else {
		b.addRest()
	}
	return &b.names, nil
}

// addProperties adds the members of "properties" of the table's records as members of the object itself.
func (b *section) addProperties(before []*names) {
	for _, n := range before {
		if n.kind != Records || n.table.Name != b.table.Name {
			continue
		}
		for column := range n.without {
			b.without[column] = true
		}
		for _, f := range n.fields {
			if at := f.members[0]; at[0] == properties && len(f.inside) == 0 && len(at) > 1 {
				if f.how == written {
					f.how = same // here nothing else has it
				}
				f.members = [][]string{at[1:]}
				b.fields = append(b.fields, f)
			}
		}
	}
}

func has(t *schema.Table, column string) bool {
	_, has := t.Column(column)
	return has
}

// category is the member of a record that tells its table.
const category = "category"

func (f *field) isCategory() bool { return len(f.members[0]) == 1 && f.members[0][0] == category }

// addRest adds the columns that no line names.
func (b *section) addRest() {
	for _, c := range b.table.Columns {
		named := slices.ContainsFunc(b.fields, func(f field) bool { return f.column == c.Name && f.how != written })
		switch {
		case named:
		case b.without[c.Name]:
		case c.Hidden:
			b.without[c.Name] = true
		case b.rest == "same":
			b.fields = append(b.fields, field{members: [][]string{{c.Name}}, column: c.Name, how: same})
		default:
			b.fields = append(b.fields, field{members: [][]string{{properties, camelCase(c.Name)}}, column: c.Name, how: same})
		}
	}
}

// camelCase is a name as .NET writes it in JSON: capitals at the beginning become small, but for the one that begins a word.
// https://learn.microsoft.com/dotnet/api/system.text.json.jsonnamingpolicy.camelcase
func camelCase(name string) string {
	out := []byte(name)
	for i, c := range out {
		if c < 'A' || c > 'Z' || i > 0 && i+1 < len(out) && out[i+1] >= 'a' && out[i+1] <= 'z' {
			break
		}
		out[i] = c + 'a' - 'A'
	}
	return string(out)
}

// Sourcetype is what Microsoft's add-ons for Splunk call records of the table; ok is false where it has no record.
func Sourcetype(table string) (sourcetype string, ok bool) {
	n := namesOf(table)
	if n == nil {
		return "", false
	}
	return n.sourcetype, true
}

// Tables are the names of the tables that have diagnostic records.
func Tables() (all []string) {
	for _, n := range forms(Records) {
		all = append(all, n.table.Name)
	}
	return all
}

// HasMember reports whether records of the table have a member called name, in "properties" or of their own, that a column stands for.
func HasMember(table string, inProperties bool, name string) bool {
	n := namesOf(table)
	want := []string{name}
	if inProperties {
		want = []string{properties, name}
	}
	return n != nil && slices.ContainsFunc(n.fields, func(f field) bool {
		return f.how != isRead && len(f.members[0]) >= len(want) && slices.Equal(f.members[0][:len(want)], want)
	})
}

// Categories are what "category" says of records of the table, the usual one first.
func Categories(table string) []string {
	n := namesOf(table)
	if n == nil {
		return nil
	}
	return slices.Clone(n.categories)
}

// Members are the paths at which records of the table have what a column holds; of several the first counts that isn't empty. Nil
// where records don't have it.
func Members(table, column string) [][]string {
	n := namesOf(table)
	if n == nil {
		return nil
	}
	for _, hows := range []string{string(same) + string(number) + string(inText), string(written), string(isRead)} { // copies and what is only read come last
		for _, f := range n.fields {
			if f.column == column && len(f.inside) == 0 && strings.ContainsRune(hows, rune(f.how)) {
				return f.members
			}
		}
	}
	return nil
}
