package celrule

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/enrich/celrule/compile"
	"github.com/riskrelay/riskrelay/enrich/celrule/event"
	"github.com/riskrelay/riskrelay/enrich/celrule/index"
)

// blockEvents is how many events are looked at together. Rules without a key are evaluated one after the other, each on
// all events of a block, as a rule that has just run is at hand for the processor.
const blockEvents = 64

// worker evaluates rules on blocks of events, for one goroutine at a time. To CEL it is the variables of the rule that is running.
type worker struct {
	set    *ruleSet
	tables map[string]*tableWork
	busy   []*tableWork // tables of which there are events in the block
	now    types.Timestamp

	compile.Budget // of the rule that is running, with the event that it looks at
	rule           *activeInTable
	lets           []ref.Val // nil until asked for

	stopped bool     // the rule that is running spent too much on this event
	told    *telling // what an explanation wants to know; nil when events are tagged
}

// tableWork is what a worker keeps for one table: frames, and which events of the block they show.
type tableWork struct {
	*tableSet
	newFrame func() *event.Frame
	frames   []*event.Frame // used again; the first len(events) of them are in use
	events   []int          // their places
	answers  *index.Answers
}

func newWorker(s *ruleSet) *worker {
	w := &worker{set: s, tables: map[string]*tableWork{}, told: s.told}
	for name, t := range s.tables {
		w.tables[name] = &tableWork{tableSet: t, newFrame: event.NewFrames(t.table), answers: index.NewAnswers(&t.index)}
	}
	return w
}

// tag evaluates the rules on each event. With every, all rules of its table are evaluated, not only those that the
// index picks; the tags are the same.
func (s *ruleSet) tag(ctx context.Context, events []enrich.Event, every bool) ([][]enrich.Tag, error) {
	tags := make([][]enrich.Tag, len(events))
	if len(s.tables) == 0 {
		return tags, ctx.Err()
	}
	w := s.workers.Get().(*worker)
	defer s.workers.Put(w)
	defer w.forget()
	w.Context, w.now = ctx, s.now()
	for start := 0; start < len(events); start += blockEvents {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		end := min(start+blockEvents, len(events))
		w.block(events[start:end], tags[start:end], every)
	}
	return tags, nil
}

// block evaluates the rules on a few events and puts their tags into tags.
func (w *worker) block(events []enrich.Event, tags [][]enrich.Tag, every bool) {
	w.busy = w.busy[:0]
	for i := range events {
		t := w.tableOf(&events[i])
		if t == nil {
			continue
		}
		if len(t.events) == 0 {
			w.busy = append(w.busy, t)
		}
		w.Frame = t.open(&events[i], i)
		if every {
			for _, r := range t.all {
				tags[i] = append(tags[i], w.evaluate(r)...)
			}
			continue
		}
		for _, place := range t.index.Candidates(t.answers, w.Frame) {
			tags[i] = append(tags[i], w.evaluate(t.all[place])...)
		}
	}
	for _, t := range w.busy {
		if !every {
			w.always(t, tags)
		}
		w.close(t, tags)
	}
}

func (w *worker) knows(table string) bool { return w.tables[table] != nil }

// tableOf is what the worker keeps for the table that the event comes from, nil when no rule is about it.
func (w *worker) tableOf(e *enrich.Event) *tableWork {
	if t, ok := w.tables[e.Table]; ok {
		return t
	}
	name, _ := e.Origin(w.knows)
	return w.tables[name]
}

// open makes a frame ready for an event.
func (t *tableWork) open(e *enrich.Event, place int) *event.Frame {
	n := len(t.events)
	t.events = append(t.events, place)
	if n == len(t.frames) {
		t.frames = append(t.frames, t.newFrame())
	}
	t.frames[n].Reset(e)
	return t.frames[n]
}

// always evaluates the rules without a key.
func (w *worker) always(t *tableWork, tags [][]enrich.Tag) {
	for _, unkeyed := range t.index.Always {
		r := t.all[unkeyed]
		for n, place := range t.events {
			w.Frame = t.frames[n]
			tags[place] = append(tags[place], w.evaluate(r)...)
		}
	}
}

// close ends the block for one table: it adds an error to events that spent too much, sorts their tags by rule, and lets the events
// go.
func (w *worker) close(t *tableWork, tags [][]enrich.Tag) {
	for n, place := range t.events {
		if f := t.frames[n]; f.Skipped > 0 {
			tags[place] = append(tags[place], enrich.Tag{ // no rule's fault alone
				Error: fmt.Sprintf("all rules together took too long on this event: %d of %d were not run", f.Skipped, len(t.all)),
			})
		}
		if w.Frame = t.frames[n]; w.Frame.MayBeCut() {
			tags[place] = w.blinded(t, tags[place])
		}
		slices.SortStableFunc(tags[place], func(a, b enrich.Tag) int { return strings.Compare(a.Rule, b.Rule) })
		t.frames[n].Close()
	}
	t.events = t.events[:0]
}

// forget lets go of the last events, so that an idle worker keeps no row alive.
func (w *worker) forget() {
	w.Context, w.Frame = nil, nil
	for _, t := range w.tables {
		for n := range t.events {
			t.frames[n].Close() // left by a panic
		}
		t.events = t.events[:0]
	}
	clear(w.lets)
}
