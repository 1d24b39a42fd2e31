package event

import (
	"slices"

	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"

	"github.com/riskrelay/riskrelay/enrich/celrule/celval"
	"github.com/riskrelay/riskrelay/enrich/schema"
)

// ViewTypes are the types of the views over events and of what functions return, the same for all tables.
type ViewTypes struct {
	actor, target, change, credential, api, grant, consent, role, vault, uri *celval.ObjectType

	byName map[string]*celval.ObjectType
}

// All are all types of views.
func (t *ViewTypes) All() []*celval.ObjectType {
	return []*celval.ObjectType{t.actor, t.target, t.change, t.credential, t.api, t.grant, t.consent, t.role, t.vault, t.uri}
}

// named is the type of event.NAME.
func (t *ViewTypes) named(name string) *celval.ObjectType {
	return map[string]*celval.ObjectType{
		"actor": t.actor, "api": t.api, "grant": t.grant, "consent": t.consent, "role": t.role, "vault": t.vault,
	}[name]
}

// NewViewTypes returns the types of the views with their fields.
func NewViewTypes() *ViewTypes {
	t := &ViewTypes{change: changeType(), actor: actorType(), credential: credentialType(), api: apiType(), grant: grantType()}
	t.target, t.consent, t.role, t.vault, t.uri = targetType(t.change), consentType(), roleType(), vaultType(), uriType()
	t.byName = map[string]*celval.ObjectType{}
	for _, typ := range t.All() {
		t.byName[typ.Name] = typ
	}
	return t
}

func actorType() *celval.ObjectType {
	t := celval.NewObjectType("Actor", "who did it")
	celval.AddText(t, "kind", "user, app or unknown", func(a *actor) string { return a.kind }, celval.OneOf("user", "app", "unknown"))
	celval.AddText(t, "id", "object id", func(a *actor) string { return a.id }, celval.Copied)
	celval.AddText(t, "name", "display name", func(a *actor) string { return a.name }, celval.Copied)
	celval.AddText(t, "upn", "user principal name", func(a *actor) string { return a.upn }, celval.Copied)
	celval.AddText(t, "app_id", "application id; of a user, that of the application that the user did it with", func(a *actor) string { return a.appID }, celval.Copied)
	celval.AddText(t, "via", "the application that a user did it with: the best of name, application id and object id; empty when no user did it", func(a *actor) string { return a.via }, celval.Copied)
	celval.AddText(t, "ip", "IP address", func(a *actor) string { return a.ip }, celval.Copied)
	celval.AddText(t, "label", "the best of upn, name, app_id and id, for messages; where AuditLogs names an application beside a user, via and its name follow", (*actor).label)
	celval.AddBool(t, "is_app", "an application did it", func(a *actor) bool { return a.kind == "app" })
	celval.AddBool(t, "is_user", "a user did it", func(a *actor) bool { return a.kind == "user" })
	return t
}

func targetType(change *celval.ObjectType) *celval.ObjectType {
	t := celval.NewObjectType("Target", "what it was done to")
	celval.AddBool(t, "present", "the event has such a target", func(v *target) bool { return v.present })
	celval.AddText(t, "type", "User, ServicePrincipal, Application, Role, Group, Policy, ...", func(v *target) string { return v.typ }, celval.Copied)
	celval.AddText(t, "id", "object id", func(v *target) string { return v.id }, celval.Copied)
	celval.AddText(t, "name", "display name", func(v *target) string { return v.name }, celval.Copied)
	celval.AddText(t, "upn", "user principal name", func(v *target) string { return v.upn }, celval.Copied)
	celval.AddText(t, "label", "the best of name, upn and id, for messages", (*target).label)
	celval.AddField(t, "changes", types.NewListType(change.CEL), "all changed properties of the target", func(v *target) ref.Val {
		return changeList(change, v.changes)
	}, celval.Copied, celval.Passes(passesOfLists))
	return t
}

func changeList(typ *celval.ObjectType, changes []change) ref.Val {
	items := make([]ref.Val, len(changes))
	for i := range changes {
		items[i] = celval.NewObject(typ, &changes[i])
	}
	return celval.NewList(items)
}

