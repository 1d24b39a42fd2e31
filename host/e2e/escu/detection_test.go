package escu

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// detection is what one detection reads and compares.
type detection struct {
	Name   string            `json:"name"`
	Source string            `json:"source"` // its file in github.com/splunk/security_content
	Where  []json.RawMessage `json:"where"`  // all must hold
	By     []string          `json:"by"`     // fields that an event must have to be counted, and by which it is
	Reads  []string          `json:"reads"`  // fields that it shows besides
	Within string            `json:"within"` // the span of time that is counted together
	More   map[string]int    `json:"more_than"`
	Differ []string          `json:"differ"` // two fields that must not be equal
	Then   []json.RawMessage `json:"then"`   // what an event with the same values of By says within the span
	Note   string            `json:"note"`
}

// condition is one thing that an event must have.
type condition struct {
	any []condition // one of these

	field, op, value string

	Find   string `json:"find"` // the place of the value As among the values of this field
	As     string `json:"as"`
	Beside string `json:"beside"` // is that of the value Is among those of this one
	Is     string `json:"is"`
}

func (c *condition) UnmarshalJSON(text []byte) error {
	switch text[0] {
	case '[':
		return json.Unmarshal(text, &c.any)
	case '{':
		type plain condition
		return json.Unmarshal(text, (*plain)(c))
	}
	var word string
	if err := json.Unmarshal(text, &word); err != nil {
		return err
	}
	at := strings.IndexByte(word, '=')
	if at < 0 {
		return fmt.Errorf("%q compares nothing", word)
	}
	c.field, c.op, c.value = word[:at], "=", word[at+1:]
	if strings.HasSuffix(c.field, "!") {
		c.field, c.op = c.field[:at-1], "!="
	}
	return nil
}

// holds reports whether an event has it. As in Splunk's search, * stands for any text and the case of letters doesn't count.
func (c *condition) holds(e *event) bool {
	switch {
	case c.any != nil:
		return slices.ContainsFunc(c.any, func(one condition) bool { return one.holds(e) })
	case c.Find != "":
		i := slices.Index(e.values(c.Find), c.As)
		beside := e.values(c.Beside)
		return i >= 0 && i < len(beside) && like(beside[i], c.Is)
	}
	matches := slices.ContainsFunc(e.values(c.field), func(v string) bool { return like(v, c.value) })
	if c.op == "!=" {
		return len(e.values(c.field)) > 0 && !matches
	}
	return matches
}

// like reports whether value is what pattern describes, in which * stands for any text.
func like(value, pattern string) bool {
	if !strings.Contains(pattern, "*") {
		return strings.EqualFold(value, pattern)
	}
	parts := strings.Split(strings.ToLower(pattern), "*")
	rest, ok := strings.CutPrefix(strings.ToLower(value), parts[0])
	for _, part := range parts[1 : len(parts)-1] {
		at := strings.Index(rest, part)
		if ok = ok && at >= 0; !ok {
			return false
		}
		rest = rest[at+len(part):]
	}
	return ok && strings.HasSuffix(rest, parts[len(parts)-1])
}

func holdAll(all []condition, e *event) bool {
	return !slices.ContainsFunc(all, func(c condition) bool { return !c.holds(e) })
}

func conditions(t *testing.T, raw []json.RawMessage) (all []condition) {
	t.Helper()
	for _, text := range raw {
		var c condition
		if err := json.Unmarshal(text, &c); err != nil {
			t.Fatal(err)
		}
		all = append(all, c)
	}
	return all
}

func detections(t *testing.T) (all []detection) {
	t.Helper()
	text, err := os.ReadFile("testdata/detections.json")
	if err == nil {
		err = json.Unmarshal(text, &all)
	}
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// group are events that are counted together.
type group []*event

// finds counts how often the detection finds what it looks for.
func (d *detection) finds(t *testing.T, events []*event) (n int) {
	t.Helper()
	where, then := conditions(t, d.Where), conditions(t, d.Then)
	span := 24 * time.Hour
	if d.Within != "" {
		var err error
		if span, err = time.ParseDuration(d.Within); err != nil {
			t.Fatal(err)
		}
	}
	groups := map[string]group{}
	for _, e := range events {
		if key, ok := d.key(e); ok && holdAll(where, e) && d.differs(e) {
			at := key + e.time.Truncate(span).String()
			groups[at] = append(groups[at], e)
		}
	}
	for _, g := range groups {
		if d.enough(g) && d.followed(g[0], events, then, span) {
			n++
		}
	}
	return n
}

// key is what an event is counted by; ok is false when it lacks a field, as such events aren't counted.
func (d *detection) key(e *event) (key string, ok bool) {
	for _, field := range d.By {
		v := e.values(field)
		if len(v) == 0 || v[0] == "" || v[0] == "null" {
			return "", false
		}
		key += strings.Join(v, ",") + "|"
	}
	return key, true
}

func (d *detection) differs(e *event) bool {
	return len(d.Differ) == 0 || !slices.Equal(e.values(d.Differ[0]), e.values(d.Differ[1]))
}

// enough reports whether a group has more events, or more different values of fields, than the detection wants.
func (d *detection) enough(g group) bool {
	for field, limit := range d.More {
		n := len(g)
		if field != "count" {
			distinct := map[string]bool{}
			for _, e := range g {
				for _, v := range e.values(field) {
					distinct[v] = true
				}
			}
			n = len(distinct)
		}
		if n <= limit {
			return false
		}
	}
	return true
}

func (d *detection) followed(first *event, events []*event, then []condition, span time.Duration) bool {
	if len(then) == 0 {
		return true
	}
	key, _ := d.key(first)
	return slices.ContainsFunc(events, func(e *event) bool {
		k, ok := d.key(e)
		after := e.time.Sub(first.time)
		return ok && k == key && after >= 0 && after <= span && holdAll(then, e)
	})
}

// fields are the names of all fields that the detection reads, sorted, without places in lists.
func (d *detection) fields(t *testing.T) (names []string) {
	t.Helper()
	add := func(field string) {
		field, _, _ = strings.Cut(field, ">")
		if at := strings.IndexByte(field, '['); at > 0 {
			field = field[:at]
		}
		if field != "" && field != "count" {
			names = append(names, field)
		}
	}
	var walk func([]condition)
	walk = func(all []condition) {
		for _, c := range all {
			walk(c.any)
			add(c.field)
			add(c.Find)
			add(c.Beside)
		}
	}
	walk(conditions(t, slices.Concat(d.Where, d.Then)))
	for _, list := range [][]string{d.By, d.Reads, d.Differ} {
		for _, field := range list {
			add(field)
		}
	}
	for field := range d.More {
		add(field)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// place is the number in brackets at the end of a field's name, -1 for none.
func place(field string) (name string, at int) {
	name, rest, ok := strings.Cut(field, "[")
	if !ok {
		return field, -1
	}
	at, err := strconv.Atoi(strings.TrimSuffix(rest, "]"))
	if err != nil {
		panic(err)
	}
	return name, at
}
