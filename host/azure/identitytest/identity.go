// Package identitytest imitates the endpoints that give a machine in Azure the tokens of its managed identity: App Service's and
// that of virtual machines, IMDS.
// https://learn.microsoft.com/azure/app-service/overview-managed-identity#rest-endpoint-reference
// https://learn.microsoft.com/entra/identity/managed-identities-azure-resources/how-to-use-vm-token#get-a-token-using-http
package identitytest

import (
	"crypto/rand"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"
)

// Endpoint is one machine's endpoint. Its methods may be called while it serves.
type Endpoint struct {
	Address string // host:port

	issue func(resource string) (token string)

	mu      sync.Mutex
	resends string // what it answers again and again
	last    string
	asked   []string
	down    bool
}

// AppService starts App Service's endpoint on a loopback port and sets the variables by which the test's own process finds it.
// Tokens come from issue, which gets whom they are for, such as https://graph.microsoft.com.
func AppService(t *testing.T, issue func(resource string) (token string)) *Endpoint {
	t.Helper()
	secret := rand.Text()
	e := start(t, issue, func(r *http.Request) bool {
		return r.Header.Get("X-IDENTITY-HEADER") == secret && r.FormValue("api-version") == "2019-08-01"
	})
	t.Setenv("IDENTITY_ENDPOINT", "http://"+e.Address+"/msi/token")
	t.Setenv("IDENTITY_HEADER", secret)
	return e
}

// IMDS starts the endpoint of virtual machines on a loopback port. The test has to lead there what is sent to 169.254.169.254.
func IMDS(t *testing.T, issue func(resource string) (token string)) *Endpoint {
	t.Helper()
	t.Setenv("IDENTITY_ENDPOINT", "")
	return start(t, issue, func(r *http.Request) bool {
		return r.URL.Path == "/metadata/identity/oauth2/token" && r.Header.Get("Metadata") == "true" && r.FormValue("api-version") == "2018-02-01"
	})
}

func start(t *testing.T, issue func(resource string) (token string), allowed func(*http.Request) bool) *Endpoint {
	t.Helper()
	e := &Endpoint{issue: issue}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !allowed(r) {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		e.serve(w, r.FormValue("resource"))
	}))
	t.Cleanup(server.Close)
	e.Address = server.Listener.Addr().String()
	return e
}

// Asked are the resources for which tokens were asked, in order.
func (e *Endpoint) Asked() []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Clone(e.asked)
}

// Repeat has the endpoint give its last token again and again, as one does that keeps tokens itself.
func (e *Endpoint) Repeat() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.resends = e.last
}

// Repair ends what Repeat and Down began.
func (e *Endpoint) Repair() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.resends, e.down = "", false
}

// Down has the endpoint answer 400 from now on, as one does that has no identity any more.
func (e *Endpoint) Down() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.down = true
}

func (e *Endpoint) serve(w http.ResponseWriter, resource string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.asked = append(e.asked, resource)
	if e.down {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	if e.last = e.resends; e.last == "" {
		e.last = e.issue(resource)
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]string{ // the client may have gone
		"access_token": e.last, "resource": resource, "token_type": "Bearer", "expires_on": strconv.FormatInt(time.Now().Add(time.Hour).Unix(), 10),
	})
}
