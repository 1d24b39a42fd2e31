package loganalytics

import (
	"net/http"
	"sync"
	"time"
)

// clock is the service's clock, as far as its replies told. The machine's own wall clock may be wrong by hours, and a
// window that reaches into the service's future would be read before its rows are there.
type clock struct {
	mu   sync.Mutex
	told time.Time // what the last reply said; its second is cut off, so the clock is never fast
	at   time.Time // when that was, on the monotonic clock
}

// set takes the time from a reply's Date header.
func (c *clock) set(h http.Header) {
	told, err := http.ParseTime(h.Get("Date"))
	if err != nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.told, c.at = told.UTC(), time.Now()
}

// now is the service's time; ok is false as long as no reply told it.
func (c *clock) now() (t time.Time, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.told.IsZero() {
		return time.Time{}, false
	}
	return c.told.Add(time.Since(c.at)), true
}
