package pipeline_test

import (
	"context"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/host/pipeline"
)

// slowDisk is a ledger that is slow to write, while sends take no time.
type slowDisk struct{ memory }

type slowRecord struct{ pipeline.Record }

func (d *slowDisk) Open(stream string) (pipeline.Record, error) {
	r, err := d.memory.Open(stream)
	return slowRecord{r}, err
}

func (r slowRecord) Update(change func(*pipeline.State) error) error {
	time.Sleep(10 * time.Millisecond)
	return r.Record.Update(change)
}

// TestRepeated counts, while the ledger is slow, how many batches a crash would send again: as many as the outlet says, at
// most.
func TestRepeated(t *testing.T) {
	for _, concurrency := range []int{0, 1, 2, 5, 16} {
		t.Run(strconv.Itoa(concurrency), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				disk := &slowDisk{}
				var mu sync.Mutex
				begun, most := 0, 0
				sink := &recorder{send: func(context.Context, []enrich.Event) error {
					record, err := disk.memory.Open("s")
					if err != nil {
						return err
					}
					mu.Lock()
					defer mu.Unlock()
					begun++
					most = max(most, begun-written(record.State()))
					return nil
				}}
				source := &rows{n: 100, batch: 1}
				p := build(disk, nil, []pipeline.Stream{source.stream("s")}, sink)
				p.Outlets[0].Concurrency = concurrency
				if err := p.Run(t.Context()); err != nil {
					t.Fatal(err)
				}
				sink.check(t, 100)
				if want := p.Outlets[0].Repeated(); most != want {
					t.Errorf("a crash would send %d batches again, the outlet says %d", most, want)
				}
			})
		})
	}
}

// written is how many rows, each of which is a batch, lie before the mark of the only window.
func written(s *pipeline.State) int {
	for _, open := range s.Open {
		serial, err := strconv.Atoi(strings.TrimPrefix(string(open.Sinks["sink-0"].Mark), "row-"))
		if err == nil {
			return serial + 1
		}
	}
	return 0
}
