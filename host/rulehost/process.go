package rulehost

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/host/config"
	"github.com/riskrelay/riskrelay/host/secret"
	"github.com/riskrelay/riskrelay/plugin"
	"github.com/riskrelay/riskrelay/plugin/fence"
)

const (
	// celName is what the module with the built-in rules calls itself.
	celName = "cel"
	// celTime is how long that module may take for a batch in a process of its own: it bounds each event by itself.
	celTime = 8 * time.Second
	// firstStart is how long the start of the host waits for modules that somebody else wrote.
	firstStart = 10 * time.Second
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

// moduleOptions are how a module of the configuration is started.
func moduleOptions(one config.Module) plugin.Options {
	return plugin.Options{
		Name: one.Name, Path: one.Path, Args: one.Args, SHA256: one.SHA256, TagTimeout: one.Timeout, Fence: fenceOf(one),
	}
}

// configureModule hands one module its settings. Without them one that never had any is off.
func configureModule(ctx context.Context, module *plugin.Process, one config.Module, secrets *secret.Keeper) error {
	settings, err := one.SettingsText(secrets)
	if err != nil {
		return module.Withhold(fmt.Errorf("%w; its settings are read again on reload", err))
	}
	return handOver(ctx, module, settings)
}

func handOver(ctx context.Context, module enrich.Module, settings []byte) error {
	if err := module.Configure(ctx, enrich.Config{Settings: settings}); err != nil {
		return fmt.Errorf("configure it: %w", err)
	}
	return nil
}
