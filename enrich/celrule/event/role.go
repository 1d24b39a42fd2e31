package event

import (
	"cmp"
	"strings"

	"github.com/riskrelay/riskrelay/enrich/celrule/celval"
	"github.com/riskrelay/riskrelay/enrich/schema"
)

// role is the assignment of an Entra or Azure role.
type role struct {
	present       bool
	id            string // template or definition, a GUID in lower case
	name          string
	scope         string
	principalID   string
	principalType string // ServicePrincipal, User, Group, or "" for unknown
	principalName string
}

func (f *Frame) role() *role {
	if f.views.role == nil {
		f.views.role = f.Table.special.role(f)
	}
	return f.views.role
}

// auditRole reads both shapes that AuditLogs has for role assignments: the directory's, where the principal carries
// Role.* properties, and that of Privileged Identity Management, where the role is a target of its own. The role's
// template id counts: names differ between the two ("Company Administrator" is Global Administrator).
func (f *Frame) auditRole() *role {
	roleTarget := f.target("Role")
	id := cmp.Or(f.newOrOld("Role.TemplateId"), known(f.detail("TemplateId")), known(f.detail("RoleDefinitionOriginId")))
	r := &role{
		id:   lastGUID(id),
		name: cmp.Or(f.newOrOld("Role.DisplayName"), roleTarget.name),
	}
	r.present = f.change("Role.TemplateId").present || f.change("Role.DisplayName").present || f.change("Role.ObjectID").present ||
		roleTarget.present && strings.Contains(f.Operation(), "role")
	if !r.present {
		return &role{}
	}
	if r.id == "" {
		r.id = lastGUID(cmp.Or(roleTarget.id, f.newOrOld("Role.ObjectID")))
	}
	r.name = cmp.Or(r.name, schema.RoleName(r.id))
	r.scope = cmp.Or(f.newOrOld("RoleScope"), known(f.detail("Scope")))
	if p := f.principal(); p != nil {
		r.principalID, r.principalType, r.principalName = p.id, principalType(p.typ), cmp.Or(p.name, p.upn)
	}
	return r
}

// principal is the target that got the role: the one with Role.* properties, or the first that can have a role.
func (f *Frame) principal() *target {
	var first *target
	all := f.targets()
	for i := range all {
		t := &all[i]
		if principalType(t.typ) == "" {
			continue
		}
		if t.change("Role.TemplateId").present || t.change("Role.DisplayName").present || t.change("Role.ObjectID").present {
			return t
		}
		if first == nil {
			first = t
		}
	}
	return first
}

// principalType brings a type into its usual spelling; "" for what can't have a role.
func principalType(s string) string {
	for _, known := range []string{"ServicePrincipal", "User", "Group"} {
		if strings.EqualFold(s, known) {
			return known
		}
	}
	return ""
}

// activityRole reads the request of an Azure role assignment. Its members are written in two casings, and older
// clients leave the principal's type out: that is unknown, not "no". Authorization.evidence is about the caller.
// https://learn.microsoft.com/rest/api/authorization/role-assignments/create
func (f *Frame) activityRole() *role {
	if !strings.Contains(f.Operation(), "roleassignments/") {
		return &role{}
	}
	properties := f.jsonColumn("Properties_d", "Properties")
	body := decodeValue(celval.MemberAnyCase(properties, "requestbody"))
	if _, ok := body.(*celval.Map); !ok {
		body = decodeValue(celval.MemberAnyCase(properties, "responseBody"))
	}
	inner := celval.MemberAnyCase(body, "properties")
	definition := knownText(celval.MemberAnyCase(inner, "roleDefinitionId"))
	r := &role{
		present: definition != "", id: lastGUID(definition), principalID: strings.ToLower(knownText(celval.MemberAnyCase(inner, "principalId"))),
		principalType: principalType(celval.Text(celval.MemberAnyCase(inner, "principalType"))),
	}
	r.name = schema.RoleName(r.id)
	r.scope = cmp.Or(knownText(celval.MemberAnyCase(inner, "scope")), knownText(celval.MemberAnyCase(f.jsonColumn("Authorization_d", "Authorization"), "scope")))
	if at := strings.Index(strings.ToLower(r.scope), "/providers/microsoft.authorization/roleassignments/"); at >= 0 {
		r.scope = r.scope[:at]
	}
	return r
}
