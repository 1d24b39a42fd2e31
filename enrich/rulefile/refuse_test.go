package rulefile_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/diag"
	"github.com/riskrelay/riskrelay/enrich/rulefile"
)

// TestOneProblem holds that a file that can't be read for one reason is one problem, whatever follows from that reason.
func TestOneProblem(t *testing.T) {
	const head = "apiVersion: riskrelay/v1\nkind: RulePack\nmetadata: {name: x, version: 1.0.0}\n"
	const tuningBody = "apiVersion: riskrelay/v1\nmetadata: {name: x}\nfor: {pack: x}\nrules: [{id: x.y, set: {enabled: false}}]\nlists: [{name: l, add: [x]}]\n"
	bomb := strings.Builder{}
	bomb.WriteString(head + "lists:\n  - &a0 {name: a, items: [x]}\n")
	for i := range 9 {
		bomb.WriteString("  - &a" + string(rune('1'+i)) + " [" + strings.Repeat("*a"+string(rune('0'+i))+", ", 9) + "x]\n")
	}
	for name, c := range map[string]struct{ data, want string }{
		"anchors everywhere":    {"apiVersion: &v riskrelay/v1\nkind: &k RulePack\nmetadata: &m {name: x}\nrules: [*m, *k]\n", "R003 1:13 anchors"},
		"bomb":                  {bomb.String(), "R003 5:5 anchors"},
		"the whole document":    {"&all {a: [*all, *all]}", "R003 1:1 anchors"},
		"merge":                 {head + "rules:\n  - {<<: *x, id: a.b}\n", "R003 5:6 anchors"},
		"tags":                  {head + "rules:\n  - !!map {id: !!str a.b}\n", "R003 5:5 YAML tags"},
		"infinity":              {head + "lists: [{name: a, items: [.inf, .nan]}]\n", "R003 4:27 a value of this kind"},
		"deep blocks":           {head + "lists:\n" + steps(diag.MaxDepth+1), "R002 67:64 nested deeper"},
		"kind is misspelt":      {"kind: Tunign\n" + tuningBody, "R105 1:7 `Tunign` can't stand here: want RulePack, Tuning; did you mean `Tuning`?"},
		"kind is something":     {"kind: Deployment\nspec: {}\n", "R105 1:7 `Deployment` can't stand here: want RulePack, Tuning"},
		"kind of a tuning gone": {tuningBody, "R103 1:1 a tuning file needs the key `kind`"},
	} {
		t.Run(name, func(t *testing.T) {
			files := []enrich.File{file("x.yaml", c.data)}
			if strings.HasPrefix(name, "kind of") {
				files = append(files, file("pack.yaml", head+"lists: [{name: l, items: []}]\nrules: [{id: x.y, title: t, tables: [AuditLogs], when: true, severity: low}]\n"))
			}
			_, problems := rulefile.Load(enrich.Config{Files: files})
			if len(problems) != 1 {
				t.Fatalf("%d problems:\n%v", len(problems), problems)
			}
			p := problems[0]
			if got := fmt.Sprintf("%s %d:%d %s", p.Code, p.Pos.Line, p.Pos.Column, p.Message); !strings.HasPrefix(got, c.want) {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}
