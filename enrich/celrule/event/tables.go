package event

import (
	"slices"
	"strings"
)

// special is what is special about a table for rules, beside its columns.
type special struct {
	// olderOperation is the column of event.operation in rows from before the table had the column that schema names.
	olderOperation string
	who            actorTraits
	done           successTraits
	// reason are the columns with the text of a failure, best first.
	reason []string
	// audited says that rows tell of targets and their changes: event.targets, event.change(..) and so on.
	audited bool
	role    func(*Frame) *role // what event.role is read by
	views   []view
	// provider is the column that tells which service a row is of, in a table that several write to; "" when all rows are
	// of one.
	provider string
	// overflow is the column with the columns that a row has too many of.
	overflow string
}

// actorTraits are how a table tells who did it.
type actorTraits struct {
	read func(*Frame) *actor
	// texts are the columns in one of which id, name, upn, app_id and ip stand as they are, up to case and escapes; others
	// are further columns that read looks at.
	texts, others []string
	// same are the columns whose text a field of the actor is, by the field; fields that are more than that aren't there.
	same map[string]string
}

// successTraits are how a table tells whether it was done.
type successTraits struct {
	read func(*Frame) bool
	// failed tells that it wasn't done, in a table that has records of the start, too; nil in others.
	failed  func(*Frame) bool
	columns []string // that read and failed look at
}

// view is a view over the rows of a table, with what each of its fields is read from.
type view struct {
	name   string // in rules: event.NAME
	read   func(*Frame) any
	fields map[string]Source
}

// Source is what a field of a view is read from in the rows of one table. The zero value says that nothing is known.
type Source struct {
	// Texts are the columns in one of which every text of the field stands as it is, up to case and escapes; nil when the
	// field may have other texts.
	Texts []string
	// Others are further columns that decide about the field.
	Others []string
	// Words are those of which one must stand in a column of In for the field to have something in it: to be true, or a text
	// or list that isn't empty.
	Words, In []string
	// Operation is a part of event.operation that stands there instead of the words; "" for none.
	Operation string
}

// Columns that several views and functions are read from.
const (
	TargetsColumn = "TargetResources"
	DetailsColumn = "AdditionalDetails"
)

// Names of changed properties that the views are read from.
const (
	roleValue  = "AppRole.Value"
	roleID     = "AppRole.Id"
	scopeValue = "DelegatedPermissionGrant.Scope"
)

