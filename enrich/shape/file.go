package shape

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/riskrelay/riskrelay/enrich"
)

// Parser makes a row of a record. Id is the event_id, where riskrelay wrote the record. It keeps what it is given, and may change it.
type Parser interface {
	Parse(record []byte) (table, id string, row enrich.Row, err error)
}

// Options say how a file is to be read. The zero value finds out.
type Options struct {
	Kind   Kind   // "" finds out
	Name   string // of the file: those of the portal tell which sign-ins a CSV file has
	Limits Limits
	// Lenient takes text that is nothing known for rows one a line, each of which then says what is wrong with it.
	Lenient bool
}

// File is a text of events, in one of the kinds.
type File struct {
	Parser
	kind   Kind
	lines  bool
	packed string
	mark   int

	options Options
	rest    []func() (part, error) // of a zip
	several bool
	from    io.Reader // of Text
	next    func() (Record, error)
	values  *values
}

// Open looks at what r has first, and says what it is: kind, and how to take it apart. An *UnknownError says that nobody can tell, a
// *PackedError that it can't be unpacked; all others are r's.
func Open(r io.Reader, o Options) (*File, error) {
	o.Limits = o.Limits.orDefault()
	list, err := parts(r, o.Limits)
	if err != nil {
		return nil, err
	}
	f := &File{options: o, rest: list, several: len(list) > 1}
	if len(list) == 0 {
		f.kind, f.next = orRows(o.Kind), func() (Record, error) { return Record{}, io.EOF }
		return f, nil
	}
	return f, f.open()
}

// open opens the next part.
func (f *File) open() error {
	p, err := f.rest[0]()
	f.rest = f.rest[1:]
	if err != nil {
		return err
	}
	head, found, err := look(p.from, f.options)
	if err != nil {
		if unknown := new(UnknownError); errors.As(err, &unknown) && p.name != "" {
			unknown.Seen = fmt.Sprintf("in %q, %s", p.name, unknown.Seen)
		}
		return err
	}
	name := p.name
	if name == "" {
		name = f.options.Name
	}
	f.kind, f.lines, f.packed, f.mark = found.kind, found.lines, p.packed, p.mark
	f.from = io.MultiReader(bytes.NewReader(head), p.from)
	b, limit := &block{from: f.from}, f.options.Limits.Record
	if found.header != nil {
		rows := &csvRows{b: b, limit: limit}
		f.next, f.values = rows.next, nil
		f.Parser = csvParser(f.kind, found.header, name)
		_, err := rows.next() // the header
		return err
	}
	f.values = &values{b: b, limit: limit, wrapped: found.wrapped}
	f.next = f.values.next
	f.Parser = objectParser(f.kind, f.values)
	if f.Parser == nil {
		return &UnknownError{Seen: fmt.Sprintf("it is JSON, not %s", f.kind.About())}
	}
	return nil
}

// look reads as much as is needed to tell what it is.
func look(from io.Reader, o Options) (head []byte, f found, err error) {
	const step = 64 << 10
	ended := false
	for {
		f, err = detect(head, ended, o.Kind)
		if unknown := new(UnknownError); o.Lenient && errors.As(err, &unknown) && unknown.Text {
			return head, found{kind: Rows, lines: true}, nil
		}
		if !errors.Is(err, errMore) {
			return head, f, err
		}
		if len(head) > o.Limits.Record {
			return head, f, &UnknownError{Seen: fmt.Sprintf("it begins with %s and goes on for %d bytes without an end of that", shown(head), len(head))}
		}
		head = slices.Grow(head, max(step, len(head)))
		n, err := from.Read(head[len(head):cap(head)])
		head = head[:len(head)+n]
		if errors.Is(err, io.EOF) {
			ended = true
		} else if err != nil {
			return head, f, err
		}
	}
}

// csvParser makes rows of a CSV file with the header; nil when it isn't of the kind.
func csvParser(kind Kind, header []string, name string) Parser {
	switch kind {
	case OfficeCSV:
		if p := newAuditOfCSV(header); p != nil {
			return p
		}
	case EntraCSV:
		if p := newPortalCSV(header, name); p != nil {
			return p
		}
	case RowsCSV:
		if p := newRowsOfCSV(header); p != nil {
			return p
		}
	}
	return nil
}

// objectParser makes rows of what JSON of a kind holds; nil for a kind that isn't JSON.
func objectParser(kind Kind, v *values) Parser {
	switch kind {
	case Rows:
		return newRowObjects()
	case Query:
		return &queryRows{of: func() []byte { return v.columns }}
	case Office:
		return auditObjects{NewObjects(kind)}
	case Records, Graph:
		return NewObjects(kind)
	}
	return nil
}

// Kind is what the file is.
func (f *File) Kind() Kind { return f.kind }

// About says for people what the file is taken for.
func (f *File) About() string {
	text := f.kind.About()
	if f.packed != "" {
		text += " (" + f.packed + ")"
	}
	return text
}

// Lines reports whether there is a record a line, and nothing was packed: so that it can grow, and be read from the middle.
func (f *File) Lines() bool { return f.lines && !f.several && f.packed == "" }

// Text is what Next takes apart, and how many bytes of a byte order mark stand before it. Whoever reads it can't call Next.
func (f *File) Text() (text io.Reader, mark int) { return f.from, f.mark }

// Next is the next record; io.EOF behind the last. A *BrokenError says that what follows can't be taken apart.
func (f *File) Next() (Record, error) {
	for {
		r, err := f.next()
		if !errors.Is(err, io.EOF) || len(f.rest) == 0 {
			return r, err
		}
		if err := f.open(); err != nil && !errors.Is(err, io.EOF) {
			return Record{}, err
		}
	}
}

// HasMore reports whether a reply said that it has further pages, which aren't in the file.
func (f *File) HasMore() bool { return f.values != nil && f.values.more }

func sortedText(list []string) string {
	slices.Sort(list)
	return strings.Join(list, ", ")
}
