package syslog

import (
	"regexp"
	"strings"
	"testing"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/host/sink/sinktest"
)

// TestEachParameterOnce holds that readers which keep the last of parameters with one name, in any case, learn all that is known: the ids
// of all rules, and the level and score that belong to the first of them.
func TestEachParameterOnce(t *testing.T) {
	critical := enrich.Tag{Rule: "apps.worst", Severity: enrich.Critical, Score: 80, Message: "w"}
	low := enrich.Tag{Rule: "apps.mild", Severity: enrich.Low, Score: 5}
	high := enrich.Tag{Rule: "sign.high", Severity: enrich.High, Score: 10}
	for name, c := range map[string]struct {
		tags                []enrich.Tag
		rules, level, score string
	}{
		"none":            {nil, "", "", ""},
		"one":             {[]enrich.Tag{low}, "apps.mild", "low", "5"},
		"worst first":     {[]enrich.Tag{critical, low}, "apps.worst,apps.mild", "critical", "85"},
		"worst last":      {[]enrich.Tag{low, high, critical}, "apps.worst,sign.high,apps.mild", "critical", "95"},
		"of two modules":  {[]enrich.Tag{low, high, low}, "sign.high,apps.mild", "high", "20"},
		"only suppressed": {[]enrich.Tag{{Rule: "apps.quiet", Severity: enrich.High, Suppressed: "approved"}}, "", "", ""},
	} {
		e := sinktest.Event("e-1", "AuditLogs", `{}`, "x")
		e.Risk.Follows = "e-0"
		for i := range c.tags {
			e.Risk.Add("cel", c.tags[i:i+1])
		}
		message, _, err := fixed(func(c *Config) { c.Network = UDP }).append(nil, &e)
		if err != nil {
			t.Fatal(err)
		}
		_, data, _ := strings.Cut(string(message), "[")
		data, _, _ = strings.Cut(data, "] ")
		got := map[string]string{}
		for _, m := range regexp.MustCompile(` ([^ ="\]]+)="((?:[^"\\\]]|\\.)*)"`).FindAllStringSubmatch(data, -1) {
			if _, twice := got[strings.ToLower(m[1])]; twice {
				t.Errorf("%s: %s stands twice in %s", name, m[1], data)
			}
			got[strings.ToLower(m[1])] = m[2]
		}
		if got["rules"] != c.rules || got["level"] != c.level || got["score"] != c.score || got["event_id"] != "e-1" || got["table"] != "AuditLogs" {
			t.Errorf("%s: %s", name, data)
		}
	}
}
