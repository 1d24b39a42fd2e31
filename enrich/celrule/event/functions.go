package event

import (
	"slices"
	"strings"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"
	"github.com/google/cel-go/common/types/traits"

	"github.com/riskrelay/riskrelay/enrich/celrule/celval"
)

// Functions are those that work on values alone.
func Functions(v *ViewTypes) []Function {
	text1 := func(name, params, result, doc string, typ *types.Type, cost Cost, do func(string) ref.Val) Function {
		return Function{Name: name, Doc: doc, params: params, Result: result, Cost: cost, Options: []cel.FunctionOpt{
			cel.Overload(name+"_string", []*types.Type{types.StringType}, typ, cel.UnaryBinding(func(arg ref.Val) ref.Val {
				s, ok := arg.(types.String)
				if !ok {
					return types.MaybeNoSuchOverloadErr(arg)
				}
				return do(string(s))
			})),
		}}
	}
	return []Function{
		text1("fold", "text string", "string", "the text with plain hyphens, lower case and single spaces, as event.operation has it",
			types.StringType, costOfText(400), func(s string) ref.Val { return types.String(Fold(s)) }).lowered(Fold),
		text1("words", "text string", "list(string)", "the words of the text",
			TextList, costOfWords(600), func(s string) ref.Val { return celval.NewTexts(strings.Fields(s)) }),
		text1("name_words", "name string", "list(string)", "the words of a display name: lower case, without punctuation, and without digits at their ends",
			TextList, costOfWords(600), func(s string) ref.Val { return celval.NewTexts(nameWords(s)) }),
		{
			Name: "segment", params: "path string, after string", Result: "string", Cost: costOfText(100),
			Doc: "the segment of a path, such as a resource id, that follows another one or several; their case doesn't count; empty for none",
			Options: []cel.FunctionOpt{
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
			v.uri.CEL, costOfText(200), func(s string) ref.Val { u := parseURI(s); return celval.NewObject(v.uri, &u) }),
		text1("credential", "text string", "Credential", "one element of KeyDescription taken apart",
			v.credential.CEL, costOfText(200), func(s string) ref.Val { c := parseCredential(s); return celval.NewObject(v.credential, &c) }),
		text1("json", "text string", "dyn", "the JSON value in the text; nothing for a text that isn't JSON",
			types.DynType, costOfWords(200), jsonOf),
		text1("guid_of", "text string", "string", "the last GUID in the text, in lower case",
			types.StringType, costOfText(50), func(s string) ref.Val { return types.String(lastGUID(s)) }).lowered(strings.ToLower),
		{
			Name: "lower", Of: "string", Result: "string", Doc: "the text in lower case", Cost: costOfText(50), Lowered: strings.ToLower, Options: []cel.FunctionOpt{
				cel.MemberOverload("string_lower", []*types.Type{types.StringType}, types.StringType, cel.UnaryBinding(func(arg ref.Val) ref.Val {
					s, ok := arg.(types.String)
					if !ok {
						return types.MaybeNoSuchOverloadErr(arg)
					}
					return types.String(strings.ToLower(string(s)))
				})),
			},
		},
		lists2("minus", "the items of a that b doesn't have, each once", TextList, func(a, b traits.Lister) ref.Val { return celval.NewTexts(pick(a, b, false)) }),
		lists2("common", "the items of a that b has too, each once", TextList, func(a, b traits.Lister) ref.Val { return celval.NewTexts(pick(a, b, true)) }),
		underFunction(),
		{
			Name: "looks_like", params: "name string, names list(string)", Result: "bool",
			Cost: Cost{Args: []ArgCost{{Text: 100}, {Item: 300}}, Worst: 16 * walk},
			Doc:  "the name is close to one of the names but none of them: a letter or two differ, or characters that look alike",
			Options: []cel.FunctionOpt{
				cel.Overload("looks_like_string_list", []*types.Type{types.StringType, TextList}, types.BoolType,
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

func lists2(name, doc string, typ *types.Type, do func(a, b traits.Lister) ref.Val) Function {
	return Function{
		Name: name, params: "a list(string), b list(string)", Result: "list(string)", Doc: doc,
		Cost: Cost{Args: []ArgCost{{Item: 30}, {Item: 30}}, Worst: walk, Size: WorstList}, Options: []cel.FunctionOpt{
			cel.Overload(name+"_list_list", []*types.Type{TextList, TextList}, typ, cel.BinaryBinding(func(a, b ref.Val) ref.Val {
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
	set, ok := b.(*celval.List)
	if !ok || !set.IsSet() {
		set = celval.NewSet(textsOf(b), false)
	}
	var out []string
	seen := map[string]bool{}
	for _, s := range textsOf(a) {
		if !seen[s] && set.Has(s) == in {
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

// jsonOf is the function json. What the row holds is never a rule's fault, so that a text that isn't JSON is nothing:
// looking into it is a missing key.
func jsonOf(s string) ref.Val {
	if strings.TrimSpace(s) == "" || len(s) > celval.MaxJSON {
		return celval.NewAbsent()
	}
	v, err := celval.Parse([]byte(s))
	if err != nil || v == types.NullValue {
		return celval.NewAbsent()
	}
	return v
}

// Methods are the functions of event in the table.
func (t *Table) Methods() []Function { return t.methods }

// functions makes the methods.
func (t *Table) functions(v *ViewTypes) []Function {
	one := func(name, param, result, doc string, typ *types.Type, columns []string, do func(*Frame, string) ref.Val) Function {
		f := Function{
			Name: name, Doc: doc, Of: t.Name, params: param + " string", Result: result, Columns: columns,
			Options: []cel.FunctionOpt{
				cel.MemberOverload(strings.ToLower(t.Name)+"_"+name, []*types.Type{t.Type.CEL, types.StringType}, typ,
					cel.BinaryBinding(func(of, arg ref.Val) ref.Val {
						f, ok := of.(*Frame)
						s, ok2 := arg.(types.String)
						if !ok || !ok2 {
							return types.MaybeNoSuchOverloadErr(of)
						}
						return do(f, string(s))
					})),
			},
		}
		if columns != nil {
			f.Cost = costOfTargets()
		}
		return f
	}
	all := []Function{
		one("column", "name", "dyn", "a column that only some workspaces have: by the end of its name (_s, _d, _b, _g, _t), or as its JSON is; null when the row has none", types.DynType, nil, (*Frame).column),
	}
	if !t.special.audited {
		return all
	}
	audited := []string{TargetsColumn}
	return append(all,
		one("target", "type", "Target", "the first target of the type", v.target.CEL, audited,
			func(f *Frame, typ string) ref.Val { return celval.NewObject(v.target, f.target(typ)) }).copied(),
		one("change", "property", "Change", "how the property changed, in whichever target", v.change.CEL, audited,
			func(f *Frame, name string) ref.Val { return celval.NewObject(v.change, f.change(name)) }).copied(),
		one("changed", "property", "bool", "the property is named as changed, with or without its values", types.BoolType, audited,
			func(f *Frame, name string) ref.Val { return types.Bool(f.changed(name)) }),
		one("detail", "key", "string", "the value of the key in AdditionalDetails", types.StringType, []string{DetailsColumn},
			func(f *Frame, key string) ref.Val { return types.String(f.detail(key)) }).copied(),
	)
}

// TargetMethods are the functions of a Target.
func TargetMethods(v *ViewTypes) []Function {
	return []Function{{
		Name: "change", Of: "Target", params: "property string", Result: "Change", Doc: "how the property of this target changed", Cost: costOfTargets(),
		Options: []cel.FunctionOpt{
			cel.MemberOverload("target_change", []*types.Type{v.target.CEL, types.StringType}, v.change.CEL,
				cel.BinaryBinding(func(of, arg ref.Val) ref.Val {
					o, ok := of.(*celval.Object)
					s, ok2 := arg.(types.String)
					if !ok || !ok2 || !o.Is(v.target) {
						return types.MaybeNoSuchOverloadErr(of)
					}
					return celval.NewObject(v.change, o.Value().(*target).change(string(s)))
				})),
		},
	}}
}

// column is event.column(name): a column by name, null when the row has none. One that the table doesn't declare is read as
// [cellNamed] says.
func (f *Frame) column(name string) ref.Val {
	if i, ok := f.Table.index[name]; ok {
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
	return cellNamed(name, f.row.Cell(i), columns.Type(i))
}
