package index

import (
	"slices"

	"github.com/riskrelay/riskrelay/enrich/celrule/event"
)

// CanMatchWithout is CanMatch for an event whose columns may hold less than the service wrote: what they say counts for nothing.
func (x *Index) CanMatchWithout(place int, f *event.Frame, columns []string) bool {
	i := x.of[place]
	if i < 0 {
		return true
	}
	e := &x.entries[i]
	conditions := slices.DeleteFunc(append([][]int32{e.key}, e.rest...), func(atoms []int32) bool {
		return slices.ContainsFunc(atoms, func(id int32) bool { return slices.Contains(columns, x.atoms[id].column) })
	})
	a := NewAnswers(x) // those of a worker may be in use
	a.next()
	return x.possible(a, f, conditions)
}
