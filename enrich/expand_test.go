package enrich

import (
	"strings"
	"testing"
)

// FuzzAppendFields holds that a row is written as its columns are read one by one, whatever stands before it.
func FuzzAppendFields(f *testing.F) {
	for _, cell := range []string{
		`"[1]"`, `" { \"a\" : \"b\" }\n"`, `"[1"`, `"{\"a\":\"\\u00e9\"}"`, `"x"`, `{"a":[]}`, `""`, `"[\ud800]"`, `"[\"` + strings.Repeat("x", 100) + `\"]"`, `null`, "[\n1,\r2]",
	} {
		f.Add(cell)
	}
	columns := NewColumns([]string{"d", "s"}, []Type{Dynamic, String})
	f.Fuzz(func(t *testing.T, cell string) {
		if end, err := ScanValue([]byte(cell), 0); err != nil || end != len(cell) {
			return
		}
		r := NewRow(columns, []byte(cell), []Span{{End: uint32(len(cell))}, {End: uint32(len(cell))}})
		lines := strings.NewReplacer("\n", " ", "\r", " ")
		want := `before"d":` + lines.Replace(string(r.JSON(0))) + `,"s":` + lines.Replace(cell)
		if got := string(r.AppendFields([]byte("before"))); got != want {
			t.Errorf("%s is written as %s, want %s", cell, got, want)
		}
	})
}
