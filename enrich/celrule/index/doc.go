// Package index finds the few rules that can match an event, without running any.
//
// From the checked expression of a rule come conditions without which it can't be true, such as a column that equals a literal
// or a word that stands in a JSON column. One of them is the rule's key. An [Index] answers for one event which keys hold, so
// that ten thousand rules cost about what ten do.
//
// Read in this order; few files need one that comes later:
//
//   - conditions.go: conditions, and how they are found in an expression.
//   - constants.go, sources.go, view_conditions.go, equality.go, pattern.go: the parts of that: texts that are known
//     beforehand, columns that a text is copied from, views, comparisons, regular expressions.
//   - candidates.go: the same for sources, which leave out rows of the past that no rule can match.
//   - scanner.go: which of many words stand in a JSON text.
//   - operation_parts.go, index.go: the choice of keys.
//   - answers.go, cut.go: what one event answers.
package index
