package ruletest_test

import (
	"context"
	"encoding/xml"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/ruletest"
)

// telling is a fake that explains: the condition is whether the OperationName is "match".
type telling struct{ fake }

func (*telling) Explain(_ context.Context, e *enrich.Event, rule string) (enrich.Explanation, error) {
	if rule != "my.rule" {
		return enrich.Explanation{}, errors.New("no such rule")
	}
	operation := e.Text("OperationName")
	when := enrich.Condition{Key: "when", Text: "a && b", Op: "&&", Result: enrich.ResultFalse, Parts: []enrich.Condition{
		{Text: "a", Result: enrich.ResultTrue},
		{Text: "b", Result: enrich.ResultFalse, Decides: true, Values: []enrich.Value{{Text: "event.OperationName", Value: operation}}},
	}}
	x := enrich.Explanation{Rule: rule, Outcome: enrich.OutcomeNoMatch, When: &when}
	switch operation {
	case "match":
		when.Result, x.Outcome = enrich.ResultTrue, enrich.OutcomeMatch
		when.Parts[1] = enrich.Condition{Text: "b", Result: enrich.ResultTrue}
	case "missing":
		when.Result, when.Error, when.Parts = enrich.ResultError, "no such key: x", nil
	}
	return x, nil
}

func tested(tests string) ruletest.Options {
	return ruletest.Options{
		Files: []enrich.File{{Name: "x.yaml", Data: []byte(head + tests)}}, New: func() enrich.Module { return &telling{} },
	}
}

const (
	fires  = "      - {name: fires, event: {Type: AuditLogs, OperationName: match}, want: {severity: high}}\n"
	quiet  = "      - {name: is silent, event: {Type: AuditLogs, OperationName: none}, want: none}\n"
	gone   = "      - {name: has no field, event: {Type: AuditLogs, OperationName: missing}, want: none}\n"
	failed = "      - {name: fails, event: {Type: AuditLogs, OperationName: none}, want: {severity: high}}\n"
)

func TestCover(t *testing.T) {
	for _, test := range []struct {
		tests                string
		covered, yes, no, bs int
	}{
		{fires + quiet, 2, 1, 1, 2},
		{fires, 1, 1, 0, 1},
		{gone, 1, 0, 1, 0},
		{fires + gone + strings.Replace(gone, "no field", "none either", 1), 2, 1, 2, 1},
	} {
		c, report, err := ruletest.Cover(t.Context(), tested(test.tests), []string{"row"})
		if err != nil || !report.OK() {
			t.Fatal(err, report)
		}
		when := c.Rules[0].Conditions[0]
		if c.Branches != 2 || c.Covered != test.covered || when.True != test.yes || when.False != test.no {
			t.Errorf("%s: got %+v", test.tests, c)
		}
		if test.bs > 0 && when.Operands[1].True+when.Operands[1].False != test.bs {
			t.Errorf("%s: got operands %+v", test.tests, when.Operands)
		}
		if len(c.Guide) != 1 || len(c.Guide[0].Rules) != 0 {
			t.Errorf("got rows %+v", c.Guide)
		}
	}
	mute := tested(fires)
	mute.New = func() enrich.Module { return &fake{} }
	if _, _, err := ruletest.Cover(t.Context(), mute, nil); err == nil {
		t.Error("coverage was measured on a module that explains nothing")
	}
}

func TestWhy(t *testing.T) {
	report, err := ruletest.Run(t.Context(), tested(failed+quiet))
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	if err := report.WriteText(&text, false); err != nil {
		t.Fatal(err)
	}
	want := `
      want a match, got none
        when -> false
          a -> true
        > b -> false, event.OperationName = none
`
	if _, got, _ := strings.Cut(text.String(), "(x.yaml:11:16)"); !strings.HasPrefix(got, want) {
		t.Error(cmp.Diff(want, got))
	}
}

func TestJUnit(t *testing.T) {
	report, err := ruletest.Run(t.Context(), tested(failed+quiet))
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	if err := report.WriteJUnit(&text); err != nil {
		t.Fatal(err)
	}
	var got struct {
		Tests    int `xml:"tests,attr"`
		Failures int `xml:"failures,attr"`
		Suites   []struct {
			Name  string `xml:"name,attr"`
			Cases []struct {
				Name    string  `xml:"name,attr"`
				Failure *string `xml:"failure"`
			} `xml:"testcase"`
		} `xml:"testsuite"`
	}
	if err := xml.Unmarshal([]byte(text.String()), &got); err != nil {
		t.Fatal(err)
	}
	if got.Tests != 2 || got.Failures != 1 || len(got.Suites) != 1 || got.Suites[0].Name != "my.rule" {
		t.Errorf("got %+v", got)
	}
	cases := got.Suites[0].Cases
	if cases[0].Failure == nil || !strings.Contains(*cases[0].Failure, "> b -> false") || cases[1].Failure != nil {
		t.Errorf("got %+v", cases)
	}
}
