package event

import (
	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/traits"
)

// Function is a function of the rule language beside CEL's own.
type Function struct {
	Name    string
	Doc     string
	Options []cel.FunctionOpt
	// columns are those of the row that a method of event reads.
	Columns []string
	// params and result are the signature for people; of is the type of the receiver, "" for none.
	Of, params, Result string
}

// Signature is the function as documentation shows it.
func (f Function) Signature() string {
	s := f.Name + "(" + f.params + ") " + f.Result
	if f.Of != "" {
		s = f.Of + "." + s
	}
	return s
}

// TextList is the type list(string).
var TextList = types.NewListType(types.StringType)

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
