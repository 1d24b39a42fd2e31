//go:build linux

package e2e

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/celrule"
	"github.com/riskrelay/riskrelay/enrich/ruletest"
	"github.com/riskrelay/riskrelay/host"
	"github.com/riskrelay/riskrelay/host/config"
	"github.com/riskrelay/riskrelay/host/source/file"
	"github.com/riskrelay/riskrelay/host/source/loganalytics"
)

// conditions are about columns that no schema declares: of a custom table, and one that a tenant added.
var conditions = []string{
	`event.column("Score_d") == 5`, `event.column("Score_d") == "5"`, `event.column("Score_d") != 5`,
	`event.column("Score_d") != null && event.column("Score_d") > 4.5`, `event.column("Score_d") != null && string(event.column("Score_d")) == "7000215"`,
	`event.column("Score_d") != null && event.column("Score_d") * 2.0 > 9.0`,
	`event.column("Score") == 5`, `event.column("Score") == "5"`, `event.column("Score") != 5`,
	`event.column("Score") != null && string(event.column("Score")) == "7000215"`,
	`event.column("Count_l") == 5`, `event.column("On_b") == true`, `event.column("On_b") == "true"`, `event.column("On") == true`,
	`event.column("On") == "true"`, `event.column("Name_s") == "5"`, `event.column("Name_s") == 5`, `event.column("Name") == "web"`,
	`event.column("When_t") != null && event.column("When_t") > timestamp("2026-01-01T00:00:00Z")`,
	`event.column("When") != null && timestamp(event.column("When")) > timestamp("2026-01-01T00:00:00Z")`,
	`event.column("Id_g") == "62e90394-69f5-4237-9190-012177145e10"`, `event.column("D") != null && event.column("D").n == 5`,
	`event.column("D") != null && event.column("D").b == true`, `event.column("D") != null && event.column("D").user != "root"`,
	`event.column("D") != null && string(event.column("D").n) == "7000215"`, `event.column("L") != null && event.column("L")[0] == "a"`,
	`event.column("None_d") == null`, `event.column("None") == null`, `event.column("Name_s") == null`, `event.column("Name") == ""`,
	`event.column("Name_s") != ""`, `null != event.column("Name")`,
}

// cells are those of the rows in front of the conditions.
var cells = []string{
	`"Score_d":5,"Score":5,"Count_l":5,"On_b":true,"On":true,"Name_s":"5","Name":"web","When_t":"2026-03-03T10:15:42Z","When":"2026-03-03T10:15:42Z",` +
		`"Id_g":"62e90394-69f5-4237-9190-012177145e10","D":{"n":5,"b":true,"user":"bob"},"L":["a"]`,
	`"Score_d":5.0,"Score":5.0,"Count_l":4,"On_b":false,"On":false,"Name_s":"web","Name":"5","D":{"n":5.0,"b":false,"user":"root"},"L":[]`,
	`"Score_d":7000215.0,"Score":7000215,"D":{"n":7.000215e6}`,
	`"Score_d":5.5,"Score":5.5,"D":{"n":5.5,"b":"true"},"None_d":null,"None":null`,
	`"Name_s":"nothing else"`,
}

// undeclared returns a pack with a rule for each condition in two tables, and, where wants tells which rule matches which of the rows,
// with a test for each of them.
func undeclared(rows []string, wants func(rule string, row int) bool) (pack []byte) {
	var b bytes.Buffer
	b.WriteString("apiVersion: riskrelay/v1\nkind: RulePack\nmetadata: {name: undeclared, version: 1.0.0}\nrules:\n")
	for i, condition := range conditions {
		fmt.Fprintf(&b, "  - {id: u.r%d, title: t, tables: [Mine_CL, SigninLogs], severity: low, when: '%s'", i, condition)
		if wants != nil {
			b.WriteString(", tests: [")
			for n, row := range rows {
				want := "none"
				if wants(fmt.Sprintf("u.r%d", i), n) {
					want = "{severity: low}"
				}
				fmt.Fprintf(&b, "{name: row %d, event: %s, want: %s}, ", n, row, want)
			}
			b.WriteString("]")
		}
		b.WriteString("}\n")
	}
	return b.Bytes()
}

// rowsAt are rows of both tables that happened at a time.
func rowsAt(at time.Time) (rows []string) {
	for _, table := range []string{"Mine_CL", "SigninLogs"} {
		for n, c := range cells {
			rows = append(rows, fmt.Sprintf(`{"Type": "%s", "TimeGenerated": %q, "Row_s": "%s %d", %s}`, table, at.UTC().Format(time.RFC3339), table, n,
				strings.ReplaceAll(strings.ReplaceAll(c, ":", ": "), "T10: 15: 42", "T10:15:42"))) // as YAML reads it, too
		}
	}
	return rows
}

