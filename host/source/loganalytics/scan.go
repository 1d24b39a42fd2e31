package loganalytics

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/riskrelay/riskrelay/enrich"
)

const (
	// The text of a reply is kept in chunks: small ones at first, as most replies hold a few rows only.
	minChunk, maxChunk = 16 << 10, 256 << 10
	// maxValue bounds the memory that one row can take. What Log Analytics takes in is far smaller.
	maxValue = 32 << 20
)

// scanner takes JSON apart while it arrives. Texts that it returns are never written again, so rows needn't be copied.
type scanner struct {
	body   io.Reader
	buf    []byte // read and not yet given away from at on
	at     int
	offset int64 // of buf[0] in the body
}

// malformed says where and why a reply isn't what it should be.
func (s *scanner) malformed(format string, args ...any) error {
	return fmt.Errorf("reply is malformed near byte %d: %s", s.offset+int64(s.at)+1, fmt.Sprintf(format, args...))
}

// read appends what the body gives. At the body's end the error is io.EOF.
func (s *scanner) read() error {
	if cap(s.buf)-len(s.buf) < 4<<10 {
		rest := s.buf[s.at:]
		fresh := make([]byte, len(rest), max(minChunk, min(2*cap(s.buf), maxChunk), 2*len(rest)))
		copy(fresh, rest)
		s.offset += int64(s.at)
		s.buf, s.at = fresh, 0
	}
	for range 100 { // as bufio does: a reader that never reads is broken
		n, err := s.body.Read(s.buf[len(s.buf):cap(s.buf)])
		s.buf = s.buf[:len(s.buf)+n]
		if n > 0 {
			return nil // an error comes again
		}
		if err != nil {
			return err
		}
	}
	return io.ErrNoProgress
}

// more reads at least as much as is there already, so that a long value is scanned a few times, not once a packet.
func (s *scanner) more() error {
	had := len(s.buf) - s.at
	for len(s.buf)-s.at < max(1, 2*had) {
		if had > maxValue {
			return s.malformed("a value of more than %d bytes", maxValue)
		}
		err := s.read()
		switch {
		case errors.Is(err, io.EOF) && len(s.buf)-s.at == had:
			return fmt.Errorf("reply ends too early, after %d bytes: %w", s.offset+int64(len(s.buf)), io.ErrUnexpectedEOF)
		case errors.Is(err, io.EOF):
			return nil // what came may be enough
		case err != nil:
			return fmt.Errorf("read the reply: %w", err)
		}
	}
	return nil
}

// peek returns the next byte that isn't white space, without taking it.
func (s *scanner) peek() (byte, error) {
	for {
		if s.at = skipSpace(s.buf, s.at); s.at < len(s.buf) {
			return s.buf[s.at], nil
		}
		if err := s.more(); err != nil {
			return 0, err
		}
	}
}

func skipSpace(text []byte, i int) int {
	for i < len(text) && (text[i] == ' ' || text[i] == '\n' || text[i] == '\t' || text[i] == '\r') {
		i++
	}
	return i
}

// next takes the next byte that isn't white space; it must be one of want.
func (s *scanner) next(want string) (byte, error) {
	c, err := s.peek()
	if err != nil {
		return 0, err
	}
	if bytes.IndexByte([]byte(want), c) < 0 {
		return 0, s.malformed("found %q, want one of %q", c, want)
	}
	s.at++
	return c, nil
}

// take takes the text that scan finds at the start of what it is given.
func (s *scanner) take(scan func(text []byte) (end int, err error)) ([]byte, error) {
	if _, err := s.peek(); err != nil {
		return nil, err
	}
	for {
		end, err := scan(s.buf[s.at:])
		if err == nil && s.at+end < len(s.buf) { // at the end of buf a number may go on
			text := s.buf[s.at : s.at+end : s.at+end]
			s.at += end
			return text, nil
		}
		if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
			return nil, s.syntax(err)
		}
		if err := s.more(); err != nil {
			return nil, err
		}
	}
}

func (s *scanner) syntax(err error) error {
	if place := new(enrich.SyntaxError); errors.As(err, &place) {
		s.at += place.Offset
		return s.malformed("%s", place.Reason)
	}
	return s.malformed("%v", err)
}

// value takes any value.
func (s *scanner) value() ([]byte, error) {
	return s.take(func(text []byte) (int, error) { return enrich.ScanValue(text, 0) })
}

// text takes a string and decodes it.
func (s *scanner) text() (string, error) {
	if c, err := s.peek(); err != nil {
		return "", err
	} else if c != '"' {
		return "", s.malformed("found %q, want a string", c)
	}
	quoted, err := s.value()
	if err != nil {
		return "", err
	}
	text, err := enrich.Unquote(quoted)
	return string(text), err
}

// object takes an object; member must take the value of each member.
func (s *scanner) object(member func(name string) error) error {
	return s.composite("{", '}', func() error {
		name, err := s.text()
		if err != nil {
			return err
		}
		if _, err := s.next(":"); err != nil {
			return err
		}
		return member(name)
	})
}

// array takes an array; element must take each element.
func (s *scanner) array(element func() error) error { return s.composite("[", ']', element) }

func (s *scanner) composite(opening string, closing byte, element func() error) error {
	if _, err := s.next(opening); err != nil {
		return err
	}
	if c, err := s.peek(); err != nil {
		return err
	} else if c == closing {
		s.at++
		return nil
	}
	for next := "," + string(closing); ; {
		if err := element(); err != nil {
			return err
		}
		c, err := s.next(next)
		if err != nil || c == closing {
			return err
		}
	}
}

// row takes an array and leaves the places of its elements in cells, which it may write over. Original is what came when U+FFFD
// stands for what was no UTF-8 in it, otherwise nil.
func (s *scanner) row(cells []enrich.Span) (text []byte, _ []enrich.Span, original []byte, err error) {
	text, err = s.take(func(text []byte) (end int, err error) {
		end, cells, err = splitRow(text, cells[:0])
		return end, err
	})
	if err != nil {
		return nil, cells, nil, err
	}
	if text, original = enrich.ValidUTF8(text); original == nil {
		return text, cells, nil, nil
	}
	_, cells, err = splitRow(text, cells[:0]) // the places have moved
	return text, cells, original, err
}

// splitRow appends the places of the elements of the array at the start of text and returns the offset behind it.
func splitRow(text []byte, cells []enrich.Span) (int, []enrich.Span, error) {
	if text[0] != '[' {
		return 0, cells, &enrich.SyntaxError{Reason: "a row must be an array"}
	}
	i := skipSpace(text, 1)
	if i < len(text) && text[i] == ']' {
		return i + 1, cells, nil
	}
	for {
		start := skipSpace(text, i)
		end, err := enrich.ScanValue(text, start)
		if err != nil {
			return end, cells, err
		}
		cells = append(cells, enrich.Span{Start: uint32(start), End: uint32(end)})
		if i = skipSpace(text, end); i >= len(text) {
			return i, cells, io.ErrUnexpectedEOF
		}
		switch text[i] {
		case ']':
			return i + 1, cells, nil
		case ',':
			i++
		default:
			return i, cells, &enrich.SyntaxError{Offset: i, Reason: "want ',' or ']' in a row"}
		}
	}
}

// end checks that nothing but white space follows, up to the body's clean end.
func (s *scanner) end() error {
	for {
		if s.at = skipSpace(s.buf, s.at); s.at < len(s.buf) {
			return s.malformed("text behind the reply")
		}
		if err := s.read(); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return fmt.Errorf("read the end of the reply: %w", err)
		}
	}
}
