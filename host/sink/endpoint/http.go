package endpoint

import (
	"context"
	"net"
	"net/http"
	"net/http/cookiejar"
	"strconv"
	"time"
)

// HTTPClient returns an HTTP client for a receiver that is known as t says, through p. It follows no redirects, which would carry
// secrets to a host that nobody configured, and keeps cookies in memory, as they hold a load balancer's choice. Its connections are
// replaced when files of t change, and after ConnectionAge.
func HTTPClient(t TLS, p Proxy) *http.Client {
	jar, _ := cookiejar.New(nil) // never fails without options
	return &http.Client{
		Jar:           jar,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport:     newRenewing(t, p),
	}
}

// maxWait caps what a server may ask for.
const maxWait = time.Hour

// RetryAfter reads the header of that name: seconds or a date (RFC 9110, 10.2.3); 0 when it is neither, an hour at most.
func RetryAfter(header string, now time.Time) time.Duration {
	if seconds, err := strconv.ParseUint(header, 10, 31); err == nil {
		return min(maxWait, time.Duration(seconds)*time.Second)
	}
	if at, err := http.ParseTime(header); err == nil {
		return min(maxWait, max(0, at.Sub(now)))
	}
	return 0
}

// ValidPort reports whether port is a number from 1 to 65535, or the name of a service.
func ValidPort(port string) bool {
	n, err := net.DefaultResolver.LookupPort(context.Background(), "tcp", port) // asks nobody: names are in a file
	return err == nil && n > 0
}

// Loopback reports whether host, without a port, is this machine.
func Loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
