package kql

import "strconv"

// maxDepth bounds the nesting of expressions.
const maxDepth = 100

// Parse reads a query. The error is a *SyntaxError.
func Parse(text string) (*Query, error) {
	tokens, err := lex(text)
	if err != nil {
		return nil, err
	}
	p := &parser{text: text, tokens: tokens}
	q := &Query{}
	if err := p.query(q); err != nil {
		return nil, err
	}
	return q, nil
}

type parser struct {
	text   string
	tokens []token
	at     int
	depth  int
}

func (p *parser) peek() token { return p.tokens[p.at] }

func (p *parser) next() token {
	t := p.tokens[p.at]
	if t.kind != endToken {
		p.at++
	}
	return t
}

func (p *parser) is(punct string) bool {
	t := p.peek()
	return t.kind == punctToken && t.text == punct
}

func (p *parser) accept(punct string) bool {
	if p.is(punct) {
		p.at++
		return true
	}
	return false
}

func (p *parser) acceptWord(word string) bool {
	if t := p.peek(); t.kind == nameToken && t.text == word {
		p.at++
		return true
	}
	return false
}

func (p *parser) fail(t token, reason string) error {
	word := p.text[t.at:t.end]
	if t.kind == endToken {
		word = "<EOF>"
	}
	return syntaxError(p.text, t.at, word, reason)
}

func (p *parser) want(punct string) error {
	if !p.accept(punct) {
		return p.fail(p.peek(), "want "+punct)
	}
	return nil
}

func (p *parser) query(q *Query) (err error) {
	first := p.next()
	if q.source = first.text; first.kind != nameToken {
		return p.fail(first, "want a table")
	}
	for err == nil && p.accept("|") {
		var s step
		if s, err = p.step(); err == nil {
			q.steps = append(q.steps, s)
		}
	}
	if err != nil {
		return err
	}
	if t := p.peek(); t.kind != endToken {
		return p.fail(t, "want | or the end of the query")
	}
	return nil
}

// step reads one operator.
func (p *parser) step() (s step, err error) {
	first := p.next()
	if first.kind != nameToken {
		return s, p.fail(first, "want an operator")
	}
	s.op = first.text
	switch s.op {
	case "where":
		var n node
		n, err = p.expression()
		s.exprs = []named{{"", n}}
	case "extend", "project":
		s.exprs, err = p.namedList()
	case "order", "sort":
		s.op = "sort"
		if !p.acceptWord("by") {
			return s, p.fail(p.peek(), "want by")
		}
		err = p.keys(&s)
	case "take":
		s.limit, err = p.count()
	case "summarize":
		err = p.summarize(&s)
	default:
		err = p.fail(first, "this operator is not known here")
	}
	return s, err
}

func (p *parser) count() (int, error) {
	t := p.next()
	n, err := strconv.Atoi(t.text)
	if t.kind != numberToken || err != nil {
		return 0, p.fail(t, "want a whole number")
	}
	return n, nil
}

func (p *parser) summarize(s *step) (err error) {
	if s.exprs, err = p.namedList(); err == nil && p.acceptWord("by") {
		s.by, err = p.namedList()
	}
	return err
}

// keys reads what order by is followed by. Descending is Kusto's default.
func (p *parser) keys(s *step) error {
	for {
		n, err := p.expression()
		if err != nil {
			return err
		}
		down := true
		if p.acceptWord("asc") {
			down = false
		} else {
			p.acceptWord("desc")
		}
		s.exprs, s.down = append(s.exprs, named{"", n}), append(s.down, down)
		if !p.accept(",") {
			return nil
		}
	}
}

// namedList reads a, b = expression, ...
func (p *parser) namedList() (list []named, err error) {
	for {
		var n named
		if t := p.peek(); t.kind == nameToken {
			if after := p.tokens[p.at+1]; after.kind == punctToken && after.text == "=" {
				n.name = t.text
				p.at += 2
			}
		}
		if n.node, err = p.expression(); err != nil {
			return nil, err
		}
		if list = append(list, n); !p.accept(",") {
			return list, nil
		}
	}
}
