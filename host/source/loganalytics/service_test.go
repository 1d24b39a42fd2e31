package loganalytics

import (
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"sort"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sirupsen/logrus"
	"github.com/sirupsen/logrus/hooks/test"
	"golang.org/x/time/rate"

	"github.com/riskrelay/riskrelay/host/azure"
	"github.com/riskrelay/riskrelay/host/pipeline"
)

const (
	testWorkspace = "11111111-2222-3333-4444-555555555555"
	testTenant    = "66666666-7777-8888-9999-000000000000"
	testSecret    = "obviously-fake-secret"
)

// service is a small Log Analytics: tokens, one table, and whatever answer a test wants.
type service struct {
	*httptest.Server
	t *testing.T

	mu      sync.Mutex
	answer  func(w http.ResponseWriter, query string)
	queries []string
	headers []http.Header
	secret  string
	issued  int    // tokens
	valid   string // the token that is accepted

	challenge string // WWW-Authenticate of a refusal
}

func newService(t *testing.T, answer func(w http.ResponseWriter, query string)) *service {
	s := &service{t: t, answer: answer, secret: testSecret}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /"+testTenant+"/v2.0/.well-known/openid-configuration", s.discovery)
	mux.HandleFunc("POST /"+testTenant+"/oauth2/v2.0/token", s.token)
	mux.HandleFunc("POST /v1/workspaces/"+testWorkspace+"/query", s.ask)
	s.Server = httptest.NewUnstartedServer(mux)
	s.Config.ErrorLog = log.New(io.Discard, "", 0) // tests break connections on purpose
	s.StartTLS()
	t.Cleanup(s.Close)
	return s
}

func (s *service) discovery(w http.ResponseWriter, _ *http.Request) {
	base := s.URL + "/" + testTenant
	fmt.Fprintf(w, `{"token_endpoint":"%s/oauth2/v2.0/token","authorization_endpoint":"%s/oauth2/v2.0/authorize","issuer":"%s/v2.0"}`, base, base, base)
}

func (s *service) token(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.FormValue("client_secret") != s.secret && r.FormValue("client_assertion") == "" {
		w.WriteHeader(http.StatusUnauthorized)
		fmt.Fprint(w, `{"error":"invalid_client","error_description":"AADSTS7000215: Invalid client secret provided.\r\nTrace ID: 1","error_codes":[7000215]}`)
		return
	}
	s.issued++
	s.valid = fmt.Sprintf("token-%d", s.issued)
	w.Header().Set("Content-Type", "application/json")
	fmt.Fprintf(w, `{"token_type":"Bearer","expires_in":3600,"access_token":"%s"}`, s.valid)
}

func (s *service) ask(w http.ResponseWriter, r *http.Request) {
	var body struct{ Query string }
	text, _ := io.ReadAll(r.Body)
	if err := json.Unmarshal(text, &body); err != nil {
		s.t.Errorf("request is no JSON: %v", err)
	}
	s.mu.Lock()
	s.queries = append(s.queries, body.Query)
	s.headers = append(s.headers, r.Header.Clone())
	valid := r.Header.Get("Authorization") == "Bearer "+s.valid
	s.mu.Unlock()
	if !valid {
		if s.challenge != "" {
			w.Header().Set("WWW-Authenticate", s.challenge)
		}
		fail(w, http.StatusUnauthorized, "AuthenticationFailed", "token expired")
		return
	}
	s.answer(w, body.Query)
}

func (s *service) asked() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.queries...)
}

// fail writes an error as the query API does.
func fail(w http.ResponseWriter, status int, codes ...string) {
	message, codes := codes[len(codes)-1], codes[:len(codes)-1]
	text := ""
	for i := len(codes) - 1; i >= 0; i-- {
		inner := ""
		if text != "" {
			inner = `,"innererror":` + text
		}
		quoted, _ := json.Marshal(message)
		text = fmt.Sprintf(`{"code":%q,"message":%s%s}`, codes[i], quoted, inner)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	fmt.Fprintf(w, `{"error":%s,"correlationId":"c"}`, text)
}

// config is a configuration for s.
func (s *service) config() Config {
	dir := s.t.TempDir()
	c := Defaults()
	c.Workspace, c.Endpoint = testWorkspace, s.URL
	c.CAFile = filepath.Join(dir, "ca.pem")
	c.Credential = Credential{
		Kind: "secret", TenantID: testTenant, ClientID: "client", SecretFile: filepath.Join(dir, "secret"), Authority: s.URL,
	}
	c.Tables = []Table{{Name: "AuditLogs"}}
	write(s.t, c.CAFile, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw}))
	write(s.t, c.Credential.SecretFile, []byte(testSecret+"\n"))
	return c
}

func write(t *testing.T, path string, text []byte) {
	t.Helper()
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
}

