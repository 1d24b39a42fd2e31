package compile

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/rulefile"
)

// Exception is an exception that the author of the rule opens and that has values.
type Exception struct {
	Name   string
	Fields []*Expression
	Rows   map[string][]ExceptionRow // by the value of the first field
	needs  []string                  // parts of the context without which the exception is passed over
}

// ExceptionRow is one exception.
type ExceptionRow struct {
	values  []map[string]bool // for each field the texts that fit, in lower case
	Reason  string
	Tuning  string          // the name of the tuning file; "" for the rule's author
	Expires time.Time       // zero for never
	Lower   enrich.Severity // 0 suppresses
}

// exceptions compiles the exceptions of a rule. Those without values are checked and left out.
func (c *compiler) exceptions(d *rulefile.Rule) (out []Exception) {
	for i := range d.Exceptions {
		declared := &d.Exceptions[i]
		s := Exception{Name: declared.Name.Value, Rows: map[string][]ExceptionRow{}}
		s.Fields = c.scalars(declared.Fields, "a field of an exception")
		for _, values := range declared.Values {
			s.put(values, ExceptionRow{Reason: authorsReason(declared)})
		}
		for _, e := range d.Tuned.Exceptions {
			if e.Exception.Value == s.Name {
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

func authorsReason(e *rulefile.Exception) string {
	if e.Doc.Value == "" {
		return "exception " + e.Name.Value
	}
	return "exception " + e.Name.Value + ": " + strings.TrimSpace(e.Doc.Value)
}

// operatorsReason says who excepted what and why: "exception NAME: reason (owner O, ticket T, until 2027-01-31, tuning X)".
func operatorsReason(e rulefile.ExceptionRow) string {
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
	return fmt.Sprintf("exception %s: %s (%s)", e.Exception.Value, strings.TrimSpace(e.Reason.Value), strings.Join(about, ", "))
}

// Fits reports whether the values of an event, in lower case and one for each field, are among the exception's.
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
