package loganalytics_test

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/riskrelay/riskrelay/host/checkup"
	"github.com/riskrelay/riskrelay/host/source/loganalytics"
	"github.com/riskrelay/riskrelay/host/source/loganalyticstest"
)

// tenant is a workspace with rows in AuditLogs, and how to read it.
func tenant(t *testing.T, o loganalyticstest.Options) (*loganalyticstest.Server, loganalytics.Config) {
	t.Helper()
	server, err := loganalyticstest.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	now := server.Options().Now().UTC().Truncate(time.Second)
	row := fmt.Sprintf(`{"TimeGenerated": %q, "OperationName": "Add owner to application"}`, now.Add(-5*time.Minute).Format(time.RFC3339))
	if err := server.Add("AuditLogs", now.Add(-3*time.Minute), []byte(row)); err != nil {
		t.Fatal(err)
	}
	dir, options, c := t.TempDir(), server.Options(), loganalytics.Defaults()
	c.Workspace, c.Endpoint, c.CAFile = options.Workspace, server.Endpoint(), filepath.Join(dir, "ca.pem")
	c.Credential = loganalytics.Credential{
		Kind: "secret", TenantID: options.Tenant, ClientID: options.ClientID, SecretFile: filepath.Join(dir, "secret"), Authority: server.URL(),
	}
	c.Tables = []loganalytics.Table{{Name: "AuditLogs"}, {Name: "SigninLogs"}}
	write(t, c.CAFile, string(server.CAPEM()))
	write(t, c.Credential.SecretFile, options.Secret)
	return server, c
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// lines is a report as text.
func lines(r checkup.Report) string {
	var b strings.Builder
	for _, s := range r.Steps {
		fmt.Fprintf(&b, "%s %s: %s -> %s\n", s.Level, s.Name, s.Says, s.Fix)
	}
	return b.String()
}

// closedPort is an address on which nobody listens.
func closedPort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	return l.Addr().String()
}

