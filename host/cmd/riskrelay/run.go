package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"sync"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/riskrelay/riskrelay/host"
	"github.com/riskrelay/riskrelay/host/admin"
	"github.com/riskrelay/riskrelay/host/config"
	"github.com/riskrelay/riskrelay/host/memory"
	"github.com/riskrelay/riskrelay/host/rulehost"
	"github.com/riskrelay/riskrelay/host/systemd"
	"github.com/riskrelay/riskrelay/host/view"
)

func newRun(s streams) *cobra.Command {
	var t trust
	var options host.Options
	c := &cobra.Command{
		Use:   "run",
		Short: "Query, tag and forward until told to stop",
		Long: "run moves events until SIGTERM or SIGINT, which drain what was read, or until the files that it reads end and\n" +
			"there is no workspace. SIGHUP reads the rules, the context and the modules' settings again, and so does a change of\n" +
			"the files of rules and context, unless rules.watch is false. A set that doesn't load, or fails the tests that it\n" +
			"carries, leaves the old one at work.\n\n" +
			"Files and folders that others than root and run's own user and groups may change, and secrets and private keys that\n" +
			"others may read, are refused, each with the command that mends it.",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			loaded, err := loadConfig(s, t.path)
			if err != nil {
				return err
			}
			options.Log = view.NewLog(s.err, loaded.Log, s.secrets.Clean)
			options.Stdin, options.Stdout = s.in, s.out
			options.Guarded = !t.insecure
			if err := guard(loaded, t.path, options, s.secrets); err != nil {
				return err
			}
			if err := undumpable(); err != nil {
				options.Log.WithError(err).Warn("other processes of this user can read this one's memory")
			}
			if options.Service, err = systemd.New(os.Getenv); err != nil {
				options.Log.WithError(err).Warn("systemd's watchdog isn't fed")
			}
			b := thisBuild()
			options.Build = admin.Build{Version: b.Version, Revision: b.Revision, Go: b.Go}
			return run(c.Context(), s, loaded, t.path, options)
		},
	}
	t.add(c)
	c.Flags().BoolVar(&options.Once, "once", false, "handle what there is now and end")
	c.Flags().BoolVar(&options.DryRun, "dry-run", false, "read and tag, print the events instead of sending them, and move no mark")
	return c
}

func run(ctx context.Context, s streams, c config.Config, path string, options host.Options) error {
	hup := make(chan os.Signal, 1)
	signal.Notify(hup, syscall.SIGHUP) // before the start, which takes a while: SIGHUP would end the program
	defer signal.Stop(hup)
	most, limited := memory.Limit()
	h, err := host.New(ctx, c, options)
	if err != nil {
		return ruleOrRuntime(err, c.Rules.Context)
	}
	defer h.Close()
	if limited {
		go memory.KeepSmall(ctx, most)
	}
	var reloads sync.WaitGroup
	reloads.Go(func() {
		for range hup {
			reload(ctx, s, h, path, options)
		}
	})
	err = h.Run(ctx)
	signal.Stop(hup)
	close(hup)
	reloads.Wait() // the host may be closed only when nobody reloads it
	if err == nil && ctx.Err() != nil {
		options.Log.Info("stopped")
	}
	return exit(exitRuntime, err)
}

// reload reads the configuration's rules again. It logs what went wrong and leaves the old rules at work.
func reload(ctx context.Context, s streams, h *host.Host, path string, o host.Options) {
	defer h.Reloading()()
	c, err := loadConfig(s, path)
	if err == nil && o.Guarded {
		err = host.Permissions(c, path).Err()
	}
	if err == nil {
		err = h.Reload(ctx, c)
	}
	if err != nil {
		o.Log.WithError(err).Error("can't reload: the old rules stay at work")
		return
	}
	o.Log.Info("rules reloaded")
}

// ruleOrRuntime is the exit code for a host that can't start.
func ruleOrRuntime(err error, context string) error {
	if errors.As(err, new(*rulehost.SelftestError)) {
		return exit(exitRules, fmt.Errorf("can't start: %w", err))
	}
	if coded := ruleExit(err, context); errors.As(err, new(*rulehost.Error)) {
		return coded
	}
	return exit(exitRuntime, fmt.Errorf("can't start: %w", err))
}
