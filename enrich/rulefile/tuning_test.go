package rulefile_test

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/diag"
	"github.com/riskrelay/riskrelay/enrich/rulefile"
)

const tunable = `
apiVersion: riskrelay/v1
kind: RulePack
metadata: {name: my-rules, version: 1.4.0, requires: {engine: ">=0.1"}}
on_error: annotate
lists:
  - {name: noise, items: [a]}
rules:
  - {id: my.first, title: t, tables: [AuditLogs], when: true, severity: low, exceptions: [{name: robots, fields: [event.a, event.b]}, {name: people, fields: [event.a]}]}
  - {id: my.second, title: t, tables: [AuditLogs], when: true, severity: low, on_error: annotate}
  - {id: my.old, title: t, status: deprecated, replaced_by: my.second, tables: [AuditLogs], when: true, severity: low}
`

func file(name, data string) enrich.File { return enrich.File{Name: name, Data: []byte(data)} }

func tuningFile(name, body string) enrich.File {
	return file(name+".yaml", "apiVersion: riskrelay/v1\nkind: Tuning\nmetadata: {name: "+name+"}\nfor: {pack: my-rules}\n"+body)
}

// said are the problems on one line each, with their suggestions.
func said(problems diag.Problems) (out []string) {
	for _, p := range problems {
		out = append(out, strings.TrimSpace(p.Pos.File+" "+string(p.Severity)+" "+p.Code+" "+p.Message+" | "+p.Suggestion))
	}
	return out
}

