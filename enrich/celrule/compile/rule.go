package compile

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/google/cel-go/common/types"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/celrule/event"
	"github.com/riskrelay/riskrelay/enrich/rulefile"
	"github.com/riskrelay/riskrelay/enrich/schema"
)

// Rule is a rule with what all its tables share.
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

	unfilled []*Expression // fields of slots without values, which never run

	FirstSeen  *firstSeen  // nil when the rule has none
	Exceptions []Exception // those with values
	LeftOut    []string    // adjust steps and slots that lack something of the context, each with what it lacks
}

type Let struct {
	Name string
	*Expression
}

// Step is an adjust step.
type Step struct {
	Number   int // in the rule file, counted from 1
	When     *Expression
	severity enrich.Severity // 0 leaves it
	score    rulefile.Score
	hasScore bool
	Reason   string
	needs    []string // parts of the context without which the step is passed over
}

// Apply makes the step's changes. A step that changes only the severity takes the score along, by as much as the two
// severities' usual scores are apart.
func (s *Step) Apply(tag *enrich.Tag) {
	if s.severity != 0 {
		if !s.hasScore {
			tag.Score += defaultScore(s.severity) - defaultScore(tag.Severity)
		}
		tag.Severity = s.severity
	}
	switch {
	case s.hasScore && s.score.Relative:
		tag.Score += s.score.Points
	case s.hasScore:
		tag.Score = s.score.Points
	}
	tag.Score = max(0, min(100, tag.Score))
	tag.Reasons = append(tag.Reasons, s.Reason)
}

type MessagePiece struct {
	Fixed string
	Expr  *Expression // nil in fixed text
}

type RiskObject struct {
	Type  string
	Value *Expression
}

