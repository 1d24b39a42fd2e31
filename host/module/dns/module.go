package dns

import (
	"bytes"
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/goccy/go-yaml"
	"golang.org/x/time/rate"

	"github.com/riskrelay/riskrelay/enrich"
)

// Question is an event that went on its way while it wasn't known what DNS says of all its hosts.
type Question struct {
	Event enrich.Event
	Hosts []string // as CheckName returns them
}

// Keeper keeps questions until their hosts are known. Keep is called from Tag, so it must not wait for the network.
type Keeper interface {
	Keep(ctx context.Context, questions []Question)
}

const (
	workers = 4 // lookups under way, so that one host whose name servers don't answer holds up no other
	// fresh is how long ago a verdict may have come so late that a module before this one didn't have it yet.
	fresh = time.Minute
)

// Module looks up the hosts of redirect URIs. It implements enrich.Module and gives no tags itself: the rules ask
// Verdict. Other modules must be asked before it, so that the questions it keeps carry their tags.
type Module struct {
	dial  Dial
	limit *rate.Limiter
	cache *cache
	queue *queue

	keeper   Keeper
	answered func(host string, v Verdict)

	resolver atomic.Pointer[resolver] // nil when nothing is looked up
	mu       sync.Mutex
	figures  Figures
}

// Figures count what the module did. Names are counted each time an event has them.
type Figures struct {
	Lookups map[Verdict]int64 // hosts looked up, by what came out
	Refused int64             // names that are never looked up: addresses, names without a public suffix, skipped domains
	Surplus int64             // names above the five of an event that are looked up
	Dropped int64             // names that left the queue for newer ones
	Queued  int               // names that wait now
	Cached  int               // names that are known now
}

// New returns a module that looks nothing up until Configure says whom to ask. It opens connections with dial alone.
func New(dial Dial) *Module {
	return &Module{
		dial: dial, limit: rate.NewLimiter(questionsPerSecond, questionsPerSecond), cache: newCache(maxCached), queue: newQueue(maxQueued),
		figures: Figures{Lookups: map[Verdict]int64{}},
	}
}

// Tell makes the module hand questions to keeper, and tell answered of every host that was looked up, whatever came out.
// It must be called before the first Tag.
func (m *Module) Tell(keeper Keeper, answered func(host string, v Verdict)) {
	m.keeper, m.answered = keeper, answered
}

// moduleVersion grows with what the module does.
const moduleVersion = "1.0.0"

// Describe says which events the module wants.
func (m *Module) Describe(context.Context) (enrich.Description, error) {
	return enrich.Description{
		Name: "dns", Version: moduleVersion, Selector: enrich.Selector{Tables: []string{auditLogs, applications}},
	}, nil
}

// Configure takes a Config as YAML in the settings. An unknown key, a value that can't be or a file that can't be read
// is an error.
func (m *Module) Configure(_ context.Context, config enrich.Config) error {
	c := Defaults()
	if len(bytes.TrimSpace(config.Settings)) > 0 {
		if err := yaml.UnmarshalWithOptions(config.Settings, &c, yaml.Strict()); err != nil {
			return fmt.Errorf("read the settings of the dns module: %w", err)
		}
	}
	if err := c.Validate(); err != nil {
		return fmt.Errorf("dns: %w", err)
	}
	if !c.On() {
		m.resolver.Store(nil)
		return nil
	}
	r, err := newResolver(c, m.dial, m.limit)
	if err != nil {
		return fmt.Errorf("dns: %w", err)
	}
	m.resolver.Store(r)
	return nil
}

// Tag queues the hosts that aren't known and hands the events that have some to the keeper. It returns no tags and only
// the error of ctx.
func (m *Module) Tag(ctx context.Context, events []enrich.Event) ([][]enrich.Tag, error) {
	none := make([][]enrich.Tag, len(events))
	r := m.resolver.Load()
	if r == nil || ctx.Err() != nil {
		return none, ctx.Err()
	}
	var open []Question
	for i := range events {
		if q := m.question(r, &events[i]); len(q.Hosts) > 0 {
			open = append(open, q)
		}
	}
	if len(open) == 0 {
		return none, nil
	}
	if m.keeper != nil {
		m.keeper.Keep(ctx, open) // before the lookups, whose answers it waits for
	}
	for _, q := range open {
		for _, name := range q.Hosts {
			if !m.known(name) && m.queue.add(name) {
				m.count(func(f *Figures) { f.Dropped++ })
			}
		}
	}
	return none, nil
}

// question has the hosts of the event if one of them isn't known, or wasn't a moment ago.
func (m *Module) question(r *resolver, e *enrich.Event) Question {
	var names []string
	open := false
	for _, host := range hosts(e) {
		name, err := CheckName(host)
		if err != nil || r.config.skips(name) {
			m.count(func(f *Figures) { f.Refused++ })
			continue
		}
		if len(names) == maxNames {
			m.count(func(f *Figures) { f.Surplus++ })
			continue
		}
		names = append(names, name)
		entry, known := m.cache.get(name)
		open = open || !known || !entry.verdict.Final() || time.Since(entry.learned) < fresh
	}
	if !open {
		return Question{}
	}
	return Question{Event: *e, Hosts: names}
}

func (m *Module) known(name string) bool {
	_, known := m.cache.get(name)
	return known
}

// Verdict is what is known of a host now, Unknown when that is nothing. It asks nobody. The host may be written as in a
// URI.
func (m *Module) Verdict(host string) Verdict {
	name, err := CheckName(host)
	if err != nil {
		return Unknown
	}
	entry, _ := m.cache.get(name)
	return entry.verdict
}

// Ask queues a host, as CheckName returned it, unless something is known of it, be it that nobody gave a clear answer a
// moment ago. It reports whether there was room.
func (m *Module) Ask(host string) bool {
	return m.resolver.Load() == nil || m.known(host) || m.queue.offer(host)
}

// Busy reports whether a host is queued or being looked up.
func (m *Module) Busy() bool { return m.queue.busy() }

// Run looks up what is queued until ctx ends.
func (m *Module) Run(ctx context.Context) {
	var group sync.WaitGroup
	for range workers {
		group.Go(func() {
			for {
				name, err := m.queue.next(ctx)
				if err != nil {
					return
				}
				m.lookup(ctx, name)
			}
		})
	}
	group.Wait()
}

func (m *Module) lookup(ctx context.Context, name string) {
	defer m.queue.done(name)
	r := m.resolver.Load()
	if r == nil {
		return // switched off meanwhile
	}
	f := unclear()
	if !r.config.skips(name) {
		f = r.lookup(ctx, name)
	}
	if ctx.Err() != nil {
		return // what was cut short says nothing
	}
	m.cache.put(name, f.verdict, f.life)
	m.count(func(figures *Figures) { figures.Lookups[f.verdict]++ })
	if m.answered != nil {
		m.answered(name, f.verdict)
	}
}

// Figures is a copy of the counts.
func (m *Module) Figures() Figures {
	m.mu.Lock()
	defer m.mu.Unlock()
	f := m.figures
	f.Lookups = map[Verdict]int64{}
	for v, n := range m.figures.Lookups {
		f.Lookups[v] = n
	}
	f.Queued, f.Cached = m.queue.len(), m.cache.len()
	return f
}

func (m *Module) count(change func(*Figures)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	change(&m.figures)
}
