package story

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"maps"
	"path"
	"strings"
	"sync"
)

//go:embed data
var data embed.FS

// template is a row cut at its placeholders.
type template struct {
	table  string
	pieces []piece
}

// piece is text, then what a placeholder stands for.
type piece struct {
	text string
	fact string // "" at the end
}

// tableFile is a file under data/rows: what all rows have, and what each has besides or instead. null takes a column
// away.
type tableFile struct {
	Common map[string]any            `json:"common"`
	Rows   map[string]map[string]any `json:"rows"`
}

// templates are all rows by name. They are part of the program, so a mistake in them stops the first caller.
var templates = sync.OnceValue(func() map[string]*template {
	files, err := data.ReadDir("data/rows")
	if err != nil {
		panic(err)
	}
	all := map[string]*template{}
	for _, f := range files {
		var file tableFile
		load("rows/"+f.Name(), &file)
		table := strings.TrimSuffix(f.Name(), path.Ext(f.Name()))
		for name, row := range file.Rows {
			if all[name] != nil {
				panic(fmt.Sprintf("two rows are called %s", name))
			}
			all[name] = compile(table, file.Common, row)
		}
	}
	return all
})

// load reads a file under data, whose unknown keys are mistakes.
func load(name string, into any) {
	text, err := data.ReadFile("data/" + name)
	if err != nil {
		panic(err)
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	d.UseNumber()
	if err := d.Decode(into); err != nil {
		panic(fmt.Sprintf("%s: %v", name, err))
	}
}

func compile(table string, common, own map[string]any) *template {
	row := maps.Clone(common)
	maps.Copy(row, own)
	maps.DeleteFunc(row, func(_ string, value any) bool { return value == nil })
	row["Type"] = table
	t := &template{table: table}
	rest := encode(nest(row))
	for {
		start := strings.IndexAny(rest, "$#")
		for start >= 0 && !strings.HasPrefix(rest[start+1:], "{") {
			next := strings.IndexAny(rest[start+1:], "$#")
			if next < 0 {
				start = -1
				break
			}
			start += 1 + next
		}
		if start < 0 {
			t.pieces = append(t.pieces, piece{text: rest})
			return t
		}
		end := start + strings.IndexByte(rest[start:], '}')
		p := piece{rest[:start], rest[start+2 : end]}
		after := rest[end+1:]
		if rest[start] == '#' { // a number: the quotes around it go
			p.text, after = strings.TrimSuffix(p.text, `"`), strings.TrimPrefix(after, `"`)
		}
		t.pieces = append(t.pieces, p)
		rest = after
	}
}

// nest replaces each {"$json": x} by the text of x.
func nest(v any) any {
	switch v := v.(type) {
	case map[string]any:
		if inner, ok := v["$json"]; ok && len(v) == 1 {
			return encode(nest(inner))
		}
		out := make(map[string]any, len(v))
		for key, value := range v {
			out[key] = nest(value)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = nest(v[i])
		}
		return out
	}
	return v
}

// encode is v as compact JSON with its keys in order and without the escapes that HTML wants.
func encode(v any) string {
	var out strings.Builder
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		panic(err) // what was decoded can be encoded
	}
	return strings.TrimSuffix(out.String(), "\n")
}
