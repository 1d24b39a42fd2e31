package event

import (
	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/traits"
)

// Function is a function of the rule language beside CEL's own: all that is known of it.
type Function struct {
	// Name, Of (the type of the receiver, "" for none), params and Result are the signature for people; Doc is one sentence.
	Name, Of, params, Result, Doc string
	Options                       []cel.FunctionOpt
	// Columns are those of the row that a method of event reads.
	Columns []string
	// Copied says that every text in the result stands in one of these columns as it is, up to case and escapes.
	Copied bool
	// Lowered brings a text into the case that the result always has; nil for a result that may have upper case.
	Lowered func(string) string
	// Needs is the part of the context that a method of context needs, "" for none; what ends with a point is followed by the
	// first argument, which must be a literal.
	Needs string
	Cost  Cost
}

// lowered sets Lowered.
func (f Function) lowered(to func(string) string) Function {
	f.Lowered = to
	return f
}

// copied sets Copied.
func (f Function) copied() Function {
	f.Copied = true
	return f
}

// Cost is what a call costs beside the two steps that every part of an expression costs.
type Cost struct {
	// Args are by argument, the receiver first; arguments without an entry cost nothing.
	Args []ArgCost
	// Passes is how often the function goes through a text that can't be longer than the row.
	Passes int64
	// Worst bounds a call before it runs, in CEL's units, and Size the characters or items of its result, on values that are
	// as large as WorstText and WorstList. Worst of 0 is one walk over a list with a result as long as that; Size of 0 is
	// unknown.
	Worst, Size uint64
}

// ArgCost is what an argument costs by its length, in steps of about ten nanoseconds.
type ArgCost struct {
	Text int64 // for each 128 bytes of a text
	Item int64 // for each item of a list that is searched one by one
}

// Sizes that estimates take for the worst.
const (
	WorstText = 4096 // characters of a column
	WorstList = 256  // elements of a list in a row
)

// walk is the estimate for hashing every item of a list.
const walk = WorstList * 4

// Costs that several functions share.
func costOfWords(steps int64) Cost {
	return Cost{Args: []ArgCost{{Text: steps}}, Worst: WorstText, Size: WorstList}
}

func costOfText(steps int64) Cost {
	return Cost{Args: []ArgCost{{Text: steps}}, Worst: WorstText / 10, Size: WorstText}
}

// costOfTargets is the cost of looking through all targets.
func costOfTargets() Cost { return Cost{Passes: 8} }

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
