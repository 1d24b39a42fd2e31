package view

import (
	"regexp"
	"strings"
	"time"

	"github.com/riskrelay/riskrelay/enrich/celrule"
	"github.com/riskrelay/riskrelay/enrich/diag"
	"github.com/riskrelay/riskrelay/enrich/rulefile"
	"github.com/riskrelay/riskrelay/rules"
)

// Rule is all that there is to say of a rule, as data; Text is it for people.
type Rule struct {
	celrule.Detail
	Description    string       `json:"description,omitempty"`
	ReplacedBy     string       `json:"replaced_by,omitempty"`
	File           string       `json:"file"` // FILE:LINE:COLUMN
	Rows           []GuideRow   `json:"guide_rows,omitempty"`
	Techniques     []Technique  `json:"techniques,omitempty"`
	Let            []Let        `json:"let,omitempty"`
	When           string       `json:"when"`
	Adjust         []AdjustStep `json:"adjust,omitempty"`
	FirstSeen      *FirstSeen   `json:"first_seen,omitempty"`
	Exceptions     []Exception  `json:"exceptions,omitempty"`
	Tuning         []Tuning     `json:"tuning,omitempty"`
	Message        string       `json:"message,omitempty"`
	Objects        []Object     `json:"objects,omitempty"`
	FalsePositives []string     `json:"falsepositives,omitempty"`
	Runbook        []string     `json:"runbook,omitempty"` // the steps without their numbers
	References     []string     `json:"references,omitempty"`
	Tests          []Test       `json:"tests"`
}

// GuideRow is a row of Microsoft's guide; of one that isn't in it, the name is all there is.
type GuideRow struct {
	Row     string `json:"row"`
	Section string `json:"section,omitempty"`
	Title   string `json:"title,omitempty"`
	Risk    string `json:"risk,omitempty"`
	Where   string `json:"where,omitempty"`
}

// Technique is a technique or tactic of MITRE ATT&CK.
type Technique struct {
	ID   string `json:"id"`
	Name string `json:"name,omitempty"`
	URL  string `json:"url"`
}

// Let is a variable of the rule.
type Let struct {
	Name string `json:"name"`
	Expr string `json:"expr"`
}

// AdjustStep changes the severity and score of a match.
type AdjustStep struct {
	If       string `json:"if"`
	Severity string `json:"severity,omitempty"`
	Score    string `json:"score,omitempty"` // "+10" is added, "10" is set
	Reason   string `json:"reason"`

	Rows []GuideRow `json:"guide_rows,omitempty"` // notes of the guide that the step implements
}

// FirstSeen is by which values a match is new.
type FirstSeen struct {
	Key      []string `json:"key"`
	Within   string   `json:"within"`             // "30d"
	Severity string   `json:"severity,omitempty"` // of what was seen before
	Score    string   `json:"score,omitempty"`
}

// Exception is an exception that the rule opens. Values are the author's: for each exception and field the texts that fit.
type Exception struct {
	Name   string       `json:"name"`
	Doc    string       `json:"doc,omitempty"`
	Fields []string     `json:"fields"`
	Values [][][]string `json:"values,omitempty"`
}

// Tuning is one thing that a tuning file says of the rule.
type Tuning struct {
	What   string     `json:"what"`            // severity, score, enabled, or the exception's name
	Value  string     `json:"value,omitempty"` // of severity, score and enabled
	Was    string     `json:"was,omitempty"`   // what the rule file says
	Values [][]string `json:"values,omitempty"`
	Effect string     `json:"effect,omitempty"` // of an exception
	By     string     `json:"by"`               // the tuning's name
	At     string     `json:"at"`               // FILE:LINE:COLUMN
	Why    string     `json:"why,omitempty"`
	Owner  string     `json:"owner,omitempty"`
	Ticket string     `json:"ticket,omitempty"`
	Until  string     `json:"until,omitempty"` // RFC 3339; "" for ever
	Ended  bool       `json:"ended,omitempty"`
}

// Object is a risk object of a match.
type Object struct {
	Type  string `json:"type"`
	Value string `json:"value"`
}

// Test is a test of the rule.
type Test struct {
	Name string `json:"name"`
	Want string `json:"want"` // "match" or "none"
}

