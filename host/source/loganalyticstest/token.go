package loganalyticstest

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"
)

// tokens is the directory's side: who may have a token, and which ones are still good.
type tokens struct {
	options *Options

	mu     sync.Mutex
	secret string
	issued map[string]issuedToken

	refusal refusal
}

type issuedToken struct {
	audience string
	expires  time.Time
}

// Rotate changes the client secret; the old one is refused from now on. Tokens stay good.
func (s *Server) Rotate(secret string) {
	s.tokens.mu.Lock()
	defer s.tokens.mu.Unlock()
	s.tokens.secret = secret
}

// ExpireTokens makes all tokens handed out so far worthless, though their holders believe in them.
func (s *Server) ExpireTokens() {
	s.tokens.mu.Lock()
	defer s.tokens.mu.Unlock()
	clear(s.tokens.issued)
}

// serveDiscovery answers what an identity client asks before its first token.
// https://openid.net/specs/openid-connect-discovery-1_0.html
func (s *Server) serveDiscovery(w http.ResponseWriter, r *http.Request) {
	s.date(w)
	if tenant := r.PathValue("tenant"); tenant != s.options.Tenant {
		refuse(w, http.StatusBadRequest, "invalid_tenant", 90002, "Tenant '"+tenant+"' not found.")
		return
	}
	base := "https://" + r.Host + "/" + s.options.Tenant
	writeJSON(w, http.StatusOK, map[string]any{
		"issuer":                                base + "/v2.0",
		"authorization_endpoint":                base + "/oauth2/v2.0/authorize",
		"token_endpoint":                        base + "/oauth2/v2.0/token",
		"token_endpoint_auth_methods_supported": []string{"client_secret_post"},
	})
}

// serveToken is the client credentials grant.
// https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow
func (s *Server) serveToken(w http.ResponseWriter, r *http.Request) {
	s.date(w)
	r.Body = http.MaxBytesReader(w, r.Body, 64<<10)
	if err := r.ParseForm(); err != nil {
		refuse(w, http.StatusBadRequest, "invalid_request", 900144, "The request body can't be read as a form.")
		return
	}
	if s.tokens.refused(w) {
		return
	}
	first, _, _ := strings.Cut(r.PostForm.Get("scope"), " ") // openid and the like follow
	scope, isDefault := strings.CutSuffix(first, "/.default")
	switch {
	case r.PathValue("tenant") != s.options.Tenant:
		refuse(w, http.StatusBadRequest, "invalid_tenant", 90002, "Tenant '"+r.PathValue("tenant")+"' not found.")
	case r.PostForm.Get("grant_type") != "client_credentials":
		refuse(w, http.StatusBadRequest, "unsupported_grant_type", 70003, "The grant type is not supported.")
	case r.PostForm.Get("client_id") != s.options.ClientID:
		refuse(w, http.StatusBadRequest, "unauthorized_client", 700016,
			"Application with identifier '"+r.PostForm.Get("client_id")+"' was not found in the directory.")
	case !s.tokens.knows(r.PostForm.Get("client_secret")):
		refuse(w, http.StatusUnauthorized, "invalid_client", 7000215,
			"Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID.")
	case !isDefault:
		refuse(w, http.StatusBadRequest, "invalid_scope", 1002012, "The scope must end in /.default for client credentials.")
	default:
		token, life := s.tokens.issue(scope)
		writeJSON(w, http.StatusOK, map[string]any{
			"token_type": "Bearer", "expires_in": life, "ext_expires_in": life, "access_token": token,
		})
	}
}

func (t *tokens) knows(secret string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return subtle.ConstantTimeCompare([]byte(secret), []byte(t.secret)) == 1
}

func (t *tokens) issue(audience string) (token string, seconds int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	token = "emulated." + rand.Text()
	t.issued[token] = issuedToken{audience, t.options.Now().Add(t.options.TokenLife)}
	return token, int(t.options.TokenLife / time.Second)
}

// check says what is wrong with a request's token, in the service's words: a status of 0 means nothing.
func (t *tokens) check(r *http.Request) (status int, code, reason string) {
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok {
		return http.StatusUnauthorized, "AuthorizationRequiredError", "Valid authentication was not provided"
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	known, ok := t.issued[token]
	switch {
	case !ok || !t.options.Now().Before(known.expires):
		return http.StatusUnauthorized, "AuthenticationFailed", "Authentication failed: the token is unknown or has expired"
	case known.audience != t.options.Audience:
		return http.StatusForbidden, "InvalidAuthenticationTokenAudience",
			fmt.Sprintf("The access token has been obtained from the wrong audience %q", known.audience)
	}
	return 0, "", ""
}

// refuse answers in the shape of Entra ID.
// https://learn.microsoft.com/entra/identity-platform/reference-error-codes
func refuse(w http.ResponseWriter, status int, code string, number int, reason string) {
	writeJSON(w, status, map[string]any{
		"error": code, "error_description": fmt.Sprintf("AADSTS%d: %s", number, reason), "error_codes": []int{number},
	})
}

func writeJSON(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // the client may have gone
}
