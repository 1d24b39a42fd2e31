package rulefile

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/riskrelay/riskrelay/enrich/diag"
)

// decoder turns nodes into the types of this package and collects what is wrong.
type decoder struct {
	source   *diag.Source
	path     string
	problems diag.Problems

	unknowns int       // unknown keys
	untold   diag.Text // the first of them that isn't told
	left     int       // other problems that aren't told
}

// How much is told of one file: people begin with the first, and a file may be meant to have a million.
const (
	maxUnknown  = 20 // keys
	maxProblems = 1000
)

// full reports whether enough was told; who asks has one more problem.
func (d *decoder) full() bool {
	if len(d.problems) < maxProblems {
		return false
	}
	d.left++
	return true
}

// rest adds what stands for the problems that aren't told.
func (d *decoder) rest() {
	if more := d.unknowns - maxUnknown; more > 0 {
		p := d.untold.Problem(CodeUnknown, 0, 0, "and "+diag.Count(more, "more unknown key")+" in this file")
		d.problems = append(d.problems, p)
	}
	if d.left > 0 {
		d.problems = append(d.problems, diag.Problem{
			Pos: diag.Pos{File: d.source.File}, Severity: diag.Error, Code: CodeLimit, Message: "the file has " + diag.Count(d.left, "problem") + " beside these",
		})
	}
}

// presence says whether a key must be there.
type presence bool

const (
	required presence = true
	optional presence = false
)

// field is a key of a mapping and what reads its value.
type field struct {
	name string
	need presence
	read func(*node)
}

// fields reads a mapping; what names it in messages. Each key must be one of the fields, and stand there once.
func (d *decoder) fields(n *node, what string, fields []field) {
	if !d.is(n, mapping) {
		return
	}
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i] = f.name
	}
	seen := map[string]bool{}
	for _, p := range n.pairs {
		key := p.key
		key.Path = d.path
		i := slices.Index(names, key.Value)
		switch {
		case i < 0:
			d.unknown(key, what, names)
		case seen[key.Value]:
			d.twice(key)
		default:
			seen[key.Value] = true
			d.at(segment(key.Value), func() { fields[i].read(p.value) })
		}
	}
	for _, f := range fields {
		if f.need == required && !seen[f.name] {
			d.report(n, CodeMissing, fmt.Sprintf("%s needs the key `%s`", what, f.name))
		}
	}
}

// segment is what a key adds to the path. Collections whose members name themselves add nothing.
func segment(key string) string {
	switch key {
	case "rules", "lists", "macros", "tests", "adjust", "objects", "exceptions":
		return ""
	}
	return key
}

// twice reports a text that stands where it stood before.
func (d *decoder) twice(t diag.Text) {
	if !d.full() {
		d.problems = append(d.problems, t.Problem(CodeRepeated, 0, 0, fmt.Sprintf("`%s` is given twice", t.Value)))
	}
}

func (d *decoder) unknown(key diag.Text, what string, names []string) {
	if d.unknowns++; d.unknowns > maxUnknown {
		if d.unknowns == maxUnknown+1 {
			d.untold = key
		}
		return
	}
	p := key.Problem(CodeUnknown, 0, 0, fmt.Sprintf("unknown key `%s` in %s", key.Value, what))
	if p.Suggestion = didYouMean(key.Value, names); p.Suggestion == "" {
		p.Suggestion = "known: " + strings.Join(names, ", ")
	}
	d.problems = append(d.problems, p)
}

// at runs f with segment added to the path.
func (d *decoder) at(segment string, f func()) {
	outer := d.path
	if segment != "" {
		d.path = strings.TrimPrefix(d.path+" > "+segment, " > ")
	}
	f()
	d.path = outer
}

// each reads the items of a list; the path names each by word and the value of its key, or by its number.
func each[T any](d *decoder, n *node, under, word, key string, read func(*node) T) (all []T) {
	if !d.is(n, sequence) {
		return nil
	}
	all = slices.Grow(all, len(n.items))
	d.at(under, func() {
		for i, item := range n.items {
			name := item.childText(key)
			if name == "" || under == "adjust" || under == "objects" {
				name = strconv.Itoa(i + 1)
			}
			d.at(word+" "+name, func() { all = append(all, read(item)) })
		}
	})
	return all
}

// child is the value of key in a mapping, nil when there is none.
func (n *node) child(key string) *node {
	for _, p := range n.pairs {
		if p.key.Value == key {
			return p.value
		}
	}
	return nil
}

