package schema_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/schema"
)

// Column counts without the hidden ones, as the table reference lists them.
var wantColumns = map[string]int{
	"AuditLogs": 30, "SigninLogs": 93, "AADNonInteractiveUserSignInLogs": 84, "AADServicePrincipalSignInLogs": 44,
	"AADManagedIdentitySignInLogs": 45, "OfficeActivity": 140, "AzureActivity": 33, "AZKVAuditLogs": 47,
	"GraphApplications": 17, "RiskFollowUp": 9,
	"AADUserRiskEvents": 25, "AADRiskyUsers": 15, "AADRiskyServicePrincipals": 16, "AADServicePrincipalRiskEvents": 26,
	"AADProvisioningLogs": 26, "ADFSSignInLogs": 45, "MicrosoftGraphActivityLogs": 33, "AADGraphActivityLogs": 33,
	"MicrosoftServicePrincipalSignInLogs": 23, "AADCustomSecurityAttributeAuditLogs": 27, "NetworkAccessTraffic": 93,
	"CloudAppEvents": 40, "IdentityInfo": 55, "SecurityAlert": 34, "SecurityIncident": 31,
}

func TestTables(t *testing.T) {
	types := []enrich.Type{
		enrich.Bool, enrich.Datetime, enrich.Decimal, enrich.Dynamic, enrich.GUID, enrich.Int, enrich.Long,
		enrich.Real, enrich.String, enrich.Timespan,
	}
	for _, table := range schema.Tables() {
		listed, last := 0, ""
		for _, c := range table.Columns {
			if c.Name <= last {
				t.Errorf("%s: column %s comes after %s", table.Name, c.Name, last)
			}
			if last = c.Name; !c.Hidden {
				listed++
			}
			if !slices.Contains(types, c.Type) {
				t.Errorf("%s.%s has the unknown type %q", table.Name, c.Name, c.Type)
			}
		}
		if want, ok := wantColumns[table.Name]; ok && listed != want {
			t.Errorf("%s has %d columns, want %d", table.Name, listed, want)
		}
		for _, name := range []string{table.TimeColumn, table.IDColumn, table.CorrelationColumn, table.OperationColumn, "Type", "_ItemId"} {
			if _, ok := table.Column(name); name != "" && !ok {
				t.Errorf("%s has no column %s", table.Name, name)
			}
		}
	}
	if n := len(schema.Tables()); n != len(wantColumns)+1 { // and AzureDiagnostics
		t.Errorf("%d tables, want %d", n, len(wantColumns)+1)
	}
}

func TestTypeOf(t *testing.T) {
	for _, c := range []struct {
		table, column string
		want          enrich.Type
	}{
		{"AuditLogs", "TargetResources", enrich.Dynamic},
		{"AuditLogs", "ActivityDateTime", enrich.Datetime},
		{"AuditLogs", "DurationMs", enrich.Long},
		{"AuditLogs", "nowhere_d", enrich.String},
		{"AuditLogs", "_BilledSize", enrich.Real},
		{"SigninLogs", "Status", enrich.Dynamic},
		{"AADNonInteractiveUserSignInLogs", "Status", enrich.String},
		{"AZKVAuditLogs", "HttpStatusCode", enrich.Int},
		{"AzureDiagnostics", "httpStatusCode_d", enrich.Real},
		{"AzureDiagnostics", "never_seen_d", enrich.Real},
		{"AzureDiagnostics", "never_seen_b", enrich.Bool},
		{"AzureDiagnostics", "never_seen_g", enrich.GUID},
		{"AzureDiagnostics", "never_seen_t", enrich.Datetime},
		{"AzureDiagnostics", "never_seen_s", enrich.String},
		{"AzureDiagnostics", "AdditionalFields", enrich.Dynamic},
		{"Custom_CL", "x_d", enrich.String},
	} {
		if got := schema.TypeOf(c.table, c.column); got != c.want {
			t.Errorf("TypeOf(%s, %s) = %s, want %s", c.table, c.column, got, c.want)
		}
	}
}

