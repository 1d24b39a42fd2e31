package rulefile

import (
	"fmt"
	"strings"
	"testing"

	"github.com/riskrelay/riskrelay/enrich"
)

// TestManyUnknownKeys holds that a file with many unknown keys is told of by the first and their number.
func TestManyUnknownKeys(t *testing.T) {
	const more = 7
	text := "apiVersion: riskrelay/v1\nkind: RulePack\nmetadata: {name: x, version: 1.0.0}\n"
	for n := range maxUnknown + more {
		text += fmt.Sprintf("metadata%d: 1\n", n)
	}
	_, problems := Parse("x.yaml", []byte(text))
	if len(problems) != maxUnknown+1 {
		t.Fatalf("%d problems", len(problems))
	}
	for n, p := range problems[:maxUnknown] {
		if p.Code != CodeUnknown || p.Pos.Line != 4+n || p.Suggestion != "did you mean `metadata`?" {
			t.Errorf("problem %d: %v", n, p)
		}
	}
	if p := problems[maxUnknown]; p.Code != CodeUnknown || p.Pos.Line != 4+maxUnknown || p.Message != "and 7 more unknown keys in this file" {
		t.Errorf("the last one: %v", p)
	}
}

// TestManyProblems holds that not all problems of a file are told that has very many.
func TestManyProblems(t *testing.T) {
	text := "apiVersion: riskrelay/v1\nkind: RulePack\nmetadata: {name: x, version: 1.0.0}\nlists:\n- name: a\n  items: [" +
		strings.Repeat("1, ", maxProblems+2) + "x]\n"
	_, problems := Parse("x.yaml", []byte(text))
	if len(problems) != maxProblems+1 || problems[0].Code != CodeLimit || problems[0].Message != "the file has 2 problems beside these" {
		t.Errorf("%d problems, first %v", len(problems), problems[0])
	}
}

// TestFewSuggestions holds that names of large sets are compared with all others for the first few only.
func TestFewSuggestions(t *testing.T) {
	var rules, tuned, lists strings.Builder
	for n := range 3 * maxNear {
		fmt.Fprintf(&rules, "- {id: my.rule%d, title: t, tables: [AuditLogs], when: 'true', severity: low, status: deprecated, replaced_by: my.rulle%d}\n", n, n)
		fmt.Fprintf(&tuned, "- {id: my.rulle%d, set: {score: 1}}\n", n)
		fmt.Fprintf(&lists, "- {name: lisst%d, add: [x]}\n", n)
	}
	_, problems := Load(enrich.Config{Files: []enrich.File{
		{Name: "p.yaml", Data: []byte("apiVersion: riskrelay/v1\nkind: RulePack\nmetadata: {name: p, version: 1.0.0}\nlists: [{name: list1, items: [a]}]\nrules:\n" + rules.String())},
		{Name: "t.yaml", Data: []byte("apiVersion: riskrelay/v1\nkind: Tuning\nmetadata: {name: t}\nfor: {pack: p}\nrules:\n" + tuned.String() + "lists:\n" + lists.String())},
	}})
	said, suggested := 0, map[string]int{}
	for _, p := range problems {
		if p.Code == CodeTarget {
			said++
			if p.Suggestion != "" {
				suggested[p.Pos.File]++
			}
		}
	}
	if said != 9*maxNear || suggested["p.yaml"] != maxNear || suggested["t.yaml"] != maxNear {
		t.Errorf("%d problems, with suggestions: %v", said, suggested)
	}
}

// TestFewPackSuggestions holds that so are the packs that tunings name.
func TestFewPackSuggestions(t *testing.T) {
	files := []enrich.File{{Name: "p.yaml", Data: []byte("apiVersion: riskrelay/v1\nkind: RulePack\nmetadata: {name: pack, version: 1.0.0}\n")}}
	for n := range 2 * maxNear {
		files = append(files, enrich.File{
			Name: fmt.Sprintf("t%d.yaml", n), Data: fmt.Appendf(nil, "apiVersion: riskrelay/v1\nkind: Tuning\nmetadata: {name: t%d}\nfor: {pack: packk}\n", n),
		})
	}
	_, problems := Load(enrich.Config{Files: files})
	said, suggested := 0, 0
	for _, p := range problems {
		if p.Code == CodeTarget {
			said++
			if p.Suggestion != "" {
				suggested++
			}
		}
	}
	if said != 2*maxNear || suggested != maxNear {
		t.Errorf("%d problems, %d with a suggestion", said, suggested)
	}
}
