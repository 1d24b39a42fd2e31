package rulefile

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/riskrelay/riskrelay/enrich/diag"
)

// TestShapesAreTheDecoders holds that the schema has the keys that the decoder reads, and no others: the decoder names
// them when it finds a key that it doesn't know.
func TestShapesAreTheDecoders(t *testing.T) {
	for name, pair := range map[string]struct {
		shape shape
		read  func(*decoder, *node)
	}{
		"file":     {packShape(), func(d *decoder, n *node) { d.pack(n) }},
		"metadata": {metadataShape(), func(d *decoder, n *node) { d.metadata(n, &Pack{}) }},
		"list":     {listOfTexts(), func(d *decoder, n *node) { d.list(n) }},
		"macro":    {macroShape(), func(d *decoder, n *node) { d.macro(n) }},
		"rule":     {ruleShape(), func(d *decoder, n *node) { d.rule(n) }},
		"adjust":   {adjustShape(), func(d *decoder, n *node) { d.adjust(n) }},
		"object":   {objectShape(celShape()), func(d *decoder, n *node) { d.object(n) }},
		"test":     {testShape(), func(d *decoder, n *node) { d.test(n) }},
		"want":     {wantShape(), func(d *decoder, n *node) { d.want(n) }},

		"first_seen": {firstSeenShape(), func(d *decoder, n *node) { d.firstSeen(n) }},
		"slot":       {slotShape(), func(d *decoder, n *node) { d.openedException(n) }},
		"tuning":     {tuningShape(), func(d *decoder, n *node) { d.tuning(n) }},
		"tuned rule": {tunedRuleShape(), func(d *decoder, n *node) { d.tunedRule(n) }},
		"tuned list": {tunedListShape(), func(d *decoder, n *node) { d.tunedList(n) }},
		"exception":  {exceptionShape(), func(d *decoder, n *node) { d.exception(n) }},
		"effect":     {effectShape(), func(d *decoder, n *node) { d.effect(n) }},
	} {
		known, needed := keysOf(pair.read)
		var want, wantNeeded []string
		for _, k := range pair.shape.keys {
			want = append(want, k.name)
			if k.need == required {
				wantNeeded = append(wantNeeded, k.name)
			}
			if k.doc == "" {
				t.Errorf("%s: %s has no description", name, k.name)
			}
		}
		slices.Sort(want)
		slices.Sort(wantNeeded)
		if !slices.Equal(known, want) {
			t.Errorf("%s: the decoder knows %v, the schema %v", name, known, want)
		}
		if !slices.Equal(needed, wantNeeded) {
			t.Errorf("%s: the decoder needs %v, the schema %v", name, needed, wantNeeded)
		}
	}
}

// keysOf has the decoder read a mapping with a key that nobody can mean, and takes the keys from what it says.
func keysOf(read func(*decoder, *node)) (known, needed []string) {
	nobody := diag.Text{Value: "zzzzzzzzzzzzzzzzzzzzzzzz", Pos: diag.Pos{Line: 1}}
	d := &decoder{source: diag.NewSource("x", "")}
	read(d, &node{kind: mapping, text: diag.Text{Pos: diag.Pos{Line: 1}}, pairs: []pair{{nobody, &node{}}}})
	for _, p := range d.problems {
		if list, ok := strings.CutPrefix(p.Suggestion, "known: "); ok {
			known = strings.Split(list, ", ")
		}
		if _, rest, ok := strings.Cut(p.Message, " needs the key `"); ok {
			needed = append(needed, strings.TrimSuffix(rest, "`"))
		}
	}
	slices.Sort(known)
	slices.Sort(needed)
	return known, needed
}

