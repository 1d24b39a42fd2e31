package celrule

import (
	"slices"

	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"
)

// viewTypes are the types of the helpers, the same for all tables.
type viewTypes struct {
	actor, target, change, credential, api, grant, consent, role, vault, uri *objectType
}

func (t *viewTypes) all() []*objectType {
	return []*objectType{t.actor, t.target, t.change, t.credential, t.api, t.grant, t.consent, t.role, t.vault, t.uri}
}

func newViewTypes() *viewTypes {
	t := &viewTypes{change: changeType(), actor: actorType(), credential: credentialType(), api: apiType(), grant: grantType()}
	t.target, t.consent, t.role, t.vault, t.uri = targetType(t.change), consentType(), roleType(), vaultType(), uriType()
	return t
}

func actorType() *objectType {
	t := newObjectType("Actor", "who did it")
	textOf(t, "kind", "user, app or unknown", func(a *actor) string { return a.kind })
	textOf(t, "id", "object id", func(a *actor) string { return a.id })
	textOf(t, "name", "display name", func(a *actor) string { return a.name })
	textOf(t, "upn", "user principal name", func(a *actor) string { return a.upn })
	textOf(t, "app_id", "application id", func(a *actor) string { return a.appID })
	textOf(t, "ip", "IP address", func(a *actor) string { return a.ip })
	textOf(t, "label", "the best of upn, name, app_id and id, for messages", (*actor).label)
	boolOf(t, "is_app", "an application did it", func(a *actor) bool { return a.kind == "app" })
	boolOf(t, "is_user", "a user did it", func(a *actor) bool { return a.kind == "user" })
	return t
}

func targetType(change *objectType) *objectType {
	t := newObjectType("Target", "what it was done to")
	boolOf(t, "present", "the event has such a target", func(v *target) bool { return v.present })
	textOf(t, "type", "User, ServicePrincipal, Application, Role, Group, Policy, ...", func(v *target) string { return v.typ })
	textOf(t, "id", "object id", func(v *target) string { return v.id })
	textOf(t, "name", "display name", func(v *target) string { return v.name })
	textOf(t, "upn", "user principal name", func(v *target) string { return v.upn })
	textOf(t, "label", "the best of name, upn and id, for messages", (*target).label)
	fieldOf(t, "changes", types.NewListType(change.cel), "all changed properties of the target", func(v *target) ref.Val {
		return changeList(change, v.changes)
	})
	return t
}

func changeList(typ *objectType, changes []change) ref.Val {
	items := make([]ref.Val, len(changes))
	for i := range changes {
		items[i] = newObject(typ, &changes[i])
	}
	return newList(items)
}

func changeType() *objectType {
	t := newObjectType("Change", "how a property changed")
	boolOf(t, "present", "the event has such a property", func(c *change) bool { return c.present })
	textOf(t, "name", "the property", func(c *change) string { return c.name })
	textOf(t, "old", "the value before; lists and objects as JSON", func(c *change) string { return valueText(c.old) })
	textOf(t, "new", "the value after; lists and objects as JSON", func(c *change) string { return valueText(c.new) })
	listOf(t, "added", "items that are new, sorted; their order in the record never matters", (*change).added)
	listOf(t, "removed", "items that are gone, sorted", (*change).removed)
	listOf(t, "items_old", "all items before, sorted", func(c *change) []string { return slices.Sorted(slices.Values(c.itemsOld())) })
	listOf(t, "items_new", "all items after, sorted", func(c *change) []string { return slices.Sorted(slices.Values(c.itemsNew())) })
	return t
}

func credentialType() *objectType {
	t := newObjectType("Credential", "one key or secret of an application")
	textOf(t, "id", "KeyIdentifier", func(c *credential) string { return c.id })
	textOf(t, "type", "AsymmetricX509Cert, Password, ...", func(c *credential) string { return c.typ })
	textOf(t, "usage", "Verify or Sign", func(c *credential) string { return c.usage })
	textOf(t, "name", "display name", func(c *credential) string { return c.name })
	return t
}

func apiType() *objectType {
	t := newObjectType("Api", "the API that a permission is for")
	textOf(t, "id", "application id in lower case; empty when unknown", func(a *api) string { return a.id })
	textOf(t, "name", "display name", func(a *api) string { return a.name })
	textOf(t, "label", "the best of name and id, for messages", (*api).label)
	return t
}

