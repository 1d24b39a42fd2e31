package escu

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/riskrelay/riskrelay/enrich/shape"
	"github.com/riskrelay/riskrelay/host/sink/eventjson"
)

var update = flag.Bool("update", false, "write the table in README.md anew")

// leastFound is how many detections must find what they look for.
const leastFound = 30

func ofDay(t *testing.T) []*event {
	t.Helper()
	events, err := records()
	if err != nil {
		t.Fatal(err)
	}
	return events
}

// TestDetectionsFind replays what the detections read and compare over a day in the shape of records, and in the shape of columns,
// which none of them knows.
func TestDetectionsFind(t *testing.T) {
	found, columns := 0, 0
	records := ofDay(t)
	rows, err := written(eventjson.Shape{ExpandJSON: true})
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range detections(t) {
		if n := d.finds(t, records); n > 0 {
			found++
		} else {
			t.Logf("%s finds nothing", d.Name)
		}
		if d.finds(t, rows) > 0 {
			columns++
		}
	}
	if found < leastFound {
		t.Errorf("%d detections find what they look for, want %d", found, leastFound)
	}
	if columns > 0 {
		t.Errorf("%d detections find something in columns: then they say nothing about records", columns)
	}
}

// TestEachConditionCounts holds that no detection finds anything on a day of a company without what it looks for: for each condition
// of each, the events that have it are taken away.
func TestEachConditionCounts(t *testing.T) {
	records := ofDay(t)
	for _, d := range detections(t) {
		for _, c := range conditions(t, slices.Concat(d.Where, d.Then)) {
			without := slices.DeleteFunc(slices.Clone(records), c.holds)
			if n := d.finds(t, without); n > 0 {
				t.Errorf("%s finds something %d times without events in which %+v", d.Name, n, c)
			}
		}
	}
}

const (
	begin = "<!-- made by: go generate ./host/e2e/escu -->\n"
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
		t.Fatal("README.md has no place for the table")
	}
	want := before + begin + table(t) + end + after
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

// table is a line for each detection.
func table(t *testing.T) string {
	t.Helper()
	records := ofDay(t)
	has := map[string]bool{}
	for _, e := range records {
		for field := range e.fields {
			has[field] = true
		}
	}
	var out strings.Builder
	found := 0
	for _, d := range detections(t) {
		var fills, lacks []string
		for _, field := range d.fields(t) {
			switch {
			case has[field]:
				fills = append(fills, "`"+field+"`")
			default:
				lacks = append(lacks, "`"+field+"`: "+why(field))
			}
		}
		n := d.finds(t, records)
		if n > 0 {
			found++
		}
		remark := strings.Join(lacks, "; ")
		if d.Note != "" {
			remark = strings.TrimPrefix(remark+"; "+d.Note, "; ")
		}
		fmt.Fprintf(&out, "| [%s](https://github.com/splunk/security_content/blob/%s/%s) | %s | %s | %d |\n", d.Name, commit, d.Source, strings.Join(fills, " "), remark, n)
	}
	return fmt.Sprintf("%d of %d find what they look for on the test's day.\n\n", found, len(detections(t))) +
		"| detection | fields that it reads, and we fill | what it lacks, or isn't tried | found |\n|-|-|-|-:|\n" + out.String()
}

// commit is what the detections were taken from.
const commit = "b13b314aed0e1778335a55620474e7d27289a20a"

// why says why no record of the day has a field.
func why(field string) string {
	name, _, _ := strings.Cut(strings.TrimPrefix(field, "properties."), ".")
	for _, table := range shape.Tables() {
		if shape.HasMember(table, strings.HasPrefix(field, "properties."), strings.TrimSuffix(name, "{}")) {
			return "the day has none; rows of " + table + " have it"
		}
	}
	return "no column has it"
}
