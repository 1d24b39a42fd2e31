package enrich

import (
	"fmt"
	"strings"
)

// AppendText appends the explanation for people, each line behind indent: the conditions with their results, under
// each its parts and the values that they looked at, and below what made the match's severity, score and message. A ">"
// stands before the part that decided.
func (x *Explanation) AppendText(dst []byte, indent string) []byte {
	if x.Reason != "" {
		dst = append(dst, indent+x.Reason+"\n"...)
	}
	if x.Limit != "" {
		dst = append(dst, indent+x.Limit+"\n"...)
	}
	if x.When != nil {
		dst = x.When.appendText(dst, indent)
	}
	for i := range x.Adjust {
		dst = x.Adjust[i].appendText(dst, indent)
	}
	return x.appendMatch(dst, indent+"  ")
}

// appendMatch appends what became of a match.
func (x *Explanation) appendMatch(dst []byte, indent string) []byte {
	for _, left := range x.LeftOut {
		dst = append(dst, indent+"left out: "+left+"\n"...)
	}
	if seen := x.FirstSeen; seen != nil {
		dst = append(dst, indent+"first seen within "+seen.Within+": "+seen.Outcome+" "+pairs(seen.Key)+"\n"...)
	}
	for _, slot := range x.Exceptions {
		dst = slot.appendText(dst, indent)
	}
	for i, step := range x.Steps {
		dst = append(dst, indent+step.text(x.Steps[:i])+"\n"...)
	}
	for _, tag := range x.Tags {
		if tag.Message != "" {
			dst = append(dst, indent+"message: "+tag.Message+"\n"...)
		}
		for _, o := range tag.Objects {
			dst = append(dst, indent+"object: "+o.Type+" "+o.Value+"\n"...)
		}
	}
	return dst
}

func (s *Exception) appendText(dst []byte, indent string) []byte {
	begin := indent + "exception " + s.Name + " " + pairs(s.Fields) + ": "
	if len(s.Fits) == 0 {
		return append(dst, begin+"none fits\n"...)
	}
	for _, one := range s.Fits {
		by, until := "the rule's author", "for ever"
		if one.Tuning != "" {
			by = "the tuning " + one.Tuning
		}
		if one.Until != "" {
			until = "until " + one.Until
		}
		dst = append(dst, begin+one.Effect+", by "+by+", "+until+"\n"...)
	}
	return dst
}

// text is the step with what it changed since the one before.
func (s *Step) text(before []Step) string {
	text := s.By
	if s.Reason != "" {
		text += ", " + s.Reason
	}
	if len(before) == 0 {
		return fmt.Sprintf("%s: severity %s, score %d", text, s.Severity, s.Score)
	}
	last := before[len(before)-1]
	switch {
	case last.Severity != s.Severity:
		return fmt.Sprintf("%s: severity %s -> %s, score %d -> %d", text, last.Severity, s.Severity, last.Score, s.Score)
	case last.Score != s.Score:
		return fmt.Sprintf("%s: score %d -> %d", text, last.Score, s.Score)
	}
	return text + ": no change"
}

// pairs are expressions and their values in parentheses.
func pairs(all []Value) string {
	texts := make([]string, len(all))
	for i, v := range all {
		texts[i] = v.Text + " = " + v.Value
	}
	return "(" + strings.Join(texts, ", ") + ")"
}

func (c *Condition) appendText(dst []byte, indent string) []byte {
	mark, text := "  ", c.Text
	if c.Decides && c.Key == "" {
		mark = "> "
	}
	if c.Key != "" {
		text = c.Key
		if len(c.Parts) == 0 {
			text += ": " + c.Text
		}
	}
	dst = append(dst, indent+mark+text+" -> "+c.result()...)
	for i, v := range c.Values {
		if i == 0 || len(v.Value) < 80 {
			dst = append(dst, ", "...)
		} else {
			dst = append(dst, "\n"+indent+"    "...)
		}
		dst = append(dst, v.Text+" = "+v.Value...)
	}
	dst = append(dst, '\n')
	if c.Result == ResultNone {
		return dst
	}
	for i := range c.Parts {
		p := &c.Parts[i]
		if c.Op == "let" && len(p.Parts) > 0 { // the let's text says nothing that its parts don't
			for j := range p.Parts {
				dst = p.Parts[j].appendText(dst, indent+"  ")
			}
			continue
		}
		dst = p.appendText(dst, indent+"  ")
	}
	return dst
}

func (c *Condition) result() string {
	switch {
	case c.Result == ResultNone:
		return "not evaluated"
	case c.Error != "":
		return "error: " + c.Error
	}
	return c.Result
}
