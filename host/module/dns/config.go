package dns

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// The transports to a resolver.
const (
	UDP = "udp" // and TCP for an answer that doesn't fit
	TLS = "tls" // RFC 7858
)

// Config says whom to ask. The zero value looks nothing up.
type Config struct {
	Resolver   string   `yaml:"resolver"`    // address and port; "" looks nothing up
	Transport  string   `yaml:"transport"`   // udp, tls
	ServerName string   `yaml:"server_name"` // the name in the resolver's certificate; "" is its address
	CAFile     string   `yaml:"ca_file"`     // who signed the certificate; "" is whom the system trusts
	Skip       []string `yaml:"skip"`        // domains that are never asked for, with all that is under them
}

// Defaults is the configuration of what isn't given.
func Defaults() Config { return Config{Transport: UDP} }

// On reports whether names are looked up at all.
func (c Config) On() bool { return c.Resolver != "" }

// Validate returns all that is wrong, as joined errors that begin with the key. It reads no file.
func (c Config) Validate() error {
	var errs []error
	if c.On() {
		if _, err := netip.ParseAddrPort(c.Resolver); err != nil {
			errs = append(errs, fmt.Errorf("resolver: %q is no IP address with a port, such as 192.0.2.53:53 or [2001:db8::53]:853: "+
				"the resolver can't be looked up by name", c.Resolver))
		}
	}
	if c.Transport != UDP && c.Transport != TLS {
		errs = append(errs, fmt.Errorf("transport: %q is none of udp, tls", c.Transport))
	}
	if c.Transport == UDP && (c.ServerName != "" || c.CAFile != "") {
		errs = append(errs, errors.New("transport: server_name and ca_file are for tls"))
	}
	for _, domain := range c.Skip {
		if strings.Trim(domain, ".") == "" {
			errs = append(errs, errors.New("skip: an empty domain"))
		}
	}
	return errors.Join(errs...)
}

// CheckFiles reports whether the files can be read.
func (c Config) CheckFiles() error {
	if c.CAFile == "" {
		return nil
	}
	if _, err := pool(c.CAFile); err != nil {
		return fmt.Errorf("dns: ca_file: %w", err)
	}
	return nil
}

// skips reports whether a name without its last dot is under one of the domains of Skip.
func (c Config) skips(name string) bool {
	return slices.ContainsFunc(c.Skip, func(domain string) bool {
		domain = strings.ToLower(strings.Trim(domain, "."))
		return name == domain || strings.HasSuffix(name, "."+domain)
	})
}
