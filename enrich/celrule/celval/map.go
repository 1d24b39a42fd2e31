package celval

import (
	"errors"
	"reflect"

	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"
	"github.com/google/cel-go/common/types/traits"
)

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

// ErrNoConversion is the error of every ConvertToNative: rules never hand values to Go code that way.
var ErrNoConversion = errors.New("a value of a rule can't become a Go value")
