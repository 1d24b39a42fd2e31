package event

import (
	"cmp"
	"strings"

	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"

	"github.com/riskrelay/riskrelay/enrich/celrule/celval"
)

// actor is who did it, from whatever columns the table has for that.
type actor struct {
	kind  string // user, app or unknown
	id    string // object id
	name  string
	upn   string
	appID string // of a user: of the application that the user did it with
	via   string // the best name of that application; "" where no user did it
	aside bool   // the record names via beside the user, and messages do so, too
	ip    string
}

// label is the actor for messages. Of the tokens in other logs only ids of applications are known, which would say little.
func (a *actor) label() string {
	label := cmp.Or(a.upn, a.name, a.appID, a.id, "unknown")
	if a.aside && a.via != "" {
		label += " via " + a.via
	}
	return label
}

// with sets by which application a user did it; applications and what is unknown stay as they are.
func (a *actor) with(names ...string) *actor {
	if a.kind == "user" {
		a.via = cmp.Or(names...)
	}
	return a
}

// known sets the kind of an actor of which any part is known.
func (a *actor) known(kind string) *actor {
	a.kind = kind
	if a.id == "" && a.name == "" && a.upn == "" && a.appID == "" {
		a.kind = "unknown"
	}
	return a
}

func (f *Frame) actor() *actor {
	if f.views.actor == nil {
		if f.views.actor = f.Table.readActor(f); f.views.actor.ip != "" {
			f.views.actor.ip = plainIP(f.views.actor.ip)
		}
	}
	return f.views.actor
}

func (t *Table) readActor(f *Frame) *actor {
	if t.special.who.read == nil {
		return &actor{kind: "unknown"}
	}
	return t.special.who.read(f)
}

// plainIP takes away what the logs wrap around IPv4 addresses.
func plainIP(ip string) string { return strings.TrimPrefix(strings.TrimSpace(ip), "::ffff:") }

// auditActor reads AuditLogs.InitiatedBy. Either half may be absent, null or empty. Where both are filled, a person did it with
// the application, such as a page of the portal. A display name alone makes no person beside an application: services write
// their own names into the half of the user.
func auditActor(f *Frame) *actor {
	by := f.dynamic("InitiatedBy")
	user, app := userInitiator(decodeValue(celval.Member(by, "user"))), appInitiator(decodeValue(celval.Member(by, "app")))
	if user.kind != "user" || app.kind == "app" && user.id == "" && user.upn == "" {
		app.ip = cmp.Or(app.ip, user.ip)
		return app
	}
	user.appID, user.ip, user.aside = app.appID, cmp.Or(user.ip, app.ip), app.kind == "app"
	return user.with(app.name, app.appID, app.id)
}

// userInitiator reads the half user of InitiatedBy.
func userInitiator(user ref.Val) *actor {
	a := &actor{
		id: knownMember(user, "id"), name: knownMember(user, "displayName"),
		upn: knownMember(user, "userPrincipalName"), ip: knownMember(user, "ipAddress"),
	}
	return a.known("user")
}

// appInitiator reads the half app of InitiatedBy.
func appInitiator(app ref.Val) *actor {
	a := &actor{
		id:    cmp.Or(knownMember(app, "servicePrincipalId"), knownMember(app, "id")),
		name:  cmp.Or(knownMember(app, "displayName"), knownMember(app, "servicePrincipalName")),
		appID: knownMember(app, "appId"), ip: knownMember(app, "ipAddress"),
	}
	return a.known("app")
}

// signinActor reads the sign-in tables of users.
func signinActor(f *Frame) *actor {
	a := &actor{
		id: f.text("UserId"), name: f.text("UserDisplayName"), upn: f.text("UserPrincipalName"),
		appID: f.text("AppId"), ip: f.text("IPAddress"),
	}
	return a.known("user").with(f.text("AppDisplayName"), a.appID)
}

