package rulefile_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/rulefile"
)

func TestParseWatchlist(t *testing.T) {
	for _, c := range []struct {
		name, data, column, want string // items with commas between, or the problem
	}{
		{"a.txt", "\uFEFF# people\r\n ann \r\n\r\nbob, junior\r\n", "", "ann|bob, junior"},
		{"a.txt", "", "", ""},
		{"a", "x", "", "x"},
		{"a.yaml", "- ann\n- \"1\"\n", "", "ann|1"},
		{"a.json", `["ann"]`, "", "ann"},
		{"a.yaml", "ann: 1", "", "a.yaml:1:1: error[R102]: want a list, found a mapping"},
		{"a.yaml", "- 1", "", "want text, found a number; put it in quotes"},
		{"a.csv", "upn,name\nann@x,Ann\n,Nobody\n\"bob,x\",Bob\n", "UPN", "ann@x|bob,x"},
		{"a.CSV", "upn;name\nann@x;Ann\n", "name", "Ann"},
		{"a.csv", "upn\tname\nann@x\tAnn\n", "name", "Ann"},
		{"a.csv", "upn,name\n", "upn", ""},
		{"a.csv", "", "upn", "the file is empty: it needs a first row"},
		{"a.csv", "upn,name\nx,y", "mail", "there is no column `mail`: the first row has upn, name"},
		{"a.csv", "upn,name\nx", "upn", "line 2: wrong number of fields"},
		{"a.csv", "upn,name\n\"x", "upn", "line 2: extraneous or missing \" in quoted-field"},
		{"a.csv", "\xff\xfe", "upn", "the file isn't UTF-8 text"},
		{"a.txt", "a\x00b", "", "the file isn't UTF-8 text"},
		{"a.txt", strings.Repeat("a", rulefile.MaxWatchlist+1), "", "the file is larger than"},
		{"a.txt", strings.Repeat("a\n", rulefile.MaxWatchlistItems+1), "", "the file has 1000001 items"},
		{"a.yaml", strings.Repeat("- a\n", rulefile.MaxFileSize/4+1), "", "the file is larger than"},
	} {
		items, problems := rulefile.ParseWatchlist(c.name, []byte(c.data), c.column)
		if len(problems) > 0 {
			if len(problems) != 1 || c.want == "" || !strings.Contains(problems.Error(), c.want) {
				t.Errorf("%s %.40q: %v, want %q", c.name, c.data, problems, c.want)
			}
			continue
		}
		if got := strings.Join(items, "|"); got != c.want {
			t.Errorf("%s %.40q: %q, want %q", c.name, c.data, got, c.want)
		}
	}
}

func FuzzParseWatchlist(f *testing.F) {
	f.Add("a.csv", "upn,name\n\"bob,x\",Bob\n", "upn")
	f.Add("a.txt", "# x\n y \n", "")
	f.Add("a.yaml", "- x", "")
	f.Fuzz(func(t *testing.T, name, data, column string) {
		items, problems := rulefile.ParseWatchlist(name, []byte(data), column)
		if len(problems) > 0 && len(items) > len(data) {
			t.Fatal("more items than characters")
		}
		for _, item := range items {
			if strings.HasSuffix(name, ".txt") && (item == "" || item != strings.TrimSpace(item)) {
				t.Fatalf("item %q", item)
			}
		}
	})
}

