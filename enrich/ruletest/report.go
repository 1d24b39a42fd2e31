package ruletest

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/diag"
)

// Result is the outcome of one test.
type Result struct {
	Rule     string   `json:"rule"`
	Test     string   `json:"test"`
	Pos      diag.Pos `json:"pos"` // of the test's name
	Passed   bool     `json:"passed"`
	Firing   bool     `json:"firing"`             // the test wants a match
	Failures []string `json:"failures,omitempty"` // one sentence for each thing that is not as wanted
	Got      []Match  `json:"got,omitempty"`      // the rule's matches, kept when the test failed
	Why      []Why    `json:"why,omitempty"`      // how the first rows of a failed test were judged
}

// Match is what a rule said about a row, in the words of a test.
type Match struct {
	Row      int             `json:"row"` // counted from 1
	Severity enrich.Severity `json:"severity"`
	Score    int             `json:"score"`
	Reasons  []string        `json:"reasons,omitempty"`
	Message  string          `json:"message,omitempty"`
	Objects  []enrich.Object `json:"objects,omitempty"`
}

// Report is the outcome of a run.
type Report struct {
	Rules   int      `json:"rules"`
	Passed  int      `json:"passed"`
	Failed  int      `json:"failed"`
	Results []Result `json:"results"` // in the order of files and places
	// Problems are those of the rule files. With errors among them no test ran.
	Problems diag.Problems `json:"problems,omitempty"`
}

// OK reports whether no test failed and no rule file has errors.
func (r *Report) OK() bool { return r.Failed == 0 && !r.Problems.HasErrors() }

// WriteJSON writes the report as one JSON object.
func (r *Report) WriteJSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	if err := e.Encode(r); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	return nil
}

// WriteText writes the report for people: problems, failed tests with what they got, and a last line with counts.
// With verbose, passed tests are listed as well.
func (r *Report) WriteText(w io.Writer, verbose bool) error {
	var b strings.Builder
	for _, p := range r.Problems {
		fmt.Fprintln(&b, p.Error())
	}
	for _, t := range r.Results {
		if !t.Passed {
			t.writeFailure(&b)
		} else if verbose {
			fmt.Fprintf(&b, "ok    %s: %s\n", t.Rule, t.Test)
		}
	}
	fmt.Fprintf(&b, "%s, %s: %d passed, %d failed\n", diag.Count(r.Rules, "rule"), diag.Count(len(r.Results), "test"), r.Passed, r.Failed)
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	return nil
}

func (t *Result) writeFailure(b *strings.Builder) {
	fmt.Fprintf(b, "FAIL  %s: %s (%s)\n", t.Rule, t.Test, t.Pos)
	for _, f := range t.Failures {
		fmt.Fprintf(b, "      %s\n", f)
	}
	for _, m := range t.Got {
		fmt.Fprintf(b, "      got, row %d: %s %d %q", m.Row, m.Severity, m.Score, m.Message)
		for _, reason := range m.Reasons {
			fmt.Fprintf(b, "; %s", reason)
		}
		fmt.Fprintln(b)
	}
	t.writeWhy(b)
}
