package sink

import (
	"context"
	"slices"
	"strings"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/host/checkup"
	"github.com/riskrelay/riskrelay/host/pipeline"
	"github.com/riskrelay/riskrelay/host/secret"
)

// Named is a sink of the configuration.
type Named[C Config[C]] struct {
	Name   string `yaml:"name"` // the ledger's key, so it must stay
	Config C      `yaml:",inline"`
}

// UnmarshalYAML fills in the defaults of what isn't given.
func (n *Named[C]) UnmarshalYAML(unmarshal func(any) error) error {
	type plain Named[C]
	p := plain{Config: kindOf[C]().Defaults()}
	err := unmarshal(&p)
	*n = Named[C](p)
	return err
}

func kindOf[C Config[C]]() Kind[C] {
	var zero C
	return zero.Kind()
}

// List are the sinks of one kind in a configuration.
type List[C Config[C]] []Named[C]

// Kind is the kind's key in the configuration.
func (*List[C]) Kind() string { return kindOf[C]().Name }

// Reference is the kind's part of a configuration that names every key, below its key.
func (*List[C]) Reference() string {
	k := kindOf[C]()
	indented := strings.ReplaceAll("\n"+strings.TrimSpace(k.Reference), "\n", "\n  ")
	return k.Name + ":" + indented + "\n"
}

// Configured is a sink of a configuration, whatever its kind is. Fields are as those of [Kind].
type Configured struct {
	Name, Kind string

	Validate func() error
	New      func() (pipeline.Sink, error)
	Check    func(ctx context.Context, test *enrich.Event) checkup.Report
	Use      func(*secret.Keeper)

	Promise   pipeline.Promise
	Sends     int
	Receivers []string
	Files     Files
	Output    string // "" for none
	Yearless  bool
}

// All are the sinks of the list, in its order. Use changes the configuration in the list.
func (l *List[C]) All() (all []Configured) {
	for i := range *l {
		all = append(all, (*l)[i].configured())
	}
	return all
}

func (n *Named[C]) configured() Configured {
	k, c := kindOf[C](), &n.Config
	out := Configured{
		Name: n.Name, Kind: k.Name,
		Validate: func() error { return k.Validate(*c) },
		New:      func() (pipeline.Sink, error) { return k.New(*c) },
		Check: func(ctx context.Context, test *enrich.Event) checkup.Report {
			return k.Check(ctx, *c, test)
		},
		Use:     func(*secret.Keeper) {},
		Promise: k.Promise(*c),
		Sends:   k.Sends(*c),
	}
	if k.Use != nil {
		out.Use = func(keeper *secret.Keeper) { k.Use(c, keeper) }
	}
	if k.Receivers != nil {
		out.Receivers = k.Receivers(*c)
	}
	if k.Files != nil {
		out.Files = k.Files(*c)
	}
	if k.Yearless != nil {
		out.Yearless = k.Yearless(*c)
	}
	if k.Output != nil {
		out.Output = *k.Output(c)
	}
	return out
}

// Beside replaces the list by a copy whose sinks append to files of their own, named with the suffix, as two processes must not
// write to one: each mends the file's end.
func (l *List[C]) Beside(suffix string) {
	*l = slices.Clone(*l)
	if output := kindOf[C]().Output; output != nil {
		for i := range *l {
			*output(&(*l)[i].Config) += suffix
		}
	}
}

// Hold empties the list and returns a function that puts what it held before what it holds then.
func (l *List[C]) Hold() (restore func()) {
	before := *l
	*l = nil
	return func() { *l = append(before, *l...) }
}
