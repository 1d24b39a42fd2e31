package rulefile

import (
	"errors"
	"fmt"
	"time"

	"github.com/riskrelay/riskrelay/enrich/diag"
)

// test reads one test of a rule.
func (d *decoder) test(n *node) (t Test) {
	given := 0
	d.fields(n, "a test", []field{
		{"name", required, func(n *node) { t.Name = d.text(n, notBlank) }},
		{"at", optional, func(n *node) { t.At = d.time(n) }},
		{"context", optional, func(n *node) { t.Context, t.Pins = d.document(n), d.pins(n) }},
		{"event", optional, func(n *node) { t.Events, given = []Document{d.document(n)}, given+1 }},
		{"events", optional, func(n *node) { t.Events, given = d.documents(n), given+1 }},
		{"file", optional, func(n *node) { t.File, given = d.text(n, relativePath), given+1 }},
		{"want", required, func(n *node) { t.Want = d.want(n) }},
	})
	if n.kind == mapping && given != 1 {
		d.report(n, CodeMissing, "a test needs exactly one of `event`, `events` and `file`")
	}
	return t
}

// pins are the names in the parts lists and seen of a context.
func (d *decoder) pins(context *node) (all []Pin) {
	for _, part := range []string{"lists", "seen"} {
		named := context.child(part)
		if named == nil {
			continue
		}
		for _, p := range named.pairs {
			p.key.Path = d.path
			all = append(all, Pin{part, p.key})
		}
	}
	return all
}

// testNames reports tests of one rule with the same name: nobody could tell which of them failed.
func (d *decoder) testNames(tests []Test) {
	seen := map[string]bool{}
	for _, t := range tests {
		if seen[t.Name.Value] && t.Name.Present() {
			d.problems = append(d.problems, t.Name.Problem(CodeRepeated, 0, 0, fmt.Sprintf("the test `%s` is given twice", t.Name.Value)))
		}
		seen[t.Name.Value] = true
	}
}

func (d *decoder) time(n *node) time.Time {
	t := d.text(n, anything)
	if !t.Present() {
		return time.Time{}
	}
	at, err := time.Parse(time.RFC3339Nano, t.Value)
	if err != nil {
		d.problems = append(d.problems, t.Problem(CodeValue, 0, 0, "want a time such as 2026-03-02T22:10:00Z (RFC 3339)"))
	}
	return at
}

func (d *decoder) documents(n *node) (all []Document) {
	if !d.is(n, sequence) {
		return nil
	}
	for _, item := range n.items {
		all = append(all, d.document(item))
	}
	return all
}

// document reads a mapping without looking into it.
func (d *decoder) document(n *node) Document {
	doc := Document{Pos: n.text.Pos}
	if !d.is(n, mapping) {
		return doc
	}
	d.noRepeats(n)
	for _, p := range n.pairs {
		p.key.Path = d.path
		doc.Keys = append(doc.Keys, p.key)
	}
	var bad *numberError
	var err error
	if doc.JSON, err = n.appendJSON(nil); errors.As(err, &bad) {
		d.problems = append(d.problems, bad.at.Problem(CodeType, 0, 0, bad.Error()))
	}
	return doc
}

// noRepeats reports keys that stand twice in one mapping, at any depth.
func (d *decoder) noRepeats(n *node) {
	seen := map[string]bool{}
	for _, p := range n.pairs {
		if seen[p.key.Value] {
			p.key.Path = d.path
			d.twice(p.key)
		}
		seen[p.key.Value] = true
		d.noRepeats(p.value)
	}
	for _, item := range n.items {
		d.noRepeats(item)
	}
}

func (d *decoder) want(n *node) Want {
	w := Want{Pos: n.text.Pos}
	if n.kind == text && n.text.Value == "none" {
		w.None = true
		return w
	}
	if n.kind != mapping && n.kind != refused {
		d.report(n, CodeType, "want `none` or a mapping with severity, score, reasons, message, objects")
		return w
	}
	d.fields(n, "what a test wants", []field{
		{"severity", optional, func(n *node) { w.Severity = d.text(n, severity) }},
		{"score", optional, func(n *node) { w.Score = d.score(n, false) }},
		{"reasons", optional, func(n *node) { w.Reasons = append([]diag.Text{}, d.texts(n, anything)...) }},
		{"message", optional, func(n *node) { w.Message = d.text(n, anything) }},
		{"objects", optional, func(n *node) {
			w.Objects = append([]Object{}, each(d, n, "objects", "object", "type", d.wantedObject)...)
		}},
	})
	return w
}

func (d *decoder) wantedObject(n *node) (o Object) {
	d.fields(n, "an object", []field{
		{"type", required, func(n *node) { o.Type = d.text(n, snakeCase) }},
		{"value", required, func(n *node) { o.Value = d.text(n, anything) }},
	})
	return o
}
