package syslog

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"runtime"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/riskrelay/riskrelay/host/sink/endpoint"
)

// piped is a connection whose other end is a pipe without any buffer.
func piped(t *testing.T) (*conn, net.Conn) {
	t.Helper()
	near, far := net.Pipe()
	counted := &countedConn{Conn: near}
	c := &conn{counted: counted, stream: counted, gone: make(chan struct{})}
	go c.watch()
	return c, far
}

// TestSlowReceiver is about one that takes 16 KiB every 20 seconds: it is slow for ten minutes, but not dead.
func TestSlowReceiver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, far := piped(t)
		sent := bytes.Repeat([]byte("0123456789abcdef"), 30<<10)
		got := make(chan []byte)
		go func() {
			var all []byte
			piece := make([]byte, 16<<10)
			for len(all) < len(sent) {
				time.Sleep(20 * time.Second)
				n, err := io.ReadFull(far, piece)
				if all = append(all, piece[:n]...); err != nil {
					break
				}
			}
			got <- all
		}()
		place, err := c.write(t.Context(), sent, 30*time.Second)
		if err != nil || place != int64(len(sent)) {
			t.Errorf("place %d, %v", place, err)
		}
		if !bytes.Equal(<-got, sent) {
			t.Error("something else arrived")
		}
		c.drop()
		far.Close()
	})
}

// TestDeadReceiver is about one that takes some and then nothing, for hours: it is given up after the timeout, not earlier.
func TestDeadReceiver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, far := piped(t)
		go io.CopyN(io.Discard, far, 40<<10) // ends with the pipe
		began := time.Now()
		if _, err := c.write(t.Context(), make([]byte, 1<<20), 30*time.Second); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("got %v, want the deadline's error", err)
		}
		if took := time.Since(began); took < 30*time.Second || took > 32*time.Second {
			t.Errorf("given up after %v", took)
		}
		c.drop()
		far.Close()
	})
}

// TestGrace checks that nothing counts before the connection has lived on for the grace, and that an end in it is seen.
func TestGrace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, far := piped(t)
		began := time.Now()
		if err := c.confirm(t.Context(), 0, time.Minute, time.Second); err != nil || time.Since(began) != time.Minute {
			t.Errorf("%v after %v", err, time.Since(began))
		}
		time.AfterFunc(59*time.Second, func() { far.Close() })
		if err := c.confirm(t.Context(), 0, time.Minute, time.Second); !errors.Is(err, errPeerClosed) {
			t.Errorf("got %v, want that the receiver closed", err)
		}
		c.drop()
	})
}

// TestCanceledWrite checks that the end of the context ends a write that is stuck.
func TestCanceledWrite(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, far := piped(t)
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		if _, err := c.write(ctx, make([]byte, 1<<20), time.Hour); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v, want the context's error", err)
		}
		c.drop()
		far.Close()
	})
}

// TestEndThatNobodyWasToldOf is about a machine so busy that the grace is over before watch gets processor time: what the system
// knows of the connection's end counts.
func TestEndThatNobodyWasToldOf(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	near, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	far, err := listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	counted := &countedConn{Conn: near}
	c := &conn{counted: counted, stream: counted, gone: make(chan struct{})}
	place, err := c.write(t.Context(), []byte("a message"), time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	c.attend = func(context.Context, <-chan struct{}, string, int64) {
		if err := far.Close(); err != nil { // with the message unread: a reset
			t.Error(err)
		}
		for !endpoint.Ended(near) {
			runtime.Gosched() // until the reset has come
		}
		go c.watch()
	}
	if err := c.confirm(t.Context(), place, 0, time.Hour); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("got %v, want the reset", err)
	}
	c.drop()
}
