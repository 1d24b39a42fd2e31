package endpoint

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/riskrelay/riskrelay/host/secret"
)

// Proxy is an HTTP proxy that makes tunnels (RFC 9110, 9.3.6). The zero value stands for none.
type Proxy struct {
	URL      string // http://proxy.example.com:3128, or https:// where the proxy itself speaks TLS
	AuthFile string // holds user:password; "" for none
	CAFile   string // PEM; authorities that may sign the proxy's certificate, besides the system's
	// Secrets reads and remembers the password; nil only reads it.
	Secrets *secret.Keeper
}

// Validate returns what is wrong with p, nil for nothing. It reads no file.
func (p Proxy) Validate() error {
	u, err := url.Parse(p.URL)
	switch {
	case p.URL == "" && p.AuthFile == "":
		return nil
	case p.URL == "":
		return errors.New("proxy_auth_file: name a proxy too")
	case strings.Contains(p.URL, "@"): // also where there is no scheme, when it isn't read as a URL with a user
		return errors.New("proxy: holds a user or password: put them into proxy_auth_file as user:password")
	case err != nil:
		return errors.New("proxy: not a URL: want something like http://proxy.example.com:3128")
	case u.Scheme != "http" && u.Scheme != "https" || u.Port() == "" || u.Path != "" && u.Path != "/" || u.RawQuery != "":
		return fmt.Errorf("proxy: %q is not like http://proxy.example.com:3128", p.URL)
	}
	return nil
}

// CheckFiles reads the password, if there is one, and says what is wrong with its file.
func (p Proxy) CheckFiles() error {
	if p.AuthFile == "" {
		return nil
	}
	_, err := p.user().Get()
	return err
}

func (p Proxy) user() *secret.File { return p.Secrets.File("proxy_auth_file", p.AuthFile, password) }

// Dial connects to address, through the proxy if there is one. What the proxy refuses is an error that names the proxy, never its
// password.
func (p Proxy) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	if p.URL == "" {
		return Dial(ctx, network, address)
	}
	if host, _, err := net.SplitHostPort(address); err == nil && net.ParseIP(host) != nil {
		if err := Allowed(address); err != nil { // names are looked up by the proxy
			return nil, err
		}
	}
	u, err := url.Parse(p.URL)
	if err != nil {
		return nil, errors.New("dial: the proxy's URL can't be read")
	}
	request := &http.Request{Method: http.MethodConnect, URL: &url.URL{Opaque: address}, Host: address, Header: http.Header{}}
	if p.AuthFile != "" {
		user, err := p.user().Get()
		if err != nil {
			return nil, err
		}
		request.Header.Set("Proxy-Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(user)))
	}
	conn, err := Dial(ctx, network, u.Host)
	if err != nil {
		return nil, fmt.Errorf("reach the proxy %s: %w", u.Host, err)
	}
	if u.Scheme == "https" {
		if conn, err = p.handshake(ctx, conn, u.Hostname()); err != nil {
			return nil, fmt.Errorf("reach the proxy %s: TLS handshake: %w", u.Host, err)
		}
	}
	if err := tunnel(ctx, conn, request); err != nil {
		conn.Close() //nolint:errcheck // the dial has failed already
		return nil, fmt.Errorf("ask the proxy %s for %s: %w", u.Host, address, err)
	}
	return conn, nil
}

// password is the secret of an AuthFile.
func password(content string) (string, error) {
	_, password, ok := strings.Cut(content, ":")
	if !ok {
		return "", errors.New("must hold user:password")
	}
	return password, nil
}

// handshake makes conn a TLS connection to the proxy. It closes conn when that fails.
func (p Proxy) handshake(ctx context.Context, conn net.Conn, host string) (net.Conn, error) {
	config, err := TLS{CAFile: p.CAFile, ServerName: host, alsoSystem: true}.Config()
	if err != nil {
		conn.Close() //nolint:errcheck // the dial has failed already
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	secured := tls.Client(conn, config)
	if err := secured.HandshakeContext(ctx); err != nil {
		conn.Close() //nolint:errcheck // the dial has failed already
		return nil, err
	}
	return secured, nil
}

// maxHeader bounds what is read of a proxy's answer.
const maxHeader = 64 << 10

// tunnel asks the proxy at the other end of conn for a tunnel.
func tunnel(ctx context.Context, conn net.Conn, request *http.Request) error {
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) }) // ends what is read or written
	defer stop()
	if err := conn.SetDeadline(time.Now().Add(dialTimeout)); err != nil {
		return err
	}
	if err := request.Write(conn); err != nil {
		return err
	}
	reader := bufio.NewReader(io.LimitReader(conn, maxHeader))
	response, err := http.ReadResponse(reader, request)
	if err != nil {
		return err
	}
	response.Body.Close() //nolint:errcheck // what a tunnel's answer holds isn't read
	switch {
	case response.StatusCode == http.StatusProxyAuthRequired:
		return errors.New("it wants another user or password (HTTP 407): check proxy_auth_file")
	case response.StatusCode != http.StatusOK:
		return fmt.Errorf("it answers HTTP %d: may it reach that host and port?", response.StatusCode)
	case reader.Buffered() > 0:
		return errors.New("it sends data before the receiver can have")
	}
	if !stop() {
		return context.Cause(ctx)
	}
	return conn.SetDeadline(time.Time{})
}
