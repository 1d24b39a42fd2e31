package spl

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// aggregate is "FUNCTION(FIELD) AS NAME".
type aggregate struct {
	function, field, name string
}

// report is what stats, timechart and tstats have in common.
type report struct {
	aggregates []aggregate
	where      string // of tstats
	by         []string
	span       time.Duration // of _time; 0 when time isn't cut
}

// readReport reads "AGGREGATE ... [where TERMS] [by FIELD ... span=1h]"; options before the aggregates are span and limit.
func readReport(args string) (r report, err error) {
	head, by := cutWord(args, "by")
	head, r.where = cutWord(head, "where")
	all, err := tokens(head, []string{"(", ")", ",", "="})
	if err != nil {
		return r, err
	}
	in := &reader{tokens: all}
	for err == nil && in.peek().kind != end {
		in.take(",")
		err = r.readAggregate(in)
	}
	if err != nil {
		return r, err
	}
	for _, name := range strings.FieldsFunc(by, func(c rune) bool { return c == ' ' || c == ',' }) {
		if span, ok := strings.CutPrefix(name, "span="); ok {
			if r.span, err = parseSpan(span); err != nil {
				return r, err
			}
			continue
		}
		r.by = append(r.by, strings.Trim(name, `"'`))
	}
	if len(r.aggregates) == 0 {
		err = errors.New("nothing is counted")
	}
	return r, err
}

// cutWord cuts at a word that stands alone, outside quotes and brackets, in any case of letters.
func cutWord(source, word string) (before, after string) {
	for at := 0; ; {
		i := strings.Index(strings.ToLower(source[at:]), " "+word+" ")
		if i < 0 {
			return source, ""
		}
		i += at
		if strings.Count(source[:i], `"`)%2 == 0 && strings.Count(source[:i], "(") == strings.Count(source[:i], ")") {
			return source[:i], strings.TrimSpace(source[i+len(word)+2:])
		}
		at = i + 1
	}
}

func (r *report) readAggregate(in *reader) error {
	a := aggregate{function: strings.ToLower(in.next().text)}
	switch a.function {
	case "span", "limit", "usenull", "useother":
		if err := in.want("="); err != nil {
			return err
		}
		value := in.next().text
		if a.function != "span" {
			return nil // how many columns there are at most, which no test comes near
		}
		var err error
		r.span, err = parseSpan(value)
		return err
	case "count", "dc", "sum", "max", "min", "values", "latest", "earliest":
	default:
		return fmt.Errorf("the function %s of stats isn't known", a.function)
	}
	a.name = a.function
	if in.take("(") {
		a.field = in.next().text
		if err := in.want(")"); err != nil {
			return err
		}
		a.name = a.function + "(" + a.field + ")"
	}
	if in.take("AS") {
		a.name = in.next().text
	}
	r.aggregates = append(r.aggregates, a)
	return nil
}

func parseSpan(text string) (time.Duration, error) {
	if days, ok := strings.CutSuffix(text, "d"); ok {
		n, err := strconv.Atoi(days)
		return time.Duration(n) * 24 * time.Hour, err
	}
	return time.ParseDuration(text)
}

// of is the aggregate of some rows.
func (a aggregate) of(rows []row) []string {
	var all []string
	var newest, oldest row
	for _, r := range rows {
		if len(r.Get(a.field)) > 0 && happened(r) >= happened(newest) {
			newest = r
		}
		if len(r.Get(a.field)) > 0 && (len(oldest.Get(a.field)) == 0 || happened(r) < happened(oldest)) {
			oldest = r
		}
		all = append(all, r.Get(a.field)...)
	}
	switch a.function {
	case "count":
		if a.field == "" {
			return []string{strconv.Itoa(len(rows))}
		}
		return []string{strconv.Itoa(len(all))}
	case "dc":
		return []string{strconv.Itoa(len(unique(all)))}
	case "values":
		slices.Sort(all)
		return slices.Compact(all)
	case "latest":
		return newest.Get(a.field)
	case "earliest":
		return oldest.Get(a.field)
	}
	return a.number(all)
}

// happened is when a row happened, 0 for one without a time.
func happened(r row) float64 {
	n, _ := number(single(r.Get("_time")))
	return n
}

func (a aggregate) number(all []string) []string {
	var out float64
	seen := false
	for _, text := range all {
		n, err := strconv.ParseFloat(text, 64)
		switch {
		case err != nil:
			continue
		case !seen:
			out = n
		case a.function == "sum":
			out += n
		case a.function == "max":
			out = max(out, n)
		case a.function == "min":
			out = min(out, n)
		}
		seen = true
	}
	if !seen {
		return nil
	}
	return list(out)
}

func (p *pipe) stats(args string) error {
	r, err := readReport(args)
	if err != nil {
		return err
	}
	p.group(r)
	return nil
}

// group makes one row of those that have the same values in the fields of by. A field with several values puts a row into several
// groups; a row without one is in none.
func (p *pipe) group(r report) {
	groups, keys := map[string][]row{}, map[string][]string{}
	for _, one := range p.rows {
		for _, values := range combinations(one, r.by) {
			key := strings.Join(values, "\x00")
			groups[key], keys[key] = append(groups[key], one), values
		}
	}
	if len(r.by) == 0 {
		groups, keys = map[string][]row{"": p.rows}, map[string][]string{"": nil}
	}
	order := make([]string, 0, len(groups))
	for key := range groups {
		order = append(order, key)
	}
	slices.SortFunc(order, func(a, b string) int {
		return slices.CompareFunc(keys[a], keys[b], ordered)
	})
	var out []row
	for _, key := range order {
		set := map[string][]string{}
		for i, name := range r.by {
			set[name] = []string{keys[key][i]}
		}
		for _, a := range r.aggregates {
			set[a.name] = a.of(groups[key])
		}
		out = append(out, row{set: set, at: p.at})
	}
	p.rows, p.columns = out, slices.Clone(r.by)
	for _, a := range r.aggregates {
		p.columns = append(p.columns, a.name)
	}
}

func combinations(r row, by []string) [][]string {
	all := [][]string{nil}
	for _, name := range by {
		var next [][]string
		for _, so := range all {
			for _, v := range unique(r.Get(name)) {
				next = append(next, append(slices.Clone(so), v))
			}
		}
		all = next
	}
	return all
}
