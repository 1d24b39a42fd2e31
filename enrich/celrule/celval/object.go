package celval

import (
	"reflect"

	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"
)

// ObjectType is a type that rules see, such as Actor: a Go value behind named fields.
type ObjectType struct {
	Name   string
	Doc    string
	CEL    *types.Type
	Fields map[string]Field
	Order  []string // names of the fields as they were declared
}

// Field is one field of an ObjectType.
type Field struct {
	Doc   string
	Type  *types.Type
	Get   func(of any) ref.Val
	IsSet func(of any) bool // has(); nil means always
	// Columns are those of the row that Get reads, for a field of event itself.
	Columns []string
	// Copied says that every text in the field stands in the row as it is, up to case and escapes.
	Copied bool
	// Lower says that the text is in lower case however the row has it.
	Lower bool
	// OneOf are the texts that the field can be; nil when it can be anything.
	OneOf []string
	// Passes is how often Get goes through a text that can't be longer than the row.
	Passes int64
	// Needs is the part of the context that the field needs, "" for none.
	Needs string
}

// NewObjectType returns a type without fields. Its name is what rules and their errors call it.
func NewObjectType(name, doc string) *ObjectType {
	return &ObjectType{Name: name, Doc: doc, CEL: types.NewObjectType(name), Fields: map[string]Field{}}
}

// Add declares a field and returns the type.
func (t *ObjectType) Add(name string, f Field) *ObjectType {
	t.Fields[name], t.Order = f, append(t.Order, name)
	return t
}

// About says more about a field that is added.
type About func(*Field)

// Copied sets Field.Copied.
func Copied(f *Field) { f.Copied = true }

// Lower sets Field.Lower.
func Lower(f *Field) { f.Lower = true }

// OneOf sets Field.OneOf.
func OneOf(texts ...string) About { return func(f *Field) { f.OneOf = texts } }

// Passes sets Field.Passes.
func Passes(n int64) About { return func(f *Field) { f.Passes = n } }

// Needs sets Field.Needs.
func Needs(part string) About { return func(f *Field) { f.Needs = part } }

// AddField adds a field whose value is made by get from a *T.
func AddField[T any](t *ObjectType, name string, typ *types.Type, doc string, get func(*T) ref.Val, more ...About) {
	f := Field{Doc: doc, Type: typ, Get: func(of any) ref.Val { return get(of.(*T)) }}
	for _, about := range more {
		about(&f)
	}
	t.Add(name, f)
}

// AddText adds a field of type string.
func AddText[T any](t *ObjectType, name, doc string, get func(*T) string, more ...About) {
	AddField(t, name, types.StringType, doc, func(v *T) ref.Val { return types.String(get(v)) }, more...)
}

// AddBool adds a field of type bool.
func AddBool[T any](t *ObjectType, name, doc string, get func(*T) bool, more ...About) {
	AddField(t, name, types.BoolType, doc, func(v *T) ref.Val { return types.Bool(get(v)) }, more...)
}

// AddTexts adds a field of type list(string).
func AddTexts[T any](t *ObjectType, name, doc string, get func(*T) []string, more ...About) {
	AddField(t, name, types.NewListType(types.StringType), doc, func(v *T) ref.Val { return NewTexts(get(v)) }, more...)
}

// fieldType is how CEL reaches a field.
func (f Field) fieldType() *types.FieldType {
	return &types.FieldType{
		Type:  f.Type,
		IsSet: func(of any) bool { return f.IsSet == nil || f.IsSet(of) },
		GetFrom: func(of any) (any, error) {
			v := f.Get(of)
			if err, ok := v.(*types.Err); ok {
				return nil, err
			}
			return v, nil
		},
	}
}

// Object is a value of an objectType.
type Object struct {
	typ *ObjectType
	of  any
}

// NewObject is the value of a *T whose fields t knows.
func NewObject(t *ObjectType, of any) *Object { return &Object{t, of} }

// Is reports whether the object is of the type.
func (o *Object) Is(t *ObjectType) bool { return o.typ == t }

// Get is a field by name, where CEL doesn't know the type before it runs.
func (o *Object) Get(name ref.Val) ref.Val {
	s, _ := name.(types.String)
	f, ok := o.typ.Fields[string(s)]
	if !ok {
		return types.NewErr("no such key: %v", name.Value())
	}
	return f.Get(o.of)
}

// IsSet is has() for a field by name.
func (o *Object) IsSet(name ref.Val) ref.Val {
	s, _ := name.(types.String)
	f, ok := o.typ.Fields[string(s)]
	return types.Bool(ok && (f.IsSet == nil || f.IsSet(o.of)))
}

// Label is the field label, or name, as text.
func (o *Object) Label() string {
	for _, name := range []string{"label", "name", "id"} {
		if f, ok := o.typ.Fields[name]; ok {
			return Text(f.Get(o.of))
		}
	}
	return o.typ.Name
}

// Equal compares the values, not where they lie.
func (o *Object) Equal(other ref.Val) ref.Val {
	p, ok := other.(*Object)
	return types.Bool(ok && o.typ == p.typ && reflect.DeepEqual(o.of, p.of))
}

// Type is the type's name for CEL.
func (o *Object) Type() ref.Type { return o.typ.CEL }

// Value is what the getters of the fields take.
func (o *Object) Value() any { return o.of }

// ConvertToNative always fails.
func (o *Object) ConvertToNative(reflect.Type) (any, error) { return nil, ErrNoConversion }

// ConvertToType knows only the object's own type.
func (o *Object) ConvertToType(t ref.Type) ref.Val {
	switch t {
	case o.typ.CEL:
		return o
	case types.TypeType:
		return o.typ.CEL
	}
	return types.NewErr("type conversion error from %s to '%s'", o.typ.Name, t)
}
