package index

import (
	"regexp/syntax"

	"github.com/google/cel-go/common/ast"

	"github.com/riskrelay/riskrelay/enrich/celrule/compile"
)

// pattern returns the conditions for the text e to match a regular expression: that it contains a text without which nothing
// matches. For event.operation the whole expression is tried, once for each of the few operations there are.
func (f *finder) pattern(e, pattern ast.Expr, in *scope) []condition {
	text, ok := compile.Literal(pattern)
	if !ok {
		return nil
	}
	if e.Kind() == ast.CallKind && e.AsCall().FunctionName() == compile.ShortFunction {
		e = e.AsCall().Args()[0]
	}
	if q, ok := f.asked(e, in); ok && q.how == asOperation {
		return one(atom{q, text, matches})
	}
	parsed, err := syntax.Parse(text, syntax.Perl)
	if err != nil {
		return nil
	}
	needed := neededTexts(parsed)
	if needed == nil {
		return nil
	}
	return f.insideOf(e, needed, in)
}

// maxAlternatives bounds the texts of one pattern.
const maxAlternatives = 64

// neededTexts returns texts of which at least one stands, in whatever case, in every text that matches; nil if there are none that
// are long enough to be looked for.
func neededTexts(re *syntax.Regexp) []string {
	switch re.Op {
	case syntax.OpLiteral:
		if text := string(re.Rune); wordOf(text) != "" {
			return []string{text}
		}
	case syntax.OpCapture, syntax.OpPlus:
		return neededTexts(re.Sub[0])
	case syntax.OpRepeat:
		if re.Min > 0 {
			return neededTexts(re.Sub[0])
		}
	case syntax.OpConcat:
		return bestTexts(re.Sub)
	case syntax.OpAlternate:
		return allTexts(re.Sub)
	}
	return nil
}

// bestTexts are those of the part that has the fewest and longest: all parts must fit.
func bestTexts(parts []*syntax.Regexp) (best []string) {
	shortest := func(texts []string) int {
		n := len(wordOf(texts[0]))
		for _, s := range texts {
			n = min(n, len(wordOf(s)))
		}
		return n
	}
	for _, part := range parts {
		texts := neededTexts(part)
		if texts == nil {
			continue
		}
		if best == nil || len(texts) < len(best) || len(texts) == len(best) && shortest(texts) > shortest(best) {
			best = texts
		}
	}
	return best
}

// allTexts are those of all parts: any of them may fit.
func allTexts(parts []*syntax.Regexp) (all []string) {
	for _, part := range parts {
		texts := neededTexts(part)
		if texts == nil || len(all)+len(texts) > maxAlternatives {
			return nil
		}
		all = append(all, texts...)
	}
	return all
}
