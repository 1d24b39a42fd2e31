package loganalytics

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/riskrelay/riskrelay/host/pipeline"
)

// TestAcceptedFiltersStayConditions has Microsoft's parser read the whole query: whatever Check accepts is one more "where", or
// something that the service refuses. The same parser shows that many of what it refuses would have been more, unnoticed.
func TestAcceptedFiltersStayConditions(t *testing.T) {
	good := goodFilters()
	filters := slices.Clone(good)
	for marked := range badFilters() {
		filters = append(filters, Filter(strings.ReplaceAll(marked, "§", "")))
	}
	filters = append(filters, mixedFilters(5000)...)

	table := Table{Name: "AuditLogs"}
	w := testWindow(time.Hour)
	var queries []string
	for _, table.Filter = range filters {
		queries = append(queries, table.rowsQuery(w))
	}
	accepted, unnoticed := 0, 0
	for i, got := range shapes(t, queries) {
		table.Filter = filters[i]
		ours := slices.Equal(got.Operators, operators(table, w))
		switch err := table.Filter.Check(); {
		case i < len(good) && (got.Broken || !ours):
			t.Errorf("%q is good, but the parser reads %q", filters[i], got.Operators)
		case got.Broken:
		case err == nil && !ours:
			t.Errorf("%q is accepted, but the parser reads %q", filters[i], got.Operators)
		case err == nil:
			accepted++
		case !ours:
			unnoticed++
		}
	}
	t.Logf("%d of %d accepted, %d would have changed the query unnoticed", accepted, len(filters), unnoticed)
	if accepted < 2*len(good) || unnoticed < 20 {
		t.Errorf("%d accepted and %d that change the query show too little", accepted, unnoticed)
	}
}

// operators is what the parser has to read in the query for rows: all but the last three are of the selection.
func operators(table Table, w pipeline.Window) []string {
	return strings.Split(table.rowsQuery(w), "\n| ")
}

// mixedFilters are n mixtures of what KQL's literals and brackets begin and end with, the same ones each time.
func mixedFilters(n int) (filters []Filter) {
	random := rand.New(rand.NewPCG(1, 2))
	pieces := []string{
		`"`, `'`, `"`, `'`, `@"`, `h'`, `h@'`, `\`, `\"`, `\\`, `~~~`, "```", "~", `=~ `, `datetime(`, `guid(`, `time (`, `int(`, `dynamic(`,
		`(`, `)`, `[`, `]`, `{`, `}`, `//`, `#`, `|`, `;`, `, `, ` or `, ` == `, ` in (`, `A`, `h`, `1`, `1d`, `2027-01-01`, `true`, ` `,
		"\n", "\u00a0", "\u2028", "é", `x`, `)) | take 1 //`, `) | take 1`,
	}
	endings := []string{``, `"`, `'`, `)`, `")`, `) | take 1 //`, `) | take 1 //"`, `) | take 1 //')`, `) | take 1 //")`, `)) | take 1 //~~~`, ` | take 1`}
	for range n {
		text := []string{`true or A == `, `A == `, `A in (`, ``, `A == "`, `A == datetime(`}[random.IntN(6)]
		for range 1 + random.IntN(5) {
			text += pieces[random.IntN(len(pieces))]
		}
		filters = append(filters, Filter(text+endings[random.IntN(len(endings))]))
	}
	return filters
}

// shapeOf is how the parser reads a query.
type shapeOf struct {
	Broken    bool     `json:"broken"` // the service would refuse it
	Operators []string `json:"operators"`
}

func shapes(t *testing.T, queries []string) (found []shapeOf) {
	t.Helper()
	install(t)
	text, err := json.Marshal(queries)
	if err != nil {
		t.Fatal(err)
	}
	node := exec.CommandContext(t.Context(), "node", "shape.cjs")
	node.Dir, node.Stdin = kusto, bytes.NewReader(text)
	if err := json.Unmarshal(run(t, node), &found); err != nil || len(found) != len(queries) {
		t.Fatalf("%d answers to %d queries: %v", len(found), len(queries), err)
	}
	return found
}
