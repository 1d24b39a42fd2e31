package compile

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"

	"github.com/riskrelay/riskrelay/enrich/celrule/celval"
	"github.com/riskrelay/riskrelay/enrich/rulefile"
)

// revisionLength is enough to tell the revisions of a rule apart.
const revisionLength = 12

// revised is a part of a rule that decides about matches: the texts of its keys, or a let, list or macro.
type revised struct {
	name  string // when, adjust, let.NAME, lists.NAME, macros.NAME, ...
	texts []string
}

// revision is a hash of everything in the rule files that decides about a match: expressions, tables, severity, score,
// and the lists and macros that are used. Titles, texts and tests may change without another revision; so may the files
// of lists, and what tuning files say.
func (r *Rule) revision(l *Language, u Uses) string {
	var all []string
	for _, part := range r.revised(l, u) {
		all = append(all, part.texts...)
	}
	return fingerprint(all)[:revisionLength]
}

func fingerprint(texts []string) string {
	hash := sha256.New()
	for _, t := range texts {
		hash.Write(fmt.Appendf(nil, "%q\n", strings.Join(strings.Fields(t), " ")))
	}
	return hex.EncodeToString(hash.Sum(nil))
}

// revised are the parts of the rule. Those that it doesn't have are left out.
func (r *Rule) revised(l *Language, u Uses) (parts []revised) {
	d := r.Declared
	add := func(name string, texts ...string) {
		if len(texts) > 0 {
			parts = append(parts, revised{name, texts})
		}
	}
	add("when", "when", d.When.Value)
	add("severity", "severity", d.Severity.Value, "score", strconv.Itoa(r.untuned))
	add("tables", append([]string{"tables"}, sorted(values(d.Tables))...)...)
	for _, let := range d.Let {
		add("let."+let.Name.Value, "let", let.Name.Value, let.Expr.Value)
	}
	var steps, objects []string
	for _, a := range d.Adjust {
		steps = append(steps, "adjust", a.If.Value, a.Severity.Value, a.Score.Value)
	}
	for _, o := range d.Objects {
		objects = append(objects, "object", o.Type.Value, o.Value.Value)
	}
	add("adjust", steps...)
	add("objects", objects...)
	for _, name := range names(u.Macros) {
		m := l.macros.byName[name]
		add("macros."+name, append([]string{"macro", name, m.declared.Expr.Value}, m.signature()...)...)
	}
	for _, name := range names(u.Lists) {
		set := untunedList(l.declared[name])
		add("lists."+name, append([]string{"list", name, strconv.FormatBool(set.Folded)}, set.Keys()...)...)
	}
	add("first_seen", firstSeenTexts(d.FirstSeen)...)
	add("exceptions", exceptionTexts(d.Exceptions)...)
	return parts
}

// firstSeenTexts and exceptionTexts return what first_seen and the exceptions that the author opens add to the revision of a rule,
// nothing for a rule without them.
func firstSeenTexts(f *rulefile.FirstSeen) []string {
	if f == nil {
		return nil
	}
	return append([]string{"first_seen", f.Window.String(), f.Severity.Value, f.Score.Value}, values(f.Key)...)
}

func exceptionTexts(all []rulefile.Exception) (texts []string) {
	for _, s := range all {
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

// untunedList is a list as the rule file has it.
func untunedList(declared *rulefile.List) *celval.List {
	return celval.NewSet(values(declared.Items), declared.CaseInsensitive)
}

// signature are the parameters of the macro, each with its type.
func (m *macro) signature() (out []string) {
	for i, name := range m.params {
		if m.types[i] != "" {
			name += " " + m.types[i]
		}
		out = append(out, name)
	}
	return out
}
