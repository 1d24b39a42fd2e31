package received

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
)

func TestCompare(t *testing.T) {
	var l Log
	for _, e := range [][2]string{{"same", "a"}, {"same", "a"}, {"changed", "x"}, {"mixed", "a"}, {"mixed", "b"}, {"invented", "a"}, {"any", "z"}} {
		l.Add(e[0], []byte(e[1]))
	}
	d := l.Compare(map[string]uint64{
		"same": Sum([]byte("a")), "changed": Sum([]byte("a")), "mixed": Sum([]byte("b")), "missing": Sum([]byte("a")), "any": 0,
	})
	if !slices.Equal(d.Missing, []string{"missing"}) || !slices.Equal(d.Invented, []string{"invented"}) ||
		!slices.Equal(d.Changed, []string{"changed", "mixed"}) || d.None() {
		t.Errorf("got %+v", d)
	}
	if l.Len() != 5 || l.Total() != 7 || l.Times("same") != 2 || l.Times("missing") != 0 {
		t.Errorf("%d events, %d in all, same %d times", l.Len(), l.Total(), l.Times("same"))
	}
	if d := new(Log).Compare(nil); !d.None() {
		t.Errorf("nothing differs from nothing: %+v", d)
	}
}

// TestFollowUpsAreNotInvented checks that a follow-up counts as invented only when what it follows wasn't sent.
func TestFollowUpsAreNotInvented(t *testing.T) {
	var l Log
	l.Add("row", []byte("a"))
	l.Add("good", []byte(`{"Type":"RiskFollowUp","risk":{"score":70,"follows":"row"}}`))
	l.Add("bad", []byte(`{"Type":"RiskFollowUp","risk":{"score":70,"follows":"other"}}`))
	l.Add("broken", []byte(`{"follows":`))
	if d := l.Compare(map[string]uint64{"row": 0}); !slices.Equal(d.Invented, []string{"bad", "broken"}) {
		t.Errorf("got %+v", d)
	}
}

func TestWait(t *testing.T) {
	var l Log
	done := make(chan error)
	go func() { done <- l.Wait(t.Context(), 100) }()
	for i := range 100 {
		l.Add(fmt.Sprint(i), nil)
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := l.Wait(ctx, 101); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}
