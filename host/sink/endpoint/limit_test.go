package endpoint_test

import (
	"sync"
	"testing"

	"github.com/riskrelay/riskrelay/host/sink/endpoint"
)

func TestLimit(t *testing.T) {
	l := endpoint.NewLimit(1000, 100)
	for _, c := range []struct{ refused, want int }{
		{2000, 1000}, // half of it may be taken
		{1000, 500},
		{1600, 500}, // sent before the limit was learnt
		{300, 150},
		{150, 100}, // never below the least
		{10, 100},
	} {
		if l.Refused(c.refused); l.Bytes() != c.want {
			t.Errorf("after %d bytes were refused: %d, want %d", c.refused, l.Bytes(), c.want)
		}
	}
}

func TestLimitKeepsTheSmallestOfRequestsAtTheSameTime(t *testing.T) {
	l := endpoint.NewLimit(1<<20, 1)
	var all sync.WaitGroup
	for size := 2000; size >= 1000; size-- {
		all.Go(func() { l.Refused(size) })
	}
	if all.Wait(); l.Bytes() != 500 {
		t.Errorf("%d, want 500", l.Bytes())
	}
}
