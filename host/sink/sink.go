// Package sink says what a kind of receiver is. The folders below hold one kind each, and what they share; which kinds there are
// is written in the struct Sinks of package host/config, and nowhere else.
package sink

import (
	"context"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/host/checkup"
	"github.com/riskrelay/riskrelay/host/pipeline"
	"github.com/riskrelay/riskrelay/host/secret"
)

// Kind is one kind of receiver: all that the configuration, the host and its commands know of it. C is the configuration of one
// sink, a struct with yaml tags. What is nil below "may be nil" doesn't concern the kind.
type Kind[C any] struct {
	// Name is its key below sinks in the configuration, such as splunk_hec.
	Name string
	// Reference is a list of one sink with every key, its default and what it means, in YAML.
	Reference string
	// Defaults is the configuration of which nothing is given yet.
	Defaults func() C
	// Validate returns one error for each key that is wrong, joined, or nil. It reads no file.
	Validate func(C) error
	// New returns a sink for a valid configuration. It reads the files that are named, and connects to nothing.
	New func(C) (pipeline.Sink, error)
	// Check goes online and says step by step whether the receiver takes events. It sends test, unless that is nil or the kind
	// has nobody to send it to.
	Check func(ctx context.Context, c C, test *enrich.Event) checkup.Report
	// Promise is what a confirmation is worth.
	Promise func(C) pipeline.Promise
	// Sends is how many Sends of one window may be under way, at least 1.
	Sends func(C) int

	// May be nil:

	// Receivers says in words where events go over the network. Two sinks with one receiver are a mistake.
	Receivers func(C) []string
	// Output is the path of the file that the sink appends to. Nobody else may write to it.
	Output func(*C) *string
	// Files are those that the configuration names.
	Files func(C) Files
	// Yearless reports whether messages tell the time without the year, which receivers then take from their clocks.
	Yearless func(C) bool
	// Use has secrets read through a keeper.
	Use func(*C, *secret.Keeper)
}

// Config is the configuration of one sink. Its zero value knows its kind.
type Config[C any] interface{ Kind() Kind[C] }

// Files are paths that are read; "" is none.
type Files struct {
	Trusted []string // who changes one may impersonate the receiver
	Secret  []string // nobody else may read one
}
