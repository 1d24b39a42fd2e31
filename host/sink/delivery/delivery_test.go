package delivery

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/host/pipeline"
	"github.com/riskrelay/riskrelay/host/sink/endpoint"
)

// collector is a receiver in memory: a line for each event, which is its id and as many letters as it is long.
type collector struct {
	limit    int             // bytes of a request
	poison   map[string]bool // ids that it refuses for what they are
	places   map[string]bool // tables that it has a place for; nil for any
	counts   int             // from which number on it counts events; -1 for a receiver that doesn't tell
	fault    error           // what it answers to everything
	distrust bool            // it refuses poison before it reads the request, as a firewall does

	mu       sync.Mutex
	requests int
	took     map[string]string // lines by id
	again    []string          // ids that it took a second time
	foreign  []string          // ids that came in a request for another table
}

func line(e *enrich.Event) string { return e.ID + " " + e.Table + " " + e.Text("Text") + "\n" }

func (c *collector) post(_ context.Context, table string, body []byte) (Answer, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.requests++
	refused := func(v Verdict, reason string) Answer {
		return Answer{Verdict: v, Reason: reason, Err: errors.New(reason)}
	}
	if c.fault != nil {
		return Answer{Err: c.fault}, nil
	}
	if len(body) > c.limit {
		return refused(TooLarge, "too large"), nil
	}
	lines := strings.SplitAfter(strings.TrimSuffix(string(body), "\n"), "\n")
	for i, text := range lines {
		words := strings.Fields(text)
		if words[1] != table {
			c.foreign = append(c.foreign, words[0])
		}
		if c.places != nil && !c.places[words[1]] {
			return refused(WrongTable, "no place for "+words[1]), nil
		}
		if !c.poison[words[0]] {
			continue
		}
		if c.distrust {
			return Answer{Reason: "dislikes it", Blame: func(context.Context) (bool, error) { return true, nil }}, nil
		}
		a := refused(Invalid, "refused "+words[0])
		if c.counts >= 0 {
			number := i + c.counts
			a.Number = &number
		}
		return a, nil
	}
	for _, text := range lines {
		id := strings.Fields(text)[0]
		if _, twice := c.took[id]; twice {
			c.again = append(c.again, id)
		}
		c.took[id] = text
	}
	return Answer{Verdict: Delivered, Sent: len(body)}, nil
}

func (c *collector) sender(limit int) *Sender {
	c.took = map[string]string{}
	return &Sender{
		Doing: "send to the test", Receiver: "test", Limit: endpoint.NewLimit(limit, 1), Requests: 2, Least: 16,
		Encoder: func() Append {
			return func(dst []byte, e *enrich.Event) ([]byte, bool, error) {
				if e.ID == "unwritable" {
					return nil, false, errors.New("can't be written")
				}
				return append(dst, line(e)...), false, nil
			}
		},
		Shorter: func(e *enrich.Event, _, want int) ([]byte, bool) {
			text := line(e)
			return append([]byte(text[:want-1]), '\n'), true
		},
		Post:       c.post,
		AllRefused: func(context.Context, string, bool) error { return nil },
		Promise:    func() pipeline.Promise { return pipeline.Accepted },
	}
}

func events(n int, size func(i int) int) (all []enrich.Event) {
	columns := enrich.NewColumns([]string{"Text"}, []enrich.Type{enrich.String})
	for i := range n {
		text := enrich.AppendString(nil, strings.Repeat("x", size(i)))
		e := enrich.NewEvent([]string{"A", "B", "C"}[i%3], enrich.NewRow(columns, text, []enrich.Span{{End: uint32(len(text))}}))
		e.ID = fmt.Sprintf("e%d", i)
		all = append(all, e)
	}
	return all
}

// rejected are the ids of the events that were refused for good.
func rejected(all []enrich.Event, err error) (ids []string) {
	partial := new(pipeline.PartialError)
	if errors.As(err, &partial) {
		for _, r := range partial.Rejected {
			ids = append(ids, all[r.Index].ID)
		}
	}
	return ids
}