// specialOf is what is special about the table; a table that isn't named here has its columns alone.
func specialOf(table string) special {
	switch table {
	case "AADCustomSecurityAttributeAuditLogs":
		return special{
			who:    actorTraits{read: auditActor, texts: []string{"InitiatedBy"}},
			done:   successTraits{read: auditSuccess, columns: []string{"Result", "ResultType"}},
			reason: []string{"ResultReason", "ResultDescription"},
		}
	case "AuditLogs":
		return special{
			who:     actorTraits{read: auditActor, texts: []string{"InitiatedBy"}},
			done:    successTraits{read: auditSuccess, columns: []string{"Result", "ResultType"}},
			reason:  []string{"ResultReason", "ResultDescription"},
			audited: true,
			role:    (*Frame).auditRole,
			views:   auditViews(),
		}
	case "SigninLogs", "AADNonInteractiveUserSignInLogs", "ADFSSignInLogs":
		return special{
			who: actorTraits{
				read: signinActor, texts: []string{"UserId", "UserDisplayName", "UserPrincipalName", "AppId", "AppDisplayName", "IPAddress"},
				same: map[string]string{"id": "UserId", "name": "UserDisplayName", "upn": "UserPrincipalName", "app_id": "AppId"},
			},
			done:   successTraits{read: signinSuccess, columns: []string{"ResultType"}},
			reason: []string{"ResultDescription"},
		}
	case "AADServicePrincipalSignInLogs", "AADManagedIdentitySignInLogs":
		return special{
			who: actorTraits{
				read: workloadActor, texts: []string{"ServicePrincipalId", "ServicePrincipalName", "AppId", "IPAddress"},
				same: map[string]string{"id": "ServicePrincipalId", "name": "ServicePrincipalName", "app_id": "AppId"},
			},
			done:   successTraits{read: signinSuccess, columns: []string{"ResultType"}},
			reason: []string{"ResultDescription"},
		}
	case "AzureActivity":
		return special{
			olderOperation: "OperationName",
			who:            actorTraits{read: activityActor, texts: []string{"Caller", "CallerIpAddress", "Claims", "Claims_d"}},
			done:           successTraits{read: activitySuccess, failed: activityFailed, columns: activityColumns()},
			reason:         []string{"ActivitySubstatusValue", "ActivitySubstatus"},
			role:           (*Frame).activityRole,
			views:          []view{activityRoleView()},
		}
	case "OfficeActivity":
		return special{
			who: actorTraits{
				read:  officeActor,
				texts: []string{"UserId", "UserKey", "AppId", "ClientAppId", "ClientIP", "Client_IPAddress", "ActorIpAddress"},
			},
			done:   successTraits{read: officeSuccess, columns: []string{"ResultStatus"}},
			reason: []string{"ResultReasonType"},
		}
	case "AzureDiagnostics":
		return special{
			who: actorTraits{
				read:   diagnosticsActor,
				texts:  append([]string{overflowColumn, "CallerIPAddress", "CallerIpAddress"}, allClaimColumns()...),
				others: []string{providerColumn},
			},
			done:     successTraits{read: vaultSuccess, columns: append(statusColumns(), providerColumn, overflowColumn)},
			reason:   []string{"ResultDescription", "ResultSignature"},
			views:    []view{vaultView()},
			provider: providerColumn,
			overflow: overflowColumn,
		}
	case "AZKVAuditLogs":
		return special{
			who:    actorTraits{read: vaultLogActor, texts: []string{"CallerIPAddress", "CallerIpAddress", "Identity"}},
			done:   successTraits{read: vaultSuccess, columns: statusColumns()},
			reason: []string{"ResultDescription", "ResultSignature"},
			views:  []view{vaultView()},
		}
	}
	return special{who: namedActors()[table].traits()}
}

// namedActors are, by the table, the columns of those that tell in one column each who did it, or who is at risk.
func namedActors() map[string]actorColumns {
	api := actorColumns{user: "UserId", id: "ServicePrincipalId", appID: "AppId", ip: "IPAddress"}
	oldAPI := api
	oldAPI.ip = "CallerIpAddress"
	return map[string]actorColumns{
		"MicrosoftGraphActivityLogs":          api,
		"AADGraphActivityLogs":                oldAPI,
		"MicrosoftServicePrincipalSignInLogs": {id: "ServicePrincipalId", name: "ServicePrincipalName", appID: "AppId"},
		"AADUserRiskEvents":                   {user: "UserId", name: "UserDisplayName", upn: "UserPrincipalName", ip: "IpAddress"},
		"AADRiskyUsers":                       {user: "Id", name: "UserDisplayName", upn: "UserPrincipalName"},
		"AADServicePrincipalRiskEvents":       {id: "ServicePrincipalId", name: "ServicePrincipalDisplayName", appID: "AppId", ip: "IpAddress"},
		"AADRiskyServicePrincipals":           {id: "Id", name: "DisplayName", appID: "AppId"},
		"NetworkAccessTraffic":                {user: "UserId", upn: "UserPrincipalName", ip: "SourceIp"},
		"CloudAppEvents":                      {user: "AccountObjectId", name: "AccountDisplayName", ip: "IPAddress"},
	}
}

