// Package conf reads Splunk's configuration files strictly: what Splunk would pass over in silence, such as a misspelt setting, is
// an error. keys.txt says which settings there are.
package conf

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"
)

// Stanzas are the stanzas of a file: their settings by name.
type Stanzas map[string]map[string]string

// Read reads the text of the file that is called name: "props" for props.conf, "meta" for default.meta. The error joins all mistakes,
// each with its line.
func Read(name, text string) (Stanzas, error) {
	known, ok := specs()[name]
	if !ok {
		return nil, fmt.Errorf("%s: no such file is known", name)
	}
	r := reader{spec: known, out: Stanzas{}}
	for _, l := range r.lines(text) {
		r.line = l.number
		r.read(l.text)
	}
	return r.out, errors.Join(r.errs...)
}

// reader is a file that is being read.
type reader struct {
	spec   *spec
	out    Stanzas
	stanza map[string]string // nil before the first
	line   int
	errs   []error
}

func (r *reader) wrong(format string, args ...any) {
	r.errs = append(r.errs, fmt.Errorf("line %d: %w", r.line, fmt.Errorf(format, args...)))
}

type line struct {
	number int
	text   string
}

// lines puts a line that ends in a backslash and the next together.
func (r *reader) lines(text string) (all []line) {
	goesOn := false
	for i, l := range strings.Split(text, "\n") {
		r.line = i + 1
		if !utf8.ValidString(l) || strings.Contains(l, "\r") {
			r.wrong("it isn't UTF-8, or ends as lines of Windows do")
		}
		if trimmed := strings.TrimRight(l, " \t"); trimmed != l {
			r.wrong("blanks at the end, behind which a backslash doesn't count")
		}
		rest, more := strings.CutSuffix(l, `\`)
		if goesOn {
			all[len(all)-1].text += "\n" + rest
		} else {
			all = append(all, line{i + 1, rest})
		}
		goesOn = more
	}
	return all
}

var (
	header  = regexp.MustCompile(`^\[([^\]]*)\]$`)
	setting = regexp.MustCompile(`(?s)^([^=\s\[][^=]*?) = (.+)$`)
)

func (r *reader) read(text string) {
	switch parts := setting.FindStringSubmatch(text); {
	case text == "" || strings.HasPrefix(text, "#"):
	case header.MatchString(text):
		r.begin(header.FindStringSubmatch(text)[1])
	case parts == nil:
		r.wrong("%.60q is no stanza, setting or comment", text)
	case r.stanza == nil:
		r.wrong("%s stands before the first stanza, which makes it hold for all apps", parts[1])
	default:
		r.set(parts[1], parts[2])
	}
}

func (r *reader) begin(name string) {
	if name == "default" || !r.spec.stanza.MatchString(name) {
		r.wrong("[%s] is no name for a stanza here", name)
	}
	if _, twice := r.out[name]; twice {
		r.wrong("[%s] is there twice", name)
	}
	r.stanza = map[string]string{}
	r.out[name] = r.stanza
}

func (r *reader) set(key, value string) {
	if _, twice := r.stanza[key]; twice {
		r.wrong("%s is there twice", key)
	}
	k, known := r.spec.find(key)
	switch {
	case !known:
		r.wrong("%s isn't documented for this file", key)
	case !k.MatchString(value):
		r.wrong("%s can't be %.60q", key, value)
	}
	r.stanza[key] = value
}
