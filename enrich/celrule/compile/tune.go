package compile

import (
	"github.com/riskrelay/riskrelay/enrich"
)

// tune makes the changes of the tuning files to the score, and returns the severity with theirs. A severity alone takes
// the score along, as a step of adjust does.
func (r *Rule) tune(declared enrich.Severity) enrich.Severity {
	t := r.Declared.Tuned
	severity := declared
	if t.Severity.Present() {
		severity, _ = enrich.ParseSeverity(t.Severity.Value) // the tuning file was checked
		r.Score = max(0, min(100, r.Score+defaultScore(severity)-defaultScore(declared)))
	}
	if t.Score.Present() {
		r.Score = t.Score.Points
	}
	return severity
}

// Tuned are the parts of the rule that tuning files say something about.
func (r *Rule) Tuned() (parts []string) {
	t := r.Declared.Tuned
	for _, part := range []struct {
		name string
		set  bool
	}{
		{"severity", t.Severity.Present()},
		{"score", t.Score.Present()},
		{"enabled", t.Enabled.Present()},
		{"exceptions", len(t.Exceptions) > 0},
	} {
		if part.set {
			parts = append(parts, part.name)
		}
	}
	return parts
}

// switched says why the rule is off whatever the context holds, "" when it isn't.
func (r *Rule) switched() string {
	d := r.Declared
	switch {
	case d.Tuned.Enabled.Value == "false":
		return "disabled by the tuning " + d.Tuned.By
	case d.Tuned.Enabled.Value == "true", d.Status.Value != "deprecated":
		return ""
	case d.ReplacedBy.Present():
		return "deprecated, use " + d.ReplacedBy.Value
	}
	return "deprecated"
}
