package view

import (
	"fmt"
	"slices"
	"strings"

	"github.com/riskrelay/riskrelay/enrich/diag"
)

// Findings are what was found in a set of rule files.
type Findings struct {
	Files    int           `json:"files"`
	Rules    int           `json:"rules"`    // 0 where the files do not load
	Problems diag.Problems `json:"problems"` // in the order of their places
}

// Errors is how many of the problems are errors.
func (f *Findings) Errors() (n int) {
	for _, p := range f.Problems {
		if p.Severity == diag.Error {
			n++
		}
	}
	return n
}

// Text is the findings for people: the errors, then the warnings, and a line that counts them.
func (f *Findings) Text() string {
	var b strings.Builder
	var codes []string
	for _, severity := range []diag.Severity{diag.Error, diag.Warning} {
		for _, p := range f.Problems {
			if p.Severity != severity {
				continue
			}
			b.WriteString(p.Error() + "\n")
			if !slices.Contains(codes, p.Code) {
				codes = append(codes, p.Code)
			}
		}
	}
	for _, code := range codes {
		fmt.Fprintf(&b, "more about %s: riskrelay rules explain %s\n", code, code)
	}
	return b.String() + f.summary() + "\n"
}

func (f *Findings) summary() string {
	errors := f.Errors()
	files, rules := diag.Count(f.Files, "file"), diag.Count(f.Rules, "rule")
	problems, warnings := diag.Count(errors, "problem"), diag.Count(len(f.Problems)-errors, "warning")
	switch {
	case errors > 0 && len(f.Problems) > errors:
		return fmt.Sprintf("%s: %s, %s", files, problems, warnings)
	case errors > 0:
		return fmt.Sprintf("%s: %s", files, problems)
	case len(f.Problems) > 0:
		return fmt.Sprintf("%s, %s: no problems, %s", files, rules, warnings)
	}
	return fmt.Sprintf("%s, %s: no problems", files, rules)
}
