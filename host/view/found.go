package view

import (
	"encoding/json"
	"slices"
	"strconv"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/rules"
)

// envelope is what the report reads of a received event.
type envelope struct {
	Event struct {
		Risk enrich.Risk `json:"risk"`
	} `json:"event"`
}

// Found counts what a collector received: tagged events, and per row of the guide events and the highest severity.
type Found struct {
	Tagged int
	rows   map[string]int
	level  map[string]enrich.Severity
}

// NewFound returns counts of nothing yet.
func NewFound() *Found { return &Found{rows: map[string]int{}, level: map[string]enrich.Severity{}} }

// Add counts an event, as a HEC envelope in JSON. The error says that it is none.
func (f *Found) Add(line []byte) error {
	var e envelope
	if err := json.Unmarshal(line, &e); err != nil {
		return err
	}
	if e.Event.Risk.Tagged() {
		f.Tagged++
	}
	seen := map[string]bool{}
	for _, rule := range e.Event.Risk.Rules {
		for _, row := range rule.Guide {
			f.level[row] = max(f.level[row], rule.Severity)
			if !seen[row] {
				seen[row] = true
				f.rows[row]++
			}
		}
	}
	return nil
}

// Text is a table of the guide's rows for people. Off says of rows, by their names, why nothing can be found for them.
func (f *Found) Text(guide []rules.Row, off map[string]string) string {
	rows := [][]string{{"ROW OF THE GUIDE", "RISK", "EVENTS", "HIGHEST", "WHAT TO MONITOR"}}
	for _, r := range slices.DeleteFunc(slices.Clone(guide), rules.Row.Note) {
		level := f.level[r.Slug].String()
		if f.rows[r.Slug] == 0 {
			level = off[r.Slug]
		}
		rows = append(rows, []string{r.Slug, r.Risk, strconv.Itoa(f.rows[r.Slug]), level, r.Title})
	}
	return table(rows)
}
