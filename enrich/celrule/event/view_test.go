package event

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/schema"
)

// frameOf is the frame of a row written as JSON.
func frameOf(t testing.TB, row string) *Frame {
	t.Helper()
	name, _, parsed, err := enrich.NewObjectParser(schema.TypeOf).Parse([]byte(row))
	if err != nil {
		t.Fatalf("parse the row: %v\n%s", err, row)
	}
	known, ok := NewTable(name, NewViewTypes())
	if !ok {
		t.Fatalf("unknown table %q", name)
	}
	f := NewFrame(known)
	e := enrich.NewEvent(name, parsed)
	f.Reset(&e)
	return f
}

// same compares what a view says with what is wanted, private fields included.
func same[T any](t *testing.T, want, got T) {
	t.Helper()
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(actor{}, role{}, vault{}, grant{}, api{}, consent{}, uri{}, credential{})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestActor(t *testing.T) {
	for _, c := range []struct {
		name, row string
		want      actor
	}{
		{
			"a user, app absent",
			`{"Type":"AuditLogs","InitiatedBy":{"user":{"id":"u1","displayName":null,"userPrincipalName":"ann@contoso.example","ipAddress":"::ffff:203.0.113.9","roles":[]}}}`,
			actor{kind: "user", id: "u1", upn: "ann@contoso.example", ip: "203.0.113.9"},
		},
		{
			"an app, user null, as text",
			`{"Type":"AuditLogs","InitiatedBy":"{\"user\":null,\"app\":{\"appId\":null,\"displayName\":\"MS-PIM\",\"servicePrincipalId\":\"sp1\",\"servicePrincipalName\":null}}"}`,
			actor{kind: "app", id: "sp1", name: "MS-PIM"},
		},
		{"an empty app beside a user", `{"Type":"AuditLogs","InitiatedBy":{"app":{},"user":{"id":"u1"}}}`, actor{kind: "user", id: "u1"}},
		{
			"a person and the page of the portal, which has a name alone",
			`{"Type":"AuditLogs","InitiatedBy":{"user":{"id":"u1","displayName":"Ann","userPrincipalName":"ann@contoso.example","ipAddress":"203.0.113.9"},"app":{"appId":null,"displayName":"ADIbizaUX","servicePrincipalId":null,"servicePrincipalName":null}}}`,
			actor{kind: "user", id: "u1", name: "Ann", upn: "ann@contoso.example", via: "ADIbizaUX", aside: true, ip: "203.0.113.9"},
		},
		{
			"a person and an application, as text, the address beside the application",
			`{"Type":"AuditLogs","InitiatedBy":"{\"app\":{\"appId\":\"a1\",\"servicePrincipalId\":\"sp1\",\"ipAddress\":\"203.0.113.9\"},\"user\":{\"id\":null,\"userPrincipalName\":\"ann@contoso.example\",\"ipAddress\":\"\"}}"}`,
			actor{kind: "user", upn: "ann@contoso.example", appID: "a1", via: "a1", aside: true, ip: "203.0.113.9"},
		},
		{
			"an application, and a service's name for the person",
			`{"Type":"AuditLogs","InitiatedBy":{"user":{"id":"","displayName":"Azure ESTS Service","userPrincipalName":null,"ipAddress":"203.0.113.9"},"app":{"appId":"a1","displayName":"billing","servicePrincipalId":"sp1"}}}`,
			actor{kind: "app", id: "sp1", name: "billing", appID: "a1", ip: "203.0.113.9"},
		},
		{"nobody", `{"Type":"AuditLogs","InitiatedBy":{}}`, actor{kind: "unknown"}},
		{"no column", `{"Type":"AuditLogs"}`, actor{kind: "unknown"}},
		{
			"a sign-in", `{"Type":"SigninLogs","UserId":"u1","UserPrincipalName":"ann@contoso.example","UserDisplayName":"Ann","AppId":"a1","IPAddress":"203.0.113.9"}`,
			actor{kind: "user", id: "u1", name: "Ann", upn: "ann@contoso.example", appID: "a1", via: "a1", ip: "203.0.113.9"},
		},
		{
			"a sign-in to an application with a name", `{"Type":"SigninLogs","UserId":"u1","AppId":"a1","AppDisplayName":"Orders"}`,
			actor{kind: "user", id: "u1", appID: "a1", via: "Orders"},
		},
		{
			"a workload's sign-in", `{"Type":"AADServicePrincipalSignInLogs","ServicePrincipalId":"sp1","ServicePrincipalName":"billing","AppId":"a1","IPAddress":"203.0.113.9"}`,
			actor{kind: "app", id: "sp1", name: "billing", appID: "a1", ip: "203.0.113.9"},
		},
		{
			"a user in Azure", `{"Type":"AzureActivity","Caller":"ann@contoso.example","CallerIpAddress":"203.0.113.9","Claims":"{\"appid\":\"a1\",\"http://schemas.microsoft.com/identity/claims/objectidentifier\":\"u1\",\"name\":\"Ann\"}"}`,
			actor{kind: "user", id: "u1", name: "Ann", upn: "ann@contoso.example", appID: "a1", via: "a1", ip: "203.0.113.9"},
		},
		{
			"an app in Azure, without claims", `{"Type":"AzureActivity","Caller":"11111111-2222-3333-4444-555555555555"}`,
			actor{kind: "app", id: "11111111-2222-3333-4444-555555555555"},
		},
		{
			"a user at a vault, either spelling of the id",
			`{"Type":"AzureDiagnostics","ResourceProvider":"MICROSOFT.KEYVAULT","CallerIPAddress":"203.0.113.9","identity_claim_oid_s":"u1","identity_claim_appid_g":"a1","identity_claim_upn_s":"ann@contoso.example"}`,
			actor{kind: "user", id: "u1", upn: "ann@contoso.example", appID: "a1", via: "a1", ip: "203.0.113.9"},
		},
		{
			"an app at a vault, a claim in the overflow column",
			`{"Type":"AzureDiagnostics","ResourceProvider":"MICROSOFT.KEYVAULT","identity_claim_appid_g":"a1","AdditionalFields":"{\"identity_claim_oid_g\":\"sp1\"}"}`,
			actor{kind: "app", id: "sp1", appID: "a1"},
		},
		{
			"a managed identity at a vault", `{"Type":"AZKVAuditLogs","Identity":{"claim":{"oid":"sp1","appid":"a1","xms_mirid":"/subscriptions/x","upn":"odd"}},"CallerIpAddress":"10.0.0.4"}`,
			actor{kind: "app", id: "sp1", upn: "odd", appID: "a1", ip: "10.0.0.4"},
		},
		{
			"the control plane of a vault", `{"Type":"AZKVAuditLogs","Identity":"{\"claim\":{\"http://schemas.microsoft.com/identity/claims/objectidentifier\":\"u1\",\"http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn\":\"ann@contoso.example\"}}"}`,
			actor{kind: "user", id: "u1", upn: "ann@contoso.example"},
		},
		{
			"a user at a managed HSM", `{"Type":"AZKVAuditLogs","Identity":"{\"claim\":{\"appid\":\"a1\",\"http_schemas_microsoft_com_identity\":{\"claims\":{\"objectidentifier\":\"u1\"}},\"http_schemas_xmlsoap_org_ws_2005_05_identity\":{\"claims\":{\"upn\":\"ann@contoso.example\"}}}}"}`,
			actor{kind: "user", id: "u1", upn: "ann@contoso.example", appID: "a1", via: "a1"},
		},
		{
			"another service's row", `{"Type":"AzureDiagnostics","ResourceProvider":"MICROSOFT.NETWORK","identity_claim_upn_s":"ann@contoso.example"}`,
			actor{kind: "unknown"},
		},
		{"a user of Office", `{"Type":"OfficeActivity","UserId":"ann@contoso.example","UserKey":"u1","ClientIP":"203.0.113.9"}`, actor{kind: "user", id: "u1", upn: "ann@contoso.example", ip: "203.0.113.9"}},
		{"an app of Office", `{"Type":"OfficeActivity","UserId":"ServicePrincipal_1","AppId":"a1"}`, actor{kind: "app", name: "ServicePrincipal_1", appID: "a1"}},
	} {
		t.Run(c.name, func(t *testing.T) { same(t, c.want, *frameOf(t, c.row).actor()) })
	}
}

func TestSuccessAndReason(t *testing.T) {
	for _, c := range []struct {
		row     string
		success bool
		reason  string
	}{
		{`{"Type":"AuditLogs","Result":"success"}`, true, ""},
		{`{"Type":"AuditLogs","Result":"Failure","ResultReason":"","ResultDescription":"no right"}`, false, "no right"},
		{`{"Type":"AuditLogs","Result":"timeout"}`, false, ""},
		{`{"Type":"AuditLogs"}`, false, ""},
		{`{"Type":"SigninLogs","ResultType":"0"}`, true, ""},
		{`{"Type":"SigninLogs","ResultType":"50126","ResultDescription":"bad password"}`, false, "bad password"},
		{`{"Type":"AzureActivity","ActivityStatusValue":"Succeeded"}`, true, ""},
		{`{"Type":"AzureActivity","ActivityStatusValue":"SUCCESS"}`, true, ""},
		{`{"Type":"AzureActivity","ActivityStatusValue":"Start"}`, false, ""},
		{`{"Type":"AzureActivity","ActivityStatusValue":"Failure","ActivitySubstatusValue":"Forbidden"}`, false, "Forbidden"},
		{`{"Type":"AzureActivity","ActivityStatus":"Succeeded"}`, true, ""},
		{`{"Type":"AzureActivity","ActivityStatusValue":"","ActivityStatus":"Succeeded"}`, true, ""},
		{`{"Type":"AzureActivity","ActivityStatus":"Failed","ActivitySubstatus":"Conflict"}`, false, "Conflict"},
		{`{"Type":"AzureActivity","ActivityStatus":"Started"}`, false, ""},
		{`{"Type":"AzureActivity","ActivityStatusValue":"Accept","ActivitySubstatusValue":"Accepted"}`, false, "Accepted"},
		{`{"Type":"AzureActivity","ActivityStatusValue":"Start","ActivitySubstatusValue":"Created"}`, false, "Created"},
		{`{"Type":"AzureActivity","ActivityStatusValue":"Success","ActivityStatus":"Failed"}`, false, ""},
		{`{"Type":"AzureActivity","ResultType":"Success","ResultSignature":"Succeeded.Created"}`, true, ""},
		{`{"Type":"AzureActivity","ResultType":"Start","ResultSignature":"Started."}`, false, ""},
		{`{"Type":"AzureActivity","EventName":"BeginRequest"}`, false, ""},
		{`{"Type":"AzureActivity","EventName":"BeginRequest","Properties":"{\"statusCode\":\"Created\"}"}`, false, ""},
		{`{"Type":"AzureActivity","EventName":"EndRequest","ActivityStatus":"Succeeded"}`, true, ""},
		{`{"Type":"AzureActivity","EventName":"EndRequest","ActivitySubstatusValue":"OK (HTTP Status Code: 200)"}`, true, "OK (HTTP Status Code: 200)"},
		{`{"Type":"AzureActivity","EventName":"EndRequest","ActivitySubstatusValue":"Forbidden"}`, false, "Forbidden"},
		{`{"Type":"AzureActivity","ActivityStatusValue":null,"ActivitySubstatusValue":"Created"}`, false, "Created"},
		{`{"Type":"AzureActivity","ActivityStatusValue":"End","Properties":"{\"statusCode\":\"Created\"}"}`, true, ""},
		{`{"Type":"AzureActivity","ActivityStatus":"End","Properties_d":{"statusCode":"Accepted"}}`, false, ""},
		{`{"Type":"AzureActivity","ActivityStatusValue":"Begin"}`, false, ""},
		{`{"Type":"AzureActivity"}`, false, ""},
		{`{"Type":"OfficeActivity","ResultStatus":"Succeeded"}`, true, ""},
		{`{"Type":"OfficeActivity"}`, true, ""},
		{`{"Type":"OfficeActivity","ResultStatus":"Failed"}`, false, ""},
		{`{"Type":"AZKVAuditLogs","HttpStatusCode":200,"ResultSignature":"Forbidden"}`, false, "Forbidden"},
	} {
		f := frameOf(t, c.row)
		if got := f.Success(); got != c.success || f.reason() != c.reason {
			t.Errorf("%s: success %v, reason %q; want %v, %q", c.row, got, f.reason(), c.success, c.reason)
		}
	}
}

func TestVault(t *testing.T) {
	for _, c := range []struct {
		name, row string
		want      vault
	}{
		{
			"AzureDiagnostics, refused though the type says success",
			`{"Type":"AzureDiagnostics","ResourceProvider":"MICROSOFT.KEYVAULT","Resource":"KV-ORDERS","OperationName":"SecretGet","ResultType":"Success","ResultSignature":"Forbidden","httpStatusCode_d":403,"id_s":"https://kv-orders.vault.azure.net/secrets/db"}`,
			vault{true, "kv-orders", "read", "https://kv-orders.vault.azure.net/secrets/db", true, 403, "Forbidden"},
		},
		{
			"AZKVAuditLogs",
			`{"Type":"AZKVAuditLogs","_ResourceId":"/subscriptions/s/resourcegroups/r/providers/microsoft.keyvault/vaults/kv-orders","OperationName":"KeyDecrypt","ResultSignature":"OK","HttpStatusCode":200,"Id":"https://kv-orders.vault.azure.net/keys/k"}`,
			vault{true, "kv-orders", "use", "https://kv-orders.vault.azure.net/keys/k", false, 200, "OK"},
		},
		{
			"a signature against the status", `{"Type":"AZKVAuditLogs","OperationName":"VaultPatch","ResultSignature":"Forbidden","HttpStatusCode":200,"RequestUri":"https://kv-a.vault.azure.net/x"}`,
			vault{true, "kv-a", "acl", "", true, 200, "Forbidden"},
		},
		{"status as text", `{"Type":"AzureDiagnostics","ResourceProvider":"Microsoft.KeyVault","httpStatusCode_d":"404","OperationName":"?"}`, vault{true, "", "other", "", true, 404, ""}},
		{"another service", `{"Type":"AzureDiagnostics","ResourceProvider":"MICROSOFT.SQL","OperationName":"SecretGet"}`, vault{class: "other"}},
	} {
		t.Run(c.name, func(t *testing.T) { same(t, c.want, *frameOf(t, c.row).vault()) })
	}
}

const guid = "62e90394-69f5-4237-9190-012177145e10"

func TestRole(t *testing.T) {
	for _, c := range []struct {
		name, row string
		want      role
	}{
		{
			"the directory's shape, the role's target first",
			`{"Type":"AuditLogs","OperationName":"Add member to role","TargetResources":[{"id":"38bf","type":"Role","modifiedProperties":[]},{"id":"9d41","displayName":"billing-sync","type":"ServicePrincipal","modifiedProperties":[{"displayName":"Role.DisplayName","oldValue":null,"newValue":"\"Company Administrator\""},{"displayName":"Role.TemplateId","oldValue":null,"newValue":"\"62E90394-69f5-4237-9190-012177145e10\""}]}]}`,
			role{true, guid, "Company Administrator", "", "9d41", "ServicePrincipal", "billing-sync", ""},
		},
		{
			"a removal, whose values are the old ones",
			`{"Type":"AuditLogs","OperationName":"Remove member from role","TargetResources":[{"id":"u1","userPrincipalName":"ann@contoso.example","type":"User","modifiedProperties":[{"displayName":"Role.TemplateId","oldValue":"\"` + guid + `\"","newValue":null}]}]}`,
			role{true, guid, "Global Administrator", "", "u1", "User", "ann@contoso.example", ""},
		},
		{
			"the shape of PIM",
			`{"Type":"AuditLogs","OperationName":"Add eligible member to role in PIM completed (permanent)","TargetResources":[{"id":"x","displayName":"Global Administrator","type":"Role"},{"id":"r","type":"Request"},{"id":"9d41","displayName":"billing-sync","type":"ServicePrincipal"},{"type":"Directory"}],"AdditionalDetails":[{"key":"RoleDefinitionOriginId","value":"` + guid + `"}]}`,
			role{true, guid, "Global Administrator", "", "9d41", "ServicePrincipal", "billing-sync", ""},
		},
		{"something else", `{"Type":"AuditLogs","OperationName":"Add owner to application","TargetResources":[{"id":"u1","type":"User"}]}`, role{}},
		{
			"Azure, upper case, request as text",
			`{"Type":"AzureActivity","OperationNameValue":"MICROSOFT.AUTHORIZATION/ROLEASSIGNMENTS/WRITE","Properties":"{\"requestbody\":\"{\\\"Id\\\":\\\"x\\\",\\\"Properties\\\":{\\\"PrincipalId\\\":\\\"AB\\\",\\\"PrincipalType\\\":\\\"ServicePrincipal\\\",\\\"RoleDefinitionId\\\":\\\"/providers/Microsoft.Authorization/roleDefinitions/8E3AF657-a8ff-443c-a75c-2fe8c4bcb635\\\",\\\"Scope\\\":\\\"/subscriptions/s\\\"}}\"}"}`,
			role{true, "8e3af657-a8ff-443c-a75c-2fe8c4bcb635", "Owner", "/subscriptions/s", "ab", "ServicePrincipal", "", ""},
		},
		{
			"Azure, lower case, dynamic, no type, scope of the assignment",
			`{"Type":"AzureActivity","OperationNameValue":"Microsoft.Authorization/roleAssignments/write","Properties_d":{"requestbody":"{\"properties\":{\"roleDefinitionId\":\"/subscriptions/s/providers/Microsoft.Authorization/roleDefinitions/b24988ac-6180-42a0-ab88-20f7382dd24c\",\"principalId\":\"p\"}}"},"Authorization":"{\"scope\":\"/subscriptions/s/providers/Microsoft.Authorization/roleAssignments/y\"}"}`,
			role{true, "b24988ac-6180-42a0-ab88-20f7382dd24c", "Contributor", "/subscriptions/s", "p", "", "", ""},
		},
		{
			"Azure, eligible, by Privileged Identity Management; the answer says more than the request",
			`{"Type":"AzureActivity","OperationNameValue":"MICROSOFT.AUTHORIZATION/ROLEELIGIBILITYSCHEDULEREQUESTS/WRITE","Properties_d":{"requestbody":"{\"properties\":{\"principalId\":\"P\",\"requestType\":\"AdminAssign\",\"roleDefinitionId\":\"/subscriptions/s/providers/Microsoft.Authorization/roleDefinitions/8e3af657-a8ff-443c-a75c-2fe8c4bcb635\"}}","responseBody":"{\"properties\":{\"expandedProperties\":{\"principal\":{\"displayName\":\"billing-sync\",\"type\":\"ServicePrincipal\"}}}}"},"Authorization_d":{"scope":"/subscriptions/s/providers/Microsoft.Authorization/roleEligibilityScheduleRequests/y"}}`,
			role{true, "8e3af657-a8ff-443c-a75c-2fe8c4bcb635", "Owner", "/subscriptions/s", "p", "ServicePrincipal", "billing-sync", "AdminAssign"},
		},
		{
			"Azure, at the root",
			`{"Type":"AzureActivity","OperationNameValue":"Microsoft.Authorization/roleAssignmentScheduleRequests/write","Properties":"{\"responseBody\":\"{\\\"properties\\\":{\\\"roleDefinitionId\\\":\\\"b24988ac-6180-42a0-ab88-20f7382dd24c\\\",\\\"principalType\\\":\\\"Group\\\"}}\"}","Authorization":"{\"scope\":\"/providers/Microsoft.Authorization/roleAssignmentScheduleRequests/y\"}"}`,
			role{true, "b24988ac-6180-42a0-ab88-20f7382dd24c", "Contributor", "/", "", "Group", "", ""},
		},
		{"another service's roles", `{"Type":"AzureActivity","OperationNameValue":"Microsoft.DocumentDB/databaseAccounts/sqlRoleAssignments/write","Properties_d":{"requestbody":"{\"properties\":{\"roleDefinitionId\":\"b24988ac-6180-42a0-ab88-20f7382dd24c\"}}"}}`, role{}},
		{"Azure, without a body", `{"Type":"AzureActivity","OperationNameValue":"Microsoft.Authorization/roleAssignments/write","Properties":"{}"}`, role{}},
		{"Azure, another operation", `{"Type":"AzureActivity","OperationNameValue":"Microsoft.KeyVault/vaults/write"}`, role{}},
	} {
		t.Run(c.name, func(t *testing.T) { same(t, c.want, *frameOf(t, c.row).role()) })
	}
}

// granted is an AuditLogs row of a grant with the properties; extra is more JSON of the row.
func granted(properties string) string {
	return `{"Type":"AuditLogs","TargetResources":[{"id":"c1","displayName":"billing-sync","type":"ServicePrincipal","modifiedProperties":[]},{"id":"g1","displayName":"Microsoft Graph","type":"ServicePrincipal","modifiedProperties":[` + strings.TrimSuffix(properties, ",") + `]}]}`
}

func property(name, before, after string) string {
	quote := func(s string) string {
		if s == "null" {
			return s
		}
		return string(enrich.AppendString(nil, string(enrich.AppendString(nil, s))))
	}
	return `{"displayName":"` + name + `","oldValue":` + quote(before) + `,"newValue":` + quote(after) + `}`
}

func TestAPI(t *testing.T) {
	const graph, exchange = "00000003-0000-0000-c000-000000000000", "00000002-0000-0ff1-ce00-000000000000"
	role := property("AppRole.Value", "null", "Mail.Read") + ","
	for _, c := range []struct {
		name, properties string
		want             api
	}{
		{"an id with a path", role + property("TargetId.ServicePrincipalNames", "null", graph+"/ags.windows.net;https://x"), api{graph, "Microsoft Graph"}},
		{"a known id behind an unknown", role + property("TargetId.ServicePrincipalNames", "null", guid+";"+graph), api{graph, "Microsoft Graph"}},
		{"an unknown id beats an address", role + property("TargetId.ServicePrincipalNames", "null", "https://graph.microsoft.com;"+guid), api{guid, "Microsoft Graph"}},
		{"only addresses", role + property("TargetId.ServicePrincipalNames", "null", "https://outlook.office365.com/;Microsoft.Exchange"), api{exchange, "Office 365 Exchange Online"}},
		{"only the name", role, api{graph, "Microsoft Graph"}},
		{"nothing", "", api{}},
	} {
		t.Run(c.name, func(t *testing.T) { same(t, c.want, *frameOf(t, granted(c.properties)).api()) })
	}
}

func TestGrant(t *testing.T) {
	scope := func(before, after string) string {
		return property("DelegatedPermissionGrant.Scope", before, after) + ","
	}
	kind := func(before, after string) string {
		return property("DelegatedPermissionGrant.ConsentType", before, after) + ","
	}
	client := property("ServicePrincipal.ObjectID", "null", "c1")
	for _, c := range []struct {
		name, properties string
		want             grant
	}{
		{
			"an app role", property("AppRole.Value", "null", "Mail.Read") + "," + property("ServicePrincipal.AppId", "null", "a1") + "," + client,
			grant{present: true, clientID: "c1", clientAppID: "a1", clientName: "billing-sync", appRole: "Mail.Read"},
		},
		{
			"scopes add up, one is new", scope(" User.Read", " User.Read Mail.ReadWrite offline_access") + kind("AllPrincipals", "AllPrincipals") + client,
			grant{present: true, clientID: "c1", clientName: "billing-sync", scopesAdded: []string{"Mail.ReadWrite", "offline_access"}, scopes: []string{"User.Read", "Mail.ReadWrite", "offline_access"}, allUsers: true},
		},
		{
			"the same scopes, now for all", scope("User.Read", "User.Read") + kind("Principal", "AllPrincipals") + client,
			grant{present: true, clientID: "c1", clientName: "billing-sync", scopesAdded: []string{"User.Read"}, scopes: []string{"User.Read"}, allUsers: true, becameAllUsers: true},
		},
		{
			"a first grant", scope("null", "User.Read") + kind("null", "Principal") + property("ServicePrincipal.DisplayName", "null", "given") + "," + client,
			grant{present: true, clientID: "c1", clientName: "given", scopesAdded: []string{"User.Read"}, scopes: []string{"User.Read"}},
		},
		{"a removal", property("AppRole.Value", "Mail.Read", "null") + "," + property("ServicePrincipal.ObjectID", "c1", "null"), grant{present: true, clientID: "c1", clientName: "billing-sync", appRole: "Mail.Read"}},
	} {
		t.Run(c.name, func(t *testing.T) { same(t, c.want, *frameOf(t, granted(c.properties)).grant()) })
	}
}

func TestConsent(t *testing.T) {
	const newForm = "[] => [[Id: AbC, ClientId: 1b2c, PrincipalId: 57e4, ResourceId: ce71, ConsentType: Principal, Scope:  Mail.Read offline_access User.Read, CreatedDateTime: , LastModifiedDateTime ]]; "
	const oldForm = "[[Id: A, ConsentType: AllPrincipals, Scope: User.Read]] => [[Id: A, ConsentType: AllPrincipals, Scope: User.Read Mail.Send][Id: B, Scope: Files.Read.All]]; "
	for _, c := range []struct {
		name, row string
		want      consent
	}{
		{
			"a user", granted(property("ConsentContext.IsAdminConsent", "null", "False") + "," + property("ConsentAction.Permissions", "null", newForm)),
			consent{present: true, scopesAdded: []string{"Mail.Read", "offline_access", "User.Read"}, scopes: []string{"Mail.Read", "offline_access", "User.Read"}},
		},
		{
			"an administrator for all", granted(property("ConsentContext.IsAdminConsent", "null", "True") + "," + property("ConsentAction.Permissions", "null", oldForm)),
			consent{present: true, admin: true, onBehalfOfAll: true, scopesAdded: []string{"Mail.Send", "Files.Read.All"}, scopes: []string{"User.Read", "Mail.Send", "Files.Read.All"}},
		},
		{
			"a consent that grew: the old entry on both sides", granted(property("ConsentAction.Permissions", "null", "[[Id: A, PrincipalId: p, Scope:  User.Read, CreatedDateTime: , LastModifiedDateTime ]] => [[Id: A, PrincipalId: p, Scope:  User.Read, CreatedDateTime: , LastModifiedDateTime ]]; ")),
			consent{present: true, scopes: []string{"User.Read"}, repeats: true},
		},
		{
			"two old entries on both sides, in the older form", granted(property("ConsentAction.Permissions", "null", "[[Id: A, Scope: User.Read][Id: B, Scope: Mail.Read]] => [[Id: B, Scope: Mail.Read][Id: A, Scope: User.Read]]; ")),
			consent{present: true, scopes: []string{"Mail.Read", "User.Read"}, repeats: true},
		},
		{
			"what held before, written anew", granted(property("ConsentAction.Permissions", "null", "[[Id: A, Scope: User.Read Mail.Read]] => [[Id: A, Scope: Mail.Read User.Read]]; ")),
			consent{present: true, scopes: []string{"Mail.Read", "User.Read"}},
		},
		{"nothing before and after", granted(property("ConsentAction.Permissions", "null", "[] => []; ")), consent{present: true}},
		{"stopped, in the reason", `{"Type":"AuditLogs","ResultReason":"Microsoft.Online.Security.UserConsentBlockedForRiskyAppsException"}`, consent{blockedRisky: true}},
		{"stopped, in the property", granted(property("MethodExecutionResult.", "null", "Microsoft.Online.Security.UserConsentBlockedForRiskyAppsException")), consent{blockedRisky: true}},
		{"nothing", `{"Type":"AuditLogs"}`, consent{}},
	} {
		t.Run(c.name, func(t *testing.T) { same(t, c.want, *frameOf(t, c.row).consent()) })
	}
}
