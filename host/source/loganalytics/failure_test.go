package loganalytics

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/riskrelay/riskrelay/host/azure"
	"github.com/riskrelay/riskrelay/host/pipeline"
)

// plain is an error that must be of no special kind.
const plain = "plain"

func TestFailures(t *testing.T) {
	tests := map[string]struct {
		answer func(w http.ResponseWriter, query string)
		kind   string // "too large", plain, "" for no error, or a wait
		text   string // in the error
	}{
		"throttled for long": {answer: status(429, "Retry-After", "600"), kind: "10m0s", text: "429"},
		"throttled, no time": {answer: status(429), kind: "30s"},
		"throttled, ms":      {answer: status(429, "x-ms-retry-after-ms", "1500"), kind: "1.5s"},
		"throttled, absurd":  {answer: status(429, "Retry-After", "99999999"), kind: "1h0m0s"},
		"server error":       {answer: status(500), kind: plain, text: "500 Internal Server Error"},
		"unavailable":        {answer: status(503, "Retry-After", "7"), kind: "7s"},
		"gateway timeout":    {answer: status(504), kind: "too large", text: "504"},
		"no rights": {
			answer: api(403, "InsufficientAccessError", "The provided credentials have insufficient access"),
			kind:   "5s", text: `InsufficientAccessError: The provided credentials have insufficient access. Grant the identity the role "Log Analytics Reader"`,
		},
		"no workspace": {answer: api(404, "PathNotFoundError", "The requested path does not exist"), kind: "5s", text: "check workspace (the GUID"},
		"syntax": {
			answer: api(400, "BadArgumentError", "SyntaxError", "SYN0002", "Query could not be parsed at '|'"),
			kind:   "5s", text: "BadArgumentError/SyntaxError/SYN0002: Query could not be parsed at '|'",
		},
		"no such column": {
			answer: api(400, "BadArgumentError", "SemanticError", "SEM0100", "'where' operator: Failed to resolve scalar expression named 'Foo'"),
			kind:   "5s", text: "named 'Foo'",
		},
		"no such other table": {
			answer: api(400, "BadArgumentError", "SemanticError", "SEM0100", "Failed to resolve table or column expression named 'AuditLogs2'"),
			kind:   "5s", text: "named 'AuditLogs2'",
		},
		"no such table": {
			answer: api(400, "BadArgumentError", "SemanticError", "SEM0100", "Failed to resolve table or column expression named 'AuditLogs'"),
			kind:   "1m0s", text: "SEM0100", // it was there when the window was planned
		},
		"no content":         {answer: status(204), kind: "1m0s", text: "204"},
		"empty 200":          {answer: status(200), kind: plain, text: "reply is empty"},
		"no table":           {answer: text(`{"tables":[]}`), kind: plain, text: "no table called PrimaryResult"},
		"no object":          {answer: text(`[]`), kind: plain, text: "malformed near byte 1"},
		"redirect":           {answer: status(302, "Location", "https://elsewhere.example/"), kind: "5s", text: "302"},
		"other columns":      {answer: text(`{"tables":[{"name":"PrimaryResult","columns":[{"name":"A","type":"int"}],"rows":[]}]}`), kind: plain, text: "lacks TimeGenerated"},
		"long error message": {answer: api(400, "BadArgumentError", strings.Repeat("long ", 1000)), kind: "5s", text: "..."},
		"partial, no rows":   {answer: text(`{"tables":[],"error":` + partial + `}`), kind: "too large"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s := newService(t, test.answer)
			var got reading
			source := s.source(s.config())
			err := source.Read(t.Context(), testWindow(time.Minute), "", got.deliver)
			if kind := kindOf(err); kind != test.kind {
				t.Errorf("error is %q (%v), want %q", kind, err, test.kind)
			}
			if err != nil && (!strings.Contains(err.Error(), test.text) || len(err.Error()) > 1000 || strings.Contains(err.Error(), "\n")) {
				t.Errorf("error reads %q, want one line with %q", err, test.text)
			}
			if n := len(s.asked()); n != 1 {
				t.Errorf("%d requests, want 1", n)
			}
			if len(got.ids) > 0 {
				t.Errorf("%d events from a reply without rows", len(got.ids))
			}
		})
	}
}

