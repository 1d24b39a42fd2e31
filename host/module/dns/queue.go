package dns

import (
	"context"
	"sync"
)

// maxQueued is how many names wait to be looked up: at the pace of the questions, those of about seven minutes.
const maxQueued = 1000

// queue holds the names that wait, each once. When it is full, a new one takes the place of the oldest.
type queue struct {
	limit int

	mu      sync.Mutex
	names   []string
	waiting map[string]bool // in names, or being looked up
	wake    chan struct{}   // has room for one: somebody added a name
}

func newQueue(limit int) *queue {
	return &queue{limit: limit, waiting: map[string]bool{}, wake: make(chan struct{}, 1)}
}

// add queues name. It reports whether another one was dropped for it.
func (q *queue) add(name string) (dropped bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.waiting[name] {
		return false
	}
	if dropped = len(q.names) >= q.limit; dropped {
		delete(q.waiting, q.names[0])
		q.names = q.names[1:]
	}
	q.push(name)
	return dropped
}

// offer queues name if the queue is less than half full: the rest is for names that are new.
func (q *queue) offer(name string) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.waiting[name] {
		return true
	}
	if len(q.names) >= q.limit/2 {
		return false
	}
	q.push(name)
	return true
}

func (q *queue) push(name string) {
	q.names = append(q.names, name)
	q.waiting[name] = true
	q.signal()
}

func (q *queue) signal() {
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

// next waits for the name that has waited longest. It stays waiting until done is called.
func (q *queue) next(ctx context.Context) (string, error) {
	for {
		if name, ok := q.take(); ok {
			return name, nil
		}
		select {
		case <-q.wake:
		case <-ctx.Done():
			return "", ctx.Err()
		}
	}
}

func (q *queue) take() (string, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.names) == 0 {
		return "", false
	}
	name := q.names[0]
	if q.names = q.names[1:]; len(q.names) > 0 {
		q.signal() // for the next worker
	}
	return name, true
}

// done says that name was looked up and may be queued again.
func (q *queue) done(name string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	delete(q.waiting, name)
}

// busy reports whether a name is queued or being looked up.
func (q *queue) busy() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.waiting) > 0
}

func (q *queue) len() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.names)
}