func TestLookup(t *testing.T) {
	if table, ok := schema.Lookup("AzureDiagnostics"); !ok || !table.Guessed || table.OperationColumn != "OperationName" {
		t.Errorf("Lookup(AzureDiagnostics) = %v, %v", table, ok)
	}
	if _, ok := schema.Lookup("auditlogs"); ok {
		t.Error("a table's case counts")
	}
	if table, _ := schema.Lookup("AADNonInteractiveUserSignInLogs"); true {
		if c, ok := table.Column("DeviceDetail"); !ok || !c.JSON || c.Type != enrich.String {
			t.Errorf("DeviceDetail = %+v, %v", c, ok)
		}
	}
}

func TestKindOf(t *testing.T) {
	for name, want := range map[string]schema.Kind{
		"KeyDescription": schema.Credentials, "keydescription": schema.Credentials, "AppAddress": schema.Addresses,
		"DelegatedPermissionGrant.Scope": schema.Words, "TargetId.ServicePrincipalNames": schema.Semicolons,
		"Included Updated Properties": schema.Commas, "AppRole.Value": "",
	} {
		if got := schema.KindOf(name); got != want {
			t.Errorf("KindOf(%s) = %q, want %q", name, got, want)
		}
	}
}

func TestAPIs(t *testing.T) {
	const graph, exchange, sharepoint = "00000003-0000-0000-c000-000000000000", "00000002-0000-0ff1-ce00-000000000000", "00000003-0000-0ff1-ce00-000000000000"
	for token, want := range map[string]string{
		"https://graph.microsoft.com": graph, "https://GRAPH.microsoft.com:443/v1.0": graph, "graph.microsoft.com": graph,
		"Microsoft.Exchange": exchange, "https://outlook.office365.com/": exchange,
		"https://contoso-my.sharepoint.com": sharepoint, "a.b.sharepoint.com/x": sharepoint,
		"https://graph.microsoft.us": graph, "https://dod-graph.microsoft.us/": graph, "https://microsoftgraph.chinacloudapi.cn": graph,
		"https://graph.chinacloudapi.cn": "00000002-0000-0000-c000-000000000000", "https://outlook.office365.us": exchange, "https://partner.outlook.cn": exchange,
		"https://contoso.sharepoint.us": sharepoint, "https://contoso.sharepoint-mil.us": sharepoint, "https://contoso.sharepoint.cn": sharepoint,
		"https://management.usgovcloudapi.net/": "797f4846-ba00-4fd7-ba43-dac1f8f63013", "https://management.chinacloudapi.cn/": "797f4846-ba00-4fd7-ba43-dac1f8f63013",
		"https://vault.usgovcloudapi.net": "cfa8b339-82a2-471a-a3c9-0fc0be7a4093", "https://vault.azure.cn": "cfa8b339-82a2-471a-a3c9-0fc0be7a4093",
		"https://manage.office365.us": "c5393580-f805-4401-95e8-94b7a6ef2fc2", "https://api.loganalytics.azure.cn": "ca7f3f0b-7d91-482c-8e09-c5d840d0eac5",
		"https://graph.microsoft.com.evil.example": "", "https://sharepoint.com.example": "", "sharepoint.com": "", "": "", "...": "",
	} {
		if api, ok := schema.APIByToken(token); api.ID != want || ok != (want != "") {
			t.Errorf("APIByToken(%q) = %v, %v; want %q", token, api, ok, want)
		}
	}
	for _, api := range schema.APIs() {
		if got, ok := schema.APIByID(strings.ToUpper(api.ID)); !ok || got != api {
			t.Errorf("APIByID(%s) = %v, %v", api.ID, got, ok)
		}
		if got, ok := schema.APIByName(strings.ToUpper(api.Name)); !ok || got != api {
			t.Errorf("APIByName(%s) = %v, %v", api.Name, got, ok)
		}
	}
	if n := len(schema.APIs()); n != 23 {
		t.Errorf("%d APIs, want 23", n)
	}
}

