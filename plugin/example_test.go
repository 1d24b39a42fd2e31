package plugin_test

import (
	"context"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/plugin"
)

// quiet is a module that says nothing.
type quiet struct{}

func (quiet) Describe(context.Context) (enrich.Description, error) {
	return enrich.Description{Name: "quiet", Version: "1.0.0"}, nil
}

func (quiet) Configure(context.Context, enrich.Config) error { return nil }

func (quiet) Tag(_ context.Context, events []enrich.Event) ([][]enrich.Tag, error) {
	return make([][]enrich.Tag, len(events)), nil
}

// The main function of a module in a program of its own is one line. The host starts it, tells it its configuration and asks it about
// events; modules in other languages speak the same gRPC.
func ExampleServe() {
	plugin.Serve(quiet{})
}
