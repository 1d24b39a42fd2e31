package loganalyticstest_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"github.com/riskrelay/riskrelay/host/source/loganalyticstest"
)

// post sends a query without the SDK and returns the answer whole.
func post(t *testing.T, s *loganalyticstest.Server, body string, header http.Header) (*http.Response, string) {
	t.Helper()
	o := s.Options()
	token, err := credential(t, s, o.Tenant, o.ClientID, o.Secret).GetToken(t.Context(), policy.TokenRequestOptions{Scopes: []string{o.Audience + "/.default"}})
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.Endpoint()+"/workspaces/"+o.Workspace+"/query", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header = header.Clone()
	req.Header.Set("Authorization", "Bearer "+token.Token)
	answer, err := s.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer, string(text)
}

func TestWire(t *testing.T) {
	s := start(t, loganalyticstest.Options{Now: noon})
	add(t, s, "AuditLogs", noon(), auditRow)
	header := http.Header{"Content-Type": {"application/json"}, "Prefer": {"include-statistics=true,include-render=true,wait=600"}, "Accept-Encoding": {"identity"}}
	answer, text := post(t, s, `{"query":"AuditLogs | project DurationMs, TargetResources, AdditionalDetails"}`, header)
	want := `{"tables":[{"name":"PrimaryResult","columns":[{"name":"DurationMs","type":"long"},{"name":"TargetResources","type":"dynamic"},{"name":"AdditionalDetails","type":"dynamic"}],` +
		`"rows":[[9007199254740993,"[{\"type\":\"Application\",\"displayName\":\"a \\\"b\\\"\"}]",null]]}],` +
		`"statistics":{"query":{"executionTime":0.01,"datasetStatistics":[{"tableRowCount":1}]}},"render":{}}`
	if text != want {
		t.Errorf("got\n%s\nwant\n%s", text, want)
	}
	if answer.Header.Get("Date") != "Mon, 02 Mar 2026 12:00:00 GMT" {
		t.Errorf("Date is %s", answer.Header.Get("Date"))
	}
	if _, text := post(t, s, `{"query":"AuditLogs"}`, http.Header{}); text != "" {
		t.Errorf("without a content type: %s", text)
	}
	header.Set("Accept-Encoding", "gzip")
	if answer, _ := post(t, s, `{"query":"AuditLogs"}`, header); answer.Header.Get("Content-Encoding") != "gzip" {
		t.Error("the reply isn't compressed")
	}
}

func TestWhatWouldChangeTheRowsIsRefused(t *testing.T) {
	s := start(t, loganalyticstest.Options{Now: noon})
	add(t, s, "AuditLogs", noon(), auditRow)
	for _, more := range []string{`"timespan":"PT1H"`, `"workspaces":["other"]`} {
		if answer, _ := post(t, s, `{"query":"AuditLogs",`+more+`}`, http.Header{"Content-Type": {"application/json"}}); answer.StatusCode != http.StatusBadRequest {
			t.Errorf("%s: status %d", more, answer.StatusCode)
		}
	}
}
