package ledgertest

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/riskrelay/riskrelay/host/ledger"
	"github.com/riskrelay/riskrelay/host/pipeline"
)

// What the ledger makes of the store.

func window(i int) pipeline.Window {
	at := time.Date(2026, 1, 2, 3, i, 0, 0, time.UTC)
	return pipeline.Window{Stream: "s", From: at, To: at.Add(time.Minute)}
}

func record(t *testing.T, l *ledger.Ledger) pipeline.Record {
	t.Helper()
	r, err := l.Open("s")
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func update(t *testing.T, r pipeline.Record, change func(*pipeline.State) error) {
	t.Helper()
	if err := r.Update(change); err != nil {
		t.Fatal(err)
	}
}

func begin(w pipeline.Window, sinks ...string) func(*pipeline.State) error {
	return func(s *pipeline.State) error { s.Begin(w, sinks); return nil }
}

// closes has a sink close a window with so many rows in its minute.
func closes(t *testing.T, r pipeline.Record, w pipeline.Window, rows int64) {
	t.Helper()
	update(t, r, begin(w, "hec"))
	update(t, r, func(s *pipeline.State) error {
		return s.Tally(w, "hec", []pipeline.Tally{{Minute: pipeline.MinuteOf(w.From), Read: rows, Confirmed: rows}})
	})
	update(t, r, func(s *pipeline.State) error { s.Done(w, "hec"); return nil })
}

// proven fails unless the minutes of the stream, from that of the first window on, have so many rows; 0 for what isn't proven.
func proven(t *testing.T, l *ledger.Ledger, want ...int64) {
	t.Helper()
	proof, err := l.Proof("s", window(0).From, window(len(want)).From)
	if err != nil {
		t.Fatal(err)
	}
	got := make([]int64, len(want))
	for _, tally := range proof["hec"] {
		got[tally.Minute-pipeline.MinuteOf(window(0).From)] += tally.Confirmed
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("proven are %v, want %v", got, want)
	}
}

func stateComesBack(t *testing.T, open Place) {
	r := record(t, ledger.New(open()))
	for i := range 3 {
		update(t, r, begin(window(i), "hec", "syslog"))
	}
	update(t, r, func(s *pipeline.State) error {
		s.Done(window(0), "hec")
		s.Done(window(0), "syslog")
		s.Done(window(1), "syslog")
		return s.Advance(window(1), "hec", "mark-9", pipeline.Count{Confirmed: 40, Dead: 2})
	})
	want := fmt.Sprintf("%+v", r.State())
	again := record(t, ledger.New(open())).State()
	if got := fmt.Sprintf("%+v", again); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if at, ok := again.Sink(window(1), "hec"); !ok || at.Mark != "mark-9" || at.Confirmed != 40 || at.Dead != 2 {
		t.Errorf("hec in window 1: %+v, %v", at, ok)
	}
	if len(again.Open) != 2 || !again.Frontier.Equal(window(2).To) {
		t.Errorf("%+v", again)
	}
}

func twoWriters(t *testing.T, open Place) {
	l := ledger.New(open())
	one, two := record(t, l), record(t, l)
	closes(t, one, window(0), 3)
	if err := two.Update(begin(window(0), "hec")); !errors.Is(err, ledger.ErrConflict) {
		t.Errorf("the second writer got %v", err)
	}
	err := two.Update(func(s *pipeline.State) error {
		s.Begin(window(1), []string{"hec"})
		if err := s.Tally(window(1), "hec", []pipeline.Tally{{Minute: pipeline.MinuteOf(window(1).From), Read: 9, Confirmed: 9}}); err != nil {
			return err
		}
		s.Done(window(1), "hec")
		return nil
	})
	if !errors.Is(err, ledger.ErrConflict) {
		t.Errorf("the second writer got %v", err)
	}
	proven(t, l, 3, 0)
}

// damagedRecord begins anew, also with what was proven: it is read and proven again.
func damagedRecord(t *testing.T, open Place) {
	store := open()
	l := ledger.New(store)
	closes(t, record(t, l), window(0), 3)
	proven(t, l, 3)
	commit(t, store, ledger.Batch{Put: puts(key(records, "s"), "rubbish")})
	var told string
	l.Damaged = func(stream string, err error) { told = fmt.Sprint(stream, ": ", err) }
	r := record(t, l)
	if told == "" || len(r.State().Open) != 0 {
		t.Errorf("told %q, state %+v", told, r.State())
	}
	if states, err := l.Streams(); err != nil || len(states) != 0 {
		t.Errorf("%v, %v", states, err)
	}
	closes(t, r, window(0), 3)
	proven(t, l, 3)
}

// damagedHour proves nothing any more, and is begun anew.
func damagedHour(t *testing.T, open Place) {
	store := open()
	l := ledger.New(store)
	r := record(t, l)
	closes(t, r, window(0), 3)
	hours := list(t, store, "proof", "s\x00")
	if len(hours) != 1 || hours[0].Name != "s\x002026-01-02T03" {
		t.Fatalf("the proof is %q", names(hours))
	}
	commit(t, store, ledger.Batch{Put: puts(hours[0].Key, "rubbish")})
	proven(t, l, 0)
	closes(t, r, window(1), 5)
	proven(t, l, 0, 5)
}

// proofGoes with time, also what a sink proves of long ago.
func proofGoes(t *testing.T, open Place) {
	store := open()
	l := ledger.New(store)
	r := record(t, l)
	hours := func() []string { return names(list(t, store, "proof", "")) }
	week := ledger.ProofLife / time.Minute
	closes(t, r, window(0), 1)
	closes(t, r, window(60), 1)
	closes(t, r, window(int(week)), 1)
	if got := hours(); len(got) != 3 {
		t.Errorf("at the end of its life there is %q", got)
	}
	closes(t, r, window(int(week)+60), 1)
	if got := hours(); len(got) != 3 || got[0] != "s\x002026-01-02T04" {
		t.Errorf("an hour later there is %q", got)
	}
	closes(t, r, window(1), 1)
	if got := hours(); len(got) != 3 {
		t.Errorf("of long ago there is %q", got)
	}
	store = open()
	r = record(t, ledger.New(store))
	closes(t, r, window(int(week)+121), 1)
	if got := hours(); len(got) != 3 || got[0] != "s\x002026-01-10T03" {
		t.Errorf("to the next process there is %q", got)
	}
}
