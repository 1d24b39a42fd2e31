package celrule

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
	"github.com/riskrelay/riskrelay/enrich/rulefile"
	"github.com/riskrelay/riskrelay/enrich/schema"
)

// rule is a rule with what all its tables share.
type rule struct {
	info     enrich.RuleInfo
	score    int
	untuned  int // score without tuning
	declared *rulefile.Rule

	required []string // parts of the context without which the rule is off
	optional []string // parts without which only adjust steps are left out
}

// tableRule is a rule compiled for one table.
type tableRule struct {
	*rule
	table   *table
	lets    []letExpression
	when    *expression
	adjust  []step
	message []messagePiece
	objects []riskObject
	needs   []string // parts of the context without which the rule can't run

	unfilled []*expression // fields of slots without values, which never run

	firstSeen  *firstSeen // nil when the rule has none
	exceptions []slot     // those with values
	leftOut    []string   // adjust steps and slots that lack something of the context, each with what it lacks
}

type letExpression struct {
	name string
	*expression
}

// step is an adjust step.
type step struct {
	number   int // in the rule file, counted from 1
	when     *expression
	severity enrich.Severity // 0 leaves it
	score    rulefile.Score
	hasScore bool
	reason   string
	needs    []string // parts of the context without which the step is passed over
}

// apply makes the step's changes. A step that changes only the severity takes the score along, by as much as the two
// severities' usual scores are apart.
func (s *step) apply(tag *enrich.Tag) {
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
	tag.Reasons = append(tag.Reasons, s.reason)
}

type messagePiece struct {
	fixed string
	expr  *expression // nil in fixed text
}

type riskObject struct {
	typ   string
	value *expression
}

// defaultScore is the score of a rule that names none.
func defaultScore(s enrich.Severity) int {
	return map[enrich.Severity]int{enrich.Info: 5, enrich.Low: 20, enrich.Medium: 40, enrich.High: 70, enrich.Critical: 90}[s]
}

