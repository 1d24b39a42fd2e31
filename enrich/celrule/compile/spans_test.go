package compile

import "testing"

// FuzzSpans holds that no expression's parts lie outside of its text, whatever is written.
func FuzzSpans(f *testing.F) {
	for _, s := range []string{`a.b == null && (c(")") || d[0])`, `[1, {"a": ')'}].exists(x, x > 1)`, `"""a" ""`, `é.f() && r'\'`} {
		f.Add(s, 0, 3)
	}
	f.Fuzz(func(t *testing.T, text string, start, stop int) {
		s := Spans{text: []rune(text)}
		if start < 0 || stop > len(s.text) || start >= stop {
			return
		}
		a, b := s.balance(s.widen(start, stop))
		if a < 0 || b > len(s.text) || a > b {
			t.Errorf("%d to %d of %d characters", a, b, len(s.text))
		}
	})
}