func kindOf(err error) string {
	asked := new(pipeline.RetryAfter)
	switch {
	case err == nil:
		return ""
	case errors.Is(err, pipeline.ErrTooLarge):
		return "too large"
	case errors.As(err, &asked):
		return asked.Wait.String()
	}
	return plain
}

func status(code int, header ...string) func(http.ResponseWriter, string) {
	return func(w http.ResponseWriter, _ string) {
		for i := 0; i < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(code)
	}
}

func api(code int, codes ...string) func(http.ResponseWriter, string) {
	return func(w http.ResponseWriter, _ string) { fail(w, code, codes...) }
}

func text(reply string) func(http.ResponseWriter, string) {
	return func(w http.ResponseWriter, _ string) { fmt.Fprint(w, reply) }
}

func TestRetryAfterIsByTheServicesClock(t *testing.T) {
	h := http.Header{"Date": {"Fri, 02 Jan 2026 03:00:00 GMT"}, "Retry-After": {"Fri, 02 Jan 2026 03:02:00 GMT"}}
	if got := azure.RetryAfter(h); got != 2*time.Minute {
		t.Errorf("wait is %v, want 2m", got)
	}
}

func TestRefusalsAreAskedLessAndLess(t *testing.T) {
	s := newService(t, api(403, "InsufficientAccessError", "no"))
	source := s.source(s.config())
	var waits []string
	for range 8 {
		waits = append(waits, kindOf(source.Read(t.Context(), testWindow(time.Minute), "", nil)))
	}
	if got, want := strings.Join(waits, " "), "5s 10s 20s 40s 1m20s 2m40s 5m0s 5m0s"; got != want {
		t.Errorf("waits are %s, want %s", got, want)
	}
}

func TestTokenIsRenewedOnce(t *testing.T) {
	data := new(table)
	data.fill(1, 1)
	s := newService(t, data.answer)
	source := s.source(s.config())
	var got reading
	for range 2 {
		if err := source.Read(t.Context(), testWindow(time.Minute), "", got.deliver); err != nil {
			t.Fatal(err)
		}
		s.mu.Lock()
		s.valid = "revoked"
		s.mu.Unlock()
	}
	if len(got.ids) != 2 || s.issued != 2 || len(s.asked()) != 3 {
		t.Errorf("%d events, %d tokens, %d queries; want 2, 2, 3", len(got.ids), s.issued, len(s.asked()))
	}
	s.answer = api(401, "AuthenticationFailed", "no")
	err := source.Read(t.Context(), testWindow(time.Minute), "", got.deliver)
	if kindOf(err) != "5s" || !strings.Contains(err.Error(), "Check credential") || len(s.asked()) != 5 {
		t.Errorf("after %d queries the error is %v", len(s.asked()), err)
	}
}

func TestSecretIsReadAgainAndNeverShown(t *testing.T) {
	data := new(table)
	s := newService(t, data.answer)
	s.secret = "obviously-fake-rotated"
	c := s.config()
	source := s.source(c)
	err := source.Read(t.Context(), testWindow(time.Minute), "", nil)
	if kindOf(err) != "5s" || !strings.Contains(err.Error(), "get a token: AADSTS7000215: Invalid client secret provided.") {
		t.Errorf("error is %v", err)
	}
	if strings.Contains(fmt.Sprintf("%v %+v %#v", err, err, err), testSecret) {
		t.Errorf("the error shows the secret: %v", err)
	}
	write(t, c.Credential.SecretFile, []byte(s.secret))
	if err := source.Read(t.Context(), testWindow(time.Minute), "", nil); err != nil {
		t.Errorf("with the new secret: %v", err)
	}
	s.secret = "obviously-fake-third"
	s.valid = "revoked"
	write(t, c.Credential.SecretFile, []byte(s.secret))
	if err := source.Read(t.Context(), testWindow(time.Minute), "", nil); err != nil || len(s.asked()) != 2 {
		t.Errorf("with the third secret, after %d queries: %v", len(s.asked()), err)
	}
}

