package compile

import (
	"maps"
	"slices"
	"strings"
	"unicode"

	"github.com/google/cel-go/common/ast"
	"github.com/google/cel-go/common/types"

	"github.com/riskrelay/riskrelay/enrich/diag"
)

// IsField reports whether e is event.NAME.
func IsField(e ast.Expr, name string) bool { return EventField(e) == name }

// EventField is the NAME of event.NAME, "" for everything else.
func EventField(e ast.Expr) string {
	if e.Kind() != ast.SelectKind || e.AsSelect().IsTestOnly() {
		return ""
	}
	if of := e.AsSelect().Operand(); of.Kind() != ast.IdentKind || of.AsIdent() != VarEvent {
		return ""
	}
	return e.AsSelect().FieldName()
}

// Literal is the text of a literal.
func Literal(e ast.Expr) (string, bool) {
	if e.Kind() != ast.LiteralKind {
		return "", false
	}
	s, ok := e.AsLiteral().(types.String)
	return string(s), ok
}

// ListNamed is the NAME of lists.NAME, "" for everything else.
func ListNamed(e ast.Expr) string {
	if e.Kind() != ast.SelectKind || e.AsSelect().IsTestOnly() {
		return ""
	}
	if of := e.AsSelect().Operand(); of.Kind() != ast.IdentKind || of.AsIdent() != VarLists {
		return ""
	}
	return e.AsSelect().FieldName()
}

// Children are the expressions directly below e.
func Children(e ast.Expr) []ast.Expr {
	switch e.Kind() {
	case ast.CallKind:
		c := e.AsCall()
		if c.IsMemberFunction() {
			return append([]ast.Expr{c.Target()}, c.Args()...)
		}
		return c.Args()
	case ast.SelectKind:
		return []ast.Expr{e.AsSelect().Operand()}
	case ast.ListKind:
		return e.AsList().Elements()
	case ast.MapKind:
		var out []ast.Expr
		for _, entry := range e.AsMap().Entries() {
			out = append(out, entry.AsMapEntry().Key(), entry.AsMapEntry().Value())
		}
		return out
	case ast.StructKind:
		var out []ast.Expr
		for _, f := range e.AsStruct().Fields() {
			out = append(out, f.AsStructField().Value())
		}
		return out
	case ast.ComprehensionKind:
		c := e.AsComprehension()
		return []ast.Expr{c.IterRange(), c.AccuInit(), c.LoopCondition(), c.LoopStep(), c.Result()}
	}
	return nil
}

// OperatorWord is an operator as people write it; "" for a function that isn't one.
func OperatorWord(function string) string {
	switch function {
	case "_?_:_":
		return "? :"
	case "_[_]", "_[?_]":
		return "[ ]"
	case "_?._":
		return ".?"
	case "@in":
		return "in"
	case "!_", "-_":
		return function[:1]
	}
	if strings.HasPrefix(function, "_") && strings.HasSuffix(function, "_") && len(function) > 2 {
		return strings.Trim(function, "_")
	}
	return ""
}

// typeWord is a type as the documentation names it.
func typeWord(s string) string {
	s = strings.NewReplacer("google.protobuf.Timestamp", "timestamp", "google.protobuf.Duration", "duration", "null_type", "null").Replace(s)
	return s
}

func isWord(r rune) bool { return r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r) }

func wordLength(expr []rune) int {
	n := 0
	for n < len(expr) && isWord(expr[n]) {
		n++
	}
	return n
}

// quotedLength is the length of the literal text at the start of expr, quotes included, in characters or in bytes; 1 when it doesn't end.
func quotedLength[C byte | rune](expr []C) int {
	for n := 1; n < len(expr); n++ {
		switch expr[n] {
		case '\\':
			n++
		case expr[0]:
			return n + 1
		}
	}
	return 1
}

func values(texts []diag.Text) []string {
	var out []string
	for _, t := range texts {
		out = append(out, t.Value)
	}
	return out
}

func sorted(texts []string) []string {
	slices.Sort(texts)
	return texts
}

func names[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// Names of the variables of the language.
const (
	VarEvent   = "event"
	VarLists   = "lists"
	varMacros  = "macros"
	VarContext = "context"
	VarNow     = "now"
)

// words are the names that a let can't have.
func words() []string { return []string{VarEvent, VarLists, varMacros, VarContext, VarNow} }
