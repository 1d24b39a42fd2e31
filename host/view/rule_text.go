package view

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/riskrelay/riskrelay/enrich/celrule"
)

// Text is the page for people, in the order in which an analyst asks.
func (p *Rule) Text() string {
	b := &page{}
	fmt.Fprintf(&b.Builder, "%s: %s\n", p.ID, p.Title)
	if p.Description != "" {
		b.WriteString(indented(p.Description) + "\n")
	}
	b.WriteString("\n")
	p.writeFacts(b)
	p.writeLogic(b)
	p.writeScore(b)
	p.writeTuning(b)
	p.writeOutput(b)
	p.writeAdvice(b)
	p.writeUsed(b)
	p.writeRunning(b)
	p.writeTests(b)
	return b.String()
}

// joined are those of the texts that aren't empty, with separator between.
func joined(separator string, texts ...string) string {
	return strings.Join(slices.DeleteFunc(texts, func(s string) bool { return s == "" }), separator)
}

func (p *Rule) writeFacts(b *page) {
	b.line("severity", fmt.Sprintf("%s, score %d", p.Severity, p.Score))
	b.line("state", p.state())
	b.line("tables", strings.Join(p.Tables, ", "))
	for _, r := range p.Rows {
		about := r.Row
		if r.Title != "" {
			about = fmt.Sprintf("%s: %s (%s)", r.Row, r.Title, joined("; ", r.Section, "risk "+r.Risk, r.Where))
		}
		b.line("guide", about)
	}
	for _, t := range p.Techniques {
		b.line("mitre", strings.Join(strings.Fields(t.ID+" "+t.Name+" "+t.URL), " "))
	}
	b.line("pack", p.Pack+", revision "+p.Revision)
	b.line("file", p.File)
	b.line("needs", strings.Join(p.Needs, ", "))
	b.line("better by", strings.Join(p.Optional, ", "))
}

func (p *Rule) state() string {
	state := "on"
	if p.Off != "" {
		state = "off: " + p.Off
	}
	if p.Status != "" {
		state += ", " + p.Status
	}
	if p.ReplacedBy != "" {
		state += ", replaced by " + p.ReplacedBy
	}
	return state
}

func (p *Rule) writeLogic(b *page) {
	b.section("Logic", 1)
	b.block("when", p.When)
	for _, let := range p.Let {
		b.block("let "+let.Name, let.Expr)
	}
	for _, m := range p.Macros {
		b.block(fmt.Sprintf("macro %s(%s)", m.Name, strings.Join(m.Params, ", ")), m.Expr)
	}
}

// writeScore writes what changes severity and score of a match, in the order in which it does.
func (p *Rule) writeScore(b *page) {
	n := len(p.Adjust) + len(p.Exceptions)
	if p.FirstSeen != nil {
		n++
	}
	if !b.section("Severity and score of a match", n) {
		return
	}
	if f := p.FirstSeen; f != nil {
		b.block(fmt.Sprintf("first seen within %s, else %s, by", f.Within, changes(f.Severity, f.Score)), strings.Join(f.Key, "\n"))
	}
	for i, a := range p.Adjust {
		b.block(fmt.Sprintf("adjust %d: %s (%s), if", i+1, changes(a.Severity, a.Score), a.Reason), a.If)
		for _, r := range a.Rows {
			b.line("  guide", strings.TrimSuffix(r.Row+": "+r.Title, ": "))
		}
	}
	for _, s := range p.Exceptions {
		doc := ""
		if s.Doc != "" {
			doc = " (" + s.Doc + ")"
		}
		b.block(fmt.Sprintf("exception slot %s%s, %d from the author, by", s.Name, doc, len(s.Values)), strings.Join(s.Fields, "\n"))
		for _, row := range s.Values {
			fmt.Fprintf(&b.Builder, "    = %s\n", rowText(row))
		}
	}
	for _, left := range p.LeftOut {
		b.WriteString("left out: " + left + "\n")
	}
}

