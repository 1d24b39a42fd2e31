package shape

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/riskrelay/riskrelay/enrich"
)

// UnknownError says that nobody can tell what a file is.
type UnknownError struct {
	Seen string // what is in it, for people; escaped
	Text bool   // it is neither JSON nor a table
}

// Error says what was seen, and what is read.
func (e *UnknownError) Error() string {
	return fmt.Sprintf("can't tell what this is: %s; what Azure's own tools write is read as it is: %s", e.Seen, kindNames())
}

// found is what the beginning of a text says.
type found struct {
	kind    Kind
	lines   bool // an object a line
	wrapped bool // objects at the top hold the records
	header  []string
}

// errMore says that more of the text is needed to tell.
var errMore = errors.New("more is needed")

// detect tells what begins with head; all says that there is no more. Kind is what it is said to be, "" for nothing.
func detect(head []byte, all bool, kind Kind) (found, error) {
	i := skipSpace(head, 0)
	switch {
	case i == len(head) && !all:
		return found{}, errMore
	case i == len(head):
		return found{kind: orRows(kind), lines: true}, nil // nothing in it
	case head[i] == '{' || head[i] == '[':
		return detectJSON(head, i, all, kind)
	case kind == Rows:
		return found{kind: Rows, lines: true}, nil // its lines say what is wrong with them
	}
	return detectCSV(head, all, kind)
}

func orRows(kind Kind) Kind {
	if kind == "" {
		return Rows
	}
	return kind
}

// detectCSV looks at the first line.
func detectCSV(head []byte, all bool, kind Kind) (found, error) {
	quoted := false
	end, _ := csvEnd(head, 0, &quoted)
	if end < 0 {
		if !all && len(head) < maxHeader {
			return found{}, errMore
		}
		end = len(head)
	}
	var header []string
	for _, field := range splitCSV(nil, bytes.TrimSpace(bytes.Clone(head[:end]))) {
		header = append(header, string(field))
	}
	for _, k := range []Kind{OfficeCSV, EntraCSV, RowsCSV} {
		if (kind == "" || kind == k) && csvParser(k, header, "") != nil {
			return found{kind: k, header: header}, nil
		}
	}
	if len(header) > 2 {
		return found{}, &UnknownError{Seen: fmt.Sprintf("a table whose columns are %s", shown([]byte(strings.Join(header, ", "))))}
	}
	return found{}, &UnknownError{Seen: fmt.Sprintf("it begins with %s", shown(head)), Text: true}
}

// maxHeader is longer than the names of all columns of any table.
const maxHeader = 256 << 10

// shown is the beginning of a text for a message.
func shown(text []byte) string {
	const most = 80
	var out strings.Builder
	for len(text) > 0 && out.Len() < most {
		r, n := utf8.DecodeRune(text)
		if !unicode.IsPrint(r) || r == utf8.RuneError {
			r = '.'
		}
		out.WriteRune(r)
		text = text[n:]
	}
	if len(text) > 0 {
		out.WriteString("...")
	}
	return fmt.Sprintf("%q", out.String())
}

// detectJSON looks at the first object.
func detectJSON(head []byte, i int, all bool, kind Kind) (found, error) {
	first, err := firstObject(head, i)
	if errors.Is(err, io.ErrUnexpectedEOF) && !all {
		return found{}, errMore
	}
	if err != nil {
		return detectLater(head, all, kind, err)
	}
	f := found{kind: kind, wrapped: first.wrapper != ""}
	if first.wrapper == "" && head[i] == '{' {
		rest := bytes.TrimLeft(head[i+len(first.object):], " \t\r")
		if len(rest) == 0 && !all {
			return found{}, errMore
		}
		f.lines = (len(rest) == 0 || rest[0] == '\n') && !bytes.ContainsRune(first.object, '\n')
	}
	if f.kind == "" {
		f.kind, err = first.kind()
	}
	if err != nil && f.lines {
		return detectLater(head, all, kind, err)
	}
	return f, err
}

// first is the first object of a JSON text.
type first struct {
	object  []byte // nil when there is none
	wrapper string // the member that it lies in the list of
}

