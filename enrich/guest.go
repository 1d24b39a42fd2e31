package enrich

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
)

// Guest is a module that isn't part of riskrelay. What it says carries its name, and it speaks for itself only: an
// [Enricher] refuses what a guest says in the name of a rule, a pack or a row of the guide that belongs to another module.
//
// A name belongs to the first module, in the order in which they are asked, that declares it in its description. What
// nobody declares belongs to the module that is called as the name begins: "night.change" to night. What is left belongs
// to the first of the modules that use it.
type Guest struct {
	Module
	Name string // as the operator calls it; whatever the module calls itself
}

// Describe returns the module's description under the guest's name.
func (g Guest) Describe(ctx context.Context) (Description, error) {
	about, err := g.Module.Describe(ctx)
	about.Name = g.Name
	return about, err
}

// The kinds of names that tags have.
type kind int

const (
	ruleName kind = iota
	packName
	guideRow
	kinds
)

func (k kind) String() string { return [...]string{"rule", "pack", "guide row"}[k] }

// names returns the names of one kind, such as rule or pack, that a rule or tag carries.
func (k kind) names(rule, pack string, guide []string) []string {
	switch k {
	case ruleName:
		return []string{rule}
	case packName:
		pack, _, _ = strings.Cut(pack, "@")
		return []string{pack}
	}
	return guide
}

// Contest is a name that two modules declare.
type Contest struct {
	Kind, Name   string // such as "rule" and "night.change"
	Owner, Loser string // modules: the one asked earlier keeps the name
}

// String describes the contest for people.
func (c Contest) String() string {
	return fmt.Sprintf("module %s: the %s %s belongs to module %s, which is configured earlier: what %s says in its name is refused",
		c.Loser, c.Kind, c.Name, c.Owner, c.Loser)
}

// Contests are the names that more than one of the modules declares, given in the order in which they are asked.
func Contests(abouts []Description) []Contest {
	_, contests := declare(abouts)
	return contests
}

// owners map a name to the module that it belongs to, by the module's place in the list of modules.
type owners [kinds]map[string]int

// declare gives each name to the first module that declares it.
func declare(abouts []Description) (all owners, contests []Contest) {
	for k := range kinds {
		all[k] = map[string]int{}
		for place := range abouts {
			lost := map[string]bool{}
			for _, r := range abouts[place].Rules {
				for _, name := range k.names(r.ID, r.Pack, r.Guide) {
					if owner, taken := all[k][name]; !taken && name != "" {
						all[k][name] = place
					} else if taken && owner != place && !lost[name] {
						lost[name] = true
						contests = append(contests, Contest{k.String(), name, abouts[owner].Name, abouts[place].Name})
					}
				}
			}
		}
	}
	return all, contests
}

// claims keep track of which name belongs to which module while modules run: descriptions may change, and names may be used that
// nobody declared.
type claims struct {
	declared atomic.Pointer[declared]

	mu   sync.Mutex // held by who writes declared; guards the following
	used owners     // what nobody declares
	own  []int      // how many of these names a module has
}

// declared is what modules said of themselves at one time. It is replaced, never changed.
type declared struct {
	abouts []Description
	places map[string]int // of modules by their names
	owners owners
}

// maxUsed is how many names a guest may use without declaring them.
const maxUsed = 1000

func newClaims(modules int) *claims {
	c := &claims{own: make([]int, modules)}
	for k := range kinds {
		c.used[k] = map[string]int{}
	}
	c.declared.Store(&declared{abouts: make([]Description, modules)})
	return c
}

// refresh asks the modules for their descriptions, and notes what has changed.
func (c *claims) refresh(ctx context.Context, modules []Module) {
	known, changed := c.declared.Load(), false
	for i, m := range modules {
		about, err := m.Describe(ctx)
		changed = changed || err == nil && (about.Name != known.abouts[i].Name || !same(about.Rules, known.abouts[i].Rules))
	}
	if changed {
		c.lookAgain(ctx, modules)
	}
}

// same reports whether two lists are the same list in memory: descriptions are replaced, never changed in place.
func same(a, b []RuleInfo) bool {
	return len(a) == len(b) && (len(a) == 0 || &a[0] == &b[0])
}

func (c *claims) lookAgain(ctx context.Context, modules []Module) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := &declared{places: map[string]int{}}
	for i, m := range modules {
		about, err := m.Describe(ctx)
		if err != nil {
			about = c.declared.Load().abouts[i] // what it said before holds
		}
		now.abouts = append(now.abouts, about)
		if _, taken := now.places[about.Name]; !taken {
			now.places[about.Name] = i
		}
	}
	now.owners, _ = declare(now.abouts)
	c.declared.Store(now)
}

// owner returns the place of the module that owns a name which the module at place uses. A name that nobody owns becomes that
// module's; ok is false if it owns too many undeclared names already.
func (d *declared) owner(k kind, name string) (place int, ok bool) {
	if place, ok = d.owners[k][name]; ok || k == guideRow {
		return place, ok
	}
	stem, _, _ := strings.Cut(name, ".")
	place, ok = d.places[stem]
	return place, ok
}

// refusal returns why the module at place may not say t, "" if it may.
func (c *claims) refusal(place int, t *Tag) (why string) {
	d := c.declared.Load()
	if why = c.claim(d, place, ruleName, t.Rule); why != "" {
		return why
	}
	pack, _, _ := strings.Cut(t.Pack, "@")
	if why = c.claim(d, place, packName, pack); why != "" {
		return why
	}
	for _, row := range t.Guide {
		if why = c.claim(d, place, guideRow, row); why != "" {
			return why
		}
	}
	return ""
}

// claim returns why the module at place may not use a name, "" if it may.
func (c *claims) claim(d *declared, place int, k kind, name string) string {
	if name == "" {
		return ""
	}
	owner, ok := d.owner(k, name)
	if !ok {
		owner, ok = c.use(k, name, place)
	}
	switch {
	case !ok:
		return fmt.Sprintf("it uses more than %d names that it doesn't declare, such as the %v %s", maxUsed, k, name)
	case owner != place:
		return fmt.Sprintf("the %v %s belongs to module %s", k, name, d.abouts[owner].Name)
	}
	return ""
}

// use gives a name that nobody declares to the module at place, unless a module that is asked earlier has it.
func (c *claims) use(k kind, name string, place int) (owner int, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	owner, taken := c.used[k][name]
	if taken && owner <= place {
		return owner, true
	}
	if c.own[place] == maxUsed {
		return place, false
	}
	if taken {
		c.own[owner]--
	}
	c.own[place]++
	c.used[k][name] = place
	return place, true
}

// sift returns the tags that the module at place may say of an event, the number of those that it may not, and the reason for the
// first of these.
func (c *claims) sift(place int, tags []Tag) (own []Tag, refused int, reason string) {
	for i := range tags {
		why := c.refusal(place, &tags[i])
		if why == "" {
			if refused > 0 {
				own = append(own, tags[i])
			}
			continue
		}
		if refused++; refused == 1 {
			own, reason = append([]Tag(nil), tags[:i]...), why
		}
	}
	if refused == 0 {
		return tags, 0, ""
	}
	return own, refused, reason
}
