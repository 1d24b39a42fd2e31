package index

import (
	"regexp"
	"strings"

	"github.com/riskrelay/riskrelay/enrich/schema"
)

// maxFitted bounds the operations that are judged: longer ones are taken to fit all, so that an event can't make the index
// dear, and the expressions decide, which are metered.
const maxFitted = 256

// partTest is an atom about a part of event.operation.
type partTest struct {
	atom
	id      int32
	pattern *regexp.Regexp // for matches
}

func newPartTest(id int32, a atom) partTest {
	p := partTest{atom: a, id: id}
	if a.fit == matches {
		p.pattern = regexp.MustCompile(a.text) // the inspector took it
	}
	return p
}

// fits reports whether the atom holds for an operation.
func (p *partTest) fits(operation string) bool {
	switch p.fit {
	case ends:
		return strings.HasSuffix(operation, p.text)
	case holds:
		return strings.Contains(operation, p.text)
	case matches:
		return p.pattern.MatchString(operation)
	}
	return schema.VaultClass(operation) == p.text
}
