//go:build linux

package e2e

import (
	"crypto/tls"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/riskrelay/riskrelay/host/sink/endpoint/endpointtest"
)

// spelled are the ways in which servers write what they were sent.
func spelled(v string) []string {
	percent, escaped := "", ""
	for _, b := range []byte(v) {
		percent += fmt.Sprintf("%%%02x", b)
		escaped += fmt.Sprintf(`\u%04x`, b)
	}
	quoted, _ := json.Marshal(v) // a string always can be
	return []string{
		v, base64.StdEncoding.EncodeToString([]byte(v)), base64.RawURLEncoding.EncodeToString([]byte("a" + v)),
		base64.StdEncoding.EncodeToString([]byte("user:" + v + "x")), base64.StdEncoding.EncodeToString([]byte("ab" + v)),
		url.QueryEscape(v), url.PathEscape(v), percent, strings.ToUpper(percent), escaped,
		string(quoted[1 : len(quoted)-1]), strings.ReplaceAll(v, "/", `\/`),
	}
}

// echo is a server that repeats whatever it was sent to prove who asks, now and before.
type echo struct {
	*httptest.Server

	mu    sync.Mutex
	heard []string
	turn  int
}

// newEcho starts one. Answer gets what to repeat; words are spelled in another way each time.
func newEcho(t *testing.T, config *tls.Config, answer func(w http.ResponseWriter, r *http.Request, form url.Values, words string)) *echo {
	t.Helper()
	e := new(echo)
	e.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body) // what can't be read isn't repeated
		form, _ := url.ParseQuery(string(body))
		if r.Header.Get("Content-Encoding") != "" {
			form = nil
		}
		answer(w, r, form, e.words(r, form))
	}))
	e.Config.ErrorLog = log.New(io.Discard, "", 0) // clients that go away are no news
	if config == nil {
		e.Start()
	} else {
		e.TLS = config.Clone()
		e.StartTLS()
	}
	t.Cleanup(e.Close)
	return e
}

func (e *echo) words(r *http.Request, form url.Values) string {
	said := []string{path.Base(r.URL.Path)}
	for _, name := range []string{"Authorization", "Proxy-Authorization", "X-Identity-Header"} {
		_, value, found := strings.Cut(r.Header.Get(name), " ")
		if !found {
			value = r.Header.Get(name)
		}
		said = append(said, value)
	}
	said = append(said, form.Get("client_secret"), form.Get("client_assertion"))
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, v := range said {
		if len(v) > 8 && !slices.Contains(e.heard, v) {
			e.heard = append(e.heard, v)
		}
	}
	e.turn++
	var all []string
	for i := range e.heard {
		ways := spelled(e.heard[(i+e.turn)%len(e.heard)])
		all = append(all, ways[e.turn%len(ways)])
	}
	return strings.Join(all, " ")
}

// forget has all servers repeat only what they are sent from now on.
func (e *echoes) forget() {
	for _, one := range []*echo{e.refuses, e.grants, e.identity, e.api, e.broken, e.denies, e.rejects, e.sumo, e.proxy} {
		one.mu.Lock()
		one.heard = nil
		one.mu.Unlock()
	}
}

func answerJSON(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // the client may have gone
}

// breakOff answers with words in place of a status line.
func breakOff(w http.ResponseWriter, words string) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	_, _ = io.WriteString(conn, words+"\r\n\r\n") // the client may have gone
	_ = conn.Close()
}

// echoes are servers of every kind.
type echoes struct {
	refuses, grants *echo // directories: one gives nobody a token, one gives the tokens of issues
	identity        *echo // of App Service
	api             *echo // Log Analytics and Microsoft Graph
	broken          *echo // answers of both that are no HTTP
	denies, rejects *echo // collectors: one refuses the token, one the events
	sumo, proxy     *echo
	ca              *endpointtest.CA
}

// newEchoes starts them. Issue returns the next token to hand out.
func newEchoes(t *testing.T, issue func() string) *echoes {
	t.Helper()
	ca, err := endpointtest.NewCA()
	if err != nil {
		t.Fatal(err)
	}
	config, err := ca.ServerConfig("127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	directory := func(grants bool) *echo {
		return newEcho(t, config, func(w http.ResponseWriter, r *http.Request, _ url.Values, words string) {
			base := "https://" + r.Host + "/" + strings.Split(r.URL.Path, "/")[1]
			switch {
			case strings.HasSuffix(r.URL.Path, "/openid-configuration"):
				answerJSON(w, http.StatusOK, map[string]any{
					"issuer": base + "/v2.0", "authorization_endpoint": base + "/oauth2/v2.0/authorize", "token_endpoint": base + "/oauth2/v2.0/token",
				})
			case grants:
				answerJSON(w, http.StatusOK, map[string]any{"token_type": "Bearer", "expires_in": 3600, "access_token": issue()})
			default:
				answerJSON(w, http.StatusUnauthorized, map[string]any{
					"error": "invalid_client", "error_description": "AADSTS7000215: " + words, "error_codes": []int{7000215},
				})
			}
		})
	}
	refusal := func(status int) func(http.ResponseWriter, *http.Request, url.Values, string) {
		return func(w http.ResponseWriter, _ *http.Request, _ url.Values, words string) {
			answerJSON(w, status, map[string]any{"error": map[string]any{"code": "Denied", "message": words}})
		}
	}
	line := func(w http.ResponseWriter, r *http.Request, _ url.Values, words string) {
		breakOff(w, r.URL.Path+" "+words)
	}
	return &echoes{
		refuses: directory(false), grants: directory(true), identity: newEcho(t, nil, refusal(http.StatusBadRequest)),
		api: newEcho(t, config, refusal(http.StatusForbidden)), broken: newEcho(t, config, line),
		denies: newEcho(t, config, func(w http.ResponseWriter, _ *http.Request, _ url.Values, words string) {
			answerJSON(w, http.StatusForbidden, map[string]any{"text": words, "code": 4})
		}),
		rejects: newEcho(t, config, func(w http.ResponseWriter, r *http.Request, _ url.Values, words string) {
			if r.ContentLength < 64 { // a question without events, compressed
				answerJSON(w, http.StatusBadRequest, map[string]any{"text": "No data", "code": 5})
				return
			}
			answerJSON(w, http.StatusBadRequest, map[string]any{"text": words, "code": 6, "invalid-event-number": 0})
		}),
		sumo: newEcho(t, config, line), proxy: newEcho(t, nil, func(w http.ResponseWriter, r *http.Request, _ url.Values, words string) {
			breakOff(w, r.Header.Get("Proxy-Authorization")+" "+words)
		}),
		ca: ca,
	}
}