func TestTune(t *testing.T) {
	at := "at: 2026-03-02T00:00:00Z"
	for name, c := range map[string]struct {
		files []enrich.File
		want  []string
	}{
		"good": {[]enrich.File{tuningFile("a", "rules: [{id: my.first, set: {severity: low, score: 3}, exceptions: {robots: [{values: [a, [b, c]], reason: r, expires: never}]}}]"), tuningFile("b", "lists: [{name: noise, add: [x], remove: [a]}]")}, nil},
		"unknown rule": {
			[]enrich.File{tuningFile("a", "rules: [{id: my.frist, set: {score: 1}}]")},
			[]string{"a.yaml error R110 the pack `my-rules` has no rule `my.frist` | did you mean `my.first`?"},
		},
		"rule of another pack": {
			[]enrich.File{file("other.yaml", strings.NewReplacer("my-rules", "other", "my.", "other.", "noise", "hum").Replace(tunable)), tuningFile("a", "rules: [{id: other.first, set: {score: 1}}]")},
			[]string{"a.yaml error R110 the pack `my-rules` has no rule `other.first` | it is a rule of the pack `other`"},
		},
		"unknown slot": {
			[]enrich.File{tuningFile("a", "rules: [{id: my.first, exceptions: {robot: [{values: [a, b], reason: r, expires: never}]}}, {id: my.second, exceptions: {x: [{values: [a], reason: r, expires: never}]}}]")},
			[]string{
				"a.yaml error R110 the rule `my.first` has no slot `robot` for exceptions | did you mean `robots`?",
				"a.yaml error R110 the rule `my.second` has no slot `x` for exceptions | its author opened none: change the severity, disable the rule, or write one of your own",
			},
		},
		"unknown pack and list": {
			[]enrich.File{tuningFile("a", "lists: [{name: noize, add: [x]}]"), file("b.yaml", "apiVersion: riskrelay/v1\nkind: Tuning\nmetadata: {name: b}\nfor: {pack: my-rule}\n")},
			[]string{"a.yaml error R110 the pack has no list `noize` | did you mean `noise`?", "b.yaml error R110 no pack is called `my-rule` | did you mean `my-rules`?"},
		},
		"wrong width": {
			[]enrich.File{tuningFile("a", "rules: [{id: my.first, exceptions: {robots: [{values: [a], reason: r, expires: never}, {values: [], reason: r, expires: never}], people: [{values: [a, b], reason: r, expires: never}]}}]")},
			[]string{
				"a.yaml error R105 the row has 1 value, the slot `robots` has 2 fields | the fields are event.a, event.b",
				"a.yaml error R105 want a value for each field of the slot |",
				"a.yaml error R105 the row has 2 values, the slot `people` has 1 field | the fields are event.a; several values of one field are a list in the row: [[a, b]]",
			},
		},
		"conflicts": {
			[]enrich.File{
				tuningFile("b", "rules: [{id: my.first, set: {severity: low, score: 1, enabled: true}}]\nlists: [{name: noise, add: [x]}]"),
				tuningFile("a", "rules: [{id: my.first, set: {severity: low, score: 2, enabled: true}}]\nlists: [{name: noise, remove: [x]}]"),
			},
			[]string{
				"a.yaml warning R111 the list `noise` has no item `x` to remove |",
				"b.yaml error R107 the severity of `my.first` is set twice | the other place is a.yaml:5:40",
				"b.yaml error R107 the score of `my.first` is set twice | the other place is a.yaml:5:52",
				"b.yaml error R107 whether `my.first` is enabled is set twice | the other place is a.yaml:5:64",
				"b.yaml error R107 `x` is added to the list and removed from it | the other place is a.yaml:6:32",
			},
		},
		"one name": {
			[]enrich.File{tuningFile("a", ""), file("b.yaml", "apiVersion: riskrelay/v1\nkind: Tuning\nmetadata: {name: a}\nfor: {pack: my-rules}\n")},
			[]string{"b.yaml error R106 the tuning `a` exists already | the first one is at a.yaml:3:18"},
		},
		"another version": {
			[]enrich.File{file("a.yaml", "apiVersion: riskrelay/v1\nkind: Tuning\nmetadata: {name: a}\nfor: {pack: my-rules, version: \">=1 <1.4\"}\n")},
			[]string{"a.yaml warning R111 this was written for my-rules >=1 <1.4, the pack is 1.4.0: look whether it still fits |"},
		},
		"effects that lower nothing": {
			[]enrich.File{
				tuningFile("a", "rules: [{id: my.first, set: {severity: medium}}]"),
				tuningFile("b", "rules: [{id: my.first, exceptions: {people: [{values: [a], reason: r, expires: never, effect: {severity: low}}, {values: [b], reason: r, expires: never, effect: {severity: critical}}, {values: [c], reason: r, expires: never, effect: {severity: medium}}]}}]"),
			},
			[]string{
				"b.yaml error R105 the exception doesn't lower to `critical`: a match of `my.first` is at most `medium` | use `suppress`, or a severity up to `low`",
				"b.yaml error R105 the exception doesn't lower to `medium`: a match of `my.first` is at most `medium` | use `suppress`, or a severity up to `low`",
			},
		},
		"no severity to lower from": {
			[]enrich.File{tuningFile("a", "rules: [{id: my.first, set: {severity: hihg}, exceptions: {people: [{values: [a], reason: r, expires: never, effect: {severity: medium}}]}}]")},
			[]string{"a.yaml error R105 `hihg` can't stand here: want info, low, medium, high, critical; did you mean `high`? |"},
		},
		"deprecated": {
			[]enrich.File{tuningFile("a", "rules: [{id: my.old, set: {score: 1}}]")},
			[]string{"a.yaml warning R111 the rule `my.old` is deprecated: tune `my.second` instead |"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			files := append([]enrich.File{file("pack.yaml", tunable)}, c.files...)
			_, problems := rulefile.Load(enrich.Config{Files: files, Settings: []byte(at)})
			if d := cmp.Diff(c.want, said(problems)); d != "" {
				t.Errorf("problems (-want +got):\n%s", d)
			}
			for i, j := 0, len(files)-1; i < j; i, j = i+1, j-1 {
				files[i], files[j] = files[j], files[i]
			}
			if _, again := rulefile.Load(enrich.Config{Files: files, Settings: []byte(at)}); cmp.Diff(said(problems), said(again)) != "" {
				t.Errorf("the order of files has a meaning: %v", said(again))
			}
		})
	}
}

