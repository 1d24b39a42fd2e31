//go:build linux

package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/host/azure"
	"github.com/riskrelay/riskrelay/host/config"
	"github.com/riskrelay/riskrelay/host/graph"
	"github.com/riskrelay/riskrelay/host/graph/graphtest"
	filesink "github.com/riskrelay/riskrelay/host/sink/file"
	"github.com/riskrelay/riskrelay/host/source/loganalytics"
	"github.com/riskrelay/riskrelay/host/source/loganalyticstest"
)

// directoryRules ask what only the directory knows, as the steps "not unique", "non-SAML" and "high-profile" of the guide do.
const directoryRules = `apiVersion: riskrelay/v1
kind: RulePack
metadata: {name: acme, version: 1.0.0}
rules:
  - id: acme.consent
    title: T
    tables: [AuditLogs]
    when: event.success
    severity: low
    adjust:
      - {if: 'context.apps_with_uri("https://shared.example/cb").size() > 1', reason: not unique, score: "+1"}
      - {if: 'context.app("sp-orders").?preferredSingleSignOnMode.orValue("") != "saml"', reason: non-SAML, score: "+1"}
      - {if: 'event.actor.upn in context.list("privileged_users")', reason: high-profile, score: "+1"}
  - {id: acme.needs, title: T, tables: [AuditLogs], when: 'context.apps.size() > 0', severity: low}
`

// graphOf is how a client asks server.
func graphOf(t *testing.T, server *graphtest.Server) graph.Config {
	t.Helper()
	dir, o, c := t.TempDir(), server.Options(), graph.Defaults()
	secret, ca := filepath.Join(dir, "secret"), filepath.Join(dir, "ca.pem")
	for path, text := range map[string]string{secret: o.Secret, ca: string(server.CAPEM())} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	c.Endpoint, c.CAFile = server.URL(), ca
	c.Credential = azure.Credential{Kind: "secret", TenantID: o.Tenant, ClientID: o.ClientID, SecretFile: secret, Authority: server.URL()}
	return c
}

// audit is the n-th row of an audit log.
func audit(n int) []byte {
	return fmt.Appendf(nil, `{"_ItemId":"row-%d","TimeGenerated":%q,"OperationName":"Update application","Category":"ApplicationManagement",`+
		`"Result":"success","InitiatedBy":{"user":{"userPrincipalName":"ann@contoso.example"}},"TargetResources":[]}`,
		n, time.Now().UTC().Format(time.RFC3339))
}

// TestDirectoryInformsRules runs a host with an emulated workspace and a Microsoft Graph that is slow at first: events don't wait
// for it, rules do, and then they know.
func TestDirectoryInformsRules(t *testing.T) {
	workspace, err := loganalyticstest.New(loganalyticstest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { workspace.Close() })
	tenant := graphtest.New(graphtest.Options{})
	t.Cleanup(func() { tenant.Close() })
	tenant.Put("applications", `{"id":"o1","appId":"a1","web":{"redirectUris":["https://shared.example/cb"]}}`)
	tenant.Put("applications", `{"id":"o2","appId":"a2","spa":{"redirectUris":["https://shared.example/cb"]}}`)
	tenant.Put("servicePrincipals", `{"id":"sp-orders","appId":"a1","preferredSingleSignOnMode":"oidc","replyUrls":["https://shared.example/cb"]}`)
	tenant.Put("directoryRoles", `{"id":"r1","roleTemplateId":"e8611ab8-c189-46e8-94e1-60213ab1f814"}`)
	tenant.Put("directoryRoles/r1/members", `{"@odata.type":"#microsoft.graph.user","id":"u1","userPrincipalName":"Ann@contoso.example"}`)
	slow := make(chan struct{})
	tenant.Fail(graphtest.Fault{Path: "applications/delta", Times: 1, Hold: slow, Status: 503})

	c := directoryConfig(t, workspace, tenant)
	tagged := make(chan enrich.Event, 100)
	o := quiet()
	o.Observe = func(_ string, events []enrich.Event) {
		for _, e := range events {
			tagged <- e
		}
	}
	h := startHost(t, c, o)

	add := func(n int) enrich.Event {
		if _, err := workspace.AddNow("AuditLogs", audit(n)); err != nil {
			t.Fatal(err)
		}
		return <-tagged
	}
	if e := add(0); !slices.Equal(reasons(e), nil) || len(e.Risk.Tags) != 1 {
		t.Errorf("before the directory was read: %v %v", e.Risk.Tags, reasons(e))
	}
	close(slow)
	want := []string{"not unique", "non-SAML", "high-profile"}
	for n := 1; ; n++ { // until the rules were told
		e := add(n)
		if got := reasons(e); slices.Equal(got, want) && len(e.Risk.Tags) == 2 {
			break
		} else if len(got) > 0 && len(got) < len(want) && len(e.Risk.Tags) == 2 {
			t.Fatalf("reasons are %v, want %v", got, want)
		}
	}
	for _, p := range h.Directory().Parts {
		if p.Failed != "" || p.Read.IsZero() {
			t.Errorf("part %+v", p)
		}
	}
}

func directoryConfig(t *testing.T, workspace *loganalyticstest.Server, tenant *graphtest.Server) config.Config {
	t.Helper()
	dir, o := t.TempDir(), workspace.Options()
	files := map[string]string{"secret": o.Secret, "ca.pem": string(workspace.CAPEM()), "rules.yaml": directoryRules}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	c, la := config.Defaults(), loganalytics.Defaults()
	la.Workspace, la.Endpoint, la.CAFile = o.Workspace, workspace.Endpoint(), filepath.Join(dir, "ca.pem")
	la.Credential = azure.Credential{
		Kind: "secret", TenantID: o.Tenant, ClientID: o.ClientID, SecretFile: filepath.Join(dir, "secret"), Authority: workspace.URL(),
	}
	la.Tables = []loganalytics.Table{{Name: "AuditLogs"}}
	la.Settle, la.Every, la.MaxRequests = 0, 50*time.Millisecond, 100_000
	c.DataDir = filepath.Join(dir, "data")
	c.Sources.LogAnalytics = []config.LogAnalytics{{Config: la}}
	c.Rules.Builtin, c.Rules.Paths = false, []string{filepath.Join(dir, "rules.yaml")}
	c.Directory.Enabled, c.Directory.Every, c.Directory.Config = true, time.Hour, graphOf(t, tenant)
	c.Sinks.File = []config.File{{Name: "disk", Config: filesink.Config{Path: filepath.Join(dir, "out.ndjson")}}}
	return c
}

func reasons(e enrich.Event) (all []string) {
	for _, r := range e.Risk.Rules {
		all = append(all, r.Reasons...)
	}
	return all
}
