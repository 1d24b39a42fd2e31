package event

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"

	"github.com/riskrelay/riskrelay/enrich/celrule/celval"
	"github.com/riskrelay/riskrelay/enrich/rulefile"
	"github.com/riskrelay/riskrelay/enrich/schema"
)

// contextType is the type of the variable context.
const contextType = "Context"

// Context are the variable context, ready for questions.
type Context struct {
	settings rulefile.Settings
	holidays map[string]bool
	Lists    map[string]*celval.List
	Seen     map[string]map[string]bool
	apps     *celval.List
	appByID  map[string]ref.Val
	appByURI map[string][]ref.Val
	Live     func(host string) string // what DNS says, for hosts that the context doesn't know; nil for nothing
	own      *ownApps
}

// NewContext returns the context that the settings describe. The error says that an application of theirs isn't JSON within
// the bounds of celval.
func NewContext(s rulefile.Settings) (*Context, error) {
	c := &Context{
		settings: s, holidays: map[string]bool{}, Lists: map[string]*celval.List{}, Seen: map[string]map[string]bool{},
		apps: celval.NewList(nil), appByID: map[string]ref.Val{}, appByURI: map[string][]ref.Val{},
	}
	if h := s.Context.BusinessHours; h != nil {
		for _, day := range h.Holidays {
			c.holidays[day] = true
		}
	}
	for name, items := range s.Context.Lists {
		c.Lists[name] = celval.NewSet(items, false)
	}
	for name, keys := range s.Context.Seen {
		c.Seen[name] = map[string]bool{}
		for _, k := range keys {
			c.Seen[name][k] = true
		}
	}
	var apps []ref.Val
	for _, object := range s.Context.Applications {
		app, err := celval.Parse(object)
		if err != nil {
			return nil, err
		}
		apps = append(apps, app)
		for _, key := range []string{"appId", "id", "servicePrincipalId"} {
			if id := strings.ToLower(celval.Text(celval.Member(app, key))); id != "" && c.appByID[id] == nil {
				c.appByID[id] = app
			}
		}
		for _, uri := range redirectURIs(app) {
			c.appByURI[uri] = append(c.appByURI[uri], app)
		}
	}
	c.apps, c.own = celval.NewList(apps), newOwnApps(apps)
	return c, nil
}

// redirectURIs are those of a Graph application or service principal, each once.
// https://learn.microsoft.com/graph/api/resources/application
func redirectURIs(app ref.Val) (out []string) {
	lists := []ref.Val{celval.Member(app, "replyUrls")}
	for _, platform := range []string{"web", "spa", "publicClient"} {
		lists = append(lists, celval.Member(celval.Member(app, platform), "redirectUris"))
	}
	for _, l := range lists {
		for _, uri := range celval.Elements(l) {
			if s := celval.Text(uri); s != "" && !slices.Contains(out, s) {
				out = append(out, s)
			}
		}
	}
	return out
}

// Lacks returns the first of the needed parts that isn't configured, "" if all are.
func (c *Context) Lacks(needs []string) string {
	x := c.settings.Context
	for _, need := range needs {
		var ok bool
		part, name, _ := strings.Cut(need, ".")
		switch part {
		case "business_hours":
			ok = x.BusinessHours != nil
		case "verified_domains":
			ok = x.VerifiedDomains != nil
		case "dns":
			ok = x.DNS != nil || c.Live != nil
		case "lists":
			_, ok = x.Lists[name]
		case "credential_lifetime":
			ok = true // there is a default
		case "applications":
			ok = x.Applications != nil
		case "seen":
			_, ok = x.Seen[name]
		}
		if !ok {
			return need
		}
	}
	return ""
}

// Why returns the reason for people that a rule is off without the part, such as "needs context dns"; "" for no part.
func (c *Context) Why(lacking string) string {
	switch module, awaited := c.settings.Context.Awaited[lacking]; {
	case lacking == "":
		return ""
	case awaited:
		return "waits for the module " + module + " to tell " + lacking
	}
	return "needs context " + lacking
}

// outsideHours reports whether nobody works at t.
func (c *Context) outsideHours(t time.Time) bool {
	h := c.settings.Context.BusinessHours
	if h == nil {
		return false
	}
	for _, w := range h.Changes {
		if !t.Before(w.From) && t.Before(w.To) {
			return false
		}
	}
	local := t.In(h.Zone)
	minute := local.Hour()*60 + local.Minute()
	if h.From < h.To {
		return !c.workday(local) || minute < h.From || minute >= h.To
	}
	if minute >= h.From { // the part before midnight
		return !c.workday(local)
	}
	return minute >= h.To || !c.workday(local.AddDate(0, 0, -1))
}

func (c *Context) workday(local time.Time) bool {
	return c.settings.Context.BusinessHours.Days[local.Weekday()] && !c.holidays[local.Format(time.DateOnly)]
}

// owns reports whether a host is a verified domain or lies under one. A host under a name that all customers of Azure share is
// judged as a whole: of such a domain, what lies under it may be somebody else's.
func (c *Context) owns(host string) bool {
	whole := schema.SharedHost(host)
	host = strings.TrimSuffix(host, ".")
	return slices.ContainsFunc(c.settings.Context.VerifiedDomains, func(d string) bool {
		return under(host, d) && (!whole || strings.EqualFold(host, strings.TrimSuffix(d, ".")))
	})
}

