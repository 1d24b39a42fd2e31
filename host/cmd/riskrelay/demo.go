package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"text/template"
	"time"

	"github.com/sirupsen/logrus"
	"github.com/spf13/cobra"

	"github.com/riskrelay/riskrelay/host"
	"github.com/riskrelay/riskrelay/host/config"
	"github.com/riskrelay/riskrelay/host/durable"
	"github.com/riskrelay/riskrelay/host/graph/graphtest"
	"github.com/riskrelay/riskrelay/host/sink/splunkhec/hectest"
	"github.com/riskrelay/riskrelay/host/source/loganalyticstest"
	"github.com/riskrelay/riskrelay/host/source/loganalyticstest/story"
	"github.com/riskrelay/riskrelay/host/view"
)

func newDemo(s streams) *cobra.Command {
	d := demo{streams: s}
	c := &cobra.Command{
		Use:   "demo",
		Short: "Show the main job without Azure: an emulated workspace, an attack, a HEC collector",
		Long: "demo starts emulators of Log Analytics, with a day of events and an attack story, and of Microsoft Graph, runs the\n" +
			"real forwarder against them, receives everything with a small HEC collector and prints what was found, row by row of the guide.",
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return d.run(c.Context()) },
	}
	c.Flags().IntVar(&d.events, "events", 20_000, "everyday events of the day")
	c.Flags().Uint64Var(&d.seed, "seed", 1, "which day it is: the same seed gives the same events")
	c.Flags().StringVar(&d.dir, "dir", "demo-output", "directory for the configuration, the ledger and what was received")
	c.Flags().BoolVar(&d.keep, "keep", false, "keep running, with new events every second, until interrupted")
	return c
}

// demo is one run of the demonstration.
type demo struct {
	streams
	events int
	seed   uint64
	dir    string
	keep   bool
}

func (d *demo) run(ctx context.Context) error {
	lock, err := d.prepare()
	if err != nil {
		return exit(exitRuntime, err)
	}
	defer lock.Close() //nolint:errcheck // nothing is written to it
	workspace, sent, err := d.workspace()
	if err != nil {
		return exit(exitRuntime, err)
	}
	defer workspace.Close() //nolint:errcheck // the demonstration is over
	tenant, objects := d.tenant(workspace)
	defer tenant.Close() //nolint:errcheck // the demonstration is over
	sent += objects
	output, err := os.Create(d.path("events.ndjson"))
	if err != nil {
		return exit(exitRuntime, err)
	}
	defer output.Close() //nolint:errcheck // closed with its errors below
	collector, err := hectest.Start(hectest.Config{Token: demoToken, Output: output})
	if err != nil {
		return exit(exitRuntime, err)
	}
	defer collector.Close() //nolint:errcheck // the demonstration is over
	loaded, err := d.configure(workspace, tenant, collector)
	if err != nil {
		return err
	}
	return d.forward(ctx, loaded, workspace, collector, sent)
}

func (d *demo) path(name string) string { return filepath.Join(d.dir, name) }

// prepare makes the directory and forgets what an earlier run left in it. Closing the file lets the next demonstration in.
func (d *demo) prepare() (lock *os.File, err error) {
	if d.events < 0 {
		return nil, exit(exitConfig, fmt.Errorf("--events: %d is less than none", d.events))
	}
	if err := d.ours(); err != nil {
		return nil, exit(exitConfig, err)
	}
	if err := os.MkdirAll(d.dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the demonstration's directory: %w", err)
	}
	if lock, err = d.lock(); err != nil {
		return nil, err
	}
	if err := os.RemoveAll(d.path("data")); err != nil {
		return nil, errors.Join(fmt.Errorf("forget the last demonstration: %w", err), lock.Close())
	}
	return lock, nil
}

