package compile

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/riskrelay/riskrelay/enrich/diag"
)

func FuzzMessage(f *testing.F) {
	f.Add(`{event.actor.label} {{x}} {"}" + '\'' + {"a": "b"}["a"]}`)
	f.Fuzz(func(t *testing.T, s string) {
		if !utf8.ValidString(s) {
			return
		}
		pieces, problems := parseMessage(diag.NewText(s))
		if len(problems) > 0 {
			return
		}
		var b strings.Builder
		for _, p := range pieces {
			if p.expr.expr != "" {
				b.WriteString("{" + p.expr.expr + "}")
				if got := string([]rune(s)[p.expr.start:][:len([]rune(p.expr.expr))]); got != p.expr.expr {
					t.Fatalf("%q: the piece %q isn't at %d", s, p.expr.expr, p.expr.start)
				}
				continue
			}
			b.WriteString(strings.NewReplacer("{", "{{", "}", "}}").Replace(p.fixed))
		}
		if b.String() != s {
			t.Fatalf("%q came back as %q", s, b.String())
		}
	})
}
