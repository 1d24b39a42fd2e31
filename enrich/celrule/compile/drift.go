package compile

import (
	"fmt"
	"strings"

	"github.com/riskrelay/riskrelay/enrich/celrule/event"
	"github.com/riskrelay/riskrelay/enrich/diag"
	"github.com/riskrelay/riskrelay/enrich/rulefile"
)

// drift warns of changes that were made for another revision of the rule.
func (r *Rule) drift(l *Language, u Uses) (problems diag.Problems) {
	if len(r.Declared.Tuned.Bases) == 0 {
		return nil
	}
	parts := r.revised(l, u)
	for _, written := range r.Declared.Tuned.Bases {
		changed := r.since(written.Value, parts)
		if changed == "" {
			continue
		}
		p := written.Problem(rulefile.CodeDrift, 0, 0, fmt.Sprintf("the rule `%s` has changed since this was written: %s", r.Info.ID, changed))
		p.Severity = diag.Warning
		p.Suggestion = "look whether the tuning still fits, then write base: " + base(parts)
		problems = append(problems, p)
	}
	return problems
}

// since says what is different from the base that a tuning file has, "" for nothing. A base that is the revision as a
// whole can't tell what it is.
func (r *Rule) since(written string, parts []revised) string {
	if digits := strings.TrimPrefix(written, "sha256:"); !strings.Contains(digits, ":") {
		if len(digits) < revisionLength || digits[:revisionLength] == r.Info.Revision {
			return "" // the same, or a problem of the file
		}
		return fmt.Sprintf("it was revision %s, it is %s now", digits[:revisionLength], r.Info.Revision)
	}
	before := map[string]string{}
	for _, word := range strings.Fields(written) {
		name, hash, _ := strings.Cut(word, ":")
		before[name] = hash
	}
	var changed, added, gone []string
	for _, part := range parts {
		switch hash, known := before[part.name]; {
		case !known:
			added = append(added, partWords(part.name))
		case !strings.HasPrefix(fingerprint(part.texts), hash):
			changed = append(changed, partWords(part.name))
		}
		delete(before, part.name)
	}
	for _, name := range names(before) {
		gone = append(gone, partWords(name))
	}
	return strings.Join(event.NonEmpty(said(changed, "changed", "changed"), said(added, "is new", "are new"), said(gone, "is gone", "are gone")), ", ")
}

// partWords names a part of a rule as people do.
func partWords(name string) string {
	for prefix, word := range map[string]string{"let.": "let", "lists.": "list", "macros.": "macro"} {
		if rest, ok := strings.CutPrefix(name, prefix); ok {
			return word + " `" + rest + "`"
		}
	}
	return "`" + name + "`"
}

// said is a part of a sentence about things that all did the same: "its `when` and list `x` changed".
func said(things []string, one, several string) string {
	switch last := len(things) - 1; {
	case last < 0:
		return ""
	case last == 0:
		return "its " + things[0] + " " + one
	default:
		return "its " + strings.Join(things[:last], ", ") + " and " + things[last] + " " + several
	}
}

// partLength is enough to tell the revisions of a part of a rule apart.
const partLength = 8

// base is the revision part by part, as tuning files write it: "when:1f0c9a2b lists.noise:77d0e1aa".
func base(parts []revised) string {
	words := make([]string, len(parts))
	for i, part := range parts {
		words[i] = part.name + ":" + fingerprint(part.texts)[:partLength]
	}
	return strings.Join(words, " ")
}
