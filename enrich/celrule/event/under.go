package event

import (
	"strings"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"
	"github.com/google/cel-go/common/types/traits"

	"github.com/riskrelay/riskrelay/enrich/celrule/celval"
)

// underFunction is the function under, which asks once for each label of the host, however long the list is.
func underFunction() Function {
	return Function{
		Name: "under", params: "host string, domains list(string)", Result: "bool", Doc: "the host is one of the domains or lies under one",
		Cost: Cost{Args: []ArgCost{{Text: 100}, {Item: 30}}, Worst: walk},
		Options: []cel.FunctionOpt{
			cel.Overload("under_string_list", []*types.Type{types.StringType, TextList}, types.BoolType, cel.BinaryBinding(func(a, b ref.Val) ref.Val {
				host, ok := a.(types.String)
				domains, ok2 := b.(traits.Lister)
				if !ok || !ok2 {
					return types.MaybeNoSuchOverloadErr(a)
				}
				return types.Bool(underAny(string(host), domains))
			})),
		},
	}
}

// maxHost is how long a host name can be (RFC 1035, section 2.3.4), without the dot at its end.
const maxHost = 253

// underAny reports whether host is one of domains or lies under one. Case and a dot at the end don't count. What is too
// long for a host name lies under none.
func underAny(host string, domains traits.Lister) bool {
	set, ok := domains.(*celval.List)
	if !ok || !set.IsSet() {
		set = celval.NewSet(textsOf(domains), true)
	}
	host = strings.TrimSuffix(strings.ToLower(host), ".")
	for host != "" && len(host) <= maxHost {
		if set.Has(host) {
			return true
		}
		_, host, _ = strings.Cut(host, ".")
	}
	return false
}
