package event

import (
	"strings"
	"unicode"

	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"

	"github.com/riskrelay/riskrelay/enrich/celrule/celval"
)

// ownApps are the applications that are registered in the tenant itself, ready for the question which of them a name
// imitates. Service principals of others' applications say who owns them and are left out: a phishing application is
// among them as soon as one user has consented to it.
// https://learn.microsoft.com/graph/api/resources/serviceprincipal
type ownApps struct {
	ids    map[string]bool // application ids and object ids
	byName map[string]string
	byLook map[string]string // by skeleton
	names  []ownName
}

// ownName is the name of an application, ready to be compared.
type ownName struct {
	shown   string
	letters []rune
	present uint64 // which letters it has, see letterSet
}

// maxCompared bounds how many names are compared letter by letter for one question. Others are told apart by their lengths
// and by the letters that they have.
const maxCompared = 1000

func newOwnApps(apps []ref.Val) *ownApps {
	o := &ownApps{ids: map[string]bool{}, byName: map[string]string{}, byLook: map[string]string{}}
	for _, app := range apps {
		if celval.Text(celval.Member(app, "appOwnerOrganizationId")) != "" {
			continue
		}
		for _, key := range []string{"appId", "id"} {
			if id := strings.ToLower(celval.Text(celval.Member(app, key))); id != "" {
				o.ids[id] = true
			}
		}
		o.add(celval.Text(celval.Member(app, "displayName")))
	}
	return o
}

func (o *ownApps) add(shown string) {
	name := foldName(shown)
	if name == "" || len(name) > maxNameLength || o.byName[name] != "" {
		return
	}
	o.byName[name], o.byLook[skeleton(name)] = shown, shown
	letters := []rune(name)
	o.names = append(o.names, ownName{shown, letters, letterSet(letters)})
}

// imitated is the name that an application of somebody else bears or nearly bears; "" for none. Names that differ in
// digits alone are siblings, such as "orders 1" and "orders 2".
func (o *ownApps) imitated(name, appID string) string {
	name, appID = foldName(name), strings.ToLower(appID)
	if name == "" || len(name) > maxNameLength || o.ids[appID] {
		return ""
	}
	if shown := o.byName[name]; shown != "" {
		if appID == "" {
			return "" // it may be that application
		}
		return shown
	}
	if shown := o.byLook[skeleton(name)]; shown != "" {
		return shown
	}
	return o.near(name)
}

func (o *ownApps) near(name string) string {
	letters, compared := []rune(name), 0
	present := letterSet(letters)
	for i := range o.names {
		other := &o.names[i]
		if !mayBeNear(letters, other.letters, present, other.present) {
			continue
		}
		if compared++; compared > maxCompared {
			return ""
		}
		if within(letters, other.letters) && withoutDigits(name) != withoutDigits(string(other.letters)) {
			return other.shown
		}
	}
	return ""
}

// withoutDigits is a name without the digits that tell siblings apart.
func withoutDigits(name string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsDigit(r) {
			return -1
		}
		return r
	}, name)
}

// imitatedApp is the function context.imitated.
func imitatedApp(args ...ref.Val) ref.Val {
	o, ok := args[0].(*celval.Object)
	name, ok2 := args[1].(types.String)
	appID, ok3 := args[2].(types.String)
	if !ok || !ok2 || !ok3 {
		return types.MaybeNoSuchOverloadErr(args[0])
	}
	return types.String(o.Value().(*Context).own.imitated(string(name), string(appID)))
}
