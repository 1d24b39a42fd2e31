package main

import (
	"bytes"
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"io/fs"
	"regexp"
	"strings"
	"time"

	"github.com/riskrelay/riskrelay/enrich/celrule"
	"github.com/riskrelay/riskrelay/enrich/diag"
	"github.com/riskrelay/riskrelay/enrich/rulefile"
	"github.com/riskrelay/riskrelay/rules"
)

// rulePage is all that explain says of a rule, as JSON and as text.
type rulePage struct {
	celrule.Detail
	Description    string       `json:"description,omitempty"`
	ReplacedBy     string       `json:"replaced_by,omitempty"`
	File           string       `json:"file"` // FILE:LINE:COLUMN
	Rows           []pageRow    `json:"guide_rows,omitempty"`
	Techniques     []technique  `json:"techniques,omitempty"`
	Let            []pageLet    `json:"let,omitempty"`
	When           string       `json:"when"`
	Adjust         []pageAdjust `json:"adjust,omitempty"`
	FirstSeen      *pageSeen    `json:"first_seen,omitempty"`
	Exceptions     []pageSlot   `json:"exceptions,omitempty"`
	Tuning         []pageTuning `json:"tuning,omitempty"`
	Message        string       `json:"message,omitempty"`
	Objects        []pageObject `json:"objects,omitempty"`
	FalsePositives []string     `json:"falsepositives,omitempty"`
	Runbook        []string     `json:"runbook,omitempty"` // the steps without their numbers
	References     []string     `json:"references,omitempty"`
	Tests          []pageTest   `json:"tests"`
}

// pageRow is a row of Microsoft's guide; of one that isn't in it, the name is all there is.
type pageRow struct {
	Row     string `json:"row"`
	Section string `json:"section,omitempty"`
	Title   string `json:"title,omitempty"`
	Risk    string `json:"risk,omitempty"`
	Where   string `json:"where,omitempty"`
}

type technique struct {
	ID   string `json:"id"`
	Name string `json:"name,omitempty"`
	URL  string `json:"url"`
}

type pageLet struct {
	Name string `json:"name"`
	Expr string `json:"expr"`
}

type pageAdjust struct {
	If       string `json:"if"`
	Severity string `json:"severity,omitempty"`
	Score    string `json:"score,omitempty"` // "+10" is added, "10" is set
	Reason   string `json:"reason"`

	Rows []pageRow `json:"guide_rows,omitempty"` // notes of the guide that the step implements
}

type pageSeen struct {
	Key      []string `json:"key"`
	Within   string   `json:"within"`             // "30d"
	Severity string   `json:"severity,omitempty"` // of what was seen before
	Score    string   `json:"score,omitempty"`
}

// pageSlot is an exception that the rule opens. Values are the author's: for each exception and field the texts that fit.
type pageSlot struct {
	Name   string       `json:"name"`
	Doc    string       `json:"doc,omitempty"`
	Fields []string     `json:"fields"`
	Values [][][]string `json:"values,omitempty"`
}

