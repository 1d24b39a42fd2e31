package eventjson

import (
	"encoding/json"
	"slices"
	"unicode/utf8"

	"github.com/riskrelay/riskrelay/enrich"
)

// part is something that can be left out of a risk.
type part struct {
	drop func() // marks it
	size int    // bytes of JSON
}

// trimRisk leaves out of a risk what is missed least, until excess bytes are saved, or as much as can be, and returns how many bytes
// that saved: suppressed matches, then rules from the mildest on (of equals the last first) but the worst one, objects, and errors
// but the first; at last long texts are cut.
func trimRisk(e *enrich.Event, excess int) (saved int) {
	if e.Risk.Empty() {
		return 0
	}
	before := jsonSize(&e.Risk)
	t := newTrim(&e.Risk)
	want := excess + len(`,"omitted":999999`)
	for _, p := range t.order() {
		if want <= 0 {
			break
		}
		p.drop()
		t.omitted++
		want -= p.size
	}
	short := t.risk()
	if before-jsonSize(&short) < excess {
		cutTexts(&short)
	}
	if saved = before - jsonSize(&short); saved <= 0 {
		return 0
	}
	e.Risk = short
	return saved
}

// trim is a risk, and which parts of it are left out.
type trim struct {
	from                               *enrich.Risk
	rules, suppressed, objects, errors []bool
	omitted                            int
}

func newTrim(r *enrich.Risk) *trim {
	return &trim{
		from: r, rules: make([]bool, len(r.Rules)), suppressed: make([]bool, len(r.Suppressed)),
		objects: make([]bool, len(r.Objects)), errors: make([]bool, len(r.Errors)),
	}
}

// order is what can be left out, in the order in which it goes.
func (t *trim) order() (all []part) {
	add := func(gone []bool, i, size int) {
		all = append(all, part{drop: func() { gone[i] = true }, size: size + len(",")})
	}
	for i := len(t.suppressed) - 1; i >= 0; i-- {
		add(t.suppressed, i, jsonSize(t.from.Suppressed[i]))
	}
	for i := len(t.rules) - 1; i > 0; i-- { // the worst stands first
		add(t.rules, i, jsonSize(t.from.Rules[i]))
	}
	for i := len(t.objects) - 1; i >= 0; i-- {
		add(t.objects, i, jsonSize(t.from.Objects[i]))
	}
	for i := len(t.errors) - 1; i > 0; i-- {
		add(t.errors, i, jsonSize(t.from.Errors[i]))
	}
	return all
}

// risk is what stays.
func (t *trim) risk() enrich.Risk {
	short := *t.from
	short.Omitted += t.omitted
	short.Rules = keep(t.from.Rules, t.rules)
	short.Suppressed = keep(t.from.Suppressed, t.suppressed)
	short.Objects = keep(t.from.Objects, t.objects)
	short.Errors = keep(t.from.Errors, t.errors)
	ids := map[string]bool{}
	for i := range short.Rules {
		ids[short.Rules[i].ID] = true
	}
	short.Tags = slices.DeleteFunc(slices.Clone(t.from.Tags), func(tag string) bool { return !ids[tag] })
	return short
}

// keep is a copy of all without those that are gone.
func keep[T any](all []T, gone []bool) (left []T) {
	for i := range all {
		if !gone[i] {
			left = append(left, all[i])
		}
	}
	return left
}

const (
	keptOfText = 128 // bytes that stay of a text in a risk
	textMark   = "...[shortened]"
)

// cutTexts cuts the long texts of a risk whose slices are its own.
func cutTexts(r *enrich.Risk) {
	for _, list := range [][]enrich.Match{r.Rules, r.Suppressed} {
		for i := range list {
			m := &list[i]
			m.Message, m.Suppressed, m.Pack = cutText(m.Message), cutText(m.Suppressed), cutText(m.Pack)
			if len(m.Reasons) > 0 {
				m.Reasons = []string{cutText(m.Reasons[0])}
			}
		}
	}
	for i := range r.Errors {
		r.Errors[i].Reason = cutText(r.Errors[i].Reason)
	}
}

func cutText(text string) string {
	if len(text) <= keptOfText+len(textMark) {
		return text
	}
	end := keptOfText
	for end > 0 && !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end] + textMark
}

// jsonSize is how many bytes v takes as JSON, 0 when it can't be written.
func jsonSize(v any) int {
	text, err := json.Marshal(v)
	if err != nil {
		return 0
	}
	return len(text)
}
