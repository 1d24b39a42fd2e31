package config

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/riskrelay/riskrelay/host/sink/sumologic"
)

// SumoLogic is a named Sumo Logic sink.
type SumoLogic struct {
	Name             string `yaml:"name"`
	sumologic.Config `yaml:",inline"`
}

// UnmarshalYAML fills in the defaults of what isn't given.
func (c *SumoLogic) UnmarshalYAML(unmarshal func(any) error) error {
	type plain SumoLogic
	p := plain{Config: sumologic.Defaults()}
	err := unmarshal(&p)
	*c = SumoLogic(p)
	return err
}

// doubles finds sinks that would send the same to one receiver over the network.
func (s Sinks) doubles() (errs []error) {
	first := map[string]string{}
	check := func(name, format string, args ...any) {
		place := fmt.Sprintf(format, args...)
		if other, twice := first[place]; twice && other != name {
			errs = append(errs, fmt.Errorf("%s gets every event twice, from the sinks %s and %s: remove one of them", place, other, name))
			return
		}
		first[place] = name
	}
	for _, c := range s.SplunkHEC {
		for _, at := range append([]string{c.URL}, c.URLs...) {
			check(c.Name, "index %q behind %s with token_file %s", c.Index, strings.TrimRight(strings.ToLower(at), "/"), c.TokenFile)
		}
	}
	for _, c := range s.Sumo {
		check(c.Name, "the source of url_file %s", c.URLFile)
	}
	for _, c := range s.Syslog {
		check(c.Name, "%s over %s in format %s", c.Address, c.Network, c.Format)
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
