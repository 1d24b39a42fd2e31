package view

import (
	"encoding/json"
	"strconv"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/rules"
)

// envelope is what the report reads of a received event.
type envelope struct {
	Event json.RawMessage `json:"event"`
}

// Found is what a collector received: tagged events, and per row of the guide how many and the highest severity.
type Found struct {
	Events []FoundEvent // those that are tagged, as they came
	rows   map[string]int
	level  map[string]enrich.Severity
	parser *enrich.ObjectParser
}

// NewFound returns counts of nothing yet.
func NewFound() *Found {
	return &Found{rows: map[string]int{}, level: map[string]enrich.Severity{}, parser: enrich.NewObjectParser(nil)}
}

// Add counts an event, as a HEC envelope in JSON. The error says that it is none.
func (f *Found) Add(line []byte) error {
	var e envelope
	if err := json.Unmarshal(line, &e); err != nil {
		return err
	}
	var said struct {
		Risk enrich.Risk `json:"risk"`
	}
	if err := json.Unmarshal(e.Event, &said); err != nil {
		return err
	}
	if !said.Risk.Tagged() {
		return nil
	}
	table, _, row, err := f.parser.ParseOwn(e.Event)
	if err != nil {
		return err
	}
	at, _ := enrich.HappenedAt(&row)
	f.Events = append(f.Events, FoundEvent{Time: at, Table: table, Risk: said.Risk, Row: row})
	f.count(said.Risk.Rules)
	return nil
}

// count counts an event for each row of the guide that its matches belong to.
func (f *Found) count(matches []enrich.Match) {
	seen := map[string]bool{}
	for _, rule := range matches {
		for _, row := range rule.Guide {
			f.level[row] = max(f.level[row], rule.Severity)
			if !seen[row] {
				seen[row] = true
				f.rows[row]++
			}
		}
	}
}

// FoundRow is what was found for a row of the guide.
type FoundRow struct {
	Row     string `json:"row"` // how rules name it
	Title   string `json:"title"`
	Risk    string `json:"risk"` // in the words of the guide
	Events  int    `json:"events"`
	Highest string `json:"highest,omitempty"` // severity of the row's rules that matched
	Off     string `json:"off,omitempty"`     // why nothing can be found
}

// Rows are the rows of the guide, without the notes beside them. Off says of rows, by their names, why nothing can be found for them.
func (f *Found) Rows(guide []rules.Row, off map[string]string) (rows []FoundRow) {
	for _, r := range guide {
		if r.Note() {
			continue
		}
		one := FoundRow{Row: r.Slug, Title: r.Title, Risk: r.Risk, Events: f.rows[r.Slug]}
		if one.Events > 0 {
			one.Highest = f.level[r.Slug].String()
		} else {
			one.Off = off[r.Slug]
		}
		rows = append(rows, one)
	}
	return rows
}

// widest is what the table's columns before the last one take.
const widest = 52

// FoundText is a table for people.
func FoundText(found []FoundRow) string {
	rows := [][]string{{"ROW OF THE GUIDE", "RISK", "EVENTS", "HIGHEST"}}
	for _, r := range found {
		rows = append(rows, []string{r.Row, r.Risk, strconv.Itoa(r.Events), shortEnd(r.Highest+r.Off, demoWidth-widest)})
	}
	return table(rows)
}
