// Package dnstest is a DNS resolver for tests: on free loopback ports it answers as a zone says, or misbehaves as
// attackers' name servers do, and it writes down what it was asked and who dialed where.
package dnstest

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"

	"github.com/miekg/dns"
)

// Server is a resolver that runs until Close. Names it wasn't told about don't exist.
type Server struct {
	Addr string // address and port, the same for UDP and TCP

	servers []*dns.Server
	done    sync.WaitGroup

	mu    sync.Mutex
	zone  map[string]Answer
	asked []string
	dials []string
	grown chan struct{} // closed and replaced at each question that somebody waits for
}

// Start starts a resolver. The error is that of listening.
func Start() (*Server, error) {
	tcp, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("start a resolver: %w", err)
	}
	udp, err := net.ListenPacket("udp", tcp.Addr().String())
	if err != nil {
		return nil, errors.Join(fmt.Errorf("start a resolver: %w", err), tcp.Close())
	}
	return serveOn(tcp.Addr(), &dns.Server{Listener: tcp}, &dns.Server{PacketConn: udp}), nil
}

// StartTLS starts a resolver that speaks TLS alone, with the configuration c. The error is that of listening.
func StartTLS(c *tls.Config) (*Server, error) {
	listener, err := tls.Listen("tcp", "127.0.0.1:0", c)
	if err != nil {
		return nil, fmt.Errorf("start a resolver: %w", err)
	}
	return serveOn(listener.Addr(), &dns.Server{Listener: listener}), nil
}

func serveOn(address net.Addr, servers ...*dns.Server) *Server {
	s := &Server{Addr: address.String(), zone: map[string]Answer{}, grown: make(chan struct{})}
	for _, one := range servers {
		started := make(chan struct{})
		one.Handler, one.NotifyStartedFunc = dns.HandlerFunc(s.serve), func() { close(started) }
		s.servers = append(s.servers, one)
		s.done.Go(func() { _ = one.ActivateAndServe() }) // returns when shut down
		<-started
	}
	return s
}

// Close stops the resolver.
func (s *Server) Close() error {
	var errs []error
	for _, one := range s.servers {
		errs = append(errs, one.Shutdown())
	}
	s.done.Wait()
	return errors.Join(errs...)
}

// Set makes the resolver answer so when it is asked for name.
func (s *Server) Set(name string, a Answer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.zone[strings.ToLower(dns.Fqdn(name))] = a
}

// Asked are the questions so far, such as "udp A gone.example.com.".
func (s *Server) Asked() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.asked...)
}

// Wait returns when at least n questions came, or with the context's error.
func (s *Server) Wait(ctx context.Context, n int) error {
	for {
		s.mu.Lock()
		enough, grown := len(s.asked) >= n, s.grown
		s.mu.Unlock()
		if enough {
			return nil
		}
		select {
		case <-grown:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Dial dials like a net.Dialer and writes down where.
func (s *Server) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	s.mu.Lock()
	s.dials = append(s.dials, address)
	s.mu.Unlock()
	var d net.Dialer
	return d.DialContext(ctx, network, address)
}

// Dials are the addresses that Dial was called with.
func (s *Server) Dials() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.dials...)
}

func (s *Server) serve(w dns.ResponseWriter, q *dns.Msg) {
	if len(q.Question) != 1 {
		return
	}
	network, asked := w.RemoteAddr().Network(), q.Question[0]
	s.mu.Lock()
	s.asked = append(s.asked, fmt.Sprintf("%s %s %s", network, dns.TypeToString[asked.Qtype], asked.Name))
	close(s.grown)
	s.grown = make(chan struct{})
	answer, known := s.zone[strings.ToLower(asked.Name)]
	s.mu.Unlock()
	if !known {
		answer = NXDomain()
	}
	for _, packet := range answer(q, network == "tcp") {
		if _, err := w.Write(packet); err != nil {
			return // nobody waits for it any more
		}
	}
}
