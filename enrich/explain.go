package enrich

import "context"

// Explainer is a module that can say why a rule decided as it did. Modules needn't be one.
type Explainer interface {
	// Explain evaluates one rule on one event, slowly and with a look at every part of its conditions. The error says
	// that there is no such rule; everything that happens to the rule is in the explanation.
	Explain(ctx context.Context, event *Event, rule string) (Explanation, error)
}

// The outcomes of an explanation.
const (
	OutcomeMatch      = "match"
	OutcomeNoMatch    = "no match"
	OutcomeSuppressed = "suppressed"
	OutcomeOff        = "off"         // the rule needs something that isn't configured
	OutcomeTable      = "other table" // the rule isn't about the event's table
	OutcomeError      = "error"
)

// Explanation is why one rule did or didn't match one event.
type Explanation struct {
	Rule    string      `json:"rule"`
	Outcome string      `json:"outcome"`
	Reason  string      `json:"reason,omitempty"` // one sentence; "" when the conditions say all
	When    *Condition  `json:"when,omitempty"`   // nil when it wasn't evaluated
	Adjust  []Condition `json:"adjust,omitempty"` // the steps that were evaluated; none without a match
	Tags    []Tag       `json:"-"`                // what the rule says of the event
}

// The results of conditions.
const (
	ResultTrue  = "true"
	ResultFalse = "false"
	ResultError = "error"
	ResultNone  = "" // not evaluated, as another part had decided
)

// Condition is a boolean expression or a part of one, with what came out.
type Condition struct {
	Key    string      `json:"key,omitempty"` // of a whole condition: "when", or "adjust 2" counted as in the rule
	Text   string      `json:"text"`          // as the rule writes it
	Op     string      `json:"op,omitempty"`  // "&&", "||" or "!" over the parts, "let" for a name whose expression is the part
	Result string      `json:"result,omitempty"`
	Error  string      `json:"error,omitempty"` // why the result is an error
	Values []Value     `json:"values,omitempty"`
	Parts  []Condition `json:"parts,omitempty"`
	// Decides marks the first part that made the whole condition false.
	Decides bool `json:"decides,omitempty"`
}

// Value is what an expression was for an event.
type Value struct {
	Text  string `json:"text"` // the expression
	Value string `json:"value"`
}

// AppendText appends the explanation for people, each line behind indent: the conditions with their results, under
// each its parts and the values that they looked at. A ">" stands before the part that decided.
func (x *Explanation) AppendText(dst []byte, indent string) []byte {
	if x.Reason != "" {
		dst = append(dst, indent+x.Reason+"\n"...)
	}
	if x.When != nil {
		dst = x.When.appendText(dst, indent)
	}
	for i := range x.Adjust {
		dst = x.Adjust[i].appendText(dst, indent)
	}
	return dst
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
