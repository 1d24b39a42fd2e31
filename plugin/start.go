package plugin

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/plugin/backoff"
)

// patience is how long a call waits for the next start rather than fail.
const patience = time.Second

// ensure makes sure that there is a run, a new one with config, nil for none. It needs the whole gate. The error says why
// the last start failed; the breaker knows of each.
func (p *Process) ensure(ctx context.Context, config *enrich.Config) (err error) {
	for range maxFailures {
		if p.run != nil && !p.run.Over() {
			return nil
		}
		if err := p.pause(ctx); err != nil {
			return err
		}
		if err = p.restart(ctx, config); err == nil || ctx.Err() != nil || p.breaker.off() != nil {
			return err
		}
	}
	return err
}

// pause waits until the program may be started, unless that is far away.
func (p *Process) pause(ctx context.Context) error {
	wait, reason := p.breaker.wait()
	if wait <= 0 {
		return nil
	}
	if wait > patience {
		return fmt.Errorf("module is down and will be started again in %v: %w", wait.Round(100*time.Millisecond), reason)
	}
	if backoff.Sleep(ctx, wait) != nil {
		return context.Cause(ctx)
	}
	return nil
}

// restart replaces the run by a new one with config, nil for none. It needs the whole gate. A start that fails late opens
// the breaker: no call shall wait for the next.
func (p *Process) restart(ctx context.Context, config *enrich.Config) error {
	p.drop()
	begin := time.Now()
	r, about, err := p.start(ctx)
	if err == nil && config != nil {
		if about, err = r.Configure(ctx, *config); err != nil {
			err = fmt.Errorf("with the last configuration: %w", err)
			r.Close()
		}
	}
	if err != nil {
		if ctx.Err() == nil {
			p.trip(err, time.Since(begin) >= p.held.limit)
		}
		return err
	}
	p.run, p.given = r, config
	p.starts.Add(1)
	p.describe(about)
	if config != nil {
		p.taken.Store(true)
	}
	return nil
}

// drop ends the run.
func (p *Process) drop() {
	if p.run != nil {
		p.run.Close()
		p.run = nil
	}
}

func (p *Process) describe(about enrich.Description) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.about = about
}

func (p *Process) want(config *enrich.Config) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.config = config
}

func (p *Process) wanted() *enrich.Config {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.config
}

func cloned(c enrich.Config) *enrich.Config {
	files := slices.Clone(c.Files)
	for i := range files {
		files[i].Data = bytes.Clone(files[i].Data)
	}
	return &enrich.Config{Files: files, Settings: bytes.Clone(c.Settings)}
}

// removeAll is os.RemoveAll for a place that may be "".
func removeAll(dir string) {
	if dir != "" {
		_ = os.RemoveAll(dir)
	}
}

// insist makes wanted the configuration of the next run when there is no other, though a run didn't take it: without any,
// the module would say nothing about events, and nobody would know.
func (p *Process) insist(wanted *enrich.Config, reason error) error {
	if p.wanted() != nil {
		return reason
	}
	p.want(wanted)
	p.trip(reason, true)
	return &DownError{reason}
}
