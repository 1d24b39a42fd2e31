package event

import (
	"cmp"
	"slices"
	"strings"

	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/celrule/celval"
	"github.com/riskrelay/riskrelay/enrich/schema"
)

// target is one element of AuditLogs.TargetResources.
// https://learn.microsoft.com/graph/api/resources/targetresource
type target struct {
	present bool
	typ     string
	id      string
	name    string
	upn     string
	changes []change
}

// change is one modified property of a target. Both values are decoded as far as they are JSON.
type change struct {
	present  bool
	name     string
	old, new ref.Val
}

// label is the best name for messages.
func (t *target) label() string { return cmp.Or(t.name, t.upn, t.id, "unknown") }

// change is the change of the property called name, whose case doesn't count; an absent one when there is none.
func (t *target) change(name string) *change {
	for i := range t.changes {
		if strings.EqualFold(t.changes[i].name, name) {
			return &t.changes[i]
		}
	}
	return absentChange(name)
}

func absentChange(name string) *change {
	return &change{name: name, old: types.NullValue, new: types.NullValue}
}

// decodeTargets reads a TargetResources value.
func decodeTargets(v ref.Val) []target {
	items := celval.Elements(v)
	if _, single := v.(*celval.Map); single {
		items = []ref.Val{v}
	}
	targets := make([]target, 0, len(items))
	for _, item := range items {
		item = decodeValue(item)
		if _, ok := item.(*celval.Map); !ok {
			continue
		}
		t := target{
			present: true, typ: knownMember(item, "type"), id: knownMember(item, "id"),
			name: knownMember(item, "displayName"), upn: knownMember(item, "userPrincipalName"),
		}
		for _, p := range celval.Elements(decodeValue(celval.Member(item, "modifiedProperties"))) {
			t.changes = append(t.changes, change{
				present: true, name: celval.Text(celval.Member(p, "displayName")),
				old: decodeValue(celval.Member(p, "oldValue")), new: decodeValue(celval.Member(p, "newValue")),
			})
		}
		targets = append(targets, t)
	}
	return targets
}

// MaxNesting is how often JSON may stand in a string in JSON: the value of a property is JSON in a string, and what
// comes out may again be a list in a string.
const MaxNesting = 2

// decodeValue reads an oldValue or newValue, which is JSON in a string, plain text, or real JSON.
func decodeValue(v ref.Val) ref.Val {
	for range MaxNesting {
		s, ok := v.(types.String)
		if !ok {
			break
		}
		inner, ok := decodeText(string(s))
		if !ok {
			break
		}
		v = inner
	}
	return v
}

// decodeText reads JSON; anything else isn't ok. The text of a number stays text, so that no digit is lost.
func decodeText(s string) (ref.Val, bool) {
	trimmed := strings.TrimSpace(s)
	if trimmed == "" {
		return types.NullValue, true
	}
	if strings.IndexByte(`"[{n`, trimmed[0]) < 0 || len(trimmed) > celval.MaxJSON {
		return nil, false
	}
	v, err := celval.Parse([]byte(trimmed))
	return v, err == nil
}

// valueText is a decoded value as one text.
func valueText(v ref.Val) string {
	switch v.(type) {
	case *celval.List, *celval.Map:
		return celval.Compact(v)
	}
	return celval.Text(v)
}

// items cuts a decoded value into items as the property's kind says.
func items(kind schema.Kind, v ref.Val) []string {
	if s, ok := v.(types.String); ok && kind != "" && enrich.IsNothing(string(s)) {
		return nil
	}
	var out []string
	for _, e := range parts(v) {
		if !celval.Whole(e) {
			continue // it would be another item than the one in the row
		}
		switch kind {
		case schema.Addresses:
			if address := knownMember(e, "Address"); address != "" {
				out = append(out, address)
				continue
			}
			if s, ok := e.(types.String); ok && !enrich.IsNothing(string(s)) {
				out = append(out, string(s))
			}
		case schema.Words:
			out = append(out, strings.Fields(celval.Text(e))...)
		case schema.Semicolons:
			out = append(out, cut(celval.Text(e), ";")...)
		case schema.Commas:
			out = append(out, cut(celval.Text(e), ",")...)
		default:
			out = append(out, valueText(e))
		}
	}
	return out
}

