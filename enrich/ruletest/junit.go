package ruletest

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"
)

// The shape that continuous integration reads: https://github.com/testmoapp/junitxml
type (
	junitSuites struct {
		XMLName  xml.Name     `xml:"testsuites"`
		Name     string       `xml:"name,attr"`
		Tests    int          `xml:"tests,attr"`
		Failures int          `xml:"failures,attr"`
		Errors   int          `xml:"errors,attr"`
		Suites   []junitSuite `xml:"testsuite"`
	}
	junitSuite struct {
		Name     string      `xml:"name,attr"`
		Tests    int         `xml:"tests,attr"`
		Failures int         `xml:"failures,attr"`
		Errors   int         `xml:"errors,attr"`
		Cases    []junitCase `xml:"testcase"`
	}
	junitCase struct {
		Name    string     `xml:"name,attr"`
		Class   string     `xml:"classname,attr"`
		File    string     `xml:"file,attr,omitempty"`
		Line    int        `xml:"line,attr,omitempty"`
		Failure *junitText `xml:"failure"`
		Error   *junitText `xml:"error"`
	}
	junitText struct {
		Message string `xml:"message,attr"`
		Text    string `xml:",chardata"`
	}
)

// WriteJUnit writes the report as JUnit XML: a suite a rule, and one called "rule files" with an error for each error
// in them.
func (r *Report) WriteJUnit(w io.Writer) error {
	all := junitSuites{Name: "rule tests"}
	for _, p := range r.Problems {
		if p.Severity != "error" {
			continue
		}
		all.add("rule files", junitCase{
			Name: p.Code, Class: "rule files", File: p.Pos.File, Line: p.Pos.Line,
			Error: &junitText{p.Message, p.Error()},
		})
	}
	for i := range r.Results {
		t := &r.Results[i]
		c := junitCase{Name: t.Test, Class: t.Rule, File: t.Pos.File, Line: t.Pos.Line}
		if !t.Passed {
			var text strings.Builder
			t.writeFailure(&text)
			c.Failure = &junitText{strings.Join(t.Failures, "; "), text.String()}
		}
		all.add(t.Rule, c)
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	e := xml.NewEncoder(w)
	e.Indent("", "  ")
	if err := e.Encode(all); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	_, err := io.WriteString(w, "\n")
	return err
}

// add puts a case into the suite, which is the last one or a new one: tests come rule by rule.
func (s *junitSuites) add(suite string, c junitCase) {
	if n := len(s.Suites); n == 0 || s.Suites[n-1].Name != suite {
		s.Suites = append(s.Suites, junitSuite{Name: suite})
	}
	last := &s.Suites[len(s.Suites)-1]
	last.Cases = append(last.Cases, c)
	last.Tests, s.Tests = last.Tests+1, s.Tests+1
	if c.Failure != nil {
		last.Failures, s.Failures = last.Failures+1, s.Failures+1
	}
	if c.Error != nil {
		last.Errors, s.Errors = last.Errors+1, s.Errors+1
	}
}
