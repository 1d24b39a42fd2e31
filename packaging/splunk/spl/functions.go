package spl

import (
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

type function = func(f Fields, args []evaluation) value

// functions are the functions of eval that are known.
// https://help.splunk.com/en/splunk-enterprise/search/spl-search-reference/evaluation-functions
var functions = sync.OnceValue(func() map[string]function {
	return map[string]function{
		"true": func(Fields, []evaluation) value { return true },
		"null": func(Fields, []evaluation) value { return nil },
		"if": func(f Fields, a []evaluation) value {
			if a[0](f) == true {
				return a[1](f)
			}
			return a[2](f)
		},
		"case": func(f Fields, a []evaluation) value {
			for i := 0; i+1 < len(a); i += 2 {
				if a[i](f) == true {
					return a[i+1](f)
				}
			}
			return nil
		},
		"coalesce": func(f Fields, a []evaluation) value {
			for _, one := range a {
				if v := one(f); v != nil {
					return v
				}
			}
			return nil
		},
		"isnull":             func(f Fields, a []evaluation) value { return a[0](f) == nil },
		"isnotnull":          func(f Fields, a []evaluation) value { return a[0](f) != nil },
		"nullif":             plain(func(a []value) value { return nullIf(a[0], a[1]) }),
		"match":              plain(func(a []value) value { return slices.ContainsFunc(list(a[0]), pattern(a[1]).MatchString) }),
		"replace":            plain(func(a []value) value { return pattern(a[1]).ReplaceAllString(first(a[0]), groups(first(a[2]))) }),
		"lower":              plain(func(a []value) value { return strings.ToLower(first(a[0])) }),
		"tonumber":           plain(func(a []value) value { return asNumber(a[0]) }),
		"round":              plain(func(a []value) value { return rounded(a) }),
		"split":              plain(func(a []value) value { return single(strings.Split(first(a[0]), first(a[1]))) }),
		"strftime":           plain(func(a []value) value { return formatTime(a[0], first(a[1])) }),
		"mvcount":            plain(func(a []value) value { return float64(len(list(a[0]))) }),
		"mvdedup":            plain(func(a []value) value { return single(unique(list(a[0]))) }),
		"mvfind":             plain(func(a []value) value { return index(list(a[0]), pattern(a[1])) }),
		"mvindex":            plain(func(a []value) value { return at(a) }),
		"mvjoin":             plain(func(a []value) value { return strings.Join(list(a[0]), first(a[1])) }),
		"json_extract":       jsonExtract,
		"json_extract_exact": jsonExtractExact,
		"json_keys":          plain(func(a []value) value { return keys(first(a[0])) }),
		"now":                func(f Fields, _ []evaluation) value { return now(f) },
		"json_array_to_mv":   plain(func(a []value) value { return items(first(a[0])) }),
	}
})

// plain is a function that is null when its first argument is.
func plain(do func(a []value) value) function {
	return func(f Fields, args []evaluation) value {
		all := make([]value, len(args))
		for i, one := range args {
			if all[i] = one(f); all[i] == nil {
				return nil
			}
		}
		return do(all)
	}
}

func nullIf(a, b value) value {
	if compare("=", a, b) {
		return nil
	}
	return a
}

var patterns sync.Map // compiled, by their text

func pattern(v value) *regexp.Regexp {
	source := first(v)
	if known, ok := patterns.Load(source); ok {
		return known.(*regexp.Regexp)
	}
	compiled := regexp.MustCompile(source) // a mistake in the app's searches: the test that runs into it shall end here
	patterns.Store(source, compiled)
	return compiled
}

// groups is a replacement with \1 as Go's regexp has it.
func groups(text string) string {
	return regexp.MustCompile(`\\([0-9])`).ReplaceAllString(strings.ReplaceAll(text, "$", "$$"), "$${$1}")
}

func asNumber(v value) value {
	if n, ok := number(v); ok {
		return n
	}
	return nil
}

func rounded(a []value) value {
	n, ok := number(a[0])
	if !ok {
		return nil
	}
	digits := 0
	if len(a) > 1 {
		if d, ok := number(a[1]); ok {
			digits = int(d)
		}
	}
	text := strconv.FormatFloat(n, 'f', digits, 64)
	out, _ := strconv.ParseFloat(text, 64) // which was written just now
	return out
}

func formatTime(v value, layout string) value {
	n, ok := number(v)
	if !ok {
		return nil
	}
	names := strings.NewReplacer("%Y", "2006", "%m", "01", "%d", "02", "%H", "15", "%M", "04", "%S", "05", "%F", "2006-01-02", "%T", "15:04:05")
	return time.UnixMilli(int64(n * 1000)).UTC().Format(names.Replace(layout))
}

func unique(all []string) (out []string) {
	for _, s := range all {
		if !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}

func index(all []string, p *regexp.Regexp) value {
	if i := slices.IndexFunc(all, p.MatchString); i >= 0 {
		return float64(i)
	}
	return nil
}

// at is mvindex: from one place, or from one to another; places below 0 count from the end.
func at(a []value) value {
	all := list(a[0])
	place := func(v value) int {
		n, _ := number(v)
		if n < 0 {
			return len(all) + int(n)
		}
		return int(n)
	}
	from := place(a[1])
	to := from
	if len(a) > 2 {
		to = min(place(a[2]), len(all)-1)
	}
	if from < 0 || to >= len(all) || from > to {
		return nil
	}
	return single(all[from : to+1])
}

// jsonExtract reads a path of a JSON text: a scalar, or JSON; of a path through a list, a JSON list.
func jsonExtract(f Fields, args []evaluation) value {
	source := args[0](f)
	if source == nil || len(args) != 2 {
		return nil
	}
	doc := document(f, first(source))
	path := first(args[1](f))
	all := found(doc, path)
	switch {
	case strings.Contains(path, "{}"):
		if len(all) == 0 {
			return nil
		}
		return native(all)
	case len(all) == 0 || all[0] == nil:
		return nil
	}
	return native(all[0])
}

// documented is an event that keeps what its text is as JSON.
type documented interface {
	document() (raw string, doc any)
}

func document(f Fields, source string) any {
	if d, ok := f.(documented); ok {
		if raw, doc := d.document(); raw == source {
			return doc
		}
	}
	return decode(source)
}

// items is a JSON list as values.
func items(source string) value {
	all, ok := decode(source).([]any)
	if !ok {
		return nil
	}
	out := make([]string, len(all))
	for i, one := range all {
		out[i] = native(one)
	}
	return single(out)
}

// jsonExtractExact reads a member of an object whose name isn't cut at dots.
func jsonExtractExact(f Fields, args []evaluation) value {
	object, ok := decode(first(args[0](f))).(map[string]any)
	if !ok {
		return nil
	}
	inner, ok := object[first(args[1](f))]
	if !ok || inner == nil {
		return nil
	}
	return native(inner)
}

// keys are the names in an object, as a JSON list.
func keys(source string) value {
	object, ok := decode(source).(map[string]any)
	if !ok {
		return nil
	}
	all := make([]any, 0, len(object))
	for _, name := range slices.Sorted(maps.Keys(object)) {
		all = append(all, name)
	}
	return native(all)
}

// clocked is what knows when a search runs.
type clocked interface {
	now() float64
}

func now(f Fields) value {
	if c, ok := f.(clocked); ok {
		return c.now()
	}
	return nil
}
