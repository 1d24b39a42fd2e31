package host

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/host/config"
	"github.com/riskrelay/riskrelay/host/deadletter"
	"github.com/riskrelay/riskrelay/host/pipeline"
)

// DeadLetters is what the sinks of the configuration have refused. A host may be running beside.
func DeadLetters(c config.Config) *deadletter.Store {
	return deadletter.New(filepath.Join(c.DataDir, "dead"), c.DeadLetters.MaxBytes)
}

// retryTries is how often a Send is tried: somebody waits, and what isn't sent stays.
const retryTries = 2

// ErrUnknownSink says that the configuration has no sink of that name.
var ErrUnknownSink = errors.New("unknown sink")

// RetryDeadLetters sends letters of a sink again, through the sink as it is configured now. Pick tells which; nil means
// all. Progress is told how many events were sent.
func RetryDeadLetters(ctx context.Context, c config.Config, store *deadletter.Store, sink string, pick func(*deadletter.Letter) bool, progress func(events int)) (deadletter.Outcome, error) {
	if source, ok := strings.CutPrefix(sink, unreadable); ok {
		return deadletter.Outcome{}, fmt.Errorf("%w: these are lines of %s that are no rows: correct them and add them to a file that is read, then drop the letters", ErrUnknownSink, source)
	}
	only := c.Sinks.Only(sink)
	if len(only.Names()) == 0 {
		return deadletter.Outcome{}, fmt.Errorf("%w %q: the configuration has %s", ErrUnknownSink, sink, strings.Join(slices.Sorted(slices.Values(c.Sinks.Names())), ", "))
	}
	c.Sinks = only
	list, err := buildSinks(c)
	if err != nil {
		return deadletter.Outcome{}, err
	}
	to := &pipeline.Retry{Sink: list[0].sink, Health: &pipeline.Health{}, Tries: retryTries}
	done, err := store.Retry(ctx, sink, pick, func(ctx context.Context, events []enrich.Event) error {
		_, err := to.Send(ctx, events)
		progress(len(events))
		return err
	})
	return done, errors.Join(err, to.Close())
}
