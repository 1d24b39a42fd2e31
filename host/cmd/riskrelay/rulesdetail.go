package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/riskrelay/riskrelay/enrich/celrule"
	"github.com/riskrelay/riskrelay/enrich/rulefile"
)

// detail is what explain says of a rule as JSON.
type detail struct {
	celrule.Detail
	File        string   `json:"file"`
	Description string   `json:"description,omitempty"`
	When        string   `json:"when"`
	Tests       []string `json:"tests"`
}

func explainRule(ctx context.Context, w io.Writer, m *celrule.Module, id, format string) error {
	d, err := m.Detail(ctx, id)
	if err != nil {
		return exit(exitConfig, err)
	}
	if format == "json" {
		out := detail{Detail: d, File: d.Declared.ID.Pos.String(), Description: d.Declared.Description.Value, When: d.Declared.When.Value, Tests: []string{}}
		for _, t := range d.Declared.Tests {
			out.Tests = append(out.Tests, t.Name.Value)
		}
		return writeJSON(w, out)
	}
	var b strings.Builder
	b.WriteString(d.ID + ": " + d.Title + "\n")
	if d.Declared.Description.Present() {
		b.WriteString(indented(d.Declared.Description.Value) + "\n")
	}
	line := func(key, value string) {
		if value != "" {
			fmt.Fprintf(&b, "%-10s %s\n", key, value)
		}
	}
	line("severity", fmt.Sprintf("%s, score %d", d.Severity, d.Score))
	line("tables", strings.Join(d.Tables, ", "))
	line("pack", d.Pack+", revision "+d.Revision)
	line("file", d.Declared.ID.Pos.String())
	line("guide", strings.Join(d.Guide, ", "))
	line("mitre", strings.Join(d.Mitre, ", "))
	line("state", state(d))
	line("needs", strings.Join(d.Needs, ", "))
	line("better by", strings.Join(d.Optional, ", "))
	writeLogic(&b, d.Declared)
	writeState(&b, d.Declared)
	writeTuning(&b, d.Declared)
	writeUsed(&b, d)
	for _, t := range d.Running {
		line("in", fmt.Sprintf("%s: cost at most %d%s, %s", t.Table, t.Cost, watched(t), key(t)))
	}
	writeTests(&b, d.Declared.Tests)
	_, err = io.WriteString(w, b.String())
	return exit(exitRuntime, err)
}

func state(d celrule.Detail) string {
	if d.Off != "" {
		return "off: " + d.Off
	}
	return "on"
}

func watched(t celrule.InTable) string {
	if t.Watched {
		return " (stopped when it takes too long)"
	}
	return ""
}

func key(t celrule.InTable) string {
	if t.Key == "" {
		return "evaluated for every event of the table"
	}
	return "evaluated when " + t.Key
}

// writeLogic writes the expressions as the rule file has them.
func writeLogic(b *strings.Builder, r *rulefile.Rule) {
	for _, let := range r.Let {
		fmt.Fprintf(b, "let %s:\n%s\n", let.Name.Value, indented(let.Expr.Value))
	}
	fmt.Fprintf(b, "when:\n%s\n", indented(r.When.Value))
	for i, a := range r.Adjust {
		var change []string
		if a.Severity.Present() {
			change = append(change, "severity "+a.Severity.Value)
		}
		if a.Score.Present() {
			change = append(change, "score "+a.Score.Value)
		}
		fmt.Fprintf(b, "adjust %d: %s (%s), if:\n%s\n", i+1, strings.Join(change, ", "), a.Reason.Value, indented(a.If.Value))
	}
}

// writeState writes what the rule remembers and lets be excepted.
func writeState(b *strings.Builder, r *rulefile.Rule) {
	if f := r.FirstSeen; f != nil {
		fmt.Fprintf(b, "first seen within %s, else severity %s, score %s, by:\n", f.Window, cmp.Or(f.Severity.Value, "unchanged"), cmp.Or(f.Score.Value, "unchanged"))
		for _, key := range f.Key {
			fmt.Fprintln(b, indented(key.Value))
		}
	}
	for _, slot := range r.Exceptions {
		fmt.Fprintf(b, "exception slot %s, %d from the author, by:\n", slot.Name.Value, len(slot.Values))
		for _, field := range slot.Fields {
			fmt.Fprintln(b, indented(field.Value))
		}
	}
}

// writeTuning writes what tuning files change.
func writeTuning(b *strings.Builder, r *rulefile.Rule) {
	for _, set := range []struct{ key, value string }{
		{"severity", r.Tuned.Severity.Value}, {"score", r.Tuned.Score.Value}, {"enabled", r.Tuned.Enabled.Value},
	} {
		if set.value != "" {
			fmt.Fprintf(b, "tuned: %s %s\n", set.key, set.value)
		}
	}
	for _, e := range r.Tuned.Exceptions {
		var values []string
		for _, fits := range e.Values {
			var texts []string
			for _, t := range fits {
				texts = append(texts, t.Value)
			}
			values = append(values, strings.Join(texts, " or "))
		}
		until := "for ever"
		if !e.Expires.IsZero() {
			until = "until " + e.Expires.UTC().Format("2006-01-02 15:04 UTC")
		}
		fmt.Fprintf(b, "tuned by %s: exception %s (%s) %s: %s\n", e.Tuning, e.Slot.Value, strings.Join(values, ", "), until, e.Reason.Value)
	}
}

func writeUsed(b *strings.Builder, d celrule.Detail) {
	for _, l := range d.Lists {
		more := ""
		if l.Size > len(l.First) {
			more = ", ..."
		}
		fmt.Fprintf(b, "list %s: %d items: %s%s\n", l.Name, l.Size, strings.Join(l.First, ", "), more)
	}
	for _, m := range d.Macros {
		fmt.Fprintf(b, "macro %s(%s):\n%s\n", m.Name, strings.Join(m.Params, ", "), indented(m.Expr))
	}
}

func writeTests(b *strings.Builder, tests []rulefile.Test) {
	for _, t := range tests {
		want := "matches"
		if t.Want.None {
			want = "silent"
		}
		fmt.Fprintf(b, "test %s: %s\n", want, t.Name.Value)
	}
}
