package rulehost

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/host/config"
	"github.com/riskrelay/riskrelay/host/secret"
	"github.com/riskrelay/riskrelay/plugin"
	"github.com/riskrelay/riskrelay/plugin/fence"
)

// fenceOf is a module's fence, nil when it has none. This program puts it up as `riskrelay module fence`.
func fenceOf(m config.Module) *fence.Options {
	if !m.Fence {
		return nil
	}
	return &fence.Options{
		Launcher: []string{"module", "fence"}, Read: m.Read, Network: m.Network,
		Limits: fence.Limits{Memory: m.Limits.Memory, Descriptors: m.Limits.Descriptors, Processes: m.Limits.Processes},
	}
}

// celMemory is the address space of the built-in module, in bytes. Compiling ten thousand rules takes more than other modules get.
const celMemory = 16 << 30

// celProcess is the built-in module in a process of its own.
func celProcess() (config.Module, error) {
	self, err := os.Executable()
	if err != nil {
		return config.Module{}, fmt.Errorf("find this program, to start the CEL module: %w", err)
	}
	memory := int64(celMemory)
	if fence.DefaultMemory < 0 {
		memory = fence.DefaultMemory // what is built with the race detector has no limit
	}
	return config.Module{
		Name: celName, Path: self, Args: []string{"module", "cel"}, Timeout: celTime, Fenced: config.Fenced{Fence: true, Limits: config.Limits{Memory: memory}},
	}, nil
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

// Listed is a rule module of a configuration, as it presents itself.
type Listed struct {
	Name    string          `json:"name"` // in the configuration
	Path    string          `json:"path"`
	SHA256  string          `json:"sha256,omitempty"` // not of the built-in module, which is this program
	Version string          `json:"version,omitempty"`
	About   string          `json:"about,omitempty"` // what it calls itself
	Selects enrich.Selector `json:"selects"`
	Rules   int             `json:"rules"`
	Fence   []fence.Step    `json:"fence"`
	Problem string          `json:"problem,omitempty"` // why it can't be used
}

// List starts and configures each module of a configuration, with rules.isolate the built-in one first, to ask what
// it is, and how it is fenced. The error joins those of modules that can't be used, which are listed, too.
func List(ctx context.Context, c config.Config) (list []Listed, err error) {
	all := c.Modules
	if c.Rules.Isolate {
		own, err := celProcess()
		if err != nil {
			return nil, err
		}
		all = append([]config.Module{own}, all...)
	}
	for _, one := range all {
		listed, problem := listModule(ctx, one, c.Secrets)
		if problem != nil {
			listed.Problem = problem.Error()
			err = errors.Join(err, fmt.Errorf("module %s: %w", one.Name, problem))
		}
		list = append(list, listed)
	}
	return list, err
}

func listModule(ctx context.Context, one config.Module, secrets *secret.Keeper) (Listed, error) {
	l := Listed{Name: one.Name, Path: one.Path, SHA256: one.SHA256}
	about, err := tryModule(ctx, one, secrets, func(p *plugin.Process) { l.Fence = p.Fence() })
	if one.Name != celName { // what the built-in module selects is what its rules do
		l.About, l.Version, l.Selects, l.Rules = about.Name, about.Version, about.Selector, len(about.Rules)
	}
	return l, err
}
