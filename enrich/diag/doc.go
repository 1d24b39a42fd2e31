// Package diag is how people are told what is wrong with a file that they wrote: a problem has a place, the line with a caret,
// a code that `riskrelay rules explain` knows, and a suggestion. Rule files and configuration use the same.
//
// [ParseYAML] reads YAML strictly and within bounds, whoever wrote it: what YAML has beside mappings, lists and scalars is
// refused, and so is what would take a long time or much memory to parse.
//
// Read in this order:
//
//   - place.go: a text of a file, whose characters have places, through quotes, escapes and folded lines.
//   - problem.go, code.go: problems, and the documentation of their codes.
//   - suggest.go: the word that was probably meant.
//   - blank.go, yaml.go: YAML.
package diag
