package event

import (
	"cmp"
	"iter"
	"slices"
	"strings"

	"github.com/riskrelay/riskrelay/enrich/schema"
)

// api is the API that a permission was granted for.
type api struct {
	id   string // application id, "" when unknown
	name string
}

func (a *api) label() string { return cmp.Or(a.name, a.id, "an unknown API") }

// api tells the API by the names of its service principal: an application id first, because nobody else can have it,
// then an address, then the display name.
func (f *Frame) api() *api {
	if f.views.api == nil {
		f.views.api = f.decodeAPI()
	}
	return f.views.api
}

func (f *Frame) decodeAPI() *api {
	names, shown := f.apiNames()
	guid := ""
	for _, name := range names {
		id, _, _ := strings.Cut(strings.ToLower(name), "/")
		if !isGUID(id) {
			continue
		}
		if known, ok := schema.APIByID(id); ok {
			return &api{known.ID, known.Name}
		}
		guid = cmp.Or(guid, id)
	}
	if guid != "" {
		return &api{guid, shown}
	}
	for _, name := range names {
		if known, ok := schema.APIByToken(name); ok {
			return &api{known.ID, known.Name}
		}
	}
	if known, ok := schema.APIByName(shown); ok {
		return &api{known.ID, known.Name}
	}
	return &api{"", shown}
}

// apiNames are the names of the API's service principal and the display name of the target that carries the granted
// permission.
func (f *Frame) apiNames() (names []string, shown string) {
	all := f.targets()
	for i := range all {
		t := &all[i]
		granted := t.change("AppRole.Value").present || t.change("AppRole.Id").present || t.change("DelegatedPermissionGrant.Scope").present
		c := t.change("TargetId.ServicePrincipalNames")
		if list := append(c.itemsNew(), c.itemsOld()...); names == nil && len(list) > 0 {
			names = list
			shown = cmp.Or(shown, t.name)
		}
		if granted && strings.EqualFold(t.typ, "ServicePrincipal") {
			shown = t.name
		}
	}
	return names, shown
}

// grant is a permission that a client application got: an app role, or delegated scopes.
type grant struct {
	present        bool
	clientID       string
	clientAppID    string
	clientName     string
	appRole        string
	scopesAdded    []string
	scopes         []string
	allUsers       bool
	becameAllUsers bool
}

func (f *Frame) grant() *grant {
	if f.views.grant == nil {
		f.views.grant = f.decodeGrant()
	}
	return f.views.grant
}

// newOrOld is a change's new value, or the old one where something was taken away.
func (f *Frame) newOrOld(name string) string {
	c := f.change(name)
	return cmp.Or(known(valueText(c.new)), known(valueText(c.old)))
}

func (f *Frame) decodeGrant() *grant {
	scope, consentType := f.change("DelegatedPermissionGrant.Scope"), f.change("DelegatedPermissionGrant.ConsentType")
	g := &grant{
		clientID: f.newOrOld("ServicePrincipal.ObjectID"), clientAppID: f.newOrOld("ServicePrincipal.AppId"),
		clientName: f.newOrOld("ServicePrincipal.DisplayName"), appRole: f.newOrOld("AppRole.Value"),
		scopes: scope.itemsNew(), scopesAdded: scope.added(),
	}
	g.present = g.appRole != "" || scope.present || f.change("AppRole.Id").present
	before, after := valueText(consentType.old), valueText(consentType.new)
	g.allUsers = strings.EqualFold(after, "AllPrincipals")
	g.becameAllUsers = g.allUsers && before != "" && !strings.EqualFold(before, "AllPrincipals")
	if g.becameAllUsers {
		g.scopesAdded = g.scopes // new to everybody else
	}
	if g.clientName == "" {
		g.clientName = f.nameOf(g.clientID)
	}
	return g
}

// nameOf is the display name of the target with the object id.
func (f *Frame) nameOf(id string) string {
	all := f.targets()
	for i := range all {
		if id != "" && strings.EqualFold(all[i].id, id) {
			return all[i].name
		}
	}
	return ""
}

// consent is a consent to an application.
type consent struct {
	present       bool
	admin         bool
	onBehalfOfAll bool
	scopesAdded   []string
	scopes        []string
	blockedRisky  bool
	repeats       bool // both sides of the arrow are what held before
}

