package compile

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"github.com/google/cel-go/common/types"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/rulefile"
)

// firstSeen tells new things from known ones, in the rules that have it.
type firstSeen struct {
	Key    []*Expression
	Window time.Duration
	Known  Step            // what is made of a match whose key was seen before
	Pinned map[string]bool // keys that the context says were seen; their values with "|" between
}

// The reasons that first_seen adds.
const (
	ReasonFirst = "first seen"
	ReasonKnown = "seen before"
)

// Exception is a slot for exceptions that has values.
type Exception struct {
	Name   string
	Fields []*Expression
	Rows   map[string][]ExceptionRow // by the value of the first field
	needs  []string                  // parts of the context without which the slot is passed over
}

// ExceptionRow is one exception.
type ExceptionRow struct {
	values  []map[string]bool // for each field the texts that fit, in lower case
	Reason  string
	Tuning  string          // the name of the tuning file; "" for the rule's author
	Expires time.Time       // zero for never
	Lower   enrich.Severity // 0 suppresses
}

// firstSeen compiles first_seen.
func (c *compiler) firstSeen(declared *rulefile.FirstSeen) *firstSeen {
	if declared == nil {
		return nil
	}
	out := &firstSeen{Window: declared.Window, Key: c.scalars(declared.Key, "a key of first_seen")}
	out.Known = Step{score: declared.Score, hasScore: declared.Score.Present(), Reason: ReasonKnown}
	out.Known.severity, _ = enrich.ParseSeverity(declared.Severity.Value) // absent or checked
	return out
}

// scalars compiles expressions that are one value each.
func (c *compiler) scalars(all []rulefile.Text, what string) (out []*Expression) {
	for _, one := range all {
		out = append(out, c.compile(whole(one), what, types.StringType, types.IntType, types.BoolType))
	}
	return out
}

// exceptions compiles the slots of a rule. Those that nobody filled are checked and left out.
func (c *compiler) exceptions(d *rulefile.Rule) (out []Exception) {
	for i := range d.Exceptions {
		declared := &d.Exceptions[i]
		s := Exception{Name: declared.Name.Value, Rows: map[string][]ExceptionRow{}}
		s.Fields = c.scalars(declared.Fields, "a field of an exception")
		for _, values := range declared.Values {
			s.put(values, ExceptionRow{Reason: authorsReason(declared)})
		}
		for _, e := range d.Tuned.Exceptions {
			if e.Slot.Value == s.Name {
				lower, _ := enrich.ParseSeverity(e.Lower.Value) // absent or checked
				s.put(e.Values, ExceptionRow{Reason: operatorsReason(e), Tuning: e.Tuning, Expires: e.Expires, Lower: lower})
			}
		}
		if len(s.Rows) > 0 {
			out = append(out, s)
		} else {
			c.unfilled = append(c.unfilled, s.Fields...)
		}
	}
	return out
}

// put adds an exception under each text that its first field may have.
func (s *Exception) put(values rulefile.Tuple, row ExceptionRow) {
	for _, texts := range values {
		fits := map[string]bool{}
		for _, t := range texts {
			fits[strings.ToLower(t.Value)] = true
		}
		row.values = append(row.values, fits)
	}
	if len(row.values) != len(s.Fields) {
		return // reported by rulefile
	}
	for text := range row.values[0] {
		s.Rows[text] = append(s.Rows[text], row)
	}
}

func authorsReason(s *rulefile.Slot) string {
	if s.Doc.Value == "" {
		return "exception " + s.Name.Value
	}
	return "exception " + s.Name.Value + ": " + strings.TrimSpace(s.Doc.Value)
}

// operatorsReason says who excepted what and why: "exception NAME: reason (owner O, ticket T, until 2027-01-31, tuning X)".
func operatorsReason(e rulefile.Exception) string {
	var about []string
	add := func(word, text string) {
		if text != "" {
			about = append(about, word+" "+text)
		}
	}
	add("owner", e.Owner.Value)
	add("ticket", e.Ticket.Value)
	add("until", e.Until())
	add("tuning", e.Tuning)
	return fmt.Sprintf("exception %s: %s (%s)", e.Slot.Value, strings.TrimSpace(e.Reason.Value), strings.Join(about, ", "))
}

// stateful are the expressions of first_seen and of exceptions. Without what they need, the rule runs all the same.
func (r *TableRule) stateful() (out []*Expression) {
	if r.FirstSeen != nil {
		out = append(out, r.FirstSeen.Key...)
	}
	for _, s := range r.Exceptions {
		out = append(out, s.Fields...)
	}
	return out
}

// firstSeenTexts and slotTexts are what first_seen and the slots add to the revision of a rule; nothing for a rule without
// them.
func firstSeenTexts(f *rulefile.FirstSeen) []string {
	if f == nil {
		return nil
	}
	return append([]string{"first_seen", f.Window.String(), f.Severity.Value, f.Score.Value}, values(f.Key)...)
}

func slotTexts(slots []rulefile.Slot) (texts []string) {
	for _, s := range slots {
		texts = append(append(texts, "exceptions", s.Name.Value), values(s.Fields)...)
		for _, row := range s.Values {
			texts = append(texts, "row")
			for _, fits := range row {
				texts = append(append(texts, "field"), sorted(values(fits))...)
			}
		}
	}
	return texts
}

func (x *ExceptionRow) Fits(values []string) bool {
	for i, v := range values {
		if !x.values[i][v] {
			return false
		}
	}
	return true
}

// Apply silences the tag, or lowers it when it is above the exception's severity.
func (x *ExceptionRow) Apply(tag *enrich.Tag) {
	switch {
	case x.Lower == 0:
		tag.Suppressed = cmp.Or(tag.Suppressed, x.Reason)
	case x.Lower < tag.Severity:
		lowered := Step{severity: x.Lower, Reason: x.Reason}
		lowered.Apply(tag)
	}
}

// pin are the keys of a baseline of the context, folded as those of events are.
func pin(baseline map[string]bool) map[string]bool {
	folded := make(map[string]bool, len(baseline))
	for key := range baseline {
		folded[strings.ToLower(key)] = true
	}
	return folded
}
