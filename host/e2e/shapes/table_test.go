package shapes

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/celrule"
	"github.com/riskrelay/riskrelay/enrich/schema"
	"github.com/riskrelay/riskrelay/enrich/shape"
)

const (
	readme = "../../../enrich/shape/README.md"
	begin  = "<!-- made by: go generate ./host/e2e/shapes -->\n"
	end    = "<!-- end of what is made there -->\n"
)

// TestTable holds the table of what each shape lacks.
func TestTable(t *testing.T) {
	text, err := os.ReadFile(readme)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(text), begin)
	_, after, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatalf("%s has no place for the table", readme)
	}
	want := before + begin + table(t) + end + after
	if *update {
		if err := os.WriteFile(readme, []byte(want), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	if want != string(text) {
		t.Errorf("%s is stale: run make generate", readme)
	}
}

func table(t *testing.T) string {
	rows, m := day(t, 500), module(t)
	seen := map[string]bool{}
	var out strings.Builder
	out.WriteString("| shape | table | `record_id` | columns that it lacks | rows of the guide that fire, of those of the attack in the table |\n|-|-|-|-|-|\n")
	for _, w := range writers() {
		if seen[string(w.kind)] {
			continue // another writer of the kind
		}
		seen[string(w.kind)] = true
		all := 0
		for _, name := range schema.Names() {
			lacks, ok := shape.Lacks(w.kind, name)
			if !ok {
				continue
			}
			if len(lacks) == 0 && rows[name] == nil {
				all++
				continue
			}
			fire := ""
			if list := rows[name]; list != nil && w.takes(name) {
				fire = fires(guides(t, m, writeLines(t, list), "row", shape.Rows), guides(t, m, w.write(t, list), fileName(&w, name, 1), w.kind))
			}
			fmt.Fprintf(&out, "| %s | %s | %s | %s | %s |\n", w.kind, name, recordID(name, lacks), strings.Join(lacks, ", "), fire)
		}
		if all > 0 {
			fmt.Fprintf(&out, "| %s | %d others | as the table has | | |\n", w.kind, all)
		}
	}
	return out.String()
}

// recordID says whether events have an id of the service's.
func recordID(table string, lacks []string) string {
	switch column := schema.RecordIDColumn(table); {
	case column == "":
		return "the table has none"
	case slices.Contains(lacks, column):
		return "no"
	}
	return "yes"
}

// guides are the rows of the guide that rules name about events.
func guides(t *testing.T, m *celrule.Module, text []byte, name string, kind shape.Kind) map[string]bool {
	tags, err := m.Tag(t.Context(), read(t, text, name, kind))
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]bool{}
	for _, tag := range slices.Concat(tags...) {
		if tag.Error == "" && tag.Severity >= enrich.Info {
			for _, row := range tag.Guide {
				found[row] = true
			}
		}
	}
	return found
}

func fires(whole, here map[string]bool) string {
	if len(whole) == 0 {
		return "none are about it"
	}
	var lost []string
	for _, row := range slices.Sorted(maps.Keys(whole)) {
		if !here[row] {
			lost = append(lost, row)
		}
	}
	if len(lost) == 0 {
		return fmt.Sprintf("all %d", len(whole))
	}
	return fmt.Sprintf("%d of %d; not %s", len(whole)-len(lost), len(whole), strings.Join(lost, ", "))
}
