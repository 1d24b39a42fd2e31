package spl

import (
	"encoding/json"
	"strconv"
	"strings"
)

// list are the values that v has as a field.
func list(v value) []string {
	switch v := v.(type) {
	case nil:
		return nil
	case []string:
		return v
	case string:
		return []string{v}
	case float64:
		return []string{strconv.FormatFloat(v, 'f', -1, 64)}
	case bool:
		return []string{strconv.FormatBool(v)}
	}
	return nil
}

// single is a field's values as a value.
func single(values []string) value {
	switch len(values) {
	case 0:
		return nil
	case 1:
		return values[0]
	}
	return values
}

func first(v value) string {
	if all := list(v); len(all) > 0 {
		return all[0]
	}
	return ""
}

func number(v value) (float64, bool) {
	n, err := strconv.ParseFloat(first(v), 64)
	return n, err == nil
}

// decode reads JSON with numbers as they are written; nil for what isn't JSON.
func decode(text string) any {
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	var v any
	if d.Decode(&v) != nil {
		return nil
	}
	return v
}

// found are the values at a path of spath, such as a{0}.b{}.c, in the order of the lists on the way.
// https://help.splunk.com/en/splunk-enterprise/search/spl-search-reference/search-commands/spath
func found(v any, path string) []any {
	if path == "" {
		return []any{v}
	}
	step, rest, _ := strings.Cut(path, ".")
	name, index, indexed := strings.Cut(strings.TrimSuffix(step, "}"), "{")
	object, ok := v.(map[string]any)
	if !ok {
		return nil
	}
	inner, ok := object[name]
	if !ok {
		return nil
	}
	if !indexed {
		return found(inner, rest)
	}
	items, ok := inner.([]any)
	if !ok {
		return nil
	}
	if n, err := strconv.Atoi(index); err == nil {
		if n >= len(items) {
			return nil
		}
		return found(items[n], rest)
	}
	var all []any
	for _, item := range items {
		all = append(all, found(item, rest)...)
	}
	return all
}

// native is a part of JSON as a field has it: texts and numbers as they are, all else as JSON.
func native(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	case nil:
		return "null"
	}
	var out strings.Builder
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	if e.Encode(v) != nil {
		return ""
	}
	return strings.TrimSuffix(out.String(), "\n")
}
