package splunkhec_test

import (
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/riskrelay/riskrelay/host/sink/sinktest"
	"github.com/riskrelay/riskrelay/host/sink/splunkhec/hectest"
)

// TestLoadBalancer is about two indexers behind one address: acknowledgements are known only where the events went.
func TestLoadBalancer(t *testing.T) {
	for _, sticky := range []bool{true, false} {
		a, config := start(t, hectest.Config{Ack: true})
		b, _ := start(t, hectest.Config{Ack: true})
		config.URL, config.Ack, config.AckTimeout = balance(t, sticky, a, b), true, 100*time.Millisecond
		if sticky {
			config.AckTimeout = time.Minute
		}
		sink := newSink(t, config)
		for range 4 {
			receipt, err := sink.Send(t.Context(), sinktest.Events(10))
			switch {
			case sticky && (err != nil || receipt.Events != 10):
				t.Errorf("sticky: receipt %+v, %v", receipt, err)
			case !sticky && (err == nil || !strings.Contains(err.Error(), "is the load balancer sticky?")):
				t.Errorf("not sticky: receipt %+v, %v", receipt, err)
			}
		}
	}
}

// balance is a load balancer's URL. A sticky one sets a cookie; one that isn't asks the other indexer for acknowledgements.
func balance(t *testing.T, sticky bool, servers ...*hectest.Server) string {
	t.Helper()
	var to []http.Handler
	transport := &http.Transport{DisableKeepAlives: true}
	for _, s := range servers {
		u, err := url.Parse(s.URL)
		if err != nil {
			t.Fatal(err)
		}
		to = append(to, &httputil.ReverseProxy{
			Rewrite:   func(r *httputil.ProxyRequest) { r.SetURL(u) },
			Transport: transport,
		})
	}
	var next atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		at := next.Add(1) % 2
		if cookie, err := r.Cookie("node"); err == nil {
			at = int64(cookie.Value[0] - '0')
		}
		switch {
		case sticky:
			http.SetCookie(w, &http.Cookie{Name: "node", Value: string('0' + rune(at)), Path: "/"})
		case strings.HasSuffix(r.URL.Path, "/ack"):
			at = 1
		default:
			at = 0
		}
		to[at].ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	return server.URL
}
