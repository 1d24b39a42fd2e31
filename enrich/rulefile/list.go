package rulefile

import (
	"fmt"
	"strings"

	"github.com/riskrelay/riskrelay/enrich/diag"
)

// Values are the items of the list as rules see it: those of the rule file or of the list's file, with the tuning
// applied.
func (l *List) Values() []string {
	values := l.declared()
	if len(l.Added)+len(l.Removed) == 0 {
		return values
	}
	removed := map[string]bool{}
	for _, item := range l.Removed {
		removed[l.fold(item.Value)] = true
	}
	var out []string
	for _, item := range append(values, shown(l.Added)...) {
		if !removed[l.fold(item)] {
			out = append(out, item)
		}
	}
	return out
}

// declared are the items without the tuning.
func (l *List) declared() []string { return append(shown(l.Items), l.FromFile...) }

// fold is what two items have in common that are the same to the list.
func (l *List) fold(item string) string {
	if l.CaseInsensitive {
		return strings.ToLower(item)
	}
	return item
}

// list reads a list, whose items stand here or in a file.
func (d *decoder) list(n *node) (l List) {
	given := 0
	d.fields(n, "a list", []field{
		{"name", required, func(n *node) { l.Name = d.text(n, snakeCase) }},
		{"doc", optional, func(n *node) { l.Doc = d.text(n, anything) }},
		{"case", optional, func(n *node) { l.CaseInsensitive = d.text(n, oneOf("sensitive", "insensitive")).Value == "insensitive" }},
		{"items", optional, func(n *node) { l.Items, given = d.items(n), given+1 }},
		{"file", optional, func(n *node) { l.File.Path, given = d.text(n, relativePath), given+1 }},
		{"column", optional, func(n *node) { l.File.Column = d.text(n, notBlank) }},
	})
	if n.kind == mapping && given != 1 {
		d.report(n, CodeMissing, "a list needs exactly one of `items` and `file`")
	}
	d.columnFits(l.File)
	return l
}

// items reads the items of a list; there may be none.
func (d *decoder) items(n *node) []diag.Text {
	if len(n.items) > MaxListItems {
		d.report(n, CodeLimit, fmt.Sprintf("the list has %d items, at most %d are allowed; keep it in a file of its own", len(n.items), MaxListItems))
		return nil
	}
	return d.texts(n, anything)
}

// macro reads a macro.
func (d *decoder) macro(n *node) (m Macro) {
	d.fields(n, "a macro", []field{
		{"name", required, func(n *node) { m.Name = d.text(n, snakeCase) }},
		{"doc", optional, func(n *node) { m.Doc = d.text(n, anything) }},
		{"params", optional, func(n *node) { m.Params = d.params(n) }},
		{"expr", required, func(n *node) { m.Expr = d.expression(n) }},
	})
	return m
}

// params reads names of parameters, or mappings of a name and a type.
func (d *decoder) params(n *node) (all []Param) {
	if !d.is(n, sequence) {
		return nil
	}
	for _, item := range n.items {
		var p Param
		if item.kind != mapping {
			p.Name = d.text(item, identifier)
		} else {
			d.fields(item, "a parameter", []field{
				{"name", required, func(n *node) { p.Name = d.text(n, identifier) }},
				{"type", required, func(n *node) { p.Type = d.text(n, notBlank) }},
			})
		}
		if p.Name.Present() {
			all = append(all, p)
		}
	}
	return all
}

// Source says for people where the items stand: FILE:LINE:COLUMN, or the list's own file and where that is named.
func (l *List) Source() string {
	switch {
	case l.File.Column.Present():
		return fmt.Sprintf("column %s of %s, named at %s", l.File.Column.Value, l.File.Path.Value, l.File.Path.Pos)
	case l.File.Path.Present():
		return fmt.Sprintf("%s, named at %s", l.File.Path.Value, l.File.Path.Pos)
	}
	return l.Name.Pos.String()
}
