package celrule

import (
	"fmt"
	"testing"
)

// TestRoleNamesFromIDs holds that a rule finds a role by its name where the row has only the role's id, with the index and
// without: event.role.name is then that of the built-in role.
func TestRoleNamesFromIDs(t *testing.T) {
	for _, test := range []struct{ table, role, row string }{
		{"AzureActivity", "Owner", `{"Type":"AzureActivity","OperationNameValue":"MICROSOFT.AUTHORIZATION/ROLEASSIGNMENTS/WRITE",` +
			`"Properties":"{\"requestbody\":\"{\\\"properties\\\":{\\\"roleDefinitionId\\\":\\\"/x/8e3af657-a8ff-443c-a75c-2fe8c4bcb635\\\"}}\"}"}`},
		{"AuditLogs", "Global Administrator", `{"Type":"AuditLogs","OperationName":"Add member to role",` +
			`"TargetResources":[{"type":"User","modifiedProperties":[{"displayName":"Role.TemplateId","newValue":"\"` + guid + `\""}]}]}`},
	} {
		set := compiled(t, fmt.Sprintf("apiVersion: riskrelay/v1\nkind: RulePack\nmetadata: {name: p, version: 1.0.0}\nrules:\n"+
			"  - {id: a.b, title: t, tables: [%s], severity: low, when: 'event.role.name == %q'}\n", test.table, test.role))
		for _, every := range []bool{false, true} {
			tags, err := set.tag(t.Context(), events(t, test.row), every)
			if err != nil || len(tags[0]) != 1 {
				t.Errorf("%s, without the index %t: %v, %v", test.table, every, tags, err)
			}
		}
	}
}
