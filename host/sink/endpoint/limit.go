package endpoint

import "sync/atomic"

// Limit is how many bytes a request may have, learnt from what a receiver refuses. Its methods may be called at the same time.
type Limit struct {
	least int64
	bytes atomic.Int64
}

// NewLimit returns a limit of so many bytes, which never falls below least.
func NewLimit(bytes, least int) *Limit {
	l := &Limit{least: int64(least)}
	l.bytes.Store(int64(bytes))
	return l
}

// Bytes is the limit now.
func (l *Limit) Bytes() int { return int(l.bytes.Load()) }

// Refused notes that a request of size bytes was too large: the limit is at most half of that from now on.
func (l *Limit) Refused(size int) {
	half := int64(size / 2)
	for {
		old := l.bytes.Load()
		if half >= old || l.bytes.CompareAndSwap(old, max(l.least, half)) {
			return
		}
	}
}
