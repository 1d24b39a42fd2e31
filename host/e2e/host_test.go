//go:build linux

package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/riskrelay/riskrelay/host/config"
	"github.com/riskrelay/riskrelay/host/e2e/peer"
	"github.com/riskrelay/riskrelay/host/sink/splunkhec"
	"github.com/riskrelay/riskrelay/host/sink/syslog"
	"github.com/riskrelay/riskrelay/host/source/loganalytics"
	"github.com/riskrelay/riskrelay/host/source/loganalyticstest"
	"github.com/riskrelay/riskrelay/host/source/loganalyticstest/story"
)

// workspaceWith starts an emulated workspace with rows, each called by its serial, and returns how to read it.
func workspaceWith(t *testing.T, rows []story.Row) loganalytics.Config {
	t.Helper()
	server, c := workspace(t, time.Now)
	ingest(t, server, rows...)
	return c
}

func ingest(t *testing.T, server *loganalyticstest.Server, rows ...story.Row) {
	t.Helper()
	for _, r := range rows {
		if err := server.Add(r.Table, r.Ingested, fmt.Appendf(nil, `{"_ItemId":%q,%s`, itemID(r), r.JSON[1:])); err != nil {
			t.Fatal(err)
		}
	}
}

// workspace starts an emulated workspace without rows, whose clock is now, and returns how to read it.
func workspace(t *testing.T, now func() time.Time) (*loganalyticstest.Server, loganalytics.Config) {
	t.Helper()
	server, err := loganalyticstest.New(loganalyticstest.Options{Now: now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	dir, o, c := t.TempDir(), server.Options(), loganalytics.Defaults()
	secret, ca := filepath.Join(dir, "secret"), filepath.Join(dir, "ca.pem")
	for path, text := range map[string]string{secret: o.Secret, ca: string(server.CAPEM())} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	c.Workspace, c.Endpoint, c.CAFile = o.Workspace, server.Endpoint(), ca
	c.Credential = loganalytics.Credential{
		Kind: "secret", TenantID: o.Tenant, ClientID: o.ClientID, SecretFile: secret, Authority: server.URL(),
	}
	c.Start, c.Settle, c.MaxRequests = 26*time.Hour, 0, 100_000
	return server, c
}

func itemID(r story.Row) string { return fmt.Sprintf("serial-%d", r.Serial) }

// TestHostToRealReceivers moves a day with an attack from an emulated workspace through the whole host to the
// OpenTelemetry Collector and to rsyslog over TLS, and compares what they understood with what was in the workspace.
func TestHostToRealReceivers(t *testing.T) {
	begin := time.Now().UTC().Add(-25 * time.Hour)
	rows := append(story.Day(7, begin, 3000), story.Attack(7, begin)...)
	collector, server := peer.StartOtelcol(t), peer.StartRsyslog(t)

	c := config.Defaults()
	c.DataDir = t.TempDir()
	c.Sources.LogAnalytics = []config.LogAnalytics{{Config: workspaceWith(t, rows)}}
	hec := splunkhec.Defaults()
	hec.URL, hec.TokenFile, hec.CAFile = collector.URL, collector.TokenFile, collector.CAFile
	hec.ExpandJSON = false // both receivers shall have what the workspace has
	c.Sinks.SplunkHEC = []config.SplunkHEC{{Name: "hec", Config: hec}}
	sys := syslog.Defaults()
	sys.Receiver, sys.MaxMessage = "rsyslog", 64<<10
	sys.Address, sys.CAFile, sys.CertFile, sys.KeyFile = server.Address, server.CAFile, server.CertFile, server.KeyFile
	c.Sinks.Syslog = []config.Syslog{{Name: "syslog", Config: sys}}

	figures := runOnce(t, c).Figures()
	for _, sink := range []string{"hec", "syslog"} {
		if n := figures.Sinks[sink]; n.Confirmed != int64(len(rows)) || n.Dead != 0 {
			t.Errorf("%s confirmed %+v of %d", sink, n, len(rows))
		}
	}
	fromHEC, fromSyslog := arrived(t, collector.Stop(t), rows), arrived(t, server.Stop(t, len(rows)), rows)
	for id, event := range fromHEC {
		other := fromSyslog[id]
		if !reflect.DeepEqual(event, other) {
			t.Fatalf("%s: the receivers have different events:\n%v\n%v", id, event, other)
		}
	}
}

// arrived checks that a receiver has every row once, with its content and tags, and nothing else.
func arrived(t *testing.T, got []peer.Received, rows []story.Row) map[string]map[string]any {
	t.Helper()
	byID := map[string]map[string]any{}
	for _, r := range got {
		event, ok := r.Event.(map[string]any)
		if _, twice := byID[r.ID]; twice || !ok {
			t.Errorf("%v came twice, or is no object", r)
		}
		byID[r.ID] = event
	}
	if len(byID) != len(rows) {
		t.Errorf("%d events arrived of %d", len(byID), len(rows))
	}
	for _, r := range rows {
		event, ok := byID[itemID(r)]
		if !ok {
			t.Errorf("%s is missing", itemID(r))
			continue
		}
		var want map[string]any
		if err := json.Unmarshal(r.JSON, &want); err != nil {
			t.Fatal(err)
		}
		for column, value := range want {
			if !reflect.DeepEqual(event[column], value) {
				t.Errorf("%s %s: column %s is %v, want %v", r.Table, itemID(r), column, event[column], value)
			}
		}
		for _, guide := range r.Guide {
			if !slices.Contains(guides(event), guide) {
				t.Errorf("%s (%s) has no tag for %s", itemID(r), r.Step, guide)
			}
		}
	}
	return byID
}

// guides are the rows of the guide that an event was tagged with.
func guides(event map[string]any) (all []string) {
	risk, _ := event["risk"].(map[string]any)
	list, _ := risk["rules"].([]any)
	for _, rule := range list {
		fields, _ := rule.(map[string]any)
		rows, _ := fields["guide"].([]any)
		for _, r := range rows {
			if slug, ok := r.(string); ok {
				all = append(all, slug)
			}
		}
	}
	return all
}
