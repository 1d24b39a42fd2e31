package compile

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/ast"
	"github.com/google/cel-go/common/types"

	"github.com/riskrelay/riskrelay/enrich/celrule/celval"
	"github.com/riskrelay/riskrelay/enrich/celrule/event"
	"github.com/riskrelay/riskrelay/enrich/rulefile"
)

// The codes of the problems that this package finds. Those of rulefile begin with R0 and R1.
const (
	CodeSyntax    = "R201" // the expression isn't CEL
	CodeField     = "R202" // unknown column or field
	CodeName      = "R203" // unknown or taken name of a variable, function, list, macro or let
	CodeType      = "R204" // values of types that don't go together
	CodeResult    = "R205" // an expression with the wrong type for its key
	CodeForbidden = "R206" // something that CEL has and rules may not use
	CodeCost      = "R207" // an expression that could take too long
	CodeTable     = "R208" // unknown table
	CodeNever     = "R209" // a condition that can't hold
	CodeProperty  = "R302" // warning: a property whose name nearly is a known one
	CodeUpper     = "R303" // warning: upper case is looked for in a text in lower case
)

// maxNear is how many names are compared with all macros or lists of a set for a suggestion.
const maxNear = 20

// hints suggest names of things of which a set may have many: for the first few that are wrong only, so that what it
// costs doesn't grow with the square of the set.
type hints struct{ asked int }

// suggest is didYouMean among the given names, "" after the first few.
func (n *hints) suggest(word string, among func() []string) string {
	if n.asked++; n.asked > maxNear {
		return ""
	}
	return didYouMean(word, among())
}

func didYouMean(word string, among []string) string {
	if s := rulefile.Suggest(word, among); s != "" {
		return "did you mean `" + s + "`?"
	}
	return ""
}

func names[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// Unique leaves out problems that are said once for each table of a rule. One with a suggestion is worth more.
func Unique(problems rulefile.Problems) (out rulefile.Problems) {
	for _, p := range problems {
		last := len(out) - 1
		if last < 0 || out[last].Pos != p.Pos || out[last].Code != p.Code || out[last].Message != p.Message {
			out = append(out, p)
			continue
		}
		out[last].Suggestion = cmp.Or(out[last].Suggestion, p.Suggestion)
	}
	return out
}

// problemAt is a problem about the word at offset, counted in characters. CEL points at the dot before a field and at
// the parenthesis behind a function; the caret goes under the name.
func problemAt(in fragment, code string, offset int, message string) rulefile.Problem {
	offset, width := wordAt([]rune(in.expr), offset)
	return in.problem(code, offset, width, message)
}

func wordAt(expr []rune, offset int) (start, width int) {
	offset = max(0, min(offset, len(expr)-1))
	if len(expr) == 0 {
		return 0, 1
	}
	switch {
	case expr[offset] == '(':
		end := offset
		for end > 0 && unicode.IsSpace(expr[end-1]) {
			end--
		}
		start = end
		for start > 0 && isWord(expr[start-1]) {
			start--
		}
		if start < end {
			return start, end - start
		}
	case expr[offset] == '.':
		start = offset + 1
		for start < len(expr) && (unicode.IsSpace(expr[start]) || expr[start] == '?') {
			start++
		}
		if start < len(expr) && isWord(expr[start]) {
			return start, wordLength(expr[start:])
		}
	case isWord(expr[offset]):
		return offset, wordLength(expr[offset:])
	}
	if expr[offset] == '"' || expr[offset] == '\'' {
		return offset, quotedLength(expr[offset:])
	}
	for _, operator := range []string{"==", "!=", "<=", ">=", "&&", "||"} {
		if strings.HasPrefix(string(expr[offset:]), operator) {
			return offset, 2
		}
	}
	return offset, 1
}

func isWord(r rune) bool { return r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r) }

func wordLength(expr []rune) int {
	n := 0
	for n < len(expr) && isWord(expr[n]) {
		n++
	}
	return n
}

