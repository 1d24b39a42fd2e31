//go:build linux

package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/riskrelay/riskrelay/host/config"
	"github.com/riskrelay/riskrelay/host/module/dns"
	"github.com/riskrelay/riskrelay/host/module/dns/dnstest"
	"github.com/riskrelay/riskrelay/host/sink/splunkhec"
	"github.com/riskrelay/riskrelay/host/sink/splunkhec/hectest"
	"github.com/riskrelay/riskrelay/host/source/loganalyticstest/story"
)

const danglingRule = "entra.app.redirect_uri.dangling"

// redirectChange is an AuditLogs row in which an application gets a redirect URI with the host.
func redirectChange(t *testing.T, serial int64, at time.Time, host string) story.Row {
	t.Helper()
	quote := func(value any) string {
		text, err := json.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	after := quote([]map[string]any{{"AddressType": 0, "Address": "https://" + host + "/signin"}})
	row := map[string]any{
		"TimeGenerated": at.Format(time.RFC3339Nano), "OperationName": "Update application", "Category": "ApplicationManagement", "Result": "success",
		"CorrelationId": fmt.Sprintf("7b0c0023-4d1e-4f6a-9b8c-%012d", serial),
		"InitiatedBy":   map[string]any{"user": map[string]any{"id": "57e4b1a0-2c7d-4e63-9d4e-1b0a6f6f2c01", "userPrincipalName": "ann@contoso.example"}},
		"TargetResources": []any{map[string]any{
			"id": "1a2b3c4d-0001-4a00-8000-00000000aa01", "displayName": "orders", "type": "Application",
			"modifiedProperties": []any{map[string]any{"displayName": "AppAddress", "oldValue": "[]", "newValue": after}},
		}},
	}
	return story.Row{Table: "AuditLogs", Serial: serial, Time: at, Ingested: at, JSON: []byte(quote(row))}
}

// envelope is what the collector got of one event.
type envelope struct {
	Event struct {
		Type           string
		FollowsEventID string `json:"FollowsEventId"`
		Verdicts       map[string]string
		Risk           struct {
			Tags    []string
			Level   string
			Follows string
		}
	}
	Fields struct {
		EventID string `json:"event_id"`
		Follows string `json:"risk_follows"`
		Rule    any    `json:"risk_rule"`
	}
}

// envelopes are those that the collector got so far, in their order.
func (o *output) envelopes(t *testing.T) (all []envelope) {
	t.Helper()
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, l := range o.lines {
		var e envelope
		if err := json.Unmarshal([]byte(l), &e); err != nil {
			t.Fatal(err)
		}
		all = append(all, e)
	}
	return all
}

// lookups is a workspace, a collector, and a configuration that looks hosts up.
type lookups struct {
	config config.Config
	hec    *hectest.Server
	got    output
}

func newLookups(t *testing.T, resolver string, rows []story.Row) *lookups {
	t.Helper()
	l := &lookups{config: config.Defaults()}
	var err error
	if l.hec, err = hectest.Start(hectest.Config{Token: "fake-token", Output: &l.got}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.hec.Close() })
	token := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(token, []byte("fake-token"), 0o600); err != nil {
		t.Fatal(err)
	}
	sink := splunkhec.Defaults()
	sink.URL, sink.TokenFile = l.hec.URL, token
	l.config.Sinks.SplunkHEC = []config.SplunkHEC{{Name: "hec", Config: sink}}
	l.config.Sources.LogAnalytics = []config.LogAnalytics{{Config: workspaceWith(t, rows)}}
	l.config.DataDir = t.TempDir()
	l.config.DNS = dns.Config{Resolver: resolver, Transport: dns.UDP}
	return l
}

// run handles what there is now, and returns all that the collector got so far.
func (l *lookups) run(t *testing.T) []envelope {
	t.Helper()
	runOnce(t, l.config)
	return l.got.envelopes(t)
}

func startResolver(t *testing.T) *dnstest.Server {
	t.Helper()
	s, err := dnstest.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// TestFollowUp changes redirect URIs in an emulated workspace. Each change is delivered before anybody knows of its host,
// and a follow-up with the rule's tag comes for those whose host doesn't exist: not for one that exists, nor for one of
// which the resolver says nothing. A second run sends nothing again.
func TestFollowUp(t *testing.T) {
	begin := time.Now().UTC().Add(-time.Hour)
	rows := []story.Row{
		redirectChange(t, 1, begin, "gone.example.com"), redirectChange(t, 2, begin, "here.example.com"),
		redirectChange(t, 3, begin, "broken.example.com"), redirectChange(t, 4, begin, "alias.example.com"),
	}
	resolver := startResolver(t)
	resolver.Set("here.example.com", dnstest.Address("192.0.2.1"))
	resolver.Set("broken.example.com", dnstest.Fail(dnstest.ServFail))
	resolver.Set("alias.example.com", dnstest.Alias("", "free.azurewebsites.net"))
	l := newLookups(t, resolver.Addr, rows)
	got := l.run(t)

	sent := map[string]uint64{}
	for i, r := range rows {
		sent[itemID(r)] = 0
		at := slices.IndexFunc(got, func(e envelope) bool { return e.Fields.EventID == itemID(r) })
		if at < 0 || slices.Contains(got[at].Event.Risk.Tags, danglingRule) || got[at].Event.Risk.Follows != "" {
			t.Errorf("row %d came as %+v", i+1, got)
		}
	}
	if d := l.hec.Events.Compare(sent); !d.None() {
		t.Errorf("%+v", d)
	}
	follows := map[string]envelope{}
	for _, e := range got {
		if e.Event.Type == "RiskFollowUp" {
			follows[e.Fields.Follows] = e
		}
	}
	if len(got) != 6 || len(follows) != 2 {
		t.Fatalf("%d events, %d follow-ups", len(got), len(follows))
	}
	for id, host := range map[string]string{"serial-1": "gone.example.com", "serial-4": "alias.example.com"} {
		e := follows[id].Event
		if e.Risk.Follows != id || e.FollowsEventID != id || e.Verdicts[host] != "nxdomain" || e.Risk.Level != "high" ||
			!slices.Equal(e.Risk.Tags, []string{danglingRule}) || len(follows[id].Fields.EventID) != 32 {
			t.Errorf("%s: %+v", id, follows[id])
		}
	}
	for _, asked := range resolver.Asked() {
		if !strings.HasSuffix(asked, ".example.com.") {
			t.Errorf("asked for %s", asked)
		}
	}
	if again := l.run(t); len(again) != len(got) {
		t.Errorf("%d events after a second run, %d before", len(again), len(got))
	}
}

// TestFollowUpAfterARestart ends a host before its resolver answers: the next one asks again, and the follow-up comes.
func TestFollowUpAfterARestart(t *testing.T) {
	down := startResolver(t)
	if err := down.Close(); err != nil {
		t.Fatal(err)
	}
	l := newLookups(t, down.Addr, []story.Row{redirectChange(t, 1, time.Now().UTC().Add(-time.Hour), "gone.example.com")})
	if got := l.run(t); len(got) != 1 {
		t.Fatalf("%d events without a resolver", len(got))
	}
	l.config.DNS.Resolver = startResolver(t).Addr
	got := l.run(t)
	if len(got) != 2 || got[1].Event.Risk.Follows != "serial-1" || !slices.Equal(got[1].Event.Risk.Tags, []string{danglingRule}) {
		t.Errorf("then %+v", got)
	}
}
