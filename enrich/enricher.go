package enrich

import (
	"context"
	"fmt"
	"slices"
	"sync"
)

// blockSize is how many events cross to a module in one call: calls for single events cost thirty times as much
// behind a process boundary, and blocks above 512 gain nothing.
const blockSize = 512

// Enricher runs modules over batches of events. The zero value has no modules and tags nothing.
type Enricher struct {
	modules []Module
	claims  *claims // nil when no module is a guest
	stories stories
	// Failed is told of each call to a module that failed; nil means nobody wants to know.
	Failed func(module string, events int, err error)
	// Refused is told of each event of which a guest said something in another's name, how many tags were refused, and why the
	// first of them was; nil means nobody wants to know.
	Refused func(module string, tags int, reason string)
	// Clean changes what modules say of their failures before it is written into events; nil leaves it as it is.
	Clean func(text string) string
}

// NewEnricher returns an enricher that asks each of modules about every event they select, in their order. Those that are
// a [Guest] speak in their own name only.
func NewEnricher(modules ...Module) *Enricher {
	e := &Enricher{modules: modules}
	for _, m := range modules {
		if _, guest := m.(Guest); guest {
			e.claims = newClaims(len(modules))
		}
	}
	return e
}

// Enrich fills in the Risk of each event. It returns no error: if a module fails on an event, Risk.Errors says so and the event goes
// on.
func (e *Enricher) Enrich(ctx context.Context, events []Event) {
	for start := 0; start < len(events); start += blockSize {
		block := events[start:min(start+blockSize, len(events))]
		if e.claims != nil {
			e.claims.refresh(ctx, e.modules)
		}
		for place, m := range e.modules {
			e.ask(ctx, place, m, block)
		}
		for i := range block {
			e.stories.tell(&block[i])
		}
	}
}

// asks is a pool of the lists in which events are handed to a module.
var asks = sync.Pool{New: func() any { return new(ask) }}

type ask struct {
	events []Event
	at     []int
}

func (e *Enricher) ask(ctx context.Context, place int, m Module, block []Event) {
	about, err := m.Describe(ctx)
	if err != nil {
		e.fail(about.Name, block, nil, fmt.Errorf("describe: %w", err))
		return
	}
	a := asks.Get().(*ask)
	defer asks.Put(a)
	a.events, a.at = a.events[:0], a.at[:0]
	for i := range block {
		if block[i].Concerns(about.Selector) {
			a.events, a.at = append(a.events, block[i]), append(a.at, i)
		}
	}
	if len(a.events) == 0 {
		return
	}
	tags, err := m.Tag(ctx, a.events)
	if err == nil && len(tags) != len(a.events) {
		err = fmt.Errorf("answered %d events of %d", len(tags), len(a.events))
	}
	if err != nil {
		e.fail(about.Name, block, a.at, err)
		return
	}
	_, guest := m.(Guest)
	for i, list := range tags {
		switch {
		case len(list) == 0:
		case guest:
			e.hear(place, about.Name, &block[a.at[i]].Risk, e.cleaned(list))
		default:
			block[a.at[i]].Risk.Add(about.Name, e.cleaned(list))
		}
	}
}

// hear adds a guest's tags to a risk, without those that it may not say.
func (e *Enricher) hear(place int, name string, risk *Risk, tags []Tag) {
	own, refused, reason := e.claims.sift(place, tags)
	if refused > 0 {
		own = append(own, Tag{Error: fmt.Sprintf("%d of its tags refused: %s", refused, reason)})
		if e.Refused != nil {
			e.Refused(name, refused, reason)
		}
	}
	risk.merge(name, name, own)
}

// cleaned returns the tags with errors that are safe to show. The module's own list isn't changed.
func (e *Enricher) cleaned(list []Tag) []Tag {
	if e.Clean == nil {
		return list
	}
	own := true
	for i := range list {
		if list[i].Error == "" {
			continue
		}
		if text := e.Clean(list[i].Error); text != list[i].Error {
			if own {
				list, own = slices.Clone(list), false
			}
			list[i].Error = text
		}
	}
	return list
}

// fail writes err into the events at the given places, all events when at is nil.
func (e *Enricher) fail(module string, block []Event, at []int, err error) {
	if at == nil {
		for i := range block {
			at = append(at, i)
		}
	}
	reason := err.Error()
	if e.Clean != nil {
		reason = e.Clean(reason)
	}
	for _, i := range at {
		block[i].Risk.Errors = append(block[i].Risk.Errors, Failure{Module: module, Reason: reason})
	}
	if e.Failed != nil {
		e.Failed(module, len(at), err)
	}
}
