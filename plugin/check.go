package plugin

import (
	"fmt"
	"strings"

	"github.com/riskrelay/riskrelay/enrich"
)

// Bounds of what a module may say. They are far above what a working module needs; a module that passes them is broken
// or hostile, and nothing of what it said about the event counts.
const (
	maxScore   = 100
	maxName    = 64       // bytes of a module's name
	maxID      = 256      // bytes of a rule's id and of the other short words
	maxText    = 16 << 10 // bytes of a message or a reason
	maxTags    = 1000     // tags of one event
	maxList    = 1000     // elements of a list in a tag
	maxRules   = 100_000  // rules of a module
	maxColumns = 1000     // tables or columns of a selector
)

// checkDescription says what is wrong with a description.
func checkDescription(d enrich.Description) error {
	if d.Name == "" || len(d.Name) > maxName || strings.Trim(d.Name, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
		return fmt.Errorf("the name %.80q is not 1 to %d lower-case letters, digits and dashes", d.Name, maxName)
	}
	if len(d.Selector.Tables) > maxColumns || len(d.Selector.Columns) > maxColumns {
		return fmt.Errorf("the selector has %d tables and %d columns, the most is %d",
			len(d.Selector.Tables), len(d.Selector.Columns), maxColumns)
	}
	if len(d.Rules) > maxRules {
		return fmt.Errorf("%d rules, the most is %d", len(d.Rules), maxRules)
	}
	for _, r := range d.Rules {
		if err := checkID("rule", r.ID); err != nil {
			return err
		}
		if r.Severity < 0 || r.Severity > enrich.Critical {
			return fmt.Errorf("rule %s: severity %d doesn't exist", r.ID, r.Severity)
		}
	}
	return nil
}

// checkLists replaces the tags of an event that break a bound with one that says so. It returns an error when there
// isn't one list per event, because then it isn't known whose tags are whose.
func checkLists(lists [][]enrich.Tag, events int) error {
	if len(lists) != events {
		return fmt.Errorf("answered %d events of %d", len(lists), events)
	}
	for i, tags := range lists {
		if err := checkTags(tags); err != nil {
			lists[i] = []enrich.Tag{{Error: "module's answer refused: " + err.Error()}}
		}
	}
	return nil
}

func checkTags(tags []enrich.Tag) error {
	if len(tags) > maxTags {
		return fmt.Errorf("%d tags for one event, the most is %d", len(tags), maxTags)
	}
	for i := range tags {
		if err := checkTag(&tags[i]); err != nil {
			return err
		}
	}
	return nil
}

func checkTag(t *enrich.Tag) error {
	if t.Error != "" && t.Rule == "" { // no rule's fault alone
		*t = enrich.Tag{Error: t.Error}
		return checkTexts(t.Rule, maxText, t.Error)
	}
	if err := checkID("tag", t.Rule); err != nil {
		return err
	}
	if t.Error != "" {
		*t = enrich.Tag{Rule: t.Rule, Error: t.Error}
		return checkTexts(t.Rule, maxText, t.Error)
	}
	if t.Severity < enrich.Info || t.Severity > enrich.Critical {
		return fmt.Errorf("tag %s: severity %d doesn't exist", t.Rule, t.Severity)
	}
	if t.Score < 0 || t.Score > maxScore {
		return fmt.Errorf("tag %s: score %d is not within 0 and %d", t.Rule, t.Score, maxScore)
	}
	if n := max(len(t.Guide), len(t.Reasons), len(t.Mitre), len(t.Objects)); n > maxList {
		return fmt.Errorf("tag %s: a list of %d, the most is %d", t.Rule, n, maxList)
	}
	return checkWords(t)
}

func checkWords(t *enrich.Tag) error {
	short := append([]string{t.Revision, t.Pack}, t.Guide...)
	short = append(short, t.Mitre...)
	long := append([]string{t.Message, t.Suppressed}, t.Reasons...)
	for _, o := range t.Objects {
		short, long = append(short, o.Type), append(long, o.Value)
	}
	if err := checkTexts(t.Rule, maxID, short...); err != nil {
		return err
	}
	return checkTexts(t.Rule, maxText, long...)
}

func checkTexts(rule string, most int, texts ...string) error {
	for _, text := range texts {
		if len(text) > most {
			return fmt.Errorf("tag %s: a text of %d bytes, the most here is %d", rule, len(text), most)
		}
	}
	return nil
}

// checkID holds ids, which become indexed fields and search words, to characters that no sink has to escape.
func checkID(what, id string) error {
	if id == "" || len(id) > maxID {
		return fmt.Errorf("%s id %.80q is not 1 to %d bytes long", what, id, maxID)
	}
	for _, c := range []byte(id) {
		letter := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
		if !letter && c != '.' && c != '_' && c != '-' {
			return fmt.Errorf("%s id %.80q has characters other than letters, digits and . _ -", what, id)
		}
	}
	return nil
}
