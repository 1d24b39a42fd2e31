// Package checkup finds out why something can't be reached, step by step, and says what to do about it. Sources and sinks
// build their checks from it.
package checkup

import "fmt"

// The levels of a step.
const (
	OK      = "ok"
	Warning = "warning" // works, but somebody should look at it
	Problem = "problem" // doesn't work
)

// Step is one thing that was looked at.
type Step struct {
	Name  string `json:"step"` // such as dns, tcp, tls, token
	Level string `json:"level"`
	Says  string `json:"says"`          // what was found
	Fix   string `json:"fix,omitempty"` // what to do about it
}

// Report is a check of one source or sink, in the order in which the steps were taken. The steps behind a problem that makes
// them pointless are left out.
type Report struct {
	Of    string `json:"of"` // such as "sink splunk"
	Steps []Step `json:"steps"`
}

// OK notes that a step went well.
func (r *Report) OK(name, format string, args ...any) {
	r.Steps = append(r.Steps, Step{Name: name, Level: OK, Says: fmt.Sprintf(format, args...)})
}

// Warn notes that a step went well but for something.
func (r *Report) Warn(name, fix, format string, args ...any) {
	r.Steps = append(r.Steps, Step{Name: name, Level: Warning, Says: fmt.Sprintf(format, args...), Fix: fix})
}

// Problem notes that a step failed, and what to do about it.
func (r *Report) Problem(name, fix, format string, args ...any) {
	r.Steps = append(r.Steps, Step{Name: name, Level: Problem, Says: fmt.Sprintf(format, args...), Fix: fix})
}

// Failed reports whether a step is a problem.
func (r *Report) Failed() bool {
	for _, s := range r.Steps {
		if s.Level == Problem {
			return true
		}
	}
	return false
}
