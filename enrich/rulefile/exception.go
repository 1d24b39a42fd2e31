package rulefile

import (
	"fmt"
	"slices"
	"strings"

	"github.com/riskrelay/riskrelay/enrich/diag"
)

// maxFields bounds the fields of an exception and the keys of first_seen.
const maxFields = 8

// firstSeen reads what tells new things from known ones.
func (d *decoder) firstSeen(n *node) *FirstSeen {
	f := &FirstSeen{Pos: n.text.Pos}
	d.fields(n, "first_seen", []field{
		{"key", required, func(n *node) { f.Key = d.scalars(n) }},
		{"window", required, func(n *node) { f.Window = d.duration(n) }},
		{"else", required, func(n *node) {
			d.fields(n, "else", []field{
				{"severity", optional, func(n *node) { f.Severity = d.text(n, severity) }},
				{"score", optional, func(n *node) { f.Score = d.score(n, true) }},
			})
			if n.kind == mapping && len(n.pairs) == 0 {
				d.report(n, CodeMissing, "else needs `severity`, `score` or both: what a match is worth when its key was seen before")
			}
		}},
	})
	return f
}

// scalars reads a list of expressions, of which each is one value.
func (d *decoder) scalars(n *node) (all []diag.Text) {
	if !d.is(n, sequence) {
		return nil
	}
	if len(n.items) == 0 || len(n.items) > maxFields {
		d.report(n, CodeValue, fmt.Sprintf("want 1 to %d expressions, found %d", maxFields, len(n.items)))
	}
	for _, item := range n.items {
		if e := d.expression(item); e.Present() {
			all = append(all, e)
		}
	}
	return all
}

// openedException reads one exception that the author opens.
func (d *decoder) openedException(n *node) (s Exception) {
	d.fields(n, "a slot for exceptions", []field{
		{"name", required, func(n *node) { s.Name = d.text(n, snakeCase) }},
		{"doc", optional, func(n *node) { s.Doc = d.text(n, anything) }},
		{"fields", required, func(n *node) { s.Fields = d.scalars(n) }},
		{"values", optional, func(n *node) { s.Values = d.tuples(n) }},
	})
	for _, row := range s.Values {
		if len(row) != len(s.Fields) && len(row) > 0 {
			d.problems = append(d.problems, wrongWidth(row, &s))
		}
	}
	return s
}

func (d *decoder) exceptionNames(slots []Exception) {
	seen := map[string]bool{}
	for _, s := range slots {
		if seen[s.Name.Value] && s.Name.Present() {
			d.problems = append(d.problems, s.Name.Problem(CodeRepeated, 0, 0, fmt.Sprintf("the slot `%s` is given twice", s.Name.Value)))
		}
		seen[s.Name.Value] = true
	}
}

// tuples reads rows of values.
func (d *decoder) tuples(n *node) (all []Tuple) {
	if !d.is(n, sequence) {
		return nil
	}
	for _, item := range n.items {
		all = append(all, d.tuple(item))
	}
	return all
}

// tuple reads one row: for each field a text, or a list of texts of which any fits.
func (d *decoder) tuple(n *node) (row Tuple) {
	if !d.is(n, sequence) {
		return nil
	}
	if len(n.items) == 0 {
		d.report(n, CodeValue, "want a value for each field of the slot")
	}
	for _, item := range n.items {
		if item.kind == sequence {
			row = append(row, d.distinct(item, exact, atLeastOne))
		} else if t := d.text(item, exact); t.Present() {
			row = append(row, []diag.Text{t})
		}
	}
	return row
}

// exact refuses a value that would fit an event without the field, and a pattern, which values are not.
func exact(value string) string {
	switch {
	case strings.TrimSpace(value) == "":
		return "an empty value would except every event that doesn't have the field"
	case value == "*":
		return "values are compared as they stand, `*` included; to switch the rule off, set `enabled: false`"
	}
	return ""
}

// wrongWidth says that a row doesn't fit the fields of its exception.
func wrongWidth(row Tuple, s *Exception) diag.Problem {
	at := diag.Text{}
	if len(row) > 0 && len(row[0]) > 0 {
		at = row[0][0]
	}
	p := at.Problem(CodeValue, 0, 0, fmt.Sprintf("the row has %s, the slot `%s` has %s",
		diag.Count(len(row), "value"), s.Name.Value, diag.Count(len(s.Fields), "field")))
	p.Suggestion = "the fields are " + strings.Join(shown(s.Fields), ", ")
	if len(s.Fields) == 1 {
		p.Suggestion += "; several values of one field are a list in the row: [[a, b]]"
	}
	return p
}

func shown(texts []diag.Text) []string {
	out := make([]string, len(texts))
	for i, t := range texts {
		out[i] = t.Value
	}
	return out
}

// contextPart checks the name of a part of the context.
func contextPart(value string) string {
	part, name, dotted := strings.Cut(value, ".")
	parts := []string{"business_hours", "verified_domains", "dns", "credential_lifetime", "applications", "lists.NAME", "seen.NAME"}
	if dotted {
		if (part == "lists" || part == "seen") && name != "" {
			return ""
		}
	}
	if slices.Contains(parts[:5], value) {
		return ""
	}
	return oneOf(parts...)(value)
}
