package splunkhec

import (
	"context"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/riskrelay/riskrelay/host/sink/endpoint"
)

// renewing is a transport that goes on with new connections once the files of certificates have changed. Requests that are under
// way end on the old ones, which are closed behind them.
type renewing struct {
	tls endpoint.TLS

	mu      sync.Mutex
	stamp   string
	current *http.Transport
}

func newRenewing(tls endpoint.TLS) *renewing {
	return &renewing{tls: tls, stamp: tls.Stamp(), current: newTransport(tls)}
}

func newTransport(tls endpoint.TLS) *http.Transport {
	return &http.Transport{
		DialContext: endpoint.Dial,
		DialTLSContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			conn, err := endpoint.Dial(ctx, network, address)
			if err != nil {
				return nil, err
			}
			return endpoint.Handshake(ctx, conn, address, tls)
		},
		MaxIdleConnsPerHost: 64,
		IdleConnTimeout:     time.Minute,
		DisableCompression:  true,
		WriteBufferSize:     64 << 10,
	}
}

// RoundTrip implements http.RoundTripper.
func (r *renewing) RoundTrip(request *http.Request) (*http.Response, error) {
	return r.transport().RoundTrip(request)
}

func (r *renewing) transport() *http.Transport {
	r.mu.Lock()
	defer r.mu.Unlock()
	if stamp, renewed := r.tls.Renewed(r.stamp); renewed {
		r.current.CloseIdleConnections()
		r.stamp, r.current = stamp, newTransport(r.tls)
	}
	return r.current
}

// CloseIdleConnections is what http.Client asks for.
func (r *renewing) CloseIdleConnections() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.current.CloseIdleConnections()
}

// Certificates are those that are in use, as endpoint.Certificates says.
func (s *Sink) Certificates() []endpoint.Certificate { return s.certificates.All() }
