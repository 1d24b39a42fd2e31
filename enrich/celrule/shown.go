package celrule

import (
	"slices"

	"github.com/google/cel-go/common/ast"
)

// Columns that the views of AuditLogs are read from.
const (
	targetsColumn = "TargetResources"
	detailsColumn = "AdditionalDetails"
)

// viewOf is VIEW of event.VIEW.field, where VIEW is one of the helpers that are put together from several properties, or
// a let that is another name of one; "" for everything else.
func (f *finder) viewOf(e ast.Expr, in *scope) string {
	if e.Kind() != ast.SelectKind || e.AsSelect().IsTestOnly() {
		return ""
	}
	return f.view(e.AsSelect().Operand(), in)
}

// view is VIEW of event.VIEW.
func (f *finder) view(e ast.Expr, in *scope) string {
	if f.steps++; f.steps > maxSteps {
		return ""
	}
	if e.Kind() == ast.IdentKind {
		if let, there := f.let(e.AsIdent(), in); there != nil {
			return f.view(let, there)
		}
	}
	for _, view := range []string{"api", "grant", "consent", "role", "vault"} {
		if isField(e, view) {
			return view
		}
	}
	return ""
}

// Names of changed properties that the views are read from.
const (
	roleValue  = "AppRole.Value"
	roleID     = "AppRole.Id"
	scopeValue = "DelegatedPermissionGrant.Scope"
)

// properties are those of which one must stand among the changes for a field of a view of AuditLogs to have something in
// it; nil when that isn't known.
func properties(view, field string) []string {
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

// shown are the conditions for a field of a view to have something in it: to be true, or a text or list that isn't empty.
func (f *finder) shown(view, field string) []condition {
	switch {
	case view == "consent" && field == "blocked_risky":
		return literals([]string{"ResultReason", "ResultDescription", targetsColumn}, blockedReason)
	case view == "role":
		return f.roleShown()
	}
	if needed := properties(view, field); needed != nil {
		return literals([]string{targetsColumn}, needed...)
	}
	return nil
}

// roleShown are the conditions for event.role to have anything in it.
func (f *finder) roleShown() []condition {
	operation := func(part string) condition { return condition{atom{question{how: asOperation}, part, holds}} }
	if f.rule.table.name == "AzureActivity" {
		return []condition{operation("roleassignments/")}
	}
	return either(literals([]string{targetsColumn}, properties("role", "present in properties")...), []condition{operation("role")})
}

// viewRoot is root for a field of a view.
func (t *table) viewRoot(view, field string) []string {
	switch view + "." + field {
	case "grant.client_id", "grant.client_app_id", "grant.client_name", "grant.app_role", "grant.scopes_added", "grant.scopes",
		"consent.scopes_added", "consent.scopes":
		return []string{targetsColumn}
	case "role.id", "role.name", "role.scope", "role.principal_id", "role.principal_type", "role.principal_name":
		if t.name == "AzureActivity" {
			return []string{"Properties_d", "Properties", "Authorization_d", "Authorization"}
		}
		return []string{targetsColumn, detailsColumn}
	case "vault.signature":
		return []string{"ResultSignature"}
	case "vault.object":
		return []string{"id_s", "Id", overflowColumn}
	case "vault.name":
		return []string{"Resource", "_ResourceId", "id_s", "Id", "requestUri_s", "RequestUri", overflowColumn}
	}
	return nil
}

// actorRoot is root for the fields of event.actor that are read as they stand.
func (t *table) actorRoot() []string {
	switch t.name {
	case "AzureDiagnostics", "AZKVAuditLogs":
		columns := []string{"Identity", "CallerIPAddress", "CallerIpAddress"}
		if t.name == "AzureDiagnostics" {
			columns = []string{overflowColumn, "CallerIPAddress", "CallerIpAddress"}
			for _, of := range claimColumns() {
				columns = append(columns, of...)
			}
		}
		return slices.Sorted(slices.Values(columns))
	}
	return t.actorColumns
}
