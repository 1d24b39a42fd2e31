package syslog

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/riskrelay/riskrelay/host/sink/endpoint"
)

// conn is one connection. Syslog has no acknowledgements; the nearest to one is that the receiver's system took the
// bytes and that the connection then lived on for a while, for a receiver that dies with bytes unread resets it.
type conn struct {
	counted *countedConn // the TCP connection
	stream  net.Conn     // what messages are written to: the same, or TLS on it
	gone    chan struct{}
	why     error // set before gone is closed

	attend attend
	opened time.Time
	stamp  string         // of the certificates' files when it was opened
	users  sync.WaitGroup // Sends that write or wait for their confirmation
}

// attend waits until the receiver has handled the bytes before place of the connection from client, or gone is closed. Nil is for
// receivers of which nobody can tell; tests set it, whose receivers may get no processor time within any grace.
type attend func(ctx context.Context, gone <-chan struct{}, client string, place int64)

// countedConn counts the bytes that were handed to the system.
type countedConn struct {
	net.Conn
	written atomic.Int64
}

func (c *countedConn) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	c.written.Add(int64(n))
	return n, err
}

// open connects as c says.
func open(ctx context.Context, c Config, certificates endpoint.TLS) (*conn, error) {
	stamp := certificates.Stamp() // before the files are read: a change since is seen later
	plain, err := endpoint.Dial(ctx, TCP, c.Address)
	if err != nil {
		return nil, err
	}
	counted := &countedConn{Conn: plain}
	out := &conn{counted: counted, stream: counted, gone: make(chan struct{}), opened: time.Now(), stamp: stamp}
	if c.Network == TLS {
		secured, err := endpoint.Handshake(ctx, counted, c.Address, certificates)
		if err != nil {
			return nil, err
		}
		out.stream = secured
	}
	go out.watch()
	return out, nil
}

var errPeerClosed = errors.New("the receiver closed the connection")

// watch reads until the connection ends. A receiver has nothing to say but that.
func (c *conn) watch() {
	_, err := io.Copy(io.Discard, c.stream)
	if err == nil {
		err = errPeerClosed
	}
	c.why = err
	close(c.gone)
}

// end is why the connection ended, nil while it lives.
func (c *conn) end() error {
	select {
	case <-c.gone:
		return c.why
	default:
		return nil
	}
}

// slice is how much is written under one deadline, so that a slow receiver isn't taken for a dead one: what TLS puts
// into one record.
const slice = 16 << 10

// write writes all of frames and returns the place in the connection's bytes behind them.
func (c *conn) write(ctx context.Context, frames []byte, timeout time.Duration) (place int64, err error) {
	stop := context.AfterFunc(ctx, func() { _ = c.stream.SetWriteDeadline(time.Unix(1, 0)) })
	defer stop()
	for len(frames) > 0 {
		if err := c.stream.SetWriteDeadline(time.Now().Add(timeout)); err != nil {
			return 0, errors.Join(err, c.end())
		}
		if err := errors.Join(ctx.Err(), c.end()); err != nil { // after the deadline, which must not undo stop's
			return 0, err
		}
		n, err := c.stream.Write(frames[:min(slice, len(frames))])
		if err != nil {
			if !errors.Is(err, os.ErrDeadlineExceeded) {
				c.lastWords(ctx)
			}
			return 0, errors.Join(err, ctx.Err(), c.end())
		}
		frames = frames[n:]
	}
	return c.counted.written.Load(), nil
}

// lastWords waits for why the receiver ended the connection: in TLS 1.3 it says so only after the handshake, when the first
// events may be on their way. On a busy machine watch may come to it only after a while.
func (c *conn) lastWords(ctx context.Context) {
	timer := time.NewTimer(farewell)
	defer timer.Stop()
	select {
	case <-c.gone:
	case <-timer.C:
	case <-ctx.Done():
	}
}

// poll is the pause between two looks at the send queue.
const poll = 2 * time.Millisecond

// confirm returns nil once the receiver's system has acknowledged the bytes before place and the connection
// has lived on for grace. It drops a connection on which nothing moves: each new try would only lie behind what is stuck.
func (c *conn) confirm(ctx context.Context, place int64, grace, timeout time.Duration) error {
	progress, best := time.Now(), int64(-1)
	for {
		written := c.counted.written.Load() // before the queue is looked at: then acknowledged is never too high
		queued, known, err := endpoint.Unacknowledged(c.counted.Conn)
		if err != nil {
			return errors.Join(fmt.Errorf("look at the send queue: %w", err), c.end())
		}
		acknowledged := written - int64(queued)
		if !known || acknowledged >= place {
			return c.settle(ctx, place, grace)
		}
		if acknowledged > best {
			progress, best = time.Now(), acknowledged
		}
		if time.Since(progress) > timeout {
			c.drop()
			return fmt.Errorf("the receiver took nothing for %v", timeout)
		}
		if err := c.linger(ctx, poll); err != nil {
			return err
		}
	}
}

// settle waits for grace and fails when the receiver has ended the connection by then. On a busy machine the grace may be over
// before watch was told of the end: then the system is asked.
func (c *conn) settle(ctx context.Context, place int64, grace time.Duration) error {
	if err := c.linger(ctx, grace); err != nil {
		return err
	}
	if c.attend != nil {
		c.attend(ctx, c.gone, c.counted.LocalAddr().String(), place)
	}
	if !endpoint.Ended(c.counted.Conn) {
		return c.end()
	}
	select {
	case <-c.gone:
		return c.why
	case <-ctx.Done():
		return ctx.Err()
	}
}

// linger waits for d and fails when the connection ends meanwhile.
func (c *conn) linger(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-c.gone:
		return c.why
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return c.end()
	}
}

// farewell is how long close waits for the receiver to close its side.
const farewell = 5 * time.Second

// close ends the connection after the receiver has read everything: it says that nothing follows, and waits until the
// receiver closes too. It has no error: every event was confirmed before, or its Send failed.
func (c *conn) close() {
	c.closeWrite()
	timer := time.NewTimer(farewell)
	defer timer.Stop()
	select {
	case <-c.gone:
	case <-timer.C:
	}
	c.drop()
}

func (c *conn) closeWrite() {
	if secured, ok := c.stream.(*tls.Conn); ok {
		_ = secured.CloseWrite()
	}
	if tcp, ok := c.counted.Conn.(*net.TCPConn); ok {
		_ = tcp.CloseWrite()
	}
}

// drop ends the connection at once.
func (c *conn) drop() {
	_ = c.counted.Close() // wakes watch
	<-c.gone
}