func TestSharedHost(t *testing.T) {
	for host, want := range map[string]bool{
		"orders.westeurope.cloudapp.azure.com": true, "Orders.AzureWebsites.net.": true, "a-0123456789abcdef.westeurope-01.azurewebsites.net": true,
		"orders.usgovvirginia.cloudapp.usgovcloudapi.net": true, "orders.chinanorth2.cloudapp.chinacloudapi.cn": true, "orders.trafficmanager.cn": true,
		"azurewebsites.us": true, "portal.azure.com": false, "usgovcloudapi.net": false, "notazurewebsites.net": false, "contoso.example": false, "": false, ".": false,
	} {
		if got := schema.SharedHost(host); got != want {
			t.Errorf("SharedHost(%q) = %v", host, got)
		}
	}
}

func TestRoleName(t *testing.T) {
	for id, want := range map[string]string{
		"62e90394-69f5-4237-9190-012177145e10": "Global Administrator", "8E3AF657-A8FF-443C-A75C-2FE8C4BCB635": "Owner",
		"acdd72a7-3385-48ef-bd42-f606fba81ae7": "Reader", "4d5e0006-9fa0-4b12-8d34-5f6071829304": "", "": "",
	} {
		if got := schema.RoleName(id); got != want {
			t.Errorf("RoleName(%q) = %q, want %q", id, got, want)
		}
	}
}

func TestVaultClass(t *testing.T) {
	for op, want := range map[string]string{
		"SecretGet": "read", "secretget": "read", "SecretBackup": "read", "KeyDecrypt": "use", "SecretListDeleted": "list",
		"CertificatePurge": "delete", "VaultPatch": "acl", "VaultGet": "control", "Authentication": "auth",
		"KeyExpiredEventGridNotification": "notification", "VaultAccessPolicyChangedEventGridNotification": "acl",
		"": "other", "ManagedHsmThing": "other", "SecretSet": "write", "CertificateContactsSet": "write", "CertificateIssuersList": "list",
		"RoleAssignmentCreate": "acl", "roleassignmentdelete": "acl", "RoleDefinitionCreateOrUpdate": "acl", "RoleAssignmentList": "control",
		"RoleAssignmentGet": "control", "RoleDefinitionsRead": "control", "KeyRelease": "use",
	} {
		if got := schema.VaultClass(op); got != want {
			t.Errorf("VaultClass(%s) = %s, want %s", op, got, want)
		}
	}
}

// TestProperties holds that the list has the names that rules ask for, each once.
func TestProperties(t *testing.T) {
	seen := map[string]bool{}
	for _, name := range schema.Properties() {
		if key := strings.ToLower(name); seen[key] || strings.TrimSpace(name) != name {
			t.Errorf("%q stands twice, or with spaces", name)
		}
		seen[strings.ToLower(name)] = true
	}
	for _, name := range []string{"KeyDescription", "Role.TemplateId", "Included Updated Properties", "LogoutUrl"} {
		if !seen[strings.ToLower(name)] {
			t.Errorf("%s is missing", name)
		}
	}
	if kind := schema.KindOf("LogoutUrl"); kind != "" {
		t.Errorf("a plain property is of kind %q", kind)
	}
}

func TestVaultClasses(t *testing.T) {
	got := strings.Join(schema.VaultClasses(), " ")
	if got != "acl auth control delete list notification other read use write" {
		t.Errorf("got %s", got)
	}
}

func TestVaultOperations(t *testing.T) {
	for class, want := range map[string]string{"auth": "authentication", "acl": "vaultpatch", "write": "secretset", "delete": "keypurge"} {
		if all := schema.VaultOperations(class); !slices.Contains(all, want) || !slices.IsSorted(all) {
			t.Errorf("%s: %v", class, all)
		}
	}
	if all := schema.VaultOperations("nothing"); all != nil {
		t.Error(all)
	}
}
