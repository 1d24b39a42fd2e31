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
	"github.com/riskrelay/riskrelay/host/secret"
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
			r := runner{path: t.path, load: func() (config.Config, error) { return loadConfig(s, t.path) }, options: options}
			loaded, err := r.load()
			if err != nil {
				return err
			}
			r.options.Log = view.NewLog(s.err, loaded.Log, s.secrets.Clean)
			r.options.Stdin, r.options.Stdout = s.in, s.out
			r.options.Guarded = !t.insecure
			if r.options.Service, err = systemd.New(os.Getenv); err != nil {
				r.options.Log.WithError(err).Warn("systemd's watchdog isn't fed")
			}
			return r.run(c.Context(), loaded, s.secrets)
		},
	}
	t.add(c)
	c.Flags().BoolVar(&options.Once, "once", false, "handle what there is now and end")
	c.Flags().BoolVar(&options.DryRun, "dry-run", false, "read and tag, print the events instead of sending them, and move no mark")
	return c
}

// runner runs a host until it is told to stop.
type runner struct {
	path    string                        // of the configuration
	load    func() (config.Config, error) // reads the configuration, again for each reload
	options host.Options
	began   func() // called once the host is there, before it reads; nil for nobody
}

func (r *runner) run(ctx context.Context, c config.Config, secrets *secret.Keeper) error {
	if err := guard(c, r.path, r.options, secrets); err != nil {
		return err
	}
	if err := secret.Undumpable(); err != nil {
		r.options.Log.WithError(err).Warn("other processes of this user can read this one's memory")
	}
	b := thisBuild()
	r.options.Build = admin.Build{Version: b.Version, Revision: b.Revision, Go: b.Go}
	hup := make(chan os.Signal, 1)
	signal.Notify(hup, syscall.SIGHUP) // before the start, which takes a while: SIGHUP would end the program
	defer signal.Stop(hup)
	most, limited := memory.Limit()
	h, err := host.New(ctx, c, r.options)
	if err != nil {
		return ruleOrRuntime(err, c.Rules.Context)
	}
	defer h.Close()
	if limited {
		go memory.KeepSmall(ctx, most)
	}
	if r.began != nil {
		r.began()
	}
	return r.follow(ctx, h, hup)
}

// follow has the host run, and read its rules again at each signal.
func (r *runner) follow(ctx context.Context, h *host.Host, hup chan os.Signal) error {
	var reloads sync.WaitGroup
	reloads.Go(func() {
		for range hup {
			r.reload(ctx, h)
		}
	})
	err := h.Run(ctx)
	signal.Stop(hup)
	close(hup)
	reloads.Wait() // the host may be closed only when nobody reloads it
	if err == nil && ctx.Err() != nil {
		r.options.Log.Info("stopped")
	}
	return exit(exitRuntime, err)
}

// reload reads the configuration's rules again. It logs what went wrong and leaves the old rules at work.
func (r *runner) reload(ctx context.Context, h *host.Host) {
	defer h.Reloading()()
	c, err := r.load()
	if err == nil && r.options.Guarded {
		err = host.Permissions(c, r.path).Err()
	}
	if err == nil {
		err = h.Reload(ctx, c)
	}
	if err != nil {
		r.options.Log.WithError(err).Error("can't reload: the old rules stay at work")
		return
	}
	r.options.Log.Info("rules reloaded")
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
