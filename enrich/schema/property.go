package schema

import (
	"strings"
	"sync"
)

// Kind says how the value of an audited property is cut into items.
type Kind string

// The kinds of values. The zero value means a JSON list of items, or one item.
const (
	Credentials Kind = "credentials" // a JSON list of [KeyIdentifier=..,KeyType=..,KeyUsage=..,DisplayName=..]; the same when the identifier is
	Addresses   Kind = "addresses"   // a JSON list of objects; the member Address is the item
	Words       Kind = "words"       // words with white space between
	Semicolons  Kind = "semicolons"  // texts with semicolons between
	Commas      Kind = "commas"      // texts with commas between
)

// KindOf is the kind of the property called name, whose case doesn't count.
func KindOf(name string) Kind { return kinds()[strings.ToLower(name)] }

var kinds = sync.OnceValue(func() map[string]Kind {
	m := map[string]Kind{}
	for _, line := range lines("properties.txt") {
		if kind, name, ok := strings.Cut(line, " "); ok {
			m[strings.ToLower(name)] = Kind(kind)
		}
	}
	return m
})