// passesOfLists is how often a field goes through the row that compares or walks over the lists in changes.
const passesOfLists = 8

// changeType is the type of a change. One that isn't there has the name that it was asked for, so that its name isn't copied
// from the row.
func changeType() *celval.ObjectType {
	t := celval.NewObjectType("Change", "how a property changed")
	celval.AddBool(t, "present", "the event has such a property", func(c *change) bool { return c.present })
	celval.AddText(t, "name", "the property", func(c *change) string { return c.name })
	celval.AddText(t, "old", "the value before; lists and objects as JSON", func(c *change) string { return valueText(c.old) }, celval.Copied)
	celval.AddText(t, "new", "the value after; lists and objects as JSON", func(c *change) string { return valueText(c.new) }, celval.Copied)
	celval.AddTexts(t, "added", "items that are new, sorted; their order in the record never matters", (*change).added, celval.Copied, celval.Passes(passesOfLists))
	celval.AddTexts(t, "removed", "items that are gone, sorted", (*change).removed, celval.Copied, celval.Passes(passesOfLists))
	celval.AddTexts(t, "items_old", "all items before, sorted", func(c *change) []string { return slices.Sorted(slices.Values(c.itemsOld())) }, celval.Copied, celval.Passes(passesOfLists))
	celval.AddTexts(t, "items_new", "all items after, sorted", func(c *change) []string { return slices.Sorted(slices.Values(c.itemsNew())) }, celval.Copied, celval.Passes(passesOfLists))
	return t
}

func credentialType() *celval.ObjectType {
	t := celval.NewObjectType("Credential", "one key or secret of an application")
	celval.AddText(t, "id", "KeyIdentifier", func(c *credential) string { return c.id }, celval.Copied)
	celval.AddText(t, "type", "AsymmetricX509Cert, Password, ...", func(c *credential) string { return c.typ }, celval.Copied)
	celval.AddText(t, "usage", "Verify or Sign", func(c *credential) string { return c.usage }, celval.Copied)
	celval.AddText(t, "name", "display name", func(c *credential) string { return c.name }, celval.Copied)
	return t
}

func apiType() *celval.ObjectType {
	t := celval.NewObjectType("Api", "the API that a permission is for")
	celval.AddText(t, "id", "application id in lower case; empty when unknown", func(a *api) string { return a.id }, celval.Lower)
	celval.AddText(t, "name", "display name", func(a *api) string { return a.name })
	celval.AddText(t, "label", "the best of name and id, for messages", (*api).label)
	return t
}

func grantType() *celval.ObjectType {
	t := celval.NewObjectType("Grant", "a permission that a client application got or lost")
	celval.AddBool(t, "present", "the event grants or takes a permission", func(g *grant) bool { return g.present })
	celval.AddText(t, "client_id", "object id of the client's service principal", func(g *grant) string { return g.clientID })
	celval.AddText(t, "client_app_id", "application id of the client", func(g *grant) string { return g.clientAppID })
	celval.AddText(t, "client_name", "display name of the client", func(g *grant) string { return g.clientName })
	celval.AddText(t, "app_role", "value of the app role, such as Mail.Read", func(g *grant) string { return g.appRole })
	celval.AddTexts(t, "scopes_added", "delegated scopes that are new", func(g *grant) []string { return g.scopesAdded })
	celval.AddTexts(t, "scopes", "all delegated scopes after the change", func(g *grant) []string { return g.scopes })
	celval.AddBool(t, "all_users", "the scopes hold for all users", func(g *grant) bool { return g.allUsers })
	celval.AddBool(t, "became_all_users", "they held for single users before", func(g *grant) bool { return g.becameAllUsers })
	return t
}