// verdicts are the rules that match, by the row's own name.
type verdicts map[string][]string

func (v verdicts) note(events []enrich.Event) {
	for i := range events {
		ids := []string{}
		for _, r := range events[i].Risk.Rules {
			ids = append(ids, r.ID)
		}
		for _, failed := range events[i].Risk.Errors {
			ids = append(ids, failed.Rule+" failed")
		}
		slices.Sort(ids)
		v[events[i].Text("Row_s")] = ids
	}
}

// TestTheSameVerdictEverywhere holds that a rule says of a column that no schema declares the same in a file, in a workspace, whose
// service types it, and in its own tests.
func TestTheSameVerdictEverywhere(t *testing.T) {
	rows := rowsAt(time.Now().Add(-time.Minute))
	pack := undeclared(rows, nil)
	dir := t.TempDir()
	rules, file := filepath.Join(dir, "rules.yaml"), filepath.Join(dir, "rows.ndjson")
	for path, text := range map[string]string{rules: string(pack), file: strings.Join(rows, "\n")} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	asTag := asTagSays(t, pack, rows)
	matches := slices.Concat(slices.Collect(maps.Values(asTag))...)
	for i := range conditions {
		if condition := conditions[i]; !slices.Contains(matches, fmt.Sprintf("u.r%d", i)) && condition != `event.column("Score_d") == "5"` &&
			condition != `event.column("Score") == "5"` && !strings.HasSuffix(condition, `"true"`) && condition != `event.column("Name_s") == 5` {
			t.Errorf("no row matches %s", condition)
		}
	}
	if diff := cmp.Diff(asTag, throughHost(t, rules, func(c *config.Config) { c.Sources.Files = []string{file} })); diff != "" {
		t.Errorf("a file differs from tag (-tag +file):\n%s", diff)
	}
	server, la := workspace(t, time.Now)
	la.Tables, la.Start = []loganalytics.Table{{Name: "Mine_CL"}, {Name: "SigninLogs"}}, time.Hour
	for n, row := range rows {
		table := []string{"Mine_CL", "SigninLogs"}[n/len(cells)]
		if err := server.Add(table, time.Now().Add(-time.Minute), []byte(row)); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(asTag, throughHost(t, rules, func(c *config.Config) { c.Sources.LogAnalytics = []config.LogAnalytics{{Config: la}} })); diff != "" {
		t.Errorf("a workspace differs from tag (-tag +workspace):\n%s", diff)
	}
	proved := undeclared(rows, func(rule string, row int) bool {
		return slices.Contains(asTag[fmt.Sprintf("%s %d", []string{"Mine_CL", "SigninLogs"}[row/len(cells)], row%len(cells))], rule)
	})
	report, err := ruletest.Run(t.Context(), ruletest.Options{
		Files: []enrich.File{{Name: "rules.yaml", Data: proved}}, New: func() enrich.Module { return celrule.New() },
	})
	if err != nil || !report.OK() || report.Passed != len(conditions)*len(rows) {
		var text strings.Builder
		_ = report.WriteText(&text, false)
		t.Errorf("the rules' own tests differ from tag: %v\n%s", err, text.String())
	}
}

// asTagSays is what `riskrelay tag` makes of rows.
func asTagSays(t *testing.T, pack []byte, rows []string) verdicts {
	t.Helper()
	module := celrule.New()
	if err := module.Configure(t.Context(), enrich.Config{Files: []enrich.File{{Name: "rules.yaml", Data: pack}}}); err != nil {
		t.Fatal(err)
	}
	enricher, all := enrich.NewEnricher(module), verdicts{}
	for r := file.NewReader(strings.NewReader(strings.Join(rows, "\n")), "rows", nil); ; {
		events, err := r.Next()
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		enricher.Enrich(t.Context(), events)
		all.note(events)
	}
}

// throughHost is what a host makes of the rows of the sources that set sets.
func throughHost(t *testing.T, rules string, set func(*config.Config)) verdicts {
	t.Helper()
	c := config.Defaults()
	c.DataDir, c.Rules.Builtin, c.Rules.Paths = t.TempDir(), false, []string{rules}
	set(&c)
	all, o := verdicts{}, quiet()
	o.Once, o.DryRun, o.Stdout = true, true, io.Discard
	var one sync.Mutex // streams tell at the same time
	o.Observe = func(_ string, events []enrich.Event) {
		one.Lock()
		defer one.Unlock()
		all.note(events)
	}
	h, err := host.New(t.Context(), c, o)
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	if err := h.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	return all
}
