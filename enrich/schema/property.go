package schema

import (
	"slices"
	"strings"
	"sync"
)

// Kind says how the value of an audited property is cut into items.
type Kind string

// The kinds of values. The zero value means a JSON list of items, or one item.
const (
	Credentials Kind = "credentials" // a JSON list of [KeyIdentifier=..,KeyType=..,KeyUsage=..,DisplayName=..]; the same when all but the name is
	Addresses   Kind = "addresses"   // a JSON list of objects; the member Address is the item
	Words       Kind = "words"       // names of permissions with white space between, whose case doesn't count
	Semicolons  Kind = "semicolons"  // texts with semicolons between
	Commas      Kind = "commas"      // texts with commas between
)

// plain is how properties.txt spells the zero value.
const plain = "plain"

// KindOf is the kind of the property called name, whose case doesn't count.
func KindOf(name string) Kind { return properties().kinds[strings.ToLower(name)] }

// Properties are the names of the audited properties that properties.txt has, in its order. There are others.
func Properties() []string { return slices.Clone(properties().names) }

type propertyTable struct {
	names []string
	kinds map[string]Kind // by the names in lower case
}

var properties = sync.OnceValue(func() *propertyTable {
	t := &propertyTable{kinds: map[string]Kind{}}
	for _, line := range lines("properties.txt") {
		kind, name, ok := strings.Cut(line, " ")
		if !ok {
			continue
		}
		t.names = append(t.names, name)
		if kind != plain {
			t.kinds[strings.ToLower(name)] = Kind(kind)
		}
	}
	return t
})
