package view

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/riskrelay/riskrelay/enrich"
)

// FoundEvent is a tagged event that a collector received.
type FoundEvent struct {
	Time  time.Time
	Table string
	Risk  enrich.Risk
	Row   enrich.Row
}

// worst is the first of the rules that matched: they stand the worst first.
func (e *FoundEvent) worst() enrich.Match { return e.Risk.Rules[0] }

// Worst are the n events with the highest score, the more severe first among equals, then in the order in which they happened. No
// two say the same.
func (f *Found) Worst(n int) (worst []FoundEvent) {
	all := slices.Clone(f.Events)
	slices.SortStableFunc(all, func(a, b FoundEvent) int {
		return cmp.Or(cmp.Compare(b.Risk.Score, a.Risk.Score), cmp.Compare(b.Risk.Level, a.Risk.Level), a.Time.Compare(b.Time))
	})
	said := map[string]bool{}
	for _, e := range all {
		if message := e.worst().Message; len(worst) < n && !said[message] {
			said[message] = true
			worst = append(worst, e)
		}
	}
	return worst
}

// TimelineText are events in the order in which they happened, one a line: when, how grave, what that is called, and the worst rule's
// message.
func TimelineText(events []FoundEvent, called func(*FoundEvent) string) string {
	inOrder := slices.Clone(events)
	slices.SortStableFunc(inOrder, func(a, b FoundEvent) int { return a.Time.Compare(b.Time) })
	var b strings.Builder
	for _, e := range inOrder {
		line := fmt.Sprintf("%s  %-8s  %s: %s", e.Time.UTC().Format("15:04"), e.Risk.Level, called(&e), enrich.Visible(e.worst().Message))
		b.WriteString(shortEnd(line, demoWidth) + "\n")
	}
	return b.String()
}

// WorstText are events with all that was said of them.
func WorstText(events []FoundEvent) string {
	var b strings.Builder
	for _, e := range events {
		fmt.Fprintf(&b, "score %d, %s: %s at %s UTC\n", e.Risk.Score, e.Risk.Level, e.Table, e.Time.UTC().Format("15:04:05"))
		for _, rule := range e.Risk.Rules {
			text := rule.ID
			if len(rule.Mitre) > 0 {
				text += " (" + strings.Join(rule.Mitre, ", ") + ")"
			}
			b.WriteString(wrap("  ", "    ", text+": "+enrich.Visible(rule.Message), demoWidth))
		}
	}
	return b.String()
}
