package diag

import (
	"errors"
	"fmt"
	"io"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/scanner"
	"github.com/goccy/go-yaml/token"
)

// The bounds of a YAML text beside its size. The parser calls itself for each level and for each key of a block mapping,
// and goes through all documents for each.
const (
	maxKeys      = 10_000 // keys of one block mapping
	maxDocuments = 100
)

// MaxDepth is how deep collections may nest.
const MaxDepth = 64

// YAMLError says why a text is refused before it is parsed.
type YAMLError struct {
	Limit   bool // over a bound; otherwise it has a part of YAML that is refused
	Message string
	At      *token.Token
}

// Error is the message, without a place.
func (e *YAMLError) Error() string { return e.Message }

// ParseYAML makes the syntax tree of a YAML text. The text may have at most so many tokens, which are scalars and
// indicators, of which each takes some hundred bytes of memory; collections may nest [MaxDepth] deep; anchors, aliases,
// merge keys and tags are refused, and so are tabs in a text without quotes, which the library drops. All that is found out before the tree is made. The error is a [*YAMLError] or the
// parser's, which has a place when it is a yaml.Error.
func ParseYAML(text string, maxTokens int, options ...parser.Option) (file *ast.File, err error) {
	defer func() { // the library panics on some malformed input; such a text is refused like any other
		if r := recover(); r != nil {
			file, err = nil, fmt.Errorf("the YAML can't be read: %v", r)
		}
	}()
	tokens, err := tokenize(text, maxTokens)
	if err != nil {
		return nil, err
	}
	return parser.Parse(tokens, 0, options...)
}

// tokenize cuts a text into tokens, up to the first that refuses it.
func tokenize(text string, maxTokens int) (tokens token.Tokens, err error) {
	if line := blankRun(text); line > 0 {
		at := &token.Token{Position: &token.Position{Line: line, Column: 1}}
		return nil, &YAMLError{Limit: true, Message: fmt.Sprintf("more than %d empty lines in a row", maxBlank), At: at}
	}
	var s scanner.Scanner
	s.Init(text)
	g := guard{maxTokens: maxTokens}
	for {
		found, err := s.Scan()
		if errors.Is(err, io.EOF) {
			return tokens, nil
		}
		for _, tk := range found {
			if refusal := g.refusal(tk); refusal != nil {
				return nil, refusal
			}
			tokens.Add(tk)
		}
	}
}

// guard looks at the tokens of a text one by one.
type guard struct {
	maxTokens int

	count, documents int
	last             *token.Token
	flow             int     // open brackets
	marks            int     // indicators of entries, keys and values inside of them since the last comma
	block            []level // the block collections around the token, the outermost first
}

// level is a block collection. The columns never shrink on the way in.
type level struct {
	column, keys int
	list         bool
}

// refusal says what is wrong with the next token, nil for nothing.
func (g *guard) refusal(tk *token.Token) *YAMLError {
	at := tk
	if tk.Type == token.MappingValueType && g.last != nil {
		at = g.last // the key
	}
	over := func(format string, bound int) *YAMLError {
		return &YAMLError{Limit: true, Message: fmt.Sprintf(format, bound), At: at}
	}
	if g.count++; g.count > g.maxTokens {
		return over("more than %d values and marks in one file; split it", g.maxTokens)
	}
	if message := forbiddenToken(tk); message != "" {
		return &YAMLError{Message: message, At: tk}
	}
	if tab := lostTab(tk); tab != nil {
		return &YAMLError{Message: "a tab in a text without quotes: use spaces, or put the text into double quotes with \\t", At: tab}
	}
	g.track(tk)
	switch {
	case g.documents > maxDocuments:
		return over("more than %d YAML documents in one file", maxDocuments)
	case len(g.block)+g.flow > MaxDepth, g.marks > MaxDepth, len(g.block) >= MaxDepth: // a key is a level, too
		return over("nested deeper than %d levels", MaxDepth)
	case len(g.block) > 0 && g.block[len(g.block)-1].keys > maxKeys:
		return over("more than %d keys in one mapping", maxKeys)
	}
	return nil
}

// forbiddenToken says why a file may not have the token, "" when it may.
func forbiddenToken(tk *token.Token) string {
	switch tk.Type {
	case token.AnchorType, token.AliasType, token.MergeKeyType:
		return "anchors, aliases and merge keys are not supported: write it out; a text that begins with & or * needs quotes"
	case token.TagType:
		return "YAML tags are not supported: quote a text that begins with !, as in '!event.success'"
	}
	return ""
}

// track notes where the token stands.
func (g *guard) track(tk *token.Token) {
	switch tk.Type {
	case token.DocumentHeaderType:
		g.documents++
		g.block = g.block[:0]
	case token.MappingStartType, token.SequenceStartType:
		g.flow++
	case token.MappingEndType, token.SequenceEndType:
		g.flow = max(0, g.flow-1)
	case token.CollectEntryType:
		g.marks = 0
	case token.SequenceEntryType, token.MappingKeyType, token.MappingValueType:
		g.enter(tk)
	}
	if g.last = tk; g.flow == 0 {
		g.marks = 0
	}
}

// enter opens the collection whose entry or key the token marks, or goes on in it. A block collection ends those that
// stand further to the right.
func (g *guard) enter(tk *token.Token) {
	if g.flow > 0 {
		g.marks++
		return
	}
	l := level{column: tk.Position.Column, list: tk.Type == token.SequenceEntryType}
	if tk.Type == token.MappingValueType && g.last != nil {
		l.column = min(l.column, g.last.Position.Column) // the key's
	}
	n := len(g.block)
	for n > 0 && (g.block[n-1].column > l.column || g.block[n-1].column == l.column && g.block[n-1].list && !l.list) {
		n--
	}
	if g.block = g.block[:n]; n == 0 || g.block[n-1].column != l.column || g.block[n-1].list != l.list {
		g.block = append(g.block, l)
		n++
	}
	if !l.list {
		g.block[n-1].keys++
	}
}
