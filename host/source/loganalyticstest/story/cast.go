package story

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// member is a person, an application, a vault: a name and what else is known of it. No value needs an escape in
// JSON, so that placeholders can stand at any depth of nesting.
type member map[string]string

// cast is the company.
type cast struct {
	Tenant       string              `json:"tenant"`
	Subscription string              `json:"subscription"`
	People       map[string][]member `json:"people"` // by kind: user, admin, app, ...
}

var company = sync.OnceValue(func() *cast {
	var c cast
	load("cast.json", &c)
	return &c
})

// named finds a member by its name.
func (c *cast) named(kind, name string) member {
	i := slices.IndexFunc(c.People[kind], func(m member) bool { return m["name"] == name })
	if i < 0 {
		panic(fmt.Sprintf("nobody of kind %s is called %s", kind, name))
	}
	return c.People[kind][i]
}

// facts fill the placeholders of one row. What isn't given is chosen at random when it is first asked for, and stays.
type facts struct {
	random *rand.Rand
	given  map[string]string
	roles  map[string]member
}

// render fills in t.
func (f *facts) render(t *template) []byte {
	var out []byte
	for _, p := range t.pieces {
		out = append(out, p.text...)
		if p.fact != "" {
			out = append(out, f.value(p.fact)...)
		}
	}
	return out
}

// value is what a placeholder stands for:
//
//	guid:NAME  a GUID, the same for the same name in one row
//	int:A-B    a whole number
//	pick:A|B   one of the texts
//	KIND.FIELD what cast.json says of the member of that kind
//	NAME       a fact of the row or of the attack
func (f *facts) value(fact string) string {
	if v, ok := f.given[fact]; ok {
		return v
	}
	kind, field, _ := strings.Cut(fact, ".")
	verb, rest, _ := strings.Cut(fact, ":")
	switch {
	case verb == "guid":
		f.given[fact] = guid(f.random)
		return f.given[fact]
	case verb == "int":
		return f.number(rest)
	case verb == "pick":
		words := strings.Split(rest, "|")
		return words[f.random.IntN(len(words))]
	case f.member(kind) != nil:
		if v, ok := f.member(kind)[field]; ok {
			return v
		}
	}
	panic(fmt.Sprintf("nothing fills ${%s}", fact))
}

func (f *facts) number(span string) string {
	low, high, _ := strings.Cut(span, "-")
	a, errA := strconv.Atoi(low)
	b, errB := strconv.Atoi(high)
	if errA != nil || errB != nil || b < a {
		panic(fmt.Sprintf("%q is no span of numbers", span))
	}
	return strconv.Itoa(a + f.random.IntN(b-a+1))
}

// member is who plays kind in this row, nil when there is no such kind.
func (f *facts) member(kind string) member {
	if m := f.roles[kind]; m != nil {
		return m
	}
	all := company().People[kind]
	if len(all) == 0 {
		return nil
	}
	f.roles[kind] = all[f.random.IntN(len(all))]
	return f.roles[kind]
}

// guid is a random GUID of version 4 (RFC 9562).
func guid(random *rand.Rand) string {
	a, b := random.Uint64(), random.Uint64()
	return fmt.Sprintf("%08x-%04x-4%03x-%04x-%012x", a>>32, a>>16&0xffff, a&0xfff, b>>48&0x3fff|0x8000, b&0xffffffffffff)
}

// Members are the values of a field of all of a kind: ("app", "spid") are the object ids of the company's service
// principals. The kinds and fields are those of data/cast.json; what nobody has is left out.
func Members(kind, field string) (values []string) {
	for _, m := range company().People[kind] {
		if v, ok := m[field]; ok {
			values = append(values, v)
		}
	}
	return values
}
