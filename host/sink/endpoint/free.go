package endpoint

import "sync"

// maxFree is how many unused values are kept: about as many as requests are under way at once.
const maxFree = 4

// Free keeps values that are used again. Other than a [sync.Pool] it keeps them when garbage is collected, which with a
// small heap is many times a second. The zero value is ready; its methods may be called at the same time.
type Free[T any] struct {
	mu   sync.Mutex
	list []*T
}

// Get returns a value that was put back, or a new one, which is zero.
func (f *Free[T]) Get() *T {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := len(f.list)
	if n == 0 {
		return new(T)
	}
	v := f.list[n-1]
	f.list = f.list[:n-1]
	return v
}

// Put gives v back, which nobody may use then.
func (f *Free[T]) Put(v *T) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.list) < maxFree {
		f.list = append(f.list, v)
	}
}
