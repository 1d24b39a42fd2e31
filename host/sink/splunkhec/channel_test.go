package splunkhec

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
)

// indexer is a collector as its clients see it: it forgets channels when it restarts and then counts from 0.
type indexer struct {
	channels map[string][]*entry
	indexed  map[int]bool // by batch; this outlives restarts
}

type entry struct {
	batch       int
	done, asked bool
}

func (x *indexer) post(channel string, batch int) int64 {
	x.channels[channel] = append(x.channels[channel], &entry{batch: batch})
	return int64(len(x.channels[channel]) - 1)
}

// index lets some of what waits get indexed.
func (x *indexer) index(r *rand.Rand) {
	for _, entries := range x.channels {
		for _, e := range entries {
			if !e.done && r.IntN(3) == 0 {
				e.done, x.indexed[e.batch] = true, true
			}
		}
	}
}

// ask answers once about an id; an answer of true is forgotten.
func (x *indexer) ask(channel string, id int64) string {
	yes := false
	if entries := x.channels[channel]; id < int64(len(entries)) {
		e := entries[id]
		yes, e.asked = e.done && !e.asked, e.asked || e.done
	}
	return fmt.Sprintf(`{"acks":{"%d":%t}}`, id, yes)
}

// schedule is one random run: batches of several senders on an indexer behind a network that does its worst.
type schedule struct {
	*rand.Rand
	t       *testing.T
	x       indexer
	pool    channels
	calm    bool
	answers map[string][]string // given so far on a channel, to come again
}

func (s *schedule) evil(one int) bool { return !s.calm && s.IntN(one) == 0 }

// sender is a batch under way.
type sender struct {
	batch int
	on    *channel
	asked int
	used  map[string]bool // channels on which the batch was not confirmed
	done  bool
}

// step does one thing of a sender.
func (s *schedule) step(b *sender) {
	if s.evil(12) {
		s.x.channels = map[string][]*entry{}
	}
	s.x.index(s.Rand)
	if b.on == nil {
		s.post(b)
		return
	}
	acknowledged, err := b.on.answered(s.answer(b))
	switch {
	case acknowledged:
		if !s.x.indexed[b.batch] {
			s.t.Errorf("batch %d was confirmed but isn't indexed", b.batch)
		}
		b.done = true
		s.pool.give(b.on)
	case err != nil || b.asked > 20: // the time limit
		b.used[b.on.id] = true
		b.on.retire()
		s.pool.give(b.on)
		b.on, b.asked = nil, 0
	}
}

// post sends the batch. The network may lose the request or the reply, and repeat the request.
func (s *schedule) post(b *sender) {
	c := s.pool.take()
	if b.used[c.id] {
		s.t.Errorf("batch %d goes again on the channel that didn't confirm it", b.batch)
	}
	if s.evil(8) {
		c.retire() // lost on the way
		return
	}
	id := s.x.post(c.id, b.batch)
	if s.evil(6) {
		if again := s.x.post(c.id, b.batch); s.IntN(2) == 0 {
			id = again
		}
	}
	reply := &id
	switch {
	case s.evil(8):
		c.retire() // no reply
		b.used[c.id] = true
		return
	case s.evil(10):
		reply = nil
	}
	if err := c.posted(reply); err != nil {
		b.used[c.id] = true
		s.pool.give(c)
		return
	}
	b.on = c
}

// answer is what comes back to a question: the truth, nothing, garbage, or an answer that was given before.
func (s *schedule) answer(b *sender) ackAnswer {
	b.asked++
	truth := s.x.ask(b.on.id, b.on.last)
	given := s.answers[b.on.id]
	s.answers[b.on.id] = append(given, truth)
	switch {
	case len(given) > 0 && s.evil(6):
		return readAckAnswer(200, []byte(given[s.IntN(len(given))]))
	case s.evil(5):
		return ackAnswer{silent: true}
	case s.evil(20):
		return readAckAnswer(200, []byte([]string{"<html>", "", "null", `{"acks":7}`, `{"acks":{"0":"true"}}`, `{}`}[s.IntN(6)]))
	case s.evil(20):
		return readAckAnswer([]int{400, 404, 503, 429, 302}[s.IntN(5)], []byte(`{"acks":{"0":true,"1":true,"2":true}}`))
	}
	return readAckAnswer(200, []byte(truth))
}

// TestNoFalseConfirmation runs random schedules of restarts, ids that come again, garbage, lost replies and repeated requests: what
// counts as confirmed is indexed, and when the weather is good again, all gets confirmed.
func TestNoFalseConfirmation(t *testing.T) {
	restarted := 0
	for seed := range uint64(500) {
		s := &schedule{Rand: rand.New(rand.NewPCG(seed, 1)), t: t, x: indexer{map[string][]*entry{}, map[int]bool{}}, answers: map[string][]string{}}
		var senders []*sender
		for batch := range 40 {
			senders = append(senders, &sender{batch: batch, used: map[string]bool{}})
		}
		for steps := 0; len(senders) > 0; steps++ {
			if s.calm = steps > 2000; steps > 10_000 {
				t.Fatalf("seed %d: %d batches are never confirmed", seed, len(senders))
			}
			at := s.IntN(min(3, len(senders))) // three at a time
			s.step(senders[at])
			if senders[at].done {
				restarted += len(senders[at].used)
				senders = append(senders[:at], senders[at+1:]...)
			}
		}
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
	if restarted == 0 {
		t.Error("no schedule made a batch go twice: the test tests nothing")
	}
}

// TestOldAnswersConfirmNothing is about ids that count from 0 again while an answer of the time before is still on its way.
func TestOldAnswersConfirmNothing(t *testing.T) {
	zero, one := int64(0), int64(1)
	old := readAckAnswer(200, []byte(`{"acks":{"0":true}}`))
	c := newChannel("c")
	if err := c.posted(&zero); err != nil {
		t.Fatal(err)
	}
	if yes, err := c.answered(old); !yes || err != nil {
		t.Fatalf("%t, %v", yes, err)
	}
	if err := c.posted(&one); err != nil {
		t.Fatal(err)
	}
	if yes, err := c.answered(old); yes || err != nil {
		t.Errorf("an answer about another id: %t, %v", yes, err)
	}
	c = newChannel("d")
	_, _ = c.posted(&zero), c.free()
	_, _ = c.answered(old)
	if err := c.posted(&zero); err == nil || c.free() {
		t.Errorf("an id that came before: %v, free %t", err, c.free())
	}
	if yes, err := c.answered(old); yes || err == nil {
		t.Errorf("a retired channel confirms: %t, %v", yes, err)
	}
	c = newChannel("e")
	if err := c.posted(nil); !errors.Is(err, errNoAckID) || c.free() {
		t.Errorf("no id: %v, free %t", err, c.free())
	}
}
