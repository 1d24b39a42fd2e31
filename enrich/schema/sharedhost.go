package schema

import (
	"slices"
	"strings"
	"sync"
)

// SharedHost reports whether a host lies under, or is, one of the names that Azure shares between all its customers, such as
// azurewebsites.net or westeurope.cloudapp.azure.com: what is known of a name above such a host says nothing about it. Case
// doesn't count. The public suffix list doesn't help: it takes every host under cloudapp.azure.com for azure.com, and those of a
// region of App Service for one domain.
func SharedHost(host string) bool {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	for host != "" {
		if sharedHosts()[host] {
			return true
		}
		_, host, _ = strings.Cut(host, ".")
	}
	return false
}

// SharedHosts are the names that [SharedHost] knows, in the order of sharedhosts.txt.
func SharedHosts() []string {
	return slices.DeleteFunc(lines("sharedhosts.txt"), func(line string) bool { return line == "" })
}

var sharedHosts = sync.OnceValue(func() map[string]bool {
	names := map[string]bool{}
	for _, line := range SharedHosts() {
		names[line] = true
	}
	return names
})
