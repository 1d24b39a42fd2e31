package host

import (
	"context"
	"runtime/pprof"
	"slices"
	"time"

	"github.com/sirupsen/logrus"
)

// background is work that goes on beside the pipeline.
type background struct {
	name string // for logs and profiles
	// first, unless nil, is done before run and all that stands behind it in the list begin.
	first func(context.Context)
	// run returns soon after its context ends, or before if there is nothing to do.
	run func(context.Context)
	// drains goes on when the host is told to end, until what was read is sent.
	drains bool
}

// slowStop is how long the end of one is waited for before that is said.
const slowStop = 10 * time.Second

// begin starts all in their order. When ctx ends, those that don't drain end. The function that it returns ends each, the last
// one first, and returns when none runs any more; it is called once.
func begin(ctx context.Context, all []background, log logrus.FieldLogger) (end func()) {
	var ends []func()
	for _, b := range all {
		if b.first != nil {
			b.first(ctx)
		}
		ends = append(ends, b.begin(ctx, log.WithField("work", b.name)))
	}
	return func() {
		for _, end := range slices.Backward(ends) {
			end()
		}
	}
}

func (b background) begin(ctx context.Context, log logrus.FieldLogger) (end func()) {
	if b.drains {
		ctx = context.WithoutCancel(ctx)
	}
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		pprof.Do(ctx, pprof.Labels("work", b.name), b.run)
	}()
	return func() {
		cancel()
		slow := time.AfterFunc(slowStop, func() { log.Warn("the host can't end yet: it waits for work in the background") })
		defer slow.Stop()
		<-done
	}
}