// childText is the text of key in a mapping, "" when there is none.
func (n *node) childText(key string) string {
	if c := n.child(key); c != nil && c.kind == text {
		return c.text.Value
	}
	return ""
}

// report adds an error about n.
func (d *decoder) report(n *node, code, message string) {
	if d.full() {
		return
	}
	t := n.text
	t.Path = d.path
	d.problems = append(d.problems, t.Problem(code, 0, 0, message))
}

// is reports whether n is of kind k, and adds a problem when it isn't.
func (d *decoder) is(n *node, k kind) bool {
	if n.kind == k {
		return true
	}
	if n.kind == refused {
		return false
	}
	message := fmt.Sprintf("want %s, found %s", k, n.kind)
	if k == text && (n.kind == number || n.kind == boolean) {
		message += "; put it in quotes"
	}
	d.report(n, CodeType, message)
	return false
}

// check says what is wrong with a value, "" when nothing is.
type check func(value string) string

// checked gives t its path and reports what ok finds wrong.
func (d *decoder) checked(t diag.Text, ok check) diag.Text {
	t.Path = d.path
	if message := ok(t.Value); message != "" && !d.full() {
		d.problems = append(d.problems, t.Problem(CodeValue, 0, 0, message))
	}
	return t
}

func (d *decoder) text(n *node, ok check) diag.Text {
	if n.kind == number || n.kind == boolean {
		if message := ok(n.text.Value); message != "" { // quotes wouldn't help
			d.report(n, CodeValue, message)
			return diag.Text{}
		}
	}
	if !d.is(n, text) {
		return diag.Text{}
	}
	return d.checked(n.text, ok)
}

func (d *decoder) constant(n *node, want string) {
	d.text(n, oneOf(want))
}

func (d *decoder) texts(n *node, ok check) (all []diag.Text) {
	if n.kind == text || n.kind == number || n.kind == boolean {
		message := fmt.Sprintf("want a list, found %s", n.kind)
		if wrong := ok(n.text.Value); wrong != "" {
			message += "; and " + wrong
		} else {
			message += ": write [" + n.text.Value + "]"
		}
		d.report(n, CodeType, message)
		return nil
	}
	if !d.is(n, sequence) {
		return nil
	}
	for _, item := range n.items {
		if t := d.text(item, ok); t.Present() {
			all = append(all, t)
		}
	}
	return all
}

const (
	atLeastOne = true
	mayBeEmpty = false
)

// distinct reads texts of which none may stand there twice.
func (d *decoder) distinct(n *node, ok check, nonEmpty bool) []diag.Text {
	all := d.texts(n, ok)
	if nonEmpty && n.kind == sequence && len(n.items) == 0 {
		d.report(n, CodeValue, "want at least one")
	}
	seen := map[string]bool{}
	for _, t := range all {
		if seen[t.Value] {
			d.twice(t)
		}
		seen[t.Value] = true
	}
	return all
}

// expression reads CEL. A number or boolean of YAML is one of CEL, too.
func (d *decoder) expression(n *node) diag.Text {
	if n.kind != number && n.kind != boolean && !d.is(n, text) {
		return diag.Text{}
	}
	t := n.text
	t.Path = d.path
	length := utf8.RuneCountInString(t.Value)
	switch {
	case strings.TrimSpace(t.Value) == "":
		d.report(n, CodeValue, "want a CEL expression, found nothing")
		return diag.Text{}
	case length > MaxExpression:
		message := fmt.Sprintf("the expression has %d characters, at most %d are allowed; use let or a macro", length, MaxExpression)
		d.problems = append(d.problems, t.Problem(CodeLimit, 0, 0, message))
		return diag.Text{}
	}
	return t
}

// score reads points; with relative, also a change such as "+20".
func (d *decoder) score(n *node, relative bool) Score {
	if n.kind != number && (!relative || n.kind != text) {
		d.is(n, number)
		return Score{}
	}
	s := Score{Text: n.text}
	s.Path = d.path
	points, err := strconv.Atoi(s.Value)
	signed := strings.HasPrefix(s.Value, "+") || strings.HasPrefix(s.Value, "-")
	switch {
	case err != nil || points > 100 || points < -100 || signed && !relative:
		want := "want a whole number from 0 to 100"
		if relative {
			want += `, or a change such as "+20" or "-10"`
		}
		d.problems = append(d.problems, s.Problem(CodeValue, 0, 0, want))
		return Score{}
	}
	s.Points, s.Relative = points, signed
	return s
}
