package rules_test

import (
	"bytes"
	"io/fs"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/rulefile"
	"github.com/riskrelay/riskrelay/enrich/schema"
	"github.com/riskrelay/riskrelay/rules"
)

// leastFiring and leastSilent are how many tests on whole rows a stable rule has.
const leastFiring, leastSilent = 3, 5

// everyRow are the columns that each row of a table has, whatever the operation: a row with all of them is whole, and
// teaches how the log looks.
// https://learn.microsoft.com/azure/azure-monitor/reference/tables-index
func everyRow() map[string][]string {
	return map[string][]string{
		"AuditLogs": strings.Fields(`Type TimeGenerated TenantId SourceSystem AADTenantId ResourceId Resource ResourceGroup OperationName OperationVersion
			ActivityDateTime ActivityDisplayName Category LoggedByService AADOperationType Result ResultReason ResultType ResultSignature ResultDescription
			DurationMs Level CorrelationId Id Identity InitiatedBy AdditionalDetails TargetResources`),
		"AzureActivity": strings.Fields(`Type TimeGenerated TenantId SourceSystem EventSubmissionTimestamp EventDataId CorrelationId OperationId OperationNameValue
			CategoryValue Level ActivityStatusValue ActivitySubstatusValue Caller CallerIpAddress Claims Properties SubscriptionId ResourceProviderValue _ResourceId`),
		"AzureDiagnostics": strings.Fields(`Type TimeGenerated TenantId SourceSystem ResourceId ResourceProvider ResourceType Resource ResourceGroup SubscriptionId
			Category OperationName OperationVersion ResultType ResultSignature ResultDescription DurationMs CallerIPAddress CorrelationId httpStatusCode_d id_s`),
		"AZKVAuditLogs": strings.Fields(`Type TimeGenerated TenantId SourceSystem OperationName OperationVersion ResultType ResultSignature ResultDescription
			DurationMs CallerIpAddress CorrelationId HttpStatusCode Id RequestUri Identity _ResourceId`),
		"SigninLogs": strings.Fields(`Type TimeGenerated SourceSystem AADTenantId OperationName OperationVersion Category ResultType ResultSignature
			ResultDescription DurationMs Level CorrelationId Id CreatedDateTime UserId UserDisplayName UserPrincipalName AppId AppDisplayName IPAddress Location
			Status DeviceDetail ClientAppUsed ConditionalAccessStatus ResourceDisplayName`),
		"AADNonInteractiveUserSignInLogs": strings.Fields(`Type TimeGenerated TenantId SourceSystem OperationName OperationVersion Category ResultType ResultSignature
			ResultDescription DurationMs Level CorrelationId Id CreatedDateTime UserId UserDisplayName UserPrincipalName AppId AppDisplayName IPAddress Location
			Status DeviceDetail ClientAppUsed ConditionalAccessStatus ResourceDisplayName`),
		"GraphApplications": strings.Fields(`Type TimeGenerated id appId displayName keyCredentials passwordCredentials`),
	}
}

// TestEveryRowIsOfTheSchema holds that everyRow spells columns as their tables do.
func TestEveryRowIsOfTheSchema(t *testing.T) {
	for name, columns := range everyRow() {
		table, ok := schema.Lookup(name)
		if !ok {
			t.Errorf("no table is called %s", name)
		}
		for _, c := range columns {
			if _, ok := table.Column(c); !ok {
				t.Errorf("%s has no column %s", name, c)
			}
		}
	}
}

// TestRulesAreTestedOnWholeRows holds that each stable rule has enough tests whose events are rows as the workspace has
// them. Tests on parts of rows may stand beside them.
func TestRulesAreTestedOnWholeRows(t *testing.T) {
	for _, p := range packs(t) {
		for _, r := range p.Rules {
			if !stable(r) {
				continue
			}
			firing, silent, lacks := 0, 0, ""
			for _, c := range r.Tests {
				missing := notWhole(t, p, c)
				switch {
				case missing != "":
					lacks = c.Name.Value + " lacks " + missing
				case c.Want.None:
					silent++
				default:
					firing++
				}
			}
			if firing < leastFiring || silent < leastSilent {
				t.Errorf("%s: %s has %d firing and %d silent tests on whole rows, want %d and %d; %s", r.ID.Pos, r.ID.Value, firing, silent, leastFiring, leastSilent, lacks)
			}
		}
	}
}

func stable(r rulefile.Rule) bool { return r.Status.Value == "stable" || !r.Status.Present() }

// notWhole names the columns that an event of a test lacks.
func notWhole(t *testing.T, p *rulefile.Pack, c rulefile.Test) string {
	t.Helper()
	var rows [][]byte
	for _, e := range c.Events {
		rows = append(rows, e.JSON)
	}
	if c.File.Present() {
		data, err := fs.ReadFile(rules.FS, path.Join(path.Dir(p.File), c.File.Value))
		if err != nil {
			t.Fatal(err)
		}
		rows = slices.DeleteFunc(bytes.Split(data, []byte("\n")), func(line []byte) bool { return len(bytes.TrimSpace(line)) == 0 })
	}
	for _, data := range rows {
		table, _, row, err := enrich.NewObjectParser(schema.TypeOf).Parse(data)
		if err != nil {
			t.Fatalf("%s, test %q: %v", p.File, c.Name.Value, err)
		}
		columns, known := everyRow()[table]
		if !known {
			return "a table that everyRow knows: " + table
		}
		has := map[string]bool{"Type": true}
		for i := range row.Columns().Len() {
			has[row.Columns().Name(i)] = true
		}
		if missing := slices.DeleteFunc(columns, func(name string) bool { return has[name] }); len(missing) > 0 {
			return strings.Join(missing, " ")
		}
	}
	return ""
}

// TestGuideIsProved holds that each row of the guide and each of its notes has a test in which it is found, and one in
// which it isn't, and that tests reach both branches of all conditions of stable rules.
func TestGuideIsProved(t *testing.T) {
	covered := coverage(t)
	for _, name := range covered.Unproved() {
		t.Errorf("%s has no firing or no silent test", name)
	}
	status := map[string]bool{}
	for _, p := range packs(t) {
		for _, r := range p.Rules {
			status[r.ID.Value] = stable(r)
		}
	}
	for _, r := range covered.Rules {
		for _, c := range r.Conditions {
			if status[r.Rule] && (c.True == 0 || c.False == 0) {
				t.Errorf("%s: %s: %s is true in %d tests and false in %d", c.Pos, r.Rule, c.Key, c.True, c.False)
			}
		}
	}
}

// TestEachRowIsCompared holds that compare.csv has something on each row of the guide.
func TestEachRowIsCompared(t *testing.T) {
	all := comparisons(t)
	for _, g := range guide(t) {
		if !g.Note() && !slices.ContainsFunc(all, func(c comparison) bool { return c.row == g.Slug }) {
			t.Errorf("compare.csv says nothing of public rules for %s", g.Slug)
		}
	}
}
