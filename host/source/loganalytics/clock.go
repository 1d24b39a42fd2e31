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
	told time.Time     // what the last reply said; its second is cut off, so the clock is never fast
	at   time.Time     // when that was, on the monotonic clock
	odd  time.Duration // how far ahead of told the reply before was that nobody believed, or that was believed before told went back
	back bool          // told has gone back since the start
}

// jump is how far a reply's time may be ahead of what the replies before lead to expect. More is believed when two
// replies in a row say so: windows must not run ahead because of one server whose clock is wrong.
const jump = time.Minute

// set takes the time from a reply's Date header.
func (c *clock) set(h http.Header) {
	told, err := http.ParseTime(h.Get("Date"))
	if err != nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	now, ahead := time.Now(), time.Duration(0)
	if !c.told.IsZero() {
		ahead = told.Sub(c.told.Add(now.Sub(c.at)))
		if ahead > jump && (ahead-c.odd).Abs() > jump {
			c.odd = ahead
			return
		}
	}
	c.told, c.at, c.odd = told.UTC(), now, 0
	if ahead < -jump { // believed at once, as it is safe; the next reply may take it back
		c.odd, c.back = -ahead, true
	}
}

// wentBack reports whether a reply has set the clock back since the start: it may have been one server's that is wrong.
func (c *clock) wentBack() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.back
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
