package pipeline

import (
	"fmt"
	"time"
)

const (
	// shortest is the shortest stretch of time that is halved again; below it a window is cut by slots.
	shortest = time.Millisecond
	maxSlots = 4096
)

// String is the window as logs show it.
func (w Window) String() string {
	s := fmt.Sprintf("%s [%s, %s)", w.Stream, w.From.UTC().Format(time.RFC3339Nano), w.To.UTC().Format(time.RFC3339Nano))
	if w.Slots > 0 {
		s += fmt.Sprintf(" slot %d/%d", w.Slot, w.Slots)
	}
	return s
}

func (w Window) equal(v Window) bool {
	return w.Stream == v.Stream && w.From.Equal(v.From) && w.To.Equal(v.To) && w.Slot == v.Slot && w.Slots == v.Slots
}

// Cut returns the halves of w: of its time, or of its slots when the time is too short to cut. A window that can't
// be cut is an error.
func (w Window) Cut() (a, b Window, err error) {
	a, b = w, w
	if length := w.To.Sub(w.From); w.Slots == 0 && length > shortest {
		middle := w.From.Add(length / 2)
		minute := middle.Truncate(time.Minute) // so that the halves share no minute of a tally
		if !minute.After(w.From) {
			minute = minute.Add(time.Minute)
		}
		if !minute.Before(w.To) {
			minute = middle.Truncate(100 * time.Nanosecond) // Kusto's clock ticks in 100 ns
		}
		a.To, b.From = minute, minute
		return a, b, nil
	}
	if w.Slots >= maxSlots {
		return w, w, fmt.Errorf("%v can't be cut any smaller", w)
	}
	// hash % 2n is hash%n or hash%n + n, so the two new slots together hold what the old one held.
	n := max(1, w.Slots)
	a.Slots, b.Slots = 2*n, 2*n
	b.Slot = w.Slot + n
	return a, b, nil
}

// Smallest reports whether w can't be cut any smaller.
func (w Window) Smallest() bool {
	_, _, err := w.Cut()
	return err != nil
}