// TestEachEventMeetsItsFate has random receivers refuse random events: whatever they say, each event is taken once, or is rejected
// if it is one that is refused.
func TestEachEventMeetsItsFate(t *testing.T) {
	for seed := range uint64(300) {
		random := rand.New(rand.NewPCG(seed, 1))
		all := events(1+random.IntN(60), func(int) int { return 1 + random.IntN(40) })
		c := &collector{limit: 60 + random.IntN(2000), poison: map[string]bool{}, counts: random.IntN(3) - 1, distrust: seed%5 == 0}
		var want []string
		for i := range all {
			if random.IntN(8) == 0 {
				c.poison[all[i].ID] = true
				want = append(want, all[i].ID)
			}
		}
		s := c.sender(100 + random.IntN(3000))
		s.OneTable = seed%2 == 0
		receipt, err := s.Send(t.Context(), all)
		if diff := cmp.Diff(want, rejected(all, err)); diff != "" {
			t.Fatalf("seed %d: rejected (-want +got):\n%s", seed, diff)
		}
		if len(c.again) > 0 || len(c.took) != len(all)-len(want) || receipt.Events != len(c.took) {
			t.Fatalf("seed %d: %d events taken, %v twice, of %d; receipt %+v", seed, len(c.took), c.again, len(all)-len(want), receipt)
		}
		if s.OneTable && len(c.foreign) > 0 {
			t.Fatalf("seed %d: %v came in requests for other tables", seed, c.foreign)
		}
	}
}

// TestOneBadEventCostsFewRequests counts what finding it costs: with a number 3 requests more, without one 2 a halving at most.
func TestOneBadEventCostsFewRequests(t *testing.T) {
	for counts, most := range map[int]int{-1: 1 + 2*8, 0: 5, 1: 5} {
		for bad := range 256 {
			all := events(256, func(int) int { return 1 })
			c := &collector{limit: 1 << 20, poison: map[string]bool{all[bad].ID: true}, counts: counts}
			if _, err := c.sender(1<<20).Send(t.Context(), all); len(rejected(all, err)) != 1 {
				t.Fatalf("event %d: %v", bad, err)
			}
			if c.requests > most {
				t.Errorf("counting from %d, event %d: %d requests, want at most %d", counts, bad, c.requests, most)
			}
		}
	}
}

// TestTooLarge has requests shrink for good, and what is too large alone go out shortened or not at all.
func TestTooLarge(t *testing.T) {
	all := events(40, func(i int) int {
		if i == 7 {
			return 900
		}
		return 20
	})
	c := &collector{limit: 300}
	s := c.sender(2000)
	receipt, err := s.Send(t.Context(), all)
	if err != nil || receipt.Events != 40 || !slices.Equal(receipt.Shortened, []int{7}) || len(c.took["e7"]) > 300 {
		t.Errorf("%+v, %v", receipt, err)
	}
	before := c.requests
	if s.Limit.Bytes() > 2000/2 {
		t.Errorf("requests still have up to %d bytes", s.Limit.Bytes())
	}
	if _, err := s.Send(t.Context(), events(40, func(int) int { return 20 })); err != nil || c.requests-before >= before {
		t.Errorf("the next 40 events took %d requests, after %d: %v", c.requests-before, before, err)
	}
	tiny := &collector{limit: 10}
	_, err = tiny.sender(2000).Send(t.Context(), all[7:8])
	if partial := new(pipeline.PartialError); !errors.As(err, &partial) || partial.Rejected[0].Reason != "too large for the test even when shortened" {
		t.Errorf("nothing is short enough: %v", err)
	}
}

