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
	appID string
	ip    string
}

func (a *actor) label() string { return cmp.Or(a.upn, a.name, a.appID, a.id, "unknown") }

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

// auditActor reads AuditLogs.InitiatedBy: a user or an app; the other may be absent, null or empty.
func auditActor(f *Frame) *actor {
	by := f.dynamic("InitiatedBy")
	user, app := decodeValue(celval.Member(by, "user")), decodeValue(celval.Member(by, "app"))
	a := &actor{
		id:   cmp.Or(knownMember(app, "servicePrincipalId"), knownMember(app, "id")),
		name: cmp.Or(knownMember(app, "displayName"), knownMember(app, "servicePrincipalName")), appID: knownMember(app, "appId"),
	}
	if a.known("app").kind == "app" {
		a.ip = knownMember(app, "ipAddress")
		return a
	}
	a = &actor{
		id: knownMember(user, "id"), name: knownMember(user, "displayName"),
		upn: knownMember(user, "userPrincipalName"), ip: knownMember(user, "ipAddress"),
	}
	return a.known("user")
}

// signinActor reads the sign-in tables of users.
func signinActor(f *Frame) *actor {
	a := &actor{
		id: f.text("UserId"), name: f.text("UserDisplayName"), upn: f.text("UserPrincipalName"),
		appID: f.text("AppId"), ip: f.text("IPAddress"),
	}
	return a.known("user")
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
		return a.known("user")
	case isGUID(caller) && a.id == "":
		a.id = caller
	case a.name == "" && !isGUID(caller):
		a.name = caller
	}
	return a.known(a.kindOfClaims(claims))
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
		id: of("oid", claimObjectID), upn: of("upn", claimUPN, "unique_name", claimName),
		name: of("name", "app_displayname"), appID: of("appid", "azp"), ip: of("ipaddr"),
	}
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
		return a.known("user")
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