// workloadActor reads the sign-in tables of service principals and managed identities.
func workloadActor(f *Frame) *actor {
	a := &actor{
		id: f.text("ServicePrincipalId"), name: f.text("ServicePrincipalName"), appID: f.text("AppId"),
		ip: f.text("IPAddress"),
	}
	return a.known("app")
}

// activityActor reads AzureActivity: Caller is a user's principal name or an object id; Claims say more.
func activityActor(f *Frame) *actor {
	claims := f.jsonColumn("Claims_d", "Claims")
	a := claimedActor(claims)
	a.ip = cmp.Or(f.text("CallerIpAddress"), a.ip)
	switch caller := f.text("Caller"); {
	case strings.Contains(caller, "@"):
		a.upn = caller
		return a.known("user").with(a.appID)
	case isGUID(caller) && a.id == "":
		a.id = caller
	case a.name == "" && !isGUID(caller):
		a.name = caller
	}
	return a.known(a.kindOfClaims(claims)).with(a.appID)
}

// Names of claims in tokens of the Azure Resource Manager.
// https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference
const (
	claimObjectID = "http://schemas.microsoft.com/identity/claims/objectidentifier"
	claimUPN      = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn"
	claimName     = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name"
	claimScope    = "http://schemas.microsoft.com/identity/claims/scope"
)

// claimedActor reads the claims of a token, under their short or their long names.
func claimedActor(claims ref.Val) *actor {
	of := func(names ...string) string {
		for _, n := range names {
			if s := knownMember(claims, n); s != "" {
				return s
			}
		}
		return ""
	}
	return &actor{
		id:   cmp.Or(of("oid", claimObjectID), hsmClaim(claims, "http_schemas_microsoft_com_identity", "objectidentifier")),
		upn:  cmp.Or(of("upn", claimUPN, "unique_name", claimName), hsmClaim(claims, "http_schemas_xmlsoap_org_ws_2005_05_identity", "upn")),
		name: of("name", "app_displayname"), appID: of("appid", "azp"), ip: of("ipaddr"),
	}
}

// hsmClaim is a claim as managed HSMs write it: an object for each schema, with its claims in a member of that name.
// https://learn.microsoft.com/azure/key-vault/managed-hsm/logging
func hsmClaim(claims ref.Val, schema, name string) string {
	return celval.Text(celval.Member(celval.Member(celval.Member(claims, schema), "claims"), name))
}

// kindOfClaims tells users from apps: a token of an app alone has no user name and no delegated scope.
func (a *actor) kindOfClaims(claims ref.Val) string {
	switch {
	case knownMember(claims, "idtyp") == "app", knownMember(claims, "xms_mirid") != "":
		return "app"
	case a.upn != "", knownMember(claims, "scp") != "", knownMember(claims, claimScope) != "":
		return "user"
	}
	return "app"
}

// officeActor reads OfficeActivity.
func officeActor(f *Frame) *actor {
	a := &actor{
		name: f.text("UserId"), id: f.text("UserKey"), appID: cmp.Or(f.text("AppId"), f.text("ClientAppId")),
		ip: cmp.Or(f.text("ClientIP"), f.text("Client_IPAddress"), f.text("ActorIpAddress")),
	}
	if strings.Contains(a.name, "@") {
		a.upn, a.name = a.name, ""
		return a.known("user").with(a.appID)
	}
	if strings.HasPrefix(a.name, "ServicePrincipal") || a.appID != "" {
		return a.known("app")
	}
	return a.known("unknown")
}

// jsonColumn is the first of the columns that holds a JSON object or list; their text may be JSON.
func (f *Frame) jsonColumn(names ...string) ref.Val {
	for _, name := range names {
		v := decodeValue(f.dynamic(name))
		switch v := v.(type) {
		case *celval.List:
			return v
		case *celval.Map:
			if v.AnyNamed() {
				return v
			}
		}
	}
	return types.NullValue
}