// compiledSchema is the schema, checked itself.
func compiledSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(JSONSchema()))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("rules.json", document); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("rules.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestSchemaJudgesTuning holds that the schema takes a tuning file for one, and finds what is wrong in it.
func TestSchemaJudgesTuning(t *testing.T) {
	s := compiledSchema(t)
	const good = `apiVersion: riskrelay/v1
kind: Tuning
metadata: {name: mine}
for: {pack: x, version: ">=1.0"}
rules:
  - id: my.rule
    base: 0123456789ab
    set: {severity: low, enabled: true}
    exceptions: {who: [{values: [a, [b, c]], reason: r, owner: o, expires: never, effect: {severity: info}}]}
lists: [{name: l, add: [x], remove: [y]}]
`
	for _, change := range []struct{ from, to string }{
		{"", ""},
		{"enabled: true", "enabled: maybe"},
		{"effect: {severity: info}", "effect: suppress"},
		{"effect: {severity: info}", "effect: hide"},
		{"expires: never, ", ""},
		{"lists: ", "rulez: "},
		{"set: ", "score: 5, set: "},
	} {
		text := strings.Replace(good, change.from, change.to, 1)
		var document any
		if err := yaml.Unmarshal([]byte(text), &document); err != nil {
			continue // not YAML at all
		}
		_, problems := ParseTuning("x.yaml", []byte(text))
		if err := s.Validate(document); (err == nil) != (len(problems) == 0) {
			t.Errorf("%q instead of %q: the parser says %v, the schema %v", change.to, change.from, problems, err)
		}
	}
}

// TestSchemaJudgesAsParse holds that schema and parser agree about files that differ in one thing.
func TestSchemaJudgesAsParse(t *testing.T) {
	s := compiledSchema(t)
	const good = `apiVersion: riskrelay/v1
kind: RulePack
metadata: {name: x, version: 1.0.0}
lists: [{name: l, items: [a]}]
macros: [{name: m, params: [p], expr: p in lists.l}]
rules:
  - id: my.rule
    title: t
    tables: [AuditLogs]
    let: {a: "1", b: true}
    when: true
    severity: low
    score: 10
    adjust: [{if: b, score: "+20", reason: r}, {if: b, score: 5, severity: high, reason: r}]
    objects: [{type: user, value: a}]
    mitre: [T1098.001, TA0003]
    tests: [{name: n, event: {Type: AuditLogs}, want: none}, {name: m, events: [], want: {score: 5}}]
`
	for _, change := range []struct{ from, to string }{
		{"", ""},
		{"severity: low", "severity: urgent"},
		{"severity: low", "severty: low"},
		{"score: 10", "score: 101"},
		{"score: 10", "score: ten"},
		{"tables: [AuditLogs]", "tables: AuditLogs"},
		{"tables: [AuditLogs]", "tables: []"},
		{"title: t", "title: 1"},
		{"id: my.rule", "id: rule"},
		{"id: my.rule", "id: My.Rule"},
		{"T1098.001", "T1"},
		{"want: none", "want: nothing"},
		{`score: "+20"`, `score: "20"`},
		{"kind: RulePack", "kind: Pack"},
		{"{name: l, items: [a]}", "{name: l}"},
		{"when: true", "when: [true]"},
		{"{name: l, items: [a]}", "{name: l, file: a.csv, column: x}"},
		{"{name: l, items: [a]}", "{name: l, items: [a], file: a.txt}"},
		{"params: [p]", "params: [{name: p, type: string}]"},
		{"params: [p]", "params: [{name: p}]"},
		{"score: 10", "first_seen: {key: [a], window: 30d, else: {severity: low}}"},
		{"score: 10", "first_seen: {key: [], window: 30d, else: {severity: low}}"},
		{"score: 10", "exceptions: [{name: who, fields: [a], values: [[x], [[y, z]]]}]"},
		{"score: 10", "exceptions: [{name: who}]"},
		{"score: 10", "on_error: drop"},
		{"event: {Type: AuditLogs}, want", "event: {}, events: [], want"},
	} {
		text := strings.Replace(good, change.from, change.to, 1)
		var document any
		if err := yaml.Unmarshal([]byte(text), &document); err != nil {
			t.Fatal(err)
		}
		_, problems := Parse("x.yaml", []byte(text))
		if err := s.Validate(document); (err == nil) != (len(problems) == 0) {
			t.Errorf("%q instead of %q: the parser says %v, the schema %v", change.to, change.from, problems, err)
		}
	}
}
