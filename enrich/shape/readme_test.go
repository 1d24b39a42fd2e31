package shape_test

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/riskrelay/riskrelay/enrich/schema"
	"github.com/riskrelay/riskrelay/enrich/shape"
)

var update = flag.Bool("update", false, "write the tables in README.md anew")

const (
	begin = "<!-- made by: go generate ./enrich/shape -->\n"
	end   = "<!-- end of what is made -->\n"
)

func TestReadme(t *testing.T) {
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(text), begin)
	_, after, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		t.Fatal("README.md has no place for the tables")
	}
	want := before + begin + carriedTable() + end + after
	if *update {
		if err := os.WriteFile("README.md", []byte(want), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	if want != string(text) {
		t.Error("README.md is stale: run make generate")
	}
}

// carriedTable is what records of each table don't carry.
func carriedTable() string {
	var out strings.Builder
	out.WriteString("| table | source type | columns carried | not carried |\n|-|-|-:|-|\n")
	for _, name := range shape.Tables() {
		table, _ := schema.Lookup(name)
		carried := 0
		var lost []string
		for _, c := range table.Columns {
			switch {
			case shape.Carried(name, c.Name):
				carried++
			case !c.Hidden:
				lost = append(lost, c.Name)
			}
		}
		sourcetype, _ := shape.Sourcetype(name)
		fmt.Fprintf(&out, "| %s | %s | %d | %s |\n", name, sourcetype, carried, strings.Join(lost, ", "))
	}
	return out.String()
}
