package rulefile

import (
	"fmt"
	"slices"

	"github.com/riskrelay/riskrelay/enrich"
)

// rule reads one rule.
func (d *decoder) rule(n *node) Rule {
	r := Rule{Pos: n.text.Pos, Path: d.path}
	d.fields(n, "a rule", []field{
		{"id", required, func(n *node) { r.ID = d.text(n, dottedID) }},
		{"title", required, func(n *node) { r.Title = d.text(n, notBlank) }},
		{"description", optional, func(n *node) { r.Description = d.text(n, anything) }},
		{"status", optional, func(n *node) { r.Status = d.text(n, oneOf("stable", "test", "experimental", "deprecated")) }},
		{"replaced_by", optional, func(n *node) { r.ReplacedBy = d.text(n, dottedID) }},
		{"tables", required, func(n *node) { r.Tables = d.distinct(n, identifier, atLeastOne) }},
		{"guide", optional, func(n *node) { r.Guide = d.distinct(n, slug, mayBeEmpty) }},
		{"let", optional, func(n *node) { r.Let = d.lets(n) }},
		{"when", required, func(n *node) { r.When = d.expression(n) }},
		{"severity", required, func(n *node) { r.Severity = d.text(n, severity) }},
		{"score", optional, func(n *node) { r.Score = d.score(n, false) }},
		{"adjust", optional, func(n *node) { r.Adjust = each(d, n, "adjust", "step", "reason", d.adjust) }},
		{"first_seen", optional, func(n *node) { r.FirstSeen = d.firstSeen(n) }},
		{"exceptions", optional, func(n *node) { r.Exceptions = each(d, n, "exceptions", "slot", "name", d.openedException) }},
		{"needs", optional, func(n *node) { r.Needs = d.distinct(n, contextPart, mayBeEmpty) }},
		{"on_error", optional, d.onError},
		{"message", optional, func(n *node) { r.Message = d.text(n, notBlank) }},
		{"objects", optional, func(n *node) { r.Objects = each(d, n, "objects", "object", "type", d.object) }},
		{"mitre", optional, func(n *node) { r.Mitre = d.distinct(n, attackID, mayBeEmpty) }},
		{"falsepositives", optional, func(n *node) { r.FalsePositives = d.texts(n, notBlank) }},
		{"runbook", optional, func(n *node) { r.Runbook = d.text(n, anything) }},
		{"references", optional, func(n *node) { r.References = d.texts(n, webURL) }},
		{"tests", optional, func(n *node) { r.Tests = each(d, n, "tests", "test", "name", d.test) }},
	})
	if r.ReplacedBy.Present() && r.Status.Value != "deprecated" {
		d.problems = append(d.problems, r.ReplacedBy.Problem(CodeValue, 0, 0, "only a rule with the status `deprecated` is replaced by another"))
	}
	d.exceptionNames(r.Exceptions)
	d.testNames(r.Tests)
	return r
}

// lets reads the names and expressions of let in their order.
func (d *decoder) lets(n *node) (lets []Let) {
	if !d.is(n, mapping) {
		return nil
	}
	seen := map[string]bool{}
	for _, p := range n.pairs {
		d.at(p.key.Value, func() {
			name := d.checked(p.key, identifier)
			if seen[name.Value] {
				d.report(&node{text: name}, CodeRepeated, fmt.Sprintf("`%s` is given twice", name.Value))
				return
			}
			seen[name.Value] = true
			lets = append(lets, Let{Name: name, Expr: d.expression(p.value)})
		})
	}
	return lets
}

func (d *decoder) adjust(n *node) (a Adjust) {
	d.fields(n, "an adjust step", []field{
		{"if", required, func(n *node) { a.If = d.expression(n) }},
		{"severity", optional, func(n *node) { a.Severity = d.text(n, severity) }},
		{"score", optional, func(n *node) { a.Score = d.score(n, true) }},
		{"reason", required, func(n *node) { a.Reason = d.text(n, notBlank) }},
		{"guide", optional, func(n *node) { a.Guide = d.distinct(n, slug, mayBeEmpty) }},
	})
	return a
}

// object reads a risk object, whose value is an expression.
func (d *decoder) object(n *node) (o Object) {
	d.fields(n, "an object", []field{
		{"type", required, func(n *node) { o.Type = d.text(n, snakeCase) }},
		{"value", required, func(n *node) { o.Value = d.expression(n) }},
	})
	return o
}

func severity(value string) string {
	if slices.Contains(enrich.SeverityNames(), value) {
		return ""
	}
	return oneOf(enrich.SeverityNames()...)(value)
}