func TestLoad(t *testing.T) {
	head := "apiVersion: riskrelay/v1\nkind: RulePack\nmetadata: {name: p, version: 1.0.0}\n"
	set, problems := rulefile.Load(enrich.Config{
		Settings: []byte("{context_file: /etc/c/context.yaml, at: 2026-03-02T00:00:00Z}"),
		Files: []enrich.File{
			file("lists/words.yaml", "- x\n- y\n"), // not a rule file
			file("a/pack.yaml", head+"lists: [{name: one, file: ../lists/words.yaml}, {name: two, file: w.csv, column: a}, {name: three, file: w.csv, column: b}]"),
			file("b/pack.yaml", head+"lists: [{name: four, file: words.yaml}]"),
			file("a/w.csv", "a,b\n1,2\n"), file("b/words.yaml", "[z]"),
			file("/etc/c/context.yaml", "lists: {here: [h], there: {file: people.txt}, elsewhere: {file: /srv/l.csv, column: m}}"),
			file("/etc/c/people.txt", "ann\n"), file("/srv/l.csv", "m\nq\n"),
		},
	})
	want := []string{"a/pack.yaml error R105 `../lists/words.yaml` can't stand here: want a path below the rule file's folder, with slashes |"}
	if d := cmp.Diff(want, said(problems)); d != "" {
		t.Errorf("problems (-want +got):\n%s", d)
	}
	lists := map[string][]string{}
	for _, p := range set.Packs {
		for _, l := range p.Lists {
			lists[l.Name.Value] = l.Values()
		}
	}
	if d := cmp.Diff(map[string][]string{"one": {"x", "y"}, "two": {"1"}, "three": {"2"}, "four": {"z"}}, lists); d != "" {
		t.Errorf("lists (-want +got):\n%s", d)
	}
	if d := cmp.Diff(map[string][]string{"here": {"h"}, "there": {"ann"}, "elsewhere": {"q"}}, set.Settings.Context.Lists); d != "" {
		t.Errorf("context (-want +got):\n%s", d)
	}
	for name, c := range map[string]struct{ files, want string }{
		"missing": {"lists: {x: {file: people.txt}}", "c.yaml:1:19: error[R113]: the file `people.txt` of the list can't be found"},
		"column":  {"lists: {x: {file: people.csv}}", "a CSV file needs the key `column`"},
		"odd key": {"lists: {x: {fil: people.csv}}", "unknown key `fil` in a list"},
	} {
		_, problems := rulefile.Load(enrich.Config{Settings: []byte("context_file: c.yaml"), Files: []enrich.File{file("c.yaml", c.files), file("people.csv", "a\nb\n")}})
		if !strings.Contains(problems.Error(), c.want) {
			t.Errorf("%s: %v", name, problems)
		}
	}
	if refs := rulefile.References("a/pack.yaml", []byte(head+"lists: [{name: two, file: w.csv, column: a}]")); len(refs) != 1 || refs[0] != "a/w.csv" {
		t.Errorf("references %v", refs)
	}
	context := []byte("lists: {x: {file: /srv/w.txt}, y: {file: z.txt}}")
	if refs := rulefile.ContextReferences("c/context.yaml", context); !slices.Equal(refs, []string{"/srv/w.txt", "c/z.txt"}) {
		t.Errorf("references of a context %v", refs)
	}
	if refs := rulefile.References("c/context.yaml", context); len(refs) > 0 {
		t.Errorf("a rule file that looks like a context may name files anywhere: %v", refs)
	}
	if refs := rulefile.References("a/pack.yaml", []byte(head+"lists: [{name: two, file: ../w.txt}, {name: one, file: /etc/w.txt}]")); len(refs) > 0 {
		t.Errorf("files outside the folder of a pack are read: %v", refs)
	}
}

// TestUnreadLists holds that a list says why its file can't be read, where that is known, and that nothing is said twice.
func TestUnreadLists(t *testing.T) {
	pack := "apiVersion: riskrelay/v1\nkind: RulePack\nmetadata: {name: p, version: 1.0.0}\n" +
		"lists: [{name: one, file: a.txt}, {name: two, file: b.txt}, {name: three, file: ../c.txt}]"
	_, problems := rulefile.Load(enrich.Config{
		Settings: []byte(`{"unread": {"r/a.txt": "not a regular file"}}`), Files: []enrich.File{file("r/pack.yaml", pack)},
	})
	want := []string{
		"r/pack.yaml error R113 the file `a.txt` of the list can't be read: not a regular file |",
		"r/pack.yaml error R113 the file `b.txt` of the list can't be found | it was looked for at r/b.txt",
		"r/pack.yaml error R105 `../c.txt` can't stand here: want a path below the rule file's folder, with slashes |",
	}
	if d := cmp.Diff(want, said(problems)); d != "" {
		t.Errorf("problems (-want +got):\n%s", d)
	}
}