// parts are the elements of a list, or the value itself unless it is null or empty.
func parts(v ref.Val) []ref.Val {
	if l, ok := v.(*celval.List); ok {
		return l.Items
	}
	if v == types.NullValue || v == types.String("") {
		return nil
	}
	return []ref.Val{v}
}

func cut(s, separator string) []string {
	var out []string
	for _, word := range strings.Split(s, separator) {
		if word = strings.TrimSpace(word); word != "" {
			out = append(out, word)
		}
	}
	return out
}

func (c *change) itemsOld() []string { return items(schema.KindOf(c.name), c.old) }
func (c *change) itemsNew() []string { return items(schema.KindOf(c.name), c.new) }
func (c *change) added() []string    { return c.without(c.itemsNew(), c.itemsOld()) }
func (c *change) removed() []string  { return c.without(c.itemsOld(), c.itemsNew()) }

// without are the items of all, each once and sorted, that have no equal in known. The records of an application and of
// its service principal list the same items in orders of their own; sorted, a rule says the same of both.
func (c *change) without(all, known []string) []string {
	seen := make(map[string]bool, len(known)+len(all))
	for _, s := range known {
		seen[c.key(s)] = true
	}
	var out []string
	for _, s := range all {
		if key := c.key(s); !seen[key] {
			seen[key] = true
			out = append(out, s)
		}
	}
	slices.Sort(out)
	return out
}

// key is what two items must have in common to mean the same.
func (c *change) key(item string) string {
	switch schema.KindOf(c.name) {
	case schema.Credentials:
		if k := parseCredential(item); k.id != "" {
			return k.id + "," + k.typ + "," + k.usage // a key that signs and its password have one identifier
		}
	case schema.Words: // names of permissions, whose case doesn't count
		return strings.ToLower(item)
	}
	return item
}

// credential is one element of the property KeyDescription.
type credential struct{ id, typ, usage, name string }

// parseCredential reads "[KeyIdentifier=..,KeyType=..,KeyUsage=..,DisplayName=..]". The display name is free text, so
// it is what stands behind the third comma.
func parseCredential(s string) credential {
	var c credential
	s = strings.TrimSpace(s)
	if strings.HasPrefix(s, "[") && strings.HasSuffix(s, "]") {
		s = s[1 : len(s)-1]
	}
	for s != "" {
		name, rest, ok := strings.Cut(s, "=")
		if !ok {
			break
		}
		name = strings.TrimSpace(name)
		if name == "DisplayName" {
			c.name = rest
			break
		}
		var value string
		value, s, _ = strings.Cut(rest, ",")
		switch name {
		case "KeyIdentifier":
			c.id = strings.ToLower(value)
		case "KeyType":
			c.typ = value
		case "KeyUsage":
			c.usage = value
		}
	}
	return c
}

// targets are the targets of the event, decoded once.
func (f *Frame) targets() []target {
	if f.views.targets == nil {
		all := decodeTargets(f.dynamic("TargetResources"))
		f.views.targets = &all
	}
	return *f.views.targets
}

// changes are all changed properties of all targets.
func (f *Frame) changes() (all []change) {
	for _, t := range f.targets() {
		all = append(all, t.changes...)
	}
	return all
}

// target is the first target of a type, whose case doesn't count.
func (f *Frame) target(typ string) *target {
	all := f.targets()
	for i := range all {
		if strings.EqualFold(all[i].typ, typ) {
			return &all[i]
		}
	}
	return &target{}
}

// change is the first change of the property called name over all targets.
func (f *Frame) change(name string) *change {
	all := f.targets()
	for i := range all {
		if c := all[i].change(name); c.present {
			return c
		}
	}
	return absentChange(name)
}

// changed reports whether a property is named in a change or in the list of updated properties.
func (f *Frame) changed(name string) bool {
	if f.change(name).present {
		return true
	}
	all := f.targets()
	for i := range all {
		for _, updated := range all[i].change("Included Updated Properties").itemsNew() {
			if strings.EqualFold(updated, name) {
				return true
			}
		}
	}
	return false
}

// detail is the value of a key in AdditionalDetails, whose case doesn't count.
func (f *Frame) detail(key string) string {
	if f.views.details == nil {
		f.views.details = f.dynamic("AdditionalDetails")
	}
	for _, pair := range celval.Elements(f.views.details) {
		if strings.EqualFold(celval.Text(celval.Member(pair, "key")), key) {
			return celval.Text(celval.Member(pair, "value"))
		}
	}
	return ""
}
