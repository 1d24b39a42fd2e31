package celval

import (
	"maps"
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

// NewList returns a list of the items, which it keeps.
func NewList(items []ref.Val) *List {
	return &List{Lister: types.NewRefValList(types.DefaultTypeAdapter, items), Items: items}
}

// NewTexts returns a list of texts.
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
