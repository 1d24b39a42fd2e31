package event

import (
	"net/netip"
	"net/url"
	"strings"
)

// uri is a redirect or application URI, taken apart.
type uri struct {
	valid    bool
	scheme   string
	host     string
	port     string
	path     string
	wildcard bool
	loopback bool
	ip       bool
	punycode bool
}

// parseURI reads an absolute URI (RFC 3986). A text that isn't one is not valid and has empty parts; whether it has a
// wildcard is told all the same.
func parseURI(s string) uri {
	out := uri{wildcard: strings.Contains(s, "*")}
	u, err := url.Parse(strings.TrimSpace(s))
	if err != nil || u.Scheme == "" {
		return out
	}
	out.valid, out.scheme, out.port, out.path = true, strings.ToLower(u.Scheme), u.Port(), u.Path
	if u.Opaque != "" {
		out.path = u.Opaque
	}
	out.host = strings.TrimSuffix(strings.ToLower(u.Hostname()), ".")
	if address, err := netip.ParseAddr(out.host); err == nil {
		out.ip, out.loopback = true, address.Unmap().IsLoopback()
	}
	if out.host == "localhost" || strings.HasSuffix(out.host, ".localhost") {
		out.loopback = true
	}
	for _, label := range strings.Split(out.host, ".") {
		out.punycode = out.punycode || strings.HasPrefix(label, "xn--")
	}
	return out
}

// under reports whether host is the domain or lies under it.
func under(host, domain string) bool {
	host, domain = strings.TrimSuffix(strings.ToLower(host), "."), strings.ToLower(domain)
	return domain != "" && (host == domain || strings.HasSuffix(host, "."+domain))
}
