package ledger_test

import (
	"testing"
	"time"

	"github.com/riskrelay/riskrelay/host/ledger"
	"github.com/riskrelay/riskrelay/host/ledger/boltstore"
	"github.com/riskrelay/riskrelay/host/pipeline"
)

// BenchmarkUpdate moves three sinks through windows of a minute: each window has seven commits, of which three add to the proof.
// A step is a window.
func BenchmarkUpdate(b *testing.B) {
	store, err := boltstore.Open(b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = store.Close() }()
	r, err := ledger.New(store).Open("la:w:SigninLogs")
	if err != nil {
		b.Fatal(err)
	}
	sinks, at := []string{"archive", "hec", "syslog"}, time.Date(2026, 1, 2, 3, 4, 0, 0, time.UTC)
	for b.Loop() {
		w := pipeline.Window{Stream: "la:w:SigninLogs", From: at, To: at.Add(time.Minute)}
		at = w.To
		update := func(change func(*pipeline.State) error) {
			if err := r.Update(change); err != nil {
				b.Fatal(err)
			}
		}
		update(func(s *pipeline.State) error { s.Begin(w, sinks); return nil })
		for _, sink := range sinks {
			tally := []pipeline.Tally{{Minute: pipeline.MinuteOf(w.From), Read: 900, Confirmed: 900}}
			update(func(s *pipeline.State) error {
				if err := s.Tally(w, sink, tally); err != nil {
					return err
				}
				return s.Advance(w, sink, "mark", pipeline.Count{Confirmed: 900})
			})
			update(func(s *pipeline.State) error { s.Done(w, sink); return nil })
		}
	}
}