func TestTunedValues(t *testing.T) {
	set, problems := rulefile.Load(enrich.Config{Files: []enrich.File{
		file("pack.yaml", tunable),
		tuningFile("a", "rules: [{id: my.first, exceptions: {robots: [{values: [a, [b, c]], reason: r, owner: o, ticket: t, expires: 2027-01-31, effect: {severity: info}}]}}]\nlists: [{name: noise, add: [x], remove: [a]}]"),
	}})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	if got := set.Packs[0].Lists[0].Values(); len(got) != 1 || got[0] != "x" {
		t.Errorf("list %v", got)
	}
	e := set.Packs[0].Rules[0].Tuned.Exceptions[0]
	if e.Tuning != "a" || e.Exception.Value != "robots" || e.Lower.Value != "info" || !e.Expires.Equal(time.Date(2027, 2, 1, 0, 0, 0, 0, time.UTC)) || len(e.Values[1]) != 2 {
		t.Errorf("%+v", e)
	}
}

// TestUntil holds that people read the last day of an exception, and a time as it was written.
func TestUntil(t *testing.T) {
	for expires, want := range map[string]string{
		"2027-01-31": "the end of 2027-01-31 (UTC)", "2027-01-31T12:30:00+01:00": "2027-01-31 11:30:00 UTC", "never": "",
	} {
		set, problems := rulefile.Load(enrich.Config{Settings: []byte("at: 2026-03-02T00:00:00Z"), Files: []enrich.File{
			file("pack.yaml", tunable), tuningFile("a", "rules: [{id: my.first, exceptions: {people: [{values: [a], reason: r, expires: '"+expires+"'}]}}]"),
		}})
		if len(problems) > 0 {
			t.Fatal(problems)
		}
		if got := set.Packs[0].Rules[0].Tuned.Exceptions[0].Until(); got != want {
			t.Errorf("%s: %q, want %q", expires, got, want)
		}
	}
}

// TestTuningProblems compares the problems of a tuning file with the text beside it.
func TestTuningProblems(t *testing.T) {
	data, err := os.ReadFile("testdata/tuning/bad.yaml")
	if err != nil {
		t.Fatal(err)
	}
	_, problems := rulefile.ParseTuning("bad.yaml", data)
	golden(t, "testdata/tuning/bad.golden", problems.Error()+"\n")
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(name, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), got); d != "" {
		t.Errorf("%s differs (-want +got):\n%s", name, d)
	}
}

func FuzzParseTuning(f *testing.F) {
	f.Add("apiVersion: riskrelay/v1\nkind: Tuning\nmetadata: {name: a}\nfor: {pack: my-rules, version: \">=1 <2\"}\nrules: [{id: my.first, base: 3f1c0a9b2d4e, set: {severity: low, score: 3, enabled: no}, exceptions: {robots: [{values: [a, [b, c]], reason: r, expires: 2027-01-31, effect: {severity: low}}]}}]\nlists: [{name: noise, add: [x], remove: [a]}]\n")
	f.Add("kind: Tuning\nrules: [{exceptions: {people: [{values: []}]}}]")
	f.Fuzz(func(t *testing.T, s string) {
		_, problems := rulefile.ParseTuning("t.yaml", []byte(s))
		for _, p := range problems {
			if p.Message == "" || p.Error() == "" {
				t.Fatalf("a problem without words: %+v", p)
			}
		}
		_, all := rulefile.Load(enrich.Config{Files: []enrich.File{file("pack.yaml", tunable), file("t.yaml", s)}})
		if problems.HasErrors() && !all.HasErrors() {
			t.Fatalf("Load accepts what ParseTuning refuses: %v", problems)
		}
	})
}
