package loganalytics

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/host/pipeline"
)

var slotOf = regexp.MustCompile(`hash\(_ItemId, (\d+)\) == (\d+)`)

// answerSlot answers like answer, but the rows of the query's slot only, and 504 when they are more than limit.
func (t *table) answerSlot(limit int, w http.ResponseWriter, query string) {
	part := new(table)
	m := slotOf.FindStringSubmatch(query)
	for _, r := range t.rows {
		if m != nil {
			h := fnv.New32a()
			h.Write([]byte(r.item))
			slots, _ := strconv.Atoi(m[1])
			slot, _ := strconv.Atoi(m[2])
			if int(h.Sum32()%uint32(slots)) != slot {
				continue
			}
		}
		part.rows = append(part.rows, r)
	}
	found := 0
	part.spoil = func(rows []stored) ([]stored, string) { found = len(rows); return rows, "" }
	reply := httptest.NewRecorder()
	if part.answer(reply, query); found > limit {
		w.WriteHeader(http.StatusGatewayTimeout)
		return
	}
	w.Write(reply.Body.Bytes())
}

// counting is a sink that counts what comes.
type counting struct {
	mu   sync.Mutex
	got  map[string]int
	told func() // of each Send; nil when nobody wants to know
}

func (c *counting) Send(_ context.Context, events []enrich.Event) (pipeline.Receipt, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, e := range events {
		c.got[e.ID]++
	}
	if c.told != nil {
		c.told()
	}
	return pipeline.Receipt{Events: len(events)}, nil
}

func (c *counting) Close() error { return nil }

// record is a ledger of one stream, in memory.
type record struct {
	mu    sync.Mutex
	state *pipeline.State
}

func (r *record) Open(string) (pipeline.Record, error) { return r, nil }

func (r *record) State() *pipeline.State {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.state.Clone()
}

func (r *record) Update(change func(*pipeline.State) error) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	next := r.state.Clone()
	err := change(next)
	if next.TakeProof(); err == nil {
		r.state = next
	}
	return err
}

// offline answers queries without a connection, whose waits would be real ones. It counts them.
type offline struct {
	mu     sync.Mutex
	answer func(w http.ResponseWriter, query string)
	asked  int
}

func (o *offline) Query(_ context.Context, kql string, to rowReceiver) (outcome, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.asked++
	reply := httptest.NewRecorder()
	if o.answer(reply, kql); reply.Code != http.StatusOK {
		return outcome{}, &ServiceError{Status: reply.Code}
	}
	return readReply(reply.Body, to)
}

// slowSource reads what asks answers.
func slowSource(asks *offline) *Source {
	s := &Source{
		name: "la", table: Table{Name: "AuditLogs"}, query: asks, clock: new(clock), pacer: newPacer(time.Hour), log: quiet(), ok: func() {},
		patient: make(chan struct{}, 1),
	}
	s.found.Store(true)
	return s
}

// minutes plans so many windows of a minute.
func minutes(n int) func(context.Context, time.Time) (pipeline.Window, time.Duration, bool, error) {
	return func(_ context.Context, frontier time.Time) (w pipeline.Window, _ time.Duration, ok bool, err error) {
		if frontier.IsZero() {
			frontier = base
		}
		if !frontier.Before(base.Add(time.Duration(n) * time.Minute)) {
			return w, 0, false, pipeline.ErrEnd
		}
		return pipeline.Window{Stream: "la", From: frontier, To: frontier.Add(time.Minute)}, 0, true, nil
	}
}

// deliverAll runs a pipeline over the source and returns how often each row came.
func deliverAll(ctx context.Context, s *Source, windows int, once bool) (map[string]int, error) {
	sink := &counting{got: map[string]int{}}
	p := pipeline.Pipeline{
		Streams:  []pipeline.Stream{{Name: s.name, Source: s, Plan: minutes(windows)}},
		Enricher: enrich.NewEnricher(), Ledger: &record{state: &pipeline.State{}}, Log: quiet(), Once: once,
		Outlets: []pipeline.Outlet{{Name: "only", Sink: sink, Concurrency: 1, Health: &pipeline.Health{}}},
	}
	err := p.Run(ctx)
	return sink.got, err
}

// TestSlowMomentIsCutBySlots has 3,000 rows in one tick of the clock, of which the service can answer 100 in time: time can't
// be cut that far. Each row comes once, in the queries that a binary search needs.
func TestSlowMomentIsCutBySlots(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		data := new(table)
		for i := range 3000 {
			data.rows = append(data.rows, stored{base.Add(20 * time.Second), fmt.Sprintf("item-%06d", i), "Add user"})
		}
		asks := &offline{answer: func(w http.ResponseWriter, query string) { data.answerSlot(100, w, query) }}
		got, err := deliverAll(t.Context(), slowSource(asks), 1, true)
		if err != nil {
			t.Fatal(err)
		}
		want := map[string]int{}
		for _, id := range data.items() {
			want[id] = 1
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
		// A minute is halved 16 times to a millisecond, each time with an empty half beside; then 3,000 rows take 64 slots.
		if n := asks.asked; n > 2*16+2*64+16 {
			t.Errorf("%d queries", n)
		}
	})
}

// TestAWindowThatNeverEnds has one moment that the service never answers for, or whose rows it counts and doesn't give: all
// others arrive, none twice, and the moment is asked for again at a low rate.
func TestAWindowThatNeverEnds(t *testing.T) {
	bad := base.Add(3*time.Minute + 10*time.Second)
	for name, stuck := range map[string]func(w http.ResponseWriter, count bool) bool{
		"no answer": func(w http.ResponseWriter, _ bool) bool { w.WriteHeader(http.StatusGatewayTimeout); return true },
		"counted": func(w http.ResponseWriter, count bool) bool {
			if !count {
				w.WriteHeader(http.StatusGatewayTimeout)
			}
			return !count
		},
		"partial": func(w http.ResponseWriter, count bool) bool {
			if !count {
				fmt.Fprint(w, rowsReply(nil, partial))
			}
			return !count
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				data := new(table)
				data.fill(10*60*20, 1)
				for i := range data.rows {
					data.rows[i].ingested = base.Add(time.Duration(i/5) * 250 * time.Millisecond) // five in a moment
				}
				asks := &offline{answer: func(w http.ResponseWriter, query string) {
					m := bounds.FindStringSubmatch(query)
					from, _ := time.Parse(ticks, m[1])
					to, _ := time.Parse(ticks, m[2])
					if bad.Before(from) || !bad.Before(to) || !stuck(w, strings.Contains(query, "summarize")) {
						data.answerSlot(1<<30, w, query)
					}
				}}
				ctx, cancel := context.WithTimeout(t.Context(), 24*time.Hour)
				defer cancel()
				got, err := deliverAll(ctx, slowSource(asks), 10, false)
				if err != nil && !errors.Is(err, context.DeadlineExceeded) {
					t.Fatal(err)
				}
				for _, r := range data.rows {
					want := 1
					if r.ingested.Equal(bad) {
						want = 0
					}
					if n := got[r.item]; n != want {
						t.Errorf("the row of %v came %d times", r.ingested, n)
					}
				}
				// What is left over is asked for each quarter of an hour, and counted where it may be cut.
				if asks.asked > 5000 {
					t.Errorf("%d queries in a day", asks.asked)
				}
				t.Log(asks.asked, "queries in a day")
			})
		})
	}
}
