package syslog

import (
	_ "embed" // reference
	"fmt"

	"github.com/riskrelay/riskrelay/host/pipeline"
	"github.com/riskrelay/riskrelay/host/secret"
	"github.com/riskrelay/riskrelay/host/sink"
)

//go:embed reference.yaml
var reference string

// Kind is what the rest of the program knows of syslog sinks.
func (Config) Kind() sink.Kind[Config] {
	return sink.Kind[Config]{
		Name:      "syslog",
		Reference: reference,
		Defaults:  Defaults,
		Validate:  Config.Validate,
		New:       func(c Config) (pipeline.Sink, error) { return New(c) },
		Check:     Check,
		Promise:   Config.promise,
		Sends:     func(Config) int { return sends },

		Receivers: func(c Config) []string {
			return []string{fmt.Sprintf("%s over %s in format %s", c.Address, c.Network, c.Format)}
		},
		Files: func(c Config) sink.Files {
			return sink.Files{Trusted: []string{c.CAFile, c.CertFile}, Secret: []string{c.KeyFile}}
		},
		Yearless: Config.yearless,
		Use:      func(c *Config, k *secret.Keeper) { c.Secrets = k },
	}
}

// sends is how many Sends are under way: while one waits until the receiver has read, the next is written.
const sends = 16

// promise is what it is worth that a message was written.
func (c Config) promise() pipeline.Promise {
	if c.Network == UDP {
		return pipeline.BestEffort
	}
	return pipeline.Received
}
