package compile

import (
	"math"

	"github.com/google/cel-go/checker"
	"github.com/google/cel-go/common/types"
)

// What an expression may cost, in CEL's units: about one a step, and one for ten characters that are looked at.
const (
	maxCost     = 20_000_000_000 // more than that at worst: the expression is refused
	boundedCost = 1_000_000      // more than that at worst: how long it takes depends on the event
)

// Sizes that the estimates take for the worst, by what an expression looks at.
const (
	sizeText    = 4096   // characters of a column
	sizeInner   = 256    // characters of a text inside of a dynamic value
	sizeList    = 256    // elements of a list in a row
	sizeContext = 10_000 // elements of a list of the context
)

// WorstCost is what the expression may cost on the largest rows, in CEL's units: about one a step.
func (l *Language) WorstCost(e *Expression) uint64 {
	estimate, err := checker.Cost(e.Checked, estimator{l})
	if err != nil {
		return math.MaxUint64
	}
	return estimate.Max
}

// estimator tells CEL how large the values of rows are.
type estimator struct{ lang *Language }

// EstimateSize is the size of a value that stands in a row, a rule file or the context.
func (e estimator) EstimateSize(node checker.AstNode) *checker.SizeEstimate {
	max := uint64(sizeInner)
	path := node.Path()
	switch {
	case len(path) == 2 && path[0] == VarLists:
		if set, ok := e.lang.sets[path[1]]; ok {
			max = uint64(len(set.Items))
		}
	case len(path) > 0 && path[0] == VarContext:
		max = sizeContext
	case node.Type().Kind() == types.StringKind && len(path) == 2 && path[0] == VarEvent:
		max = sizeText
	case node.Type().Kind() == types.ListKind || node.Type().Kind() == types.MapKind:
		max = sizeList
	}
	return &checker.SizeEstimate{Min: 0, Max: max}
}

// EstimateCallCost is the cost of the functions of this language; CEL knows its own.
func (e estimator) EstimateCallCost(function, _ string, _ *checker.AstNode, _ []checker.AstNode) *checker.CallEstimate {
	const walk = sizeList * 4 // hash every item of a list
	switch function {
	case "in", "@in", "under":
		return &checker.CallEstimate{CostEstimate: checker.CostEstimate{Min: 1, Max: walk}}
	case "minus", "common":
		return &checker.CallEstimate{
			CostEstimate: checker.CostEstimate{Min: 1, Max: walk}, ResultSize: &checker.SizeEstimate{Max: sizeList},
		}
	case "words", "name_words", "json":
		return &checker.CallEstimate{
			CostEstimate: checker.CostEstimate{Min: 1, Max: sizeText}, ResultSize: &checker.SizeEstimate{Max: sizeList},
		}
	case "looks_like", "imitated":
		return &checker.CallEstimate{CostEstimate: checker.CostEstimate{Min: 1, Max: 16 * walk}}
	case "fold", "uri", "credential", "guid_of", "lower", "segment":
		return &checker.CallEstimate{
			CostEstimate: checker.CostEstimate{Min: 1, Max: sizeText / 10}, ResultSize: &checker.SizeEstimate{Max: sizeText},
		}
	}
	for _, f := range e.lang.functions {
		if f.Name == function {
			return &checker.CallEstimate{
				CostEstimate: checker.CostEstimate{Min: 1, Max: sizeList}, ResultSize: &checker.SizeEstimate{Max: sizeList},
			}
		}
	}
	return nil
}
