package schema

import (
	"strings"
	"sync"
)

// RoleName is the display name of the built-in Entra or Azure role with the template or definition id, a GUID whose case
// doesn't count; "" for roles that roles.txt doesn't have, such as custom ones.
func RoleName(id string) string { return roles()[strings.ToLower(id)] }

var roles = sync.OnceValue(func() map[string]string {
	byID := map[string]string{}
	for _, line := range lines("roles.txt") {
		if id, name, ok := strings.Cut(line, " "); ok {
			byID[id] = name
		}
	}
	return byID
})
