package config

import (
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"
)

// validateMetrics checks the address, and that a query which takes its time isn't taken for one that stands still.
func (c Config) validateMetrics() error {
	var errs []error
	errs = append(errs, c.Metrics.checkListen(), c.Metrics.checkHosts())
	longest := time.Duration(0)
	for _, s := range c.Sources.LogAnalytics {
		longest = max(longest, s.Timeout)
	}
	if c.Metrics.StalledAfter < time.Minute || c.Metrics.StalledAfter <= longest {
		errs = append(errs, fmt.Errorf("stalled_after: %v is too short: at least a minute, and more than the longest timeout of a source (%v)",
			c.Metrics.StalledAfter, longest))
	}
	return errors.Join(errs...)
}

func (m Metrics) checkListen() error {
	if m.Listen == "" {
		return nil
	}
	_, port, err := net.SplitHostPort(m.Listen)
	if err == nil {
		_, err = strconv.ParseUint(port, 10, 16)
	}
	if err != nil {
		return fmt.Errorf("listen: %q is not an address and a port, as 127.0.0.1:9464 is", m.Listen)
	}
	return nil
}

// checkHosts refuses what a Host header, whose port is left out, can't be.
func (m Metrics) checkHosts() error {
	for _, host := range m.Hosts {
		if strings.Trim(host, ".") == "" || strings.ContainsAny(host, "/*@ \t") || strings.Contains(host, ":") && net.ParseIP(host) == nil {
			return fmt.Errorf("hosts: %q is not a name or an address without a port, as metrics.example.com is", host)
		}
	}
	return nil
}

// Open reports whether others than programs on this machine can reach the address.
func (m Metrics) Open() bool {
	host, _, err := net.SplitHostPort(m.Listen)
	ip := net.ParseIP(host)
	return err == nil && host != "localhost" && (ip == nil || !ip.IsLoopback())
}
