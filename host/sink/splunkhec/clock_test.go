package splunkhec

import (
	"strings"
	"testing"
)

// TestPausesFollowTheMonotonicClock checks that setting the machine's clock back by an hour doesn't make a pause of one.
func TestPausesFollowTheMonotonicClock(t *testing.T) {
	var s Sink
	if err := s.pace(t.Context()); err != nil {
		t.Errorf("a new sink waits: %v", err)
	}
	s.slowDown(slowdown)
	// Only times with a monotonic reading show one: https://pkg.go.dev/time#Time.String
	if until := s.slow.Load(); until == nil || !strings.Contains(until.String(), " m=") {
		t.Errorf("it waits until %v, by the clock that people set", until)
	}
}
