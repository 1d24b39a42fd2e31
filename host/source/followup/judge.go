package followup

import (
	"context"
	"slices"
	"time"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/host/ledger"
)

// together is how many events are judged in one call.
const together = 128

// Run judges questions as their answers come, until ctx ends.
func (b *Book) Run(ctx context.Context) {
	tick := time.NewTicker(round)
	defer tick.Stop()
	b.askAgain()
	for {
		select {
		case <-ctx.Done():
			return
		case <-b.wake:
		case <-tick.C:
			b.expire()
			b.askAgain()
		}
		for b.judge(ctx) {
		}
	}
}

// judge judges some of the questions of which a verdict came, and reports whether there may be more.
func (b *Book) judge(ctx context.Context) (more bool) {
	questions, events := b.due()
	if len(questions) == 0 {
		return false
	}
	tags, err := b.o.Judge(ctx, events)
	if err == nil && len(tags) == len(events) {
		err = b.settle(questions, events, tags)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if err != nil {
		if ctx.Err() == nil {
			b.complain(err)
		}
		for _, q := range questions { // with the next round
			if b.questions[q.ID] != nil {
				b.judging[q.ID] = true
			}
		}
	}
	return err == nil
}

// due takes questions of which a verdict came, with their events.
func (b *Book) due() (questions []*question, events []enrich.Event) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for id := range b.judging {
		if len(questions) == together {
			break
		}
		delete(b.judging, id)
		q := b.questions[id]
		if q == nil {
			continue
		}
		e, err := q.event(b.parser)
		if err != nil {
			b.complain(err)
			b.drop(q)
			b.figures.Dropped++
			continue
		}
		questions, events = append(questions, q.with(nil)), append(events, e)
	}
	return questions, events
}

// settle writes down what became of questions: in one transaction their follow-ups come to be and they are told so, or
// are gone when nothing more will be learned of them.
func (b *Book) settle(questions []*question, events []enrich.Event, tags [][]enrich.Tag) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	batch := ledger.Batch{Put: map[ledger.Key][]byte{}}
	var made []*followUp
	var after []*question
	for i, q := range questions {
		if b.questions[q.ID] == nil {
			continue // dropped meanwhile
		}
		news := q.news(tags[i])
		if len(news) > 0 {
			f, err := newFollowUp(q, &events[i], news, b.next(len(made)))
			if err != nil {
				return err
			}
			if !b.has(f.ID) {
				made = append(made, f)
			}
		}
		next := q.with(news)
		if after = append(after, next); next.settled() {
			batch.Remove = append(batch.Remove, questionKey(q.ID))
			continue
		}
		value, err := seal(next)
		if err != nil {
			return err
		}
		batch.Put[questionKey(q.ID)] = value
	}
	for _, f := range made {
		value, err := seal(f)
		if err != nil {
			return err
		}
		batch.Put[followUpKey(f.At)] = value
	}
	if err := b.apply(batch); err != nil {
		return err
	}
	b.change(after, made)
	return nil
}

// next is a time for a follow-up, later than that of all before it, of which so many aren't in the book yet.
func (b *Book) next(before int) time.Time {
	return laterOf(b.last.Add(time.Microsecond), time.Now().UTC().Truncate(time.Microsecond)).Add(time.Duration(before) * time.Microsecond)
}

func (b *Book) has(id string) bool {
	return slices.ContainsFunc(b.followUps, func(f *followUp) bool { return f.ID == id })
}

// change makes the maps what was written.
func (b *Book) change(questions []*question, made []*followUp) {
	for _, q := range questions {
		now := b.questions[q.ID]
		if now.Told = q.Told; q.settled() {
			b.drop(now)
		}
	}
	for _, f := range made {
		b.followUps, b.last = append(b.followUps, f), f.At
		b.figures.Made++
	}
	if excess := len(b.followUps) - maxFollowUps; excess > 0 {
		b.forget(excess)
		b.figures.Dropped += int64(excess)
	}
}

// forget forgets the oldest n follow-ups.
func (b *Book) forget(n int) {
	var gone ledger.Batch
	for _, f := range b.followUps[:n] {
		gone.Remove = append(gone.Remove, followUpKey(f.At))
	}
	if err := b.apply(gone); err != nil {
		b.complain(err)
		return // with the next round
	}
	b.followUps = slices.Delete(b.followUps, 0, n)
}

// expire gives up what is too old, and forgets follow-ups that every sink has.
func (b *Book) expire() {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := time.Now()
	var gone ledger.Batch
	for len(b.questions) > 0 {
		q := b.oldest()
		if now.Sub(q.Since) < questionLife {
			break
		}
		gone.Remove = append(gone.Remove, questionKey(q.ID))
		b.drop(q)
		b.figures.Expired++
	}
	b.complain(b.apply(gone))
	if n := b.confirmed(); n > 0 {
		b.forget(n)
	}
	old := 0
	for old < len(b.followUps) && now.Sub(b.followUps[old].At) > followUpLife {
		old++
	}
	if old > 0 {
		b.o.Log.Warnf("%d follow-up events are two days old and some sink hasn't taken them: they are given up", old)
		b.figures.Expired += int64(old)
		b.forget(old)
	}
}

// confirmed is how many follow-ups every sink has.
func (b *Book) confirmed() (n int) {
	if b.o.Progress == nil || len(b.followUps) == 0 {
		return 0
	}
	_, confirmed, err := b.o.Progress()
	b.complain(err)
	for err == nil && n < len(b.followUps) && b.followUps[n].At.Before(confirmed) {
		n++
	}
	return n
}

// askAgain has the hosts looked up that have no answer, as long as there is room: those of the oldest questions first.
func (b *Book) askAgain() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.begun = true
	for _, q := range b.order {
		if b.gone(q) {
			continue
		}
		for _, host := range q.Hosts {
			if q.Verdicts[host] == "" && !b.o.Names.Ask(host) {
				return
			}
		}
	}
}