// firstObject finds it. io.ErrUnexpectedEOF says that the text ends before its end.
func firstObject(d []byte, i int) (f first, err error) {
	if d[i] == '[' {
		if i = skipSpace(d, i+1); i >= len(d) {
			return f, io.ErrUnexpectedEOF
		}
		if d[i] == ']' {
			return f, nil
		}
		if d[i] != '{' {
			return f, errNotObject
		}
	}
	start := i
	for i = skipSpace(d, i+1); i < len(d) && d[i] != '}'; {
		name, value, err := scanName(d, i)
		if err != nil {
			return f, err
		}
		quoted, _ := enrich.Unquote(d[name.Start:name.End])
		if value < len(d) && d[value] == '[' && wraps(string(quoted)) {
			f.wrapper = string(quoted)
			if f.wrapper == "tables" || f.wrapper == "rows" {
				return f, nil
			}
			if i = skipSpace(d, value+1); i < len(d) && d[i] != '{' {
				return f, nil // no object in it
			}
			end, err := enrich.ScanValue(d, i)
			if err == nil {
				f.object = d[i:end]
			}
			return f, err
		}
		if i, err = enrich.ScanValue(d, value); err != nil {
			return f, err
		}
		if i = skipSpace(d, i); i < len(d) && d[i] == ',' {
			i = skipSpace(d, i+1)
		}
	}
	if i >= len(d) {
		return f, io.ErrUnexpectedEOF
	}
	f.object = d[start : i+1]
	return f, nil
}

// kind is what the object is.
func (f first) kind() (Kind, error) {
	switch {
	case f.wrapper == "tables" || f.wrapper == "rows":
		return Query, nil
	case f.object == nil && f.wrapper == "records":
		return Records, nil
	case f.object == nil && f.wrapper == "value":
		return Graph, nil
	case f.object == nil:
		return Rows, nil // an empty list
	}
	names := memberNames(f.object)
	if names["Type"] || names["TimeGenerated"] || names["_ItemId"] {
		return Rows, nil
	}
	for _, k := range []Kind{Records, Graph, Office} {
		if _, _, _, err := objectParser(k, nil).Parse(bytes.Clone(f.object)); err == nil {
			return k, nil
		}
	}
	if f.wrapper == "records" {
		return Records, nil // of which perhaps only the first is of a service that isn't known
	}
	var list []string
	for name := range names {
		list = append(list, name)
	}
	return "", &UnknownError{Seen: "JSON whose first object has the members " + shown([]byte(sortedText(list)))}
}

func memberNames(object []byte) map[string]bool {
	p := NewObjects(Records)
	names := map[string]bool{}
	if _, err := p.scan(object, skipSpace(object, 0), -1); err != nil {
		return names
	}
	for at := range p.members {
		if p.members[at].parent < 0 {
			names[p.name(object, at)] = true
		}
	}
	return names
}

// detectLater looks at the next lines, when the first is broken or strange: one such line doesn't make a file another one.
func detectLater(head []byte, all bool, kind Kind, why error) (found, error) {
	const looked, enough = 20, 64 << 10 // lines, and bytes
	if !all && len(head) < enough && bytes.Count(head, []byte{'\n'}) <= looked {
		return found{}, errMore
	}
	for _, line := range bytes.SplitN(head, []byte{'\n'}, looked+2)[1:] {
		i := skipSpace(line, 0)
		if i >= len(line) || line[i] != '{' {
			continue
		}
		first, err := firstObject(line, i)
		if err != nil || first.wrapper != "" {
			continue
		}
		if k, err := first.kind(); err == nil && (kind == "" || kind == k) {
			return found{kind: k, lines: true}, nil
		}
	}
	if kind != "" {
		return found{kind: kind, lines: true}, nil
	}
	if errors.As(why, new(*UnknownError)) {
		return found{}, why
	}
	return found{}, &UnknownError{Seen: fmt.Sprintf("it begins with %s, which is broken JSON, or other than these write (%v)", shown(head), why)}
}
