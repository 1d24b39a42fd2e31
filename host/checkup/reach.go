package checkup

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"syscall"
	"time"
)

// Target is what is to be reached.
type Target struct {
	Address string      // host:port
	TLS     *tls.Config // nil for a plain connection
	// Dial connects as the real thing does; nil is a plain dial.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// Proxy is an HTTP proxy on the way, nil for none.
	Proxy *url.URL
	// Key is the configuration's key that holds the address, as "url"; CAKey and CertKey are those of the authorities and of the
	// client's certificate.
	Key, CAKey, CertKey string
	// Idle says what else may be wrong when nothing listens there; "" for nothing.
	Idle string
}

// stepTimeout bounds each step.
const stepTimeout = 10 * time.Second

// Reach resolves the name, connects and makes the TLS handshake, and notes each as a step. It reports whether all went well;
// the connection is closed.
func Reach(ctx context.Context, r *Report, t Target) bool {
	first, key := t.Address, t.Key
	if t.Proxy != nil {
		first, key = proxyAddress(t.Proxy), "HTTPS_PROXY"
	}
	conn, ok := connect(ctx, r, t, first, key)
	if !ok {
		return false
	}
	defer conn.Close() //nolint:errcheck // nothing was sent
	if t.Proxy != nil && !tunnel(ctx, r, t, conn) {
		return false
	}
	return t.TLS == nil || handshake(ctx, r, t, conn)
}

// Resolve looks the host of an address up and notes that as a step.
func Resolve(ctx context.Context, r *Report, address, key string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		r.Problem("dns", "give host and port in "+key, "%s is no address: %v", address, err)
		return false
	}
	if _, err := netip.ParseAddr(host); err == nil {
		return true // nothing to look up
	}
	ctx, cancel := context.WithTimeout(ctx, stepTimeout)
	defer cancel()
	found, err := net.DefaultResolver.LookupHost(ctx, host)
	if err == nil {
		r.OK("dns", "%s is %s", host, strings.Join(found, ", "))
		return true
	}
	fix, missing := "ask your DNS servers, which /etc/resolv.conf names, for the name", new(net.DNSError)
	if errors.As(err, &missing) && missing.IsNotFound {
		fix = "correct the name in " + key + ", or have it added to DNS"
	}
	r.Problem("dns", fix, "look up %s: %v", host, err)
	return false
}

func connect(ctx context.Context, r *Report, t Target, address, key string) (net.Conn, bool) {
	if !Resolve(ctx, r, address, key) {
		return nil, false
	}
	dial := t.Dial
	if dial == nil {
		dial = new(net.Dialer).DialContext
	}
	ctx, cancel := context.WithTimeout(ctx, stepTimeout)
	defer cancel()
	begin := time.Now()
	conn, err := dial(ctx, "tcp", address)
	if err != nil {
		r.Problem("tcp", dialFix(err, key, t.Idle), "connect to %s: %v", address, err)
		return nil, false
	}
	r.OK("tcp", "connected to %s in %v", address, time.Since(begin).Round(time.Millisecond/10))
	return conn, true
}

func dialFix(err error, key, idle string) string {
	timeout := net.Error(nil)
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return "nothing listens there: is the port in " + key + " right, and the receiver running?" + idle
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		return "there is no route: check this machine's network, and IPv6 if the address is one"
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return "no answer: a firewall in between drops the packets, or the host in " + key + " is down"
	}
	return "check " + key + " and the network"
}

func proxyAddress(proxy *url.URL) string {
	if proxy.Port() != "" {
		return proxy.Host
	}
	if proxy.Scheme == "https" {
		return net.JoinHostPort(proxy.Hostname(), "443")
	}
	return net.JoinHostPort(proxy.Hostname(), "80")
}

// tunnel asks the proxy for a way to the target (RFC 9110, 9.3.6).
func tunnel(ctx context.Context, r *Report, t Target, conn net.Conn) bool {
	request := &http.Request{Method: http.MethodConnect, URL: &url.URL{Opaque: t.Address}, Host: t.Address, Header: http.Header{}}
	if user := t.Proxy.User; user != nil {
		password, _ := user.Password()
		request.Header.Set("Proxy-Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(user.Username()+":"+password)))
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	_ = conn.SetDeadline(time.Now().Add(stepTimeout)) // fails only on a closed connection, as Write will
	err := request.Write(conn)
	var reply *http.Response
	if err == nil {
		reply, err = http.ReadResponse(bufio.NewReaderSize(conn, 4096), request)
	}
	if err != nil {
		r.Problem("proxy", "check HTTPS_PROXY: is it an HTTP proxy?", "ask the proxy %s for %s: %v", t.Proxy.Host, t.Address, err)
		return false
	}
	_ = reply.Body.Close() // a tunnel has none
	switch reply.StatusCode {
	case http.StatusOK:
		r.OK("proxy", "%s lets through to %s", t.Proxy.Host, t.Address)
		return true
	case http.StatusProxyAuthRequired:
		r.Problem("proxy", "give user and password in HTTPS_PROXY: http://user:password@host:port", "the proxy %s wants a password", t.Proxy.Host)
	default:
		r.Problem("proxy", "have the proxy let "+t.Address+" through, or add the host to NO_PROXY", "the proxy %s answered %s", t.Proxy.Host, reply.Status)
	}
	return false
}

func handshake(ctx context.Context, r *Report, t Target, conn net.Conn) bool {
	config := t.TLS.Clone()
	if config.ServerName == "" {
		config.ServerName, _, _ = net.SplitHostPort(t.Address) // connect has checked it
	}
	ctx, cancel := context.WithTimeout(ctx, stepTimeout)
	defer cancel()
	secured := tls.Client(conn, config)
	if err := secured.HandshakeContext(ctx); err != nil {
		says, fix := Explain(err, t, config.ServerName)
		r.Problem("tls", fix, "%s", says)
		return false
	}
	state := secured.ConnectionState()
	leaf := state.PeerCertificates[0]
	says := fmt.Sprintf("%s with %s, certificate for %s by %s until %s", tls.VersionName(state.Version), config.ServerName, names(leaf), issuer(leaf), day(leaf.NotAfter))
	if left := time.Until(leaf.NotAfter); left < Soon {
		r.Warn("tls", "have the receiver's certificate renewed", "%s: %s", says, inDays(left))
		return true
	}
	r.OK("tls", "%s", says)
	return true
}
