package graphtest

import "crypto/rand"

// IssueToken is a token as the endpoint of a managed identity that may ask hands it out.
func (s *Server) IssueToken() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	token := "emulated." + rand.Text()
	s.tokens[token] = true
	return token
}
