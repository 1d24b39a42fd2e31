package spl

import (
	"fmt"
	"maps"
	"slices"
)

// call is a use of a lookup.
type call struct {
	table      *table
	key, input string
	outputs    map[string]string // columns of the table, by field
	order      []string          // the fields in their order
}

// lookupCall reads "TABLE COLUMN [AS FIELD] OUTPUT|OUTPUTNEW COLUMN [AS FIELD] ...".
func (k *Knowledge) lookupCall(text string) (call, error) {
	all, err := tokens(text, []string{","})
	if err != nil {
		return call{}, err
	}
	return k.readCall(&reader{tokens: all})
}

func (k *Knowledge) readCall(r *reader) (c call, err error) {
	name := r.next().text
	if c.table = k.lookups[name]; c.table == nil {
		return c, fmt.Errorf("the lookup %s isn't defined", name)
	}
	if c.key, c.input, err = aliased(r); err != nil {
		return c, err
	}
	if !r.take("OUTPUT") && !r.take("OUTPUTNEW") {
		return c, fmt.Errorf("want OUTPUT, have %q", r.peek().text)
	}
	c.outputs = map[string]string{}
	for r.peek().kind != end {
		r.take(",")
		column, name, err := aliased(r)
		if err != nil {
			return c, err
		}
		c.outputs[name], c.order = column, append(c.order, name)
	}
	for _, column := range append(slices.Collect(maps.Values(c.outputs)), c.key) {
		if !slices.Contains(c.table.columns, column) {
			return c, fmt.Errorf("the lookup %s has no column %s", name, column)
		}
	}
	return c, nil
}

// aliased reads "COLUMN [AS FIELD]".
func aliased(r *reader) (column, name string, err error) {
	if column, err = r.name(); err != nil {
		return "", "", err
	}
	if !r.take("AS") {
		return column, column, nil
	}
	name, err = r.name()
	return column, name, err
}

func (p *pipe) lookup(r *reader) error {
	c, err := p.readCall(r)
	if err != nil {
		return err
	}
	for _, name := range c.order {
		for i, one := range p.rows {
			p.rows[i] = one.with(name, c.table.match(c.key, one.Get(c.input), c.outputs[name]))
		}
		p.add(name)
	}
	return nil
}

func (p *pipe) inputlookup(r *reader) error {
	name := r.next().text
	t := p.lookups[name]
	if t == nil {
		return fmt.Errorf("the lookup %s isn't defined", name)
	}
	for _, cells := range t.rows {
		set := map[string][]string{}
		for i, column := range t.columns {
			if cells[i] != "" {
				set[column] = []string{cells[i]}
			}
		}
		p.rows = append(p.rows, row{set: set, at: p.at})
	}
	p.columns = slices.Clone(t.columns)
	return nil
}
