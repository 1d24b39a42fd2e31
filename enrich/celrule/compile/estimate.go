package compile

import (
	"math"

	"github.com/riskrelay/riskrelay/enrich/celrule/event"

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
	sizeInner   = 256    // characters of a text inside of a dynamic value
	sizeContext = 10_000 // elements of a list of the context
)

// WorstCost is what the expression may cost on the largest rows, in CEL's units: about one a step.
func (l *Language) WorstCost(e *Expression) uint64 {
	estimate, err := checker.Cost(e.Checked(), estimator{l})
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
		max = event.WorstText
	case node.Type().Kind() == types.ListKind || node.Type().Kind() == types.MapKind:
		max = event.WorstList
	}
	return &checker.SizeEstimate{Min: 0, Max: max}
}

// EstimateCallCost is the cost of the functions of this language; CEL knows its own.
func (e estimator) EstimateCallCost(function, _ string, _ *checker.AstNode, _ []checker.AstNode) *checker.CallEstimate {
	if function == "in" || function == "@in" {
		return &checker.CallEstimate{CostEstimate: checker.CostEstimate{Min: 1, Max: 4 * event.WorstList}}
	}
	cost, ok := e.lang.costs[function]
	if !ok {
		return nil
	}
	if cost.Worst == 0 {
		cost.Worst, cost.Size = event.WorstList, event.WorstList
	}
	out := &checker.CallEstimate{CostEstimate: checker.CostEstimate{Min: 1, Max: cost.Worst}}
	if cost.Size > 0 {
		out.ResultSize = &checker.SizeEstimate{Max: cost.Size}
	}
	return out
}
