package config

import (
	"errors"
	"fmt"
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
