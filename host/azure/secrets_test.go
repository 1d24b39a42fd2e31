package azure

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/riskrelay/riskrelay/host/secret"
)

// TestTransportCleansRefusals is about a server that repeats what it was sent, and about tokens that it has given out.
func TestTransportCleansRefusals(t *testing.T) {
	const secretValue, assertion, bearer, header = "fake-client-secret", "fake.client.assertion", "fake-bearer-token", "fake-identity-header"
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := r.ParseForm(); err != nil {
			t.Error(err)
		}
		if r.Form.Get("grant_type") != "" && r.Header.Get("Authorization") == "" && r.Form.Get("client_secret") == secretValue {
			_, _ = io.WriteString(w, `{"access_token": "`+bearer+`", "expires_in": 3600}`)
			return
		}
		w.Header().Set("Www-Authenticate", r.Header.Get("Authorization"))
		w.WriteHeader(http.StatusForbidden)
		_, _ = io.WriteString(w, "said "+r.Header.Get("Authorization")+" "+r.Header.Get("X-Identity-Header")+" "+r.Form.Encode()+" issued "+bearer)
	}))
	defer server.Close()
	k := secret.NewKeeper()
	transport, err := NewTransport("", 1, 1<<20, k)
	if err != nil {
		t.Fatal(err)
	}
	defer transport.CloseIdleConnections()
	ask := func(form url.Values, headers map[string]string) (status int, text string) {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL, strings.NewReader(form.Encode()))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		for name, value := range headers {
			req.Header.Set(name, value)
		}
		resp, err := transport.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return resp.StatusCode, string(body) + resp.Header.Get("Www-Authenticate")
	}
	// The body of a request arrives whole though it was looked at, and a token as it was given out.
	if status, text := ask(url.Values{"grant_type": {"client_credentials"}, "client_secret": {secretValue}}, nil); status != http.StatusOK || !strings.Contains(text, bearer) {
		t.Fatalf("answered %d %s", status, text)
	}
	_, text := ask(url.Values{"client_secret": {secretValue}, "client_assertion": {assertion}}, map[string]string{"X-Identity-Header": header})
	_, more := ask(nil, map[string]string{"Authorization": "Bearer a-later-bearer-token"})
	for _, v := range []string{secretValue, assertion, bearer, header, "a-later-bearer-token"} {
		if strings.Contains(text+more, v) {
			t.Errorf("%s stays in %q and %q", v, text, more)
		}
	}
	if !strings.HasPrefix(text, "said  *** client_assertion=***&client_secret=*** issued ***") {
		t.Errorf("got %q", text)
	}
}