// TestCheck breaks one thing at a time and holds that the check names just that, and what to do.
func TestCheck(t *testing.T) {
	tests := map[string]struct {
		options loganalyticstest.Options
		spoil   func(*testing.T, *loganalyticstest.Server, *loganalytics.Config)
		only    string
		failed  bool
		want    []string // in the report's lines
	}{
		"all is well": {want: []string{
			"ok tcp: connected to 127.0.0.1:", "ok tls: TLS 1.3 with 127.0.0.1, certificate for localhost", "ok token: the directory 127.0.0.1:",
			"ok workspace: 3f6a1c0e", "ok clock: ", "ok table AuditLogs: 1 rows in 24h0m0s, the last arrived ", " ago, 2m0s after it happened",
			"warning table SigninLogs: the workspace has no such table yet", "send SignInLogs to this workspace",
		}},
		"a table is asked for": {only: "SigninLogs", failed: true, want: []string{"problem table SigninLogs: the workspace has no such table"}},
		"no table": {failed: true, spoil: func(_ *testing.T, _ *loganalyticstest.Server, c *loganalytics.Config) {
			c.Tables = c.Tables[1:]
		}, want: []string{"problem tables: no table of the configuration has had rows"}},
		"no secret file": {failed: true, spoil: func(_ *testing.T, _ *loganalyticstest.Server, c *loganalytics.Config) {
			c.Credential.SecretFile += ".gone"
		}, want: []string{"problem credential: credential.secret_file: "}},
		"wrong secret": {failed: true, spoil: func(_ *testing.T, s *loganalyticstest.Server, _ *loganalytics.Config) {
			s.Rotate("another-fake-secret")
		}, want: []string{"problem token: get a token: AADSTS7000215", "is wrong: write the secret's value there, not its id"}},
		"expired secret": {failed: true, spoil: func(_ *testing.T, s *loganalyticstest.Server, _ *loganalytics.Config) {
			s.RefuseTokens("invalid_client", 7000222, "The provided client secret keys are expired.")
		}, want: []string{"problem token: get a token: AADSTS7000222", "expired: make a new one"}},
		"unknown application": {failed: true, spoil: func(_ *testing.T, _ *loganalyticstest.Server, c *loganalytics.Config) {
			c.Credential.ClientID = "00000000-0000-0000-0000-000000000001"
		}, want: []string{"AADSTS700016", "has no application 00000000-0000-0000-0000-000000000001"}},
		"unknown directory": {failed: true, spoil: func(_ *testing.T, _ *loganalyticstest.Server, c *loganalytics.Config) {
			c.Credential.TenantID = "00000000-0000-0000-0000-000000000001"
		}, want: []string{"problem token: ", "there is no directory 00000000-0000-0000-0000-000000000001"}},
		"unknown authority": {failed: true, spoil: func(_ *testing.T, _ *loganalyticstest.Server, c *loganalytics.Config) {
			c.CAFile = ""
		}, want: []string{"problem tls: the certificate is signed by an authority that isn't trusted: riskrelay emulator authority", "in ca_file"}},
		"nobody listens": {failed: true, spoil: func(t *testing.T, _ *loganalyticstest.Server, c *loganalytics.Config) {
			c.Endpoint = "https://" + closedPort(t)
		}, want: []string{"problem tcp: connect to 127.0.0.1:", "is the port in endpoint right"}},
		"unknown name": {failed: true, spoil: func(_ *testing.T, _ *loganalyticstest.Server, c *loganalytics.Config) {
			c.Endpoint = "https://api.invalid"
		}, want: []string{"problem dns: look up api.invalid"}},
		"unknown workspace": {failed: true, spoil: func(_ *testing.T, _ *loganalyticstest.Server, c *loganalytics.Config) {
			c.Workspace = "00000000-0000-0000-0000-000000000001"
		}, want: []string{"problem workspace: there is no workspace 00000000-0000-0000-0000-000000000001", "Workspace ID"}},
		"no role": {failed: true, spoil: func(_ *testing.T, s *loganalyticstest.Server, _ *loganalytics.Config) {
			s.Fail(loganalyticstest.Fault{Status: 403})
		}, want: []string{"problem role: ", `grant application 7d1e9b52-4c3a-4b8f-a6d0-2f5c8e1b9a34 the role "Log Analytics Reader" on the workspace 3f6a1c0e`}},
		"wrong audience": {failed: true, spoil: func(_ *testing.T, _ *loganalyticstest.Server, c *loganalytics.Config) {
			c.Audience = "https://elsewhere.example.com"
		}, want: []string{"problem workspace: InvalidAuthenticationTokenAudience", "set audience"}},
		"throttled": {failed: true, spoil: func(_ *testing.T, s *loganalyticstest.Server, _ *loganalytics.Config) {
			s.Fail(loganalyticstest.Fault{Status: 429})
		}, want: []string{"problem workspace: the identity asks too much"}},
		"one table is forbidden": {failed: true, spoil: func(_ *testing.T, s *loganalyticstest.Server, _ *loganalytics.Config) {
			s.Fail(loganalyticstest.Fault{}, loganalyticstest.Fault{Status: 403})
		}, want: []string{"problem table AuditLogs: may not be read"}},
		"the clock is wrong": {
			options: loganalyticstest.Options{Now: func() time.Time { return time.Now().Add(-10*time.Minute - 5*time.Second) }}, // the answer may take a while
			failed:  true, want: []string{"problem clock: this machine's clock is 10m", "s ahead of the service's"},
		},
		"the clock is a bit wrong": {
			options: loganalyticstest.Options{Now: func() time.Time { return time.Now().Add(2*time.Minute + 30*time.Second) }}, // the answer may take a while
			want:    []string{"warning clock: this machine's clock is 2m", "s behind the service's"},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Setenv("AZURE_TOKEN_CREDENTIALS", "")
			server, c := tenant(t, test.options)
			if test.spoil != nil {
				test.spoil(t, server, &c)
			}
			r := loganalytics.Check(t.Context(), c, test.only)
			text := lines(r)
			for _, want := range test.want {
				if !strings.Contains(text, want) {
					t.Errorf("no %q", want)
				}
			}
			if r.Failed() != test.failed || strings.Contains(text, server.Options().Secret) || t.Failed() {
				t.Errorf("failed: %v\n%s", r.Failed(), text)
			}
		})
	}
}
