package rulefile_test

import (
	"strings"
	"testing"
	"time"

	"github.com/riskrelay/riskrelay/enrich/rulefile"
)

const wholeContext = `context:
  business_hours: {zone: Europe/Berlin, days: [mon, fri], from: "08:00", to: "18:00", holidays: ["2026-12-25"], changes: [{from: "2026-03-02T20:00:00Z", to: "2026-03-02T23:00:00Z"}]}
  verified_domains: [Contoso.example.]
  dns: {Gone.example: nxdomain}
  lists: {admins: [ann]}
  credential_lifetime: 180d
  applications: [{id: a, web: {redirectUris: []}}]
  seen: {x: [y]}
at: 2026-03-02T22:10:00Z
`

func TestParseSettings(t *testing.T) {
	s, problems := rulefile.ParseSettings("s.yaml", []byte(wholeContext))
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	c := s.Context
	if c.CredentialLifetime != 180*24*time.Hour || c.DNS["gone.example"] != "nxdomain" || c.VerifiedDomains[0] != "contoso.example" || len(c.BusinessHours.Changes) != 1 {
		t.Errorf("got %+v", c)
	}
	if !s.At.Equal(time.Date(2026, 3, 2, 22, 10, 0, 0, time.UTC)) {
		t.Errorf("clock at %v", s.At)
	}
}

func TestParseSettingsProblems(t *testing.T) {
	for data, want := range map[string]string{
		"contex: {}":                           "did you mean `context`?",
		"context: {business_hour: {}}":         "did you mean `business_hours`?",
		"context: {dns: {a: gone}}":            "R105",
		"context: {credential_lifetime: long}": "R105",
		"context: {business_hours: {zone: Europe/Nowhere, days: [mo]}}": "Europe/Nowhere",
		"at: noon":   "RFC 3339",
		"context: 7": "want a mapping",
	} {
		if _, problems := rulefile.ParseSettings("s.yaml", []byte(data)); !strings.Contains(problems.Error(), want) {
			t.Errorf("%s: want %q in %v", data, want, problems)
		}
	}
}

// FuzzParseSettings holds that no input breaks the reader and that every problem lies in the document.
func FuzzParseSettings(f *testing.F) {
	f.Add(wholeContext)
	f.Add("context: {business_hours: {days: [mon], from: \"25:00\"}}")
	f.Fuzz(func(t *testing.T, data string) {
		_, problems := rulefile.ParseSettings("s.yaml", []byte(data))
		for _, p := range problems {
			if p.Error() == "" || p.Pos.Line > strings.Count(data, "\n")+strings.Count(data, "\r")+1 {
				t.Errorf("problem at %v: %v", p.Pos, p)
			}
		}
	})
}
