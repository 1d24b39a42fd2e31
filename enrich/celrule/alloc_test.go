package celrule

import (
	"fmt"
	"strings"
	"testing"

	"github.com/riskrelay/riskrelay/enrich"
)

// TestTagAllocatesNothing holds that events which no key selects cost no memory, however many rules there are and
// whatever their keys ask for.
func TestTagAllocatesNothing(t *testing.T) {
	for _, test := range []struct {
		table, row string
		whens      []string // %d is the number of the rule
	}{
		{"AuditLogs", `{"Type":"AuditLogs","OperationName":"Update user \u2013 x","Category":"UserManagement","Result":"success","CorrelationId":"c",` +
			`"InitiatedBy":"{\"user\":{\"userPrincipalName\":\"ann@contoso.example\"}}","TargetResources":[{"displayName":"Ann","modifiedProperties":[{"displayName":"Mail","newValue":"\"x\""}]}]}`, []string{
			`event.operation == "operation %d"`, `event.operation.contains("part %d")`, `event.operation.matches("^x%d.*y$")`, `event.Category == "c%d" && event.success`,
			`event.Category.startsWith("c%d") && !event.success`, `event.Category.lower() in ["a%d", "b%d"]`, `event.DurationMs == %d && event.reason != "x"`,
			`event.change("Property%d").present`, `event.actor.upn == "somebody%d@contoso.example"`, `event.grant.app_role == "Mail.Read%d"`,
			`event.role.id == "62e90394-69f5-4237-9190-%d"`, `event.consent.blocked_risky && event.Category != "%d"`, `event.column("Mine%d_s") == "x"`,
			`event.TargetResources.exists(t, t.displayName == "Payroll %d")`, `event.ResultReason.contains("reason number %d")`,
		}},
		{"AzureDiagnostics", `{"Type":"AzureDiagnostics","ResourceProvider":"MICROSOFT.KEYVAULT","OperationName":"SecretGet","ResultType":"Success","ResultSignature":"OK",` +
			`"httpStatusCode_d":200,"id_s":"https://kv.vault.azure.net/secrets/x","Resource":"KV","requestUri_s":"https://kv.vault.azure.net/secrets/x"}`, []string{
			`event.vault.class == "delete" && event.CallerIPAddress == "%d"`, `event.vault.object.contains("secret-%d-name")`, `event.vault.signature == "Forbidden %d"`,
			`event.vault.failed && event.vault.status == %d`, `event.actor.id == "person-%d"`,
		}},
		{"AzureActivity", `{"Type":"AzureActivity","OperationNameValue":"MICROSOFT.COMPUTE/VIRTUALMACHINES/WRITE","ActivityStatusValue":"Success","Caller":"ann@contoso.example"}`, []string{
			`event.role.present && event.role.name == "%d"`, `event.actor.upn == "bob%d@contoso.example"`, `event.operation.endsWith("/delete%d")`, `!event.success && event.Level == "%d"`,
		}},
	} {
		var b strings.Builder
		b.WriteString("apiVersion: riskrelay/v1\nkind: RulePack\nmetadata: {name: p, version: 1.0.0}\nrules:\n")
		for i := range 300 {
			when := strings.ReplaceAll(test.whens[i%len(test.whens)], "%d", fmt.Sprint(i))
			fmt.Fprintf(&b, "  - {id: r.r%d, title: t, tables: [%s], severity: low, when: '%s'}\n", i, test.table, when)
		}
		set := compiled(t, b.String())
		if without := set.tables[test.table].index.Always; len(without) > 0 {
			t.Errorf("%s: %d rules have no key, the first is %s", test.table, len(without), set.tables[test.table].all[without[0]].Declared.When.Value)
		}
		rows := make([]string, blockEvents)
		for i := range rows {
			rows[i] = test.row
		}
		w, all, tags := newWorker(set), events(t, rows...), make([][]enrich.Tag, blockEvents)
		if n := testing.AllocsPerRun(20, func() { w.block(all, tags, false) }); n > 0 {
			t.Errorf("%s: %v allocations for %d events", test.table, n, blockEvents)
		}
		for i := range tags {
			if len(tags[i]) > 0 {
				t.Errorf("%s: a rule matched: %+v", test.table, tags[i])
			}
		}
	}
}
