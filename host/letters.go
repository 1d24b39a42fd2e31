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
	store := deadletter.New(filepath.Join(c.DataDir, "dead"), c.DeadLetters.MaxBytes)
	store.Clean = c.Secrets.Clean
	return store
}

// retryTries is how often a Send is tried: somebody waits, and what isn't sent stays.
const retryTries = 2

// ErrUnknownSink says that the configuration has no sink of that name.
var ErrUnknownSink = errors.New("unknown sink")

// unknownSink is ErrUnknownSink with the names that there are.
func unknownSink(c config.Config, name string) error {
	return fmt.Errorf("%w %q: the configuration has %s", ErrUnknownSink, name, strings.Join(slices.Sorted(slices.Values(c.Sinks.Names())), ", "))
}

// RetryDeadLetters sends letters of a sink again, through the sink as it is configured now. Pick tells which; nil means
// all. Progress is told how many events were sent.
func RetryDeadLetters(ctx context.Context, c config.Config, store *deadletter.Store, sink string, pick func(*deadletter.Letter) bool, progress func(events int)) (deadletter.Outcome, error) {
	if source, ok := strings.CutPrefix(sink, unreadable); ok {
		return deadletter.Outcome{}, fmt.Errorf("%w: these are lines of %s that are no rows: correct them and add them to a file that is read, then drop the letters", ErrUnknownSink, source)
	}
	if of, ok := strings.CutPrefix(sink, deadletter.Shortened); ok {
		return deadletter.Outcome{}, fmt.Errorf("%w: these are whole copies of events that %s took shortened, so nothing is to be sent again: drop them once nobody needs them", ErrUnknownSink, of)
	}
	one, known := c.Sinks.Named(sink)
	if !known {
		return deadletter.Outcome{}, unknownSink(c, sink)
	}
	made, err := one.New()
	if err != nil {
		return deadletter.Outcome{}, joinNamed(nil, sink, err)
	}
	to := &pipeline.Retry{Sink: made, Health: &pipeline.Health{}, Tries: retryTries}
	done, err := store.Retry(ctx, sink, pick, func(ctx context.Context, events []enrich.Event) error {
		receipt, err := to.Send(ctx, events)
		progress(len(events))
		if len(receipt.Shortened) > 0 && (err == nil || errors.As(err, new(*pipeline.PartialError))) {
			if copyErr := store.Copy(sink, events, receipt.Shortened); copyErr != nil {
				return copyErr // the letters are the only whole copies: they stay
			}
		}
		return err
	})
	return done, errors.Join(err, to.Close())
}
