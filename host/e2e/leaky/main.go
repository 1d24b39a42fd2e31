// Command leaky is a rule module that repeats its settings wherever it can: in what it writes, in the errors of its tags, and in
// that of a whole call. The end-to-end tests look for them behind it.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync/atomic"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/plugin"
)

func main() { plugin.Serve(new(module)) }

type module struct {
	settings atomic.Pointer[string]
	calls    atomic.Int64
}

// Describe asks for the audit logs.
func (m *module) Describe(context.Context) (enrich.Description, error) {
	return enrich.Description{
		Name: "leaky", Version: "1.0.0", Selector: enrich.Selector{Tables: []string{"AuditLogs"}, Columns: []string{"OperationName"}},
		Rules: []enrich.RuleInfo{{ID: "leaky.one", Title: "Leaks", Pack: "leaky@1.0.0", Tables: []string{"AuditLogs"}, Severity: enrich.Low}},
	}, nil
}

// Configure takes any settings, and writes them to the log.
func (m *module) Configure(_ context.Context, config enrich.Config) error {
	text := string(config.Settings)
	m.settings.Store(&text)
	fmt.Fprintf(os.Stderr, "configured with %q\n", text)
	return nil
}

// Tag fails for each event, and every second time as a whole.
func (m *module) Tag(_ context.Context, events []enrich.Event) ([][]enrich.Tag, error) {
	if m.calls.Add(1)%2 == 0 {
		return nil, errors.New("all of it: " + *m.settings.Load())
	}
	lists := make([][]enrich.Tag, len(events))
	for i := range events {
		lists[i] = []enrich.Tag{{Rule: "leaky.one", Error: "one of it: " + *m.settings.Load()}}
	}
	return lists, nil
}
