package syslog

import "github.com/riskrelay/riskrelay/host/sink/endpoint"

// tls is how the receiver is known, with a note of the certificates.
func (s *Sink) tls() endpoint.TLS {
	t := s.config.tls()
	t.Seen = &s.certificates
	return t
}

// retire gives up the connection once the files of certificates have changed: the next message goes over a new one. The old one
// is closed behind the Sends that still wait for its confirmation. It is called by whoever has the turn.
func (s *Sink) retire() {
	if s.conn == nil || s.config.Network != TLS {
		return
	}
	if _, renewed := s.tls().Renewed(s.conn.stamp); !renewed {
		return
	}
	old := s.conn
	s.conn = nil
	s.retiring.Go(func() {
		old.users.Wait()
		old.close()
	})
}

// Certificates are those that are in use, as endpoint.Certificates says.
func (s *Sink) Certificates() []endpoint.Certificate { return s.certificates.All() }
