package admin

import (
	"context"
	"net"
	"net/http"
	"sync/atomic"
	"testing"
)

// countingListener counts the connections that it opened and that weren't closed yet.
type countingListener struct {
	net.Listener
	open atomic.Int32
}

func (l *countingListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	l.open.Add(1)
	return &countedConn{Conn: conn, open: &l.open}, nil
}

type countedConn struct {
	net.Conn
	open   *atomic.Int32
	closed atomic.Bool
}

func (c *countedConn) Close() error {
	if c.closed.CompareAndSwap(false, true) {
		c.open.Add(-1)
	}
	return c.Conn.Close()
}

// TestHalfOpen opens many connections that begin a request and never end it: few stay open, and others are answered.
func TestHalfOpen(t *testing.T) {
	const most, attackers = 8, 300
	for _, network := range []string{"tcp", "unix"} {
		t.Run(network, func(t *testing.T) {
			address := "127.0.0.1:0"
			if network == "unix" {
				address = t.TempDir() + "/s"
			}
			inner, err := new(net.ListenConfig).Listen(t.Context(), network, address)
			if err != nil {
				t.Fatal(err)
			}
			listener := &countingListener{Listener: inner}
			server := serve(listener, newMux(Build{}, busy), most)
			defer server.Close()
			for range attackers {
				conn, err := new(net.Dialer).DialContext(t.Context(), network, server.Address())
				if err != nil {
					t.Fatal(err)
				}
				defer conn.Close()
				_, _ = conn.Write([]byte("GET /readyz HT")) // one that had to give way already can't write
			}
			client := http.Client{Transport: &http.Transport{
				DisableKeepAlives: true,
				DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
					return new(net.Dialer).DialContext(ctx, network, server.Address())
				},
			}}
			reply, err := client.Get("http://host/readyz")
			if err != nil {
				t.Fatal(err)
			}
			reply.Body.Close()
			// Connections are taken in the order in which they come, so that all others had been taken before the last.
			if open := listener.open.Load(); reply.StatusCode != http.StatusOK || open > most {
				t.Errorf("%s, and %d connections are open", reply.Status, open)
			}
		})
	}
}

// TestWhoGivesWay looks at whom one connection too many costs its place.
func TestWhoGivesWay(t *testing.T) {
	conns := make([]net.Conn, 4)
	for i := range conns {
		conns[i], _ = net.Pipe()
	}
	tests := []struct {
		name   string
		states []http.ConnState // of the three that are there, in the order in which they came
		leaves int
	}{
		{"the oldest without a request", []http.ConnState{http.StateNew, http.StateNew, http.StateNew}, 0},
		{"not one that is being answered", []http.ConnState{http.StateActive, http.StateNew, http.StateNew}, 1},
		{"one that was answered", []http.ConnState{http.StateActive, http.StateActive, http.StateIdle}, 2},
		{"the oldest when all are being answered", []http.ConnState{http.StateActive, http.StateActive, http.StateActive}, 0},
		{"nobody when one has gone", []http.ConnState{http.StateNew, http.StateClosed, http.StateNew}, -1},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c := &crowd{most: 3}
			for i, state := range test.states {
				c.admit(conns[i])
				c.state(conns[i], state)
			}
			var want net.Conn
			if test.leaves >= 0 {
				want = conns[test.leaves]
			}
			if got := c.admit(conns[3]); got != want {
				t.Errorf("another one gives way than number %d", test.leaves)
			}
			c.state(conns[0], http.StateClosed) // it may have given way: then nothing is to be done
		})
	}
}