func (f *Frame) consent() *consent {
	if f.views.consent == nil {
		f.views.consent = f.decodeConsent()
	}
	return f.views.consent
}

// blockedReason stands in the reason of a consent that was stopped because the application looked risky.
const blockedReason = "userconsentblockedforriskyappsexception"

func (f *Frame) decodeConsent() *consent {
	isTrue := func(name string) bool { return strings.EqualFold(valueText(f.change(name).new), "true") }
	permissions := parsePermissions(valueText(f.change("ConsentAction.Permissions").new))
	c := &consent{
		present: f.change("ConsentContext.IsAdminConsent").present || f.change("ConsentAction.Permissions").present,
		admin:   isTrue("ConsentContext.IsAdminConsent"), scopes: permissions.scopes, scopesAdded: permissions.added,
		onBehalfOfAll: isTrue("ConsentContext.OnBehalfOfAll") || permissions.allPrincipals, repeats: permissions.repeats,
	}
	for _, reason := range []string{
		f.text("ResultReason"), f.text("ResultDescription"),
		valueText(f.change("MethodExecutionResult.").new), valueText(f.change("MethodExecutionResult").new),
	} {
		c.blockedRisky = c.blockedRisky || strings.Contains(strings.ToLower(reason), blockedReason)
	}
	return c
}

// permissions is the value of ConsentAction.Permissions.
type permissions struct {
	scopes        []string // that hold now
	added         []string
	allPrincipals bool // some now hold for all users
	repeats       bool // nothing is new, since both sides are the same entries word by word
}

// parsePermissions reads "[old] => [[Id: .., PrincipalId: .., ResourceId: .., ConsentType: Principal, Scope:  User.Read
// Mail.Read, CreatedDateTime: , ..]]; ". The older form ends a scope with "]", the newer with a comma. A scope is new unless
// the same principal had it for the same API before: the lists may tell of several.
func parsePermissions(s string) permissions {
	before, after, found := strings.Cut(s, "=>")
	if !found {
		before, after = "", s
	}
	known, had := map[scopeOf]bool{}, map[string]bool{}
	for scope := range scopesIn(before) {
		known[scope] = true
	}
	var p permissions
	added := map[string]bool{}
	for scope := range scopesIn(after) {
		if !had[scope.name] {
			had[scope.name] = true
			p.scopes = append(p.scopes, scope.name)
		}
		if !known[scope] && !added[scope.name] {
			added[scope.name] = true
			p.added = append(p.added, scope.name)
		}
	}
	p.allPrincipals = strings.Contains(after, "ConsentType: AllPrincipals")
	p.repeats = found && len(p.scopes) > 0 && slices.Equal(entriesIn(before), entriesIn(after))
	return p
}

// entriesIn are the entries of one side, sorted, each with single spaces. A consent that grew is recorded with its old entries on
// both sides. Where the right side tells what holds now, the service has written its scopes anew, in an order of their own.
func entriesIn(side string) []string {
	entries := strings.FieldsFunc(side, func(r rune) bool { return r == '[' || r == ']' })
	for i, entry := range entries {
		entries[i] = strings.Trim(strings.Join(strings.Fields(entry), " "), " ;")
	}
	return slices.Sorted(slices.Values(NonEmpty(entries...)))
}

// scopeOf is a scope with whom and what it is for.
type scopeOf struct{ principal, api, consent, name string }

// scopesIn are the scopes of all entries.
func scopesIn(entries string) iter.Seq[scopeOf] {
	return func(yield func(scopeOf) bool) {
		for {
			head, rest, ok := strings.Cut(entries, "Scope:")
			if !ok {
				return
			}
			head = head[strings.LastIndexByte(head, '[')+1:] // of this entry alone
			of := scopeOf{principal: entryMember(head, "PrincipalId:"), api: entryMember(head, "ResourceId:"), consent: entryMember(head, "ConsentType:")}
			end := strings.IndexAny(rest, ",]")
			if end < 0 {
				end = len(rest)
			}
			for _, of.name = range strings.Fields(rest[:end]) {
				if !yield(of) {
					return
				}
			}
			entries = rest[end:]
		}
	}
}

// entryMember is what follows a name, up to the next comma.
func entryMember(entry, name string) string {
	_, value, _ := strings.Cut(entry, name)
	value, _, _ = strings.Cut(value, ",")
	return strings.TrimSpace(value)
}
