package loganalytics

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/riskrelay/riskrelay/enrich/schema"
	"github.com/riskrelay/riskrelay/host/pipeline"
)

const kusto = "testdata/kusto"

func TestQueriesLookAsExpected(t *testing.T) {
	w := testWindow(5 * time.Minute)
	w.To = w.To.Add(1234500) // 1.2345 ms
	slot := w
	slot.Slot, slot.Slots = 3, 8
	var b strings.Builder
	for _, q := range []string{
		Table{Name: "AuditLogs"}.rowsQuery(w),
		Table{Name: "AzureDiagnostics", Filter: `Category == "AuditEvent"`}.rowsQuery(slot),
		Table{Name: "AuditLogs"}.countQuery(w),
		Table{Name: "AuditLogs"}.probeQuery(),
		Table{Name: "AuditLogs"}.oldestQuery(),
	} {
		b.WriteString(q + "\n\n")
	}
	want, err := os.ReadFile("testdata/queries.kql")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), b.String()); diff != "" {
		t.Errorf("queries (-testdata/queries.kql +got):\n%s", diff)
	}
}

// TestQueriesAreKQL has Microsoft's own parser judge every query that the package can make.
func TestQueriesAreKQL(t *testing.T) {
	whole := testWindow(time.Hour)
	slot := pipeline.Window{From: base, To: base.Add(100), Slot: 4095, Slots: 4096}
	resumed := pipeline.Window{From: base.Add(1234567 * 100), To: whole.To}
	var queries []string
	for _, known := range schema.Tables() {
		if known.Local {
			continue
		}
		for _, filter := range []string{"", known.Columns[0].Name + ` == "x" or (TimeGenerated > ago(1d) and isnotempty(Type))`} {
			if filter != "" && known.Columns[0].Type != "string" {
				filter = "TimeGenerated > ago(1d)"
			}
			table := Table{Name: known.Name, Filter: Filter(filter)}
			if err := table.Filter.Check(); err != nil {
				t.Fatal(err)
			}
			queries = append(queries, table.probeQuery(), table.oldestQuery())
			for _, w := range []pipeline.Window{whole, slot, resumed} {
				queries = append(queries, table.rowsQuery(w), table.countQuery(w), table.summaryQuery(w))
			}
		}
	}
	for i, found := range diagnose(t, queries) {
		if len(found) > 0 {
			t.Errorf("%s\n%s", queries[i], strings.Join(found, "\n"))
		}
	}
}

// TestParserFindsMistakes shows that the parser isn't just content with everything.
func TestParserFindsMistakes(t *testing.T) {
	tests := []struct{ query, want string }{
		{"AuditLogs | where OperatoinName == 'x'", "OperatoinName"},
		{Table{Name: "AuditLogs", Filter: "Operation == 'x'"}.rowsQuery(testWindow(time.Hour)), "Operation"},
		{Table{Name: "AuditLog"}.probeQuery(), "AuditLog"},
		{"AuditLogs | where _ItemId > 'x'", "operator '>' is not defined"},
		{"AuditLogs | where (", "Expected"},
	}
	var queries []string
	for _, test := range tests {
		queries = append(queries, test.query)
	}
	for i, found := range diagnose(t, queries) {
		if text := strings.Join(found, "\n"); !strings.Contains(text, tests[i].want) {
			t.Errorf("%s\nfound %q, want %q", queries[i], text, tests[i].want)
		}
	}
}

// diagnose returns what Microsoft's parser says about each query, given the tables of enrich/schema.
func diagnose(t *testing.T, queries []string) (found [][]string) {
	t.Helper()
	install(t)
	type column struct {
		Name string `json:"name"`
		Type string `json:"type"`
	}
	type table struct {
		Name    string   `json:"name"`
		Columns []column `json:"columns"`
	}
	var input struct {
		Tables  []table  `json:"tables"`
		Queries []string `json:"queries"`
	}
	for _, known := range schema.Tables() {
		out := table{Name: known.Name}
		for _, c := range known.Columns {
			out.Columns = append(out.Columns, column{c.Name, string(c.Type)})
		}
		input.Tables = append(input.Tables, out)
	}
	input.Queries = queries
	text, err := json.Marshal(input)
	if err != nil {
		t.Fatal(err)
	}
	node := exec.CommandContext(t.Context(), "node", "check.cjs")
	node.Dir, node.Stdin = kusto, bytes.NewReader(text)
	if err := json.Unmarshal(run(t, node), &found); err != nil || len(found) != len(queries) {
		t.Fatalf("%d answers to %d queries: %v", len(found), len(queries), err)
	}
	return found
}

// install puts the parser beside check.cjs, once.
func install(t *testing.T) {
	t.Helper()
	if _, err := os.Stat(kusto + "/node_modules/@kusto/language-service-next/package.json"); err == nil {
		return
	}
	npm := exec.CommandContext(t.Context(), "npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts")
	npm.Dir = kusto
	run(t, npm)
}

func run(t *testing.T, command *exec.Cmd) []byte {
	t.Helper()
	out, err := command.Output()
	if errors.Is(err, exec.ErrNotFound) {
		t.Fatalf("%s is missing: install Node.js 18 or later with npm (Debian: apt-get install nodejs npm)", command.Args[0])
	}
	if exit := new(exec.ExitError); errors.As(err, &exit) {
		t.Fatalf("%v: %v\n%s", command.Args, err, exit.Stderr)
	}
	if err != nil {
		t.Fatal(err)
	}
	return out
}
