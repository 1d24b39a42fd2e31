package shape

import (
	_ "embed"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/riskrelay/riskrelay/enrich/schema"
)

//go:embed csv.txt
var csvText string

// portalTable is how the columns of a CSV file of the portal become those of a table.
type portalTable struct {
	table  string
	tells  []string
	places []portalPlace
	words  map[string]map[string]string // by column of the file, and what the portal writes
	kinds  map[string]string
	cut    []string
}

// portalPlace is where the value of a file's column goes.
type portalPlace struct {
	column string // of the file; each # stands for a number
	path   []string
	other  string // only where this column of the file is one of the words; "" for always
	words  []string
}

// portalTables are those of csv.txt, in its order.
var portalTables = sync.OnceValue(func() []*portalTable {
	all, err := parsePortal(csvText)
	if err != nil {
		panic("csv.txt:" + err.Error()) // the file is part of the program
	}
	return all
})

func parsePortal(text string) (all []*portalTable, err error) {
	like := map[*portalTable]string{}
	var now *portalTable
	for i, line := range strings.Split(text, "\n") {
		if line = strings.TrimSpace(line); line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		if rest, ok := strings.CutPrefix(line, "table "); ok {
			name, tells, _ := strings.Cut(rest, ":")
			name, other, _ := strings.Cut(name, "=")
			now = &portalTable{table: strings.TrimSpace(name), tells: semicolons(tells), words: map[string]map[string]string{}, kinds: map[string]string{}}
			if _, known := schema.Lookup(now.table); !known {
				return nil, fmt.Errorf("%d: there is no table %q", i+1, now.table)
			}
			like[now] = strings.TrimSpace(other)
			all = append(all, now)
			continue
		}
		if now == nil {
			return nil, fmt.Errorf("%d: no table", i+1)
		}
		if err := now.add(line); err != nil {
			return nil, fmt.Errorf("%d: %w", i+1, err)
		}
	}
	for _, t := range all {
		if like[t] == "" {
			continue
		}
		i := slices.IndexFunc(all, func(o *portalTable) bool { return o.table == like[t] })
		if i < 0 {
			return nil, fmt.Errorf("%s is like %q, which isn't there", t.table, like[t])
		}
		t.addFrom(all[i])
	}
	return all, nil
}

func semicolons(text string) (all []string) {
	for _, word := range strings.Split(text, ";") {
		if word = strings.TrimSpace(word); word != "" {
			all = append(all, word)
		}
	}
	return all
}

// add is one line.
func (t *portalTable) add(line string) error {
	if rest, ok := strings.CutPrefix(line, "cut "); ok {
		t.cut = semicolons(rest)
		return nil
	}
	if rest, ok := strings.CutPrefix(line, "kind "); ok {
		column, kind, _ := strings.Cut(rest, " = ")
		t.kinds[column] = kind
		return nil
	}
	if column, rest, ok := strings.Cut(line, " : "); ok {
		t.words[column] = map[string]string{}
		for _, pair := range semicolons(rest) {
			from, to, _ := strings.Cut(pair, " = ")
			t.words[column][from] = to
		}
		return nil
	}
	column, rest, ok := strings.Cut(line, " = ")
	if !ok {
		return fmt.Errorf("what is %q?", line)
	}
	rest, guard, _ := strings.Cut(rest, " if ")
	other, words, _ := strings.Cut(guard, " ")
	for _, path := range semicolons(rest) {
		t.places = append(t.places, portalPlace{column, strings.Split(path, "."), other, strings.Split(words, "|")})
	}
	return nil
}

// addFrom adds what another table says of columns that t says nothing of, and whose columns it has.
func (t *portalTable) addFrom(o *portalTable) {
	own := slices.Clone(t.places)
	table, _ := schema.Lookup(t.table)
	for _, p := range o.places {
		has := slices.ContainsFunc(own, func(m portalPlace) bool { return m.column == p.column })
		if _, known := table.Column(p.path[0]); !has && known {
			t.places = append(t.places, p)
		}
	}
	for column, kind := range o.kinds {
		if t.kinds[column] == "" {
			t.kinds[column] = kind
		}
	}
	for column, words := range o.words {
		if t.words[column] == nil {
			t.words[column] = words
		}
	}
}

// numbered puts the numbers of a file's column called name in place of each # of a place; ok is false when the column is another one.
func (p *portalPlace) numbered(name string) (path []string, ok bool) {
	parts := strings.Split(p.column, "#")
	rest, ok := strings.CutPrefix(name, parts[0])
	var numbers []string
	for _, part := range parts[1:] {
		digits := len(rest) - len(strings.TrimLeft(rest, "0123456789"))
		n, err := strconv.Atoi(rest[:digits])
		if !ok || err != nil || n < 1 {
			return nil, false
		}
		numbers = append(numbers, strconv.Itoa(n-1))
		rest, ok = strings.CutPrefix(rest[digits:], part)
	}
	if !ok || rest != "" {
		return nil, false
	}
	path = slices.Clone(p.path)
	for i := range path {
		if path[i] == "#" && len(numbers) > 0 {
			path[i], numbers = numbers[0], numbers[1:]
		}
	}
	return path, true
}

// plainName is the name of a file's column with single blanks within and none around, as the portal isn't strict about that.
func plainName(name string) string { return strings.Join(strings.Fields(name), " ") }
