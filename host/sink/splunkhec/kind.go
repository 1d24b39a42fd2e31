package splunkhec

import (
	_ "embed" // reference
	"fmt"
	"strings"

	"github.com/riskrelay/riskrelay/host/pipeline"
	"github.com/riskrelay/riskrelay/host/secret"
	"github.com/riskrelay/riskrelay/host/sink"
)

//go:embed reference.yaml
var reference string

// Kind is what the rest of the program knows of Splunk HEC sinks.
func (Config) Kind() sink.Kind[Config] {
	return sink.Kind[Config]{
		Name:      "splunk_hec",
		Reference: reference,
		Defaults:  Defaults,
		Validate:  Config.Validate,
		New:       func(c Config) (pipeline.Sink, error) { return New(c) },
		Check:     Check,
		Promise:   func(c Config) pipeline.Promise { return promise(c.Ack) },
		Sends:     func(c Config) int { return max(2, c.Requests) },

		Receivers: Config.receivers,
		Files: func(c Config) sink.Files {
			return sink.Files{Trusted: []string{c.CAFile, c.CertFile}, Secret: []string{c.TokenFile, c.ProxyAuthFile, c.KeyFile}}
		},
		Use: func(c *Config, k *secret.Keeper) { c.Secrets = k },
	}
}

// receivers are one for each collector.
func (c Config) receivers() (all []string) {
	for _, at := range append([]string{c.URL}, c.URLs...) {
		all = append(all, fmt.Sprintf("index %q behind %s with token_file %s", c.Index, strings.TrimRight(strings.ToLower(at), "/"), c.TokenFile))
	}
	return all
}

// promise is what an answer of the collector is worth, with or without acknowledgement.
func promise(ack bool) pipeline.Promise {
	if ack {
		return pipeline.Indexed
	}
	return pipeline.Accepted
}
