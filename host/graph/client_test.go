package graph

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sirupsen/logrus"

	"github.com/riskrelay/riskrelay/host/azure"
	"github.com/riskrelay/riskrelay/host/graph/graphtest"
)

// configFor is how a client asks server.
func configFor(t *testing.T, server *graphtest.Server) Config {
	t.Helper()
	dir, o, c := t.TempDir(), server.Options(), Defaults()
	secret, ca := filepath.Join(dir, "secret"), filepath.Join(dir, "ca.pem")
	for path, text := range map[string]string{secret: o.Secret, ca: string(server.CAPEM())} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	c.Endpoint, c.CAFile = server.URL(), ca
	c.Credential = azure.Credential{
		Kind: "secret", TenantID: o.Tenant, ClientID: o.ClientID, SecretFile: secret, Authority: server.URL(),
	}
	return c
}

// start starts a server and a client that doesn't wait long between tries.
func start(t *testing.T, o graphtest.Options) (*graphtest.Server, *Client) {
	t.Helper()
	server := graphtest.New(o)
	client, err := New(configFor(t, server), new(logrus.Logger))
	if err != nil {
		t.Fatal(err)
	}
	client.retry.RetryDelay = time.Millisecond
	t.Cleanup(func() { client.Close(); server.Close() })
	return server, client
}

func applications() Query {
	return Query{Path: "applications", Select: []string{"id", "displayName"}, Permission: "Application.Read.All"}
}

// collect makes an each that keeps the ids, those of removed objects with a minus sign.
func collect(ids *[]string) func(Object) error {
	return func(o Object) error {
		if o.Removed {
			o.ID = "-" + o.ID
		}
		*ids = append(*ids, o.ID)
		return nil
	}
}

func fill(server *graphtest.Server, n int) (ids []string) {
	for i := range n {
		ids = append(ids, fmt.Sprintf("id-%03d", i))
		server.Put("applications", fmt.Sprintf(`{"id":%q,"displayName":"app %d","notes":"not selected"}`, ids[i], i))
	}
	return ids
}

func TestListFollowsPages(t *testing.T) {
	server, client := start(t, graphtest.Options{PageSize: 4})
	want := fill(server, 10)
	var got []string
	var text string
	err := client.List(t.Context(), applications(), func(o Object) error {
		got, text = append(got, o.ID), string(o.JSON)
		return nil
	})
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("got %v, %v", got, err)
	}
	if !strings.Contains(text, "displayName") || strings.Contains(text, "notes") {
		t.Errorf("$select has no effect: %s", text)
	}
	if n := len(server.Requests()); n != 3 {
		t.Errorf("%d requests for 3 pages: %v", n, server.Requests())
	}
}

func TestEachEndsTheReading(t *testing.T) {
	server, client := start(t, graphtest.Options{PageSize: 1})
	fill(server, 3)
	own := errors.New("enough")
	if err := client.List(t.Context(), applications(), func(Object) error { return own }); err != own { //nolint:errorlint // as it is
		t.Errorf("error is %v", err)
	}
	if n := len(server.Requests()); n != 1 {
		t.Errorf("%d requests", n)
	}
}

func TestFaultsThatPass(t *testing.T) {
	faults := map[string]graphtest.Fault{
		"throttled":     {Status: 429, Code: "TooManyRequests", Header: map[string]string{"Retry-After": "1"}},
		"unavailable":   {Status: 503, Code: "serviceNotAvailable"},
		"gateway":       {Status: 504, Code: "UnknownError"},
		"cut":           {Cut: true, Body: `{"value":[{"id":"id-000"},{"i`},
		"cut in a name": {Body: `{"value":[{"id":"id-000"},{"i`},
		"a proxy's":     {Body: `<html>Please log in</html>`},
	}
	for name, fault := range faults {
		t.Run(name, func(t *testing.T) {
			server, client := start(t, graphtest.Options{PageSize: 2})
			want := fill(server, 5)
			fault.Path, fault.Times = "$skiptoken=2", 2
			if strings.HasPrefix(fault.Body, "<") {
				fault.Path = "applications"
			}
			fault.Path = strings.ReplaceAll(fault.Path, "$", "%24")
			server.Fail(fault)
			var got []string
			if err := client.List(t.Context(), applications(), collect(&got)); err != nil || !slices.Equal(got, want) {
				t.Errorf("got %v, %v", got, err)
			}
			if n := len(server.Requests()); n != 5 {
				t.Errorf("%d requests, want 3 and 2 more: %v", n, server.Requests())
			}
		})
	}
}

