package celrule

import (
	"context"
	"slices"
	"sync/atomic"
	"time"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/diag"
)

// Module is riskrelay's own rule module: rules written in CEL, in the rule files that package rulefile describes. It
// implements enrich.Module.
type Module struct {
	set      atomic.Pointer[ruleSet]
	memory   Memory
	live     func(host string) string // nil when nobody looks names up
	compiler *compiler
}

// New returns a module without rules, which tags nothing until Configure gives it some. What its rules have seen is
// forgotten with it.
func New() *Module { return NewRemembering(NewRecent(DefaultMemory)) }

// NewRemembering returns a module without rules whose rules with first_seen ask memory, which stays the same when the
// module is configured anew.
func NewRemembering(memory Memory) *Module {
	m := &Module{memory: memory, compiler: &compiler{}}
	s := &ruleSet{}
	s.finish()
	m.set.Store(s)
	return m
}

// Fresh returns a module without rules, as New does, that compiles nothing which m has compiled last: for many modules with the
// same rules in other contexts, as tests have them.
func (m *Module) Fresh() *Module {
	fresh := New()
	fresh.compiler = m.compiler
	return fresh
}

// AskVerdicts makes context.dns ask live for hosts of which the context says nothing. Live returns nxdomain, resolves or
// unknown, at once: it must not wait for the network. It may be called from several goroutines. What needs context dns
// then runs without one. AskVerdicts must be called before the first Configure.
func (m *Module) AskVerdicts(live func(host string) string) { m.live = live }

// Needing are the ids of the rules that run and need, or use in an adjust step, the part of the context, such as "dns".
// They are sorted.
func (m *Module) Needing(part string) (ids []string) {
	for _, r := range m.set.Load().rules {
		if r.Info.Off == "" && (slices.Contains(r.Required, part) || slices.Contains(r.Optional, part)) {
			ids = append(ids, r.Info.ID)
		}
	}
	return ids
}

// Describe lists all rules; those that are off say why. The lists in it are shared between calls and must not be
// changed.
func (m *Module) Describe(context.Context) (enrich.Description, error) {
	return m.set.Load().describe(), nil
}

// Configure compiles all files as one set and puts it in the place of the old one. When anything is wrong the old set
// stays, and the error is the diag.Problems of all files, or that of ctx. Settings are a YAML document with the keys context (the
// shape of a context file) and at (a pinned clock).
func (m *Module) Configure(ctx context.Context, config enrich.Config) error {
	set, err := compileAsking(ctx, config, m.live, m.compiler)
	if err != nil {
		return err
	}
	set.memory = m.memory
	m.set.Store(set)
	return nil
}

// Warnings are what the last Configure that succeeded found and accepted: exceptions that end soon, tunings of rules that
// have changed since.
func (m *Module) Warnings() diag.Problems { return slices.Clone(m.set.Load().warnings) }

// Idle are warnings about lists, macros and lets that nothing uses, and about names in the contexts of tests that the
// rule doesn't ask for, in the order of their places.
func (m *Module) Idle() diag.Problems { return slices.Clone(m.set.Load().unused) }

// Remembering is a rule with first_seen that runs.
type Remembering struct {
	ID     string
	Tables []string
	Window time.Duration
}

// Remembering lists the rules with first_seen that run, in the order of their ids.
func (m *Module) Remembering() (all []Remembering) {
	for _, r := range m.set.Load().rules {
		if f := r.Declared.FirstSeen; f != nil && r.Info.Off == "" {
			all = append(all, Remembering{r.Info.ID, slices.Clone(r.Info.Tables), f.Window})
		}
	}
	return all
}

// Tag evaluates the rules on each event. A rule that fails is a tag with an error, and says nothing about the other
// rules. The only error is that of ctx.
func (m *Module) Tag(ctx context.Context, events []enrich.Event) ([][]enrich.Tag, error) {
	return m.set.Load().tag(ctx, events, false)
}

// MissingFields is how often rules ended at a field that a dynamic value didn't have, by rule id. That is no fault, but
// a rule for which it happens always may have a typing error.
func (m *Module) MissingFields() map[string]uint64 {
	out := map[string]uint64{}
	for _, r := range m.set.Load().rules {
		if n := r.missing.Load(); n > 0 {
			out[r.Info.ID] = n
		}
	}
	return out
}
