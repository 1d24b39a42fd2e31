package rulefile

import (
	"fmt"
	"slices"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/diag"
)

// lowering reports exceptions that shall lower a match to a severity that no match is above. It looks when all tunings
// were applied, as one of them may have changed the severity.
func (t *tuner) lowering(p *Pack) {
	if p == nil {
		return
	}
	for i := range p.Rules {
		r := &p.Rules[i]
		if r.Tuned.Severity.Present() && rank(r.Tuned.Severity) < 0 {
			continue // no severity, which is a problem of its own
		}
		highest := r.highest()
		for _, e := range r.Tuned.Exceptions {
			to := rank(e.Lower)
			if !e.Lower.Present() || to < 0 || rank(highest) < 0 || to < rank(highest) {
				continue
			}
			message := fmt.Sprintf("the exception doesn't lower to `%s`: a match of `%s` is at most `%s`", e.Lower.Value, r.ID.Value, highest.Value)
			suggestion := "use `suppress`"
			if below := rank(highest) - 1; below >= 0 {
				suggestion += fmt.Sprintf(", or a severity up to `%s`", enrich.SeverityNames()[below])
			}
			t.report(e.Lower, CodeValue, message, suggestion)
		}
	}
}

// highest is the highest severity that a match of the rule can have, with the tuning applied.
func (r *Rule) highest() diag.Text {
	highest := r.Severity
	if r.Tuned.Severity.Present() {
		highest = r.Tuned.Severity
	}
	others := make([]diag.Text, 0, len(r.Adjust)+1)
	for _, a := range r.Adjust {
		others = append(others, a.Severity)
	}
	if r.FirstSeen != nil {
		others = append(others, r.FirstSeen.Severity)
	}
	for _, other := range others {
		if rank(other) > rank(highest) {
			highest = other
		}
	}
	return highest
}

// rank is the place of a severity among all, -1 for none.
func rank(severity diag.Text) int { return slices.Index(enrich.SeverityNames(), severity.Value) }