func newRule(p *rulefile.Pack, declared *rulefile.Rule) *rule {
	severity, _ := enrich.ParseSeverity(declared.Severity.Value) // the rule file was checked
	r := &rule{declared: declared, score: defaultScore(severity)}
	if declared.Score.Present() {
		r.score = declared.Score.Points
	}
	r.untuned = r.score
	severity = r.tune(severity)
	r.info = enrich.RuleInfo{
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

// rule compiles a rule for all its tables, in their order. It is nil when there are errors or the rule file lacks an
// expression; the problems may be warnings alone. What known lacks is noted in the rule: it is off, or does without some of
// its parts.
func (l *language) rule(p *rulefile.Pack, declared *rulefile.Rule, known *surroundings) (*rule, []*tableRule, rulefile.Problems) {
	if !declared.When.Present() {
		return nil, nil, nil // the rule file has been reported
	}
	r, used := newRule(p, declared), newUses()
	compiled, problems := l.inTables(r)
	for _, tr := range compiled {
		used.add(tr.all())
		if lacking := known.lacks(tr.needs); lacking != "" {
			r.info.Off = known.needs(lacking)
		}
	}
	if complete := len(compiled) == len(declared.Tables); !complete {
		return nil, nil, problems
	}
	if problems = append(problems, r.checkNeeds(compiled)...); problems.HasErrors() {
		return nil, nil, problems
	}
	l.idle.rule(declared, used, compiled)
	r.info.Revision = r.revision(l, used)
	r.noteNeeds(compiled)
	r.info.Off = cmp.Or(r.switched(), r.info.Off)
	for _, tr := range compiled {
		if r.info.Off == "" {
			tr.settle(known)
		}
	}
	return r, compiled, append(problems, r.drift(l, used)...)
}

// inTables compiles the rule for each of its tables that there are and for which that works.
func (l *language) inTables(r *rule) (compiled []*tableRule, problems rulefile.Problems) {
	for _, name := range r.declared.Tables {
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

// usesOf is what the rule, which was compiled before, uses in its tables.
func (l *language) usesOf(r *rule) (uses, error) {
	used := newUses()
	compiled, problems := l.inTables(r)
	for _, tr := range compiled {
		used.add(tr.all())
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
		p.Suggestion = "known: " + strings.Join(known, ", ") + "; the name of a custom table ends with " + customSuffix
	}
	return p
}

// settle leaves out the adjust steps and exceptions for which known lacks something, and takes over the keys of first_seen that
// it pins.
func (r *tableRule) settle(known *surroundings) {
	r.adjust = slices.DeleteFunc(r.adjust, func(st step) bool { return r.leavesOut(adjustKey(st.number), known.needs(known.lacks(st.needs))) })
	r.exceptions = slices.DeleteFunc(r.exceptions, func(x slot) bool { return r.leavesOut(exceptionKey(x.name), known.needs(known.lacks(x.needs))) })
	if r.firstSeen != nil {
		r.firstSeen.pinned = pin(known.seen[r.info.ID])
	}
}

// adjustKey and exceptionKey are how people are told of a part of a rule.
func adjustKey(number int) string { return fmt.Sprintf("adjust %d", number) }

func exceptionKey(name string) string { return "exception " + name }

// leavesOut notes that a part of the rule lacks something of the context, and reports it.
func (r *tableRule) leavesOut(part, reason string) bool {
	if reason == "" {
		return false
	}
	r.leftOut = append(r.leftOut, part+" "+reason)
	return true
}

// compileFor compiles the rule for one table; nil when there are errors, or the rule file lacks an expression. What it
// finds may be warnings alone.
func (r *rule) compileFor(l *language, t *table) (*tableRule, rulefile.Problems) {
	c, d := newCompiler(l, t), r.declared
	out := &tableRule{rule: r, table: t}
	for _, let := range d.Let {
		if e := c.let(let); e != nil {
			out.lets = append(out.lets, letExpression{let.Name.Value, e})
		}
	}
	out.when = c.compile(whole(d.When), "`when`", types.BoolType)
	for i, a := range d.Adjust {
		s := step{number: i + 1, score: a.Score, hasScore: a.Score.Present(), reason: a.Reason.Value, when: c.compile(whole(a.If), "`if`", types.BoolType)}
		s.severity, _ = enrich.ParseSeverity(a.Severity.Value) // absent or checked
		out.adjust = append(out.adjust, s)
	}
	out.firstSeen = c.firstSeen(d.FirstSeen)
	out.exceptions = c.exceptions(d)
	out.unfilled = c.unfilled
	if d.Message.Present() {
		out.message = c.message(d.Message)
	}
	for _, o := range d.Objects {
		out.objects = append(out.objects, riskObject{o.Type.Value, c.compile(whole(o.Value), "the value of an object", types.StringType)})
	}
	if c.incomplete || c.problems.HasErrors() {
		return nil, c.problems
	}
	out.settleNeeds()
	return out, c.problems
}

func (c *compiler) message(t rulefile.Text) (out []messagePiece) {
	pieces, problems := parseMessage(t)
	c.problems = append(c.problems, problems...)
	for _, p := range pieces {
		if p.expr.expr == "" {
			out = append(out, messagePiece{fixed: p.fixed})
			continue
		}
		out = append(out, messagePiece{expr: c.compile(p.expr, "")})
	}
	return out
}

// expressions are those without which a match can't be told: all but the lets and the adjust steps.
func (r *tableRule) expressions() []*expression {
	out := []*expression{r.when}
	for _, p := range r.message {
		if p.expr != nil {
			out = append(out, p.expr)
		}
	}
	for _, o := range r.objects {
		out = append(out, o.value)
	}
	return out
}

// through are the uses of the expressions and of the lets that they use.
func (r *tableRule) through(expressions ...*expression) uses {
	u := newUses()
	for _, e := range expressions {
		u.add(e.uses)
	}
	for i := len(r.lets) - 1; i >= 0; i-- { // a let uses only those before it
		if u.lets[r.lets[i].name] {
			u.add(r.lets[i].uses)
		}
	}
	return u
}

// all are the uses of the whole rule.
func (r *tableRule) all() uses {
	all := r.expressions()
	for _, s := range r.adjust {
		all = append(all, s.when)
	}
	u := r.through(append(all, r.stateful()...)...)
	if r.firstSeen != nil {
		u.columns[timeColumn] = true
	}
	return u
}

// timeColumn is the column with the time of an event, which first_seen looks at.
const timeColumn = "TimeGenerated"

func (r *tableRule) settleNeeds() {
	needs := r.through(r.expressions()...).needs
	for _, named := range r.declared.Needs {
		needs[named.Value] = true
	}
	r.needs = names(needs)
	for i := range r.adjust {
		r.adjust[i].needs = names(r.through(r.adjust[i].when).needs)
	}
	for i := range r.exceptions {
		r.exceptions[i].needs = names(r.through(r.exceptions[i].fields...).needs)
	}
}

// noteNeeds notes what the rule needs of the context in any of its tables.
func (r *rule) noteNeeds(compiled []*tableRule) {
	needs, optional := map[string]bool{}, map[string]bool{}
	for _, tr := range compiled {
		for _, need := range tr.needs {
			needs[need] = true
		}
		for _, step := range tr.adjust {
			for _, need := range step.needs {
				optional[need] = true
			}
		}
	}
	maps.DeleteFunc(optional, func(need string, _ bool) bool { return needs[need] })
	r.required, r.optional = names(needs), names(optional)
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
func (r *rule) revision(l *language, u uses) string {
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
func (r *rule) revised(l *language, u uses) (parts []revised) {
	d := r.declared
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
	for _, name := range names(u.macros) {
		m := l.macros.byName[name]
		add("macros."+name, append([]string{"macro", name, m.declared.Expr.Value}, m.signature()...)...)
	}
	for _, name := range names(u.lists) {
		set := untunedList(l.declared[name])
		add("lists."+name, append([]string{"list", name, strconv.FormatBool(set.fold)}, set.keys()...)...)
	}
	add("first_seen", firstSeenTexts(d.FirstSeen)...)
	add("exceptions", slotTexts(d.Exceptions)...)
	return parts
}

func sorted(texts []string) []string {
	slices.Sort(texts)
	return texts
}
