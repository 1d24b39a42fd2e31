package loganalytics

import (
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"
)

func TestDefaultsLackOnlyTheWorkspace(t *testing.T) {
	c := Defaults()
	if err := c.Validate(); err == nil || strings.Count(err.Error(), "\n") > 0 || !strings.HasPrefix(err.Error(), "workspace: ") {
		t.Errorf("error is %v", err)
	}
	c.Workspace = testWorkspace
	if err := c.Validate(); err != nil {
		t.Error(err)
	}
	streams, err := new(Workspaces).New(c, quiet())
	if err != nil {
		t.Fatal(err)
	}
	if len(streams) != 9 || streams[0].Name != "la:"+testWorkspace+":AuditLogs" {
		t.Errorf("%d streams, the first is %s", len(streams), streams[0].Name)
	}
}

func TestValidate(t *testing.T) {
	tests := map[string]struct {
		change func(c *Config)
		want   string
	}{
		"workspace":        {func(c *Config) { c.Workspace = "prod" }, `workspace: "prod" is no GUID`},
		"in braces":        {func(c *Config) { c.Workspace = "{" + testWorkspace + "}" }, `workspace: "{`},
		"as a URN":         {func(c *Config) { c.Workspace = "urn:uuid:" + testWorkspace }, `workspace: "urn:`},
		"without dashes":   {func(c *Config) { c.Workspace = strings.ReplaceAll(testWorkspace, "-", "") }, "workspace: "},
		"no hex":           {func(c *Config) { c.Workspace = "g" + testWorkspace[1:] }, "workspace: "},
		"cloud":            {func(c *Config) { c.Cloud = "mars" }, `cloud: "mars" is unknown`},
		"http":             {func(c *Config) { c.Endpoint = "http://127.0.0.1/v1" }, "endpoint: "},
		"password":         {func(c *Config) { c.Endpoint = "https://u:p@h/v1" }, "endpoint: "},
		"audience":         {func(c *Config) { c.Audience = "api" }, "audience: "},
		"settle":           {func(c *Config) { c.Settle = -time.Second }, "settle: "},
		"every":            {func(c *Config) { c.Every = 0 }, "every: "},
		"max_window":       {func(c *Config) { c.MaxWindow = time.Second }, "max_window: "},
		"timeout":          {func(c *Config) { c.Timeout = 11 * time.Minute }, "timeout: "},
		"max_requests":     {func(c *Config) { c.MaxRequests = 0 }, "max_requests: "},
		"no tables":        {func(c *Config) { c.Tables = nil }, "tables: "},
		"bad table":        {func(c *Config) { c.Tables[1].Name = "A | take 1" }, "tables[1].name: "},
		"table twice":      {func(c *Config) { c.Tables[1].Name = "AuditLogs" }, "tables[1].name: AuditLogs is there twice"},
		"filter leaves":    {func(c *Config) { c.Tables[0].Filter = `true) | take 1 //` }, "tables[0].filter: has a ')' without '('"},
		"filter pipes":     {func(c *Config) { c.Tables[0].Filter = `true | take 1` }, `tables[0].filter: has "|"`},
		"filter comments":  {func(c *Config) { c.Tables[0].Filter = `true // all` }, "tables[0].filter: has a comment"},
		"filter is open":   {func(c *Config) { c.Tables[0].Filter = `(true` }, "tables[0].filter: has a '(' without ')'"},
		"string is open":   {func(c *Config) { c.Tables[0].Filter = `A == "\"` }, "tables[0].filter: has a string that doesn't end"},
		"verbatim":         {func(c *Config) { c.Tables[0].Filter = `A == @"\") | take 1 //"` }, "tables[0].filter: has a ')' without '('"},
		"two lines":        {func(c *Config) { c.Tables[0].Filter = "a\nb" }, "tables[0].filter: must be one line"},
		"kind":             {func(c *Config) { c.Credential.Kind = "password" }, "credential.kind: "},
		"no secret":        {func(c *Config) { c.Credential = Credential{Kind: "secret", TenantID: "t", ClientID: "c"} }, "credential.secret_file: "},
		"no certificate":   {func(c *Config) { c.Credential = Credential{Kind: "certificate", TenantID: "t", ClientID: "c"} }, "credential.certificate_file: "},
		"authority, plain": {func(c *Config) { c.Credential.Authority = "http://x" }, "credential.authority: "},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			c := Defaults()
			c.Workspace = testWorkspace
			test.change(&c)
			err := c.Validate()
			if err == nil || !strings.HasPrefix(err.Error(), test.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("error is %v, want %q", err, test.want)
			}
		})
	}
	c := Defaults()
	c.Workspace = testWorkspace
	c.Tables[0].Filter = `Category == "a|b//;)" and (Result != '\'' or Id in ("1", @"2\", @"a""|\"))`
	if err := c.Validate(); err != nil {
		t.Errorf("a good filter is refused: %v", err)
	}
}

func TestConfigKeys(t *testing.T) {
	const text = `
workspace: 11111111-2222-3333-4444-555555555555
cloud: usgov
endpoint: https://logs.example
audience: https://audience.example/
ca_file: /ca.pem
credential: {kind: certificate, tenant_id: t, client_id: c, secret_file: s, certificate_file: p, token_file: f, authority: https://a.example}
tables: [{name: AuditLogs, filter: Result == "failure"}]
start: 24h
settle: 0s
every: 1s
max_window: 10m
timeout: 60s
max_requests: 50
`
	want := Config{
		Workspace: testWorkspace, Cloud: "usgov", Endpoint: "https://logs.example", Audience: "https://audience.example/", CAFile: "/ca.pem",
		Credential: Credential{
			Kind: "certificate", TenantID: "t", ClientID: "c", SecretFile: "s", CertificateFile: "p", TokenFile: "f", Authority: "https://a.example",
		},
		Tables: []Table{{"AuditLogs", `Result == "failure"`}},
		Start:  24 * time.Hour, Every: time.Second, MaxWindow: 10 * time.Minute, Timeout: time.Minute,
		MaxRequests: 50,
	}
	var got Config
	if err := yaml.UnmarshalWithOptions([]byte(text), &got, yaml.Strict()); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	logs := got.configuration()
	if s := logs.Services["azqueryLogs"]; s.Endpoint != "https://logs.example/v1" || s.Audience != "https://audience.example" {
		t.Errorf("service is %+v", s)
	}
}

func TestClouds(t *testing.T) {
	for name, want := range map[string]string{
		"public": "https://api.loganalytics.io/v1", "usgov": "https://api.loganalytics.us/v1", "china": "https://api.loganalytics.azure.cn/v1",
	} {
		c := Config{Cloud: name}
		got := c.configuration()
		if endpoint := got.Services["azqueryLogs"].Endpoint; endpoint != want || got.ActiveDirectoryAuthorityHost == "" {
			t.Errorf("%s: endpoint %s, want %s; authority %q", name, endpoint, want, got.ActiveDirectoryAuthorityHost)
		}
	}
}