func TestFaultsThatStay(t *testing.T) {
	tests := map[string]struct {
		fault graphtest.Fault
		want  []string
	}{
		"long throttling": {
			graphtest.Fault{Status: 429, Code: "TooManyRequests", Message: "Please\nretry", Header: map[string]string{"Retry-After": "3000"}},
			[]string{"read applications", "429", "TooManyRequests", "Please retry"},
		},
		"unavailable": {graphtest.Fault{Status: 503, Code: "serviceNotAvailable"}, []string{"503", "request 5c2e3c57"}},
		"refused": {
			graphtest.Fault{Status: 403, Code: "Authorization_RequestDenied", Message: "Insufficient privileges"},
			[]string{"403", "Authorization_RequestDenied", "Grant the identity the application permission Application.Read.All"},
		},
		"not there": {graphtest.Fault{Status: 404, Code: "Request_ResourceNotFound"}, []string{"404", "Check cloud and endpoint"}},
		"cut":       {graphtest.Fault{Cut: true, Body: `{"value":[`}, []string{"read applications", "unexpected EOF"}},
		"no JSON":   {graphtest.Fault{Body: `{"value":[`}, []string{"read applications: the answer is no JSON"}},
		"no object": {graphtest.Fault{Body: `{"value":[7]}`}, []string{"read applications: an object is not one"}},
		"away":      {graphtest.Fault{Body: `{"value":[],"@odata.nextLink":"https://evil.example/v1.0/applications"}`}, []string{"leads away", "not followed"}},
		"plain":     {graphtest.Fault{Body: `{"value":[],"@odata.nextLink":"http://127.0.0.1/v1.0/applications"}`}, []string{"leads away"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			server, client := start(t, graphtest.Options{})
			tt.fault.Path = "applications"
			server.Fail(tt.fault)
			err := client.List(t.Context(), applications(), func(Object) error { return nil })
			if err == nil {
				t.Fatal("no error")
			}
			for _, want := range tt.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error %q lacks %q", err, want)
				}
			}
			if strings.Contains(err.Error(), "emulated.") || strings.Contains(err.Error(), server.Options().Secret) {
				t.Errorf("a secret is in the error: %v", err)
			}
		})
	}
}

func TestLongRetryAfterIsTold(t *testing.T) {
	server, client := start(t, graphtest.Options{})
	server.Fail(graphtest.Fault{Status: 429, Header: map[string]string{"Retry-After": "3000"}})
	err := client.List(t.Context(), applications(), nil)
	if e := new(Error); !errors.As(err, &e) || e.Wait != 50*time.Minute {
		t.Errorf("error is %#v", err)
	}
	if n := len(server.Requests()); n != 1 {
		t.Errorf("%d requests: the service asked for quiet", n)
	}
}

func TestPageThatIsTooLong(t *testing.T) {
	server, client := start(t, graphtest.Options{})
	server.Fail(graphtest.Fault{Body: `{"value":[` + strings.Repeat(" ", maxPageBytes) + `]}`})
	if err := client.List(t.Context(), applications(), nil); !errors.Is(err, azure.ErrTooLong) {
		t.Errorf("error is %v", err)
	}
}

func TestPageThatNamesItself(t *testing.T) {
	server, client := start(t, graphtest.Options{})
	link := server.URL() + "/v1.0/applications?$skiptoken=1"
	server.Fail(graphtest.Fault{Body: fmt.Sprintf(`{"value":[],"@odata.nextLink":%q}`, link)})
	if err := client.List(t.Context(), applications(), nil); err == nil || !strings.Contains(err.Error(), "names itself") {
		t.Errorf("error is %v", err)
	}
}

func TestTokenThatWasRevoked(t *testing.T) {
	server, client := start(t, graphtest.Options{})
	want := fill(server, 1)
	for range 2 {
		var got []string
		if err := client.List(t.Context(), applications(), collect(&got)); err != nil || !slices.Equal(got, want) {
			t.Errorf("got %v, %v", got, err)
		}
		server.ExpireTokens()
	}
}

