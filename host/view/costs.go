package view

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/riskrelay/riskrelay/enrich/celrule"
)

// RuleCost is what one rule costs.
type RuleCost struct {
	Rule     string   `json:"rule"`
	PerNano  float64  `json:"ns_per_event"`
	Share    float64  `json:"share"`  // of the time that all rules take, each alone, for all events; 0-1
	Events   int      `json:"events"` // of its tables
	Matches  int      `json:"matches"`
	Errors   int      `json:"errors"`
	Over     uint64   `json:"over_limit"`          // events on which the rule was stopped, as it took too long
	Off      bool     `json:"would_be_off"`        // so many in a row that it would be switched off for a while
	Unpicked []string `json:"no_key_in,omitempty"` // tables in which it is evaluated for every event
}

// Share fills in the shares.
func Share(costs []RuleCost) {
	sum := 0.0
	for _, c := range costs {
		sum += c.PerNano * float64(c.Events)
	}
	for i := range costs {
		if sum > 0 {
			costs[i].Share = costs[i].PerNano * float64(costs[i].Events) / sum
		}
	}
}

// CostsText is a table for people, and below it the rules that take too long and those without a key. The first of costs is
// the whole set.
func CostsText(costs []RuleCost) string {
	limit := float64(celrule.RunLimit) / float64(time.Millisecond)
	rows := [][]string{{"RULE", "NS/EVENT", "SHARE", "EVENTS", "MATCHES", "ERRORS", fmt.Sprintf("OVER %g MS", limit), "KEY"}}
	for i, c := range costs {
		share, picked := fmt.Sprintf("%.1f%%", 100*c.Share), "yes"
		if len(c.Unpicked) > 0 {
			picked = "no"
		}
		if i == 0 {
			share, picked = "-", "-"
		}
		rows = append(rows, []string{
			c.Rule, fmt.Sprintf("%.0f", c.PerNano), share, strconv.Itoa(c.Events), strconv.Itoa(c.Matches), strconv.Itoa(c.Errors),
			strconv.FormatUint(c.Over, 10), picked,
		})
	}
	return table(rows) + costWarnings(costs[min(1, len(costs)):], limit)
}

// costWarnings are lines about rules that cost more than they should.
func costWarnings(costs []RuleCost, limit float64) string {
	var b strings.Builder
	for _, c := range costs {
		switch {
		case c.Off:
			fmt.Fprintf(&b, "%s would be switched off: over %g ms on %d of %d events\n", c.Rule, limit, c.Over, c.Events)
		case c.Over > 0:
			fmt.Fprintf(&b, "%s is stopped: over %g ms on %d of %d events\n", c.Rule, limit, c.Over, c.Events)
		}
	}
	for _, c := range costs {
		if len(c.Unpicked) > 0 {
			fmt.Fprintf(&b, "%s has no key: it is evaluated for every event of %s\n", c.Rule, strings.Join(c.Unpicked, ", "))
		}
	}
	return b.String()
}
