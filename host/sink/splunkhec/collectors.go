package splunkhec

import (
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/riskrelay/riskrelay/plugin/backoff"
)

// collector is one address of the collector. Channels belong to it: an acknowledgement is known only where the id was given.
type collector struct {
	name     string // host and port
	base     string
	channels channels
	failures int       // since it worked
	resting  time.Time // it isn't asked before, unless all others fail

	mu       sync.Mutex
	stranger *reply    // the last answer that no collector gives; nil when it is one as far as is known
	next     time.Time // when a stranger is asked whether it is a collector by now
}

// doubt notes an answer that no collector gives. What was sent may have been taken all the same: sent again and again, it would be
// there as often.
func (c *collector) doubt(r reply) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stranger, c.next = &r, time.Time{}
}

// collectors are all addresses. Requests go to each in turn; one that fails rests.
type collectors struct {
	mu   sync.Mutex
	list []*collector
	next int
}

func newCollectors(urls []string) *collectors {
	c := new(collectors)
	for _, text := range urls {
		one := &collector{name: text, base: strings.TrimRight(text, "/") + "/services/collector"}
		if u, err := url.Parse(text); err == nil {
			one.name = u.Host
		}
		c.list = append(c.list, one)
	}
	return c
}

// rest is how long a collector isn't asked that failed.
func rest() backoff.Policy { return backoff.Policy{Min: time.Second, Max: time.Minute} }

// order is in which order the collectors are tried at now: those that rest come last.
func (c *collectors) order(now time.Time) []*collector {
	c.mu.Lock()
	defer c.mu.Unlock()
	var good, resting []*collector
	for i := range c.list {
		one := c.list[(c.next+i)%len(c.list)]
		if now.Before(one.resting) {
			resting = append(resting, one)
		} else {
			good = append(good, one)
		}
	}
	c.next = (c.next + 1) % len(c.list)
	return append(good, resting...)
}

// note notes whether a request to one worked.
func (c *collectors) note(one *collector, worked bool, now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if worked {
		one.failures, one.resting = 0, time.Time{}
		return
	}
	one.resting = now.Add(rest().After(one.failures))
	one.failures++
}
