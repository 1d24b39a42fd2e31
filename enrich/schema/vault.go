package schema

import (
	"slices"
	"strings"
	"sync"
)

// VaultClass is what kind of access a Key Vault operation is: read, list, use, write, delete, acl (who may use the
// vault), control (the vault itself), auth (the challenge that every client meets first), notification, or other for
// an operation that vaultops.txt doesn't name. The operation's case doesn't count.
func VaultClass(operation string) string {
	operation = strings.ToLower(operation)
	if class := vaultClasses()[operation]; class != "" {
		return class
	}
	if strings.Contains(operation, "roleassignment") || strings.Contains(operation, "roledefinition") {
		return hsmRoleClass(operation)
	}
	return "other"
}

// hsmRoleClass is the class of an operation on the local roles of a managed HSM. Microsoft says that creating, viewing and
// deleting them is logged, and not by which names: what doesn't look like viewing changes who may use the HSM.
// https://learn.microsoft.com/azure/key-vault/managed-hsm/logging
func hsmRoleClass(operation string) string {
	for _, view := range []string{"get", "list", "read", "view"} {
		if strings.Contains(operation, view) {
			return "control"
		}
	}
	return "acl"
}

var vaultClasses = sync.OnceValue(func() map[string]string {
	m := map[string]string{}
	for _, line := range lines("vaultops.txt") {
		words := strings.Fields(line)
		for i := 1; i < len(words); i++ {
			m[strings.ToLower(words[i])] = words[0]
		}
	}
	return m
})

// VaultClasses are the results of [VaultClass], sorted.
func VaultClasses() []string {
	classes := []string{"other"}
	for _, class := range vaultClasses() {
		classes = append(classes, class)
	}
	slices.Sort(classes)
	return slices.Compact(classes)
}

// VaultOperations are the operations of a class, in lower case, sorted.
func VaultOperations(class string) (operations []string) {
	for operation, its := range vaultClasses() {
		if its == class {
			operations = append(operations, operation)
		}
	}
	slices.Sort(operations)
	return operations
}
