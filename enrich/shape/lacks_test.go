package shape_test

import (
	"slices"
	"testing"

	"github.com/riskrelay/riskrelay/enrich/shape"
)

func TestLacks(t *testing.T) {
	for _, c := range []struct {
		kind           shape.Kind
		table          string
		has, lacks     string
		holds, without bool // the table's events; none of its columns are missing
	}{
		{shape.Rows, "AuditLogs", "Id", "", true, true},
		{shape.RowsCSV, "OfficeActivity", "Id", "", true, true},
		{shape.Records, "AuditLogs", "Id", "ResourceGroup", true, false},
		{shape.Records, "OfficeActivity", "", "", false, true},
		{shape.Records, "AzureActivity", "Caller", "HTTPRequest", true, false},
		{shape.Graph, "SigninLogs", "ResultType", "OperationName", true, false},
		{shape.Graph, "AuditLogs", "OperationName", "AADTenantId", true, false},
		{shape.EntraCSV, "AuditLogs", "TargetResources", "Id", true, false},
		{shape.EntraCSV, "AADNonInteractiveUserSignInLogs", "Id", "AuthenticationDetails", true, false},
		{shape.Office, "OfficeActivity", "TimeGenerated", "SourceSystem", true, false},
		{shape.OfficeCSV, "OfficeActivity", "TimeGenerated", "SourceSystem", true, false},
		{shape.Rows, "RiskFollowUp", "", "", false, true},
	} {
		columns, ok := shape.Lacks(c.kind, c.table)
		if ok != c.holds || (len(columns) == 0) != c.without || slices.Contains(columns, c.has) {
			t.Errorf("%s, %s: %v, %t", c.kind, c.table, columns, ok)
		}
		if c.lacks != "" && !slices.Contains(columns, c.lacks) {
			t.Errorf("%s, %s has %s: it lacks only %v", c.kind, c.table, c.lacks, columns)
		}
	}
}
