package admin

import (
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// addressed lets requests through that name this server in their Host header, and answers 421 to others. A page in
// somebody's browser can have its own name lead here (DNS rebinding), but not call itself by one of ours.
// Names are those by which the server may be called beside the address at which a connection reached it, in any case.
func addressed(names []string, pages http.Handler) http.Handler {
	ours := map[string]bool{}
	for _, name := range names {
		ours[hostName(name)] = true
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name := hostName(hostOf(r.Host))
		local, _ := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
		if name == "" || !ours[name] && !isAt(name, local) {
			answer(w, http.StatusMisdirectedRequest, "this server isn't called so: add the name to metrics.hosts\n") // not repeated to whoever made it up
			return
		}
		pages.ServeHTTP(w, r)
	})
}

// isAt reports whether a name is the address of a connection's own end, or one of the loopback's names where that is on the
// loopback.
func isAt(name string, local net.Addr) bool {
	tcp, ok := local.(*net.TCPAddr)
	if !ok {
		return false
	}
	here := tcp.AddrPort().Addr().Unmap().WithZone("")
	if name == "localhost" {
		return here.IsLoopback()
	}
	called, err := netip.ParseAddr(name)
	return err == nil && (called == here || called.IsLoopback() && here.IsLoopback())
}

// hostOf is a Host header without its port. https://www.rfc-editor.org/rfc/rfc9110#section-7.2
func hostOf(header string) string {
	if host, _, err := net.SplitHostPort(header); err == nil {
		return host
	}
	return header
}

// hostName is a name or an address as names are compared: without brackets, a zone and the dot at its end, in lower case.
func hostName(name string) string {
	name = strings.TrimSuffix(strings.TrimPrefix(name, "["), "]")
	if address, err := netip.ParseAddr(name); err == nil {
		return address.Unmap().WithZone("").String()
	}
	return strings.ToLower(strings.TrimSuffix(name, "."))
}
