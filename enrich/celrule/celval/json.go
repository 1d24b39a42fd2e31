package celval

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"

	"github.com/riskrelay/riskrelay/enrich"
)

// Limits of a JSON value that rules may look into. They bound what a hostile row can cost: a rule may walk through
// each list inside of each list.
const (
	maxJSONDepth = 32
	maxJSONItems = 512       // elements of one list, members of one object
	MaxJSON      = 256 << 10 // bytes of JSON that stands in a string
)

// Parse makes a CEL value of a JSON text: string, bool, null; a number that is a whole one an int, however it is written, any
// other a double; an array a list, an object a map. Members that are null are left out, because the logs write "null" and
// nothing at all for the same thing. What is nested too deep is an error in its own place, so that the rest can be read. A text
// that isn't JSON or is over the other limits is an error.
func Parse(text []byte) (ref.Val, error) {
	end, err := enrich.ScanValue(text, 0)
	if err != nil {
		return nil, fmt.Errorf("read JSON: %w", err)
	}
	if strings.TrimSpace(string(text[end:])) != "" {
		return nil, fmt.Errorf("read JSON: text after the value")
	}
	r := &jsonReader{text: text}
	return r.value(maxJSONDepth)
}

// jsonReader walks over a text that is known to be JSON.
type jsonReader struct {
	text []byte
	at   int
}

func (r *jsonReader) skipSpace() {
	for r.at < len(r.text) && strings.IndexByte(" \t\r\n", r.text[r.at]) >= 0 {
		r.at++
	}
}

func (r *jsonReader) value(depth int) (ref.Val, error) {
	if r.skipSpace(); r.at >= len(r.text) {
		return nil, fmt.Errorf("read JSON: text ends")
	}
	composite := r.text[r.at] == '{' || r.text[r.at] == '['
	switch {
	case composite && depth > 0 && r.text[r.at] == '{':
		return r.object(depth)
	case composite && depth > 0:
		return r.array(depth)
	}
	start := r.at
	end, err := enrich.ScanValue(r.text, start)
	if err != nil {
		return nil, fmt.Errorf("read JSON: %w", err)
	}
	if r.at = end; composite {
		return types.NewErr("read JSON: nested deeper than %d", maxJSONDepth), nil
	}
	return scalar(r.text[start:end])
}

// maxExact is the largest number up to which all whole numbers are doubles of their own.
const maxExact = 1 << 53

func scalar(text []byte) (ref.Val, error) {
	switch text[0] {
	case '"':
		s, err := enrich.Unquote(text)
		return types.String(s), err
	case 't':
		return types.True, nil
	case 'f':
		return types.False, nil
	case 'n':
		return types.NullValue, nil
	}
	if i, err := strconv.ParseInt(string(text), 10, 64); err == nil {
		return types.Int(i), nil
	}
	f, err := strconv.ParseFloat(string(text), 64) // out of range is infinite
	if err != nil && f == 0 {
		return nil, fmt.Errorf("read JSON number: %w", err)
	}
	if f == math.Trunc(f) && math.Abs(f) <= maxExact { // 5.0, 7e6
		return types.Int(f), nil
	}
	return types.Double(f), nil
}

func (r *jsonReader) array(depth int) (ref.Val, error) {
	var items []ref.Val
	err := r.members('[', ']', func() error {
		v, err := r.value(depth - 1)
		items = append(items, v)
		return err
	})
	if err != nil {
		return nil, err
	}
	return NewList(items), nil
}

