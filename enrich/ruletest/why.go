package ruletest

import (
	"context"
	"fmt"
	"strings"

	"github.com/riskrelay/riskrelay/enrich"
)

// Why explains what the rule made of one row of a test that failed.
type Why struct {
	Row int `json:"row"` // counted from 1
	enrich.Explanation
}

// maxExplained is how many rows of a failed test are explained.
const maxExplained = 3

// explain asks the module for the reasons, when it can tell them. What it fails to tell is left out: the test has
// failed anyway.
func explain(ctx context.Context, m enrich.Module, c *testCase) (all []Why) {
	x, ok := m.(enrich.Explainer)
	if !ok {
		return nil
	}
	for i := range c.events[:min(maxExplained, len(c.events))] {
		if why, err := x.Explain(ctx, &c.events[i], c.result.Rule); err == nil {
			all = append(all, Why{i + 1, why})
		}
	}
	return all
}

func (t *Result) writeWhy(b *strings.Builder) {
	for i := range t.Why {
		w := &t.Why[i]
		if len(t.Why) > 1 {
			fmt.Fprintf(b, "      row %d: %s\n", w.Row, w.Outcome)
		}
		b.Write(w.AppendText(nil, "      "))
	}
}
