package azure

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/klauspost/compress/gzip"

	"github.com/riskrelay/riskrelay/host/inputfile"
	"github.com/riskrelay/riskrelay/host/secret"
)

const (
	maxErrorReply = 1 << 20
	// maxRatio is how much a reply may grow when it is unpacked; logs grow 5 to 30 times. It counts from ratioFrom on.
	maxRatio  = 200
	ratioFrom = 8 << 20
)

// maxWaiting is how many bytes of a reply wait to be read: what the sinks can't take yet stays with the service. Go's own
// choice is four times as much.
const maxWaiting = 512 << 10

// ErrTooLong says that a reply was cut off by this side.
var ErrTooLong = errors.New("reply is longer than allowed")

// Transport sends azcore's requests. It does the unpacking itself, so that a small reply can't become a huge one.
type Transport struct {
	client  *http.Client
	limit   int64
	secrets *secret.Keeper
}

// NewTransport returns a transport that trusts the certificates in caFile (PEM; "" for none) besides the system's, keeps so
// many idle connections to a host, and cuts replies off behind limit bytes. Secrets remembers what it sends to prove who asks,
// and cleans refusals and errors of it; nil does neither. The error is about the file.
func NewTransport(caFile string, connections int, limit int64, secrets *secret.Keeper) (*Transport, error) {
	dialer := &net.Dialer{Timeout: 30 * time.Second, KeepAlive: 30 * time.Second}
	t := &http.Transport{
		Proxy: http.ProxyFromEnvironment, DialContext: dialer.DialContext, TLSHandshakeTimeout: 15 * time.Second,
		MaxIdleConnsPerHost: connections, IdleConnTimeout: 90 * time.Second, ForceAttemptHTTP2: true,
		// Without pings a dead HTTP/2 connection looks like a slow query.
		HTTP2: &http.HTTP2Config{
			SendPingTimeout: 30 * time.Second, PingTimeout: 15 * time.Second,
			MaxReceiveBufferPerStream: maxWaiting,
		},
		TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12},
	}
	if caFile != "" {
		pem, err := inputfile.Read(caFile, inputfile.MaxConfig)
		if err != nil {
			return nil, fmt.Errorf("read ca_file: %w", err)
		}
		pool, err := x509.SystemCertPool()
		if err != nil {
			pool = x509.NewCertPool() // a system without certificates: only those of the file count
		}
		if !pool.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("read ca_file: %s holds no PEM certificate", caFile)
		}
		t.TLSClientConfig.RootCAs = pool
	}
	return &Transport{limit: limit, secrets: secrets, client: &http.Client{
		Transport: t,
		// A redirect could carry a token to another host; the API has none.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}, nil
}

// Do implements policy.Transporter.
func (t *Transport) Do(req *http.Request) (*http.Response, error) {
	if req.Header.Get("Accept-Encoding") == "" {
		req.Header.Set("Accept-Encoding", "gzip")
	}
	token := t.remember(req)
	resp, err := t.client.Do(req)
	if err != nil {
		return nil, t.secrets.CleanError(err)
	}
	limit := t.limit
	if resp.StatusCode >= http.StatusBadRequest {
		limit = maxErrorReply
	}
	packed := resp.Header.Get("Content-Encoding") == "gzip"
	resp.Body = &body{raw: resp.Body, limit: limit, packed: packed}
	if packed {
		resp.Header.Del("Content-Encoding")
		resp.Header.Del("Content-Length")
		resp.ContentLength, resp.Uncompressed = -1, true
	}
	t.screen(resp, token)
	return resp, nil
}

// CloseIdleConnections ends connections that carry nothing.
func (t *Transport) CloseIdleConnections() { t.client.CloseIdleConnections() }

// body unpacks a reply and stops at its limits.
type body struct {
	raw      io.ReadCloser
	packed   bool
	unpacked *gzip.Reader
	limit    int64
	in, out  int64
}

// Read reads unpacked bytes.
func (b *body) Read(p []byte) (n int, err error) {
	if b.packed {
		n, err = b.unpack(p)
	} else {
		n, err = b.raw.Read(p)
	}
	b.out += int64(n)
	switch {
	case b.out > b.limit:
		return 0, fmt.Errorf("%w: more than %d bytes", ErrTooLong, b.limit)
	case b.packed && b.out > ratioFrom && b.out > maxRatio*b.in:
		return 0, fmt.Errorf("%w: %d bytes became more than %d times as many", ErrTooLong, b.in, maxRatio)
	}
	return n, err
}

func (b *body) unpack(p []byte) (n int, err error) {
	if b.unpacked == nil { // only now: making a gzip reader reads its header
		if b.unpacked, err = gzip.NewReader((*counter)(b)); err != nil {
			b.unpacked = nil
			if errors.Is(err, io.EOF) {
				return 0, io.EOF // an empty body
			}
			return 0, fmt.Errorf("unpack: %w", err)
		}
	}
	return b.unpacked.Read(p)
}

// Close ends the reply.
func (b *body) Close() error { return b.raw.Close() }

// counter counts the packed bytes of a body.
type counter body

// Read reads packed bytes.
func (c *counter) Read(p []byte) (int, error) {
	n, err := c.raw.Read(p)
	c.in += int64(n)
	return n, err
}