func grantType() *objectType {
	t := newObjectType("Grant", "a permission that a client application got or lost")
	boolOf(t, "present", "the event grants or takes a permission", func(g *grant) bool { return g.present })
	textOf(t, "client_id", "object id of the client's service principal", func(g *grant) string { return g.clientID })
	textOf(t, "client_app_id", "application id of the client", func(g *grant) string { return g.clientAppID })
	textOf(t, "client_name", "display name of the client", func(g *grant) string { return g.clientName })
	textOf(t, "app_role", "value of the app role, such as Mail.Read", func(g *grant) string { return g.appRole })
	listOf(t, "scopes_added", "delegated scopes that are new", func(g *grant) []string { return g.scopesAdded })
	listOf(t, "scopes", "all delegated scopes after the change", func(g *grant) []string { return g.scopes })
	boolOf(t, "all_users", "the scopes hold for all users", func(g *grant) bool { return g.allUsers })
	boolOf(t, "became_all_users", "they held for single users before", func(g *grant) bool { return g.becameAllUsers })
	return t
}

func consentType() *objectType {
	t := newObjectType("Consent", "a consent to an application")
	boolOf(t, "present", "the event is about a consent", func(c *consent) bool { return c.present })
	boolOf(t, "admin", "an administrator consented as such", func(c *consent) bool { return c.admin })
	boolOf(t, "on_behalf_of_all", "the consent holds for all users", func(c *consent) bool { return c.onBehalfOfAll })
	listOf(t, "scopes_added", "delegated scopes that are new", func(c *consent) []string { return c.scopesAdded })
	listOf(t, "scopes", "all delegated scopes after the consent", func(c *consent) []string { return c.scopes })
	boolOf(t, "blocked_risky", "stopped because the application looks risky", func(c *consent) bool { return c.blockedRisky })
	return t
}

func roleType() *objectType {
	t := newObjectType("Role", "the assignment of an Entra or Azure role")
	boolOf(t, "present", "the event assigns or takes a role", func(r *role) bool { return r.present })
	textOf(t, "id", "template or definition id, a GUID in lower case", func(r *role) string { return r.id })
	textOf(t, "name", "display name as recorded, else that of the built-in role; may differ between products", func(r *role) string { return r.name })
	textOf(t, "scope", "where the role holds", func(r *role) string { return r.scope })
	textOf(t, "principal_id", "object id of who gets the role", func(r *role) string { return r.principalID })
	textOf(t, "principal_type", "ServicePrincipal, User, Group; empty when unknown", func(r *role) string { return r.principalType })
	textOf(t, "principal_name", "name of who gets the role", func(r *role) string { return r.principalName })
	return t
}

func vaultType() *objectType {
	t := newObjectType("Vault", "an access to a Key Vault")
	boolOf(t, "present", "the event is one of a Key Vault", func(v *vault) bool { return v.present })
	textOf(t, "name", "the vault's name in lower case", func(v *vault) string { return v.name })
	textOf(t, "class", "read, list, use, write, delete, acl, control, auth, notification or other", func(v *vault) string { return v.class })
	textOf(t, "object", "URI of the secret, key or certificate", func(v *vault) string { return v.object })
	boolOf(t, "failed", "status or signature say that the vault refused", func(v *vault) bool { return v.failed })
	fieldOf(t, "status", types.IntType, "HTTP status", func(v *vault) ref.Val { return types.Int(v.status) })
	textOf(t, "signature", "ResultSignature", func(v *vault) string { return v.signature })
	return t
}

func uriType() *objectType {
	t := newObjectType("Uri", "a URI taken apart")
	boolOf(t, "valid", "the text is an absolute URI", func(u *uri) bool { return u.valid })
	textOf(t, "scheme", "scheme in lower case", func(u *uri) string { return u.scheme })
	textOf(t, "host", "host in lower case, without port", func(u *uri) string { return u.host })
	textOf(t, "port", "port, empty for the scheme's own", func(u *uri) string { return u.port })
	textOf(t, "path", "path", func(u *uri) string { return u.path })
	boolOf(t, "wildcard", "there is a * in it", func(u *uri) bool { return u.wildcard })
	boolOf(t, "loopback", "the host is this machine", func(u *uri) bool { return u.loopback })
	boolOf(t, "ip", "the host is an IP address", func(u *uri) bool { return u.ip })
	boolOf(t, "punycode", "the host has a label in Punycode (RFC 3492)", func(u *uri) bool { return u.punycode })
	return t
}
