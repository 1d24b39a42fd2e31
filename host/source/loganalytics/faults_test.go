package loganalytics

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/riskrelay/riskrelay/host/pipeline"
)

// moody answers two of three queries as it should, and the others with a fault of a random kind.
type moody struct {
	data   *table
	random *rand.Rand
	spoilt int // replies whose rows may have been delivered before the fault showed
	asked  []time.Time
}

func (m *moody) Query(_ context.Context, kql string, to rowReceiver) (outcome, error) {
	m.asked = append(m.asked, time.Now())
	m.data.spoil = nil
	kind := m.random.IntN(27)
	switch kind {
	case 0, 1, 2, 3:
		status := []int{500, 502, 503, 504}[kind]
		return outcome{}, &ServiceError{Status: status}
	case 4:
		return outcome{}, &pipeline.RetryAfter{Wait: time.Duration(m.random.IntN(600)) * time.Second, Err: &ServiceError{Status: 429}}
	case 5:
		return outcome{}, syscall.ECONNRESET
	case 6:
		return outcome{}, errSlow
	case 7: // rows are missing
		m.spoilt++
		m.data.spoil = func(rows []stored) ([]stored, string) {
			hole := m.random.IntN(len(rows) + 1)
			return slices.Concat(rows[:hole], rows[min(len(rows), hole+m.random.IntN(50)):]), partial
		}
	}
	reply := httptest.NewRecorder()
	m.data.answerSlot(1<<30, reply, kql)
	if reply.Code != http.StatusOK {
		return outcome{}, &ServiceError{Status: reply.Code}
	}
	body := reply.Body.Bytes()
	if kind == 8 { // the connection breaks
		m.spoilt++
		body = body[:m.random.IntN(len(body))]
		return readReply(io.MultiReader(bytes.NewReader(body), broken{}), to)
	}
	return readReply(bytes.NewReader(body), to)
}

// broken is the end of a broken connection.
type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// TestRandomFaults reads a table from a service that fails all the time, in each way that it may, a thousand times over: all
// rows come, and none again but those of a reply that broke off behind them.
func TestRandomFaults(t *testing.T) {
	for seed := range 1000 {
		synctest.Test(t, func(t *testing.T) {
			random := rand.New(rand.NewPCG(uint64(seed), 5))
			m := &moody{data: new(table), random: random}
			m.data.fill(600, 1+random.IntN(100))
			for i := range m.data.rows {
				m.data.rows[i].ingested = m.data.rows[i].ingested.Add(time.Duration(i/200) * time.Minute)
			}
			s := slowSource(nil)
			s.query = m
			got, err := deliverAll(t.Context(), s, 3, false)
			if err != nil {
				t.Fatalf("seed %d: %v", seed, err)
			}
			repeated := 0
			for _, r := range m.data.rows {
				if got[r.item] == 0 {
					t.Errorf("seed %d: %s is missing", seed, r.item)
				}
				repeated += got[r.item] - 1
			}
			if len(got) != len(m.data.rows) || repeated > 200*m.spoilt {
				t.Errorf("seed %d: %d rows, %d came again after %d replies that broke off", seed, len(got), repeated, m.spoilt)
			}
		})
	}
}

// throttled refuses the first query for a while.
type throttled struct {
	moody
	wait time.Duration
}

func (q *throttled) Query(ctx context.Context, kql string, to rowReceiver) (outcome, error) {
	if len(q.asked) == 0 {
		q.asked = append(q.asked, time.Now())
		return outcome{}, &pipeline.RetryAfter{Wait: q.wait, Err: &ServiceError{Status: 429}}
	}
	return q.moody.Query(ctx, kql, to)
}

// TestThrottlingIsWaitedFor has the service ask for pauses of up to ten minutes: nothing is asked before, and the next query
// comes within a tenth of the pause.
func TestThrottlingIsWaitedFor(t *testing.T) {
	for _, wait := range []time.Duration{time.Second, 2 * time.Minute, 10 * time.Minute} {
		t.Run(fmt.Sprint(wait), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				q := &throttled{wait: wait, moody: moody{data: new(table), random: rand.New(calm{})}}
				q.data.fill(100, 1)
				s := slowSource(nil)
				s.query = q
				got, err := deliverAll(t.Context(), s, 1, false)
				if err != nil || len(got) != 100 {
					t.Fatalf("%d rows, %v", len(got), err)
				}
				if pause := q.asked[1].Sub(q.asked[0]); len(q.asked) != 2 || pause < wait || pause > wait+wait/10+time.Millisecond {
					t.Errorf("%d queries, the second after %v", len(q.asked), pause)
				}
			})
		})
	}
}

// calm is a source of chance that lets nothing fail.
type calm struct{}

func (calm) Uint64() uint64 { return 1<<64 - 1 }
