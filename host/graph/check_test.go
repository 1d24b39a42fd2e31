package graph

import (
	"fmt"
	"strings"
	"testing"

	"github.com/riskrelay/riskrelay/host/graph/graphtest"
)

// TestCheck holds that a check names the missing permission, and what else keeps an identity from reading.
func TestCheck(t *testing.T) {
	queries := []Query{
		{Path: "applications", Select: []string{"id"}, Top: 1, Permission: "Application.Read.All"},
		{Path: "domains", Select: []string{"id"}, Permission: "Domain.Read.All"},
	}
	for name, test := range map[string]struct {
		spoil  func(*graphtest.Server, *Config)
		failed bool
		want   string
	}{
		"all is well":   {func(*graphtest.Server, *Config) {}, false, "ok applications: can be read"},
		"no permission": {func(s *graphtest.Server, _ *Config) { s.Refuse("domains") }, true, "problem domains: may not be read: Insufficient privileges to complete the operation. -> grant application "},
		"unavailable": {func(s *graphtest.Server, _ *Config) {
			s.Fail(graphtest.Fault{Path: "applications", Status: 503, Code: "ServiceUnavailable"})
		}, true, "problem applications: "},
		"unknown tenant":    {func(_ *graphtest.Server, c *Config) { c.Credential.TenantID = "00000000-0000-0000-0000-000000000001" }, true, "problem token: "},
		"unknown authority": {func(_ *graphtest.Server, c *Config) { c.CAFile = "" }, true, "problem tls: the certificate is signed by an authority that isn't trusted"},
	} {
		t.Run(name, func(t *testing.T) {
			server := graphtest.New(graphtest.Options{})
			defer server.Close()
			c := configFor(t, server)
			fill(server, 2)
			server.Put("domains", `{"id":"contoso.example","isVerified":true}`)
			test.spoil(server, &c)
			var text strings.Builder
			report := Check(t.Context(), c, queries)
			for _, s := range report.Steps {
				fmt.Fprintf(&text, "%s %s: %s -> %s\n", s.Level, s.Name, s.Says, s.Fix)
			}
			if report.Failed() != test.failed || !strings.Contains(text.String(), test.want) {
				t.Errorf("failed: %v, want %q in\n%s", report.Failed(), test.want, text.String())
			}
		})
	}
}