// auditViews are the views over AuditLogs. All are put together from changed properties of the targets.
func auditViews() []view {
	targets := []string{TargetsColumn}
	copied := func(properties ...string) Source { return Source{Texts: targets, Words: properties, In: targets} }
	told := func(properties ...string) Source { return Source{Others: targets, Words: properties, In: targets} }
	api := told("TargetId.ServicePrincipalNames", roleValue, roleID, scopeValue)
	blocked := []string{"ResultReason", "ResultDescription", TargetsColumn}
	assigned := Source{
		Texts: []string{TargetsColumn, DetailsColumn}, Others: []string{"OperationName"},
		Words: []string{"Role.TemplateId", "Role.DisplayName", "Role.ObjectID"}, In: targets, Operation: "role",
	}
	derived := assigned // not copied alone
	derived.Texts, derived.Others = nil, slices.Concat(assigned.Texts, assigned.Others)
	return []view{
		{"api", func(f *Frame) any { return f.api() }, map[string]Source{
			"id": api, "name": api, "label": {Others: targets},
		}},
		{"grant", func(f *Frame) any { return f.grant() }, map[string]Source{
			"present":          told(roleValue, roleID, scopeValue),
			"client_id":        copied("ServicePrincipal.ObjectID"),
			"client_app_id":    copied("ServicePrincipal.AppId"),
			"client_name":      copied("ServicePrincipal.DisplayName", "ServicePrincipal.ObjectID"),
			"app_role":         copied(roleValue),
			"scopes_added":     copied(scopeValue),
			"scopes":           copied(scopeValue),
			"all_users":        told("DelegatedPermissionGrant.ConsentType"),
			"became_all_users": told("DelegatedPermissionGrant.ConsentType"),
		}},
		{"consent", func(f *Frame) any { return f.consent() }, map[string]Source{
			"present":          told("ConsentContext.IsAdminConsent", "ConsentAction.Permissions"),
			"admin":            told("ConsentContext.IsAdminConsent"),
			"on_behalf_of_all": told("ConsentContext.OnBehalfOfAll", "ConsentAction.Permissions"),
			"scopes_added":     copied("ConsentAction.Permissions"),
			"scopes":           copied("ConsentAction.Permissions"),
			"blocked_risky":    {Others: blocked, Words: []string{blockedReason}, In: blocked},
			"repeats":          told("ConsentAction.Permissions"),
		}},
		{"role", func(f *Frame) any { return f.role() }, map[string]Source{
			"present": derived, "id": assigned, "scope": assigned,
			"name":         derived, // that of the built-in role when only the id is recorded
			"principal_id": assigned, "principal_type": assigned, "principal_name": assigned,
		}},
	}
}

// activityRoleView is event.role of AzureActivity: the request of a role assignment.
func activityRoleView() view {
	body := []string{"Properties_d", "Properties", "Authorization_d", "Authorization"}
	operations := []string{"OperationNameValue", "OperationName"}
	assigned := Source{Texts: body, Others: operations, Operation: azureRoleOperation}
	derived := Source{Others: slices.Concat(body, operations), Operation: assigned.Operation}
	return view{"role", func(f *Frame) any { return f.role() }, map[string]Source{
		"present": derived, "id": assigned, "scope": assigned,
		"name":         derived, // that of the built-in role with the id
		"principal_id": assigned, "principal_type": assigned, "principal_name": assigned, "request": assigned,
	}}
}

// vaultView is event.vault of the two tables with rows of Key Vault. Each of them has some of the columns.
func vaultView() view {
	status := append(statusColumns(), providerColumn, overflowColumn)
	of := func(texts ...string) Source {
		return Source{Texts: texts, Others: []string{providerColumn, overflowColumn}}
	}
	return view{"vault", func(f *Frame) any { return f.vault() }, map[string]Source{
		"present":   {Others: []string{providerColumn}},
		"name":      of("Resource", "_ResourceId", "id_s", "Id", "requestUri_s", "RequestUri", overflowColumn),
		"class":     {Others: []string{providerColumn, "OperationName"}},
		"object":    of("id_s", "Id", overflowColumn),
		"failed":    {Others: status},
		"status":    {Others: []string{providerColumn, "httpStatusCode_d", "HttpStatusCode", overflowColumn}},
		"signature": {Texts: []string{"ResultSignature"}, Others: []string{providerColumn}},
	}}
}

// Columns that tell of what a vault answered, in one table or the other.
func statusColumns() []string {
	return []string{"ResultType", "ResultSignature", "httpStatusCode_d", "HttpStatusCode"}
}

// signinSuccess knows the code of sign-ins that worked, 0.
func signinSuccess(f *Frame) bool { return string(plainCell(f.RawColumn("ResultType"))) == "0" }

func auditSuccess(f *Frame) bool {
	switch result := f.foldColumn("Result"); result {
	case "":
		resultType := f.foldColumn("ResultType")
		return resultType == "0" || resultType == "success"
	default:
		return result == "success"
	}
}

// officeSuccess takes records without a status, as SharePoint writes them, for done.
func officeSuccess(f *Frame) bool {
	status := f.foldColumn("ResultStatus")
	return status == "" || status == "true" || strings.HasPrefix(status, "succe")
}
