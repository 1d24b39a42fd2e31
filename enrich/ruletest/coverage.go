package ruletest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/diag"
	"github.com/riskrelay/riskrelay/enrich/rulefile"
)

// Coverage says which branches of the conditions of rules their tests reach.
type Coverage struct {
	Branches int            `json:"branches"` // of whole conditions, two each
	Covered  int            `json:"covered"`
	Percent  float64        `json:"percent"` // of branches, 100 when there are none
	Rules    []RuleCoverage `json:"rules"`
	Guide    []GuideRow     `json:"guide,omitempty"`

	places map[string]int // of rules in Rules
}

// RuleCoverage is the coverage of one rule.
type RuleCoverage struct {
	Rule       string   `json:"rule"`
	Pos        diag.Pos `json:"pos"` // of the id
	Guide      []string `json:"guide,omitempty"`
	Firing     int      `json:"firing"`        // tests that want a match
	Silent     int      `json:"silent"`        // tests that want none
	Off        string   `json:"off,omitempty"` // why the rule doesn't run without a context
	Conditions []Branch `json:"conditions"`
}

// Branch is how often a condition was true and false in tests.
type Branch struct {
	Key      string   `json:"key,omitempty"` // "when", "adjust 2"; "" for an operand
	Text     string   `json:"text"`
	Pos      diag.Pos `json:"pos,omitzero"` // of a whole condition
	Guide    []string `json:"guide,omitempty"`
	True     int      `json:"true"`
	False    int      `json:"false"`              // for when: or ended at a field that isn't there
	Operands []Branch `json:"operands,omitempty"` // of the outermost && or ||
}

// Cover runs the tests as Run does and looks at every condition on the way. Rows are the rows of a guide to count
// rules for; those that rules name besides follow them. The module must be an [enrich.Explainer].
func Cover(ctx context.Context, o Options, rows []string) (*Coverage, *Report, error) {
	if _, ok := o.New().(enrich.Explainer); !ok {
		return nil, nil, errors.New("measure coverage: the module can't explain its decisions")
	}
	c := &Coverage{places: map[string]int{}}
	r := &runner{options: o, report: &Report{}, covered: c}
	if err := r.all(ctx); err != nil {
		return nil, nil, err
	}
	if err := c.without(ctx, o); err != nil {
		return nil, nil, err
	}
	c.count(rows)
	return c, r.report, nil
}

// declare makes room for a rule's conditions, so that those that no test reaches are there, too.
func (c *Coverage) declare(rule rulefile.Rule) {
	out := RuleCoverage{Rule: rule.ID.Value, Pos: rule.ID.Pos, Guide: values(rule.Guide)}
	for _, t := range rule.Tests {
		if t.Want.None {
			out.Silent++
		} else {
			out.Firing++
		}
	}
	oneLine := func(t diag.Text) string { return strings.Join(strings.Fields(t.Value), " ") }
	out.Conditions = append(out.Conditions, Branch{Key: "when", Text: oneLine(rule.When), Pos: rule.When.Pos})
	for i, a := range rule.Adjust {
		out.Conditions = append(out.Conditions, Branch{Key: fmt.Sprintf("adjust %d", i+1), Text: oneLine(a.If), Pos: a.If.Pos, Guide: values(a.Guide)})
	}
	if _, known := c.places[out.Rule]; !known {
		c.places[out.Rule] = len(c.Rules)
	}
	c.Rules = append(c.Rules, out)
}

// without asks which rules are off where nothing of the context is configured.
func (c *Coverage) without(ctx context.Context, o Options) error {
	module := o.New()
	if module.Configure(ctx, enrich.Config{Files: o.Files}) != nil {
		return nil // the report has the problems
	}
	about, err := module.Describe(ctx)
	if err != nil {
		return fmt.Errorf("ask which rules are off: %w", err)
	}
	for _, info := range about.Rules {
		if i, known := c.places[info.ID]; known {
			c.Rules[i].Off = info.Off
		}
	}
	return nil
}

