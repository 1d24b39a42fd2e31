package enrich

import (
	"cmp"
	"fmt"
	"slices"
)

// Severity grades a match. The zero value is not a severity.
type Severity int

// The severities, in rising order.
const (
	Info Severity = iota + 1
	Low
	Medium
	High
	Critical
)

// SeverityNames are the words for the severities in rising order, as rule files and outputs spell them.
func SeverityNames() []string { return []string{"info", "low", "medium", "high", "critical"} }

// ParseSeverity returns the severity that name spells; the error lists the words there are.
func ParseSeverity(name string) (Severity, error) {
	if i := slices.Index(SeverityNames(), name); i >= 0 {
		return Severity(i + 1), nil
	}
	return 0, fmt.Errorf("unknown severity %q: one of %v", name, SeverityNames())
}

// String is the severity's word, or "" for the zero value.
func (s Severity) String() string {
	if s < Info || s > Critical {
		return ""
	}
	return SeverityNames()[s-1]
}

// MarshalText writes the severity's word.
func (s Severity) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads the severity's word; "" is the zero value.
func (s *Severity) UnmarshalText(text []byte) (err error) {
	if len(text) == 0 {
		*s = 0
		return nil
	}
	*s, err = ParseSeverity(string(text))
	return err
}

// Object is somebody or something that a match puts at risk, for risk-based alerting.
type Object struct {
	Type  string `json:"type"` // user, application, service_principal, vault, ip, ...
	Value string `json:"value"`
}

// Tag is one rule's answer about one event: a match, a suppressed match, or an error.
type Tag struct {
	Rule       string   `json:"rule"`               // the rule's dotted id, which is also the tag's text
	Revision   string   `json:"revision,omitempty"` // hash of the rule's logic
	Pack       string   `json:"pack,omitempty"`     // the rule pack and its version, "name@1.2.3"
	Guide      []string `json:"guide,omitempty"`    // rows of the guide that the rule implements
	Severity   Severity `json:"severity,omitempty"`
	Score      int      `json:"score"` // 0-100
	Reasons    []string `json:"reasons,omitempty"`
	Message    string   `json:"message,omitempty"`
	Objects    []Object `json:"objects,omitempty"`
	Mitre      []string `json:"mitre,omitempty"`      // ATT&CK technique ids
	Suppressed string   `json:"suppressed,omitempty"` // why an exception silenced the match; "" when it counts
	Error      string   `json:"error,omitempty"`      // why the rule could not judge the event; nothing but Rule is set beside it
}

// Match is a tag as it leaves in an event's risk.
type Match struct {
	ID         string   `json:"id"`
	Module     string   `json:"module,omitempty"` // who says so, as the operator calls it; "" for riskrelay's own rules
	Revision   string   `json:"revision,omitempty"`
	Pack       string   `json:"pack,omitempty"`
	Guide      []string `json:"guide,omitempty"`
	Severity   Severity `json:"severity"`
	Score      int      `json:"score"`
	Reasons    []string `json:"reasons,omitempty"`
	Message    string   `json:"message,omitempty"`
	Mitre      []string `json:"mitre,omitempty"`
	Suppressed string   `json:"suppressed,omitempty"`
	// CountedWith is the id of the event that carries the score of this match, when that is another record of the same
	// action; the score here is what this match has more than that one, mostly 0.
	CountedWith string `json:"counted_with,omitempty"`
}

// Failure says which rule or module could not judge an event, and why.
type Failure struct {
	Rule   string `json:"rule,omitempty"`
	Module string `json:"module,omitempty"`
	Reason string `json:"reason"`
}