func changes(severity, score string) string {
	var all []string
	if severity != "" {
		all = append(all, "severity "+severity)
	}
	if score != "" {
		all = append(all, "score "+score)
	}
	return cmp.Or(strings.Join(all, ", "), "nothing else")
}

// rowText is one exception: the fields' values, of which one field may have several.
func rowText(row [][]string) string {
	fields := make([]string, len(row))
	for i, fits := range row {
		fields[i] = strings.Join(fits, " or ")
	}
	return strings.Join(fields, ", ")
}

func (p *Rule) writeTuning(b *page) {
	b.section("Tuning", len(p.Tuning))
	for _, t := range p.Tuning {
		if t.Values == nil {
			was := ""
			if t.Was != "" {
				was = t.Was + " -> "
			}
			fmt.Fprintf(&b.Builder, "tuned by %s at %s: %s %s%s\n", t.By, t.At, t.What, was, t.Value)
			continue
		}
		until := "for ever"
		switch {
		case t.Ended:
			until = "ended at " + t.Until
		case t.Until != "":
			until = "until " + t.Until
		}
		about := ""
		for _, one := range [][2]string{{"owner", t.Owner}, {"ticket", t.Ticket}} {
			if one[1] != "" {
				about += ", " + one[0] + " " + one[1]
			}
		}
		fmt.Fprintf(&b.Builder, "tuned by %s at %s: %s (%s), %s, %s: %s%s\n", t.By, t.At, t.What, rowText(t.Values), t.Effect, until, t.Why, about)
	}
}

// writeOutput writes what a match carries.
func (p *Rule) writeOutput(b *page) {
	n := len(p.Objects)
	if p.Message != "" {
		n++
	}
	b.section("What the match says", n)
	b.line("message", p.Message)
	for _, o := range p.Objects {
		b.line("object", o.Type+": "+o.Value)
	}
}

// writeAdvice writes what an analyst does with a match.
func (p *Rule) writeAdvice(b *page) {
	b.section("What to do", len(p.FalsePositives)+len(p.Runbook)+len(p.References))
	for _, f := range p.FalsePositives {
		b.WriteString("false positive: " + strings.TrimSpace(f) + "\n")
	}
	for i, step := range p.Runbook {
		fmt.Fprintf(&b.Builder, "%d. %s\n", i+1, step)
	}
	for _, r := range p.References {
		b.WriteString("see " + r + "\n")
	}
}

func (p *Rule) writeUsed(b *page) {
	b.section("Lists", len(p.Lists))
	for _, l := range p.Lists {
		more := ""
		if l.Size > len(l.First) {
			more = ", ..."
		}
		fmt.Fprintf(&b.Builder, "list %s: %d items: %s%s\n", l.Name, l.Size, strings.Join(l.First, ", "), more)
		about := "from " + l.Source
		if l.CaseInsensitive {
			about += ", in upper or lower case"
		}
		if doc := strings.TrimSpace(l.Doc); doc != "" {
			about += ": " + doc
		}
		b.WriteString(indented(about) + "\n")
		for _, item := range l.Added {
			b.WriteString(indented("tuned: added "+item) + "\n")
		}
		for _, item := range l.Removed {
			b.WriteString(indented("tuned: removed "+item) + "\n")
		}
	}
}

func (p *Rule) writeRunning(b *page) {
	b.section("Cost", len(p.Running))
	for _, t := range p.Running {
		b.line("in", fmt.Sprintf("%s: cost at most %d steps%s, %s", t.Table, t.Cost, watched(t), key(t)))
	}
}

func watched(t celrule.InTable) string {
	if t.Watched {
		return " (stopped when it takes too long)"
	}
	return ""
}

func key(t celrule.InTable) string {
	if t.Key == "" {
		return "evaluated for every event of the table"
	}
	return "evaluated when " + t.Key
}

func (p *Rule) writeTests(b *page) {
	b.section(fmt.Sprintf("Tests: %d", len(p.Tests)), len(p.Tests))
	for _, t := range p.Tests {
		want := "matches"
		if t.Want == "none" {
			want = "silent"
		}
		fmt.Fprintf(&b.Builder, "test %s: %s\n", want, t.Name)
	}
}
