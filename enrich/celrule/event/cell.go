package event

import (
	"bytes"
	"math"
	"strconv"

	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/celrule/celval"
)

// MaxText bounds the texts that functions and lets may make, so that a rule can't double a text again and again.
const MaxText = 256 << 10

// decodeCell makes the CEL value of a cell. A cell that isn't there, or whose text stands for nothing where a text can't be, is
// false, 0 or an absent value, as null is in Kusto; a time has nothing like that and is unknown. A cell of another type than the
// column's is read where nobody can misunderstand it, such as the number 5 in a text column or "5" in one of numbers, and is
// unknown otherwise.
func decodeCell(cell []byte, typ enrich.Type) ref.Val {
	switch typ {
	case enrich.Dynamic:
		return decodeDynamic(cell)
	case enrich.Bool:
		if b, ok := boolOf(cell); ok {
			return types.Bool(b)
		}
		return unknownCell(cell, typ)
	case enrich.Int, enrich.Long:
		if n, ok := wholeOf(cell); ok {
			return types.Int(n)
		}
		return unknownCell(cell, typ)
	case enrich.Real:
		if n, ok := realOf(cell); ok {
			return types.Double(n)
		}
		return unknownCell(cell, typ)
	case enrich.Datetime:
		if t, ok := enrich.TimeCell(cell); ok {
			return types.Timestamp{Time: t}
		}
		return unknownCell(cell, typ)
	}
	switch {
	case len(cell) > MaxText:
		return types.NewErr("a text of %d bytes is too long for rules, which look at %d", len(cell), MaxText)
	case isComposite(cell):
		return unknownCell(cell, typ)
	}
	return types.String(textCell(cell))
}

// unknownCell is the value of a cell that isn't of its column's type. The cell itself isn't shown: explanations show the row.
func unknownCell(cell []byte, typ enrich.Type) ref.Val {
	if isNothing(cell) {
		return celval.Unknown("the row has no value of type " + string(typ) + " there")
	}
	return celval.Unknown("what the row has there can't be read as a value of type " + string(typ))
}

// isNothing reports whether a cell isn't there, is null, or holds a text that stands for nothing.
func isNothing(cell []byte) bool { return enrich.IsNothing(textCell(notNull(cell))) }

// isComposite reports whether a cell holds an object or a list.
func isComposite(cell []byte) bool { return len(cell) > 0 && (cell[0] == '{' || cell[0] == '[') }

// BoolCell is what rules see of a cell of a boolean column; false for what they can't read.
func BoolCell(cell []byte) types.Bool {
	b, _ := boolOf(cell)
	return types.Bool(b)
}

func boolOf(cell []byte) (b, ok bool) {
	switch s := plainCell(cell); {
	case bytes.EqualFold(s, []byte("true")), string(s) == "1":
		return true, true
	case bytes.EqualFold(s, []byte("false")), string(s) == "0", len(s) == 0:
		return false, true
	}
	return false, isNothing(cell)
}

// WholeCell is what rules see of a cell of a column of whole numbers; 0 for what they can't read.
func WholeCell(cell []byte) types.Int {
	n, _ := wholeOf(cell)
	return types.Int(n)
}

// wholeOf is the number in a cell without what stands behind a point.
func wholeOf(cell []byte) (n int64, ok bool) {
	s := plainCell(cell)
	if len(s) == 0 {
		return 0, true // an error would cost memory
	}
	if n, err := strconv.ParseInt(string(s), 10, 64); err == nil {
		return n, true
	}
	f, ok := realOf(cell)
	if !ok || f < math.MinInt64 || f >= math.MaxInt64 {
		return 0, false
	}
	return int64(f), true
}

// realOf is the number in a cell. NaN is none: whatever is said of it, the opposite is said, too.
func realOf(cell []byte) (n float64, ok bool) {
	s := plainCell(cell)
	if n, err := strconv.ParseFloat(string(s), 64); err == nil {
		return n, !math.IsNaN(n)
	}
	return 0, isNothing(cell)
}

// decodeDynamic reads a dynamic cell, which comes as JSON or as a string with JSON in it.
func decodeDynamic(cell []byte) ref.Val {
	if len(cell) == 0 {
		return celval.NewAbsent()
	}
	cell = opened(cell)
	if len(cell) > celval.MaxJSON {
		return types.NewErr("a dynamic value of %d bytes is too large for rules, which look at %d", len(cell), celval.MaxJSON)
	}
	v, err := celval.Parse(cell)
	if err != nil {
		return types.WrapErr(err)
	}
	if s, isText := v.(types.String); v == types.NullValue || isText && enrich.IsNothing(string(s)) {
		return celval.NewAbsent()
	}
	return v
}

// opened is the object or list that a cell holds as text, otherwise the cell itself. Unlike [enrich.Expand] it takes what is
// nested deeper than can be sent on as JSON: only the members that are too deep are unknown to rules.
func opened(cell []byte) []byte {
	if cell[0] != '"' || len(cell) > 2*celval.MaxJSON {
		return cell
	}
	text, err := enrich.Unquote(cell)
	if err != nil || !isComposite(bytes.TrimLeft(text, " \t\r\n")) {
		return cell
	}
	if end, err := enrich.ScanValue(text, 0); err != nil || len(bytes.TrimSpace(text[end:])) > 0 {
		return cell
	}
	return text
}

// textCell is a cell as text: a string decoded, anything else as it stands.
func textCell(cell []byte) string { return string(plainCell(cell)) }

// plainCell is textCell as bytes, which lie in the cell unless something had to be decoded.
func plainCell(cell []byte) []byte {
	if len(cell) == 0 || cell[0] != '"' {
		return cell
	}
	s, err := enrich.Unquote(cell)
	if err != nil {
		return nil
	}
	return s
}

func notNull(cell []byte) []byte {
	if len(cell) == 0 || cell[0] == 'n' {
		return nil
	}
	return cell
}

// present turns an error into null, so that views show what they can.
func present(v ref.Val) ref.Val {
	if types.IsError(v) {
		return types.NullValue
	}
	return v
}
