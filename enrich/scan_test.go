package enrich

import (
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestScanValue(t *testing.T) {
	for _, text := range []string{
		`null`, `true`, `-0.5e+10`, `"a\u00e9\n\"b\\"`, `[]`, `{}`, ` [1, {"a": [null]}, "x"] `, `{"a":{"b":{}}}`,
		`"sixteen bytes and then a quote \" and more"`,
	} {
		end, err := ScanValue([]byte(text), 0)
		if err != nil || strings.TrimSpace(text[end:]) != "" {
			t.Errorf("%s: end %d, %v", text, end, err)
		}
		// Cut off anywhere, the value is incomplete: never an error of another kind, never a shorter value.
		trimmed := strings.TrimSpace(text)
		if trimmed[0] == '-' {
			continue // a number ends where the data does
		}
		for cut := range len(trimmed) {
			if _, err := ScanValue([]byte(trimmed[:cut]), 0); !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Errorf("%s cut at %d: %v", trimmed, cut, err)
			}
		}
	}
}

func TestScanValueNamesThePlace(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{`{"a" 1}`, `byte 6: unexpected '1', want ':'`},
		{`{a: 1}`, `byte 2: unexpected 'a', want a name in quotes`},
		{`[1 2]`, `byte 4: unexpected '2', want ',' or ']'`},
		{`[1,]`, `byte 4: unexpected ']', want a JSON value`},
		{`"a` + "\x01" + `"`, `byte 3: control character in a string`},
		{`"\x"`, `byte 3: unknown escape \x`},
		{`"\u12g4"`, `byte 6: a \u escape needs four hexadecimal digits`},
		{`tru3`, `byte 4: want true`},
		{`-x`, `byte 2: want a digit`},
		{strings.Repeat("[", 2000), `byte 1001: nested too deep`},
	} {
		_, err := ScanValue([]byte(c.text), 0)
		if err == nil || err.Error() != c.want {
			t.Errorf("%.20s: got %v, want %s", c.text, err, c.want)
		}
	}
}

func FuzzScanValue(f *testing.F) {
	for _, s := range []string{`{"a":[1,2.5e-3,"\ud83d\ude00",null,true]}`, `[[[]]]`, `"\\"`, `01`, `1e`, `{"a":1,}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if got, want := validWithin(text, maxDepth), json.Valid(text); got != want && !deep(text) {
			t.Errorf("%q: got %v, encoding/json says %v", text, got, want)
		}
	})
}

// deep reports whether text nests deeper than the scanner goes.
func deep(text []byte) bool {
	return strings.Count(string(text), "[")+strings.Count(string(text), "{") > maxDepth
}

func FuzzUnquote(f *testing.F) {
	for _, s := range []string{`"plain"`, `"\ud83d\ude00"`, `"\ud83d"`, `"\ude00\ud83d"`, `"\u0000\b\f\n\r\t\/\"\\"`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, quoted []byte) {
		var want string
		if !utf8.Valid(quoted) || json.Unmarshal(quoted, &want) != nil || quoted[0] != '"' || quoted[len(quoted)-1] != '"' {
			return
		}
		got, err := Unquote(quoted)
		if err != nil || string(got) != want {
			t.Errorf("%q: got %q, %v, want %q", quoted, got, err, want)
		}
		var again string
		if err := json.Unmarshal(AppendString(nil, want), &again); err != nil || again != want {
			t.Errorf("%q quoted and back: %q, %v", want, again, err)
		}
	})
}
