package admin

import "net"

// guarded is a listener that hangs up on callers who are foreign.
type guarded struct {
	net.Listener
	foreign func(pid int) bool
}

// Accept waits for the next caller who may ask.
func (g *guarded) Accept() (net.Conn, error) {
	for {
		conn, err := g.Listener.Accept()
		if err != nil || g.welcome(conn) {
			return conn, err
		}
		_ = conn.Close()
	}
}
