package index

import (
	"slices"
	"strconv"
	"strings"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/celrule/event"
)

// Answers hold what one event answered to the questions of an index, each asked once. They are used again for the next event,
// by one goroutine.
type Answers struct {
	event   uint32             // counts the events; what carries another number is of another event
	asked   []uint32           // by group
	found   [][]int32          // by group, the atoms that hold
	holds   []uint32           // by atom
	picked  []uint32           // by entry
	fitting map[string][]int32 // operations -> the atoms of parts that fit them
	list    []int32            // places of rules
	buf     []byte
}

// NewAnswers returns answers for x, for use by one goroutine.
func NewAnswers(x *Index) *Answers {
	return &Answers{
		asked: make([]uint32, len(x.groups)), found: make([][]int32, len(x.groups)), holds: make([]uint32, len(x.atoms)),
		picked: make([]uint32, len(x.entries)), fitting: map[string][]int32{},
	}
}

// next forgets the answers of the last event, by counting one event further.
func (a *Answers) next() {
	if a.event++; a.event == 0 { // the counter went round
		clear(a.asked)
		clear(a.holds)
		clear(a.picked)
		a.event = 1
	}
}

// ask returns the atoms of group g that hold for the event in f. The first call for an event finds out, later ones look up.
func (a *Answers) ask(x *Index, g int32, f *event.Frame) []int32 {
	if a.asked[g] == a.event {
		return a.found[g]
	}
	a.asked[g], a.found[g] = a.event, a.found[g][:0]
	group := &x.groups[g]
	switch group.how {
	case asLiteral:
		a.buf = group.scanner.scan(f.RawColumn(group.column), a.buf[:0], func(atom int32) { a.hold(g, atom) })
	case asOperation:
		a.buf = append(a.buf[:0], f.Operation()...)
		x.lookup(a, g, a.buf)
		if len(group.parts) > 0 {
			a.fitParts(group.parts, g, f.Operation())
		}
	case asSuccess:
		a.buf = strconv.AppendBool(a.buf[:0], f.Success())
		x.lookup(a, g, a.buf)
	default:
		a.buf = appendAnswer(a.buf[:0], f, group.question)
		x.lookup(a, g, a.buf)
	}
	return a.found[g]
}

func (a *Answers) hold(g, atom int32) {
	if a.holds[atom] != a.event {
		a.holds[atom] = a.event
		a.found[g] = append(a.found[g], atom)
	}
}

// lookup notes the atoms of group g that text satisfies: those equal to it, and those that it begins with.
func (x *Index) lookup(a *Answers, g int32, text []byte) {
	group := &x.groups[g]
	if atom, ok := group.exact[string(text)]; ok {
		a.hold(g, atom)
	}
	for i := range group.prefixes {
		p := &group.prefixes[i]
		if len(text) < p.length {
			break
		}
		for _, atom := range p.by[string(text[:p.length])] {
			if rest := x.atoms[atom].text[p.length:]; len(text) >= p.length+len(rest) && string(text[p.length:p.length+len(rest)]) == rest {
				a.hold(g, atom)
			}
		}
	}
}

// appendAnswer appends to dst the text that answers a question about one cell: the same value that an expression sees there.
func appendAnswer(dst []byte, f *event.Frame, q question) []byte {
	cell := f.RawColumn(q.column)
	switch q.how {
	case asNumber:
		return strconv.AppendInt(dst, int64(event.WholeCell(cell)), 10)
	case asBool:
		return strconv.AppendBool(dst, bool(event.BoolCell(cell)))
	case asLower:
		return appendLower(dst, cell)
	}
	return appendText(dst, cell)
}

// appendText appends the cell as text to dst: a JSON string decoded, anything else as it stands.
func appendText(dst, cell []byte) []byte {
	if len(cell) == 0 || cell[0] != '"' {
		return append(dst, cell...)
	}
	out, err := enrich.AppendUnquoted(dst, cell)
	if err != nil {
		return dst
	}
	return out
}

func appendLower(dst, cell []byte) []byte {
	start := len(dst)
	dst = appendText(dst, cell)
	if !event.IsASCII(dst[start:]) {
		return append(dst[:start], strings.ToLower(string(dst[start:]))...)
	}
	for i, c := range dst[start:] {
		if c >= 'A' && c <= 'Z' {
			dst[start+i] = c | 0x20
		}
	}
	return dst
}

// Candidates returns the places of the rules whose keys and other conditions hold for the event in f, in ascending order. Rules
// without a key aren't among them. The list is valid until the next call.
func (x *Index) Candidates(a *Answers, f *event.Frame) []int32 {
	a.next()
	a.list = a.list[:0]
	for _, g := range x.keys {
		for _, atom := range a.ask(x, g, f) {
			for _, entry := range x.picks[atom] {
				if a.picked[entry] != a.event && x.possible(a, f, x.entries[entry].rest) {
					a.picked[entry] = a.event
					a.list = append(a.list, x.entries[entry].rule)
				}
			}
		}
	}
	if len(a.list) > 1 {
		slices.Sort(a.list)
	}
	return a.list
}

// possible reports whether each of the conditions, given as ids of atoms, has an atom that holds for the event in f.
func (x *Index) possible(a *Answers, f *event.Frame, conditions [][]int32) bool {
	for _, c := range conditions {
		if !slices.ContainsFunc(c, func(atom int32) bool {
			a.ask(x, x.groupOf[atom], f)
			return a.holds[atom] == a.event
		}) {
			return false
		}
	}
	return true
}

// CanMatch reports whether all conditions that the index knows of the rule at the place hold for the event in f.
func (x *Index) CanMatch(place int, f *event.Frame) bool {
	i := x.of[place]
	if i < 0 {
		return true
	}
	a := NewAnswers(x) // those of a worker may be in use
	a.next()
	e := &x.entries[i]
	return x.possible(a, f, [][]int32{e.key}) && x.possible(a, f, e.rest)
}

// fitParts notes the atoms of group g that fit the operation: endings, pieces, patterns, classes of Key Vault operations. The same
// few operations come again and again, so each is tested once and remembered.
func (a *Answers) fitParts(parts []partTest, g int32, operation string) {
	if len(operation) > maxFitted {
		for i := range parts {
			a.hold(g, parts[i].id)
		}
		return
	}
	fitting, known := a.fitting[operation]
	if !known {
		for i := range parts {
			if parts[i].fits(operation) {
				fitting = append(fitting, parts[i].id)
			}
		}
		if len(a.fitting) >= event.MaxRemembered {
			clear(a.fitting)
		}
		a.fitting[operation] = fitting
	}
	for _, atom := range fitting {
		a.hold(g, atom)
	}
}
