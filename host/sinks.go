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
	"github.com/riskrelay/riskrelay/host/sink/eventjson"
	filesink "github.com/riskrelay/riskrelay/host/sink/file"
	"github.com/riskrelay/riskrelay/host/sink/splunkhec"
	"github.com/riskrelay/riskrelay/host/sink/sumologic"
	"github.com/riskrelay/riskrelay/host/sink/syslog"
)

// named is a sink with its name.
type named struct {
	name        string
	sink        pipeline.Sink
	concurrency int
}

// buildSinks is the list of the kinds of sinks there are.
func buildSinks(c config.Config) (list []named, err error) {
	add := func(name string, concurrency int, sink pipeline.Sink, sinkErr error) {
		if sinkErr != nil {
			err = joinNamed(err, name, sinkErr)
			return
		}
		list = append(list, named{name, sink, concurrency})
	}
	for _, s := range c.Sinks.SplunkHEC {
		sink, err := splunkhec.New(s.Config)
		add(s.Name, max(2, s.Requests), sink, err)
	}
	for _, s := range c.Sinks.Sumo {
		sink, err := sumologic.New(s.Config)
		add(s.Name, max(2, s.Requests), sink, err)
	}
	for _, s := range c.Sinks.Syslog {
		sink, err := syslog.New(s.Config)
		add(s.Name, syslogSends, sink, err)
	}
	for _, s := range c.Sinks.File {
		sink, err := filesink.New(s.Config)
		add(s.Name, 1, sink, err)
	}
	return list, err
}

// syslogSends is how many Sends a syslog sink has under way: while one waits until the receiver has read, the next
// is written.
const syslogSends = 16

func joinNamed(err error, name string, why error) error {
	why = fmt.Errorf("sink %s: %w", name, why)
	if err == nil {
		return why
	}
	return fmt.Errorf("%w\n%w", err, why)
}

// openSinks adds the configuration's sinks to the pipeline, each with retries and its dead-letter file.
func (h *Host) openSinks(c config.Config, o Options) error {
	list, err := buildSinks(c)
	if err != nil {
		return err
	}
	tries := 0
	if o.Once {
		tries = onceTries
	}
	for _, s := range list {
		if sink, ok := s.sink.(certified); ok {
			h.certified = append(h.certified, namedCertified{s.name, sink})
		}
		keeper := &pipeline.DeadLetter{Sink: s.sink, Keep: (&refusals{sink: s.name, to: h.letters.Keep(s.name), log: o.Log.WithField("sink", s.name)}).keep}
		out := outlet(s.name, keeper, s.concurrency, tries, o)
		keeper.Notify = func(err error, wait time.Duration) {
			out.Health.Blocked(err, wait)
			o.Log.WithError(err).WithField("sink", s.name).Error("refused events wait for room on the disk")
		}
		keeper.Shortened = (&copies{sink: s.name, letters: h.letters, health: out.Health, log: o.Log.WithField("sink", s.name)}).keep
		h.pipeline.Outlets = append(h.pipeline.Outlets, out)
	}
	return nil
}

// onceTries is how often a run with --once tries a Send before it leaves the window to the next run.
const onceTries = 5

func outlet(name string, sink pipeline.Sink, concurrency, tries int, o Options) pipeline.Outlet {
	health := &pipeline.Health{}
	log := o.Log.WithField("sink", name)
	retry := &pipeline.Retry{Sink: sink, Health: health, Tries: tries, Notify: func(err error) {
		if err != nil {
			log.WithError(err).Warn("the sink doesn't take events: trying until it does, nothing is lost")
		} else {
			log.Info("the sink takes events again")
		}
	}}
	return pipeline.Outlet{Name: name, Sink: retry, Concurrency: concurrency, Health: health}
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
