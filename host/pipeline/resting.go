package pipeline

import "time"

// resting are the Sends to one sink that failed and wait for their next try. The zero value is none.
type resting struct {
	until map[int]time.Time // by number
	last  int               // number
	ended time.Time         // when a wait last ended
}

// add notes that a Send waits until then and returns its number.
func (r *resting) add(until time.Time) int {
	if r.pass(); r.until == nil {
		r.until = map[int]time.Time{}
	}
	r.last++
	r.until[r.last] = until
	return r.last
}

// end notes that a Send waits no more, be it before its time.
func (r *resting) end(number int) {
	delete(r.until, number)
	r.ended = time.Now()
}

// pass ends the waits whose time has come.
func (r *resting) pass() {
	now := time.Now()
	for number, until := range r.until {
		if !until.After(now) {
			r.end(number)
		}
	}
}

// due is when the first of them goes on. When none waits it is when the last went on, zero when none ever waited.
func (r *resting) due() (first time.Time) {
	r.pass()
	for _, until := range r.until {
		if first.IsZero() || until.Before(first) {
			first = until
		}
	}
	if first.IsZero() {
		return r.ended
	}
	return first
}
