package config

import (
	"strings"
	"testing"
	"time"
)

// TestMetrics holds what may be written, and which addresses others can reach.
func TestMetrics(t *testing.T) {
	for listen, open := range map[string]bool{
		"": false, "127.0.0.1:9464": false, "localhost:9464": false, "[::1]:9464": false,
		":9464": true, "0.0.0.0:9464": true, "[::]:0": true, "metrics.example.com:9464": true,
	} {
		c := Defaults()
		c.Metrics.Listen = listen
		if err := c.validateMetrics(); err != nil || c.Metrics.Open() != open {
			t.Errorf("%q: %v, open: %v", listen, err, c.Metrics.Open())
		}
	}
	for _, listen := range []string{"9464", "127.0.0.1", "127.0.0.1:", "127.0.0.1:http", "127.0.0.1:70000", "::1:9464"} {
		c := Defaults()
		c.Metrics.Listen = listen
		if err := c.validateMetrics(); err == nil || !strings.Contains(err.Error(), "listen: ") {
			t.Errorf("%q: %v", listen, err)
		}
	}
	for _, host := range []string{"", ".", "metrics.example.com:9464", "[::1]", "[::1]:9464", "http://metrics.example.com", "*.example.com", "a b"} {
		c := Defaults()
		c.Metrics.Hosts = []string{"metrics.example.com", "10.0.0.5", "::1", host}
		if err := c.validateMetrics(); err == nil || !strings.Contains(err.Error(), "hosts: ") {
			t.Errorf("%q: %v", host, err)
		}
	}
	c := Defaults()
	c.Metrics.Hosts = []string{"metrics.example.com", "10.0.0.5", "::1", "localhost"}
	if err := c.validateMetrics(); err != nil {
		t.Error(err)
	}
	c.Sources.LogAnalytics = []LogAnalytics{{}}
	c.Sources.LogAnalytics[0].Timeout = c.Metrics.StalledAfter
	if err := c.validateMetrics(); err == nil || !strings.Contains(err.Error(), "(10m0s)") {
		t.Errorf("a long query: %v", err)
	}
	c = Defaults()
	c.Metrics.StalledAfter = time.Second
	if err := c.validateMetrics(); err == nil {
		t.Error("a second was taken")
	}
}