func TestCredentialFiles(t *testing.T) {
	s := newService(t, new(table).answer)
	tests := map[string]struct {
		change func(c *Config)
		text   string
	}{
		"readable by others": {func(c *Config) {
			if err := os.Chmod(c.Credential.SecretFile, 0o644); err != nil {
				t.Fatal(err)
			}
		}, "chmod 0600"},
		"absent": {func(c *Config) { c.Credential.SecretFile += "x" }, "no such file"},
		"empty":  {func(c *Config) { write(t, c.Credential.SecretFile, []byte("\n")) }, "is empty"},
		"no certificate": {func(c *Config) {
			c.Credential.Kind, c.Credential.CertificateFile = "certificate", c.Credential.SecretFile
		}, "must hold a certificate and its private key"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			c := s.config()
			test.change(&c)
			err := s.source(c).Read(t.Context(), testWindow(time.Minute), "", nil)
			if err == nil || !strings.Contains(err.Error(), test.text) || strings.Contains(err.Error(), testSecret) {
				t.Errorf("error is %v, want %q in it", err, test.text)
			}
		})
	}
}

func TestUnknownAuthorityIsRefused(t *testing.T) {
	s := newService(t, new(table).answer)
	c := s.config()
	c.CAFile = ""
	err := s.source(c).Read(t.Context(), testWindow(time.Minute), "", nil)
	if err == nil || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("error is %v, want one about the certificate", err)
	}
}

func TestPackedReplies(t *testing.T) {
	data := new(table)
	data.fill(2000, 10)
	packed := func(cut int) func(w http.ResponseWriter, query string) {
		return func(w http.ResponseWriter, query string) {
			rec := new(recorder)
			data.answer(rec, query)
			var b bytes.Buffer
			z := gzip.NewWriter(&b)
			z.Write([]byte(rec.String()))
			z.Close()
			w.Header().Set("Content-Encoding", "gzip")
			w.Write(b.Bytes()[:b.Len()-cut])
		}
	}
	for cut, want := range map[int]string{0: "", 1: plain, 8: plain, 100: plain} {
		s := newService(t, packed(cut))
		var got reading
		err := s.source(s.config()).Read(t.Context(), testWindow(time.Minute), "", got.deliver)
		if kindOf(err) != want {
			t.Errorf("%d bytes cut: error is %v", cut, err)
		}
		if cut == 0 && len(got.ids) != 2000 {
			t.Errorf("%d events, want 2000", len(got.ids))
		}
	}
	s := newService(t, func(w http.ResponseWriter, _ string) { // an error may be packed as well
		w.Header().Set("Content-Encoding", "gzip")
		w.WriteHeader(http.StatusBadRequest)
		z := gzip.NewWriter(w)
		fmt.Fprint(z, `{"error":{"code":"BadArgumentError","message":"packed words"}}`)
		z.Close()
	})
	err := s.source(s.config()).Read(t.Context(), testWindow(time.Minute), "", nil)
	if err == nil || !strings.Contains(err.Error(), "packed words") {
		t.Errorf("error is %v", err)
	}
}

// A reply of nothing but white space packs a thousandfold.
func TestBombIsCut(t *testing.T) {
	s := newService(t, func(w http.ResponseWriter, _ string) {
		w.Header().Set("Content-Encoding", "gzip")
		z := gzip.NewWriter(w)
		space := bytes.Repeat([]byte(" "), 1<<20)
		for range 16 {
			if _, err := z.Write(space); err != nil {
				return
			}
		}
	})
	source := s.source(s.config())
	if err := source.Read(t.Context(), testWindow(time.Minute), "", nil); !errors.Is(err, azure.ErrTooLong) || !errors.Is(err, pipeline.ErrTooLarge) {
		t.Errorf("error is %v", err)
	}
}

