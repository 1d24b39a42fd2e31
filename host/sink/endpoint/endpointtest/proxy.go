package endpointtest

import (
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
)

// Proxy is an HTTP proxy that makes tunnels, for tests.
type Proxy struct {
	*httptest.Server
	// Auth is the value of Proxy-Authorization that is wanted; "" for none.
	Auth string
	// Answer is the status of each answer but of those that refuse the password; 0 for tunnels.
	Answer int

	mu     sync.Mutex
	asked  []string
	tunnel sync.WaitGroup
}

// NewProxy starts a proxy, which stops with Stop.
func NewProxy() *Proxy {
	p := new(Proxy)
	p.Server = httptest.NewServer(p)
	return p
}

// NewTLSProxy starts a proxy that speaks TLS itself, which stops with Stop.
func NewTLSProxy(config *tls.Config) *Proxy {
	p := new(Proxy)
	p.Server = httptest.NewUnstartedServer(p)
	p.TLS = config
	p.StartTLS()
	return p
}

// Stop ends the proxy. The tunnels through it must be closed or about to be.
func (p *Proxy) Stop() {
	p.Close()
	p.tunnel.Wait()
}

// Asked are the addresses that tunnels were wanted to.
func (p *Proxy) Asked() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]string(nil), p.asked...)
}

// ServeHTTP makes a tunnel.
func (p *Proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	p.asked = append(p.asked, r.Host)
	p.mu.Unlock()
	switch {
	case r.Method != http.MethodConnect:
		w.WriteHeader(http.StatusMethodNotAllowed)
		return
	case p.Auth != "" && r.Header.Get("Proxy-Authorization") != p.Auth:
		w.WriteHeader(http.StatusProxyAuthRequired)
		return
	case p.Answer != 0:
		w.WriteHeader(p.Answer)
		return
	}
	far, err := new(net.Dialer).DialContext(r.Context(), "tcp", r.Host)
	if err != nil {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	near, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		far.Close() //nolint:errcheck // nothing was sent
		return
	}
	_, _ = io.WriteString(near, "HTTP/1.1 200 Connection established\r\n\r\n") // the copies below fail with it
	for _, way := range [][2]net.Conn{{near, far}, {far, near}} {
		p.tunnel.Go(func() {
			_, _ = io.Copy(way[0], way[1]) // either end may go away at any time
			_, _ = way[0].Close(), way[1].Close()
		})
	}
}
