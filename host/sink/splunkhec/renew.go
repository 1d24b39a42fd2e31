package splunkhec

import "github.com/riskrelay/riskrelay/host/sink/endpoint"

// Certificates are those that are in use, as endpoint.Certificates says.
func (s *Sink) Certificates() []endpoint.Certificate { return s.certificates.All() }