// verdict returns what DNS says of a host: nxdomain, resolves or unknown. What the context file says counts first, so that tests
// and operators can pin it.
func (c *Context) verdict(host string) string {
	host = strings.TrimSuffix(strings.ToLower(host), ".")
	if said, ok := c.settings.Context.DNS[host]; ok {
		return cmp.Or(said, "unknown")
	}
	if c.Live != nil {
		return c.Live(host)
	}
	return "unknown"
}

func (c *Context) app(id string) ref.Val {
	if app, ok := c.appByID[strings.ToLower(id)]; ok {
		return app
	}
	return types.NullValue
}

func (c *Context) list(name string) ref.Val {
	if l, ok := c.Lists[name]; ok {
		return l
	}
	return celval.NewList(nil)
}

// SourceOf is where the items of a list of the context stand.
func (c *Context) SourceOf(name string) string {
	if file, ok := c.settings.Context.ListFiles[name]; ok {
		return (&rulefile.List{File: file}).Source()
	}
	return strings.TrimSpace("the context " + c.settings.ContextFile)
}

// NewContextType returns the type of the variable context with its fields.
func NewContextType() *celval.ObjectType {
	t := celval.NewObjectType(contextType, "what is known beside the row; a rule that needs a part which is not configured is off")
	celval.AddField(t, "credential_lifetime", types.DurationType, "how long credentials may live; 180 days unless the context says something else",
		func(c *Context) ref.Val {
			return types.Duration{Duration: cmp.Or(c.settings.Context.CredentialLifetime, rulefile.DefaultCredentialLifetime)}
		})
	celval.AddField(t, "apps", types.NewListType(types.DynType), "all Graph application objects"+needed("applications"),
		func(c *Context) ref.Val { return c.apps }, celval.Needs("applications"))
	return t
}

// needed is the end of the documentation of what needs a part of the context: the key of the context file, in brackets.
func needed(part string) string {
	if strings.HasSuffix(part, ".") {
		part += "NAME"
	}
	return " [" + part + "]"
}

// ContextMethods are the functions of the variable context, whose type is of.
func ContextMethods(of *types.Type) []Function {
	one := func(name, param, result, doc, needs string, arg, typ *types.Type, do func(*Context, ref.Val) ref.Val) Function {
		return Function{
			Name: name, Of: contextType, params: param, Result: result, Doc: doc + needed(needs), Needs: needs, Options: []cel.FunctionOpt{
				cel.MemberOverload("context_"+name, []*types.Type{of, arg}, typ, cel.BinaryBinding(func(c, v ref.Val) ref.Val {
					o, ok := c.(*celval.Object)
					if !ok || v.Type() != ref.Type(arg) {
						return types.MaybeNoSuchOverloadErr(v)
					}
					return do(o.Value().(*Context), v)
				})),
			},
		}
	}
	s := func(v ref.Val) string { return string(v.(types.String)) }
	return []Function{
		one("outside_hours", "time timestamp", "bool", "nobody works at the time", "business_hours", types.TimestampType, types.BoolType,
			func(c *Context, v ref.Val) ref.Val { return types.Bool(c.outsideHours(v.(types.Timestamp).Time)) }),
		one("owns", "host string", "bool", "the host is a verified domain or under one; under a name that all customers of Azure share, only the host itself", "verified_domains", types.StringType, types.BoolType,
			func(c *Context, v ref.Val) ref.Val { return types.Bool(c.owns(s(v))) }),
		one("dns", "host string", "string", "nxdomain, resolves or unknown", "dns", types.StringType, types.StringType,
			func(c *Context, v ref.Val) ref.Val { return types.String(c.verdict(s(v))) }),
		one("list", "name string", "list(string)", "a list of the context file; the name must be a literal", "lists.", types.StringType, TextList,
			func(c *Context, v ref.Val) ref.Val { return c.list(s(v)) }),
		one("app", "id string", "dyn", "the Graph object with the application id, or the object id of it or its service principal, null for none", "applications", types.StringType, types.DynType,
			func(c *Context, v ref.Val) ref.Val { return c.app(s(v)) }),
		one("apps_with_uri", "uri string", "list(dyn)", "the Graph objects that have the redirect URI", "applications", types.StringType, types.NewListType(types.DynType),
			func(c *Context, v ref.Val) ref.Val { return celval.NewList(c.appByURI[s(v)]) }),
		{
			Name: "seen", Of: contextType, params: "baseline string, key string", Result: "bool",
			Doc: "the key is in the baseline, whose name must be a literal" + needed("seen."), Needs: "seen.", Options: []cel.FunctionOpt{
				cel.MemberOverload("context_seen", []*types.Type{of, types.StringType, types.StringType}, types.BoolType,
					cel.FunctionBinding(func(args ...ref.Val) ref.Val {
						o, ok := args[0].(*celval.Object)
						baseline, ok2 := args[1].(types.String)
						key, ok3 := args[2].(types.String)
						if !ok || !ok2 || !ok3 {
							return types.MaybeNoSuchOverloadErr(args[0])
						}
						return types.Bool(o.Value().(*Context).Seen[string(baseline)][string(key)])
					})),
			},
		},
		{
			Name: "imitated", Of: contextType, params: "name string, app_id string", Result: "string",
			Doc:   "the name of an application of the tenant's own that another one, by its application id, bears or nearly bears; empty for none" + needed("applications"),
			Needs: "applications", Cost: Cost{Worst: 16 * walk}, Options: []cel.FunctionOpt{
				cel.MemberOverload("context_imitated", []*types.Type{of, types.StringType, types.StringType}, types.StringType, cel.FunctionBinding(imitatedApp)),
			},
		},
	}
}
