package syslog

import (
	"time"

	"github.com/riskrelay/riskrelay/host/sink/endpoint"
)

// tls is how the receiver is known, with a note of the certificates.
func (s *Sink) tls() endpoint.TLS {
	t := s.config.tls()
	t.Seen = &s.certificates
	return t
}

// retire gives up the connection once the files of certificates have changed or it is old: the next message goes over a new one,
// to where the receiver's name leads then. The old one is closed behind the Sends that still wait for its confirmation. It is called
// by whoever has the turn.
func (s *Sink) retire() {
	if s.conn == nil || !old(s.conn.opened) && !s.renewed() {
		return
	}
	former := s.conn
	s.conn = nil
	s.retiring.Go(func() {
		former.users.Wait()
		former.close()
	})
}

func old(opened time.Time) bool { return time.Since(opened) >= endpoint.ConnectionAge }

func (s *Sink) renewed() bool {
	if s.config.Network != TLS {
		return false
	}
	_, renewed := s.tls().Renewed(s.conn.stamp)
	return renewed
}

// Certificates are those that are in use, as endpoint.Certificates says.
func (s *Sink) Certificates() []endpoint.Certificate { return s.certificates.All() }
