package celrule

import (
	"context"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"
)

func TestRecent(t *testing.T) {
	noon := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	at := func(minutes int) time.Time { return noon.Add(time.Duration(minutes) * time.Minute) }
	m := NewRecent(100)
	for i, step := range []struct {
		minutes int
		first   bool
	}{
		{0, true},
		{0, true}, // the same event again
		{10, false},
		{0, true},    // and once more after a crash
		{5, false},   // out of order, between
		{-5, true},   // out of order, before: it is the first now
		{0, false},   // which makes this one the second
		{70, false},  // an hour after the last
		{131, true},  // more than an hour after the last
		{131, true},  // the same event again
		{0, true},    // from a time that is over
		{132, false}, // which didn't do any harm
	} {
		if got := m.Seen(context.Background(), "a.b", Digest{1}, at(step.minutes), time.Hour); got != step.first {
			t.Errorf("step %d, minute %d: first %v", i, step.minutes, got)
		}
	}
	if !m.Seen(context.Background(), "a.c", Digest{1}, at(132), time.Hour) || !m.Seen(context.Background(), "a.b", Digest{2}, at(132), time.Hour) {
		t.Error("rules and keys are apart")
	}
}

// TestRecentIsBounded floods a memory: it stays small, and what it has to forget looks new, never known.
func TestRecentIsBounded(t *testing.T) {
	m := NewRecent(50)
	now := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	for i := range 5000 {
		var d Digest
		binary.BigEndian.PutUint64(d[:], rand.Uint64()|1)
		if !m.Seen(context.Background(), "a.b", d, now.Add(time.Duration(i)*time.Second), time.Hour) {
			t.Fatal("a new key is known")
		}
	}
	if len(m.known) != 50 {
		t.Errorf("%d keys in a memory for 50", len(m.known))
	}
	m.Restore(make([]Sighting, 1))
	if len(m.known) != 50 {
		t.Error("Restore fills a full memory")
	}
}

func TestRecentSave(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := NewRecent(10)
		see := func(key byte, at time.Time) { m.Seen(context.Background(), "a.b", Digest{key}, at, time.Hour) }
		save := func(fails error) (known, forgotten int) {
			if err := m.Save(func(k, f []Sighting) error { known, forgotten = len(k), len(f); return fails }); !errors.Is(err, fails) {
				t.Errorf("Save = %v", err)
			}
			return known, forgotten
		}
		see(1, time.Now())
		see(2, time.Now().Add(30*time.Minute)) // ahead of this clock
		see(3, time.Now().AddDate(-1, 0, 0))   // an old event, replayed: it is kept as long as one of today
		if k, f := save(errors.New("full")); k != 3 || f != 0 {
			t.Errorf("first save: %d, %d", k, f)
		}
		if k, f := save(nil); k != 3 || f != 0 {
			t.Errorf("after a failure: %d, %d", k, f)
		}
		see(1, time.Now())
		if k, f := save(nil); k+f != 0 {
			t.Errorf("nothing changed: %d, %d", k, f)
		}
		time.Sleep(61 * time.Minute)
		see(2, time.Now())
		if k, f := save(nil); k != 1 || f != 2 {
			t.Errorf("one new, two over: %d, %d", k, f)
		}
	})
}

func TestDigest(t *testing.T) {
	if digest([]string{"ab", "c"}) == digest([]string{"a", "bc"}) || digest([]string{"a"}) == digest([]string{"a", ""}) {
		t.Error("different keys have one digest")
	}
	if digest([]string{"Ann"}) != digest([]string{"ann"}) {
		t.Error("upper and lower case count")
	}
}
