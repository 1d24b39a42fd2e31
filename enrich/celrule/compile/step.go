package compile

import (
	"fmt"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/rulefile"
)

// Step is an adjust step.
type Step struct {
	Number   int // in the rule file, counted from 1
	When     *Expression
	severity enrich.Severity // 0 leaves it
	score    rulefile.Score
	hasScore bool
	Reason   string
	needs    []string // parts of the context without which the step is passed over
}

// Apply makes the step's changes. A step that changes only the severity takes the score along, by as much as the two
// severities' usual scores are apart.
func (s *Step) Apply(tag *enrich.Tag) {
	if s.severity != 0 {
		if !s.hasScore {
			tag.Score += defaultScore(s.severity) - defaultScore(tag.Severity)
		}
		tag.Severity = s.severity
	}
	switch {
	case s.hasScore && s.score.Relative:
		tag.Score += s.score.Points
	case s.hasScore:
		tag.Score = s.score.Points
	}
	tag.Score = max(0, min(100, tag.Score))
	tag.Reasons = append(tag.Reasons, s.Reason)
}

// defaultScore is the score of a rule that names none.
func defaultScore(s enrich.Severity) int {
	return map[enrich.Severity]int{enrich.Info: 5, enrich.Low: 20, enrich.Medium: 40, enrich.High: 70, enrich.Critical: 90}[s]
}

// AdjustKey is how people are told of an adjust step, by its number, counted from 1.
func AdjustKey(number int) string { return fmt.Sprintf("adjust %d", number) }

// ExceptionKey is how people are told of the exception with the name.
func ExceptionKey(name string) string { return "exception " + name }
