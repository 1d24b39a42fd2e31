package celrule

import (
	"reflect"

	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"
)

// objectType is a type that rules see, such as Actor: a Go value behind named fields.
type objectType struct {
	name   string
	doc    string
	cel    *types.Type
	fields map[string]field
	order  []string // names of the fields as they were declared
}

// field is one field of an objectType.
type field struct {
	doc string
	typ *types.Type
	get func(of any) ref.Val
	set func(of any) bool // has(); nil means always
	// columns are those of the row that get reads.
	columns []string
}

func newObjectType(name, doc string) *objectType {
	return &objectType{name: name, doc: doc, cel: types.NewObjectType(name), fields: map[string]field{}}
}

// add declares a field and returns the type.
func (t *objectType) add(name string, f field) *objectType {
	t.fields[name], t.order = f, append(t.order, name)
	return t
}

// fieldOf adds a field whose value is made by get from a *T.
func fieldOf[T any](t *objectType, name string, typ *types.Type, doc string, get func(*T) ref.Val) {
	t.add(name, field{doc: doc, typ: typ, get: func(of any) ref.Val { return get(of.(*T)) }})
}

// textOf, boolOf and listOf add fields of the three commonest types.
func textOf[T any](t *objectType, name, doc string, get func(*T) string) {
	fieldOf(t, name, types.StringType, doc, func(v *T) ref.Val { return types.String(get(v)) })
}

func boolOf[T any](t *objectType, name, doc string, get func(*T) bool) {
	fieldOf(t, name, types.BoolType, doc, func(v *T) ref.Val { return types.Bool(get(v)) })
}

func listOf[T any](t *objectType, name, doc string, get func(*T) []string) {
	fieldOf(t, name, types.NewListType(types.StringType), doc, func(v *T) ref.Val { return newStrings(get(v)) })
}

// fieldType is how CEL reaches a field.
func (f field) fieldType() *types.FieldType {
	return &types.FieldType{
		Type:  f.typ,
		IsSet: func(of any) bool { return f.set == nil || f.set(of) },
		GetFrom: func(of any) (any, error) {
			v := f.get(of)
			if err, ok := v.(*types.Err); ok {
				return nil, err
			}
			return v, nil
		},
	}
}

// object is a value of an objectType.
type object struct {
	typ *objectType
	of  any
}

// newObject is the value of a *T whose fields t knows.
func newObject(t *objectType, of any) *object { return &object{t, of} }

// is reports whether the object is of the type.
func (o *object) is(t *objectType) bool { return o.typ == t }

// Get is a field by name, where CEL doesn't know the type before it runs.
func (o *object) Get(name ref.Val) ref.Val {
	s, _ := name.(types.String)
	f, ok := o.typ.fields[string(s)]
	if !ok {
		return types.NewErr("no such key: %v", name.Value())
	}
	return f.get(o.of)
}

// IsSet is has() for a field by name.
func (o *object) IsSet(name ref.Val) ref.Val {
	s, _ := name.(types.String)
	f, ok := o.typ.fields[string(s)]
	return types.Bool(ok && (f.set == nil || f.set(o.of)))
}

// label is the field label, or name, as text.
func (o *object) label() string {
	for _, name := range []string{"label", "name", "id"} {
		if f, ok := o.typ.fields[name]; ok {
			return text(f.get(o.of))
		}
	}
	return o.typ.name
}

// Equal compares the values, not where they lie.
func (o *object) Equal(other ref.Val) ref.Val {
	p, ok := other.(*object)
	return types.Bool(ok && o.typ == p.typ && reflect.DeepEqual(o.of, p.of))
}

// Type is the type's name for CEL.
func (o *object) Type() ref.Type { return o.typ.cel }

// Value is what the getters of the fields take.
func (o *object) Value() any { return o.of }

// ConvertToNative always fails.
func (o *object) ConvertToNative(reflect.Type) (any, error) { return nil, errNoConversion }

// ConvertToType knows only the object's own type.
func (o *object) ConvertToType(t ref.Type) ref.Val {
	switch t {
	case o.typ.cel:
		return o
	case types.TypeType:
		return o.typ.cel
	}
	return types.NewErr("type conversion error from %s to '%s'", o.typ.name, t)
}
