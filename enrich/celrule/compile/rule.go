package compile

import (
	"fmt"
	"strings"

	"github.com/google/cel-go/common/types"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/celrule/event"
	"github.com/riskrelay/riskrelay/enrich/diag"
	"github.com/riskrelay/riskrelay/enrich/rulefile"
	"github.com/riskrelay/riskrelay/enrich/schema"
)

// Rule is a compiled rule: what is the same in all its tables.
type Rule struct {
	Info     enrich.RuleInfo
	Score    int
	untuned  int // score without tuning
	Declared *rulefile.Rule

	Required []string // parts of the context without which the rule is off
	Optional []string // parts without which only adjust steps are left out
}

// TableRule is a rule compiled for one table.
type TableRule struct {
	*Rule
	Table   *event.Table
	Lets    []Let
	When    *Expression
	Adjust  []Step
	Message []MessagePiece
	Objects []RiskObject
	needs   []string // parts of the context without which the rule can't run

	unfilled []*Expression // fields of exceptions without values, which never run

	FirstSeen  *firstSeen  // nil when the rule has none
	Exceptions []Exception // those with values
	LeftOut    []string    // adjust steps and exceptions that lack something of the context, each with what it lacks
}

// Let is a variable that a rule declares.
type Let struct {
	Name string
	*Expression
}

// MessagePiece is a part of a message.
type MessagePiece struct {
	Fixed string
	Expr  *Expression // nil in fixed text
}

// RiskObject is a risk object that a match names.
type RiskObject struct {
	Type  string
	Value *Expression
}

func newRule(p *rulefile.Pack, declared *rulefile.Rule) *Rule {
	severity, _ := enrich.ParseSeverity(declared.Severity.Value) // the rule file was checked
	r := &Rule{Declared: declared, Score: defaultScore(severity)}
	if declared.Score.Present() {
		r.Score = declared.Score.Points
	}
	r.untuned = r.Score
	severity = r.tune(severity)
	r.Info = enrich.RuleInfo{
		ID: declared.ID.Value, Title: declared.Title.Value, Pack: p.Name.Value + "@" + p.Version.Value,
		Tables: values(declared.Tables), Guide: values(declared.Guide), Severity: severity, Mitre: values(declared.Mitre),
	}
	return r
}

// CompileRule compiles a rule for all its tables, in their order, as it runs where the context lacks nothing. It is nil when
// there are errors or the rule file lacks an expression; the problems may be warnings alone.
func (l *Language) CompileRule(p *rulefile.Pack, declared *rulefile.Rule) (*Rule, []*TableRule, diag.Problems) {
	if !declared.When.Present() {
		return nil, nil, nil // the rule file has been reported
	}
	r, used := newRule(p, declared), newUses()
	compiled, problems := l.inTables(r)
	for _, tr := range compiled {
		used.add(tr.Uses())
	}
	if complete := len(compiled) == len(declared.Tables); !complete {
		return nil, nil, problems
	}
	if problems = append(problems, r.checkNeeds(compiled)...); problems.HasErrors() {
		return nil, nil, problems
	}
	l.unused.rule(declared, used, compiled)
	r.Info.Revision = r.revision(l, used)
	r.noteNeeds(compiled)
	r.Info.Off = r.switched()
	return r, compiled, append(problems, r.drift(l, used)...)
}

// Fit returns the rule, which CompileRule has compiled for the tables, as it runs in the context: off when that lacks what it can't do without, else
// without the parts that need what is lacking, and with the keys that the context pins. What was compiled isn't changed.
func (r *Rule) Fit(compiled []*TableRule, known *event.Context) (*Rule, []*TableRule) {
	fitted := *r
	if fitted.Info.Off == "" {
		for _, tr := range compiled {
			if lacking := known.Lacks(tr.needs); lacking != "" {
				fitted.Info.Off = known.Why(lacking)
			}
		}
	}
	out := make([]*TableRule, len(compiled))
	for i, tr := range compiled {
		one := *tr
		if one.Rule = &fitted; fitted.Info.Off == "" {
			one.settle(known)
		}
		out[i] = &one
	}
	return &fitted, out
}

