package rules_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/riskrelay/riskrelay/enrich/schema"
)

// TestRolesHaveNames holds that messages call each role of the lists what the comment beside its id does.
func TestRolesHaveNames(t *testing.T) {
	item := regexp.MustCompile(`^      - ([0-9a-f-]{36}) # (.+)$`)
	found := 0
	for _, f := range files(t) {
		if f.Name != "lists/roles.yaml" {
			continue
		}
		for n, line := range strings.Split(string(f.Data), "\n") {
			if m := item.FindStringSubmatch(line); m != nil {
				found++
				if got := schema.RoleName(m[1]); got != m[2] {
					t.Errorf("%s:%d: the comment says %s, enrich/schema/roles.txt %q", f.Name, n+1, m[2], got)
				}
			}
		}
	}
	if found < 90 {
		t.Errorf("only %d roles were found", found)
	}
}
