package rulefile_test

import (
	"strings"
	"testing"
	"time"

	"github.com/riskrelay/riskrelay/enrich/rulefile"
)

func TestParseSettings(t *testing.T) {
	const whole = `
at: "2026-03-02T22:10:00Z"
context:
  business_hours: {zone: Europe/Berlin, days: [mon, fri], from: "08:00", to: "24:00", holidays: ["2026-12-25"], changes: [{from: "2026-03-07T20:00:00Z", to: "2026-03-07T22:00:00Z"}]}
  verified_domains: [Contoso.example., xn--bcher-kva.example, bücher.example, a-b.c_d.example]
  dns: {A.example: nxdomain}
  lists: {admins: [ann]}
  credential_lifetime: 4320h
  applications: [{appId: a1}]
  seen: {b: [k]}
`
	s, problems := rulefile.ParseSettings("settings", []byte(whole))
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	c := s.Context
	if !s.At.Equal(time.Date(2026, 3, 2, 22, 10, 0, 0, time.UTC)) || c.CredentialLifetime != 180*24*time.Hour {
		t.Errorf("at %v, lifetime %v", s.At, c.CredentialLifetime)
	}
	if h := c.BusinessHours; h == nil || h.Zone.String() != "Europe/Berlin" || h.From != 480 || h.To != 1440 || !h.Days[time.Monday] || h.Days[time.Sunday] || len(h.Changes) != 1 {
		t.Errorf("business hours %+v", h)
	}
	if c.VerifiedDomains[0] != "contoso.example" || c.DNS["a.example"] != "nxdomain" || c.Lists["admins"][0] != "ann" || c.Seen["b"][0] != "k" {
		t.Errorf("context %+v", c)
	}
	if string(c.Applications[0]) != `{"appId":"a1"}` {
		t.Errorf("applications %s", c.Applications)
	}
	if s, problems := rulefile.ParseSettings("settings", nil); len(problems) > 0 || s.Context.DNS != nil {
		t.Errorf("no settings: %+v, %v", s, problems)
	}
	if c, problems := rulefile.ParseContext("context.json", []byte(`{"dns": {}, "lists": {}}`)); len(problems) > 0 || c.DNS == nil || c.Lists == nil {
		t.Errorf("empty parts are configured: %+v, %v", c, problems)
	}
}

func TestSettingsProblems(t *testing.T) {
	for text, want := range map[string]string{
		"busines_hours: {}":                 "context.yaml:1:1: error[R101]: unknown key `busines_hours` in a context",
		"business_hours: {from: \"08:00\"}": "needs the key `days`",
		"business_hours: {zone: Mars/Olympus, days: [mon], from: \"08:00\", to: \"18:00\"}": "unknown time zone `Mars/Olympus`",
		"business_hours: {days: [mon, someday], from: \"8 o'clock\", to: \"18:00\"}":        "want a time of day",
		"dns: {a: maybe}":                           "want nxdomain, resolves, unknown",
		"dns: {a: unknown, a: unknown}":             "`a` is given twice",
		"verified_domains: [\"*.contoso.example\"]": "want a domain such as contoso.example",
		"verified_domains: [\"\"]":                  "want a domain such as contoso.example",
		"verified_domains: [\"https://x.example\"]": "want a domain such as contoso.example",
		"verified_domains: [x.example, .x.example]": "want a domain such as contoso.example",
		"verified_domains: [\"x.example:8443\"]":    "want a domain such as contoso.example",
		"credential_lifetime: soon":                 "want a length of time",
		"credential_lifetime: -1h":                  "want a length of time",
		"credential_lifetime: NaNd":                 "want a length of time",
		"lists: {a: b}":                             "want a list, found text",
		"applications: [x]":                         "want a mapping, found text",
		"business_hours: {days: [mon], from: \"08:00\", to: \"18:00\", changes: [{from: \"2026-03-07T22:00:00Z\", to: \"2026-03-07T20:00:00Z\"}]}": "ends before it begins",
		"business_hours: {days: [mon], from: \"08:00\", to: \"18:00\", holidays: [christmas]}":                                                     "want a day such as",
		"\xff": "not UTF-8",
		"a: [": "R001",
	} {
		_, problems := rulefile.ParseContext("context.yaml", []byte(text))
		if !problems.HasErrors() || !strings.Contains(problems.Error(), want) {
			t.Errorf("%q: %v, want %q", text, problems, want)
		}
	}
}

func FuzzParseSettings(f *testing.F) {
	f.Add("context: {business_hours: {days: [mon], from: \"08:00\", to: \"18:00\"}, credential_lifetime: 1d}\nat: 2026-03-02T22:10:00Z")
	f.Add("context: {applications: [{a: [1, 2.5, null]}], seen: {x: [y]}}")
	f.Fuzz(func(t *testing.T, s string) {
		got, problems := rulefile.ParseSettings("settings", []byte(s))
		if !problems.HasErrors() && got.Context.BusinessHours != nil && got.Context.BusinessHours.Zone == nil {
			t.Fatal("business hours without a zone")
		}
	})
}