// pageTuning is one thing that a tuning file says of the rule.
type pageTuning struct {
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

type pageObject struct {
	Type  string `json:"type"`
	Value string `json:"value"`
}

type pageTest struct {
	Name string `json:"name"`
	Want string `json:"want"` // "match" or "none"
}

// explainRule writes the page of the rule called id; now is what exceptions end by.
func explainRule(ctx context.Context, w io.Writer, m *celrule.Module, id, format string, now time.Time) error {
	d, err := m.Detail(ctx, id)
	if err != nil {
		return exit(exitConfig, err)
	}
	page, err := newRulePage(d, now)
	if err != nil {
		return exit(exitRuntime, err)
	}
	if format == "json" {
		return writeJSON(w, page)
	}
	_, err = io.WriteString(w, page.text())
	return exit(exitRuntime, err)
}

func newRulePage(d celrule.Detail, now time.Time) (*rulePage, error) {
	r := d.Declared
	p := &rulePage{
		Detail: d, Description: strings.TrimSpace(r.Description.Value), ReplacedBy: r.ReplacedBy.Value, File: r.ID.Pos.String(),
		When: r.When.Value, Tuning: tuningOf(r, now), Message: r.Message.Value, FalsePositives: texts(r.FalsePositives),
		Runbook: runbookSteps(r.Runbook.Value), References: texts(r.References), Tests: []pageTest{},
	}
	for _, let := range r.Let {
		p.Let = append(p.Let, pageLet{let.Name.Value, let.Expr.Value})
	}
	for _, a := range r.Adjust {
		p.Adjust = append(p.Adjust, pageAdjust{
			If: a.If.Value, Severity: a.Severity.Value, Score: a.Score.Value, Reason: a.Reason.Value, Rows: namedRows(texts(a.Guide)),
		})
	}
	if f := r.FirstSeen; f != nil {
		p.FirstSeen = &pageSeen{texts(f.Key), celrule.Days(f.Window), f.Severity.Value, f.Score.Value}
	}
	for i := range r.Exceptions {
		p.Exceptions = append(p.Exceptions, slotOf(&r.Exceptions[i]))
	}
	for _, o := range r.Objects {
		p.Objects = append(p.Objects, pageObject{o.Type.Value, o.Value.Value})
	}
	for _, t := range r.Tests {
		want := "match"
		if t.Want.None {
			want = "none"
		}
		p.Tests = append(p.Tests, pageTest{t.Name.Value, want})
	}
	return p, p.lookUp()
}

// namedRows are rows of which the names are all that is known.
func namedRows(slugs []string) (rows []pageRow) {
	for _, slug := range slugs {
		rows = append(rows, pageRow{Row: slug})
	}
	return rows
}

// describe adds what the guide says of the rows.
func describe(rows []pageRow, guide []rules.Row) {
	for i := range rows {
		for _, g := range guide {
			if g.Slug == rows[i].Row {
				rows[i] = pageRow{g.Slug, g.Section, g.Title, g.Risk, g.Where}
			}
		}
	}
}

// lookUp adds what the guide and ATT&CK call the rule's rows and techniques.
func (p *rulePage) lookUp() error {
	guide, err := rules.Guide(rules.FS)
	if err != nil {
		return err
	}
	p.Rows = namedRows(p.Guide)
	for i := range p.Adjust {
		describe(p.Adjust[i].Rows, guide)
	}
	describe(p.Rows, guide)
	names, err := techniqueNames()
	if err != nil {
		return err
	}
	for _, id := range p.Mitre {
		p.Techniques = append(p.Techniques, technique{id, names[id], attackURL(id)})
	}
	return nil
}

// techniqueNames are the names of rules/attack.csv by id.
func techniqueNames() (map[string]string, error) {
	data, err := fs.ReadFile(rules.FS, "attack.csv")
	if err != nil {
		return nil, fmt.Errorf("read the names of techniques: %w", err)
	}
	records, err := csv.NewReader(bytes.NewReader(data)).ReadAll()
	if err != nil {
		return nil, fmt.Errorf("read the names of techniques: %w", err)
	}
	names := map[string]string{}
	for _, r := range records {
		names[r[0]] = r[1]
	}
	return names, nil
}

// attackURL is the page of a technique, such as T1098.001, or of a tactic, such as TA0003.
func attackURL(id string) string {
	kind := "techniques"
	if strings.HasPrefix(id, "TA") {
		kind = "tactics"
	}
	return "https://attack.mitre.org/" + kind + "/" + strings.ReplaceAll(id, ".", "/") + "/"
}

func slotOf(s *rulefile.Exception) pageSlot {
	out := pageSlot{Name: s.Name.Value, Doc: strings.TrimSpace(s.Doc.Value), Fields: texts(s.Fields)}
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
func tuningOf(r *rulefile.Rule, now time.Time) (out []pageTuning) {
	t := r.Tuned
	for _, set := range []struct {
		what      string
		text, was diag.Text
	}{{"severity", t.Severity, r.Severity}, {"score", t.Score.Text, r.Score.Text}, {"enabled", t.Enabled, diag.Text{}}} {
		if set.text.Present() {
			by, _, _ := strings.Cut(strings.TrimPrefix(set.text.Path, "tuning "), " > ")
			out = append(out, pageTuning{What: set.what, Value: set.text.Value, Was: set.was.Value, By: by, At: set.text.Pos.String()})
		}
	}
	for _, e := range t.Exceptions {
		one := pageTuning{
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
