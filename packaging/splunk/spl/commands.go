package spl

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

var commandStops = []string{"(", ")", ",", "=", "+", "-"}

func (p *pipe) command(name, args string) error {
	switch name {
	case "search":
		return p.keep(args)
	case "where":
		return p.where(args)
	case "eval":
		return p.eval(args)
	case "stats":
		return p.stats(args)
	case "timechart":
		return p.timechart(args)
	}
	do, known := map[string]func(*reader) error{
		"lookup": p.lookup, "inputlookup": p.inputlookup, "sort": p.sort, "head": p.head, "table": p.table, "fields": p.table,
		"rename": p.rename, "mvexpand": p.mvexpand, "dedup": p.dedup,
	}[name]
	if !known {
		return fmt.Errorf("the command %s isn't known", name)
	}
	all, err := tokens(args, commandStops)
	if err != nil {
		return err
	}
	r := &reader{tokens: all}
	if name == "lookup" { // which has words with points and dashes in them
		r.tokens, err = tokens(args, []string{","})
	}
	if err == nil {
		err = do(r)
	}
	if err == nil && r.peek().kind != end {
		err = fmt.Errorf("%q is one too many", r.peek().text)
	}
	return err
}

func (p *pipe) keep(terms string) error {
	c, err := p.search(terms)
	if err == nil {
		p.rows = slices.DeleteFunc(p.rows, func(r row) bool { return !c(r) })
	}
	return err
}

func (p *pipe) where(source string) error {
	e, err := Parse(source)
	if err == nil {
		p.rows = slices.DeleteFunc(p.rows, func(r row) bool { return !e.True(r) })
	}
	return err
}

// eval takes "NAME=EXPRESSION, NAME=EXPRESSION".
func (p *pipe) eval(args string) error {
	for _, one := range outside(args) {
		name, source, ok := strings.Cut(one, "=")
		if !ok {
			return fmt.Errorf("want NAME=EXPRESSION, have %s", one)
		}
		e, err := Parse(source)
		if err != nil {
			return err
		}
		name = strings.Trim(strings.TrimSpace(name), `"'`)
		for i, r := range p.rows {
			p.rows[i] = r.with(name, e.Eval(r))
		}
		p.add(name)
	}
	return nil
}

// outside cuts at the commas that stand in no bracket and no quotes.
func outside(source string) (all []string) {
	from, depth, quote := 0, 0, byte(0)
	for i := 0; i < len(source); i++ {
		switch c := source[i]; {
		case quote != 0 && c == '\\':
			i++
		case c == quote:
			quote = 0
		case quote != 0:
		case c == '"' || c == '\'':
			quote = c
		case c == '(':
			depth++
		case c == ')':
			depth--
		case c == ',' && depth == 0:
			all, from = append(all, source[from:i]), i+1
		}
	}
	return append(all, source[from:])
}

// names reads names of fields, with or without commas between them, up to the end.
func names(r *reader) (all []string, err error) {
	for r.peek().kind != end {
		r.take(",")
		name, err := r.name()
		if err != nil {
			return nil, err
		}
		all = append(all, name)
	}
	return all, nil
}

func (p *pipe) table(r *reader) error {
	columns, err := names(r)
	if err == nil {
		p.only(columns)
	}
	return err
}

func (p *pipe) head(r *reader) error {
	n, err := strconv.Atoi(r.next().text)
	if err == nil {
		p.rows = p.rows[:min(n, len(p.rows))]
	}
	return err
}

// sort takes "- FIELD, FIELD": a dash is for falling order, and what is a number is compared as one.
func (p *pipe) sort(r *reader) error {
	type key struct {
		name string
		sign int
	}
	var keys []key
	if t := r.peek(); t.kind == word && t.text == "0" { // no limit
		r.next()
	}
	for r.peek().kind != end {
		r.take(",")
		k := key{sign: 1}
		if r.take("-") {
			k.sign = -1
		} else {
			r.take("+")
		}
		var err error
		if k.name, err = r.name(); err != nil {
			return err
		}
		keys = append(keys, k)
	}
	slices.SortStableFunc(p.rows, func(a, b row) int {
		for _, k := range keys {
			if c := k.sign * ordered(first(a.Get(k.name)), first(b.Get(k.name))); c != 0 {
				return c
			}
		}
		return 0
	})
	return nil
}

func ordered(a, b string) int {
	x, errX := strconv.ParseFloat(a, 64)
	if y, errY := strconv.ParseFloat(b, 64); errX == nil && errY == nil {
		return cmp.Compare(x, y)
	}
	return cmp.Compare(a, b)
}

// rename takes "FIELD AS FIELD, ...".
func (p *pipe) rename(r *reader) error {
	for r.peek().kind != end {
		r.take(",")
		from, err := r.name()
		if err == nil {
			err = r.want("AS")
		}
		to, err2 := r.name()
		if err = cmp.Or(err, err2); err != nil {
			return err
		}
		for i, one := range p.rows {
			p.rows[i] = one.with(to, one.Get(from)).with(from, nil)
		}
		if at := slices.Index(p.columns, from); at >= 0 {
			p.columns[at] = to
		}
	}
	return nil
}

func (p *pipe) mvexpand(r *reader) error {
	name, err := r.name()
	var all []row
	for _, one := range p.rows {
		for _, v := range one.Get(name) {
			all = append(all, one.with(name, []string{v}))
		}
	}
	p.rows = all
	return err
}

func (p *pipe) dedup(r *reader) error {
	keys, err := names(r)
	seen := map[string]bool{}
	p.rows = slices.DeleteFunc(p.rows, func(one row) bool {
		key := ""
		for _, name := range keys {
			key += strings.Join(one.Get(name), "\x00") + "\x01"
		}
		had := seen[key]
		seen[key] = true
		return had
	})
	return err
}