// TestTablesWithoutAPlace has the other tables flow, once the receiver takes any event at all.
func TestTablesWithoutAPlace(t *testing.T) {
	all := events(9, func(int) int { return 1 })
	c := &collector{limit: 1 << 20, places: map[string]bool{"A": true, "C": true}}
	if _, err := c.sender(1<<20).Send(t.Context(), all); !slices.Equal(rejected(all, err), []string{"e1", "e4", "e7"}) || len(c.took) != 6 {
		t.Errorf("one table has none: %v; taken %v", err, slices.Sorted(maps.Keys(c.took)))
	}
	last := &collector{limit: 1 << 20, places: map[string]bool{"C": true}}
	_, err := last.sender(1<<20).Send(t.Context(), all)
	if got := rejected(all, err); !slices.Equal(got, []string{"e0", "e1", "e3", "e4", "e6", "e7"}) || len(last.took) != 3 {
		t.Errorf("two have none, and the third is the first that is taken: %v; taken %v", err, slices.Sorted(maps.Keys(last.took)))
	}
	none := &collector{limit: 1 << 20, places: map[string]bool{}}
	_, err = none.sender(1<<20).Send(t.Context(), all)
	if err == nil || rejected(all, err) != nil || !strings.HasPrefix(err.Error(), "send to the test: no place for ") {
		t.Errorf("no table has one: %v, want that all are sent again", err)
	}
}

// TestWhoIsToBlame has a receiver that refuses all of many events asked what that means, and the answer followed.
func TestWhoIsToBlame(t *testing.T) {
	all := events(12, func(int) int { return 1 })
	poison := map[string]bool{}
	for i := range all {
		poison[all[i].ID] = true
	}
	for name, test := range map[string]struct {
		events   []enrich.Event
		distrust bool // one reason for all
		answer   error
		asked    bool
		want     int // rejected
	}{
		"the receiver": {all, true, errors.New("it isn't one"), true, 0},
		"the events":   {all, true, nil, true, 12},
		"each its own": {all, false, nil, false, 12},
		"few":          {all[:9], true, nil, false, 9},
		"not all":      {append(events(13, func(int) int { return 1 })[12:], all...), true, nil, false, 12},
	} {
		t.Run(name, func(t *testing.T) {
			c, asked := &collector{limit: 1 << 20, poison: poison, counts: -1, distrust: test.distrust}, false
			s := c.sender(1 << 20)
			s.AllRefused = func(_ context.Context, reason string, took bool) error {
				asked = true
				if reason != "dislikes it" || took {
					t.Errorf("asked about %q, took %v", reason, took)
				}
				return test.answer
			}
			_, err := s.Send(t.Context(), test.events)
			if asked != test.asked || len(rejected(test.events, err)) != test.want || test.answer != nil && !errors.Is(err, test.answer) {
				t.Errorf("asked %v, want %v; %v", asked, test.asked, err)
			}
		})
	}
}

// TestFailures confirm nothing: the errors of receivers, and of asking them who is to blame.
func TestFailures(t *testing.T) {
	all, down := events(5, func(int) int { return 1 }), errors.New("down")
	c := &collector{limit: 1 << 20, fault: down}
	receipt, err := c.sender(1<<20).Send(t.Context(), all)
	if !errors.Is(err, down) || err.Error() != "send to the test: down" || receipt.Events != 0 {
		t.Errorf("%+v, %v", receipt, err)
	}
	s := (&collector{}).sender(1 << 20)
	s.Post = func(context.Context, string, []byte) (Answer, error) {
		return Answer{Err: errors.New("no"), Blame: func(context.Context) (bool, error) { return true, down }}, nil
	}
	if _, err := s.Send(t.Context(), all); !errors.Is(err, down) {
		t.Errorf("nobody can say who is to blame: %v", err)
	}
	all[3].ID = "unwritable"
	healthy := &collector{limit: 1 << 20}
	if _, err := healthy.sender(1<<20).Send(t.Context(), all); !slices.Equal(rejected(all, err), []string{"unwritable"}) || len(healthy.took) != 4 {
		t.Errorf("an event that can't be written: %v", err)
	}
}

func TestSuspectsAlwaysShrink(t *testing.T) {
	for size := 2; size < 12; size++ {
		for number := -2; number < size+3; number++ {
			cuts := suspects(5, 5+size, &number)
			if cuts[0] != 5 || cuts[len(cuts)-1] != 5+size || len(cuts) < 3 {
				t.Fatalf("size %d, number %d: %v", size, number, cuts)
			}
			for i := 1; i < len(cuts); i++ {
				if cuts[i] <= cuts[i-1] {
					t.Fatalf("size %d, number %d: %v", size, number, cuts)
				}
			}
		}
	}
}
