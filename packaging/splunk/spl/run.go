package spl

import (
	"fmt"
	"slices"
	"strings"
)

// Result is what a search found: a table. Cells have several values, or none.
type Result struct {
	Columns []string
	Rows    [][][]string
}

// Column are the values of a column, the first of each row; "" for none.
func (r *Result) Column(name string) (all []string) {
	i := slices.Index(r.Columns, name)
	for _, row := range r.Rows {
		value := ""
		if i >= 0 && len(row[i]) > 0 {
			value = row[i][0]
		}
		all = append(all, value)
	}
	return all
}

// row is an event or a row of results on its way through commands, with what commands have set.
type row struct {
	of  *Event
	set map[string][]string
	at  float64 // when the search runs
}

func (r row) now() float64 { return r.at }

// Get are the values of a field.
func (r row) Get(name string) []string {
	if values, ok := r.set[name]; ok {
		return values
	}
	if r.of == nil {
		return nil
	}
	return r.of.Get(name)
}

func (r row) document() (raw string, doc any) {
	if r.of == nil {
		return "", nil
	}
	return r.of.document()
}

func (r row) with(name string, values []string) row {
	set := make(map[string][]string, len(r.set)+1)
	for n, v := range r.set {
		set[n] = v
	}
	set[name] = values
	return row{r.of, set, r.at}
}

// pipe is a search between two commands.
type pipe struct {
	*Knowledge
	at      float64 // when the search runs
	rows    []row
	columns []string // of a table; nil while rows are events
}

// Run runs a search over events, at the time of the newest. Its words are those of the search bar: what stands before the first | is searched for.
func (k *Knowledge) Run(search string, events []*Event) (*Result, error) {
	p := &pipe{Knowledge: k, at: newest(events)}
	expanded, err := k.expand(strings.TrimSpace(search))
	if err != nil {
		return nil, err
	}
	for i, stage := range stages(expanded) {
		stage = strings.TrimSpace(stage)
		name, args, _ := strings.Cut(stage, " ")
		switch {
		case i == 0 && stage != "":
			err = p.find(stage, events)
		case i == 0:
		case name == "tstats":
			err = p.tstats(args, events)
		default:
			err = p.command(name, strings.TrimSpace(args))
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", stage, err)
		}
	}
	return p.result(), nil
}

// newest is when the newest event happened: searches run then.
func newest(events []*Event) (at float64) {
	for _, e := range events {
		at = max(at, e.Time())
	}
	return at
}

// stages cuts a search at its pipes, not at those inside quotes.
func stages(search string) (all []string) {
	from, quote := 0, byte(0)
	for i := 0; i < len(search); i++ {
		switch c := search[i]; {
		case quote != 0 && c == '\\':
			i++
		case c == quote:
			quote = 0
		case quote == 0 && (c == '"' || c == '\''):
			quote = c
		case quote == 0 && c == '|':
			all, from = append(all, search[from:i]), i+1
		}
	}
	return append(all, search[from:])
}

// find begins with the events that are looked for, the newest first.
func (p *pipe) find(terms string, events []*Event) error {
	c, err := p.search(terms)
	if err != nil {
		return err
	}
	for _, e := range events {
		if c(e) {
			p.rows = append(p.rows, row{of: e, at: p.at})
		}
	}
	slices.SortStableFunc(p.rows, func(a, b row) int {
		switch x, y := a.of.Time(), b.of.Time(); {
		case x > y:
			return -1
		case x < y:
			return 1
		}
		return 0
	})
	return nil
}

func (p *pipe) result() *Result {
	r := &Result{Columns: p.columns}
	for _, one := range p.rows {
		cells := make([][]string, len(p.columns))
		for i, name := range p.columns {
			cells[i] = one.Get(name)
		}
		r.Rows = append(r.Rows, cells)
	}
	return r
}

// only makes a table of these columns.
func (p *pipe) only(columns []string) {
	for i, r := range p.rows {
		set := map[string][]string{}
		for _, name := range columns {
			if v := r.Get(name); len(v) > 0 {
				set[name] = v
			}
		}
		p.rows[i] = row{set: set, at: p.at}
	}
	p.columns = columns
}

// add adds a column to a table.
func (p *pipe) add(name string) {
	if p.columns != nil && !slices.Contains(p.columns, name) {
		p.columns = append(p.columns, name)
	}
}