// inTables compiles the rule for each of its tables that there are and for which that works.
func (l *Language) inTables(r *Rule) (compiled []*TableRule, problems diag.Problems) {
	for _, name := range r.Declared.Tables {
		t, ok := l.tables[name.Value]
		if !ok {
			problems = append(problems, unknownTable(name))
			continue
		}
		if t.Untyped {
			problems = append(problems, untypedTable(name))
		}
		tr, found := r.compileFor(l, t)
		if problems = append(problems, found...); tr != nil {
			compiled = append(compiled, tr)
		}
	}
	return compiled, inAll(problems, len(r.Declared.Tables))
}

// UsesOf compiles the rule once more and returns what it uses in all its tables. The error is the problems of a rule that doesn't
// compile.
func (l *Language) UsesOf(r *Rule) (Uses, error) {
	used := newUses()
	compiled, problems := l.inTables(r)
	for _, tr := range compiled {
		used.add(tr.Uses())
	}
	if problems.HasErrors() {
		return used, problems
	}
	return used, nil
}

// compileFor compiles the rule for one table; nil when there are errors, or the rule file lacks an expression. What it
// finds may be warnings alone.
func (r *Rule) compileFor(l *Language, t *event.Table) (*TableRule, diag.Problems) {
	c, d := newCompiler(l, t), r.Declared
	out := &TableRule{Rule: r, Table: t}
	for _, let := range d.Let {
		if e := c.let(let); e != nil {
			out.Lets = append(out.Lets, Let{let.Name.Value, e})
		}
	}
	out.When = c.compile(whole(d.When), "`when`", types.BoolType)
	for i, a := range d.Adjust {
		s := Step{Number: i + 1, score: a.Score, hasScore: a.Score.Present(), Reason: a.Reason.Value, When: c.compile(whole(a.If), "`if`", types.BoolType)}
		s.severity, _ = enrich.ParseSeverity(a.Severity.Value) // absent or checked
		out.Adjust = append(out.Adjust, s)
	}
	out.FirstSeen = c.firstSeen(d.FirstSeen)
	out.Exceptions = c.exceptions(d)
	out.unfilled = c.unfilled
	if d.Message.Present() {
		out.Message = c.message(d.Message)
	}
	for _, o := range d.Objects {
		out.Objects = append(out.Objects, RiskObject{o.Type.Value, c.compile(whole(o.Value), "the value of an object", types.StringType)})
	}
	if c.incomplete || c.problems.HasErrors() {
		return nil, c.problems
	}
	out.settleNeeds()
	return out, c.problems
}

func (c *compiler) message(t diag.Text) (out []MessagePiece) {
	pieces, problems := parseMessage(t)
	c.problems = append(c.problems, problems...)
	for _, p := range pieces {
		if p.expr.expr == "" {
			out = append(out, MessagePiece{Fixed: p.fixed})
			continue
		}
		out = append(out, MessagePiece{Expr: c.compile(p.expr, "")})
	}
	return out
}

// tableNamed is the table that a rule names, nil for a name that is no table's. Of a table whose columns riskrelay doesn't know, rules
// can ask for event.column alone.
func tableNamed(name string, v *event.ViewTypes) *event.Table {
	if t, ok := event.NewTable(name, v); ok {
		return t
	}
	if strings.TrimSpace(name) == "" || wrongTable(name) != "" {
		return nil
	}
	return event.NewOpenTable(name, v)
}

// wrongTable says what is to be named in the place of a table, "" when the name may be right.
func wrongTable(name string) string {
	if t, ok := schema.Lookup(name); ok && t.Name != name {
		return fmt.Sprintf("name `%s`: its rules see the rows of `%s`, too", t.Name, name)
	}
	if schema.Exists(name) || schema.ChosenName(name) {
		return ""
	}
	if near := diag.Misspelt(name, schema.AllNames()); near != "" {
		return "did you mean `" + near + "`?"
	}
	return ""
}

// unknownTable is the error about a table that can't be meant.
func unknownTable(name diag.Text) diag.Problem {
	p := name.Problem(CodeTable, 0, 0, fmt.Sprintf("unknown table `%s`", name.Value))
	p.Suggestion = wrongTable(name.Value)
	return p
}

// untypedTable is the warning about a table whose columns nobody knows.
func untypedTable(name diag.Text) diag.Problem {
	p := name.Problem(CodeUntyped, 0, 0, fmt.Sprintf("riskrelay doesn't know the columns of `%s`: no mistake in them can be found", name.Value))
	p.Severity = diag.Warning
	p.Suggestion = "a column of such a table is event.column(\"NAME\")"
	return p
}