// lock keeps other demonstrations out of the directory.
func (d *demo) lock() (*os.File, error) {
	f, err := os.OpenFile(d.path(demoLock), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("lock the demonstration's directory: %w", err)
	}
	switch err = durable.Lock(f, false); {
	case errors.Is(err, durable.ErrLocked):
		err = fmt.Errorf("another demonstration runs in %s: end it, or give this one a directory of its own with --dir", d.dir)
	case errors.Is(err, errors.ErrUnsupported): // this file system knows no locks
		err = nil
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// ours refuses a directory that holds something else than an earlier demonstration.
func (d *demo) ours() error {
	entries, err := os.ReadDir(d.dir)
	if errors.Is(err, fs.ErrNotExist) || err == nil && len(entries) == 0 {
		return nil
	}
	if len(entries) == 1 && entries[0].Name() == demoLock { // one that was interrupted at once
		return nil
	}
	if err != nil {
		return fmt.Errorf("look into the demonstration's directory: %w", err)
	}
	text, err := os.ReadFile(d.path("riskrelay.yaml"))
	if err != nil || !strings.HasPrefix(string(text), demoHeader) {
		return fmt.Errorf("%s holds something else than a demonstration: give an empty directory with --dir", d.dir)
	}
	return nil
}

// workspace starts the emulator with a day of events, the attack among them, that has just arrived.
func (d *demo) workspace() (server *loganalyticstest.Server, sent int, err error) {
	if server, err = loganalyticstest.New(loganalyticstest.Options{}); err != nil {
		return nil, 0, err
	}
	begin := time.Now().UTC().Add(-24*time.Hour - arrival)
	rows := append(story.Attack(d.seed, begin), story.Day(d.seed, begin, d.events)...)
	if err = d.writeRows(rows[:min(len(rows), shownRows)]); err != nil {
		return nil, 0, errors.Join(err, server.Close())
	}
	for _, r := range rows {
		if err = server.Add(r.Table, r.Ingested, r.JSON); err != nil {
			return nil, 0, errors.Join(err, server.Close())
		}
	}
	return server, len(rows), nil
}

// shownRows is how many rows lie beside the events, to be tried: the attack and a part of the day.
const shownRows = 50

// writeRows writes rows as `tag` and `rules explain` read them.
func (d *demo) writeRows(rows []story.Row) error {
	var b bytes.Buffer
	for _, r := range rows {
		fmt.Fprintf(&b, `{"Type":%q,%s`+"\n", r.Table, r.JSON[1:])
	}
	if err := os.WriteFile(d.path("rows.ndjson"), b.Bytes(), 0o600); err != nil {
		return fmt.Errorf("write the rows: %w", err)
	}
	return nil
}

// tenant starts a Microsoft Graph with the company's applications, and says how many objects it has.
func (d *demo) tenant(workspace *loganalyticstest.Server) (*graphtest.Server, int) {
	o := workspace.Options()
	server := graphtest.New(graphtest.Options{Tenant: o.Tenant, ClientID: o.ClientID, Secret: o.Secret})
	objects := story.GraphObjects(time.Now().UTC())
	for _, o := range objects {
		server.Put(o.Collection, o.JSON)
	}
	return server, len(objects)
}

// arrival is how long the day's last rows need to arrive in the workspace, and a bit.
const arrival = 16 * time.Minute

// demoToken opens the demonstration's collector, which listens on the loopback interface only.
const demoToken = "00000000-0000-0000-0000-000000000000"

// demoLock is the file whose lock says that a demonstration runs.
const demoLock = "lock"

const demoHeader = "# Written by riskrelay demo"

const demoConfig = demoHeader + `: what a real installation's configuration looks like.
data_dir: {{.Dir}}/data
log: {level: warn}
sources:
  log_analytics:
    - workspace: {{.Workspace}}
      endpoint: {{.Endpoint}}
      ca_file: {{.Dir}}/ca.pem
      credential:
        {kind: secret, tenant_id: {{.Tenant}}, client_id: {{.Client}}, secret_file: {{.Dir}}/client-secret, authority: "{{.Authority}}"}
      start: 25h
      settle: 1s
      every: 1s
      max_requests: 10000
  graph:
    - endpoint: {{.Graph}}
      ca_file: {{.Dir}}/graph-ca.pem
      credential:
        {kind: secret, tenant_id: {{.Tenant}}, client_id: {{.Client}}, secret_file: {{.Dir}}/client-secret, authority: "{{.Graph}}"}
sinks:
  splunk_hec:
    - {name: demo, url: "{{.Collector}}", token_file: {{.Dir}}/hec-token}
`

// configure writes the files that a real installation has, and loads them as a real one does.
func (d *demo) configure(workspace *loganalyticstest.Server, tenant *graphtest.Server, collector *hectest.Server) (config.Config, error) {
	o := workspace.Options()
	files := map[string]string{
		"ca.pem": string(workspace.CAPEM()), "graph-ca.pem": string(tenant.CAPEM()), "client-secret": o.Secret, "hec-token": demoToken,
	}
	for name, text := range files {
		if err := os.WriteFile(d.path(name), []byte(text), 0o600); err != nil {
			return config.Config{}, exit(exitRuntime, err)
		}
	}
	f, err := os.OpenFile(d.path("riskrelay.yaml"), os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return config.Config{}, exit(exitRuntime, err)
	}
	err = template.Must(template.New("config").Parse(demoConfig)).Execute(f, map[string]string{
		"Dir": d.dir, "Workspace": o.Workspace, "Endpoint": workspace.Endpoint(), "Authority": workspace.URL(), "Graph": tenant.URL(),
		"Tenant": o.Tenant, "Client": o.ClientID, "Collector": collector.URL,
	})
	if err = errors.Join(err, f.Close()); err != nil {
		return config.Config{}, exit(exitRuntime, err)
	}
	return loadConfig(d.streams, f.Name())
}

// forward runs the host until everything was received, or with --keep until ctx ends.
func (d *demo) forward(ctx context.Context, c config.Config, workspace *loganalyticstest.Server, collector *hectest.Server, sent int) error {
	log := logrus.New()
	log.SetOutput(d.err)
	log.SetLevel(logrus.WarnLevel)
	began := time.Now()
	h, err := host.New(ctx, c, host.Options{Log: log, Once: !d.keep})
	if err != nil {
		return ruleOrRuntime(err, c.Rules.Context)
	}
	defer h.Close()
	hostCtx, stop := context.WithCancel(ctx)
	defer stop()
	done := make(chan error, 1)
	go func() { done <- h.Run(hostCtx) }()
	err = d.watch(ctx, collector, sent, done)
	if err == nil {
		err = d.report(ctx, h.Figures(), sent, collector, time.Since(began))
	}
	if d.keep && err == nil {
		d.live(ctx, workspace)
		stop()
		err = <-done
	}
	return exit(exitRuntime, err)
}

// watch shows progress until the host is done or everything was received.
func (d *demo) watch(ctx context.Context, collector *hectest.Server, sent int, done <-chan error) error {
	bar := view.NewBar(d.err, "received")
	defer bar.End()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		received := collector.Events.Len()
		bar.Show(received, sent)
		if d.keep && received >= sent {
			return nil
		}
		select {
		case err := <-done:
			bar.Show(collector.Events.Len(), sent)
			if err == nil && ctx.Err() != nil {
				err = exit(exitStopped, errors.New("interrupted"))
			}
			return err
		case <-tick.C:
		}
	}
}

// live adds a few events a second until ctx ends.
func (d *demo) live(ctx context.Context, workspace *loganalyticstest.Server) {
	fmt.Fprintln(d.out, "\nrunning on, with new events every second; Ctrl-C ends it") //nolint:errcheck // nobody is left to tell
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for seed := d.seed + 1; ; seed++ {
		select {
		case <-ctx.Done():
			return
		case now := <-tick.C:
			for _, r := range story.Moment(seed, now.UTC(), 5) {
				_, _ = workspace.AddNow(r.Table, r.JSON) // the same rows were added before without an error
			}
		}
	}
}

// off says for each row of the guide what its rules lack that are off.
func (d *demo) off(ctx context.Context) map[string]string {
	flags := ruleFlags{}
	flags.Builtin = true
	module, err := flags.load(ctx)
	if err != nil {
		return nil
	}
	about, err := module.Describe(ctx)
	if err != nil {
		return nil
	}
	reasons := map[string]string{}
	for _, r := range about.Rules {
		for _, row := range r.Guide {
			switch {
			case r.Off == "" || strings.Contains(reasons[row], r.Off):
			case reasons[row] == "":
				reasons[row] = "off: " + r.Off
			default:
				reasons[row] += "; " + r.Off
			}
		}
	}
	return reasons
}

// lines calls do with each line of a file.
func lines(path string, do func([]byte) error) error {
	f, err := os.Open(path) //nolint:gosec // a file that the demonstration wrote
	if err != nil {
		return err
	}
	defer f.Close() //nolint:errcheck // it was only read
	r := bufio.NewReaderSize(f, 1<<20)
	for n := 1; ; n++ {
		line, err := r.ReadBytes('\n')
		if len(line) > 0 {
			if err := do(line); err != nil {
				return fmt.Errorf("%s: %w", path+":"+strconv.Itoa(n), err)
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}
