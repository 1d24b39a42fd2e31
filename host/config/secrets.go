package config

import "github.com/riskrelay/riskrelay/host/secret"

// Use has every part read its secrets through k, which remembers them.
func (c *Config) Use(k *secret.Keeper) {
	c.Secrets = k
	for i := range c.Sources.LogAnalytics {
		c.Sources.LogAnalytics[i].Credential.Secrets = k
	}
	for i := range c.Sources.Graph {
		c.Sources.Graph[i].Credential.Secrets = k
	}
	c.Directory.Credential.Secrets = k
	for i := range c.Sinks.SplunkHEC {
		c.Sinks.SplunkHEC[i].Secrets = k
	}
	for i := range c.Sinks.Sumo {
		c.Sinks.Sumo[i].Secrets = k
	}
	for i := range c.Sinks.Syslog {
		c.Sinks.Syslog[i].Secrets = k
	}
}
