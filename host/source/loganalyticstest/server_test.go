package loganalyticstest_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/Azure/azure-sdk-for-go/sdk/monitor/azquery"
	"go.uber.org/goleak"

	"github.com/riskrelay/riskrelay/host/source/loganalyticstest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// noon is when the tests' rows are ingested.
func noon() time.Time { return time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC) }

func start(t *testing.T, o loganalyticstest.Options) *loganalyticstest.Server {
	t.Helper()
	s, err := loganalyticstest.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// azureCloud tells the Azure SDK where the server is.
func azureCloud(s *loganalyticstest.Server) cloud.Configuration {
	return cloud.Configuration{
		ActiveDirectoryAuthorityHost: s.URL() + "/",
		Services: map[cloud.ServiceName]cloud.ServiceConfiguration{
			azquery.ServiceNameLogs: {Endpoint: s.Endpoint(), Audience: s.Options().Audience},
		},
	}
}

func credential(t *testing.T, s *loganalyticstest.Server, tenant, client, secret string) azcore.TokenCredential {
	t.Helper()
	c, err := azidentity.NewClientSecretCredential(tenant, client, secret, &azidentity.ClientSecretCredentialOptions{
		DisableInstanceDiscovery: true,
		ClientOptions:            policy.ClientOptions{Cloud: azureCloud(s), Transport: s.Client(), Retry: policy.RetryOptions{MaxRetries: -1}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// connect returns a client of the real SDK that doesn't retry.
func connect(t *testing.T, s *loganalyticstest.Server) *azquery.LogsClient {
	t.Helper()
	o := s.Options()
	c, err := azquery.NewLogsClient(credential(t, s, o.Tenant, o.ClientID, o.Secret), &azquery.LogsClientOptions{
		ClientOptions: policy.ClientOptions{Cloud: azureCloud(s), Transport: s.Client(), Retry: policy.RetryOptions{MaxRetries: -1}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func ask(t *testing.T, s *loganalyticstest.Server, c *azquery.LogsClient, query string) (azquery.Results, error) {
	t.Helper()
	answer, err := c.QueryWorkspace(t.Context(), s.Options().Workspace, azquery.Body{Query: &query}, nil)
	return answer.Results, err
}

func add(t *testing.T, s *loganalyticstest.Server, table string, at time.Time, rows ...string) {
	t.Helper()
	for _, r := range rows {
		if err := s.Add(table, at, []byte(r)); err != nil {
			t.Fatal(err)
		}
	}
}

const auditRow = `{"TimeGenerated":"2026-03-02T11:58:30.1234567Z","OperationName":"Update application","Result":"success",
	"DurationMs":9007199254740993,"TargetResources":[{"type":"Application","displayName":"a \"b\""}],"InitiatedBy":"{\"user\":{\"id\":\"u\"}}"}`

func TestAnswersTheRealClient(t *testing.T) {
	s := start(t, loganalyticstest.Options{})
	add(t, s, "AuditLogs", noon(), auditRow)
	results, err := ask(t, s, connect(t, s), "AuditLogs | project TimeGenerated, OperationName, TargetResources, InitiatedBy, AdditionalDetails, ResultType, Type, TenantId, _ItemId")
	if err != nil {
		t.Fatal(err)
	}
	if len(results.Tables) != 1 || *results.Tables[0].Name != "PrimaryResult" || results.Error != nil {
		t.Fatalf("got %+v", results)
	}
	table := results.Tables[0]
	if got := *table.Columns[2].Type; got != "dynamic" {
		t.Errorf("TargetResources is of type %s", got)
	}
	row := table.Rows[0]
	want := []any{
		"2026-03-02T11:58:30.1234567Z", "Update application", `[{"type":"Application","displayName":"a \"b\""}]`,
		`{"user":{"id":"u"}}`, nil, "", "AuditLogs", s.Options().Workspace,
	}
	for i := range want {
		if row[i] != want[i] {
			t.Errorf("%s is %v, want %v", *table.Columns[i].Name, row[i], want[i])
		}
	}
	if id, ok := row[8].(string); !ok || len(id) != 36 {
		t.Errorf("_ItemId is %v", row[8])
	}
}

func TestHiddenColumnsComeOnlyWhenNamed(t *testing.T) {
	s := start(t, loganalyticstest.Options{})
	add(t, s, "AuditLogs", noon(), auditRow)
	c := connect(t, s)
	for query, want := range map[string]bool{"AuditLogs": false, "AuditLogs | extend _ItemId": true, "AuditLogs | extend _ItemId = _ItemId": true} {
		results, err := ask(t, s, c, query)
		if err != nil {
			t.Fatal(err)
		}
		found := false
		for _, column := range results.Tables[0].Columns {
			found = found || *column.Name == "_ItemId"
		}
		if found != want {
			t.Errorf("%s: _ItemId is there: %v, want %v", query, found, want)
		}
	}
}

func TestRefusesCredentials(t *testing.T) {
	s := start(t, loganalyticstest.Options{})
	o := s.Options()
	for name, c := range map[string]struct{ tenant, client, secret, want string }{
		"secret": {o.Tenant, o.ClientID, "fake-wrong", "AADSTS7000215"},
		"client": {o.Tenant, "11111111-2222-3333-4444-555555555555", o.Secret, "AADSTS700016"},
		"tenant": {"11111111-2222-3333-4444-555555555555", o.ClientID, o.Secret, "90002"},
	} {
		cred := credential(t, s, c.tenant, c.client, c.secret)
		_, err := cred.GetToken(t.Context(), policy.TokenRequestOptions{Scopes: []string{o.Audience + "/.default"}})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("wrong %s: got %v, want %s", name, err, c.want)
		}
	}
	s.Rotate("fake-new-secret")
	cred := credential(t, s, o.Tenant, o.ClientID, "fake-new-secret")
	if _, err := cred.GetToken(t.Context(), policy.TokenRequestOptions{Scopes: []string{o.Audience + "/.default"}}); err != nil {
		t.Errorf("the new secret was refused: %v", err)
	}
}

// status asks and returns the error's status and code; 200 means that there was none.
func status(t *testing.T, err error) (int, string) {
	t.Helper()
	var refused *azcore.ResponseError
	switch {
	case err == nil:
		return http.StatusOK, ""
	case errors.As(err, &refused):
		return refused.StatusCode, refused.ErrorCode
	}
	t.Fatal(err)
	return 0, ""
}

func TestErrorsOfQueries(t *testing.T) {
	s := start(t, loganalyticstest.Options{})
	add(t, s, "AuditLogs", noon(), auditRow)
	c := connect(t, s)
	for query, want := range map[string]string{
		"AuditLogs | wher x":                             "SYN0002",
		"AuditLogs | where (":                            "SYN0002",
		"AZKVAuditLogs":                                  "SEM0100",
		"AuditLogs | where OperationNam == ''":           "SEM0100",
		"AuditLogs | where nope(1)":                      "SEM0260",
		"AuditLogs | where TimeGenerated == 'x'":         "SEM0064",
		"AuditLogs | project Nope":                       "SEM0100",
		"AuditLogs | where ResultType == 1":              "SEM0064",
		"AuditLogs | summarize count() by bin(Nope, 1h)": "SEM0100",
		"AuditLogs | where hash() == 1":                  "SEM0219",
		"AuditLogs | extend x = tostring(nope)":          "SEM0100",
	} {
		_, err := ask(t, s, c, query)
		code, inner := status(t, err)
		if code != http.StatusBadRequest || inner != "BadArgumentError" || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %d %s\n%v\nwant %s", query, code, inner, err, want)
		}
	}
	if _, err := c.QueryWorkspace(t.Context(), "11111111-2222-3333-4444-555555555555", azquery.Body{}, nil); err == nil {
		t.Error("another workspace answered")
	} else if code, _ := status(t, err); code != http.StatusNotFound {
		t.Errorf("another workspace: %v", err)
	}
}

func TestFaults(t *testing.T) {
	s := start(t, loganalyticstest.Options{RowLimit: 8})
	for i := range 10 {
		add(t, s, "AuditLogs", noon().Add(time.Duration(i)*time.Second), auditRow)
	}
	c := connect(t, s)
	for name, f := range map[string]struct {
		fault loganalyticstest.Fault
		code  int
	}{
		"throttle": {loganalyticstest.Fault{Status: 429, RetryAfter: 61}, 429},
		"server":   {loganalyticstest.Fault{Status: 503}, 503},
		"gateway":  {loganalyticstest.Fault{Status: 504}, 504},
		"no data":  {loganalyticstest.Fault{Status: 204}, 204},
		"access":   {loganalyticstest.Fault{Status: 403}, 403},
		"token":    {loganalyticstest.Fault{ExpireToken: true}, 401},
	} {
		s.Fail(f.fault)
		_, err := ask(t, s, connect(t, s), "AuditLogs")
		if code, _ := status(t, err); code != f.code {
			t.Errorf("%s: got %d, want %d", name, code, f.code)
		}
	}
	s.Fail(loganalyticstest.Fault{Cut: 300})
	if _, err := ask(t, s, c, "AuditLogs"); err == nil {
		t.Error("a reply that was cut off is no error")
	}
	s.Fail(loganalyticstest.Fault{Empty: true})
	if r, err := ask(t, s, c, "AuditLogs"); err != nil || len(r.Tables) != 0 {
		t.Errorf("an empty 200: %v %v", r, err)
	}
	s.Fail(loganalyticstest.Fault{Rows: 3})
	expectPartial(t, s, c, 3)
	s.Fail(loganalyticstest.Fault{NoRows: true})
	expectPartial(t, s, c, 0)
	expectPartial(t, s, c, 8)
	s.Fail(loganalyticstest.Fault{Drip: time.Millisecond, DripBytes: 64})
	if r, err := ask(t, s, c, "AuditLogs | take 5"); err != nil || len(r.Tables[0].Rows) != 5 {
		t.Errorf("a slow reply: %v %v", r, err)
	}
}

func expectPartial(t *testing.T, s *loganalyticstest.Server, c *azquery.LogsClient, rows int) {
	t.Helper()
	r, err := ask(t, s, c, "AuditLogs")
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Tables[0].Rows) != rows || r.Error == nil || r.Error.Code != "PartialError" || !strings.Contains(r.Error.Error(), "E_QUERY_RESULT_SET_TOO_LARGE") {
		t.Errorf("got %d rows and %v, want %d and a PartialError", len(r.Tables[0].Rows), r.Error, rows)
	}
	if all := s.Requests(); !all[len(all)-1].Partial || all[len(all)-1].Rows != rows {
		t.Errorf("remembered %+v", all[len(all)-1])
	}
}

func TestHookSeesQueries(t *testing.T) {
	s := start(t, loganalyticstest.Options{})
	add(t, s, "AuditLogs", noon(), auditRow)
	s.Hook(func(r loganalyticstest.Request) loganalyticstest.Fault {
		if r.Number%2 == 1 && r.Table == "AuditLogs" {
			return loganalyticstest.Fault{Status: 500}
		}
		return loganalyticstest.Fault{}
	})
	c := connect(t, s)
	for i, want := range []int{500, 200, 500, 200} {
		_, err := ask(t, s, c, "AuditLogs")
		if code, _ := status(t, err); code != want {
			t.Errorf("query %d: got %d, want %d", i+1, code, want)
		}
	}
	for _, r := range s.Requests() {
		if r.Header.Get("Authorization") != "" || r.Query != "AuditLogs" {
			t.Errorf("remembered %+v", r)
		}
	}
}

func TestHangEndsWithTheClient(t *testing.T) {
	s := start(t, loganalyticstest.Options{})
	add(t, s, "AuditLogs", noon(), auditRow)
	ctx, cancel := context.WithCancel(t.Context())
	s.Hook(func(loganalyticstest.Request) loganalyticstest.Fault {
		cancel()
		return loganalyticstest.Fault{Hang: true}
	})
	query := "AuditLogs"
	if _, err := connect(t, s).QueryWorkspace(ctx, s.Options().Workspace, azquery.Body{Query: &query}, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestRowsAppearWithTheClock(t *testing.T) {
	var minutes atomic.Int64
	now := func() time.Time { return noon().Add(time.Duration(minutes.Load()) * time.Minute) }
	s := start(t, loganalyticstest.Options{Now: now})
	add(t, s, "AuditLogs", noon(), auditRow)
	add(t, s, "AuditLogs", noon().Add(time.Minute), auditRow)
	if err := s.AddLate("AuditLogs", noon().Add(-time.Hour), noon().Add(2*time.Minute), []byte(auditRow)); err != nil {
		t.Fatal(err)
	}
	c := connect(t, s)
	for i, want := range []int{1, 2, 3, 4} {
		minutes.Store(int64(i))
		if i == 3 {
			if at, err := s.AddNow("AuditLogs", []byte(auditRow)); err != nil || !at.Equal(now()) {
				t.Fatalf("rows came in at %v, want %v: %v", at, now(), err)
			}
		}
		r, err := ask(t, s, c, "AuditLogs | project t = ingestion_time() | sort by t asc")
		if err != nil {
			t.Fatal(err)
		}
		if got := len(r.Tables[0].Rows); got != want {
			t.Errorf("at %v: %d rows, want %d", now(), got, want)
		}
	}
}

func TestTokensExpireAndHaveAnAudience(t *testing.T) {
	var hours atomic.Int64
	s := start(t, loganalyticstest.Options{Now: func() time.Time { return noon().Add(time.Duration(hours.Load()) * time.Hour) }})
	s.Create("AuditLogs")
	o := s.Options()
	token := func(scope string) string {
		t.Helper()
		got, err := credential(t, s, o.Tenant, o.ClientID, o.Secret).GetToken(t.Context(), policy.TokenRequestOptions{Scopes: []string{scope}})
		if err != nil {
			t.Fatal(err)
		}
		return got.Token
	}
	good, other := token(o.Audience+"/.default"), token("https://management.azure.example/.default")
	for _, c := range []struct {
		hours int64
		token string
		want  int
	}{{0, good, 200}, {0, other, 403}, {0, "fake", 401}, {0, "", 401}, {1, good, 401}} {
		hours.Store(c.hours)
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.Endpoint()+"/workspaces/"+o.Workspace+"/query", strings.NewReader(`{"query":"AuditLogs | take 0"}`))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/json")
		if c.token != "" {
			req.Header.Set("Authorization", "Bearer "+c.token)
		}
		answer, err := s.Client().Do(req)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		if answer.StatusCode != c.want {
			t.Errorf("after %d hours: status %d, want %d", c.hours, answer.StatusCode, c.want)
		}
	}
}
