package file

import (
	"context"
	_ "embed" // reference

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/host/checkup"
	"github.com/riskrelay/riskrelay/host/pipeline"
	"github.com/riskrelay/riskrelay/host/sink"
)

//go:embed reference.yaml
var reference string

// Kind is what the rest of the program knows of file sinks.
func (Config) Kind() sink.Kind[Config] {
	return sink.Kind[Config]{
		Name:      "file",
		Reference: reference,
		Defaults:  Defaults,
		Validate:  Config.Validate,
		New:       func(c Config) (pipeline.Sink, error) { return New(c) },
		Check:     func(_ context.Context, c Config, _ *enrich.Event) checkup.Report { return Check(c) },
		Promise:   func(Config) pipeline.Promise { return pipeline.Written },
		Sends:     func(Config) int { return 1 },

		Output: func(c *Config) *string { return &c.Path },
	}
}
