package ruletest_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/diag"
	"github.com/riskrelay/riskrelay/enrich/ruletest"
)

var update = flag.Bool("update", false, "write the golden files anew")

// fake is a module that matches rows by their OperationName: "match", "fail" and "suppress" are what the words say,
// everything else is no match.
type fake struct {
	settings  []string // of each call of Configure
	off       string
	refuse    error
	tagFails  bool
	drop      bool
	forgotten bool
}

func (f *fake) Describe(context.Context) (enrich.Description, error) {
	about := enrich.Description{Name: "fake"}
	if !f.forgotten {
		about.Rules = []enrich.RuleInfo{{ID: "my.rule", Off: f.off}, {ID: "my.other"}}
	}
	return about, nil
}

func (f *fake) Configure(_ context.Context, c enrich.Config) error {
	f.settings = append(f.settings, string(c.Settings))
	return f.refuse
}

func (f *fake) Tag(_ context.Context, events []enrich.Event) ([][]enrich.Tag, error) {
	if f.tagFails {
		return nil, errors.New("out of order")
	}
	tags := make([][]enrich.Tag, len(events))
	for i := range events {
		match := enrich.Tag{
			Rule: "my.rule", Severity: enrich.High, Score: 70, Reasons: []string{"at night", "by an application"},
			Message: "ann did it", Objects: []enrich.Object{{Type: "user", Value: "ann"}},
		}
		switch events[i].Text("OperationName") {
		case "match":
			tags[i] = []enrich.Tag{{Rule: "my.other", Severity: enrich.Low}, match}
		case "fail":
			tags[i] = []enrich.Tag{{Rule: "my.rule", Error: "no such thing"}}
		case "suppress":
			match.Suppressed = "approved"
			tags[i] = []enrich.Tag{match}
		}
	}
	if f.drop {
		tags = tags[1:]
	}
	return tags, nil
}

const head = `apiVersion: riskrelay/v1
kind: RulePack
metadata: {name: x, version: 1.0.0}
rules:
  - id: my.rule
    title: t
    tables: [AuditLogs]
    when: true
    severity: low
    tests:
`

func run(t *testing.T, module *fake, tests string, options ruletest.Options) *ruletest.Report {
	t.Helper()
	options.Files = []enrich.File{{Name: "sub/x.yaml", Data: []byte(head + tests)}}
	options.New = func() enrich.Module { return module }
	report, err := ruletest.Run(t.Context(), options)
	if err != nil {
		t.Fatal(err)
	}
	return report
}

const silent = "      - {name: silent, event: {Type: AuditLogs}, want: none}\n"

func one(event, want string) string {
	return "      - {name: n, event: {Type: AuditLogs, OperationName: " + event + "}, want: " + want + "}\n" + silent
}

func TestWant(t *testing.T) {
	tests := map[string]struct{ event, want, failure string }{
		"a match":              {"match", "{}", ""},
		"everything":           {"match", "{severity: high, score: 70, reasons: [by an application, at night], message: ann did it, objects: [{type: user, value: ann}]}", ""},
		"no match":             {"other", "none", ""},
		"suppressed":           {"suppress", "none", ""},
		"a match too many":     {"match", "none", "want no match, got 1"},
		"none where one is":    {"other", "{}", "want a match, got none"},
		"an error":             {"fail", "none", "row 1: the rule failed: no such thing"},
		"another severity":     {"match", "{severity: low}", "want severity low, got high"},
		"another score":        {"match", "{score: 71}", "want score 71, got 70"},
		"another message":      {"match", "{message: bob did it}", `want message "bob did it", got "ann did it"`},
		"too few reasons":      {"match", "{reasons: [at night]}", `want reasons ["at night"], got ["at night" "by an application"]`},
		"no reasons":           {"match", "{reasons: []}", `want reasons [], got ["at night" "by an application"]`},
		"another object":       {"match", "{objects: [{type: user, value: bob}]}", `want objects ["user bob"], got ["user ann"]`},
		"no objects":           {"match", "{objects: []}", `want objects [], got ["user ann"]`},
		"severity 0 is absent": {"match", "{reasons: [at night, by an application]}", ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			report := run(t, &fake{}, one(test.event, test.want), ruletest.Options{})
			got := strings.Join(report.Results[0].Failures, "; ")
			if got != test.failure {
				t.Errorf("got %q, want %q", got, test.failure)
			}
			if report.Results[0].Passed != (test.failure == "") || report.OK() != (test.failure == "") {
				t.Errorf("passed %v, OK %v, failures %q", report.Results[0].Passed, report.OK(), got)
			}
		})
	}
}

