package config

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/riskrelay/riskrelay/host/sink"
	"github.com/riskrelay/riskrelay/host/sink/file"
	"github.com/riskrelay/riskrelay/host/sink/splunkhec"
	"github.com/riskrelay/riskrelay/host/sink/sumologic"
	"github.com/riskrelay/riskrelay/host/sink/syslog"
)

// Sinks are where events go, a list for each kind of sink there is. A new kind has a field here and the same in lists. Names are the ledger's keys, so they must stay.
type Sinks struct {
	SplunkHEC sink.List[splunkhec.Config] `yaml:"splunk_hec"`
	Sumo      sink.List[sumologic.Config] `yaml:"sumo_logic"`
	Syslog    sink.List[syslog.Config]    `yaml:"syslog"`
	File      sink.List[file.Config]      `yaml:"file"`
	// Forget names sinks that are gone for good: what the ledger still has for them is given up.
	Forget []string `yaml:"forget"`
}

func (s *Sinks) lists() []sinkList {
	return []sinkList{&s.SplunkHEC, &s.Sumo, &s.Syslog, &s.File}
}

// sinkList is a *[sink.List].
type sinkList interface {
	Kind() string
	Reference() string
	All() []sink.Configured
	Beside(suffix string)
	Hold() (restore func())
}

// SplunkHEC is a sink of its kind.
type SplunkHEC = sink.Named[splunkhec.Config]

// SumoLogic is a sink of its kind.
type SumoLogic = sink.Named[sumologic.Config]

// Syslog is a sink of its kind.
type Syslog = sink.Named[syslog.Config]

// File is a sink of its kind.
type File = sink.Named[file.Config]

// All are the sinks of all kinds.
func (s *Sinks) All() (all []sink.Configured) {
	for _, list := range s.lists() {
		all = append(all, list.All()...)
	}
	return all
}

// Named is the sink of that name; ok is false when there is none.
func (s *Sinks) Named(name string) (one sink.Configured, ok bool) {
	all := s.All()
	at := slices.IndexFunc(all, func(c sink.Configured) bool { return c.Name == name })
	if at < 0 {
		return one, false
	}
	return all[at], true
}

// Names are the names of all sinks.
func (s *Sinks) Names() (names []string) {
	for _, c := range s.All() {
		names = append(names, c.Name)
	}
	return names
}

// Kinds are the keys of all kinds.
func (s *Sinks) Kinds() (kinds []string) {
	for _, list := range s.lists() {
		kinds = append(kinds, list.Kind())
	}
	return kinds
}

// Beside are the same sinks for a second process: see [sink.List.Beside].
func (s Sinks) Beside(suffix string) Sinks {
	for _, list := range s.lists() {
		list.Beside(suffix)
	}
	return s
}

// doubles finds sinks that would send the same to one receiver over the network.
func (s *Sinks) doubles() (errs []error) {
	first := map[string]string{}
	for _, c := range s.All() {
		for _, place := range c.Receivers {
			if other, twice := first[place]; twice && other != c.Name {
				errs = append(errs, fmt.Errorf("%s gets every event twice, from the sinks %s and %s: remove one of them", place, other, c.Name))
				continue
			}
			first[place] = c.Name
		}
	}
	return errs
}

// distinct says which names of sinks are empty, there twice or taken.
func distinct(names []string) error {
	var errs []error
	slices.Sort(names)
	for i, name := range names {
		switch {
		case strings.HasPrefix(name, "source ") || strings.HasPrefix(name, "shortened "):
			errs = append(errs, fmt.Errorf("call the sink %q something else: among the dead letters this stands for something else", name))
		case name == "":
			errs = append(errs, errors.New("every sink needs a name: the ledger knows it by that"))
		case i > 0 && name == names[i-1]:
			errs = append(errs, fmt.Errorf("two sinks are called %q", name))
		}
	}
	return errors.Join(errs...)
}
