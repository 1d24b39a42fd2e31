package admin

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
)

var update = flag.Bool("update", false, "write the table in README.md anew")

const (
	tableBegin = "<!-- table -->\n"
	tableEnd   = "<!-- end of table -->\n"
)

// table is the list of all metrics as Markdown.
func table() string {
	var text strings.Builder
	text.WriteString("| metric | type | labels | says |\n|-|-|-|-|\n")
	row := func(name, kind, help string, labels ...string) {
		var quoted []string
		for _, l := range labels {
			quoted = append(quoted, "`"+l+"`")
		}
		fmt.Fprintf(&text, "| `%s` | %s | %s | %s |\n", name, kind, strings.Join(quoted, ", "), help)
	}
	row(buildInfo, "gauge", buildHelp, "version", "revision", "goversion")
	for _, m := range list() {
		kind := "gauge"
		if m.kind == prometheus.CounterValue {
			kind = "counter"
		}
		row(m.name, kind, m.help, m.labels...)
	}
	return text.String()
}

// TestReadme holds that README.md lists all metrics as they are.
func TestReadme(t *testing.T) {
	data, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(data), tableBegin)
	listed, after, closed := strings.Cut(rest, tableEnd)
	if !ok || !closed {
		t.Fatal("README.md has no place for the table")
	}
	if listed == table() {
		return
	}
	if !*update {
		t.Fatal("README.md doesn't list the metrics as they are: run make generate")
	}
	if err := os.WriteFile("README.md", []byte(before+tableBegin+table()+tableEnd+after), 0o600); err != nil {
		t.Fatal(err)
	}
}
