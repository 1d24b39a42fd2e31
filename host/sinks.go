package host

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/host/config"
	"github.com/riskrelay/riskrelay/host/pipeline"
	"github.com/riskrelay/riskrelay/host/sink"
	"github.com/riskrelay/riskrelay/host/sink/eventjson"
)

// named is a sink with its name.
type named struct {
	name  string
	sink  pipeline.Sink
	sends int // under way for one window
}

// buildSinks makes all sinks of the list that can be made. The error is about the others, each with its name.
func buildSinks(all []sink.Configured) (list []named, err error) {
	for _, c := range all {
		made, why := c.New()
		if why != nil {
			err = joinNamed(err, c.Name, why)
			continue
		}
		list = append(list, named{c.Name, made, c.Sends})
	}
	return list, err
}

func joinNamed(err error, name string, why error) error {
	why = fmt.Errorf("sink %s: %w", name, why)
	if err == nil {
		return why
	}
	return fmt.Errorf("%w\n%w", err, why)
}

// outlets are the configuration's sinks, each with retries and its dead-letter file; a dry run prints.
func (h *Host) outlets(c config.Config, o Options) (all []pipeline.Outlet, err error) {
	if o.DryRun {
		return []pipeline.Outlet{retried("stdout", &printer{out: o.Stdout}, 1, 0, o)}, nil
	}
	if h.sinks, err = buildSinks(c.Sinks.All()); err != nil {
		return nil, err
	}
	tries := 0
	if o.Once {
		tries = onceTries
	}
	for _, s := range h.sinks {
		keeper := &pipeline.DeadLetter{Sink: s.sink, Keep: (&refusals{sink: s.name, to: h.letters.Keep(s.name), log: o.Log.WithField("sink", s.name)}).keep}
		out := retried(s.name, keeper, s.sends, tries, o)
		keeper.Notify = func(err error, wait time.Duration) {
			out.Health.Blocked(err, wait)
			o.Log.WithError(err).WithField("sink", s.name).Error("refused events wait for room on the disk")
		}
		keeper.Shortened = (&copies{sink: s.name, letters: h.letters, health: out.Health, log: o.Log.WithField("sink", s.name)}).keep
		all = append(all, out)
	}
	return all, nil
}

// onceTries is how often a run with --once tries a Send before it leaves the window to the next run.
const onceTries = 5

// retried is a sink that is tried again tries times, or until it works for 0, as the pipeline takes it.
func retried(name string, sink pipeline.Sink, sends, tries int, o Options) pipeline.Outlet {
	health := &pipeline.Health{}
	log := o.Log.WithField("sink", name)
	retry := &pipeline.Retry{Sink: sink, Health: health, Tries: tries, Notify: func(err error) {
		if err != nil {
			log.WithError(err).Warn("the sink doesn't take events: trying until it does, nothing is lost")
		} else {
			log.Info("the sink takes events again")
		}
	}}
	return pipeline.Outlet{Name: name, Sink: retry, Concurrency: sends, Health: health}
}

// printer is the sink of a dry run.
type printer struct {
	mu  sync.Mutex
	out io.Writer
}

func (p *printer) Send(_ context.Context, events []enrich.Event) (pipeline.Receipt, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	w := bufio.NewWriter(p.out)
	for i := range events {
		line, err := eventjson.Append(nil, &events[i])
		if err != nil {
			return pipeline.Receipt{}, err
		}
		if _, err := w.Write(append(line, '\n')); err != nil {
			return pipeline.Receipt{}, fmt.Errorf("print an event: %w", err)
		}
	}
	return pipeline.Receipt{Events: len(events)}, w.Flush()
}

func (p *printer) Close() error { return nil }