func TestWrongSecret(t *testing.T) {
	server, client := start(t, graphtest.Options{})
	path := client.config.Credential.SecretFile
	if err := os.WriteFile(path, []byte("another-fake"), 0o600); err != nil {
		t.Fatal(err)
	}
	err := client.List(t.Context(), applications(), nil)
	if err == nil || !strings.Contains(err.Error(), "AADSTS7000215") || strings.Contains(err.Error(), "another-fake") {
		t.Errorf("error is %v", err)
	}
	if err := os.WriteFile(path, []byte(server.Options().Secret), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := client.List(t.Context(), applications(), nil); err != nil {
		t.Errorf("with the right secret: %v", err)
	}
}

func TestCanceled(t *testing.T) {
	server, client := start(t, graphtest.Options{})
	hold := make(chan struct{})
	defer close(hold)
	server.Fail(graphtest.Fault{Path: "applications", Hold: hold})
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		for len(server.Requests()) == 0 {
			runtime.Gosched()
		}
		cancel()
	}()
	if err := client.List(ctx, applications(), nil); !errors.Is(err, context.Canceled) {
		t.Errorf("error is %v", err)
	}
}

func TestDelta(t *testing.T) {
	server, client := start(t, graphtest.Options{PageSize: 2})
	all := fill(server, 3)
	round := func(link string, want ...string) string {
		t.Helper()
		var got []string
		next, err := client.Delta(t.Context(), applications(), link, collect(&got))
		if err != nil || !slices.Equal(got, want) {
			t.Fatalf("got %v, %v; want %v", got, err, want)
		}
		return next
	}
	link := round("", all...)
	link = round(link)
	server.Put("applications", `{"id":"id-001","displayName":"renamed"}`)
	server.Remove("applications", "id-000")
	server.Put("applications", `{"id":"id-009"}`)
	link = round(link, "id-001", "-id-000", "id-009")
	server.Forget()
	if _, err := client.Delta(t.Context(), applications(), link, nil); !errors.Is(err, ErrResync) {
		t.Errorf("a forgotten link: %v", err)
	}
	round("", "id-002", "id-001", "id-009")
	if _, err := client.Delta(t.Context(), applications(), "https://evil.example/v1.0/applications/delta", nil); err == nil {
		t.Error("a link to another host is followed")
	}
	server.Fail(graphtest.Fault{Path: "delta", Body: `{"value":[]}`})
	if _, err := client.Delta(t.Context(), applications(), "", nil); err == nil || !strings.Contains(err.Error(), "deltaLink") {
		t.Errorf("without a link: %v", err)
	}
}

func TestConfig(t *testing.T) {
	tests := map[string]struct {
		change func(*Config)
		want   string
	}{
		"cloud":      {func(c *Config) { c.Cloud = "mars" }, "cloud: "},
		"endpoint":   {func(c *Config) { c.Endpoint = "http://graph.example" }, "endpoint: "},
		"audience":   {func(c *Config) { c.Audience = "graph" }, "audience: "},
		"credential": {func(c *Config) { c.Credential.Kind = "secret" }, "credential.tenant_id: "},
		"ca_file":    {func(c *Config) { c.CAFile = "/does/not/exist.pem" }, "read ca_file: "},
	}
	for name, tt := range tests {
		c := Defaults()
		tt.change(&c)
		if _, err := New(c, new(logrus.Logger)); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: error is %v, want %q", name, err, tt.want)
		}
	}
	for _, tt := range [][4]string{
		{"public", "", "https://graph.microsoft.com/v1.0", "https://graph.microsoft.com/.default"},
		{"usgov", "", "https://graph.microsoft.us/v1.0", "https://graph.microsoft.us/.default"},
		{"china", "https://graph.example/", "https://graph.example/v1.0", "https://microsoftgraph.chinacloudapi.cn/.default"},
		{"public", "https://graph.example/beta", "https://graph.example/beta", "https://graph.microsoft.com/.default"},
	} {
		c := Config{Cloud: tt[0], Endpoint: tt[1]}
		if c.base() != tt[2] || c.scope() != tt[3] {
			t.Errorf("%v: %s %s", tt, c.base(), c.scope())
		}
	}
}

// FuzzObject looks for objects that the reader can't take.
func FuzzObject(f *testing.F) {
	for _, seed := range []string{`{"id":"a"}`, `{"id":null,"@removed":{"reason":"changed"}}`, `[]`, `{"id":7}`, `{"@removed":null}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		if o, err := object(raw); err == nil && string(o.JSON) != string(raw) {
			t.Errorf("%q became %q", raw, o.JSON)
		}
		resp := &http.Response{StatusCode: http.StatusForbidden, Header: http.Header{}}
		if text := serviceError(resp, raw).Error(); strings.ContainsAny(text, "\n\r") {
			t.Errorf("the error of %q has several lines", raw)
		}
	})
}
