package event

import (
	"testing"
	"time"

	"github.com/google/cel-go/common/types"

	"github.com/riskrelay/riskrelay/enrich/celrule/celval"
	"github.com/riskrelay/riskrelay/enrich/rulefile"
)

func surroundingsOf(t *testing.T, context string) *Context {
	t.Helper()
	s, problems := rulefile.ParseSettings("settings", []byte(context))
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	c, err := NewContext(s)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestOutsideHours(t *testing.T) {
	day := surroundingsOf(t, `
context:
  business_hours:
    zone: Europe/Berlin
    days: [mon, tue, wed, thu, fri]
    from: "08:00"
    to: "18:00"
    holidays: ["2026-03-04"]
    changes: [{from: "2026-03-07T20:00:00Z", to: "2026-03-07T22:00:00Z"}]
`)
	night := surroundingsOf(t, `{context: {business_hours: {days: [mon, fri], from: "22:00", to: "06:00"}}}`)
	for _, c := range []struct {
		hours   *Context
		at      string
		outside bool
	}{
		{day, "2026-03-02T07:00:00Z", false}, // Monday 08:00 in Berlin
		{day, "2026-03-02T06:59:59Z", true},
		{day, "2026-03-02T16:59:59Z", false},
		{day, "2026-03-02T17:00:00Z", true},
		{day, "2026-07-06T06:00:00Z", false}, // summer time: 08:00
		{day, "2026-03-04T10:00:00Z", true},  // holiday
		{day, "2026-03-07T10:00:00Z", true},  // Saturday
		{day, "2026-03-07T20:00:00Z", false}, // change window
		{day, "2026-03-07T22:00:00Z", true},  // its end is not inside
		{night, "2026-03-02T22:00:00Z", false},
		{night, "2026-03-03T05:59:00Z", false}, // still Monday's shift
		{night, "2026-03-03T06:00:00Z", true},
		{night, "2026-03-03T22:00:00Z", true},
		{night, "2026-03-02T03:00:00Z", true}, // Sunday's shift, which there is not
		{surroundingsOf(t, ""), "2026-03-07T10:00:00Z", false},
	} {
		at, err := time.Parse(time.RFC3339, c.at)
		if err != nil {
			t.Fatal(err)
		}
		if got := c.hours.outsideHours(at); got != c.outside {
			t.Errorf("outsideHours(%s) = %v", c.at, got)
		}
	}
}

func TestContext(t *testing.T) {
	c := surroundingsOf(t, `
context:
  verified_domains: [Contoso.example, westeurope.cloudapp.azure.com, orders.usgovvirginia.cloudapp.usgovcloudapi.net, westeurope-01.azurewebsites.net, azure.com]
  dns: {gone.contoso.example: nxdomain, WWW.contoso.example: resolves}
  lists: {admins: [ann@contoso.example]}
  credential_lifetime: 180d
  applications: [{id: o1, appId: A1, displayName: orders, web: {redirectUris: ["https://a.example"]}, replyUrls: ["https://a.example"]}, {id: o2, spa: {redirectUris: ["https://a.example"]}}]
  seen: {apps: [a1]}
`)
	for host, want := range map[string]bool{
		"contoso.example": true, "a.CONTOSO.example.": true, "notcontoso.example": false, "": false,
		"orders.usgovvirginia.cloudapp.usgovcloudapi.net": true, "Orders.usgovvirginia.cloudapp.usgovcloudapi.net.": true,
		"a.orders.usgovvirginia.cloudapp.usgovcloudapi.net": false, "evil.westeurope.cloudapp.azure.com": false, "portal.azure.com": true,
		"evil-0a1b2c3d4e5f6a7b.westeurope-01.azurewebsites.net": false, "westeurope-01.azurewebsites.net": true,
	} {
		if c.owns(host) != want {
			t.Errorf("owns(%q) = %v", host, !want)
		}
	}
	for host, want := range map[string]string{"Gone.contoso.example": "nxdomain", "www.contoso.example.": "resolves", "other": "unknown"} {
		if got := c.verdict(host); got != want {
			t.Errorf("dns(%q) = %s, want %s", host, got, want)
		}
	}
	if celval.Text(celval.Member(c.app("a1"), "displayName")) != "orders" || celval.Text(celval.Member(c.app("O1"), "displayName")) != "orders" || c.app("x") != types.NullValue {
		t.Error("app by either id")
	}
	if n := len(c.appByURI["https://a.example"]); n != 2 {
		t.Errorf("%d applications have the URI, want 2", n)
	}
	if c.settings.Context.CredentialLifetime != 180*24*time.Hour {
		t.Errorf("credential_lifetime = %v", c.settings.Context.CredentialLifetime)
	}
	if got := c.Lacks([]string{"verified_domains", "dns", "lists.admins", "credential_lifetime", "applications", "seen.apps"}); got != "" {
		t.Errorf("lacks %q", got)
	}
	for _, need := range []string{"business_hours", "lists.other", "seen.other"} {
		if got := c.Lacks([]string{"dns", need}); got != need {
			t.Errorf("lacks %q, want %q", got, need)
		}
	}
}

// TestVerdicts checks that what the context says of a host counts before what is looked up.
func TestVerdicts(t *testing.T) {
	live := func(host string) string {
		return map[string]string{"gone.example.com": "nxdomain", "here.example.com": "resolves"}[host]
	}
	c := surroundingsOf(t, "{context: {dns: {here.example.com: nxdomain, gone.example.com: unknown}}}")
	bare := surroundingsOf(t, "")
	if got := bare.Lacks([]string{"dns"}); got != "dns" {
		t.Errorf("lacks %q without a source of verdicts", got)
	}
	c.Live, bare.Live = live, live
	for _, one := range []struct {
		c          *Context
		host, want string
	}{
		{c, "here.example.com", "nxdomain"},
		{c, "gone.example.com", "unknown"},
		{bare, "Gone.Example.com.", "nxdomain"},
		{bare, "here.example.com", "resolves"},
	} {
		if got := one.c.verdict(one.host); got != one.want {
			t.Errorf("%s: %q, want %q", one.host, got, one.want)
		}
	}
}
