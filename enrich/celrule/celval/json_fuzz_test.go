package celval

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/cel-go/common/types"
)

func FuzzJSONValue(f *testing.F) {
	for _, s := range []string{`{"a":[1,2.5,null,true],"a":"b"}`, `[[[]]]`, ` "x" `, `1e999`, `-0`, `{"a":null,"a":1}`, `{`, `[1,]`, strings.Repeat("[", 40) + strings.Repeat("]", 40), `5.0`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		v, err := Parse([]byte(s))
		if err != nil || !utf8.ValidString(s) || !Whole(v) {
			return
		}
		again, err := Parse([]byte(Compact(v)))
		if err != nil {
			if strings.Contains(Compact(v), "Inf") {
				return // a number out of range
			}
			t.Fatalf("%q written as %q: %v", s, Compact(v), err)
		}
		if types.Equal(v, again) != types.True && !strings.Contains(s, "e") {
			t.Fatalf("%q and %q differ", Compact(v), Compact(again))
		}
	})
}
