package rules_test

import (
	"context"
	"slices"
	"testing"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/celrule"
	"github.com/riskrelay/riskrelay/enrich/ruletest"
)

// doubter is the CEL module, which explains each of its answers and compares.
type doubter struct {
	*celrule.Module
	t        *testing.T
	compared *int
}

// Tag tags, and holds that the traced conditions of each rule come to what the engine says.
func (d doubter) Tag(ctx context.Context, events []enrich.Event) ([][]enrich.Tag, error) {
	tags, err := d.Module.Tag(ctx, events)
	if err != nil {
		return nil, err
	}
	about, err := d.Describe(ctx)
	if err != nil {
		return nil, err
	}
	for i := range events {
		for _, r := range about.Rules {
			if r.Off != "" || !slices.Contains(r.Tables, events[i].Table) {
				continue
			}
			x, err := d.Explain(ctx, &events[i], r.ID)
			if err != nil {
				return nil, err
			}
			matches := slices.ContainsFunc(tags[i], func(t enrich.Tag) bool { return t.Rule == r.ID && t.Error == "" })
			if (x.Outcome == enrich.OutcomeMatch) != matches || (x.When.Result == enrich.ResultTrue) != matches {
				d.t.Errorf("%s on %s: match %t, explained as %s with when %s %s", r.ID, events[i].ID, matches, x.Outcome, x.When.Result, x.When.Error)
			}
			if x.When.Result == enrich.ResultFalse && !decided(x.When) {
				d.t.Errorf("%s on %s: nothing is marked as what decided", r.ID, events[i].ID)
			}
			*d.compared++
		}
	}
	return tags, nil
}

func decided(c *enrich.Condition) bool {
	return c.Decides || slices.ContainsFunc(c.Parts, func(p enrich.Condition) bool { return decided(&p) })
}

// TestExplanationsAgree explains the rules on the rows of their tests, each in its test's context, and then every rule on
// every row in one context with all that rules ask for.
func TestExplanationsAgree(t *testing.T) {
	compared, shared := 0, celrule.New()
	_, err := ruletest.Run(t.Context(), ruletest.Options{
		Files: files(t), New: func() enrich.Module { return doubter{shared.Fresh(), t, &compared} },
	})
	if err != nil {
		t.Fatal(err)
	}
	if compared < 1000 {
		t.Errorf("only %d explanations were compared in the tests' contexts", compared)
	}
	compared = 0
	var events []enrich.Event
	for _, p := range packs(t) {
		for _, r := range p.Rules {
			for _, c := range r.Tests {
				for _, row := range c.Events {
					events = append(events, event(t, row.JSON))
				}
			}
		}
	}
	if _, err := (doubter{withContext(t, everything), t, &compared}).Tag(t.Context(), events); err != nil {
		t.Fatal(err)
	}
	if compared < 3000 {
		t.Errorf("only %d explanations were compared in one context", compared)
	}
}
