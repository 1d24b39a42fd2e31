package sumologic

import (
	_ "embed" // reference

	"github.com/riskrelay/riskrelay/host/pipeline"
	"github.com/riskrelay/riskrelay/host/secret"
	"github.com/riskrelay/riskrelay/host/sink"
)

//go:embed reference.yaml
var reference string

// Kind is what the rest of the program knows of Sumo Logic sinks.
func (Config) Kind() sink.Kind[Config] {
	return sink.Kind[Config]{
		Name:      "sumo_logic",
		Reference: reference,
		Defaults:  Defaults,
		Validate:  Config.Validate,
		New:       func(c Config) (pipeline.Sink, error) { return New(c) },
		Check:     Check,
		Promise:   func(Config) pipeline.Promise { return pipeline.Accepted },
		Sends:     func(c Config) int { return max(2, c.Requests) },

		Receivers: func(c Config) []string { return []string{"the source of url_file " + c.URLFile} },
		Files:     func(c Config) sink.Files { return sink.Files{Trusted: []string{c.CAFile}, Secret: []string{c.URLFile}} },
		Use:       func(c *Config, k *secret.Keeper) { c.Secrets = k },
	}
}
