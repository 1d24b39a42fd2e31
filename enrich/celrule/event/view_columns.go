package event

import "slices"

// Columns that the views of AuditLogs are read from.
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

// ChangedProperties are those of which one must stand among the changes for a field of a view of AuditLogs to have something in
// it; nil when that isn't known.
func ChangedProperties(view, field string) []string {
	return map[string][]string{
		"api.id":                     {"TargetId.ServicePrincipalNames", roleValue, roleID, scopeValue},
		"api.name":                   {"TargetId.ServicePrincipalNames", roleValue, roleID, scopeValue},
		"grant.present":              {roleValue, roleID, scopeValue},
		"grant.client_id":            {"ServicePrincipal.ObjectID"},
		"grant.client_app_id":        {"ServicePrincipal.AppId"},
		"grant.client_name":          {"ServicePrincipal.DisplayName", "ServicePrincipal.ObjectID"},
		"grant.app_role":             {roleValue},
		"grant.scopes_added":         {scopeValue},
		"grant.scopes":               {scopeValue},
		"grant.all_users":            {"DelegatedPermissionGrant.ConsentType"},
		"grant.became_all_users":     {"DelegatedPermissionGrant.ConsentType"},
		"consent.present":            {"ConsentContext.IsAdminConsent", "ConsentAction.Permissions"},
		"consent.admin":              {"ConsentContext.IsAdminConsent"},
		"consent.on_behalf_of_all":   {"ConsentContext.OnBehalfOfAll", "ConsentAction.Permissions"},
		"consent.scopes_added":       {"ConsentAction.Permissions"},
		"consent.scopes":             {"ConsentAction.Permissions"},
		"role.present in properties": {"Role.TemplateId", "Role.DisplayName", "Role.ObjectID"},
	}[view+"."+field]
}

// ViewSources is root for a field of a view.
func (t *Table) ViewSources(view, field string) []string {
	switch view + "." + field {
	case "grant.client_id", "grant.client_app_id", "grant.client_name", "grant.app_role", "grant.scopes_added", "grant.scopes",
		"consent.scopes_added", "consent.scopes":
		return []string{TargetsColumn}
	case "role.id", "role.name", "role.scope", "role.principal_id", "role.principal_type", "role.principal_name":
		if t.Name == "AzureActivity" {
			return []string{"Properties_d", "Properties", "Authorization_d", "Authorization"}
		}
		return []string{TargetsColumn, DetailsColumn}
	case "vault.signature":
		return []string{"ResultSignature"}
	case "vault.object":
		return []string{"id_s", "Id", overflowColumn}
	case "vault.name":
		return []string{"Resource", "_ResourceId", "id_s", "Id", "requestUri_s", "RequestUri", overflowColumn}
	}
	return nil
}

// ActorSources is root for the fields of event.actor that are read as they stand.
func (t *Table) ActorSources() []string {
	switch t.Name {
	case "AzureDiagnostics", "AZKVAuditLogs":
		columns := []string{"Identity", "CallerIPAddress", "CallerIpAddress"}
		if t.Name == "AzureDiagnostics" {
			columns = []string{overflowColumn, "CallerIPAddress", "CallerIpAddress"}
			for _, of := range claimColumns() {
				columns = append(columns, of...)
			}
		}
		return slices.Sorted(slices.Values(columns))
	}
	return t.actorColumns
}
