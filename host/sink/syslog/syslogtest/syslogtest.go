// Package syslogtest is a syslog receiver for tests and demonstrations: UDP, TCP and TLS, octet counting and line
// framing. It reads strictly, records events by id, and cuts connections on demand.
package syslogtest

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"sync"

	"github.com/riskrelay/riskrelay/host/sink/received"
)

// Config says how a Server behaves. The zero value listens on a free loopback port over TCP with octet counting and
// wants RFC 5424.
type Config struct {
	Addr    string      // where to listen; "" is 127.0.0.1:0
	UDP     bool        // datagrams instead of connections
	TLS     *tls.Config // nil for plain connections
	LF      bool        // a line feed ends a message, instead of octet counting
	RFC3164 bool        // the old format
	CEF     bool        // ArcSight's format
	LEEF    bool        // QRadar's format
	// Cut says, after each message, whether to break the connection off, as a receiver that dies: what it sent and
	// nobody read is lost. n counts the messages of all connections from 1. nil never cuts.
	Cut func(n int) bool
	// Refuse says whether to close the connection instead of taking a message, as receivers do on what is too long for
	// them. nil takes all.
	Refuse func(message []byte) bool
}

// Server is a receiver that runs until Close.
type Server struct {
	Addr   string       // for syslog.Config
	Events received.Log // what came, by event id; the content is the message's text

	config Config
	close  func() error
	done   sync.WaitGroup

	mu          sync.Mutex
	conns       map[net.Conn]bool
	handled     map[string]int64 // bytes, of each connection by its client's address; ended when it has ended
	news        chan struct{}    // closed and replaced when handled changes
	connections int
	messages    int
	malformed   []error
}

// Start starts a receiver. The error is that of listening.
func Start(c Config) (*Server, error) {
	if c.Addr == "" {
		c.Addr = "127.0.0.1:0"
	}
	s := &Server{config: c, conns: map[net.Conn]bool{}, handled: map[string]int64{}, news: make(chan struct{})}
	if c.UDP {
		return s, s.listenUDP()
	}
	listener, err := net.Listen("tcp", c.Addr)
	if err != nil {
		return nil, fmt.Errorf("start a syslog receiver: %w", err)
	}
	s.Addr, s.close = listener.Addr().String(), listener.Close
	s.done.Go(func() { s.accept(listener) })
	return s, nil
}

func (s *Server) listenUDP() error {
	packets, err := new(net.ListenConfig).ListenPacket(context.Background(), "udp", s.config.Addr)
	if err != nil {
		return fmt.Errorf("start a syslog receiver: %w", err)
	}
	if udp, ok := packets.(*net.UDPConn); ok {
		_ = udp.SetReadBuffer(8 << 20) // the system may allow less; UDP promises nothing
	}
	s.Addr, s.close = packets.LocalAddr().String(), packets.Close
	s.done.Go(func() {
		datagram := make([]byte, 64<<10)
		for {
			n, _, err := packets.ReadFrom(datagram)
			if err != nil {
				return // closed
			}
			s.take(datagram[:n])
		}
	})
	return nil
}

func (s *Server) accept(listener net.Listener) {
	for {
		conn, err := listener.Accept()
		if err != nil {
			return // closed
		}
		s.mu.Lock()
		s.conns[conn] = true
		s.connections++
		s.mu.Unlock()
		s.done.Go(func() { s.serve(conn) })
	}
}

// Close stops the receiver and breaks its connections off.
func (s *Server) Close() error {
	err := s.close()
	s.CutAll()
	s.done.Wait()
	return err
}

// CutAll breaks every connection off.
func (s *Server) CutAll() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for conn := range s.conns {
		reset(conn)
	}
}

// reset ends a connection at once, with what is unread.
func reset(conn net.Conn) {
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // fails only on a closed connection
	}
	conn.Close()
}

// Connections is how many connections were made so far.
func (s *Server) Connections() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.connections
}

// Malformed are the messages and frames that could not be read, as errors.
func (s *Server) Malformed() []error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]error(nil), s.malformed...)
}

func (s *Server) complain(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.malformed) < 100 {
		s.malformed = append(s.malformed, err)
	}
}
