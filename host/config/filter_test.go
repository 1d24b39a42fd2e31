package config

import (
	"strings"
	"testing"
)

// TestFilterIsPointedAt checks that a filter that isn't a condition is shown with file, line and a caret under what is wrong.
func TestFilterIsPointedAt(t *testing.T) {
	tests := map[string]struct{ filter, caret, want string }{
		"plain":          {`Result == datetime(2027-02-31)`, `datetime(2027-02-31)`, "the filter has datetime(2027-02-31), which doesn't exist"},
		"single quoted":  {`'true) | take 1 //'`, `)`, "the filter has a ')' without '('"},
		"double quoted":  {`"Id == 'ö' | take 1"`, `|`, `the filter has "|"`},
		"spelled anew":   {`"A == \"x\" | take 1"`, "", `the filter has "|"`},
		"variable":       {`A == ${X} | take 1`, "", `the filter has "|"`},
		"literal string": {"|\n        A > 1\n        or B", "", "the filter must be one line"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			text := "sources:\n  log_analytics:\n  - tables:\n    - name: AuditLogs\n      filter: " + test.filter + "\n"
			c := Defaults()
			problems := c.Read("c.yaml", []byte(text), func(string) (string, bool) { return "1", true })
			if len(problems) != 1 || !strings.HasPrefix(problems[0].Message, test.want) {
				t.Fatalf("problems: %v", problems)
			}
			p := problems[0]
			if p.Pos.File != "c.yaml" || p.Pos.Line < 5 {
				t.Errorf("the place is %v", p.Pos)
			}
			if runes := []rune(p.Line); test.caret != "" && string(runes[p.Pos.Column-1:p.Pos.Column-1+p.Width]) != test.caret {
				t.Errorf("the caret is at %d, %d wide, of\n%s", p.Pos.Column, p.Width, p.Line)
			}
		})
	}
}

// TestFiltersInOneLine checks that each of two filters that are the same and stand in one line is pointed at.
func TestFiltersInOneLine(t *testing.T) {
	text := "sources: {log_analytics: [{tables: [{name: AuditLogs, filter: 'x)'}, {name: SigninLogs, filter: 'x)'}]}]}\n"
	c := Defaults()
	problems := c.Read("c.yaml", []byte(text), noEnv)
	if len(problems) != 2 {
		t.Fatalf("problems: %v", problems)
	}
	for i, want := range []int{strings.Index(text, "x)"), strings.LastIndex(text, "x)")} {
		if got := problems[i].Pos.Column; got != want+2 {
			t.Errorf("the caret of filter %d is at %d, want %d", i, got, want+2)
		}
	}
}
