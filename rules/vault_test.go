package rules_test

import (
	"slices"
	"testing"

	"github.com/riskrelay/riskrelay/enrich/schema"
)

// TestVaultLists holds that the lists of operations on key vaults mean what package schema says about each operation.
func TestVaultLists(t *testing.T) {
	classes := map[string][]string{
		"vault_access_changes":       {"acl", "control"},
		"vault_sensitive_operations": {"read", "write", "delete"},
	}
	found := 0
	for _, p := range packs(t) {
		for _, l := range p.Lists {
			allowed := classes[l.Name.Value]
			if allowed == nil {
				continue
			}
			found++
			for _, item := range l.Items {
				if class := schema.VaultClass(item.Value); !slices.Contains(allowed, class) {
					t.Errorf("%s: %s is of the class %s", item.Pos, item.Value, class)
				}
			}
		}
	}
	if found != len(classes) {
		t.Errorf("found %d lists of operations, want %d", found, len(classes))
	}
}
