package celrule

import (
	"slices"
	"strings"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"
	"github.com/google/cel-go/common/types/traits"
)

// function is a function of the rule language beside CEL's own.
type function struct {
	name string
	doc  string
	opts []cel.FunctionOpt
	// columns are those of the row that a method of event reads.
	columns []string
	// params and result are the signature for people; of is the type of the receiver, "" for none.
	of, params, result string
}

// signature is the function as documentation shows it.
func (f function) signature() string {
	s := f.name + "(" + f.params + ") " + f.result
	if f.of != "" {
		s = f.of + "." + s
	}
	return s
}

// maxText bounds the texts that functions and lets may make, so that a rule can't double a text again and again.
const maxText = 256 << 10

// texts is the type list(string).
var texts = types.NewListType(types.StringType)

// functions are those that work on values alone.
func functions(v *viewTypes) []function {
	text1 := func(name, params, result, doc string, typ *types.Type, do func(string) ref.Val) function {
		return function{name: name, doc: doc, params: params, result: result, opts: []cel.FunctionOpt{
			cel.Overload(name+"_string", []*types.Type{types.StringType}, typ, cel.UnaryBinding(func(arg ref.Val) ref.Val {
				s, ok := arg.(types.String)
				if !ok {
					return types.MaybeNoSuchOverloadErr(arg)
				}
				return do(string(s))
			})),
		}}
	}
	return []function{
		text1("fold", "text string", "string", "the text with plain hyphens, lower case and single spaces, as event.operation has it",
			types.StringType, func(s string) ref.Val { return types.String(fold(s)) }),
		text1("words", "text string", "list(string)", "the words of the text",
			texts, func(s string) ref.Val { return newStrings(strings.Fields(s)) }),
		text1("name_words", "name string", "list(string)", "the words of a display name: lower case, without punctuation, and without digits at their ends",
			texts, func(s string) ref.Val { return newStrings(nameWords(s)) }),
		{
			name: "segment", params: "path string, after string", result: "string",
			doc: "the segment of a path, such as a resource id, that follows another one or several; their case doesn't count; empty for none",
			opts: []cel.FunctionOpt{
				cel.Overload("segment_string_string", []*types.Type{types.StringType, types.StringType}, types.StringType,
					cel.BinaryBinding(func(a, b ref.Val) ref.Val {
						path, ok := a.(types.String)
						after, ok2 := b.(types.String)
						if !ok || !ok2 {
							return types.MaybeNoSuchOverloadErr(a)
						}
						return types.String(segment(string(path), string(after)))
					})),
			},
		},
		text1("uri", "text string", "Uri", "the URI taken apart",
			v.uri.cel, func(s string) ref.Val { u := parseURI(s); return newObject(v.uri, &u) }),
		text1("credential", "text string", "Credential", "one element of KeyDescription taken apart",
			v.credential.cel, func(s string) ref.Val { c := parseCredential(s); return newObject(v.credential, &c) }),
		text1("json", "text string", "dyn", "the JSON value in the text; nothing for a text that isn't JSON",
			types.DynType, jsonOf),
		text1("guid_of", "text string", "string", "the last GUID in the text, in lower case",
			types.StringType, func(s string) ref.Val { return types.String(lastGUID(s)) }),
		{
			name: "lower", of: "string", result: "string", doc: "the text in lower case", opts: []cel.FunctionOpt{
				cel.MemberOverload("string_lower", []*types.Type{types.StringType}, types.StringType, cel.UnaryBinding(func(arg ref.Val) ref.Val {
					s, ok := arg.(types.String)
					if !ok {
						return types.MaybeNoSuchOverloadErr(arg)
					}
					return types.String(strings.ToLower(string(s)))
				})),
			},
		},
		lists2("minus", "the items of a that b doesn't have, each once", texts, func(a, b traits.Lister) ref.Val { return newStrings(pick(a, b, false)) }),
		lists2("common", "the items of a that b has too, each once", texts, func(a, b traits.Lister) ref.Val { return newStrings(pick(a, b, true)) }),
		underFunction(),
		{
			name: "looks_like", params: "name string, names list(string)", result: "bool",
			doc: "the name is close to one of the names but none of them: a letter or two differ, or characters that look alike",
			opts: []cel.FunctionOpt{
				cel.Overload("looks_like_string_list", []*types.Type{types.StringType, texts}, types.BoolType,
					cel.BinaryBinding(func(a, b ref.Val) ref.Val {
						name, ok := a.(types.String)
						names, ok2 := b.(traits.Lister)
						if !ok || !ok2 {
							return types.MaybeNoSuchOverloadErr(a)
						}
						return types.Bool(looksLike(string(name), textsOf(names)))
					})),
			},
		},
	}
}

