package dns

import (
	"sync"
	"time"
)

// maxCached is how many names are remembered, which takes about 2 MB.
const maxCached = 10_000

// cache remembers verdicts until their time is over. When it is full, the oldest of a few makes place.
type cache struct {
	limit int

	mu    sync.Mutex
	known map[string]cached
}

type cached struct {
	verdict        Verdict
	learned, until time.Time
}

func newCache(limit int) *cache { return &cache{limit: limit, known: map[string]cached{}} }

// get is what is known of name, and since when; Unknown and false when nothing is.
func (c *cache) get(name string) (cached, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	entry, ok := c.known[name]
	if ok && time.Now().After(entry.until) {
		delete(c.known, name)
		ok = false
	}
	if !ok {
		return cached{verdict: Unknown}, false
	}
	return entry, true
}

func (c *cache) put(name string, v Verdict, life time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, known := c.known[name]; !known && len(c.known) >= c.limit {
		c.evict()
	}
	now := time.Now()
	c.known[name] = cached{v, now, now.Add(life)}
}

// evictAmong is how many names, picked at random, the oldest is taken of.
const evictAmong = 8

func (c *cache) evict() {
	oldest, n := "", 0
	for name, entry := range c.known {
		if n == 0 || entry.learned.Before(c.known[oldest].learned) {
			oldest = name
		}
		if n++; n == evictAmong {
			break
		}
	}
	delete(c.known, oldest)
}

func (c *cache) len() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.known)
}
