package rulehost

import (
	"context"
	"errors"
	"fmt"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/host/config"
	"github.com/riskrelay/riskrelay/host/secret"
	"github.com/riskrelay/riskrelay/plugin"
)

// Check starts each module that somebody else wrote, gives it its settings, and ends it. It returns the names that
// one of them declares and that belong to a module before it, builtin to begin with; the error is about all modules that
// a host would switch off.
func Check(ctx context.Context, c config.Config, builtin enrich.Description) ([]enrich.Contest, error) {
	abouts, errs := []enrich.Description{builtin}, []error(nil)
	for _, one := range c.Modules {
		about, err := checkModule(ctx, one, c.Secrets)
		if err != nil {
			errs = append(errs, fmt.Errorf("module %s: %w", one.Name, err))
			continue
		}
		abouts = append(abouts, about)
	}
	return enrich.Contests(abouts), errors.Join(errs...)
}

func checkModule(ctx context.Context, one config.Module, secrets *secret.Keeper) (enrich.Description, error) {
	about, err := tryModule(ctx, one, secrets, func(*plugin.Process) {})
	about.Name = one.Name // as a host calls it
	return about, err
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

// moduleOptions are how a module of the configuration is started.
func moduleOptions(one config.Module) plugin.Options {
	return plugin.Options{
		Name: one.Name, Path: one.Path, Args: one.Args, SHA256: one.SHA256, TagTimeout: one.Timeout, Fence: fenceOf(one),
	}
}
