package celrule

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
	key    []*expression
	window time.Duration
	known  step            // what is made of a match whose key was seen before
	pinned map[string]bool // keys that the context says were seen; their values with "|" between
}

// The reasons that first_seen adds.
const (
	reasonFirst = "first seen"
	reasonKnown = "seen before"
)

// slot is a slot for exceptions that has values.
type slot struct {
	name   string
	fields []*expression
	rows   map[string][]exceptionRow // by the value of the first field
	needs  []string                  // parts of the context without which the slot is passed over
}

// exceptionRow is one exception.
type exceptionRow struct {
	values  []map[string]bool // for each field the texts that fit, in lower case
	reason  string
	tuning  string          // the name of the tuning file; "" for the rule's author
	expires time.Time       // zero for never
	lower   enrich.Severity // 0 suppresses
}

// firstSeen compiles first_seen.
func (c *compiler) firstSeen(declared *rulefile.FirstSeen) *firstSeen {
	if declared == nil {
		return nil
	}
	out := &firstSeen{window: declared.Window, key: c.scalars(declared.Key, "a key of first_seen")}
	out.known = step{score: declared.Score, hasScore: declared.Score.Present(), reason: reasonKnown}
	out.known.severity, _ = enrich.ParseSeverity(declared.Severity.Value) // absent or checked
	return out
}

// scalars compiles expressions that are one value each.
func (c *compiler) scalars(all []rulefile.Text, what string) (out []*expression) {
	for _, one := range all {
		out = append(out, c.compile(whole(one), what, types.StringType, types.IntType, types.BoolType))
	}
	return out
}

// exceptions compiles the slots of a rule. Those that nobody filled are checked and left out.
func (c *compiler) exceptions(d *rulefile.Rule) (out []slot) {
	for i := range d.Exceptions {
		declared := &d.Exceptions[i]
		s := slot{name: declared.Name.Value, rows: map[string][]exceptionRow{}}
		s.fields = c.scalars(declared.Fields, "a field of an exception")
		for _, values := range declared.Values {
			s.put(values, exceptionRow{reason: authorsReason(declared)})
		}
		for _, e := range d.Tuned.Exceptions {
			if e.Slot.Value == s.name {
				lower, _ := enrich.ParseSeverity(e.Lower.Value) // absent or checked
				s.put(e.Values, exceptionRow{reason: operatorsReason(e), tuning: e.Tuning, expires: e.Expires, lower: lower})
			}
		}
		if len(s.rows) > 0 {
			out = append(out, s)
		} else {
			c.unfilled = append(c.unfilled, s.fields...)
		}
	}
	return out
}

// put adds an exception under each text that its first field may have.
func (s *slot) put(values rulefile.Tuple, row exceptionRow) {
	for _, texts := range values {
		fits := map[string]bool{}
		for _, t := range texts {
			fits[strings.ToLower(t.Value)] = true
		}
		row.values = append(row.values, fits)
	}
	if len(row.values) != len(s.fields) {
		return // reported by rulefile
	}
	for text := range row.values[0] {
		s.rows[text] = append(s.rows[text], row)
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
func (r *tableRule) stateful() (out []*expression) {
	if r.firstSeen != nil {
		out = append(out, r.firstSeen.key...)
	}
	for _, s := range r.exceptions {
		out = append(out, s.fields...)
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

func (x *exceptionRow) fits(values []string) bool {
	for i, v := range values {
		if !x.values[i][v] {
			return false
		}
	}
	return true
}

// apply silences the tag, or lowers it when it is above the exception's severity.
func (x *exceptionRow) apply(tag *enrich.Tag) {
	switch {
	case x.lower == 0:
		tag.Suppressed = cmp.Or(tag.Suppressed, x.reason)
	case x.lower < tag.Severity:
		lowered := step{severity: x.lower, reason: x.reason}
		lowered.apply(tag)
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
