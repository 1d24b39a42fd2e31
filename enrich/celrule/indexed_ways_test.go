package celrule_test

import (
	"context"
	"strings"
	"testing"

	"github.com/riskrelay/riskrelay/enrich"
)

// TestIndexedWays has a row for each way that a text comes into a view: the index must know all of them, or the rule
// misses the row.
func TestIndexedWays(t *testing.T) {
	change := func(name, value string) string {
		return `{"Type":"AuditLogs","OperationName":"Add role","TargetResources":[{"id":"target-id","type":"User","displayName":"Target Name","modifiedProperties":[{"displayName":"` +
			name + `","newValue":` + value + `},{"displayName":"Role.DisplayName","newValue":"x"}]}]}`
	}
	detail := func(key, value string) string {
		return strings.Replace(change("Other", `"x"`), `{"Type"`, `{"AdditionalDetails":[{"key":"`+key+`","value":"`+value+`"}],"Type"`, 1)
	}
	const id = "62e90394-69f5-4237-9190-012177145e10"
	deep := `{"\u0050roperties":{"principalId":"\u0070rincipal-one","roleDefinitionId":"x"}}`
	for range 2 {
		deep = strings.ReplaceAll(string(enrich.AppendString(nil, deep)), `\\u`, `\u005cu`)
	}
	deep = `{"requestbody":` + deep + `}`
	for range 2 {
		deep = strings.ReplaceAll(string(enrich.AppendString(nil, deep)), `\\u`, `\u005cu`)
	}
	for _, test := range []struct{ table, when, row string }{
		{"AuditLogs", `event.change("P").new.contains("000abcde")`, change("P", `{"a":"x\nbcde"}`)},
		{"AuditLogs", `event.change("P").new.contains("abcde")`, change("P", `{"a":"x\nbcde"}`)},
		{"AuditLogs", `event.change("P").new.endsWith("u007fbcde\"}")`, change("P", `{"a":"`+"\x7f"+`bcde"}`)},
		{"AuditLogs", `event.change("P").new.matches("1fbcde")`, change("P", `{"a":"\u001Fbcde"}`)},
		{"AuditLogs", `event.role.id == "` + id + `"`, change("Role.TemplateId", `"`+id+`"`)},
		{"AuditLogs", `event.role.id == "` + id + `"`, detail("TemplateId", id)},
		{"AuditLogs", `event.role.scope == "scope-one"`, detail("Scope", "scope-one")},
		{"AuditLogs", `event.role.present`, `{"Type":"AuditLogs","OperationName":"Add role","TargetResources":[{"type":"Role"}]}`},
		{"AuditLogs", `event.role.principal_name == "Target Name"`, change("Other", `"x"`)},
		{"AuditLogs", `event.grant.client_name == "Target Name"`, change("ServicePrincipal.ObjectID", `"target-id"`)},
		{"AuditLogs", `event.grant.client_name == "Named"`, change("ServicePrincipal.DisplayName", `"Named"`)},
		{"AuditLogs", `event.grant.present`, change("AppRole.Id", `"x"`)},
		{"AuditLogs", `event.grant.all_users`, change("DelegatedPermissionGrant.ConsentType", `"AllPrincipals"`)},
		{"AuditLogs", `"scope.one" in event.grant.scopes_added`, change("delegatedpermissiongrant.scope", `"scope.one"`)},
		{"AuditLogs", `event.api.id == "00000003-0000-0000-c000-000000000000"`, change("TargetId.ServicePrincipalNames", `["https://graph.microsoft.com"]`)},
		{"AuditLogs", `event.consent.blocked_risky`, change("MethodExecutionResult.", `"Microsoft.UserConsentBlockedForRiskyAppsException"`)},
		{"AuditLogs", `event.consent.blocked_risky`, `{"Type":"AuditLogs","ResultDescription":"UserConsentBlockedForRiskyAppsException"}`},
		{"AuditLogs", `event.consent.on_behalf_of_all`, change("ConsentAction.Permissions", `"[] => [[ConsentType: AllPrincipals, Scope: x]]"`)},
		{"AuditLogs", `event.consent.on_behalf_of_all`, change("ConsentContext.OnBehalfOfAll", `"True"`)},
		{"AuditLogs", `event.consent.present`, change("ConsentContext.IsAdminConsent", `"True"`)},
		{"AuditLogs", `event.table in lists.tables`, `{"Type":"AuditLogs"}`},
		{"AuditLogs", `event.correlation_id == "c"`, `{"Type":"AuditLogs","CorrelationId":"c"}`},
		{"AuditLogs", `event.reason.contains("risky")`, `{"Type":"AuditLogs","ResultDescription":"a risky thing"}`},
		{"AuditLogs", `event.Category.matches("(risky)*")`, `{"Type":"AuditLogs","Category":"fine"}`},
		{"AuditLogs", `event.Category.matches("^(risky){0,2}")`, `{"Type":"AuditLogs","Category":"fine"}`},
		{"AuditLogs", `event.Category.matches("(?i)(risky|fine){1,2}")`, `{"Type":"AuditLogs","Category":"FINE"}`},
		{"AuditLogs", `event.operation.matches("long")`, `{"Type":"AuditLogs","OperationName":"` + strings.Repeat("long ", 100) + `"}`},
		{"AuditLogs", `lists.tables.exists(x, event.Category.startsWith(x))`, `{"Type":"AuditLogs","Category":"auditLOGS of today"}`},
		{"AzureActivity", `event.role.principal_id == "principal-one"`, `{"Type":"AzureActivity","OperationNameValue":"Microsoft.Authorization/roleAssignments/write","Properties":` + deep + `}`},
		{"AzureActivity", `event.role.scope == "/subscriptions/one"`, `{"Type":"AzureActivity","OperationNameValue":"Microsoft.Authorization/roleAssignments/write","Authorization":{"scope":"/subscriptions/one"}}`},
		{"AzureActivity", `event.actor.app_id == "app-one"`, `{"Type":"AzureActivity","Claims":"{\"azp\":\"app-one\"}"}`},
		{"AzureDiagnostics", `event.actor.id == "person-one"`, `{"Type":"AzureDiagnostics","ResourceProvider":"Microsoft.KeyVault","AdditionalFields":{"identity_claim_oid_g":"person-one"}}`},
		{"AzureDiagnostics", `event.actor.id == "person-one"`, `{"Type":"AzureDiagnostics","ResourceProvider":"Microsoft.KeyVault","identity_claim_oid_s":"person-one"}`},
		{"AzureDiagnostics", `event.vault.name == "vault-one"`, `{"Type":"AzureDiagnostics","ResourceProvider":"Microsoft.KeyVault","requestUri_s":"https://VAULT-ONE.vault.azure.net/"}`},
		{"AzureDiagnostics", `event.vault.class == "other"`, `{"Type":"AzureDiagnostics","OperationName":"SecretGet"}`},
		{"OfficeActivity", `event.actor.ip == "fe80--one"`, `{"Type":"OfficeActivity","ActorIpAddress":"::ffff:fe80--one"}`},
	} {
		m := configured(t, "", pack("lists: [{name: tables, case: insensitive, items: [auditLOGS]}]\nrules:\n  - {id: r.r, title: t, tables: ["+test.table+"], severity: low, when: '"+test.when+"'}\n"))
		events := tag(t, m, test.row)
		every, err := m.TagEvery(context.Background(), []enrich.Event{event(t, test.row)})
		if err != nil || len(every[0]) != 1 || every[0][0].Error != "" {
			t.Errorf("%s: the row doesn't match: %v, %v\n%s", test.when, every, err, test.row)
			continue
		}
		if len(events[0]) != 1 {
			t.Errorf("%s: the key %s misses the row\n%s", test.when, m.Key("r.r", test.table), test.row)
		}
	}
}
