package enrich

import "context"

// Informer is what a Module may be besides: one that knows something about the tenant that rules of other modules can use.
// The host asks it after each change and puts what it knows under the operator's context file.
type Informer interface {
	// Context returns what the module knows now: a JSON object with the keys verified_domains, dns, lists, applications and seen of
	// a context file, as far as the module knows them, and awaited, a list of the parts that it will know later. It
	// doesn't wait for anything.
	Context(ctx context.Context) ([]byte, error)
	// Changed gets a value whenever Context has become another. A value that nobody has taken yet stands for all that followed.
	Changed() <-chan struct{}
}
