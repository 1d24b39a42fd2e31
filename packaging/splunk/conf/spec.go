package conf

import (
	_ "embed"
	"regexp"
	"slices"
	"strings"
	"sync"
)

//go:embed keys.txt
var keysText string

// spec is what a file may hold.
type spec struct {
	stanza *regexp.Regexp
	keys   []key
}

type key struct {
	name, value *regexp.Regexp
}

func (s *spec) find(name string) (value *regexp.Regexp, known bool) {
	i := slices.IndexFunc(s.keys, func(k key) bool { return k.name.MatchString(name) })
	if i < 0 {
		return nil, false
	}
	return s.keys[i].value, true
}

// specs is keys.txt, by file.
var specs = sync.OnceValue(func() map[string]*spec {
	all := map[string]*spec{}
	var at *spec
	for line := range strings.Lines(keysText) {
		words := strings.Fields(line)
		switch {
		case len(words) == 0 || strings.HasPrefix(line, "#"):
		case words[0] == "file":
			at = &spec{stanza: whole(words[2])}
			all[words[1]] = at
		default:
			for _, name := range words[1:] {
				at.keys = append(at.keys, key{whole(anyText(name)), value(words[0])})
			}
		}
	}
	return all
})

func whole(pattern string) *regexp.Regexp { return regexp.MustCompile("^(?:" + pattern + ")$") }

func anyText(name string) string {
	return strings.ReplaceAll(regexp.QuoteMeta(name), "<name>", "[A-Za-z0-9_.-]+")
}

func value(kind string) *regexp.Regexp {
	switch kind {
	case "bool":
		return whole("true|false|0|1")
	case "int":
		return whole("[0-9]+")
	case "text":
		return whole("(?s).+")
	}
	var words []string
	for word := range strings.SplitSeq(kind, "|") {
		words = append(words, anyText(strings.ReplaceAll(word, "~", " ")))
	}
	return whole(strings.Join(words, "|"))
}
