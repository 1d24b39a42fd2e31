package loganalyticstest

import "net/http"

// refusal is an error of the directory.
type refusal struct {
	code   string
	number int
	reason string
}

// RefuseTokens makes the directory refuse everybody with an error, as code "invalid_client", number 7000222 and a reason, until it
// is called with number 0. https://learn.microsoft.com/entra/identity-platform/reference-error-codes
func (s *Server) RefuseTokens(code string, number int, reason string) {
	s.tokens.mu.Lock()
	defer s.tokens.mu.Unlock()
	s.tokens.refusal = refusal{code, number, reason}
}

// refused answers with the error that RefuseTokens asked for, if any.
func (t *tokens) refused(w http.ResponseWriter) bool {
	t.mu.Lock()
	r := t.refusal
	t.mu.Unlock()
	if r.number != 0 {
		refuse(w, http.StatusUnauthorized, r.code, r.number, r.reason)
	}
	return r.number != 0
}
