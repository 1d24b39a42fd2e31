package celval

import (
	"fmt"
	"strings"

	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"
	"github.com/google/cel-go/common/types/traits"
)

// IsMissing reports whether an evaluation failed because a dynamic value has no such member or element, or because a value is
// unknown: for a rule that is "no match", not a fault.
func IsMissing(err error) bool {
	s := err.Error()
	return strings.HasPrefix(s, "no such key: ") || strings.HasPrefix(s, "index out of bounds: ") || strings.HasPrefix(s, unknown)
}

// unknown begins the errors that stand for values which can't be understood.
const unknown = "unknown: "

// Unknown is a value that the row has, but not in a way that can be understood, such as a time that is no time: no condition on it
// holds, and none on its opposite. The text says why, for explanations.
func Unknown(why string) ref.Val { return types.NewErr("%s%s", unknown, why) }

// Display is v as text for messages and objects: lists with commas between, an empty
// one as "none", maps as JSON, null as nothing.
func Display(v ref.Val) string {
	switch v := v.(type) {
	case types.String:
		return string(v)
	case types.Timestamp:
		return v.Time.UTC().Format("2006-01-02T15:04:05Z")
	case types.Duration:
		return v.Duration.String()
	case *Map:
		return Compact(v)
	case *Object:
		return v.Label()
	case *Absent:
		return ""
	case traits.Lister:
		if v.Size() == types.IntZero {
			return "none"
		}
		var b strings.Builder
		for it, n := v.Iterator(), 0; it.HasNext() == types.True; n++ {
			if n > 0 {
				b.WriteString(", ")
			}
			b.WriteString(Display(it.Next()))
		}
		return b.String()
	case *types.Optional:
		if v.HasValue() {
			return Display(v.GetValue())
		}
		return ""
	case types.Null:
		return ""
	}
	if s := Text(v); s != "" {
		return s
	}
	return fmt.Sprint(v.Value())
}
