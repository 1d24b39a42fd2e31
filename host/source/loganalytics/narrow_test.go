package loganalytics

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/schema"
	"github.com/riskrelay/riskrelay/host/source/loganalyticstest/kql"
)

const hostile = "a\"b\\c\n\t\x00\u2028'| where false // ü"

func testFilter() enrich.Filter {
	return enrich.Filter{
		{
			{{Column: "OperationName", Has: []string{"add", "owner"}}, {Column: "OperationName", Has: []string{"remove"}}},
			{{Column: "TargetResources", Has: []string{"appaddress"}}},
		},
		{{{Column: "Category", Equals: "a"}, {Column: "Result", Equals: hostile}, {Column: "Category", Equals: "b"}}},
	}
}

func TestFilterCondition(t *testing.T) {
	want := `((((OperationName contains "add" and OperationName contains "owner") or OperationName contains "remove") and tostring(TargetResources) contains "appaddress")` +
		` or (Category in ("a", "b") or Result in ("a\"b\\c\u000a\u0009\u0000\u2028'| where false // ü")))`
	if diff := cmp.Diff(want, filterCondition("AuditLogs", testFilter())); diff != "" {
		t.Errorf("condition (-want +got):\n%s", diff)
	}
	for _, test := range []struct {
		filter enrich.Filter
		want   string
	}{
		{nil, "false"},
		{enrich.Filter{nil}, "true"},
		{enrich.Filter{{{}}}, "false"}, // a rule that never matches
		{enrich.Filter{{{{Column: "Category", Equals: ""}}}}, `Category in ("")`},
	} {
		if got := filterCondition("AuditLogs", test.filter); got != test.want {
			t.Errorf("%v is %s, want %s", test.filter, got, test.want)
		}
	}
}

// TestFiltersAreKQL has Microsoft's own parser judge filters on every column that a filter may name.
func TestFiltersAreKQL(t *testing.T) {
	queries := []string{
		narrowedTable(Table{Name: "AuditLogs", Filter: `Category == "x"`}, testFilter()).rowsQuery(testWindow(time.Hour)),
		narrowedTable(Table{Name: "AuditLogs"}, nil).rowsQuery(testWindow(time.Hour)),
	}
	for _, known := range schema.Tables() {
		var need enrich.Need
		for _, c := range known.Columns {
			if c.Type == enrich.String || c.Type == enrich.Dynamic {
				need = append(need, []enrich.Fact{{Column: c.Name, Equals: hostile}, {Column: c.Name, Has: []string{hostile, "b"}}})
			}
		}
		if !known.Local {
			queries = append(queries, narrowedTable(Table{Name: known.Name}, enrich.Filter{need, need[:1]}).rowsQuery(testWindow(time.Hour)))
		}
	}
	for i, found := range diagnose(t, queries) {
		if len(found) > 0 {
			t.Errorf("%s\n%s", queries[i], strings.Join(found, "\n"))
		}
		if _, err := kql.Parse(queries[i]); err != nil {
			t.Errorf("the emulator: %v\n%s", err, queries[i])
		}
	}
}

// TestNarrowed reads with a filter, and the source as before beside it.
func TestNarrowed(t *testing.T) {
	data := new(table)
	data.fill(3, 1)
	s := newService(t, data.answer)
	source := s.source(s.config())
	narrowed := source.Narrowed(enrich.Filter{{{{Column: "OperationName", Has: []string{"owner"}}}}})
	length := source.pacer.next()
	var got reading
	if err := narrowed.Read(t.Context(), testWindow(time.Minute), "", got.deliver); err != nil {
		t.Fatal(err)
	}
	queries := s.asked()
	if last := queries[len(queries)-1]; !strings.Contains(last, `
| where (OperationName contains "owner")
`) {
		t.Errorf("asked %s", last)
	}
	if len(got.ids) != 3 || source.pacer.next() != length {
		t.Errorf("read %d rows; the source plans windows of %v, before of %v", len(got.ids), source.pacer.next(), length)
	}
}