// NewRule returns the page of a rule; now is what exceptions end by. The error says that the lists of the guide's rows and of
// techniques, which are part of the program, can't be read.
func NewRule(d celrule.Detail, now time.Time) (*Rule, error) {
	r := d.Declared
	p := &Rule{
		Detail: d, Description: strings.TrimSpace(r.Description.Value), ReplacedBy: r.ReplacedBy.Value, File: r.ID.Pos.String(),
		When: r.When.Value, Tuning: tuningOf(r, now), Message: r.Message.Value, FalsePositives: texts(r.FalsePositives),
		Runbook: runbookSteps(r.Runbook.Value), References: texts(r.References), Tests: []Test{},
	}
	for _, let := range r.Let {
		p.Let = append(p.Let, Let{let.Name.Value, let.Expr.Value})
	}
	for _, a := range r.Adjust {
		p.Adjust = append(p.Adjust, AdjustStep{
			If: a.If.Value, Severity: a.Severity.Value, Score: a.Score.Value, Reason: a.Reason.Value, Rows: namedRows(texts(a.Guide)),
		})
	}
	if f := r.FirstSeen; f != nil {
		p.FirstSeen = &FirstSeen{texts(f.Key), celrule.Days(f.Window), f.Severity.Value, f.Score.Value}
	}
	for i := range r.Exceptions {
		p.Exceptions = append(p.Exceptions, exceptionOf(&r.Exceptions[i]))
	}
	for _, o := range r.Objects {
		p.Objects = append(p.Objects, Object{o.Type.Value, o.Value.Value})
	}
	for _, t := range r.Tests {
		want := "match"
		if t.Want.None {
			want = "none"
		}
		p.Tests = append(p.Tests, Test{t.Name.Value, want})
	}
	return p, p.lookUp()
}

// namedRows are rows of which the names are all that is known.
func namedRows(slugs []string) (rows []GuideRow) {
	for _, slug := range slugs {
		rows = append(rows, GuideRow{Row: slug})
	}
	return rows
}

// describe adds what the guide says of the rows.
func describe(rows []GuideRow, guide []rules.Row) {
	for i := range rows {
		for _, g := range guide {
			if g.Slug == rows[i].Row {
				rows[i] = GuideRow{g.Slug, g.Section, g.Title, g.Risk, g.Where}
			}
		}
	}
}

// lookUp adds what the guide and ATT&CK call the rule's rows and techniques.
func (p *Rule) lookUp() error {
	guide, err := rules.Guide(rules.FS)
	if err != nil {
		return err
	}
	p.Rows = namedRows(p.Guide)
	for i := range p.Adjust {
		describe(p.Adjust[i].Rows, guide)
	}
	describe(p.Rows, guide)
	names, err := rules.Techniques()
	if err != nil {
		return err
	}
	for _, id := range p.Mitre {
		p.Techniques = append(p.Techniques, Technique{id, names[id], attackURL(id)})
	}
	return nil
}

// attackURL is the page of a technique, such as T1098.001, or of a tactic, such as TA0003.
func attackURL(id string) string {
	kind := "techniques"
	if strings.HasPrefix(id, "TA") {
		kind = "tactics"
	}
	return "https://attack.mitre.org/" + kind + "/" + strings.ReplaceAll(id, ".", "/") + "/"
}

func exceptionOf(s *rulefile.Exception) Exception {
	out := Exception{Name: s.Name.Value, Doc: strings.TrimSpace(s.Doc.Value), Fields: texts(s.Fields)}
	for _, row := range s.Values {
		out.Values = append(out.Values, fitting(row))
	}
	return out
}

func fitting(row rulefile.Tuple) (out [][]string) {
	for _, field := range row {
		out = append(out, texts(field))
	}
	return out
}

// tuningOf lists what tuning files say of a rule.
func tuningOf(r *rulefile.Rule, now time.Time) (out []Tuning) {
	t := r.Tuned
	for _, set := range []struct {
		what      string
		text, was diag.Text
	}{{"severity", t.Severity, r.Severity}, {"score", t.Score.Text, r.Score.Text}, {"enabled", t.Enabled, diag.Text{}}} {
		if set.text.Present() {
			by, _, _ := strings.Cut(strings.TrimPrefix(set.text.Path, "tuning "), " > ")
			out = append(out, Tuning{What: set.what, Value: set.text.Value, Was: set.was.Value, By: by, At: set.text.Pos.String()})
		}
	}
	for _, e := range t.Exceptions {
		one := Tuning{
			What: "exception " + e.Exception.Value, Values: fitting(e.Values), Effect: "suppress", By: e.Tuning, At: e.Pos.String(),
			Why: strings.TrimSpace(e.Reason.Value), Owner: e.Owner.Value, Ticket: e.Ticket.Value,
		}
		if e.Lower.Present() {
			one.Effect = "severity " + e.Lower.Value
		}
		if !e.Expires.IsZero() {
			one.Until, one.Ended = e.Expires.UTC().Format(time.RFC3339), !now.Before(e.Expires)
		}
		out = append(out, one)
	}
	return out
}

// runbookSteps are the steps of a runbook without their numbers. Where lines have numbers, one without continues the
// step before.
func runbookSteps(runbook string) (steps []string) {
	number := regexp.MustCompile(`^\d+[.)]\s+`)
	numbered := false
	for line := range strings.Lines(runbook) {
		line = strings.TrimSpace(line)
		begins := number.MatchString(line)
		numbered = numbered || begins
		switch {
		case line == "":
		case numbered && !begins && len(steps) > 0:
			steps[len(steps)-1] += " " + line
		default:
			steps = append(steps, number.ReplaceAllString(line, ""))
		}
	}
	return steps
}

func texts(all []diag.Text) (out []string) {
	for _, t := range all {
		out = append(out, t.Value)
	}
	return out
}
