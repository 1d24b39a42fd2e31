package admin

import (
	"net"
	"net/http"
	"slices"
	"sync"
)

// maxConns is how many connections a server has at once: monitoring systems and health checks need a few each.
const maxConns = 64

// crowd is a listener with at most so many connections open. One more is let in at the cost of the oldest that hasn't
// sent a whole request, of the oldest of all when each is being answered: whoever opens connections and says nothing, or
// doesn't read, keeps neither the process's descriptors nor others out.
type crowd struct {
	net.Listener
	most int

	mu     sync.Mutex
	guests []guest // the oldest first
}

// guest is an open connection.
type guest struct {
	conn  net.Conn
	asked bool // a whole request has come and isn't answered yet
}

// Accept waits for a connection and ends another one where there are too many.
func (c *crowd) Accept() (net.Conn, error) {
	conn, err := c.Listener.Accept()
	if err != nil {
		return nil, err
	}
	if leaves := c.admit(conn); leaves != nil {
		_ = leaves.Close() // whoever is at the other end sees that, and the server when it reads or writes
	}
	return conn, nil
}

// admit takes note of a connection, and returns the one that must give way, nil for none.
func (c *crowd) admit(conn net.Conn) (leaves net.Conn) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.guests) >= c.most {
		i := max(0, slices.IndexFunc(c.guests, func(g guest) bool { return !g.asked }))
		leaves = c.guests[i].conn
		c.guests = slices.Delete(c.guests, i, i+1)
	}
	c.guests = append(c.guests, guest{conn: conn})
	return leaves
}

// state is an http.Server's ConnState, which calls a connection active when the head of a request has been read.
func (c *crowd) state(conn net.Conn, state http.ConnState) {
	c.mu.Lock()
	defer c.mu.Unlock()
	i := slices.IndexFunc(c.guests, func(g guest) bool { return g.conn == conn })
	if i < 0 {
		return // it had to give way
	}
	if state == http.StateClosed || state == http.StateHijacked {
		c.guests = slices.Delete(c.guests, i, i+1)
		return
	}
	c.guests[i].asked = state == http.StateActive
}
