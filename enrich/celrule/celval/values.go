package celval

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"
	"github.com/google/cel-go/common/types/traits"
)

// List is a CEL list. One made from a rule file's list finds its items by hash.
type List struct {
	traits.Lister
	Items  []ref.Val
	set    map[string]bool // nil for lists that aren't searched by hash
	Folded bool            // upper and lower case are alike; set holds lower case
}

func NewList(items []ref.Val) *List {
	return &List{Lister: types.NewRefValList(types.DefaultTypeAdapter, items), Items: items}
}

func NewTexts(texts []string) *List {
	items := make([]ref.Val, len(texts))
	for i, s := range texts {
		items[i] = types.String(s)
	}
	return NewList(items)
}

// NewSet returns the value of lists.NAME.
func NewSet(texts []string, fold bool) *List {
	l := NewTexts(texts)
	l.set, l.Folded = make(map[string]bool, len(texts)), fold
	for _, s := range texts {
		l.set[l.key(s)] = true
	}
	return l
}

// IsSet reports whether the items are found by hash.
func (l *List) IsSet() bool { return l.set != nil }

// Has reports whether a list whose items are found by hash has s, in any case if the list takes no notice of case.
func (l *List) Has(s string) bool { return l.set[l.key(s)] }

// Keys are the distinct items of a list whose items are found by hash, sorted; in lower case if the list takes no notice of
// case.
func (l *List) Keys() []string { return slices.Sorted(maps.Keys(l.set)) }

func (l *List) key(s string) string {
	if l.Folded {
		return strings.ToLower(s)
	}
	return s
}

// Contains is the operator in.
func (l *List) Contains(v ref.Val) ref.Val {
	if l.set == nil {
		return l.Lister.Contains(v)
	}
	s, ok := v.(types.String)
	return types.Bool(ok && l.Has(string(s)))
}

// Map is a JSON object as a CEL map. Objects of logs are small, so that a search is faster than a hash.
type Map struct {
	names  []string
	values []ref.Val
	places map[string]int // nil while the object is small
}

const smallObject = 12

func (m *Map) place(name string) (int, bool) {
	if m.places != nil {
		i, ok := m.places[name]
		return i, ok
	}
	for i, n := range m.names {
		if n == name {
			return i, true
		}
	}
	return 0, false
}

// Set puts a member in; of members with one name the last counts, and null takes a member away.
func (m *Map) Set(name string, v ref.Val) {
	if i, ok := m.place(name); ok {
		m.values[i] = v // stays when null: find leaves it out
		return
	}
	if v == types.NullValue {
		return
	}
	m.names, m.values = append(m.names, name), append(m.values, v)
	switch {
	case m.places != nil:
		m.places[name] = len(m.names) - 1
	case len(m.names) > smallObject:
		m.places = make(map[string]int, 2*len(m.names))
		for i, n := range m.names {
			m.places[n] = i
		}
	}
}

func (m *Map) find(name string) (ref.Val, bool) {
	i, ok := m.place(name)
	if !ok || m.values[i] == types.NullValue {
		return nil, false
	}
	return m.values[i], true
}

// AnyNamed reports whether the object has a member, be it null.
func (m *Map) AnyNamed() bool { return len(m.names) > 0 }

func (m *Map) count() int {
	n := 0
	for _, v := range m.values {
		if v != types.NullValue {
			n++
		}
	}
	return n
}

// Find looks a key up, for CEL.
func (m *Map) Find(key ref.Val) (ref.Val, bool) {
	name, ok := key.(types.String)
	if !ok {
		return nil, false
	}
	return m.find(string(name))
}

// Get is the member called key, or CEL's error for a missing key.
func (m *Map) Get(key ref.Val) ref.Val {
	if v, ok := m.Find(key); ok {
		return v
	}
	return types.NewErr("no such key: %v", key.Value())
}

// Contains reports whether there is a member called key.
func (m *Map) Contains(key ref.Val) ref.Val {
	_, ok := m.Find(key)
	return types.Bool(ok)
}

// Size is the number of members.
func (m *Map) Size() ref.Val { return types.Int(m.count()) }

// Iterator walks over the names of the members.
func (m *Map) Iterator() traits.Iterator {
	var names []string
	for i, n := range m.names {
		if m.values[i] != types.NullValue {
			names = append(names, n)
		}
	}
	return NewTexts(names).Iterator()
}

// Equal reports whether two maps have the same members.
func (m *Map) Equal(other ref.Val) ref.Val {
	o, ok := other.(traits.Mapper)
	if !ok || o.Size() != m.Size() {
		return types.False
	}
	for i, n := range m.names {
		if m.values[i] == types.NullValue {
			continue
		}
		v, ok := o.Find(types.String(n))
		if !ok || types.Equal(m.values[i], v) != types.True {
			return types.False
		}
	}
	return types.True
}

// Type is the type of CEL maps.
func (m *Map) Type() ref.Type { return types.MapType }

// Value is the map itself; rules never see Go values.
func (m *Map) Value() any { return m }

var ErrNoConversion = errors.New("a value of a rule can't become a Go value")

// ConvertToNative always fails.
func (m *Map) ConvertToNative(reflect.Type) (any, error) { return nil, ErrNoConversion }

// ConvertToType knows only the map's own type.
func (m *Map) ConvertToType(t ref.Type) ref.Val {
	switch t {
	case types.MapType:
		return m
	case types.TypeType:
		return types.MapType
	}
	return types.NewErr("type conversion error from map to '%s'", t)
}

// IsMissing reports whether an evaluation failed because a dynamic value has no such member or element: for a rule
// that is "no match", not a fault.
func IsMissing(err error) bool {
	s := err.Error()
	return strings.HasPrefix(s, "no such key: ") || strings.HasPrefix(s, "index out of bounds: ")
}

// Display is v as text for messages and objects: lists with commas between, an empty
// one as "none", maps as JSON, null as nothing.
func Display(v ref.Val) string {
	switch v := v.(type) {
	case types.String:
		return string(v)
	case types.Timestamp:
		return v.Time.UTC().Format("2006-01-02T15:04:05Z")
	case types.Duration:
		return v.Duration.String()
	case *Map:
		return Compact(v)
	case *Object:
		return v.Label()
	case *Absent:
		return ""
	case traits.Lister:
		if v.Size() == types.IntZero {
			return "none"
		}
		var b strings.Builder
		for it, n := v.Iterator(), 0; it.HasNext() == types.True; n++ {
			if n > 0 {
				b.WriteString(", ")
			}
			b.WriteString(Display(it.Next()))
		}
		return b.String()
	case *types.Optional:
		if v.HasValue() {
			return Display(v.GetValue())
		}
		return ""
	case types.Null:
		return ""
	}
	if s := Text(v); s != "" {
		return s
	}
	return fmt.Sprint(v.Value())
}