// Risk is everything that modules said about one event, as it goes out under the key "risk". What is short and counts most stands
// first: many receivers read only the beginning of an event.
type Risk struct {
	Level      Severity  `json:"level,omitempty"`   // the highest severity of the matches
	Score      int       `json:"score"`             // the sum of the matches' scores, at most 100
	Follows    string    `json:"follows,omitempty"` // of a follow-up event: the id of the event that its matches are about
	Group      string    `json:"group,omitempty"`   // of a tagged event: the correlation id of its row, which the other records of the action have, too
	Tags       []string  `json:"tags,omitempty"`    // the ids of the rules that matched, in the order of Rules, each once
	Rules      []Match   `json:"rules,omitempty"`   // worst first
	Objects    []Object  `json:"objects,omitempty"`
	Suppressed []Match   `json:"suppressed,omitempty"` // worst first
	Errors     []Failure `json:"errors,omitempty"`
	// Omitted is how many matches, suppressed matches, errors and objects are not above, since a receiver has no room for them. Level
	// and Score are of all matches.
	Omitted int `json:"omitted,omitempty"`
}

// Tagged reports whether a rule matched.
func (r *Risk) Tagged() bool { return len(r.Rules) > 0 }

// Empty reports whether nothing was said: no match, no suppressed match and no error.
func (r *Risk) Empty() bool {
	return len(r.Rules) == 0 && len(r.Suppressed) == 0 && len(r.Errors) == 0
}

// Techniques are the ATT&CK technique ids of all matches, sorted, each once.
func (r *Risk) Techniques() []string {
	var all []string
	for i := range r.Rules {
		all = append(all, r.Rules[i].Mitre...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// maxScore caps the sum of an event's scores.
const maxScore = 100

// Add merges the tags of one of riskrelay's own modules. The result doesn't depend on the order of calls.
func (r *Risk) Add(module string, tags []Tag) { r.merge(module, "", tags) }

// merge adds one module's tags; guest is its name when its matches shall carry it.
func (r *Risk) merge(module, guest string, tags []Tag) {
	for i := range tags {
		r.add(module, guest, &tags[i])
	}
	r.rank()
	slices.SortFunc(r.Suppressed, compareMatches)
	slices.SortFunc(r.Errors, compareFailures)
	slices.SortFunc(r.Objects, func(a, b Object) int {
		return cmp.Or(cmp.Compare(a.Type, b.Type), cmp.Compare(a.Value, b.Value))
	})
	r.Objects = slices.Compact(r.Objects)
}

// rank puts the matches in their order, and the tags in that of the matches.
func (r *Risk) rank() {
	slices.SortFunc(r.Rules, compareMatches)
	r.Tags = nil // another copy of the risk may share them
	for i := range r.Rules {
		if id := r.Rules[i].ID; !slices.Contains(r.Tags, id) {
			r.Tags = append(r.Tags, id)
		}
	}
}

// CountedWith are the ids of the events that carry scores of the matches, in the order of the matches, each once.
func (r *Risk) CountedWith() []string {
	var all []string
	for i := range r.Rules {
		if id := r.Rules[i].CountedWith; id != "" && !slices.Contains(all, id) {
			all = append(all, id)
		}
	}
	return all
}

func (r *Risk) add(module, guest string, t *Tag) {
	match := Match{
		ID: t.Rule, Module: guest, Revision: t.Revision, Pack: t.Pack, Guide: t.Guide, Severity: t.Severity, Score: t.Score,
		Reasons: t.Reasons, Message: t.Message, Mitre: t.Mitre, Suppressed: t.Suppressed,
	}
	switch {
	case t.Error != "":
		r.Errors = append(r.Errors, Failure{Rule: t.Rule, Module: module, Reason: t.Error})
	case t.Suppressed != "":
		r.Suppressed = append(r.Suppressed, match)
	default:
		r.Rules = append(r.Rules, match)
		r.Objects = append(r.Objects, t.Objects...)
		r.Level = max(r.Level, t.Severity)
		r.Score = min(maxScore, r.Score+t.Score)
	}
}

// compareMatches puts the worst first: the highest severity, and of one severity the highest score.
func compareMatches(a, b Match) int {
	return cmp.Or(cmp.Compare(b.Severity, a.Severity), cmp.Compare(b.Score, a.Score), cmp.Compare(a.ID, b.ID), cmp.Compare(a.Module, b.Module))
}

func compareFailures(a, b Failure) int {
	return cmp.Or(cmp.Compare(a.Module, b.Module), cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.Reason, b.Reason))
}
