package compile

import (
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/ast"
	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"

	"github.com/riskrelay/riskrelay/enrich/celrule/event"
	"github.com/riskrelay/riskrelay/enrich/rulefile"
)

// Uses are the names that an expression depends on.
type Uses struct {
	Lets, Lists, Macros, Needs, Columns map[string]bool
}

func newUses() Uses {
	return Uses{map[string]bool{}, map[string]bool{}, map[string]bool{}, map[string]bool{}, map[string]bool{}}
}

func (u Uses) add(other Uses) {
	for _, pair := range [][2]map[string]bool{
		{u.Lets, other.Lets},
		{u.Lists, other.Lists},
		{u.Macros, other.Macros},
		{u.Needs, other.Needs},
		{u.Columns, other.Columns},
	} {
		for name := range pair[1] {
			pair[0][name] = true
		}
	}
}

// Expression is a compiled expression of one rule in one table.
type Expression struct {
	Watched bool // its cost isn't bounded beforehand: it depends on the event
	uses    Uses
	tree    *tree
	texts   []string // stand in the holes of the tree

	once    sync.Once // plans
	program cel.Program
	cost    price
	err     error
}

// tree is a checked syntax tree. Where expressions differ in nothing but the texts in them, as those of large sets do, they share one
// tree with holes: it is most of what a rule takes, of memory and of the time to load it.
type tree struct {
	lang    *Language
	env     *cel.Env
	checked *ast.AST
	holes   []hole // in the order of the text, none in a tree of one expression's own
}

// hole is where the text of an expression stands, with its quotes, and what stands there in the tree; in characters.
type hole struct{ start, length int }

// Checked is the checked expression, made anew where the tree is shared. Places are left out, see Located.
func (e *Expression) Checked() *ast.AST {
	if len(e.texts) == 0 {
		return e.tree.checked
	}
	return e.tree.filled(e.texts, ast.NewSourceInfo(nil))
}

// ResultType is the type of what comes out.
func (e *Expression) ResultType() *types.Type {
	return e.tree.checked.GetType(e.tree.checked.Expr().ID())
}

// Located is Checked with the places of its parts.
func (e *Expression) Located() *ast.AST {
	if len(e.texts) == 0 {
		return e.tree.checked
	}
	return e.tree.filled(e.texts, e.tree.places(e.texts))
}

// Eval evaluates the expression, which is planned when that is asked for the first time: most rules of a large set never see an event
// that they could match. The error is CEL's.
func (e *Expression) Eval(vars cel.Activation) (ref.Val, error) {
	if e.plan(); e.err != nil {
		return nil, e.err
	}
	v, _, err := e.program.Eval(vars)
	return v, err
}

func (e *Expression) plan() {
	e.once.Do(func() {
		checked := e.Checked()
		meters := e.tree.lang.newMeters(checked)
		e.cost = meters.whole
		e.program, e.err = e.tree.env.PlanProgram(checked, cel.EvalOptions(cel.OptOptimize), cel.CustomDecoratorV2(meters.decorate))
	})
}

// filled is the tree with the texts in its holes.
func (t *tree) filled(texts []string, places *ast.SourceInfo) *ast.AST {
	fac := ast.NewExprFactory()
	e := fac.CopyExpr(t.checked.Expr())
	ast.PostOrderVisit(e, ast.NewExprVisitor(func(e ast.Expr) {
		switch e.Kind() {
		case ast.LiteralKind:
			if s, ok := e.AsLiteral().(types.String); ok {
				if n, ok := holeNumber(string(s)); ok {
					e.SetKindCase(fac.NewLiteral(e.ID(), types.String(texts[n])))
				}
			}
		case ast.SelectKind: // of a["b"] == null
			if n, ok := holeNumber(e.AsSelect().FieldName()); ok {
				e.SetKindCase(fac.NewPresenceTest(e.ID(), e.AsSelect().Operand(), texts[n]))
			}
		}
	}))
	return ast.NewCheckedAST(ast.NewAST(e, places), t.checked.TypeMap(), t.checked.ReferenceMap())
}

// places are those of the nodes when the texts stand in the holes.
func (t *tree) places(texts []string) *ast.SourceInfo {
	out := ast.NewSourceInfo(nil)
	moved := func(at int32) int32 {
		by := 0
		for i, h := range t.holes {
			if int(at) < h.start+h.length {
				break
			}
			by += utf8.RuneCountInString(texts[i]) + len(`""`) - h.length
		}
		return at + int32(by)
	}
	for id, at := range t.checked.SourceInfo().OffsetRanges() {
		out.SetOffsetRange(id, ast.OffsetRange{Start: moved(at.Start), Stop: moved(at.Stop)})
	}
	return out
}

// holeMark begins and ends what stands in a hole. It isn't in any text of a rule file that is taken apart.
const holeMark = "\x01"

func holeNumber(s string) (int, bool) {
	if !strings.HasPrefix(s, holeMark) {
		return 0, false
	}
	n, err := strconv.Atoi(strings.Trim(s, holeMark))
	return n, err == nil
}

// shapeOf takes the texts out of an expression. What is left has numbered marks in the place of texts, and is the same for all
// expressions that differ in them alone. It is "" for one with a way of writing that isn't looked into, which gets a tree of its own.
func shapeOf(expr string) (shape string, texts []string, holes []hole) {
	if len(expr) > rulefile.MaxExpression || strings.ContainsAny(expr, holeMark+"`") {
		return "", nil, nil
	}
	var b strings.Builder
	at := 0 // characters of b
	write := func(s string) {
		b.WriteString(s)
		at += utf8.RuneCountInString(s)
	}
	bytes := []byte(expr)
	for rest := expr; ; {
		i := strings.IndexAny(rest, `"'/`)
		if i < 0 {
			write(rest)
			return b.String(), texts, holes
		}
		before, from := rest[:i], rest[i:]
		if from[0] == '/' && !strings.HasPrefix(from, "//") {
			write(rest[:i+1])
			rest = from[1:]
			continue
		}
		quote := from[:1]
		end := quotedLength(bytes[len(expr)-len(from):]) - 1
		prefixed := before != "" && isWord(rune(before[len(before)-1])) // r"..", b".."
		if quote == "/" || prefixed || end == 0 || strings.HasPrefix(from, quote+quote+quote) {
			return "", nil, nil
		}
		write(before)
		if text := from[1:end]; text == "" || strings.ContainsAny(text, "\\\r\n") { // "" is looked at, see rewriter.null
			write(from[:end+1])
		} else {
			mark := holeMark + strconv.Itoa(len(texts)) + holeMark
			texts, holes = append(texts, text), append(holes, hole{at, len(mark) + 2*len(quote)})
			write(quote + mark + quote)
		}
		rest = from[end+1:]
	}
}

// sharing is what expressions have in common that are compiled once. Lets, which mean something else in each rule, must
// not be in them. Large sets have few different messages and objects.
type sharing struct {
	table *event.Table
	expr  string
	key   string
}
