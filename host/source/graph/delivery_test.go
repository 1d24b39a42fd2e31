package graph

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/host/ledger"
	"github.com/riskrelay/riskrelay/host/ledger/ledgertest"
	"github.com/riskrelay/riskrelay/host/pipeline"
)

// sink keeps what it confirms, and confirms nothing while it is away.
type sink struct {
	mu   sync.Mutex
	away bool
	ids  []string
	got  map[string]int // by event id
}

func (s *sink) Send(_ context.Context, events []enrich.Event) (pipeline.Receipt, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.away {
		return pipeline.Receipt{}, errors.New("away")
	}
	for i := range events {
		s.ids = append(s.ids, events[i].Text("id"))
		s.got[events[i].ID]++
	}
	return pipeline.Receipt{Events: len(events)}, nil
}

func (s *sink) Close() error { return nil }

// run is one life of a host that handles what there is: a new source on the old disk.
func run(t *testing.T, g *tenant, disk, seen *ledgertest.Memory, sinks map[string]*sink) error {
	t.Helper()
	s := newSource(Defaults(), g, seen, quiet())
	p := pipeline.Pipeline{
		Streams: []pipeline.Stream{{Name: s.name, Source: s, Plan: s.Plan}}, Enricher: enrich.NewEnricher(),
		Ledger: ledger.New(disk), Log: quiet(), Once: true,
	}
	for _, name := range slices.Sorted(maps.Keys(sinks)) {
		p.Outlets = append(p.Outlets, pipeline.Outlet{Name: name, Sink: sinks[name], Concurrency: 1, Health: &pipeline.Health{}})
	}
	return p.Run(t.Context())
}

// A sink that was away gets the present state of every object, and the others nothing twice.
func TestSinkThatWasAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := &tenant{objects: map[string][]string{"applications": {app("a", later, "u"), app("b", later, "u"), app("c", later, "u")}}}
		disk, seen := ledgertest.New(), ledgertest.New()
		sinks := map[string]*sink{"good": {got: map[string]int{}}, "away": {away: true, got: map[string]int{}}}
		if err := run(t, g, disk, seen, sinks); !errors.Is(err, pipeline.ErrIncomplete) {
			t.Fatalf("with a sink away: %v", err)
		}
		g.objects["applications"][1] = app("b", later, "changed")
		time.Sleep(2 * time.Hour)
		if err := run(t, g, disk, seen, sinks); !errors.Is(err, pipeline.ErrIncomplete) {
			t.Fatalf("with a sink away: %v", err)
		}
		if got := sinks["good"].ids; !slices.Equal(got, []string{"a", "b", "c", "b"}) {
			t.Errorf("the sink that was there has %v", got)
		}
		sinks["away"].away = false
		time.Sleep(2 * time.Hour)
		if err := run(t, g, disk, seen, sinks); err != nil {
			t.Fatal(err)
		}
		if got := slices.Sorted(slices.Values(sinks["away"].ids)); !slices.Equal(got, []string{"a", "b", "c"}) {
			t.Errorf("the sink that was away has %v", got)
		}
		if got := sinks["good"].ids; len(got) != 4 {
			t.Errorf("the other one has %v", got)
		}
	})
}

// What was seen is on the disk before the window is; a crash between the two, or behind both, loses no row.
func TestCrashes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := &tenant{objects: map[string][]string{"applications": {app("a", later, "u"), app("b", later, "u")}}}
		disk, seen := ledgertest.New(), ledgertest.New()
		disk.Fail(ledger.ErrConflict)
		only := &sink{got: map[string]int{}}
		if err := run(t, g, disk, seen, map[string]*sink{"only": only}); err == nil || seen.Count(Defaults().stream().Name, "") != 2 || len(only.ids) != 0 {
			t.Fatalf("a ledger that can't be written: %v, %d sightings, %v", err, seen.Count(Defaults().stream().Name, ""), only.ids)
		}
		disk.Fail(nil)
		only.away = true
		_ = run(t, g, disk, seen, map[string]*sink{"only": only}) // the window is written, its rows aren't sent
		only.away = false
		time.Sleep(time.Minute) // too early for another look
		if err := run(t, g, disk, seen, map[string]*sink{"only": only}); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(only.ids, []string{"a", "b"}) {
			t.Errorf("after two crashes the sink has %v", only.ids)
		}
		disk = ledgertest.New() // the ledger is lost, what was seen isn't
		if err := run(t, g, disk, seen, map[string]*sink{"only": only}); err != nil {
			t.Fatal(err)
		}
		for id, n := range only.got {
			if n != 2 {
				t.Errorf("%s came %d times", id, n)
			}
		}
		if len(only.got) != 2 || len(only.ids) != 4 {
			t.Errorf("without the ledger the sink has %v", only.ids)
		}
	})
}