func TestSlowAnswers(t *testing.T) {
	release := make(chan struct{})
	defer close(release)
	s := newService(t, func(w http.ResponseWriter, _ string) {
		fmt.Fprint(w, `{"tables":[`)
		w.(http.Flusher).Flush()
		<-release
	})
	conn, err := newConnection(s.config())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.transport.(*azure.Transport).CloseIdleConnections()
	conn.stall = time.Millisecond
	if _, err := conn.Query(t.Context(), "AuditLogs", discard{}); !errors.Is(err, errStalled) {
		t.Errorf("error is %v, want that the reply stood still", err)
	}
}

func TestHoldStopsAllQueries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter(defaultRequests, maxQueries)
		start := time.Now()
		l.hold(10 * time.Minute)
		l.hold(time.Second) // doesn't shorten it
		release, err := l.acquire(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		release()
		release() // harmless
		if waited := time.Since(start); waited != 10*time.Minute {
			t.Errorf("waited %v, want 10m", waited)
		}
	})
}

func TestLimiterStaysWithinLimits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLimiter(defaultRequests, maxQueries)
		var at []time.Time
		for range 1000 {
			release, err := l.acquire(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			at = append(at, time.Now())
			release()
		}
		for i := range at {
			if k := i + 200; k < len(at) && at[k].Sub(at[i]) < limitPeriod {
				t.Fatalf("200 requests within %v", at[k].Sub(at[i]))
			}
		}
		for range maxQueries {
			if _, err := l.acquire(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		go func() { <-l.places }()
		start := time.Now()
		if _, err := l.acquire(t.Context()); err != nil || time.Since(start) > time.Second {
			t.Errorf("a free place isn't taken: %v after %v", err, time.Since(start))
		}
	})
}

// TestWorkspacesOfOneIdentityShareItsLimits also has another identity, which has limits of its own.
func TestWorkspacesOfOneIdentityShareItsLimits(t *testing.T) {
	s := newService(t, api(400, "BadArgumentError", "no"))
	one, two, other := s.config(), s.config(), s.config()
	two.Workspace, other.Credential.ClientID = "22222222-2222-3333-4444-555555555555", "another"
	var all Workspaces
	var limits []*limiter
	for _, c := range []Config{one, two, other} {
		if _, err := all.New(c, quiet()); err != nil {
			t.Fatal(err)
		}
		limits = append(limits, all.limiter(c))
	}
	if limits[0] != limits[1] || limits[0] == limits[2] || cap(limits[0].places) != maxQueries {
		t.Errorf("limiters %v", limits)
	}
	one.Modest = true
	if l := new(Workspaces).limiter(one); cap(l.places) != 1 || l.rate.Burst() >= limits[0].rate.Burst() {
		t.Errorf("a modest reading has %d queries at once and a burst of %d", cap(l.places), l.rate.Burst())
	}
}

// drip gives a byte a second.
type drip struct{}

func (drip) Read(p []byte) (int, error) {
	time.Sleep(time.Second)
	return copy(p, " "), nil
}

// TestATricklingReplyIsGivenUp also has a receiver that is slow, which is no reason.
func TestATricklingReplyIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancelCause(t.Context())
		defer cancel(nil)
		begin, w := time.Now(), &watched{body: drip{}, stall: time.Minute, cancel: cancel}
		for ctx.Err() == nil {
			if _, err := w.Read(make([]byte, 512)); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Second) // the receiver
			synctest.Wait()
		}
		if took := time.Since(begin); !errors.Is(context.Cause(ctx), errStalled) || took < 110*time.Second || took > 130*time.Second {
			t.Errorf("given up after %v: %v", took, context.Cause(ctx))
		}
	})
}
