package syslogtest

import (
	"context"
	"math"
	"net"
)

// ended stands for the bytes that were handled of a connection that has ended.
const ended = math.MaxInt64

// watched is a connection whose reader is watched: when it asks for more, it has handled what it got before.
type watched struct {
	net.Conn
	server *Server
	read   int64
}

func (w *watched) Read(b []byte) (int, error) {
	w.server.mu.Lock()
	w.server.progress(w.Conn, w.read)
	w.server.mu.Unlock()
	n, err := w.Conn.Read(b)
	w.read += int64(n)
	return n, err
}

// progress notes how many bytes of a connection were handled. It needs mu.
func (s *Server) progress(conn net.Conn, n int64) {
	s.handled[conn.RemoteAddr().String()] = n
	close(s.news)
	s.news = make(chan struct{})
}

// Attend waits until n bytes of the connection from the client's address were read and what they hold was recorded, or until the
// client finds the connection gone, or ctx ends.
func (s *Server) Attend(ctx context.Context, gone <-chan struct{}, client string, n int64) {
	for {
		s.mu.Lock()
		handled, news := s.handled[client], s.news
		s.mu.Unlock()
		if handled >= n && handled != ended { // the client will find its end, or the address had another connection before
			return
		}
		select {
		case <-news:
		case <-gone:
			return
		case <-ctx.Done():
			return
		}
	}
}
