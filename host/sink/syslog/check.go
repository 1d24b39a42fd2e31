package syslog

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"syscall"
	"time"

	"github.com/riskrelay/riskrelay/enrich"
	"github.com/riskrelay/riskrelay/host/checkup"
	"github.com/riskrelay/riskrelay/host/sink/endpoint"
)

// Check goes the way of an event step by step and says what is wrong: network, certificates, and with a test event that is not
// nil whether it could be written and the connection held.
func Check(ctx context.Context, c Config, test *enrich.Event) checkup.Report {
	r := new(checkup.Report)
	s, err := New(c)
	if err != nil {
		r.Problem("configuration", "correct it", "%v", err)
		return *r
	}
	defer s.Close() //nolint:errcheck // has no error
	target := checkup.Target{
		Address: c.Address, Dial: endpoint.Dial, Key: "address", CAKey: "ca_file", CertKey: "cert_file",
		Idle: " Is the syslog server's input for " + c.Network + " on?",
	}
	switch c.Network {
	case UDP:
		if !checkup.Resolve(ctx, r, c.Address, "address") {
			return *r
		}
	case TLS:
		if target.TLS, err = c.tls().Config(); err != nil {
			r.Problem("tls", "correct ca_file, cert_file and key_file", "%v", err)
			return *r
		}
		target.TLS.ServerName = c.ServerName
		fallthrough
	default:
		if !checkup.Reach(ctx, r, target) {
			return *r
		}
	}
	if test == nil {
		r.Warn("send", "run it without --no-send", "no test event was sent: whether the receiver takes messages isn't known")
		return *r
	}
	s.checkSend(ctx, r, target, test)
	return *r
}

// checkSend writes the test event. A receiver that refuses a client certificate says so only now.
func (s *Sink) checkSend(ctx context.Context, r *checkup.Report, target checkup.Target, test *enrich.Event) {
	begin := time.Now()
	_, err := s.Send(ctx, []enrich.Event{*test})
	if err == nil && s.config.Network == UDP {
		err = s.unheard()
	}
	took := time.Since(begin).Round(time.Millisecond)
	if err == nil {
		defer s.checkGreatest(ctx, r, test)
	}
	switch {
	case err == nil && s.config.Network == UDP:
		r.Warn("send", "look for it in the receiver; use tcp or tls for a promise", "test event %s left as a datagram: nobody knows whether it arrived", test.ID)
	case err == nil:
		r.OK("send", "test event %s was written in %v, and the connection held for %v: look for it in the receiver", test.ID, took, s.config.Grace)
	case errors.Is(err, errPeerClosed), errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		r.Problem("send", closedFix(s.config), "the receiver closed the connection when the test event came: %v", err)
	case errors.Is(err, syscall.ECONNREFUSED):
		r.Problem("send", "nothing listens there: is the port in address right, and the receiver's input for "+s.config.Network+" on?", "%v", err)
	default:
		host, _, _ := net.SplitHostPort(s.config.Address) // New has checked it
		says, fix := checkup.Explain(err, target, host)
		if errors.Is(err, os.ErrDeadlineExceeded) {
			fix = "the receiver reads nothing: is its queue full, or its disk?"
		}
		r.Problem("send", fix, "%s", says)
	}
}

// checkGreatest writes a test event in a message as long as any may be, and says what is known of the receiver.
func (s *Sink) checkGreatest(ctx context.Context, r *checkup.Report, test *enrich.Event) {
	receiver, size := s.config.receiver(), s.encoder.limit
	known := fmt.Sprintf("%s takes messages of at most %d bytes (%s)", receiver.name, size, receiver.says)
	if s.config.MaxMessage != 0 {
		known = fmt.Sprintf("max_message is %d bytes", size)
	}
	greatest, err := s.encoder.greatest(test)
	if err == nil {
		_, err = s.Send(ctx, []enrich.Event{greatest})
	}
	switch {
	case err == nil && s.config.Network == UDP:
		r.Warn("size", "look whether it is whole in the receiver", "%s: test event %s left as a datagram of that size", known, greatest.ID)
	case err == nil:
		r.OK("size", "%s: test event %s of that size was written, and the connection held: look whether it is whole in the receiver", known, greatest.ID)
	case closedByReceiver(err):
		r.Problem("size", "set max_message to what the receiver takes, or raise its limit", "%s, but the connection was closed when a message of that size came: %v", known, err)
	default:
		r.Problem("size", "set max_message to what the receiver and the network take", "%s: a message of that size can't be sent: %v", known, err)
	}
}

// refusalWait is how long a host may take to say that nothing listens on its port.
const refusalWait = 300 * time.Millisecond

// unheard is the answer of the receiver's host when nothing took the datagram (udp(7)); nil when there is none, which says nothing.
func (s *Sink) unheard() error {
	if err := s.udp.SetReadDeadline(time.Now().Add(refusalWait)); err != nil {
		return err
	}
	_, err := s.udp.Read(make([]byte, 1))
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return nil
	}
	return err
}

func closedFix(c Config) string {
	if c.Network == TLS {
		return "see the receiver's log: may be it wants a client certificate (cert_file), doesn't allow this one's name, or doesn't know framing " + c.Framing
	}
	return "see the receiver's log: may be it wants TLS (network: tls), doesn't allow this machine, or doesn't know framing " + c.Framing
}
