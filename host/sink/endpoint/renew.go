package endpoint

import (
	"context"
	"net"
	"net/http"
	"sync"
	"time"
)

// renewing is a transport that goes on with new connections once the files of certificates have changed or connections are old:
// then the receiver's name is looked up anew. Requests that are under way end on the old ones, which are closed behind them.
type renewing struct {
	tls   TLS
	proxy Proxy

	mu      sync.Mutex
	stamp   string
	made    time.Time
	current *http.Transport
}

func newRenewing(tls TLS, proxy Proxy) *renewing {
	return &renewing{tls: tls, proxy: proxy, stamp: tls.Stamp(), made: time.Now(), current: transportOf(tls, proxy)}
}

// ConnectionAge bounds how long a connection is used, so that changes in DNS take effect.
const ConnectionAge = 5 * time.Minute

func transportOf(tls TLS, proxy Proxy) *http.Transport {
	return &http.Transport{
		DialContext: proxy.Dial,
		DialTLSContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			conn, err := proxy.Dial(ctx, network, address)
			if err != nil {
				return nil, err
			}
			return Handshake(ctx, conn, address, tls)
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
	stamp, renewed := r.tls.Renewed(r.stamp)
	if now := time.Now(); renewed || now.Sub(r.made) >= ConnectionAge {
		r.current.CloseIdleConnections()
		r.stamp, r.made, r.current = stamp, now, transportOf(r.tls, r.proxy)
	}
	return r.current
}

// CloseIdleConnections is what http.Client asks for.
func (r *renewing) CloseIdleConnections() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.current.CloseIdleConnections()
}
