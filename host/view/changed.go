package view

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/diag"
)

// ChangedEvent is an event that two sets tag differently.
type ChangedEvent struct {
	EventID string       `json:"event_id"`
	Table   string       `json:"table"`
	Time    time.Time    `json:"time"`
	Changes []RuleChange `json:"changes"`
}

// RuleChange is how one rule's answer changed; a side that is empty had none.
type RuleChange struct {
	Rule string `json:"rule"`
	Old  string `json:"old,omitempty"`
	New  string `json:"new,omitempty"`
}

// Changed are the events whose tags differ, in their order; before and after are the tags of each event.
func Changed(events []enrich.Event, before, after [][]enrich.Tag) []ChangedEvent {
	changed := []ChangedEvent{}
	for i := range events {
		if changes := compare(before[i], after[i]); len(changes) > 0 {
			changed = append(changed, ChangedEvent{events[i].ID, events[i].Table, events[i].Time, changes})
		}
	}
	return changed
}

// compare lists the rules whose answers differ, in the order of their ids.
func compare(before, after []enrich.Tag) (changes []RuleChange) {
	answers := map[string]*RuleChange{}
	var ids []string
	add := func(tags []enrich.Tag, side func(*RuleChange) *string) {
		for i := range tags {
			id := tags[i].Rule
			if answers[id] == nil {
				answers[id] = &RuleChange{Rule: id}
				ids = append(ids, id)
			}
			text := side(answers[id])
			*text = strings.TrimPrefix(*text+"; "+answer(&tags[i]), "; ")
		}
	}
	add(before, func(c *RuleChange) *string { return &c.Old })
	add(after, func(c *RuleChange) *string { return &c.New })
	slices.Sort(ids)
	for _, id := range ids {
		if c := answers[id]; c.Old != c.New {
			changes = append(changes, *c)
		}
	}
	return changes
}

// answer is a tag in a few words.
func answer(t *enrich.Tag) string {
	switch {
	case t.Error != "":
		return "error: " + t.Error
	case t.Suppressed != "":
		return "suppressed: " + t.Suppressed
	}
	return fmt.Sprintf("%s %d", t.Severity, t.Score)
}

// ChangedText are the events, of all that were compared, for people.
func ChangedText(changed []ChangedEvent, all int) string {
	var b strings.Builder
	for _, e := range changed {
		fmt.Fprintf(&b, "event %s of %s, %s\n", e.EventID, e.Table, e.Time.UTC().Format(time.RFC3339))
		for _, c := range e.Changes {
			switch {
			case c.Old == "":
				fmt.Fprintf(&b, "  + %s: %s\n", c.Rule, c.New)
			case c.New == "":
				fmt.Fprintf(&b, "  - %s: %s\n", c.Rule, c.Old)
			default:
				fmt.Fprintf(&b, "  ~ %s: %s -> %s\n", c.Rule, c.Old, c.New)
			}
		}
	}
	if len(changed) > 0 {
		b.WriteString("\n" + table(totals(changed)) + "\n")
	}
	fmt.Fprintf(&b, "%s of %d changed\n", diag.Count(len(changed), "event"), all)
	return b.String()
}

// totals counts for each rule the events that only one of the sets tags, or both tag differently.
func totals(changed []ChangedEvent) [][]string {
	type total struct{ more, less, other int }
	counts := map[string]*total{}
	for _, e := range changed {
		for _, c := range e.Changes {
			if counts[c.Rule] == nil {
				counts[c.Rule] = &total{}
			}
			switch n := counts[c.Rule]; {
			case c.Old == "":
				n.more++
			case c.New == "":
				n.less++
			default:
				n.other++
			}
		}
	}
	rows := [][]string{{"RULE", "ONLY NEW", "ONLY OLD", "DIFFERENT"}}
	for _, id := range slices.Sorted(maps.Keys(counts)) {
		n := counts[id]
		rows = append(rows, []string{id, strconv.Itoa(n.more), strconv.Itoa(n.less), strconv.Itoa(n.other)})
	}
	return rows
}
