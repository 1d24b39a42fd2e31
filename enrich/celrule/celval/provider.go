package celval

import (
	"iter"
	"maps"
	"slices"

	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"
)

// Provider tells CEL the types that rules see.
type Provider struct {
	*types.Registry
	types  map[string]*ObjectType
	fields map[*ObjectType]map[string]*types.FieldType // how to reach fields; a program keeps those that it reads
}

// NewProvider returns a provider that knows the given types beside CEL's own. Types must not get fields afterwards.
func NewProvider(all ...*ObjectType) (*Provider, error) {
	registry, err := types.NewRegistry()
	if err != nil {
		return nil, err
	}
	p := &Provider{Registry: registry, types: map[string]*ObjectType{}, fields: map[*ObjectType]map[string]*types.FieldType{}}
	for _, t := range all {
		p.types[t.Name], p.fields[t] = t, map[string]*types.FieldType{}
		for name, f := range t.Fields {
			p.fields[t][name] = f.fieldType()
		}
	}
	return p, nil
}

// TypeNamed is the type called name, nil for none.
func (p *Provider) TypeNamed(name string) *ObjectType { return p.types[name] }

// All are all types.
func (p *Provider) All() iter.Seq[*ObjectType] { return maps.Values(p.types) }

// FindStructType is the type called name.
func (p *Provider) FindStructType(name string) (*types.Type, bool) {
	if t, ok := p.types[name]; ok {
		return types.NewTypeTypeWithParam(t.CEL), true
	}
	return p.Registry.FindStructType(name)
}

// FindStructFieldNames are the names of a type's fields, sorted.
func (p *Provider) FindStructFieldNames(name string) ([]string, bool) {
	if t, ok := p.types[name]; ok {
		return slices.Sorted(maps.Keys(t.Fields)), true
	}
	return p.Registry.FindStructFieldNames(name)
}

// FindStructFieldType is how to reach a field.
func (p *Provider) FindStructFieldType(name, fieldName string) (*types.FieldType, bool) {
	t, ok := p.types[name]
	if !ok {
		return p.Registry.FindStructFieldType(name, fieldName)
	}
	f, ok := p.fields[t][fieldName]
	return f, ok
}

// NewValue refuses: rules can't make objects.
func (p *Provider) NewValue(name string, fields map[string]ref.Val) ref.Val {
	if _, ok := p.types[name]; ok {
		return types.NewErr("rules can't make a %s", name)
	}
	return p.Registry.NewValue(name, fields)
}
