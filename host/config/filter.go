package config

import (
	"errors"
	"reflect"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml/ast"

	"github.com/riskrelay/riskrelay/enrich/diag"
	"github.com/riskrelay/riskrelay/host/source/loganalytics"
)

// checkFilter reports what is wrong with a table's filter, where it is wrong.
func (s *sourceFile) checkFilter(n ast.Node, t reflect.Type) {
	if literal, ok := n.(*ast.LiteralNode); ok {
		n = literal.Value
	}
	text, ok := n.(*ast.StringNode)
	if !ok || t != reflect.TypeFor[loganalytics.Filter]() {
		return
	}
	if err := loganalytics.Filter(text.Value).Check(); err != nil && !s.full() {
		s.problems = append(s.problems, s.inText(text, text.Value, err))
	}
}

// inText is a problem with the text of n: the caret is at what is wrong, if the file spells the text as YAML read it.
func (s *sourceFile) inText(n ast.Node, text string, err error) diag.Problem {
	message := "the filter " + err.Error()
	p, wrong := s.at(CodeValue, n, message), new(loganalytics.FilterError)
	if p.Pos.Line < 1 || p.Pos.Line > len(s.lines) || !errors.As(err, &wrong) {
		return p
	}
	line := s.lines[p.Pos.Line-1]
	before, rest := diag.CutAt(line, p.Pos.Column-1) // other filters may stand there
	begin := strings.Index(rest, text)
	if begin < 0 {
		return p
	}
	p = s.problem(CodeValue, p.Pos.Line, utf8.RuneCountInString(before+rest[:begin])+1, utf8.RuneCountInString(text), message)
	p.Pos.Column += utf8.RuneCountInString(text[:wrong.At])
	p.Width = max(1, utf8.RuneCountInString(text[wrong.At:wrong.At+wrong.Width]))
	return p
}