// note adds what one row of a test made of the rule's conditions.
func (c *Coverage) note(x *enrich.Explanation) {
	i, known := c.places[x.Rule]
	if !known || x.When == nil {
		return
	}
	rule := &c.Rules[i]
	when := *x.When
	if when.Result == enrich.ResultError && x.Outcome == enrich.OutcomeNoMatch {
		when.Result = enrich.ResultFalse // a field that isn't there
	}
	for _, condition := range append([]enrich.Condition{when}, x.Adjust...) {
		if at := slices.IndexFunc(rule.Conditions, func(b Branch) bool { return b.Key == condition.Key }); at >= 0 {
			rule.Conditions[at].add(condition)
		}
	}
}

func (b *Branch) add(c enrich.Condition) {
	switch c.Result {
	case enrich.ResultTrue:
		b.True++
	case enrich.ResultFalse:
		b.False++
	}
	if c.Key == "" || c.Op != "&&" && c.Op != "||" {
		return
	}
	for _, part := range c.Parts {
		at := slices.IndexFunc(b.Operands, func(o Branch) bool { return o.Text == part.Text })
		if at < 0 {
			at, b.Operands = len(b.Operands), append(b.Operands, Branch{Text: part.Text})
		}
		b.Operands[at].add(part)
	}
}

// lacks names the branches that weren't reached.
func (b *Branch) lacks() (missing []string) {
	if b.True == 0 {
		missing = append(missing, "true")
	}
	if b.False == 0 {
		missing = append(missing, "false")
	}
	return missing
}

// count sums up the branches and the rows of the guide.
func (c *Coverage) count(rows []string) {
	for _, r := range c.Rules {
		for i := range r.Conditions {
			c.Branches += 2
			c.Covered += 2 - len(r.Conditions[i].lacks())
		}
	}
	c.Guide = guideRows(c.Rules, rows)
	c.Percent = 100
	if c.Branches > 0 {
		c.Percent = 100 * float64(c.Covered) / float64(c.Branches)
	}
}

// WriteJSON writes the coverage as one JSON object.
func (c *Coverage) WriteJSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	if err := e.Encode(c); err != nil {
		return fmt.Errorf("write the coverage: %w", err)
	}
	return nil
}

// WriteText writes the coverage for people: the branches that no test reaches, the rows of the guide, and a last line
// with the sum. With verbose, operands of && and || are listed as well.
func (c *Coverage) WriteText(w io.Writer, verbose bool) error {
	var b strings.Builder
	for _, r := range c.Rules {
		for i := range r.Conditions {
			r.Conditions[i].write(&b, r.Rule, verbose)
		}
	}
	if len(c.Guide) > 0 {
		fmt.Fprintf(&b, "%-48s %6s %6s %6s\n", "ROW OF THE GUIDE", "RULES", "FIRING", "SILENT")
	}
	for _, g := range c.Guide {
		fmt.Fprintf(&b, "%-48s %6d %6d %6d\n", g.Row, len(g.Rules), g.Firing, g.Silent)
	}
	fmt.Fprintf(&b, "%s: %d of %d branches covered, %.1f %%\n", diag.Count(len(c.Rules), "rule"), c.Covered, c.Branches, c.Percent)
	if _, err := io.WriteString(w, b.String()); err != nil {
		return fmt.Errorf("write the coverage: %w", err)
	}
	return nil
}

func (b *Branch) write(out *strings.Builder, rule string, verbose bool) {
	if missing := b.lacks(); len(missing) > 0 {
		fmt.Fprintf(out, "%s: %s: %s is never %s: %s\n", b.Pos, rule, b.Key, strings.Join(missing, " or "), b.Text)
	}
	if !verbose {
		return
	}
	for i := range b.Operands {
		if missing := b.Operands[i].lacks(); len(missing) > 0 {
			fmt.Fprintf(out, "%s: %s: in %s, this is never %s: %s\n", b.Pos, rule, b.Key, strings.Join(missing, " or "), b.Operands[i].Text)
		}
	}
}
