package rulehost

import (
	"context"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/celrule"
	"github.com/riskrelay/riskrelay/host/admin"
)

// Snapshot adds to s the rules, the state of each module, the rules that were switched off while they ran, and how look-ups go.
func (m *Modules) Snapshot(s *admin.Snapshot) {
	ctx := context.Background() // nobody is asked: modules keep what they said of themselves
	ran := m.ran.Load()
	if cel, ok := m.cel.(*celrule.Module); ok {
		s.Missing = cel.MissingFields()
	}
	known := map[string]bool{}
	for _, module := range m.all() {
		about, err := module.Describe(ctx)
		if err != nil {
			continue
		}
		for _, r := range about.Rules {
			if !known[r.ID] { // where two modules have a rule of this id, that of the module asked earlier counts
				known[r.ID] = true
				s.Rules = append(s.Rules, r)
			}
		}
		s.Modules = append(s.Modules, m.moduleStatus(about))
		for i := range about.Rules {
			if r := &about.Rules[i]; module == m.cel && r.Off != "" && ran != nil && (*ran)[r.ID] {
				s.Tripped = append(s.Tripped, r.ID)
			}
		}
	}
	s.Restarts = map[string]int{}
	for name, process := range m.processes {
		s.Restarts[name] = process.Restarts()
	}
	if m.followUps != nil {
		s.Lookups = lookups(m.dns.Figures(), m.followUps.Figures())
	}
}

// moduleStatus returns how a module does; about is what it says of itself. One without a process is always on.
func (m *Modules) moduleStatus(about enrich.Description) admin.ModuleStatus {
	s := admin.ModuleStatus{Name: about.Name, Rules: len(about.Rules), On: true, Refused: m.voices.count(about.Name)}
	process := m.processes[about.Name]
	if process == nil {
		return s // a part of the host
	}
	h := process.Health()
	s.On, s.Reason, s.Open, s.Timeouts, s.LeftOut = h.On, h.Reason, h.Open, h.Timeouts, h.LeftOut
	s.BuiltIn = enrich.Module(process) == m.cel
	if !h.Next.IsZero() {
		next := h.Next.UTC()
		s.NextTry = &next
	}
	return s
}

// all are the modules in the order in which they are asked.
func (m *Modules) all() []enrich.Module {
	all := []enrich.Module{m.cel}
	for _, name := range m.order {
		all = append(all, enrich.Guest{Module: m.processes[name], Name: name})
	}
	if m.dns != nil {
		all = append(all, m.dns) // after those whose tags it takes note of
	}
	return all
}

// noteRunning notes which rules are on right after they were loaded. A rule among them that is off later has tripped: it was
// switched off for taking too long.
func (m *Modules) noteRunning(ctx context.Context) {
	about, err := m.cel.Describe(ctx)
	if err != nil {
		return // only metrics lack it
	}
	ran := map[string]bool{}
	for i := range about.Rules {
		if about.Rules[i].Off == "" {
			ran[about.Rules[i].ID] = true
		}
	}
	m.ran.Store(&ran)
}

// Owns reports whether a process belongs to a module.
func (m *Modules) Owns(pid int) bool {
	for _, p := range m.processes {
		if p.Owns(pid) {
			return true
		}
	}
	return false
}