func TestSeveralRows(t *testing.T) {
	rows := func(want string, ops ...string) string {
		s := "      - name: n\n        events:\n"
		for _, op := range ops {
			s += "          - {Type: AuditLogs, OperationName: " + op + "}\n"
		}
		return s + "        want: " + want + "\n" + silent
	}
	for name, test := range map[string]struct {
		tests string
		ok    bool
	}{
		"one of two matches": {rows("{severity: high}", "other", "match"), true},
		"none of two":        {rows("none", "other", "other"), true},
		"one too many":       {rows("none", "other", "match"), false},
		"one fails":          {rows("{severity: high}", "match", "fail"), false},
	} {
		t.Run(name, func(t *testing.T) {
			if report := run(t, &fake{}, test.tests, ruletest.Options{}); report.OK() != test.ok {
				t.Errorf("OK %v, want %v: %+v", report.OK(), test.ok, report.Results)
			}
		})
	}
}

func TestWhatProvesNothingFails(t *testing.T) {
	tests := map[string]struct {
		module *fake
		tests  string
		want   string
	}{
		"the rule is off":         {&fake{off: "needs context dns"}, one("other", "none"), "the rule is off: needs context dns"},
		"the module lost it":      {&fake{forgotten: true}, one("other", "none"), "the module has no such rule"},
		"the row has no table":    {&fake{}, "      - {name: n, event: {a: 1}, want: none}\n" + silent, "row 1 names no table"},
		"the row is of another":   {&fake{}, "      - {name: n, event: {Type: SigninLogs}, want: none}\n" + silent, `row 1 is of table "SigninLogs"`},
		"there are no rows":       {&fake{}, "      - {name: n, events: [], want: none}\n" + silent, "the test has no rows"},
		"files can't be opened":   {&fake{}, "      - {name: n, file: rows.json, want: none}\n" + silent, "read sub/rows.json: files of rows can't be opened here"},
		"the module fails":        {&fake{tagFails: true}, one("other", "none"), "tag the rows: out of order"},
		"the module skips events": {&fake{drop: true}, one("other", "none"), "tag the rows: got answers for 1 rows of 2"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			report := run(t, test.module, test.tests, ruletest.Options{})
			if got := strings.Join(report.Results[0].Failures, "; "); !strings.HasPrefix(got, test.want) {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestRowsFromFiles(t *testing.T) {
	contents := map[string]string{
		"sub/lines.ndjson": `{"Type":"AuditLogs","OperationName":"other"}` + "\n" + `{"Type":"AuditLogs","OperationName":"match"}` + "\n",
		"sub/array.json":   `[{"Type":"AuditLogs","OperationName":"match"}]`,
		"sub/bad.json":     `{"Type":`,
	}
	open := func(name string) ([]byte, error) {
		if text, ok := contents[name]; ok {
			return []byte(text), nil
		}
		return nil, fs.ErrNotExist
	}
	for file, want := range map[string]string{
		"lines.ndjson": "", "array.json": "", "bad.json": `read sub/bad.json: can't tell what this is: it begins with "{\"Type\":", which is broken JSON, or other than these write (unexpected EOF); what Azure's own tools write is read as it is: rows, rows-csv, query, records, graph, entra-csv, office, office-csv`, "gone.json": "read sub/gone.json: file does not exist",
	} {
		t.Run(file, func(t *testing.T) {
			report := run(t, &fake{}, "      - {name: n, file: "+file+", want: {severity: high}}\n"+silent, ruletest.Options{Open: open})
			if got := strings.Join(report.Results[0].Failures, "; "); got != want {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
}

// TestSettings holds that tests with the same clock and context share a module, and that it gets both.
func TestSettings(t *testing.T) {
	module := &fake{}
	tests := ""
	for i, extra := range []string{
		"at: '2026-03-02T22:10:00+01:00'", "context: {dns: {a: nxdomain}}", "at: '2026-03-02T21:10:00Z'",
		"context: {dns: {a: nxdomain}}, at: '2026-03-02T21:10:00Z'", "context: {dns: {a: nxdomain}}",
	} {
		tests += fmt.Sprintf("      - {name: n%d, ", i) + extra + ", event: {Type: AuditLogs}, want: none}\n"
	}
	run(t, module, tests, ruletest.Options{})
	want := []string{
		"",                                                                    // looks for errors in the files
		`{"at":"2026-03-02T22:10:00+01:00"}`, `{"at":"2026-03-02T21:10:00Z"}`, // those without a context first
		`{"context":{"dns":{"a":"nxdomain"}}}`, `{"context":{"dns":{"a":"nxdomain"}},"at":"2026-03-02T21:10:00Z"}`,
	}
	if d := cmp.Diff(want, module.settings); d != "" {
		t.Errorf("settings differ (-want +got):\n%s", d)
	}
}

func TestProblemsOfFiles(t *testing.T) {
	refused := diag.Problems{{Severity: diag.Error, Code: "R201", Message: "from the module"}}
	tests := map[string]struct {
		refuse error
		tests  string
		want   []string
		ran    bool
	}{
		"no silent test":        {nil, "      - {name: n, event: {Type: AuditLogs, OperationName: match}, want: {}}\n", []string{"R108 the rule `my.rule` has no silent test (want: none)"}, true},
		"no firing test":        {nil, silent, []string{"R108 the rule `my.rule` has no firing test"}, true},
		"no test":               {nil, "      []\n", []string{"R108 the rule `my.rule` has no firing and no silent test"}, true},
		"the module complains":  {refused, one("match", "{}"), []string{"R201 from the module"}, false},
		"in words of its own":   {errors.New("too much"), one("match", "{}"), []string{"R109 the module refused the files: too much"}, false},
		"the file is not right": {nil, "      - {nam: n}\n", []string{"R103", "R101", "R103", "R103", "R108"}, false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			report := run(t, &fake{refuse: test.refuse}, test.tests, ruletest.Options{})
			if len(report.Problems) < len(test.want) {
				t.Fatalf("problems %v", report.Problems)
			}
			all := report.Problems.Error()
			for _, want := range test.want {
				code, message, _ := strings.Cut(want, " ")
				if !strings.Contains(all, code) || !strings.Contains(all, message) {
					t.Errorf("want %s in\n%s", want, all)
				}
			}
			if ran := !report.Problems.HasErrors(); ran != test.ran {
				t.Errorf("ran %v, want %v", ran, test.ran)
			}
		})
	}
}

func TestOnly(t *testing.T) {
	report := run(t, &fake{}, one("match", "{}"), ruletest.Options{Only: func(rule, test string) bool { return rule == "my.rule" && test == "silent" }})
	if len(report.Results) != 1 || report.Results[0].Test != "silent" || len(report.Problems) != 0 {
		t.Errorf("got %+v", report)
	}
}

func TestCanceled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	options := ruletest.Options{Files: []enrich.File{{Name: "x.yaml", Data: []byte(head + one("match", "{}"))}}, New: func() enrich.Module { return &fake{} }}
	if _, err := ruletest.Run(ctx, options); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

// TestReport compares both renderings with the files in testdata.
func TestReport(t *testing.T) {
	report := run(t, &fake{}, "      - {name: good, event: {Type: AuditLogs, OperationName: match}, want: {score: 70}}\n"+
		"      - {name: bad, event: {Type: AuditLogs, OperationName: match}, want: {score: 10}}\n", ruletest.Options{})
	for name, write := range map[string]func(*strings.Builder) error{
		"report.txt":  func(b *strings.Builder) error { return report.WriteText(b, true) },
		"report.json": func(b *strings.Builder) error { return report.WriteJSON(b) },
	} {
		var got strings.Builder
		if err := write(&got); err != nil {
			t.Fatal(err)
		}
		golden := "testdata/" + name
		if *update {
			if err := os.WriteFile(golden, []byte(got.String()), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(string(want), got.String()); d != "" {
			t.Errorf("%s differs (-want +got):\n%s", name, d)
		}
	}
}
