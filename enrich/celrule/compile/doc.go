// Package compile makes rules of rule files: it checks the expressions for each table, reports all that is wrong with its place
// in the file, and plans the programs that run.
//
// A [Language] is everything that the expressions of one set of files may use. [Language.CompileRule] compiles a rule.
//
// Read in this order; few files need one that comes later:
//
//   - syntax.go, fragment.go, foreign.go, problems.go: parts of expressions, and problems about them.
//   - macros.go, typed.go, rewrite.go: what becomes of an expression before its types are checked.
//   - expression.go, meter.go: a compiled expression, and what it may cost while it runs.
//   - language.go, estimate.go, entries.go: the language, what an expression may cost at worst, and the list of all names.
//   - inspector.go, operation_literals.go: what rules may not do, and what an expression uses.
//   - vocabulary.go, lowered.go: texts that can't be, also behind lets.
//   - surprises.go: conditions that are right, and still not what is meant.
//   - type_errors.go: what CEL's type checker says, in words for people.
//   - compile.go, spans.go: from a text to an expression, and from a part of it back to its text.
//   - step.go, first_seen.go, exception.go, rule.go, needs.go: a rule.
//   - tune.go, revision.go, drift.go: tuning files and revisions.
//   - unused.go: what stands in a file and does nothing.
package compile
