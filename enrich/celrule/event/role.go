package event

import (
	"cmp"
	"strings"

	"github.com/google/cel-go/common/types/ref"

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
	request       string // of Privileged Identity Management: AdminAssign, SelfActivate, AdminRemove, ...
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

// azureRoleOperation begins the operations of Azure that give or take a role: roleAssignments, and the requests of Privileged
// Identity Management, roleAssignmentScheduleRequests and roleEligibilityScheduleRequests.
const azureRoleOperation = "microsoft.authorization/role"

// activityRole reads the request of an Azure role assignment, and the answer for what the request leaves out. Members are written
// in two casings, and older clients leave the principal's type out: that is unknown, not "no". Authorization.evidence is about
// the caller.
// https://learn.microsoft.com/rest/api/authorization/role-assignments/create
// https://learn.microsoft.com/rest/api/authorization/role-eligibility-schedule-requests/create
func (f *Frame) activityRole() *role {
	if operation := f.Operation(); !strings.HasPrefix(operation, azureRoleOperation) ||
		!strings.Contains(operation, "/roleassignments/") && !strings.Contains(operation, "schedulerequests/") {
		return &role{}
	}
	asked := f.roleBodies()
	definition := asked.text("roleDefinitionId")
	r := &role{
		present: definition != "", id: lastGUID(definition), principalID: strings.ToLower(asked.text("principalId")),
		principalType: principalType(cmp.Or(asked.text("principalType"), asked.expanded("principal", "type"))),
		principalName: asked.expanded("principal", "displayName"), request: asked.text("requestType"),
	}
	r.name = schema.RoleName(r.id)
	r.scope = cmp.Or(asked.text("scope"), knownText(celval.MemberAnyCase(f.jsonColumn("Authorization_d", "Authorization"), "scope")))
	if at := strings.Index(strings.ToLower(r.scope), "/providers/"+azureRoleOperation); at >= 0 {
		r.scope = cmp.Or(r.scope[:at], "/")
	}
	return r
}

// roleBodies are the members "properties" of a request and of its answer.
type roleBodies []ref.Val

func (f *Frame) roleBodies() (bodies roleBodies) {
	properties := f.jsonColumn("Properties_d", "Properties")
	for _, name := range []string{"requestbody", "responseBody"} {
		bodies = append(bodies, celval.MemberAnyCase(decodeValue(celval.MemberAnyCase(properties, name)), "properties"))
	}
	return bodies
}

// text is the member of the first body that has it.
func (b roleBodies) text(name string) string {
	for _, body := range b {
		if s := knownText(celval.MemberAnyCase(body, name)); s != "" {
			return s
		}
	}
	return ""
}

// expanded is what the answer says of the principal by name.
func (b roleBodies) expanded(of, name string) string {
	for _, body := range b {
		if s := knownText(celval.MemberAnyCase(celval.MemberAnyCase(celval.MemberAnyCase(body, "expandedProperties"), of), name)); s != "" {
			return s
		}
	}
	return ""
}