// source returns the only source of c, and closes its connections at the end of the test.
func (s *service) source(c Config) *Source {
	s.t.Helper()
	if err := c.Validate(); err != nil {
		s.t.Fatal(err)
	}
	conn, err := newConnection(c)
	if err != nil {
		s.t.Fatal(err)
	}
	conn.limit.rate.SetLimit(rate.Inf)
	s.t.Cleanup(conn.transport.(*azure.Transport).CloseIdleConnections)
	return streams(c, conn, quiet())[0].Source.(*Source)
}

func quiet() logrus.FieldLogger {
	l, _ := test.NewNullLogger()
	return l
}

// reading is what a Read delivered.
type reading struct {
	batches []pipeline.Batch
	ids     []string
}

func (r *reading) deliver(b pipeline.Batch) error {
	r.batches = append(r.batches, b)
	for _, e := range b.Events {
		r.ids = append(r.ids, e.ID)
	}
	return nil
}

// marks are the marks of the batches that have one.
func (r *reading) last() (m pipeline.Mark) {
	for _, b := range r.batches {
		if b.Next != "" {
			m = b.Next
		}
	}
	return m
}

// base is when the tests' rows begin to arrive.
var base = time.Date(2026, 1, 2, 3, 0, 0, 0, time.UTC)

func testWindow(length time.Duration) pipeline.Window {
	return pipeline.Window{Stream: "la", From: base, To: base.Add(length)}
}

// stored is one row of a table.
type stored struct {
	ingested  time.Time
	item      string
	operation string
}

// table answers the queries that this package issues.
type table struct {
	mu   sync.Mutex
	rows []stored
	// spoil may change the rows of a reply and give an error to write behind them.
	spoil func(rows []stored) ([]stored, string)
}

// fill makes n rows, several per time of ingestion.
func (t *table) fill(n, together int) {
	for i := range n {
		t.rows = append(t.rows, stored{base.Add(time.Duration(i/together) * time.Millisecond), fmt.Sprintf("item-%06d", i), "Add user"})
	}
}

func (t *table) items() (ids []string) {
	for _, r := range t.rows {
		ids = append(ids, r.item)
	}
	sort.Strings(ids)
	return ids
}

var bounds = regexp.MustCompile(`ingestion_time\(\) >= datetime\((.*?)\) and ingestion_time\(\) < datetime\((.*?)\)`)

func (t *table) answer(w http.ResponseWriter, query string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	var found []stored
	if m := bounds.FindStringSubmatch(query); m != nil {
		from, _ := time.Parse(ticks, m[1])
		to, _ := time.Parse(ticks, m[2])
		for _, r := range t.rows {
			if !r.ingested.Before(from) && r.ingested.Before(to) {
				found = append(found, r)
			}
		}
	}
	sort.Slice(found, func(i, k int) bool {
		a, b := found[i], found[k]
		return a.ingested.Before(b.ingested) || a.ingested.Equal(b.ingested) && a.item < b.item
	})
	w.Header().Set("Content-Type", "application/json")
	if strings.Contains(query, "summarize") {
		fmt.Fprint(w, countReply(found))
		return
	}
	var failure string
	if t.spoil != nil {
		found, failure = t.spoil(found)
	}
	fmt.Fprint(w, rowsReply(found, failure))
}

const testColumns = `[{"name":"TimeGenerated","type":"datetime"},{"name":"OperationName","type":"string"},` +
	`{"name":"InitiatedBy","type":"dynamic"},{"name":"DurationMs","type":"long"},{"name":"Type","type":"string"},` +
	`{"name":"RiskrelayIngested","type":"datetime"},{"name":"RiskrelayItem","type":"string"}]`

func rowsReply(rows []stored, failure string) string {
	var b strings.Builder
	fmt.Fprintf(&b, `{"tables":[{"name":"PrimaryResult","columns":%s,"rows":[`, testColumns)
	for i, r := range rows {
		if i > 0 {
			b.WriteString(",")
		}
		at := r.ingested.Format(ticks)
		fmt.Fprintf(&b, `["%s",%q,"{\"user\":{\"id\":\"u%d\"}}",9007199254740993,"AuditLogs","%s",%q]`, at, r.operation, i, at, r.item)
	}
	b.WriteString(`]}],"statistics":{"query":{"executionTime":0.1}}`)
	if failure != "" {
		b.WriteString(`,"error":` + failure)
	}
	b.WriteString("}")
	return b.String()
}

func countReply(rows []stored) string {
	counts := map[time.Time]int{}
	for _, r := range rows {
		counts[r.ingested.Truncate(time.Minute)]++
	}
	var parts []string
	for at, n := range counts {
		parts = append(parts, fmt.Sprintf(`["%s",%d]`, at.Format(ticks), n))
	}
	return `{"tables":[{"name":"PrimaryResult","columns":[{"name":"Column1","type":"datetime"},{"name":"count_","type":"long"}],"rows":[` +
		strings.Join(parts, ",") + `]}]}`
}

const partial = `{"code":"PartialError","message":"There were some errors when processing your query.","details":[{"code":"EngineError",` +
	`"message":"Something went wrong","innererror":{"code":"-2133196797","message":"E_QUERY_RESULT_SET_TOO_LARGE","severity":2}}]}`
