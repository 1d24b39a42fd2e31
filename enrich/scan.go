package enrich

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/bits"
)

// maxDepth bounds the nesting of JSON values, so that a hostile row can't exhaust the stack.
const maxDepth = 1000

// SyntaxError says where a text stops being JSON (RFC 8259).
type SyntaxError struct {
	Offset int // of the offending byte, from 0
	Reason string
}

// Error names the place and the reason.
func (e *SyntaxError) Error() string { return fmt.Sprintf("byte %d: %s", e.Offset+1, e.Reason) }

// ScanValue checks the JSON value at the start of data[at:], white space before it included, and returns the offset
// behind it. A value that data cuts off is io.ErrUnexpectedEOF, anything else that isn't JSON a *SyntaxError.
// A number is taken to end where data does.
func ScanValue(data []byte, at int) (end int, err error) { return scanValue(data, at, 0) }

// Valid reports whether data is one JSON value with nothing but white space around it, nested at most depth deep.
func validWithin(data []byte, depth int) bool {
	end, err := scanValue(data, 0, maxDepth-depth)
	return err == nil && skipSpace(data, end) == len(data)
}

func skipSpace(d []byte, i int) int {
	for i < len(d) && (d[i] == ' ' || d[i] == '\n' || d[i] == '\t' || d[i] == '\r') {
		i++
	}
	return i
}

func scanValue(d []byte, i, depth int) (int, error) {
	i = skipSpace(d, i)
	if i >= len(d) {
		return i, io.ErrUnexpectedEOF
	}
	switch c := d[i]; {
	case c == '"':
		return scanString(d, i)
	case c == '{' || c == '[':
		if depth >= maxDepth {
			return i, &SyntaxError{i, "nested too deep"}
		}
		return scanComposite(d, i, depth+1)
	case c == '-' || isDigit(c):
		return scanNumber(d, i)
	case c == 't':
		return scanLiteral(d, i, "true")
	case c == 'f':
		return scanLiteral(d, i, "false")
	case c == 'n':
		return scanLiteral(d, i, "null")
	default:
		return i, &SyntaxError{i, fmt.Sprintf("unexpected %q, want a JSON value", rune(c))}
	}
}

// scanComposite scans the object or array whose bracket is at i.
func scanComposite(d []byte, i, depth int) (int, error) {
	object, closing := d[i] == '{', byte(']')
	if object {
		closing = '}'
	}
	i = skipSpace(d, i+1)
	if i < len(d) && d[i] == closing {
		return i + 1, nil
	}
	var err error
	for {
		if object {
			if _, i, err = scanName(d, skipSpace(d, i)); err != nil {
				return i, err
			}
		}
		if i, err = scanValue(d, i, depth); err != nil {
			return i, err
		}
		if i = skipSpace(d, i); i >= len(d) {
			return i, io.ErrUnexpectedEOF
		}
		switch d[i] {
		case closing:
			return i + 1, nil
		case ',':
			i++
		default:
			return i, &SyntaxError{i, fmt.Sprintf("unexpected %q, want ',' or %q", rune(d[i]), rune(closing))}
		}
	}
}

// scanName scans the member's name at i and the colon behind it, and returns the offsets behind both.
func scanName(d []byte, i int) (end, next int, err error) {
	if i >= len(d) {
		return i, i, io.ErrUnexpectedEOF
	}
	if d[i] != '"' {
		return i, i, &SyntaxError{i, fmt.Sprintf("unexpected %q, want a name in quotes", rune(d[i]))}
	}
	if end, err = scanString(d, i); err != nil {
		return end, end, err
	}
	if i = skipSpace(d, end); i >= len(d) {
		return end, i, io.ErrUnexpectedEOF
	}
	if d[i] != ':' {
		return end, i, &SyntaxError{i, fmt.Sprintf("unexpected %q, want ':'", rune(d[i]))}
	}
	return end, i + 1, nil
}

// scanString scans the string whose opening quote is at i.
func scanString(d []byte, i int) (int, error) {
	i++
	for {
		i = plainRun(d, i)
		if i >= len(d) {
			return i, io.ErrUnexpectedEOF
		}
		switch d[i] {
		case '"':
			return i + 1, nil
		case '\\':
			var err error
			if i, err = scanEscape(d, i); err != nil {
				return i, err
			}
		default:
			return i, &SyntaxError{i, "control character in a string"}
		}
	}
}

// plainRun skips the bytes of a string that need no attention, eight at a time: it stops at a quote, a backslash, a
// control character or the end.
func plainRun(d []byte, i int) int {
	const ones, highs = 0x0101010101010101, 0x8080808080808080
	for ; i+8 <= len(d); i += 8 {
		w := binary.LittleEndian.Uint64(d[i:])
		quote, slash := w^(ones*'"'), w^(ones*'\\')
		stop := ((w-ones*0x20)&^w | (quote-ones)&^quote | (slash-ones)&^slash) & highs
		if stop != 0 {
			return i + bits.TrailingZeros64(stop)/8
		}
	}
	for i < len(d) && d[i] != '"' && d[i] != '\\' && d[i] >= 0x20 {
		i++
	}
	return i
}

func scanEscape(d []byte, i int) (int, error) {
	if i+1 >= len(d) {
		return len(d), io.ErrUnexpectedEOF
	}
	switch d[i+1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return i + 2, nil
	case 'u':
		for k := i + 2; k < i+6; k++ {
			if k >= len(d) {
				return k, io.ErrUnexpectedEOF
			}
			if _, ok := hexDigit(d[k]); !ok {
				return k, &SyntaxError{k, "a \\u escape needs four hexadecimal digits"}
			}
		}
		return i + 6, nil
	}
	return i + 1, &SyntaxError{i + 1, fmt.Sprintf("unknown escape \\%c", d[i+1])}
}

func hexDigit(c byte) (rune, bool) {
	switch {
	case isDigit(c):
		return rune(c - '0'), true
	case c >= 'a' && c <= 'f':
		return rune(c-'a') + 10, true
	case c >= 'A' && c <= 'F':
		return rune(c-'A') + 10, true
	}
	return 0, false
}

func scanLiteral(d []byte, i int, word string) (int, error) {
	for k := range len(word) {
		if i+k >= len(d) {
			return len(d), io.ErrUnexpectedEOF
		}
		if d[i+k] != word[k] {
			return i + k, &SyntaxError{i + k, "want " + word}
		}
	}
	return i + len(word), nil
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func scanNumber(d []byte, i int) (int, error) {
	if d[i] == '-' {
		i++
	}
	var err error
	if i < len(d) && d[i] == '0' {
		i++
	} else if i, err = scanDigits(d, i); err != nil {
		return i, err
	}
	if i < len(d) && d[i] == '.' {
		if i, err = scanDigits(d, i+1); err != nil {
			return i, err
		}
	}
	if i < len(d) && (d[i] == 'e' || d[i] == 'E') {
		if i++; i < len(d) && (d[i] == '+' || d[i] == '-') {
			i++
		}
		return scanDigits(d, i)
	}
	return i, nil
}

func scanDigits(d []byte, i int) (int, error) {
	if i >= len(d) {
		return i, io.ErrUnexpectedEOF
	}
	if !isDigit(d[i]) {
		return i, &SyntaxError{i, "want a digit"}
	}
	for i < len(d) && isDigit(d[i]) {
		i++
	}
	return i, nil
}

var errNotString = errors.New("not a JSON string")
