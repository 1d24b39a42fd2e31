package diag_test

import (
	"testing"

	"github.com/riskrelay/riskrelay/enrich/diag"
)

// TestNear holds what counts as a misspelling of a name, and that a name of its own doesn't.
func TestNear(t *testing.T) {
	known := []string{"Mail", "AppAddress", "KeyDescription", "DelegatedPermissionGrant.Scope"}
	for word, want := range map[string]string{
		"Mial": "", "Mai": "", "Mall": "Mail", "mail": "", "AppAdress": "AppAddress", "AppAddresses": "AppAddress",
		"AddressOfApp": "", "KeyDescirption": "KeyDescription", "DelegatedPermisionGrants.Scopes": "DelegatedPermissionGrant.Scope", "": "",
	} {
		if got := diag.Near(word, known); got != want {
			t.Errorf("Near(%q) = %q, want %q", word, got, want)
		}
	}
}
