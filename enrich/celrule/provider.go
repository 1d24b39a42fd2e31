package celrule

import (
	"iter"
	"maps"
	"slices"

	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"
)

// provider tells CEL the types that rules see.
type provider struct {
	*types.Registry
	types  map[string]*objectType
	fields map[*objectType]map[string]*types.FieldType // how to reach fields; a program keeps those that it reads
}

func newProvider(all ...*objectType) (*provider, error) {
	registry, err := types.NewRegistry()
	if err != nil {
		return nil, err
	}
	p := &provider{Registry: registry, types: map[string]*objectType{}, fields: map[*objectType]map[string]*types.FieldType{}}
	for _, t := range all {
		p.types[t.name], p.fields[t] = t, map[string]*types.FieldType{}
		for name, f := range t.fields {
			p.fields[t][name] = f.fieldType()
		}
	}
	return p, nil
}

// typeNamed is the type called name, nil for none.
func (p *provider) typeNamed(name string) *objectType { return p.types[name] }

// all are all types.
func (p *provider) all() iter.Seq[*objectType] { return maps.Values(p.types) }

// FindStructType is the type called name.
func (p *provider) FindStructType(name string) (*types.Type, bool) {
	if t, ok := p.types[name]; ok {
		return types.NewTypeTypeWithParam(t.cel), true
	}
	return p.Registry.FindStructType(name)
}

// FindStructFieldNames are the names of a type's fields, sorted.
func (p *provider) FindStructFieldNames(name string) ([]string, bool) {
	if t, ok := p.types[name]; ok {
		return slices.Sorted(maps.Keys(t.fields)), true
	}
	return p.Registry.FindStructFieldNames(name)
}

// FindStructFieldType is how to reach a field.
func (p *provider) FindStructFieldType(name, fieldName string) (*types.FieldType, bool) {
	t, ok := p.types[name]
	if !ok {
		return p.Registry.FindStructFieldType(name, fieldName)
	}
	f, ok := p.fields[t][fieldName]
	return f, ok
}

// NewValue refuses: rules can't make objects.
func (p *provider) NewValue(name string, fields map[string]ref.Val) ref.Val {
	if _, ok := p.types[name]; ok {
		return types.NewErr("rules can't make a %s", name)
	}
	return p.Registry.NewValue(name, fields)
}