// quotedLength is the length of the literal text at the start of expr, quotes included.
func quotedLength(expr []rune) int {
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

// offsetOf is where an issue points at, in characters of the expression.
func offsetOf(expr string, e *cel.Error) int {
	lines := strings.SplitAfter(expr, "\n")
	offset := 0
	for i := 0; i < e.Location.Line()-1 && i < len(lines); i++ {
		offset += len([]rune(lines[i]))
	}
	return offset + e.Location.Column()
}

// syntaxProblems are the parser's complaints: the first one, as the rest follows from it.
func syntaxProblems(in fragment, issues *cel.Issues) rulefile.Problems {
	all := issues.Errors()
	if len(all) == 0 {
		return rulefile.Problems{in.problem(CodeSyntax, 0, 0, issues.Err().Error())}
	}
	return rulefile.Problems{problemAt(in, CodeSyntax, offsetOf(in.expr, all[0]), syntaxMessage(all[0].Message))}
}

// syntaxMessage says what the parser says in words for people.
func syntaxMessage(s string) string {
	s = strings.TrimPrefix(s, "Syntax error: ")
	s = strings.TrimPrefix(s, "ERROR: ")
	if before, _, ok := strings.Cut(s, " expecting "); ok {
		s = before
	}
	for _, p := range []struct{ from, to string }{
		{"mismatched input '<EOF>'", "the expression ends too early"},
		{"mismatched input ", "unexpected "},
		{"extraneous input ", "unexpected "},
		{"no viable alternative at input ", "unexpected "},
		{"token recognition error at: ", "unexpected "},
	} {
		s = strings.ReplaceAll(s, p.from, p.to)
	}
	return "syntax error: " + s
}

// explainer turns the type checker's complaints about one expression into problems.
type explainer struct {
	in     fragment
	lang   *Language
	table  *event.Table
	lets   map[string]*types.Type
	parsed *ast.AST
	inside map[int64]string // node -> macro
}

func (x *explainer) problems(issues *cel.Issues) (out rulefile.Problems) {
	seen := map[string]bool{}
	for _, e := range issues.Errors() {
		p := x.problem(e)
		if m, ok := x.inside[e.ExprID]; ok {
			p.Message = fmt.Sprintf("in the macro `%s`: %s", m, p.Message)
		}
		if key := p.Message + p.Pos.String(); !seen[key] {
			seen[key] = true
			out = append(out, p)
		}
	}
	return out
}

var (
	undefinedField = regexp.MustCompile(`^undefined field '(.*)'$`)
	undeclared     = regexp.MustCompile(`^undeclared reference to '([^']*)'`)
	noOverload     = regexp.MustCompile(`^found no matching overload for '(.*)' applied to '(.*)'$`)
	noSelection    = regexp.MustCompile(`^type '(.*)' does not support field selection$`)
	typeMismatch   = regexp.MustCompile(`^expected type '(.*)' but found '(.*)'$`)
)

func (x *explainer) problem(e *cel.Error) rulefile.Problem {
	at := func(code, message string) rulefile.Problem {
		return problemAt(x.in, code, offsetOf(x.in.expr, e), message)
	}
	if m := undefinedField.FindStringSubmatch(e.Message); m != nil {
		return x.unknownField(e.ExprID, m[1], at)
	}
	if m := undeclared.FindStringSubmatch(e.Message); m != nil {
		return x.unknownName(e.ExprID, m[1], at)
	}
	at = func(code, message string) rulefile.Problem { return problemAt(x.in, code, x.culprit(e), message) }
	if m := noOverload.FindStringSubmatch(e.Message); m != nil {
		return x.wrongArguments(m[1], m[2], at)
	}
	if m := noSelection.FindStringSubmatch(e.Message); m != nil {
		return at(CodeField, fmt.Sprintf("a value of type %s has no fields", typeWord(m[1])))
	}
	if m := typeMismatch.FindStringSubmatch(e.Message); m != nil {
		return at(CodeType, fmt.Sprintf("want %s, found %s", typeWord(m[1]), typeWord(m[2])))
	}
	return at(CodeType, e.Message)
}

// typeWord is a type as the documentation names it.
func typeWord(s string) string {
	s = strings.NewReplacer("google.protobuf.Timestamp", "timestamp", "google.protobuf.Duration", "duration", "null_type", "null").Replace(s)
	return s
}

type placed func(code, message string) rulefile.Problem

func (x *explainer) unknownField(id int64, name string, at placed) rulefile.Problem {
	owner := x.ownerOf(id)
	switch {
	case owner == nil:
		return at(CodeField, fmt.Sprintf("unknown field `%s`", name))
	case owner.Name == listsType:
		p := at(CodeName, fmt.Sprintf("no list is called `%s`", name))
		p.Suggestion = x.lang.macros.near.suggest(name, func() []string { return names(owner.Fields) })
		return p
	}
	p := at(CodeField, fmt.Sprintf("unknown field `%s` on %s", name, owner.Name))
	if x.table != nil && owner == x.table.Type {
		if p.Suggestion = x.elsewhere(name); p.Suggestion != "" {
			return p
		}
	}
	p.Suggestion = didYouMean(name, append(names(owner.Fields), x.methodsOf(owner.Name)...))
	if p.Suggestion == "" && x.table != nil && owner == x.table.Type {
		p.Suggestion = fmt.Sprintf("a column of this workspace alone is event.column(\"%s\")", name)
	}
	return p
}

func (x *explainer) methodsOf(typ string) []string {
	var out []string
	for _, f := range x.lang.functions {
		if f.Of == typ {
			out = append(out, f.Name)
		}
	}
	return out
}

// ownerOf is the type of what the field is asked of, nil when it isn't known.
func (x *explainer) ownerOf(id int64) *celval.ObjectType {
	var found ast.Expr
	ast.PostOrderVisit(x.parsed.Expr(), ast.NewExprVisitor(func(e ast.Expr) {
		switch {
		case e.ID() == id && e.Kind() == ast.SelectKind:
			found = e.AsSelect().Operand()
		case e.ID() == id && e.Kind() == ast.CallKind && len(e.AsCall().Args()) > 0:
			found = e.AsCall().Args()[0] // a.?b
		}
	}))
	if found == nil {
		return nil
	}
	return x.typeOf(found)
}

// typeOf follows names, fields and methods as far as their types are objects of this language.
func (x *explainer) typeOf(e ast.Expr) *celval.ObjectType {
	switch e.Kind() {
	case ast.IdentKind:
		switch name := e.AsIdent(); name {
		case VarEvent:
			return x.table.Type
		case VarLists:
			return x.lang.lists
		case VarContext:
			return x.lang.context
		default:
			if t, ok := x.lets[name]; ok {
				return x.lang.provider.TypeNamed(t.TypeName())
			}
		}
	case ast.SelectKind:
		if owner := x.typeOf(e.AsSelect().Operand()); owner != nil {
			if f, ok := owner.Fields[e.AsSelect().FieldName()]; ok {
				return x.lang.provider.TypeNamed(f.Type.TypeName())
			}
		}
	case ast.CallKind:
		for _, f := range x.lang.functions {
			if f.Name == e.AsCall().FunctionName() {
				if t := x.lang.provider.TypeNamed(f.Result); t != nil {
					return t
				}
			}
		}
	}
	return nil
}

func (x *explainer) unknownName(id int64, name string, at placed) rulefile.Problem {
	if function, method := x.callOf(id); function {
		p := at(CodeName, fmt.Sprintf("no function is called `%s`", name))
		among := []string{"size", "has", "matches", "contains", "startsWith", "endsWith", "exists", "all", "filter", "map"}
		for _, f := range x.lang.functions {
			if (f.Of != "") == method {
				among = append(among, f.Name)
			}
		}
		if method {
			p.Suggestion = x.elsewhere(name)
		}
		p.Suggestion = cmp.Or(p.Suggestion, didYouMean(name, among))
		return p
	}
	if name == varMacros {
		return at(CodeName, "a macro is used as macros.name(...)")
	}
	p := at(CodeName, fmt.Sprintf("unknown name `%s`", name))
	if _, ok := x.table.Type.Fields[name]; ok {
		p.Suggestion = "did you mean `event." + name + "`?"
		return p
	}
	p.Suggestion = didYouMean(name, append(words(), names(x.lets)...))
	if _, ok := x.lang.sets[name]; ok && p.Suggestion == "" {
		p.Suggestion = "did you mean `lists." + name + "`?"
	}
	return p
}

// callOf tells whether the node is a call, and whether one with a receiver.
func (x *explainer) callOf(id int64) (function, method bool) {
	ast.PostOrderVisit(x.parsed.Expr(), ast.NewExprVisitor(func(e ast.Expr) {
		if e.ID() == id && e.Kind() == ast.CallKind {
			function, method = true, e.AsCall().IsMemberFunction()
		}
	}))
	return function, method
}

func (x *explainer) wrongArguments(function, arguments string, at placed) rulefile.Problem {
	arguments, function = typeWord(arguments), strings.Replace(function, ShortFunction, "matches", 1)
	if operator := OperatorWord(function); operator != "" {
		return at(CodeType, fmt.Sprintf("`%s` can't work on %s", operator, strings.ReplaceAll(strings.TrimSuffix(strings.TrimPrefix(arguments, "("), ")"), ", ", " and ")))
	}
	if receiver, rest, ok := strings.Cut(arguments, ".("); ok {
		p := at(CodeType, fmt.Sprintf("%s has no function `%s` for (%s", receiver, function, rest))
		p.Suggestion = x.usage(function, receiver)
		if p.Suggestion == "" && receiver == x.table.Name {
			p.Suggestion = x.elsewhere(function)
		}
		return p
	}
	p := at(CodeType, fmt.Sprintf("`%s` can't take %s", function, arguments))
	p.Suggestion = x.usage(function, "")
	return p
}

// usage shows how a function of this language is called.
func (x *explainer) usage(function, receiver string) string {
	for _, f := range x.lang.functions {
		if f.Name == function && f.Of == receiver {
			return "it is " + f.Signature()
		}
	}
	return ""
}
