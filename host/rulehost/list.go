package rulehost

import (
	"context"
	"errors"
	"fmt"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/host/config"
	"github.com/riskrelay/riskrelay/host/secret"
	"github.com/riskrelay/riskrelay/plugin"
	"github.com/riskrelay/riskrelay/plugin/fence"
)

// Check starts each module that somebody else wrote, gives it its settings, and ends it. It returns the names that
// one of them declares and that belong to a module before it, builtin to begin with; the error is about all modules that
// a host would switch off.
func Check(ctx context.Context, c config.Config, builtin enrich.Description) ([]enrich.Contest, error) {
	abouts, errs := []enrich.Description{builtin}, []error(nil)
	for _, one := range c.Modules {
		about, err := tryModule(ctx, one, c.Secrets, func(*plugin.Process) {})
		if err != nil {
			errs = append(errs, fmt.Errorf("module %s: %w", one.Name, err))
			continue
		}
		about.Name = one.Name // as a host calls it
		abouts = append(abouts, about)
	}
	return enrich.Contests(abouts), errors.Join(errs...)
}

// tryModule starts a module, shows it to look, gives it its settings, and ends it. It returns what the module says of itself.
func tryModule(ctx context.Context, one config.Module, secrets *secret.Keeper, look func(*plugin.Process)) (about enrich.Description, err error) {
	options := moduleOptions(one)
	options.Name, options.StartTimeout = "", firstStart
	settings, unread := one.SettingsText(secrets) // beside what is wrong with the program
	module, err := plugin.Launch(ctx, options)
	if err != nil {
		return about, errors.Join(unread, err)
	}
	look(module)
	if err = unread; err == nil {
		err = handOver(ctx, module, settings)
	}
	if err == nil {
		about, err = module.Describe(ctx)
	}
	return about, errors.Join(err, module.Close())
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