func (r *jsonReader) object(depth int) (ref.Val, error) {
	m := &Map{}
	err := r.members('{', '}', func() error {
		start := r.at
		end, err := enrich.ScanValue(r.text, start)
		if err != nil {
			return err
		}
		name, err := enrich.Unquote(r.text[start:end])
		if err != nil {
			return err
		}
		r.at = end
		r.skipSpace()
		r.at++ // the colon
		v, err := r.value(depth - 1)
		if err != nil {
			return err
		}
		m.Set(string(name), v)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return m, nil
}

// members calls read at the start of each element between the brackets.
func (r *jsonReader) members(open, closing byte, read func() error) error {
	r.at++ // open
	for n := 0; ; n++ {
		if r.skipSpace(); r.at < len(r.text) && r.text[r.at] == closing {
			r.at++
			return nil
		}
		if r.at < len(r.text) && r.text[r.at] == ',' {
			r.at++
			r.skipSpace()
		}
		if n >= maxJSONItems {
			return fmt.Errorf("read JSON: %q with more than %d elements", string(open)+string(closing), maxJSONItems)
		}
		if err := read(); err != nil {
			return err
		}
	}
}

// Member is the member of an object, null when v is something else or has no such member.
func Member(v ref.Val, name string) ref.Val {
	if m, ok := v.(*Map); ok {
		if found, ok := m.find(name); ok {
			return found
		}
	}
	return types.NullValue
}

// MemberAnyCase is the member of an object whose name differs at most in case.
func MemberAnyCase(v ref.Val, name string) ref.Val {
	m, ok := v.(*Map)
	if !ok {
		return types.NullValue
	}
	if found, ok := m.find(name); ok {
		return found
	}
	for i, n := range m.names {
		if strings.EqualFold(n, name) {
			return m.values[i]
		}
	}
	return types.NullValue
}

// Text is v if it is a string, the digits or the word if it is a number or boolean, otherwise "".
func Text(v ref.Val) string {
	switch v := v.(type) {
	case types.String:
		return string(v)
	case types.Int:
		return strconv.FormatInt(int64(v), 10)
	case types.Double:
		return FormatNumber(float64(v))
	case types.Bool:
		return strconv.FormatBool(bool(v))
	}
	return ""
}

// FormatNumber is a number as people write it: digits, with an exponent only where there would be more than 21 of them or six
// zeros behind the point, as in JavaScript (https://tc39.es/ecma262/#sec-numeric-types-number-tostring).
func FormatNumber(n float64) string {
	const most, least = 1e21, 1e-6
	if size := math.Abs(n); n == 0 || size >= least && size < most {
		return strconv.FormatFloat(n, 'f', -1, 64)
	}
	return strconv.FormatFloat(n, 'g', -1, 64)
}

// Whole reports whether all of a value was read, and nothing in it was nested too deep.
func Whole(v ref.Val) bool {
	switch v := v.(type) {
	case *types.Err:
		return false
	case *List:
		return !slices.ContainsFunc(v.Items, func(item ref.Val) bool { return !Whole(item) })
	case *Map:
		return !slices.ContainsFunc(v.values, func(member ref.Val) bool { return !Whole(member) })
	}
	return true
}

// Elements are the elements of a JSON array, none when v is something else.
func Elements(v ref.Val) []ref.Val {
	if l, ok := v.(*List); ok {
		return l.Items
	}
	return nil
}

// Compact writes v as JSON without white space and with the members of objects in the order of their names, so that
// equal values have equal texts.
func Compact(v ref.Val) string { return string(appendJSON(nil, v)) }

func appendJSON(dst []byte, v ref.Val) []byte {
	switch v := v.(type) {
	case types.String:
		return enrich.AppendString(dst, string(v))
	case *List:
		dst = append(dst, '[')
		for i, item := range v.Items {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = appendJSON(dst, item)
		}
		return append(dst, ']')
	case *Map:
		dst = append(dst, '{')
		for i, name := range slices.Sorted(slices.Values(v.names)) {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = append(enrich.AppendString(dst, name), ':')
			found, _ := v.find(name)
			dst = appendJSON(dst, found)
		}
		return append(dst, '}')
	}
	if s := Text(v); s != "" {
		return append(dst, s...)
	}
	return append(dst, "null"...)
}
