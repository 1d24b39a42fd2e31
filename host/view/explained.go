package view

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/riskrelay/riskrelay/enrich"
)

// Explained are the explanations of one event.
type Explained struct {
	EventID string               `json:"event_id"`
	Table   string               `json:"table"`
	Rules   []enrich.Explanation `json:"rules"` // matches first
}

// Sort puts matches first and what didn't run last; rules with one outcome stay in their order.
func (e *Explained) Sort() {
	slices.SortStableFunc(e.Rules, func(a, b enrich.Explanation) int { return cmp.Compare(rank(a), rank(b)) })
}

// ExplainedText are explanations for people.
func ExplainedText(all []Explained) string {
	var text []byte
	for _, one := range all {
		text = fmt.Appendf(text, "event %s of %s\n", one.EventID, one.Table)
		for i := range one.Rules {
			text = fmt.Appendf(text, "  %s: %s\n", one.Rules[i].Rule, verdictOf(&one.Rules[i]))
			text = one.Rules[i].AppendText(text, "    ")
		}
	}
	return string(text)
}

// verdictOf is the outcome, of a match with severity and score.
func verdictOf(x *enrich.Explanation) string {
	for _, tag := range x.Tags {
		if tag.Error == "" {
			return fmt.Sprintf("%s, severity %s, score %d", x.Outcome, tag.Severity, tag.Score)
		}
	}
	return x.Outcome
}

// rank is where an outcome stands among others.
func rank(x enrich.Explanation) int {
	return slices.Index([]string{
		enrich.OutcomeMatch, enrich.OutcomeSuppressed, enrich.OutcomeError, enrich.OutcomeNoMatch, enrich.OutcomeOff,
	}, x.Outcome)
}
