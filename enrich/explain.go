package enrich

import "context"

// Explainer is a module that can say why a rule decided as it did. Modules needn't be one.
type Explainer interface {
	// Explain evaluates one rule on one event, slowly and with a look at every part of its conditions, even when the
	// rule is switched off for what it costs. It changes nothing of what the module remembers. The error says that
	// there is no such rule; everything that happens to the rule is in the explanation.
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

// Explanation is why one rule did or didn't match one event, and how a match got its severity and score.
type Explanation struct {
	Rule       string      `json:"rule"`
	Outcome    string      `json:"outcome"`
	Reason     string      `json:"reason,omitempty"`   // one sentence; "" when the conditions say all
	Limit      string      `json:"limit,omitempty"`    // that the rule takes too long, or is switched off for that; "" when it isn't so
	When       *Condition  `json:"when,omitempty"`     // nil when it wasn't evaluated
	Adjust     []Condition `json:"adjust,omitempty"`   // the steps that were evaluated; none without a match
	LeftOut    []string    `json:"left_out,omitempty"` // parts of the rule that lack something of the context
	FirstSeen  *FirstSeen  `json:"first_seen,omitempty"`
	Exceptions []Exception `json:"exceptions,omitempty"` // the exceptions that have values
	Steps      []Step      `json:"steps,omitempty"`      // of severity and score, in their order
	Tags       []Tag       `json:"tags,omitempty"`       // what the rule says of the event
}

// Step settles a match's severity and score.
type Step struct {
	By       string   `json:"by"` // "rule", which comes first, "first_seen", "adjust 2", "exception robots"
	Reason   string   `json:"reason,omitempty"`
	Severity Severity `json:"severity"` // after the step
	Score    int      `json:"score"`    // after the step, 0-100
}

// The outcomes of first_seen.
const (
	SeenNew     = "new"
	SeenBefore  = "seen before"
	SeenContext = "seen before, says the context"
	SeenNoKey   = "not judged, as the event lacks a part of the key"
)

// FirstSeen is what the rule's memory said of a match.
type FirstSeen struct {
	Outcome string  `json:"outcome"`
	Key     []Value `json:"key"`
	Within  string  `json:"within"` // how far the memory reaches back, such as "30d"
}

// Exception is an exception that a rule opens, with the values that the event has in its fields.
type Exception struct {
	Name   string         `json:"name"`
	Fields []Value        `json:"fields"`
	Fits   []ExceptionRow `json:"fits,omitempty"` // the exceptions with these values
}

// The effects of exceptions.
const (
	ExceptSuppress = "suppresses"
	ExceptLower    = "lowers to" // and the severity
	ExceptEnded    = "has ended"
)

// ExceptionRow is one that fits an event.
type ExceptionRow struct {
	Effect string `json:"effect"`
	Reason string `json:"reason"`
	Tuning string `json:"tuning,omitempty"` // the tuning file's name; "" when it is from the rule's author
	Until  string `json:"until,omitempty"`  // RFC 3339; "" for ever
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