// defaultScore is the score of a rule that names none.
func defaultScore(s enrich.Severity) int {
	return map[enrich.Severity]int{enrich.Info: 5, enrich.Low: 20, enrich.Medium: 40, enrich.High: 70, enrich.Critical: 90}[s]
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

func values(texts []rulefile.Text) []string {
	var out []string
	for _, t := range texts {
		out = append(out, t.Value)
	}
	return out
}

// CompileRule compiles a rule for all its tables, in their order. It is nil when there are errors or the rule file lacks an
// expression; the problems may be warnings alone. What known lacks is noted in the rule: it is off, or does without some of
// its parts.
func (l *Language) CompileRule(p *rulefile.Pack, declared *rulefile.Rule, known *event.Context) (*Rule, []*TableRule, rulefile.Problems) {
	if !declared.When.Present() {
		return nil, nil, nil // the rule file has been reported
	}
	r, used := newRule(p, declared), newUses()
	compiled, problems := l.inTables(r)
	for _, tr := range compiled {
		used.add(tr.Uses())
		if lacking := known.Lacks(tr.needs); lacking != "" {
			r.Info.Off = known.Why(lacking)
		}
	}
	if complete := len(compiled) == len(declared.Tables); !complete {
		return nil, nil, problems
	}
	if problems = append(problems, r.checkNeeds(compiled)...); problems.HasErrors() {
		return nil, nil, problems
	}
	l.idle.rule(declared, used, compiled)
	r.Info.Revision = r.revision(l, used)
	r.noteNeeds(compiled)
	r.Info.Off = cmp.Or(r.switched(), r.Info.Off)
	for _, tr := range compiled {
		if r.Info.Off == "" {
			tr.settle(known)
		}
	}
	return r, compiled, append(problems, r.drift(l, used)...)
}

// inTables compiles the rule for each of its tables that there are and for which that works.
func (l *Language) inTables(r *Rule) (compiled []*TableRule, problems rulefile.Problems) {
	for _, name := range r.Declared.Tables {
		t, ok := l.tables[name.Value]
		if !ok {
			problems = append(problems, unknownTable(name))
			continue
		}
		tr, found := r.compileFor(l, t)
		if problems = append(problems, found...); tr != nil {
			compiled = append(compiled, tr)
		}
	}
	return compiled, problems
}

// UsesOf is what the rule, which was compiled before, uses in its tables.
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

func unknownTable(name rulefile.Text) rulefile.Problem {
	p := name.Problem(CodeTable, 0, 0, fmt.Sprintf("unknown table `%s`", name.Value))
	var known []string
	for _, t := range schema.Tables() {
		known = append(known, t.Name)
	}
	if p.Suggestion = didYouMean(name.Value, known); p.Suggestion == "" {
		p.Suggestion = "known: " + strings.Join(known, ", ") + "; the name of a custom table ends with " + event.CustomSuffix
	}
	return p
}

// settle leaves out the adjust steps and exceptions for which known lacks something, and takes over the keys of first_seen that
// it pins.
func (r *TableRule) settle(known *event.Context) {
	r.Adjust = slices.DeleteFunc(r.Adjust, func(st Step) bool { return r.leavesOut(AdjustKey(st.Number), known.Why(known.Lacks(st.needs))) })
	r.Exceptions = slices.DeleteFunc(r.Exceptions, func(x Exception) bool { return r.leavesOut(ExceptionKey(x.Name), known.Why(known.Lacks(x.needs))) })
	if r.FirstSeen != nil {
		r.FirstSeen.Pinned = pin(known.Seen[r.Info.ID])
	}
}

// AdjustKey and exceptionKey are how people are told of a part of a rule.
func AdjustKey(number int) string { return fmt.Sprintf("adjust %d", number) }

func ExceptionKey(name string) string { return "exception " + name }

// leavesOut notes that a part of the rule lacks something of the context, and reports it.
func (r *TableRule) leavesOut(part, reason string) bool {
	if reason == "" {
		return false
	}
	r.LeftOut = append(r.LeftOut, part+" "+reason)
	return true
}

// compileFor compiles the rule for one table; nil when there are errors, or the rule file lacks an expression. What it
// finds may be warnings alone.
func (r *Rule) compileFor(l *Language, t *event.Table) (*TableRule, rulefile.Problems) {
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

func (c *compiler) message(t rulefile.Text) (out []MessagePiece) {
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

// expressions are those without which a match can't be told: all but the lets and the adjust steps.
func (r *TableRule) expressions() []*Expression {
	out := []*Expression{r.When}
	for _, p := range r.Message {
		if p.Expr != nil {
			out = append(out, p.Expr)
		}
	}
	for _, o := range r.Objects {
		out = append(out, o.Value)
	}
	return out
}

// Through are the uses of the expressions and of the lets that they use.
func (r *TableRule) Through(expressions ...*Expression) Uses {
	u := newUses()
	for _, e := range expressions {
		u.add(e.uses)
	}
	for i := len(r.Lets) - 1; i >= 0; i-- { // a let uses only those before it
		if u.Lets[r.Lets[i].Name] {
			u.add(r.Lets[i].uses)
		}
	}
	return u
}

// Uses are the uses of the whole rule.
func (r *TableRule) Uses() Uses {
	all := r.expressions()
	for _, s := range r.Adjust {
		all = append(all, s.When)
	}
	u := r.Through(append(all, r.stateful()...)...)
	if r.FirstSeen != nil {
		u.Columns[timeColumn] = true
	}
	return u
}

// timeColumn is the column with the time of an event, which first_seen looks at.
const timeColumn = "TimeGenerated"

func (r *TableRule) settleNeeds() {
	needs := r.Through(r.expressions()...).Needs
	for _, named := range r.Declared.Needs {
		needs[named.Value] = true
	}
	r.needs = names(needs)
	for i := range r.Adjust {
		r.Adjust[i].needs = names(r.Through(r.Adjust[i].When).Needs)
	}
	for i := range r.Exceptions {
		r.Exceptions[i].needs = names(r.Through(r.Exceptions[i].Fields...).Needs)
	}
}

// noteNeeds notes what the rule needs of the context in any of its tables.
func (r *Rule) noteNeeds(compiled []*TableRule) {
	needs, optional := map[string]bool{}, map[string]bool{}
	for _, tr := range compiled {
		for _, need := range tr.needs {
			needs[need] = true
		}
		for _, step := range tr.Adjust {
			for _, need := range step.needs {
				optional[need] = true
			}
		}
	}
	maps.DeleteFunc(optional, func(need string, _ bool) bool { return needs[need] })
	r.Required, r.Optional = names(needs), names(optional)
}

// revisionLength is enough to tell the revisions of a rule apart.
const revisionLength = 12

// revised is a part of a rule that decides about matches: the texts of its keys, or a let, list or macro.
type revised struct {
	name  string // when, adjust, let.NAME, lists.NAME, macros.NAME, ...
	texts []string
}

// revision is a hash of everything in the rule files that decides about a match: expressions, tables, severity, score,
// and the lists and macros that are used. Titles, texts and tests may change without another revision; so may the files
// of lists, and what tuning files say.
func (r *Rule) revision(l *Language, u Uses) string {
	var all []string
	for _, part := range r.revised(l, u) {
		all = append(all, part.texts...)
	}
	return fingerprint(all)[:revisionLength]
}

func fingerprint(texts []string) string {
	hash := sha256.New()
	for _, t := range texts {
		hash.Write(fmt.Appendf(nil, "%q\n", strings.Join(strings.Fields(t), " ")))
	}
	return hex.EncodeToString(hash.Sum(nil))
}

// revised are the parts of the rule. Those that it doesn't have are left out.
func (r *Rule) revised(l *Language, u Uses) (parts []revised) {
	d := r.Declared
	add := func(name string, texts ...string) {
		if len(texts) > 0 {
			parts = append(parts, revised{name, texts})
		}
	}
	add("when", "when", d.When.Value)
	add("severity", "severity", d.Severity.Value, "score", strconv.Itoa(r.untuned))
	add("tables", append([]string{"tables"}, sorted(values(d.Tables))...)...)
	for _, let := range d.Let {
		add("let."+let.Name.Value, "let", let.Name.Value, let.Expr.Value)
	}
	var steps, objects []string
	for _, a := range d.Adjust {
		steps = append(steps, "adjust", a.If.Value, a.Severity.Value, a.Score.Value)
	}
	for _, o := range d.Objects {
		objects = append(objects, "object", o.Type.Value, o.Value.Value)
	}
	add("adjust", steps...)
	add("objects", objects...)
	for _, name := range names(u.Macros) {
		m := l.macros.byName[name]
		add("macros."+name, append([]string{"macro", name, m.declared.Expr.Value}, m.signature()...)...)
	}
	for _, name := range names(u.Lists) {
		set := untunedList(l.declared[name])
		add("lists."+name, append([]string{"list", name, strconv.FormatBool(set.Folded)}, set.Keys()...)...)
	}
	add("first_seen", firstSeenTexts(d.FirstSeen)...)
	add("exceptions", slotTexts(d.Exceptions)...)
	return parts
}

func sorted(texts []string) []string {
	slices.Sort(texts)
	return texts
}
