package shapes

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/riskrelay/riskrelay/enrich/shape"
)

var update = flag.Bool("update", false, "write testdata and the table in enrich/shape/README.md anew")

// perTable is how many files there are of each table in each shape.
const perTable = 5

// samples are rows of each table: of the story the first of several kinds, and those of testdata/rows.json.
func samples(t testing.TB) map[string][]object {
	t.Helper()
	all := map[string][]object{}
	for table, list := range day(t, 3000) {
		seen := map[string]int{}
		for _, r := range slices.Backward(list) { // the attack's come last
			kind := fmt.Sprint(r["OperationName"], r["OperationNameValue"], r["Operation"], r["ResultType"], r["UserAgent"])
			if seen[kind]++; seen[kind] <= 1 {
				all[table] = append(all[table], r)
			}
		}
		for i := 0; len(all[table]) < perTable; i++ {
			all[table] = append(all[table], list[i])
		}
		all[table] = all[table][:perTable]
	}
	text, err := os.ReadFile("testdata/rows.json")
	if err != nil {
		t.Fatal(err)
	}
	others := map[string][]object{}
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&others); err != nil {
		t.Fatal(err)
	}
	maps.Copy(all, others)
	return all
}

// fileName is the name of a file of a writer; that of the portal tells which sign-ins it holds.
func fileName(w *writer, table string, n int) string {
	kind := ""
	if table == "AADNonInteractiveUserSignInLogs" {
		kind = "NonInteractive"
	}
	return fmt.Sprintf("%s/%s%d", strings.ReplaceAll(w.name, " ", "-"), kind, n)
}

// writeFiles writes testdata/TABLE.txtar: perTable files of each shape, and under want/N what rules say of the event in the Nth.
func writeFiles(t *testing.T) {
	m := module(t)
	for table, rows := range samples(t) {
		archive := &txtar.Archive{Comment: []byte("Made by go generate; README.md names the sources of the shapes.\n")}
		add := func(name string, text []byte) {
			if !bytes.HasSuffix(text, []byte("\n")) {
				text = append(text, '\n')
			}
			archive.Files = append(archive.Files, txtar.File{Name: name, Data: text})
		}
		for n, row := range rows {
			events := read(t, writeLines(t, []object{row}), "row", shape.Rows)
			said(t, m, events)
			add(fmt.Sprintf("want/%d", n), []byte(table+"\n"+said(t, m, events)[0]))
			for _, w := range writers() {
				if w.takes(table) {
					add(fileName(&w, table, n), w.write(t, []object{row}))
				}
			}
		}
		if err := os.WriteFile(filepath.Join("testdata", table+".txtar"), txtar.Format(archive), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// TestFiles reads each file in testdata, and has rules say of its event what they say of it in rows.
func TestFiles(t *testing.T) {
	if *update {
		writeFiles(t)
	}
	names, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(names) == 0 {
		t.Fatal(names, err)
	}
	m := module(t)
	count := map[string]int{} // files by shape and table
	for _, name := range names {
		archive, err := txtar.ParseFile(name)
		if err != nil {
			t.Fatal(err)
		}
		table := strings.TrimSuffix(filepath.Base(name), ".txtar")
		wants := map[string]string{}
		for _, f := range archive.Files {
			dir, n := filepath.Split(f.Name)
			if dir == "want/" {
				_, wants[n], _ = strings.Cut(strings.TrimSuffix(string(f.Data), "\n"), "\n")
				continue
			}
			i := slices.IndexFunc(writers(), func(w writer) bool { return strings.ReplaceAll(w.name, " ", "-")+"/" == dir })
			if i < 0 {
				t.Fatalf("%s: nobody writes %s", name, f.Name)
			}
			w := writers()[i]
			events := read(t, f.Data, f.Name, w.kind)
			if len(events) != 1 || events[0].Table != table {
				t.Errorf("%s, %s: %d events of %s", name, f.Name, len(events), events[0].Table)
				continue
			}
			said(t, m, events)
			want, got := wants[n[len(n)-1:]], said(t, m, events)[0]
			if !same(w.kind, object{"InitiatedBy": object{"app": w.kind == shape.EntraCSV}}, &events[0], want, got) {
				t.Errorf("%s, %s: rules say\n%s\nwant\n%s", name, f.Name, got, want)
			}
			count[w.name+" of "+table]++
		}
	}
	tables := samples(t)
	for _, w := range writers() {
		for table := range tables {
			if n := count[w.name+" of "+table]; w.takes(table) && n < perTable {
				t.Errorf("%d files in the shape %s of %s, want %d", n, w.name, table, perTable)
			}
		}
	}
}