func consentType() *celval.ObjectType {
	t := celval.NewObjectType("Consent", "a consent to an application")
	celval.AddBool(t, "present", "the event is about a consent", func(c *consent) bool { return c.present })
	celval.AddBool(t, "admin", "an administrator consented as such", func(c *consent) bool { return c.admin })
	celval.AddBool(t, "on_behalf_of_all", "the consent holds for all users", func(c *consent) bool { return c.onBehalfOfAll })
	celval.AddTexts(t, "scopes_added", "delegated scopes that are new", func(c *consent) []string { return c.scopesAdded })
	celval.AddTexts(t, "scopes", "all delegated scopes after the consent", func(c *consent) []string { return c.scopes })
	celval.AddBool(t, "blocked_risky", "stopped because the application looks risky", func(c *consent) bool { return c.blockedRisky })
	celval.AddBool(t, "repeats", "the record has the permissions from before the consent in the same words on both sides, and doesn't tell which are new", func(c *consent) bool { return c.repeats })
	return t
}

func roleType() *celval.ObjectType {
	t := celval.NewObjectType("Role", "the assignment of an Entra or Azure role")
	celval.AddBool(t, "present", "the event assigns or takes a role", func(r *role) bool { return r.present })
	celval.AddText(t, "id", "template or definition id, a GUID in lower case", func(r *role) string { return r.id }, celval.Lower)
	celval.AddText(t, "name", "display name as recorded, else that of the built-in role; may differ between products", func(r *role) string { return r.name })
	celval.AddText(t, "scope", "where the role holds", func(r *role) string { return r.scope })
	celval.AddText(t, "principal_id", "object id of who gets the role", func(r *role) string { return r.principalID })
	celval.AddText(t, "principal_type", "ServicePrincipal, User, Group; empty when unknown", func(r *role) string { return r.principalType }, celval.OneOf("ServicePrincipal", "User", "Group", ""))
	celval.AddText(t, "principal_name", "name of who gets the role", func(r *role) string { return r.principalName })
	celval.AddText(t, "request", "what Privileged Identity Management was asked for in Azure: AdminAssign, SelfActivate, AdminRemove, ...; empty for other assignments", func(r *role) string { return r.request })
	return t
}

func vaultType() *celval.ObjectType {
	t := celval.NewObjectType("Vault", "an access to a Key Vault")
	celval.AddBool(t, "present", "the event is one of a Key Vault", func(v *vault) bool { return v.present })
	celval.AddText(t, "name", "the vault's name in lower case", func(v *vault) string { return v.name }, celval.Lower)
	celval.AddText(t, "class", "read, list, use, write, delete, acl, control, auth, notification or other", func(v *vault) string { return v.class }, celval.OneOf(schema.VaultClasses()...))
	celval.AddText(t, "object", "URI of the secret, key or certificate", func(v *vault) string { return v.object })
	celval.AddBool(t, "failed", "status or signature say that the vault refused", func(v *vault) bool { return v.failed })
	celval.AddField(t, "status", types.IntType, "HTTP status", func(v *vault) ref.Val { return types.Int(v.status) })
	celval.AddText(t, "signature", "ResultSignature", func(v *vault) string { return v.signature })
	return t
}

func uriType() *celval.ObjectType {
	t := celval.NewObjectType("Uri", "a URI taken apart")
	celval.AddBool(t, "valid", "the text is an absolute URI", func(u *uri) bool { return u.valid })
	celval.AddText(t, "scheme", "scheme in lower case", func(u *uri) string { return u.scheme }, celval.Lower)
	celval.AddText(t, "host", "host in lower case, without port", func(u *uri) string { return u.host }, celval.Lower)
	celval.AddText(t, "port", "port, empty for the scheme's own", func(u *uri) string { return u.port })
	celval.AddText(t, "path", "path", func(u *uri) string { return u.path })
	celval.AddBool(t, "wildcard", "there is a * in it", func(u *uri) bool { return u.wildcard })
	celval.AddBool(t, "loopback", "the host is this machine", func(u *uri) bool { return u.loopback })
	celval.AddBool(t, "ip", "the host is an IP address", func(u *uri) bool { return u.ip })
	celval.AddBool(t, "punycode", "the host has a label in Punycode (RFC 3492)", func(u *uri) bool { return u.punycode })
	return t
}