func lists2(name, doc string, typ *types.Type, do func(a, b traits.Lister) ref.Val) function {
	return function{
		name: name, params: "a list(string), b list(string)", result: "list(string)", doc: doc, opts: []cel.FunctionOpt{
			cel.Overload(name+"_list_list", []*types.Type{texts, texts}, typ, cel.BinaryBinding(func(a, b ref.Val) ref.Val {
				la, ok := a.(traits.Lister)
				lb, ok2 := b.(traits.Lister)
				if !ok || !ok2 {
					return types.MaybeNoSuchOverloadErr(a)
				}
				return do(la, lb)
			})),
		},
	}
}

// pick are the items of a, each once, that are in b or that aren't.
func pick(a, b traits.Lister, in bool) []string {
	set, ok := b.(*list)
	if !ok || !set.isSet() {
		set = newSet(textsOf(b), false)
	}
	var out []string
	seen := map[string]bool{}
	for _, s := range textsOf(a) {
		if !seen[s] && set.has(s) == in {
			out = append(out, s)
		}
		seen[s] = true
	}
	return out
}

// segment is the segment of a path that follows the first place of others, such as a/b; their case doesn't count.
func segment(path, after string) string {
	segments, before := strings.Split(path, "/"), strings.Split(after, "/")
	for i := len(before); after != "" && i < len(segments); i++ {
		if slices.EqualFunc(segments[i-len(before):i], before, strings.EqualFold) {
			return segments[i]
		}
	}
	return ""
}

// textsOf are the texts in a list; a list from JSON may hold other things, which are left out.
func textsOf(l traits.Lister) []string {
	var out []string
	for it := l.Iterator(); it.HasNext() == types.True; {
		if s, ok := it.Next().(types.String); ok {
			out = append(out, string(s))
		}
	}
	return out
}

// jsonOf is the function json. What the row holds is never a rule's fault, so that a text that isn't JSON is nothing:
// looking into it is a missing key.
func jsonOf(s string) ref.Val {
	if strings.TrimSpace(s) == "" || len(s) > maxJSONText {
		return newAbsent()
	}
	v, err := jsonValue([]byte(s))
	if err != nil || v == types.NullValue {
		return newAbsent()
	}
	return v
}

// methods are the functions of event in one table.
func (t *table) methods(v *viewTypes) []function {
	one := func(name, param, result, doc string, typ *types.Type, columns []string, do func(*frame, string) ref.Val) function {
		return function{
			name: name, doc: doc, of: t.name, params: param + " string", result: result, columns: columns,
			opts: []cel.FunctionOpt{
				cel.MemberOverload(strings.ToLower(t.name)+"_"+name, []*types.Type{t.typ.cel, types.StringType}, typ,
					cel.BinaryBinding(func(of, arg ref.Val) ref.Val {
						f, ok := of.(*frame)
						s, ok2 := arg.(types.String)
						if !ok || !ok2 {
							return types.MaybeNoSuchOverloadErr(of)
						}
						return do(f, string(s))
					})),
			},
		}
	}
	all := []function{
		one("column", "name", "dyn", "a column that only some workspaces have; null when the row has none", types.DynType, nil, (*frame).column),
	}
	if t.name != "AuditLogs" {
		return all
	}
	audited := []string{"TargetResources"}
	return append(all,
		one("target", "type", "Target", "the first target of the type", v.target.cel, audited,
			func(f *frame, typ string) ref.Val { return newObject(v.target, f.target(typ)) }),
		one("change", "property", "Change", "how the property changed, in whichever target", v.change.cel, audited,
			func(f *frame, name string) ref.Val { return newObject(v.change, f.change(name)) }),
		one("changed", "property", "bool", "the property is named as changed, with or without its values", types.BoolType, audited,
			func(f *frame, name string) ref.Val { return types.Bool(f.changed(name)) }),
		one("detail", "key", "string", "the value of the key in AdditionalDetails", types.StringType, []string{"AdditionalDetails"},
			func(f *frame, key string) ref.Val { return types.String(f.detail(key)) }),
	)
}

// targetMethods are the functions of a Target.
func targetMethods(v *viewTypes) []function {
	return []function{{
		name: "change", of: "Target", params: "property string", result: "Change", doc: "how the property of this target changed",
		opts: []cel.FunctionOpt{
			cel.MemberOverload("target_change", []*types.Type{v.target.cel, types.StringType}, v.change.cel,
				cel.BinaryBinding(func(of, arg ref.Val) ref.Val {
					o, ok := of.(*object)
					s, ok2 := arg.(types.String)
					if !ok || !ok2 || !o.is(v.target) {
						return types.MaybeNoSuchOverloadErr(of)
					}
					return newObject(v.change, o.Value().(*target).change(string(s)))
				})),
		},
	}}
}

// column is a column by a name that the table doesn't declare.
func (f *frame) column(name string) ref.Val {
	if i, ok := f.table.index[name]; ok {
		if f.raw(i) == nil {
			return types.NullValue
		}
		return f.cell(i)
	}
	columns := f.row.Columns()
	if columns == nil {
		return types.NullValue
	}
	i, ok := columns.Index(name)
	if !ok || notNull(f.row.Cell(i)) == nil {
		return types.NullValue
	}
	return decodeCell(f.row.Cell(i), columns.Type(i))
}
