package ruletest

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
)

// GuideRow is what implements one row of a guide, or one note of a row, which stands behind a slash.
type GuideRow struct {
	Row    string   `json:"row"`
	Rules  []string `json:"rules"`         // ids, sorted
	Firing int      `json:"firing"`        // tests in which a rule matches; of a step, in which it changes a match
	Silent int      `json:"silent"`        // tests in which it doesn't
	Off    []string `json:"off,omitempty"` // why some of the rules don't run without a context
}

// Proved reports whether a test shows that the row is found, and another that it isn't found everywhere.
func (g *GuideRow) Proved() bool { return g.Firing > 0 && g.Silent > 0 }

// guideRows counts for each of the rows the rules that name it; rows that rules name besides follow. A rule that names a
// note belongs to the note's row, too.
func guideRows(rules []RuleCoverage, rows []string) (all []GuideRow) {
	at := map[string]int{}
	row := func(name string) *GuideRow {
		i, known := at[name]
		if !known {
			i, all = len(all), append(all, GuideRow{Row: name, Rules: []string{}})
			at[name] = i
		}
		return &all[i]
	}
	for _, name := range rows {
		row(name)
	}
	for _, r := range rules {
		for _, name := range named(r.Guide) {
			row(name).add(r.Rule, r.Firing, r.Silent, r.Off)
		}
		for _, step := range r.Conditions {
			for _, note := range step.Guide {
				row(note).add(r.Rule, step.True, step.False, r.Off)
			}
		}
	}
	return all
}

// named are the rows that a rule names, and the rows of the notes that it names, each once.
func named(guide []string) (rows []string) {
	for _, name := range guide {
		above, _, _ := strings.Cut(name, "/")
		for _, row := range []string{above, name} {
			if !slices.Contains(rows, row) {
				rows = append(rows, row)
			}
		}
	}
	return rows
}

func (g *GuideRow) add(rule string, firing, silent int, off string) {
	if i, known := slices.BinarySearch(g.Rules, rule); !known {
		g.Rules = slices.Insert(g.Rules, i, rule)
	}
	if off != "" && !slices.Contains(g.Off, off) {
		g.Off = append(g.Off, off)
	}
	g.Firing, g.Silent = g.Firing+firing, g.Silent+silent
}

// WriteGuide writes the rows of the guide for people: each with its rules, how many of their tests fire and stay silent,
// and what rules need of the context. What no test proves is marked.
func (c *Coverage) WriteGuide(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(t, "ROW OF THE GUIDE\tFIRING\tSILENT\tNEEDS\tRULES")
	for _, g := range c.Guide {
		name, rules := g.Row, strings.Join(g.Rules, ", ")
		if _, note, ok := strings.Cut(g.Row, "/"); ok {
			name = "  " + note
		}
		if !g.Proved() {
			rules = strings.TrimPrefix(rules+" (not proved by tests)", " ")
		}
		_, _ = fmt.Fprintf(t, "%s\t%d\t%d\t%s\t%s\n", name, g.Firing, g.Silent, strings.ReplaceAll(strings.Join(g.Off, ", "), "needs context ", ""), rules)
	}
	if err := t.Flush(); err != nil {
		return fmt.Errorf("write the rows of the guide: %w", err)
	}
	return nil
}

// Unproved are the rows and notes of the guide without a firing or without a silent test.
func (c *Coverage) Unproved() (rows []string) {
	for _, g := range c.Guide {
		if !g.Proved() {
			rows = append(rows, g.Row)
		}
	}
	return rows
}
