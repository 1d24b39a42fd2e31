package event

import (
	"bytes"
	"strconv"
	"time"

	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/celrule/celval"
)

// MaxText bounds the texts that functions and lets may make, so that a rule can't double a text again and again.
const MaxText = 256 << 10

// decodeCell makes the CEL value of a cell, nil for none. A cell that doesn't hold what its type says is read as far as
// it makes sense; what doesn't is the type's zero value, as in Kusto.
func decodeCell(cell []byte, typ enrich.Type) ref.Val {
	switch typ {
	case enrich.Dynamic:
		return decodeDynamic(cell)
	case enrich.Bool:
		return BoolCell(cell)
	case enrich.Int, enrich.Long:
		return WholeCell(cell)
	case enrich.Real:
		n, _ := strconv.ParseFloat(textCell(cell), 64)
		return types.Double(n)
	case enrich.Datetime:
		t, err := time.Parse(time.RFC3339Nano, textCell(cell))
		if err != nil {
			return types.Timestamp{}
		}
		return types.Timestamp{Time: t.UTC()}
	}
	if len(cell) > MaxText {
		return types.NewErr("a text of %d bytes is too long for rules, which look at %d", len(cell), MaxText)
	}
	return types.String(textCell(cell))
}

// BoolCell is a cell of a boolean column: true for true and 1 in any spelling, false for everything else.
func BoolCell(cell []byte) types.Bool {
	s := plainCell(cell)
	return types.Bool(bytes.EqualFold(s, []byte("true")) || string(s) == "1")
}

// WholeCell is a cell of a column of whole numbers, without what stands behind a point; 0 for what is no number.
func WholeCell(cell []byte) types.Int {
	s := plainCell(cell)
	if len(s) == 0 {
		return 0 // an error would cost memory
	}
	if n, err := strconv.ParseInt(string(s), 10, 64); err == nil {
		return types.Int(n)
	}
	f, _ := strconv.ParseFloat(string(s), 64)
	return types.Int(int64(f))
}

// decodeDynamic reads a dynamic cell, which comes as JSON or as a string with JSON in it.
func decodeDynamic(cell []byte) ref.Val {
	cell = enrich.Expand(cell)
	if len(cell) == 0 {
		return celval.NewAbsent()
	}
	if len(cell) > celval.MaxJSON {
		return types.NewErr("a dynamic value of %d bytes is too large for rules, which look at %d", len(cell), celval.MaxJSON)
	}
	v, err := celval.Parse(cell)
	if err != nil {
		return types.WrapErr(err)
	}
	if v == types.NullValue || v == types.String("") {
		return celval.NewAbsent()
	}
	return v
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
