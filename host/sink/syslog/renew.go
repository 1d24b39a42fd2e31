package syslog

import (
	"context"
	"time"

	"github.com/riskrelay/riskrelay/host/sink/endpoint"
)

// tls is how the receiver is known, with a note of the certificates.
func (s *Sink) tls() endpoint.TLS {
	t := s.config.tls()
	t.Seen = &s.certificates
	return t
}

// reopenAfter is how long a connection that is old is used on when there is no new one to be had.
const reopenAfter = time.Minute

// renew gives up the connection once the files of certificates have changed, or it is old and another one can be opened: then the
// next message goes to where the receiver's name leads now. It is called by whoever has the turn.
func (s *Sink) renew(ctx context.Context) {
	switch {
	case s.conn == nil || s.conn.end() != nil:
	case s.renewed():
		s.retire(nil)
	case old(s.conn.opened):
		next, err := s.open(ctx)
		if err != nil { // the one there is still works
			s.conn.opened = s.conn.opened.Add(reopenAfter)
			return
		}
		s.retire(next)
	}
}

// retire puts next, which may be nil, in the place of the connection, which is closed behind the Sends that still wait for its
// confirmation.
func (s *Sink) retire(next *conn) {
	former := s.conn
	s.conn = next
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
