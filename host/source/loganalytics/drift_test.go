package loganalytics

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/sirupsen/logrus/hooks/test"

	"github.com/riskrelay/riskrelay/enrich"
)

func TestDifferences(t *testing.T) {
	columns := func(text string) map[string]enrich.Type {
		all := map[string]enrich.Type{}
		for one := range strings.FieldsSeq(text) {
			name, kind, _ := strings.Cut(one, ":")
			all[name] = enrich.Type(kind)
		}
		return all
	}
	for _, c := range []struct {
		before, after string
		want          []string
	}{
		{"A:string B:long", "B:long A:string", nil},
		{"A:string", "A:string B:long", []string{"B (long) is new"}},
		{"A:string B:long", "A:string", []string{"B (long) is gone"}},
		{"A:string", "A:dynamic", []string{"A is of type dynamic now, not string"}},
		{"resultType:string", "ResultType:long", []string{"resultType (string) is called ResultType (long) now"}},
		{"aB:string", "Ab:string AB:string", []string{"Ab (string) is new", "aB (string) is called AB (string) now"}},
		{"aB:string AB:string", "AB:string", []string{"aB (string) is gone"}},
	} {
		if diff := cmp.Diff(c.want, differences(columns(c.before), columns(c.after))); diff != "" {
			t.Errorf("%s, then %s:\n%s", c.before, c.after, diff)
		}
	}
}

// walk changes columns at random, 500 of them at most.
func walk(random *rand.Rand, columns map[string]string) (changes int) {
	kinds := []string{"string", "long", "dynamic", "real", "bool", "datetime"}
	names := slices.Sorted(maps.Keys(columns))
	switch name := names[random.IntN(len(names))]; random.IntN(6) {
	case 0:
		if len(names) == 1 {
			return 0
		}
		delete(columns, name)
		return 1
	case 1:
		before := columns[name]
		if columns[name] = kinds[random.IntN(len(kinds))]; columns[name] == before {
			return 0
		}
		return 1
	case 2:
		other := strings.ToUpper(name)
		if _, there := columns[other]; there || other == name {
			return 0
		}
		columns[other] = columns[name]
		delete(columns, name)
		return 1
	case 3, 4:
		for len(columns) < 500 {
			name := fmt.Sprintf("column_%d", random.IntN(100_000))
			upper := strings.ToUpper(name)
			if columns[name] == "" && columns[upper] == "" {
				columns[name] = kinds[random.IntN(len(kinds))]
				if changes++; changes > 200 {
					break
				}
			}
		}
	}
	return changes
}

// TestSchemaWalk has the columns of a table change at random between replies: every value arrives under its name, and each
// change is counted once and logged with the others of its reply.
func TestSchemaWalk(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	columns := map[string]string{"first": "string", "second": "long"}
	var row map[string]any
	asks := &offline{answer: func(w http.ResponseWriter, _ string) {
		type column struct{ Name, Type string }
		at := base.Format(ticks)
		list := []column{{"TimeGenerated", "datetime"}, {"RiskrelayIngested", "datetime"}, {"RiskrelayItem", "string"}}
		cells := []any{at, at, fmt.Sprint("item-", random.Uint64())}
		row = map[string]any{"TimeGenerated": at, "Type": "AuditLogs"}
		for name, kind := range columns {
			row[name] = fmt.Sprint(name, " ", random.IntN(1000)) // whatever the type says: the bytes pass
			list, cells = append(list, column{name, kind}), append(cells, row[name])
		}
		reply := map[string]any{"tables": []any{map[string]any{"name": "PrimaryResult", "columns": list, "rows": []any{cells}}}}
		text, _ := json.Marshal(reply)
		text = []byte(strings.NewReplacer(`{"columns":`, `{"name":"PrimaryResult","columns":`, `"name":"PrimaryResult","rows"`, `"rows"`).Replace(string(text)))
		w.Write(text)
	}}
	source := slowSource(asks)
	log, hook := test.NewNullLogger()
	source.log = log
	var want int64
	notices := 0
	for i := range 300 {
		if i > 0 {
			n := walk(random, columns)
			if want += int64(n); n > 0 {
				notices++
			}
		}
		for range 2 { // a change is told once
			var got reading
			if err := source.Read(t.Context(), testWindow(time.Minute), "", got.deliver); err != nil {
				t.Fatal(err)
			}
			var arrived map[string]any
			text := append(got.batches[0].Events[0].AppendFields([]byte("{")), '}')
			if err := json.Unmarshal(text, &arrived); err != nil {
				t.Fatalf("%v in %s", err, text)
			}
			if diff := cmp.Diff(row, arrived); diff != "" {
				t.Fatal(diff)
			}
		}
	}
	if _, changed := source.Remarks(); changed != want || len(hook.AllEntries()) != notices {
		t.Errorf("%d changes in %d notices, want %d in %d", changed, len(hook.AllEntries()), want, notices)
	}
	if n := len(source.Changes(base, base.Add(time.Second))); n != maxChanges || len(source.Changes(base.Add(1), base.Add(time.Hour))) > 0 {
		t.Errorf("%d changes are kept, or at another time", n)
	}
}

// TestBrokenTextIsCountedAndKept has two of three rows with text that isn't UTF-8.
func TestBrokenTextIsCountedAndKept(t *testing.T) {
	data := new(table)
	data.fill(3, 1)
	data.rows[0].operation, data.rows[2].operation = "broken-1", "broken-2"
	asks := &offline{answer: func(w http.ResponseWriter, query string) {
		reply := new(recorder)
		data.answer(reply, query)
		w.Write([]byte(strings.ReplaceAll(reply.String(), "broken", "b\xff\xc3oken")))
	}}
	source := slowSource(asks)
	var got reading
	if err := source.Read(t.Context(), testWindow(time.Minute), "", got.deliver); err != nil {
		t.Fatal(err)
	}
	if mended, _ := source.Remarks(); mended != 2 {
		t.Errorf("%d rows were mended, want 2", mended)
	}
	if text := got.batches[0].Events[0].Text("OperationName"); text != "b\uFFFDoken-1" {
		t.Errorf("got %q", text)
	}
	for i, want := range []string{"b\xff\xc3oken-1", "", "b\xff\xc3oken-2"} {
		original := string(got.batches[0].Events[i].Original())
		if (original == "") != (want == "") || !strings.Contains(original, want) {
			t.Errorf("of row %d the original is %q, want one with %q", i, original, want)
		}
	}
}
