package spl

import (
	"fmt"
	"slices"
	"strconv"
	"time"
)

// tstats is stats on what is in the index alone: another field than those is a mistake.
func (p *pipe) tstats(args string, events []*Event) error {
	r, err := readReport(args)
	if err != nil {
		return err
	}
	c, err := p.search(r.where)
	if err != nil {
		return err
	}
	watch := &watched{indexed: append(slices.Clone(p.indexed), "_time", "sourcetype", "source", "host", "index")}
	for _, e := range events {
		watch.of = e
		if c(watch) {
			p.rows = append(p.rows, row{of: e, at: p.at})
		}
	}
	for _, a := range r.aggregates {
		watch.Get(a.field)
	}
	for _, name := range r.by {
		watch.Get(name)
	}
	if len(watch.wrong) > 0 {
		return fmt.Errorf("tstats reads fields that aren't indexed: %v", watch.wrong)
	}
	p.cut(r)
	p.group(r)
	return nil
}

// watched notes which fields are read that aren't indexed.
type watched struct {
	of      *Event
	indexed []string
	wrong   []string
}

// Get are the values of a field in the index.
func (w *watched) Get(name string) []string {
	if name != "" && !slices.Contains(w.indexed, name) && !slices.Contains(w.wrong, name) {
		w.wrong = append(w.wrong, name)
	}
	if w.of == nil {
		return nil
	}
	return w.of.fields[name]
}

// cut sets each row's _time to the beginning of its span.
func (p *pipe) cut(r report) {
	if r.span == 0 {
		return
	}
	for i, one := range p.rows {
		p.rows[i] = one.with("_time", []string{begin(one, r.span)})
	}
}

func begin(r row, span time.Duration) string {
	n, _ := number(single(r.Get("_time"))) // events and tables of tstats have one
	at := time.UnixMilli(int64(n * 1000)).UTC().Truncate(span)
	return strconv.FormatInt(at.Unix(), 10)
}

// timechart makes a row for each span from the first to the last, and of the values of the field behind by a column each.
func (p *pipe) timechart(args string) error {
	r, err := readReport(args)
	if err == nil && (r.span == 0 || len(r.by) > 1 || len(r.by) == 1 && len(r.aggregates) > 1) {
		err = fmt.Errorf("timechart takes a span and one field behind by, and then one aggregate")
	}
	if err != nil {
		return err
	}
	p.cut(r)
	by := r.by
	r.by = append([]string{"_time"}, by...)
	p.group(r)
	if len(by) == 1 {
		p.spread(by[0], r.aggregates[0])
	}
	p.fill(r)
	return nil
}

// spread turns the values of a field into columns.
func (p *pipe) spread(by string, a aggregate) {
	var columns []string
	byTime := map[string]map[string][]string{}
	var order []string
	for _, one := range p.rows {
		at, column := first(one.Get("_time")), first(one.Get(by))
		if byTime[at] == nil {
			byTime[at], order = map[string][]string{"_time": {at}}, append(order, at)
		}
		byTime[at][column] = one.Get(a.name)
		columns = append(columns, column)
	}
	slices.Sort(columns)
	p.rows, p.columns = nil, append([]string{"_time"}, slices.Compact(columns)...)
	for _, at := range order {
		p.rows = append(p.rows, row{set: byTime[at], at: p.at})
	}
}

// fill adds the spans without events; there, counts are 0.
func (p *pipe) fill(r report) {
	if len(p.rows) == 0 {
		return
	}
	known := map[int64]row{}
	var from, to int64
	for i, one := range p.rows {
		at, _ := strconv.ParseInt(first(one.Get("_time")), 10, 64) // begin wrote it
		if known[at] = one; i == 0 {
			from = at
		}
		to = at
	}
	p.rows = nil
	for at := from; at <= to; at += int64(r.span.Seconds()) {
		one, ok := known[at]
		if !ok {
			one = row{at: p.at, set: map[string][]string{"_time": {strconv.FormatInt(at, 10)}}}
		}
		for _, column := range p.columns {
			if len(one.Get(column)) == 0 {
				one = one.with(column, []string{"0"})
			}
		}
		p.rows = append(p.rows, one)
	}
}
