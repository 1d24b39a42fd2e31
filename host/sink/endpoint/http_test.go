package endpoint_test

import (
	"testing"
	"time"

	"github.com/riskrelay/riskrelay/host/sink/endpoint"
)

func TestValidPort(t *testing.T) {
	for port, want := range map[string]bool{"": false, "0": false, "1": true, "514": true, "65535": true, "65536": false, "99999": false, "-1": false, "x y": false, "https": true} {
		if got := endpoint.ValidPort(port); got != want {
			t.Errorf("%q: %v", port, got)
		}
	}
}

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
	for header, want := range map[string]time.Duration{
		"": 0, "soon": 0, "-5": 0, "0": 0, "90": 90 * time.Second, "999999": time.Hour,
		"Sun, 01 Mar 2026 09:00:30 GMT": 30 * time.Second, "Sun, 01 Mar 2026 08:00:00 GMT": 0,
	} {
		if got := endpoint.RetryAfter(header, now); got != want {
			t.Errorf("%q: %v, want %v", header, got, want)
		}
	}
}
