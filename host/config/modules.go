package config

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"time"
)

// maxModuleTime is how long events wait for a module at most.
const maxModuleTime = 10 * time.Second

// ownModules are the names of riskrelay's own modules.
func ownModules() []string { return []string{"cel", "directory", "dns"} }

// distinctModules says which modules have the name of another one: tags, metrics and errors tell modules apart by it.
func distinctModules(modules []Module) error {
	var errs []error
	seen := map[string]bool{}
	for _, m := range modules {
		switch {
		case slices.Contains(ownModules(), m.Name):
			errs = append(errs, fmt.Errorf("call the module %q something else: that is one of riskrelay's own", m.Name))
		case m.Name != "" && seen[m.Name]:
			errs = append(errs, fmt.Errorf("two modules are called %q", m.Name))
		}
		seen[m.Name] = true
	}
	return errors.Join(errs...)
}

// Fenced says what a module may have, on Linux, beside what every module needs.
type Fenced struct {
	Fence   bool     `yaml:"fence"`   // false runs the module with riskrelay's own rights
	Read    []string `yaml:"read"`    // absolute paths of files and directories
	Network bool     `yaml:"network"` // connect to other machines
	Limits  Limits   `yaml:"limits"`
}

// Limits bound what a module may use.
type Limits struct {
	Memory      int64 `yaml:"memory"`      // bytes of address space; 0 stands for 2 GiB, -1 for no limit
	Descriptors int   `yaml:"descriptors"` // open at once
	Processes   int   `yaml:"processes"`   // beside its own
}

// UnmarshalYAML fills in the defaults of what isn't given.
func (m *Module) UnmarshalYAML(unmarshal func(any) error) error {
	type plain Module
	p := plain{Fenced: Fenced{Fence: true, Limits: Limits{Descriptors: 64}}}
	err := unmarshal(&p)
	*m = Module(p)
	return err
}

// leastMemory is about what a program in Go reserves before it does anything.
const leastMemory = 1 << 30

func (f Fenced) validate() error {
	var errs []error
	for _, path := range f.Read {
		if !filepath.IsAbs(path) {
			errs = append(errs, fmt.Errorf("read: %q is not an absolute path", path))
		}
	}
	if m := f.Limits.Memory; m < -1 || m > 0 && m < leastMemory {
		errs = append(errs, fmt.Errorf("limits.memory: %d bytes of address space are too few for most programs: give at least %d, 0 for 2 GiB or -1 "+
			"for no limit", m, leastMemory))
	}
	if f.Limits.Descriptors < 16 {
		errs = append(errs, fmt.Errorf("limits.descriptors: with %d no program can answer: give at least 16", f.Limits.Descriptors))
	}
	if f.Limits.Processes < 0 {
		errs = append(errs, errors.New("limits.processes: it can't be less than 0"))
	}
	if !f.Fence && (len(f.Read) > 0 || f.Network) {
		errs = append(errs, errors.New("fence: without a fence, read and network say nothing: leave them out, or leave out fence"))
	}
	return errors.Join(errs...)
}
